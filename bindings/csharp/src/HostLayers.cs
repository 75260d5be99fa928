// Layers and activations that the host computes.

using System;
using System.Collections.Generic;
using System.Runtime.ExceptionServices;

namespace CnnSharp
{
    /// <summary>Computes forward or backward of a layer of the host's own. An exception cancels what
    /// the net is doing and comes out of the call that did it.</summary>
    public delegate void HostFunction(HostCall call);

    /// <summary>y[i] = f(x[i]).</summary>
    public delegate void ActivationForward(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>dx[i] = f'(x[i]) dy[i], with y as forward gave it.</summary>
    public delegate void ActivationBackward(ReadOnlySpan<float> x, ReadOnlySpan<float> y,
                                            ReadOnlySpan<float> dy, Span<float> dx);

    /// <summary>What a layer of the host's own computes with: row-major, SampleCount samples of
    /// everything that belongs to samples.</summary>
    public readonly unsafe ref struct HostCall
    {
        private readonly cnn_host_call* call;
        private readonly HostContext context;

        internal HostCall(cnn_host_call* call, HostContext context)
        {
            this.call = call;
            this.context = context;
        }

        /// <summary>How many samples.</summary>
        public int SampleCount => checked((int)call->n);

        /// <summary>How many inputs the layer has.</summary>
        public int InputCount => call->input_count;

        /// <summary>How many parameters.</summary>
        public int ParameterCount => call->parameter_count;

        /// <summary>Whether gradients are asked for.</summary>
        public bool IsBackward => call->output_gradient != null;

        /// <summary>An input, [n, its shape].</summary>
        public ReadOnlySpan<float> Input(int index) =>
            new ReadOnlySpan<float>(call->inputs[Checked(index, InputCount)], OfInput(index));

        /// <summary>A parameter's tensor.</summary>
        public ReadOnlySpan<float> Parameter(int index) =>
            new ReadOnlySpan<float>(call->parameters[Checked(index, ParameterCount)],
                                    (int)context.ParameterSizes[index]);

        /// <summary>[n, output's shape]: forward writes it (it has zeros before); backward only reads
        /// it.</summary>
        public Span<float> Output => new Span<float>(call->output, OfOutput);

        /// <summary>dL/dy in backward; empty in forward.</summary>
        public ReadOnlySpan<float> OutputGradient =>
            new ReadOnlySpan<float>(call->output_gradient, IsBackward ? OfOutput : 0);

        /// <summary>Where dL/dx of an input goes (it has zeros before); empty where it isn't wanted.
        /// </summary>
        public Span<float> InputGradient(int index)
        {
            float* gradient = call->input_gradients == null
                ? null
                : call->input_gradients[Checked(index, InputCount)];
            return new Span<float>(gradient, gradient == null ? 0 : OfInput(index));
        }

        /// <summary>Where dL/dp of a parameter goes, summed over the samples (it has zeros before);
        /// empty where it isn't wanted.</summary>
        public Span<float> ParameterGradient(int index)
        {
            float* gradient = call->parameter_gradients == null
                ? null
                : call->parameter_gradients[Checked(index, ParameterCount)];
            return new Span<float>(gradient,
                                   gradient == null ? 0 : (int)context.ParameterSizes[index]);
        }

        private int OfOutput => checked((int)(call->n * context.OutputSize));

        private int OfInput(int index) => checked((int)(call->n * context.InputSizes[index]));

        private static int Checked(int index, int count)
        {
            if (index < 0 || index >= count) throw new ArgumentOutOfRangeException(nameof(index));
            return index;
        }
    }

    /// <summary>A parameter tensor of a layer of the host's own.</summary>
    public sealed class HostParameter
    {
        /// <summary>Its name within the layer, "weight"; required.</summary>
        public string Name { get; set; }

        /// <summary>1 to 4 sizes; required.</summary>
        public IReadOnlyList<long> Shape { get; set; }

        /// <summary>For the initializer; the default is the elements after the first axis.</summary>
        public long FanIn { get; set; }

        /// <summary>Likewise; the default is the first size.</summary>
        public long FanOut { get; set; }

        /// <summary>How it starts; the default is Xavier.</summary>
        public Initializer Initializer { get; set; }

        /// <summary>Its scale; the default is 1, of Initializer.Constant 0.</summary>
        public float InitializerScale { get; set; }

        /// <summary>Whether weight decay and L2 act on it.</summary>
        public bool Decays { get; set; }

        internal long Size
        {
            get
            {
                long size = 1;
                if (Shape != null)
                    foreach (long side in Shape) size = checked(size * side);
                return size;
            }
        }

        internal unsafe void Fill(cnn_host_parameter* native, Scope scope)
        {
            native->name = scope.Text(Name);
            int rank = Shape == null ? 0 : Shape.Count;
            for (int i = 0; i < Math.Min(rank, 4); i++) native->shape[i] = Shape[i];
            native->rank = rank;
            native->fan_in = FanIn;
            native->fan_out = FanOut;
            native->initializer = Initializer;
            native->initializer_scale = InitializerScale;
            native->decays = Decays ? 1 : 0;
        }
    }

    /// <summary>
    /// A layer that the host computes, on every device. Files keep its kind, shape and parameters,
    /// not its code: Net.BindHostLayer gives that back after loading; clones share it. It is called
    /// from the thread that computes, one call at a time, and may read and save the net meanwhile.
    /// </summary>
    public sealed class HostLayer
    {
        /// <summary>Its name; the default is its kind, counted.</summary>
        public string Name { get; set; }

        /// <summary>The host's word for it, in summaries and files; required.</summary>
        public string Kind { get; set; }

        /// <summary>1 to 3 sizes; null: as the first input.</summary>
        public IReadOnlyList<long> OutputShape { get; set; }

        /// <summary>What it learns; null: nothing.</summary>
        public IReadOnlyList<HostParameter> Parameters { get; set; }

        /// <summary>y = f(x, p), the same for the same x and p, and of each sample by that sample
        /// alone; required.</summary>
        public HostFunction Forward { get; set; }

        /// <summary>Its gradients; required.</summary>
        public HostFunction Backward { get; set; }

        /// <summary>Called once when no net holds the layer any more, from any thread.</summary>
        public Action Released { get; set; }

        internal unsafe void Fill(cnn_host_layer* native, void* user, Scope scope)
        {
            native->name = scope.Text(Name);
            native->kind = scope.Text(Kind);
            int rank = OutputShape == null ? 0 : OutputShape.Count;
            for (int i = 0; i < Math.Min(rank, 3); i++) native->output_shape[i] = OutputShape[i];
            native->output_rank = rank;
            int count = Parameters == null ? 0 : Parameters.Count;
            native->parameter_count = count;
            native->parameters = (cnn_host_parameter*)scope.Allocate(count * (long)
                                                                     sizeof(cnn_host_parameter));
            for (int i = 0; i < count; i++) Parameters[i].Fill(native->parameters + i, scope);
            native->forward = Forward == null ? IntPtr.Zero : Callbacks.HostForward;
            native->backward = Backward == null ? IntPtr.Zero : Callbacks.HostBackward;
            native->user = user;
            native->released = Callbacks.HostReleased;
        }
    }

    /// <summary>An activation that the host computes, element by element (Hedberg's phi, any).
    /// </summary>
    public sealed class HostActivation
    {
        /// <summary>Its name; the default is its kind, counted.</summary>
        public string Name { get; set; }

        /// <summary>The host's word for it, in summaries and files; required.</summary>
        public string Kind { get; set; }

        /// <summary>Required.</summary>
        public ActivationForward Forward { get; set; }

        /// <summary>Required.</summary>
        public ActivationBackward Backward { get; set; }

        /// <summary>Called once when no net holds the activation any more, from any thread.</summary>
        public Action Released { get; set; }

        /// <summary>OpenCL C of f in the float x, "x / (1 + fabs(x))": an OpenCL device computes by it
        /// instead. Both or neither.</summary>
        public string OpenCLForward { get; set; }

        /// <summary>OpenCL C of f' in x and y.</summary>
        public string OpenCLDerivative { get; set; }

        internal unsafe void Fill(cnn_host_activation* native, void* user, Scope scope)
        {
            native->name = scope.Text(Name);
            native->kind = scope.Text(Kind);
            native->forward = Forward == null ? IntPtr.Zero : Callbacks.ActivationForward;
            native->backward = Backward == null ? IntPtr.Zero : Callbacks.ActivationBackward;
            native->user = user;
            native->released = Callbacks.HostReleased;
            native->opencl_forward = scope.Text(OpenCLForward);
            native->opencl_derivative = scope.Text(OpenCLDerivative);
        }
    }

    // What the callbacks of a layer of the host's own use, kept until it is released.
    internal sealed class HostContext
    {
        internal readonly HostFunction Forward, Backward;
        internal readonly ActivationForward ActivationForward;
        internal readonly ActivationBackward ActivationBackward;
        internal readonly Action Released;
        internal readonly long[] ParameterSizes;
        internal long[] InputSizes;
        internal long OutputSize;

        // The latest exception, for a run whose callbacks another thread calls.
        internal volatile ExceptionDispatchInfo Thrown;

        internal HostContext(HostLayer layer)
        {
            Forward = layer.Forward;
            Backward = layer.Backward;
            Released = layer.Released;
            ParameterSizes = new long[layer.Parameters == null ? 0 : layer.Parameters.Count];
            for (int i = 0; i < ParameterSizes.Length; i++)
                ParameterSizes[i] = layer.Parameters[i].Size;
        }

        internal HostContext(HostActivation activation)
        {
            ActivationForward = activation.Forward;
            ActivationBackward = activation.Backward;
            Released = activation.Released;
        }
    }
}
