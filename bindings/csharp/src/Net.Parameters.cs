// What a net learnt: its vectors and tensors, and what it is made of.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace CnnSharp
{
    /// <summary>A tensor within a vector of a net.</summary>
    public sealed class TensorInfo
    {
        internal unsafe TensorInfo(cnn_tensor_info* info)
        {
            Name = Errors.Text(info->name, 256);
            Offset = info->offset;
            Elements = info->elements;
            long[] shape = new long[info->rank];
            for (int i = 0; i < shape.Length; i++) shape[i] = info->shape[i];
            Shape = shape;
            Node = new Node(info->node);
            Rate = info->rate;
            Regularization = info->regularization;
        }

        /// <summary>"conv2d_1/weight", cut if longer than 255 bytes.</summary>
        public string Name { get; }

        /// <summary>Of its first element in the vector.</summary>
        public long Offset { get; }

        /// <summary>How many elements.</summary>
        public long Elements { get; }

        /// <summary>Its sizes.</summary>
        public IReadOnlyList<long> Shape { get; }

        /// <summary>The node that it belongs to.</summary>
        public Node Node { get; }

        /// <summary>The factor of its learning rate; 0: frozen.</summary>
        public double Rate { get; }

        /// <summary>The factor of every penalty's lambda.</summary>
        public double Regularization { get; }
    }

    /// <summary>A node of a net.</summary>
    public sealed class NodeInfo
    {
        internal unsafe NodeInfo(int index, cnn_node_info* info)
        {
            Node = new Node(index);
            Name = Errors.Text(info->name, 256);
            Kind = Errors.Text(info->kind, 32);
            InputCount = info->input_count;
            Node[] inputs = new Node[Math.Min(InputCount, 8)];
            for (int i = 0; i < inputs.Length; i++) inputs[i] = new Node(info->inputs[i]);
            Inputs = inputs;
            long[] shape = new long[info->rank];
            OutputSize = shape.Length == 0 ? 0 : 1;
            for (int i = 0; i < shape.Length; i++)
            {
                shape[i] = info->shape[i];
                OutputSize *= shape[i];
            }
            Shape = shape;
            Parameters = info->parameters;
            OutputIndex = info->is_output - 1;
        }

        /// <summary>Itself.</summary>
        public Node Node { get; }

        /// <summary>Its name, cut if longer than 255 bytes.</summary>
        public string Name { get; }

        /// <summary>"conv2d".</summary>
        public string Kind { get; }

        /// <summary>The nodes it takes, the first eight of them.</summary>
        public IReadOnlyList<Node> Inputs { get; }

        /// <summary>How many it takes.</summary>
        public int InputCount { get; }

        /// <summary>Of the output, without the samples' number; empty for a loss.</summary>
        public IReadOnlyList<long> Shape { get; }

        /// <summary>Elements of a sample's output; 0 for a loss.</summary>
        public long OutputSize { get; }

        /// <summary>How many parameters it owns.</summary>
        public long Parameters { get; }

        /// <summary>Whether it was declared an output.</summary>
        public bool IsOutput => OutputIndex >= 0;

        /// <summary>Its place among the declared outputs, from 0; -1: it is none.</summary>
        public int OutputIndex { get; }
    }

    public sealed unsafe partial class Net
    {
        // ---- Whole vectors ----

        /// <summary>How many parameters the net has.</summary>
        public long ParameterCount => VectorLength(VectorKind.Parameters);

        /// <summary>Elements of a vector.</summary>
        public long VectorLength(VectorKind which)
        {
            return Native.cnn_net_vector_elements(Handle, which);
        }

        /// <summary>A copy of a vector: the parameters, their latest gradient, or the state.</summary>
        public float[] GetVector(VectorKind which = VectorKind.Parameters)
        {
            float[] values = new float[Math.Max(VectorLength(which), 0)];
            GetVector(which, new Span<float>(values));
            return values;
        }

        /// <summary>Copies a whole vector out.</summary>
        public void GetVector(VectorKind which, Span<float> values)
        {
            cnn_error error;
            fixed (float* v = &MemoryMarshal.GetReference(values))
                Errors.Check(Native.cnn_net_get_vector(Handle, which, v, values.Length, &error),
                             &error);
        }

        /// <summary>Copies a whole vector in; the gradient can't be set.</summary>
        public void SetVector(VectorKind which, ReadOnlySpan<float> values)
        {
            cnn_error error;
            fixed (float* v = &MemoryMarshal.GetReference(values))
                Errors.Check(Native.cnn_net_set_vector(Handle, which, v, values.Length, &error),
                             &error);
        }

        // ---- Tensors ----

        /// <summary>The tensors of a vector, in order.</summary>
        public IReadOnlyList<TensorInfo> Tensors(VectorKind which = VectorKind.Parameters)
        {
            cnn_error error;
            List<TensorInfo> tensors = new List<TensorInfo>();
            int count = Native.cnn_net_tensor_count(Handle, which);
            for (int i = 0; i < count; i++)
            {
                cnn_tensor_info info;
                Errors.Check(Native.cnn_net_describe_tensor(Handle, which, i, &info, &error), &error);
                tensors.Add(new TensorInfo(&info));
            }
            return tensors;
        }

        /// <summary>A copy of a tensor, by its whole name.</summary>
        public float[] GetTensor(string name, VectorKind which = VectorKind.Parameters)
        {
            Needed(name, nameof(name));
            CnnException mistake = null;
            foreach (TensorInfo tensor in Tensors(which))
            {
                // A name that was cut may be that of several tensors: their sizes are tried.
                if (tensor.Name != name && !IsCut(tensor.Name, name)) continue;
                float[] values = new float[tensor.Elements];
                try
                {
                    GetTensor(name, new Span<float>(values), which);
                    return values;
                }
                catch (CnnException exception) when (exception.Status == Status.ShapeMismatch)
                {
                    mistake = exception;
                }
            }
            if (mistake != null) throw mistake;
            GetTensor(name, new Span<float>(new float[1]), which);
            throw new CnnException(Status.Internal, -1, "get tensor: \"" + name + "\" isn't listed");
        }

        // Whether `cut` is the beginning of the name, as the library cuts one of more than 255 bytes;
        // half a character at its end is no character of the name.
        private static bool IsCut(string cut, string name)
        {
            return Encoding.UTF8.GetByteCount(name) > 255 &&
                   name.StartsWith(cut.TrimEnd('\uFFFD'), StringComparison.Ordinal);
        }

        /// <summary>Copies a tensor out.</summary>
        public void GetTensor(string name, Span<float> values,
                              VectorKind which = VectorKind.Parameters)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                fixed (float* v = &MemoryMarshal.GetReference(values))
                    Errors.Check(Native.cnn_net_get_tensor(Handle, which, scope.Text(name), v,
                                                           values.Length, &error),
                                 &error);
            }
        }

        /// <summary>Copies a tensor in.</summary>
        public void SetTensor(string name, ReadOnlySpan<float> values,
                              VectorKind which = VectorKind.Parameters)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                fixed (float* v = &MemoryMarshal.GetReference(values))
                    Errors.Check(Native.cnn_net_set_tensor(Handle, which, scope.Text(name), v,
                                                           values.Length, &error),
                                 &error);
            }
        }

        /// <summary>Multiplies the learning rate of a tensor, or of all tensors of the node of that
        /// name; 0 freezes. Kept in files.</summary>
        public void SetRate(string name, double rate)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                Errors.Check(Native.cnn_net_set_rate(Handle, scope.Text(name), rate, &error), &error);
            }
        }

        /// <summary>Multiplies every penalty's lambda of a tensor, or of all tensors of the node of
        /// that name; the default is 1 for weights, else 0. Kept in files.</summary>
        public void SetRegularization(string name, double factor)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                Errors.Check(
                    Native.cnn_net_set_regularization(Handle, scope.Text(name), factor, &error),
                    &error);
            }
        }

        /// <summary>The centre of the penalties, (lambda / 2) |theta - q0|^2 (Delmas 3), as long as the
        /// parameters; empty: zero, the default. Kept in files.</summary>
        public void SetCenter(ReadOnlySpan<float> values)
        {
            cnn_error error;
            fixed (float* v = &MemoryMarshal.GetReference(values))
                Errors.Check(Native.cnn_net_set_center(Handle, v, values.Length, &error), &error);
        }

        /// <summary>The centre of the penalties; zeros where none was set.</summary>
        public float[] GetCenter()
        {
            cnn_error error;
            float[] values = new float[ParameterCount];
            fixed (float* v = values)
                Errors.Check(Native.cnn_net_get_center(Handle, v, values.LongLength, &error), &error);
            return values;
        }

        /// <summary>A new net with the same nodes, parameters and state, not compiled.</summary>
        public Net Clone()
        {
            cnn_error error;
            IntPtr clone;
            Errors.Check(Native.cnn_net_clone(Handle, out clone, &error), &error);
            return new Net(clone, this);
        }

        /// <summary>Copies parameters and state from a net whose tensors have the same names and
        /// shapes.</summary>
        public void CopyParametersFrom(Net source)
        {
            cnn_error error;
            Errors.Check(Native.cnn_net_copy_parameters(Handle, Needed(source, nameof(source)).Handle,
                                                        &error),
                         &error);
        }

        /// <summary>Chooses centres and log_betas of a radial basis layer from data, by k-means from
        /// `seed`. The net is compiled.</summary>
        public void InitRadialBasis(string name, Samples samples, ulong seed = 0)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                Needed(samples, nameof(samples)).Fill(&native, scope);
                Errors.Check(Native.cnn_net_init_radial_basis(Handle, scope.Text(name), &native, seed,
                                                              &error),
                             &error);
            }
        }

        // ---- Looking at it ----

        /// <summary>Its nodes, in the order of adding.</summary>
        public IReadOnlyList<NodeInfo> Nodes
        {
            get
            {
                List<NodeInfo> nodes = new List<NodeInfo>();
                int count = Native.cnn_net_node_count(Handle);
                for (int i = 0; i < count; i++) nodes.Add(Describe(new Node(i)));
                return nodes;
            }
        }

        /// <summary>What a node is.</summary>
        public NodeInfo Describe(Node node)
        {
            cnn_error error;
            cnn_node_info info;
            Errors.Check(Native.cnn_net_describe_node(Handle, node.Index, &info, &error), &error);
            return new NodeInfo(node.Index, &info);
        }

        /// <summary>The node of a name; Status.NotFound where there is none.</summary>
        public Node Find(string name)
        {
            using (Scope scope = Scope.Begin())
            {
                int node = Native.cnn_net_find_node(Handle, scope.Text(Needed(name, nameof(name))));
                if (node < 0)
                    throw new CnnException((Status)(-node), -1,
                                           "find node: there is no node \"" + name + "\"");
                return new Node(node);
            }
        }

        /// <summary>A table of the net, a row a node.</summary>
        public string Summary()
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                UIntPtr needed;
                Errors.Check(Native.cnn_net_summary(Handle, null, UIntPtr.Zero, &needed, &error),
                             &error);
                byte* text = (byte*)scope.Allocate((long)needed);
                Errors.Check(Native.cnn_net_summary(Handle, text, needed, null, &error), &error);
                return Errors.Text(text);
            }
        }

        /// <summary>The summary.</summary>
        public override string ToString()
        {
            return Handle.IsClosed ? "disposed net" : Summary();
        }
    }
}
