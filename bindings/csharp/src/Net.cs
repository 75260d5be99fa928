// Nets: how one is built, node by node, and compiled.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace CnnSharp
{
    /// <summary>How Net.Compile plans.</summary>
    public sealed class CompileOptions
    {
        /// <summary>The most samples of one step, at most 2^20; the default is 1.</summary>
        public long MaxBatch { get; set; }

        /// <summary>Smaller numbers of samples that are worth a plan of their own.</summary>
        public IReadOnlyList<long> Batches { get; set; }

        /// <summary>Frees what training wants: then the net only runs.</summary>
        public bool InferenceOnly { get; set; }

        /// <summary>Bytes that the plan may take on the device; 0: the device's limit.</summary>
        public long MemoryLimit { get; set; }

        /// <summary>Time to tune the device before, as Net.Tune does, where its cache has nothing of
        /// the net yet.</summary>
        public TimeSpan TuneTime { get; set; }

        /// <summary>Whether 3x3 convolutions may run by Winograd's F(4x4, 3x3), which is faster and
        /// less accurate; the default is not.</summary>
        public bool AcceptWinograd4x4 { get; set; }

        internal static unsafe cnn_compile Of(CompileOptions options, Scope scope)
        {
            cnn_compile native = new cnn_compile();
            if (options == null) return native;
            native.max_batch = options.MaxBatch;
            native.batches = scope.Longs(options.Batches);
            native.batch_count = options.Batches == null ? 0 : options.Batches.Count;
            native.inference_only = options.InferenceOnly ? 1 : 0;
            native.memory_limit = options.MemoryLimit;
            native.tune_seconds = options.TuneTime.TotalSeconds;
            native.accept = options.AcceptWinograd4x4 ? (long)Accept.Winograd4x4 : 0;
            return native;
        }
    }

    /// <summary>
    /// A network: a directed acyclic graph of layers, its parameters and, once compiled, its plan for
    /// a device. Adding a layer gives a node, which the next ones take; a mistake is thrown at once,
    /// and such a net can't be compiled any more. A net belongs to one thread at a time; only Cancel
    /// may be called on one that another thread uses.
    /// </summary>
    public sealed unsafe partial class Net : IDisposable
    {
        private readonly List<HostContext> hosts = new List<HostContext>();

        /// <summary>An empty net.</summary>
        /// <param name="name">Kept in files and the summary; "net" unless given.</param>
        /// <param name="seed">Of initial weights and dropout; 0 is a fixed stream like any other.
        /// </param>
        public Net(string name = null, ulong seed = 0)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_net_options options = new cnn_net_options();
                options.name = scope.Text(name);
                options.seed = seed;
                IntPtr native = Native.cnn_net_create(&options);
                if (native == IntPtr.Zero)
                    throw new CnnException(Status.OutOfMemory, -1, "create net: out of memory");
                Handle = new NetHandle(native);
            }
        }

        private Net(IntPtr native, Net like = null)
        {
            Handle = new NetHandle(native);
            if (like != null) hosts.AddRange(like.hosts);
        }

        /// <summary>Holds the native net.</summary>
        public NetHandle Handle { get; }

        /// <summary>Ends it, at once or, from within a callback of a call on it, after that call.
        /// </summary>
        public void Dispose()
        {
            Handle.Dispose();
        }

        // ---- Adding layers ----

        /// <summary>Adds an input of 1 to 3 sizes, without the samples' number: 28 features, or
        /// (1, 28, 28) of an image's channels, height and width. Several are fed in the order of
        /// adding.</summary>
        public Node Input(string name, params long[] shape)
        {
            using (Scope scope = Scope.Begin())
                return Added(Native.cnn_net_input(Handle, scope.Text(name),
                                                  shape == null ? 0 : shape.Length,
                                                  scope.Longs(shape)));
        }

        /// <summary>Adds a convolution.</summary>
        public Node Conv2d(Node input, Conv2d layer)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_conv2d native = new cnn_conv2d();
                Needed(layer, nameof(layer)).Fill(&native, scope);
                return Added(Native.cnn_net_conv2d(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds a fully connected layer.</summary>
        public Node Dense(Node input, Dense layer)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_dense native = new cnn_dense();
                Needed(layer, nameof(layer)).Fill(&native, scope);
                return Added(Native.cnn_net_dense(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds a fully connected layer of units and an activation.</summary>
        public Node Dense(Node input, long units,
                          CnnSharp.Activation activation = CnnSharp.Activation.Linear)
        {
            return Dense(input, new Dense { Units = units, Activation = activation });
        }

        /// <summary>Adds the maximum of each window.</summary>
        public Node MaxPool2d(Node input, Pool2d layer)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_pool2d native = new cnn_pool2d();
                Needed(layer, nameof(layer)).Fill(&native, scope);
                return Added(Native.cnn_net_max_pool2d(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds the mean of each window.</summary>
        public Node AveragePool2d(Node input, Pool2d layer)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_pool2d native = new cnn_pool2d();
                Needed(layer, nameof(layer)).Fill(&native, scope);
                return Added(Native.cnn_net_average_pool2d(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds weighted sub-sampling.</summary>
        public Node WeightedSubsample2d(Node input, WeightedSubsample2d layer)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_weighted_subsample2d native = new cnn_weighted_subsample2d();
                Needed(layer, nameof(layer)).Fill(&native, scope);
                return Added(Native.cnn_net_weighted_subsample2d(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds vanilla sub-sampling.</summary>
        public Node Subsample2d(Node input, Subsample2d layer)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_subsample2d native = new cnn_subsample2d();
                Needed(layer, nameof(layer)).Fill(&native, scope);
                return Added(Native.cnn_net_subsample2d(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds a radial basis layer.</summary>
        public Node RadialBasis(Node input, RadialBasis layer)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_radial_basis native = new cnn_radial_basis();
                Needed(layer, nameof(layer)).Fill(&native, scope);
                return Added(Native.cnn_net_radial_basis(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds the mean of each channel, [C, 1, 1].</summary>
        public Node GlobalAveragePool2d(Node input, string name = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_plain native = new cnn_plain();
                native.name = scope.Text(name);
                return Added(Native.cnn_net_global_average_pool2d(Handle, input.Index, &native));
            }
        }

        /// <summary>[C, H, W] as [C H W] (Delmas 41-42). Moves no data.</summary>
        public Node Flatten(Node input, string name = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_plain native = new cnn_plain();
                native.name = scope.Text(name);
                return Added(Native.cnn_net_flatten(Handle, input.Index, &native));
            }
        }

        /// <summary>The same elements under another shape of 1 to 3 sizes.</summary>
        public Node Reshape(Node input, IReadOnlyList<long> shape, string name = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_reshape native = new cnn_reshape();
                native.name = scope.Text(name);
                native.rank = Needed(shape, nameof(shape)).Count;
                for (int i = 0; i < Math.Min(native.rank, 3); i++) native.shape[i] = shape[i];
                return Added(Native.cnn_net_reshape(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds an activation: most layers have a property for it instead.</summary>
        public Node Activation(Node input, CnnSharp.Activation kind, float? slope = null,
                               string name = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_activation native = new cnn_activation();
                native.name = scope.Text(name);
                native.kind = kind;
                native.slope = Default.Of(slope);
                return Added(Native.cnn_net_activation(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds softmax over the channels (Hedberg 25, Delmas 20). Before a cross-entropy use
        /// LossKind.SoftmaxCrossEntropy without it.</summary>
        public Node Softmax(Node input, string name = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_plain native = new cnn_plain();
                native.name = scope.Text(name);
                return Added(Native.cnn_net_softmax(Handle, input.Index, &native));
            }
        }

        /// <summary>In training each element is zero with probability `rate`, else divided by
        /// (1 - rate).</summary>
        public Node Dropout(Node input, float rate, string name = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_dropout native = new cnn_dropout();
                native.name = scope.Text(name);
                native.rate = rate;
                return Added(Native.cnn_net_dropout(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds batch normalisation; null has all defaults.</summary>
        public Node BatchNorm(Node input, BatchNorm layer = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_batch_norm native = new cnn_batch_norm();
                if (layer != null) layer.Fill(&native, scope);
                return Added(Native.cnn_net_batch_norm(Handle, input.Index, &native));
            }
        }

        /// <summary>The sum of at least two nodes of one shape.</summary>
        public Node Add(params Node[] inputs)
        {
            return Add(inputs, CnnSharp.Activation.Linear);
        }

        /// <summary>activation(sum of the inputs), at least two of one shape.</summary>
        public Node Add(IReadOnlyList<Node> inputs, CnnSharp.Activation activation,
                        float? slope = null, string name = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_add native = new cnn_add();
                native.name = scope.Text(name);
                native.activation = activation;
                native.slope = Default.Of(slope);
                return Added(Native.cnn_net_add(Handle, Indices(inputs, scope), inputs.Count,
                                                &native));
            }
        }

        /// <summary>The inputs one after the other along the channels.</summary>
        public Node Concat(params Node[] inputs)
        {
            return Concat(inputs, null);
        }

        /// <summary>The inputs one after the other along the channels.</summary>
        public Node Concat(IReadOnlyList<Node> inputs, string name)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_plain native = new cnn_plain();
                native.name = scope.Text(name);
                return Added(Native.cnn_net_concat(Handle, Indices(inputs, scope), inputs.Count,
                                                   &native));
            }
        }

        /// <summary>Adds a loss: targets are given in the order of adding, and several sum by weight.
        /// </summary>
        public Node Loss(Node input, Loss loss)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_loss native = new cnn_loss();
                Needed(loss, nameof(loss)).Fill(&native, scope);
                return Added(Native.cnn_net_loss(Handle, input.Index, &native));
            }
        }

        /// <summary>Adds a layer that the host computes.</summary>
        public Node HostLayer(IReadOnlyList<Node> inputs, HostLayer layer)
        {
            using (Scope scope = Scope.Begin())
            {
                HostContext context = new HostContext(Needed(layer, nameof(layer)));
                GCHandle kept = GCHandle.Alloc(context);
                cnn_host_layer native = new cnn_host_layer();
                int node = -1;
                try
                {
                    layer.Fill(&native, (void*)GCHandle.ToIntPtr(kept), scope);
                    node = Native.cnn_net_host_layer(Handle, Indices(inputs, scope), inputs.Count,
                                                     &native);
                }
                finally
                {
                    // `released` frees it, which is called for what was added.
                    if (node < 0) kept.Free();
                }
                Added(node);
                long[] sizes = new long[inputs.Count];
                for (int i = 0; i < sizes.Length; i++) sizes[i] = Describe(inputs[i]).OutputSize;
                return Bound(context, sizes, new Node(node));
            }
        }

        /// <summary>Adds a layer of one input that the host computes.</summary>
        public Node HostLayer(Node input, HostLayer layer)
        {
            return HostLayer(new[] { input }, layer);
        }

        /// <summary>Adds an activation that the host computes.</summary>
        public Node HostActivation(Node input, HostActivation activation)
        {
            using (Scope scope = Scope.Begin())
            {
                HostContext context = new HostContext(Needed(activation, nameof(activation)));
                GCHandle kept = GCHandle.Alloc(context);
                cnn_host_activation native = new cnn_host_activation();
                int node = -1;
                try
                {
                    activation.Fill(&native, (void*)GCHandle.ToIntPtr(kept), scope);
                    node = Native.cnn_net_host_activation(Handle, input.Index, &native);
                }
                finally
                {
                    if (node < 0) kept.Free();
                }
                Added(node);
                hosts.Add(context);
                return new Node(node);
            }
        }

        /// <summary>Gives a loaded net's host-computed layer of that name its code, or another net's
        /// another one. Before compile. Of a layer with more than eight inputs it isn't possible here.
        /// </summary>
        public void BindHostLayer(string name, HostLayer layer)
        {
            NodeInfo info = Describe(Find(name));
            if (info.Inputs.Count < info.InputCount)
                throw new CnnException(Status.Unsupported, info.Node.Index,
                                       "bind \"" + name + "\": it has more than 8 inputs");
            long[] sizes = new long[info.Inputs.Count];
            for (int i = 0; i < sizes.Length; i++) sizes[i] = Describe(info.Inputs[i]).OutputSize;
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                HostContext context = new HostContext(Needed(layer, nameof(layer)));
                GCHandle kept = GCHandle.Alloc(context);
                cnn_host_layer native = new cnn_host_layer();
                Status status = Status.Internal;
                try
                {
                    layer.Fill(&native, (void*)GCHandle.ToIntPtr(kept), scope);
                    status = Native.cnn_net_bind_host_layer(Handle, scope.Text(name), &native, &error);
                }
                finally
                {
                    if (status != Status.Ok) kept.Free();
                }
                Errors.Check(status, &error);
                Bound(context, sizes, info.Node);
            }
        }

        /// <summary>The same of an activation.</summary>
        public void BindHostActivation(string name, HostActivation activation)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                HostContext context = new HostContext(Needed(activation, nameof(activation)));
                GCHandle kept = GCHandle.Alloc(context);
                cnn_host_activation native = new cnn_host_activation();
                Status status = Status.Internal;
                try
                {
                    activation.Fill(&native, (void*)GCHandle.ToIntPtr(kept), scope);
                    status = Native.cnn_net_bind_host_activation(Handle, scope.Text(name), &native,
                                                                 &error);
                }
                finally
                {
                    if (status != Status.Ok) kept.Free();
                }
                Errors.Check(status, &error);
                hosts.Add(context);
            }
        }

        /// <summary>Declares a node an output of Run; several are in the order of declaring. Without
        /// any, the output is the last node that isn't a loss. Before compile.</summary>
        public void Output(Node node)
        {
            cnn_error error;
            Errors.Check(Native.cnn_net_output(Handle, node.Index, &error), &error);
        }

        /// <summary>The first mistake made while building; null: none.</summary>
        public CnnException Mistake
        {
            get
            {
                cnn_error error;
                Status status = Native.cnn_net_error(Handle, &error);
                return status == Status.Ok ? null : Errors.Of(status, &error);
            }
        }

        // ---- Compiling ----

        /// <summary>
        /// Plans the net for a device: kernels, layouts and memory for every number of samples up to
        /// the largest. After it running and training allocate nothing. May be called again, also for
        /// another device: parameters, state and the states of optimizers stay.
        /// </summary>
        public void Compile(Device device, CompileOptions options = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_compile native = CompileOptions.Of(options, scope);
                Errors.Check(Native.cnn_net_compile(Handle, Needed(device, nameof(device)).Handle,
                                                    &native, &error),
                             &error);
            }
            inputSize = outputSize = 0;
        }

        /// <summary>Plans the net for a device and a largest number of samples.</summary>
        public void Compile(Device device, long maxBatch)
        {
            Compile(device, new CompileOptions { MaxBatch = maxBatch });
        }

        // ---- What these share ----

        private static T Needed<T>(T argument, string name) where T : class
        {
            if (argument == null) throw new ArgumentNullException(name);
            return argument;
        }

        private static int* Indices(IReadOnlyList<Node> nodes, Scope scope)
        {
            int count = Needed(nodes, nameof(nodes)).Count;
            int* indices = (int*)scope.Allocate(count * (long)sizeof(int));
            for (int i = 0; i < count; i++) indices[i] = nodes[i].Index;
            return indices;
        }

        private Node Added(int node)
        {
            if (node >= 0) return new Node(node);
            cnn_error error;
            // The net keeps its first mistake; a later one has its status alone, and after compile
            // there is none.
            Status status = (Status)(-node);
            if (Native.cnn_net_error(Handle, &error) == status) throw Errors.Of(status, &error);
            throw new CnnException(status, -1, "add a node: " + Library.NameOf(status) +
                                               (status == Status.BadState
                                                    ? ", the net has been compiled"
                                                    : ", after an earlier mistake in this net"));
        }

        private Node Bound(HostContext context, long[] inputSizes, Node node)
        {
            context.InputSizes = inputSizes;
            context.OutputSize = Describe(node).OutputSize;
            hosts.Add(context);
            return node;
        }
    }
}
