// What layers are made from. What isn't set has the default that its comment tells.

using System.Collections.Generic;

namespace CnnSharp
{
    // Where 0 would mean a default that isn't 0, C takes a negative number for it.
    internal static class Default
    {
        internal static float Of(float? value)
        {
            if (value == null) return 0;
            return value.Value == 0 ? -1 : value.Value;
        }

        internal static double Of(double? value)
        {
            if (value == null) return 0;
            return value.Value == 0 ? -1 : value.Value;
        }

        internal static long Of(long? value)
        {
            if (value == null) return 0;
            return value.Value == 0 ? -1 : value.Value;
        }
    }

    /// <summary>
    /// Which channels of the input each filter takes. Each connection has a kernel of its own, unless
    /// SharedKernel is set; the weights are the kernels one after the other, none for what doesn't
    /// connect: ordered by filter, then by input, or as Pairs are.
    /// </summary>
    public sealed class Connections
    {
        /// <summary>How they are chosen; the default is every one.</summary>
        public ConnectionKind Kind { get; set; }

        /// <summary>One kernel a filter, on the sum of its inputs (Hedberg, remark 2).</summary>
        public bool SharedKernel { get; set; }

        /// <summary>Of ConnectionKind.Random: how many inputs a filter takes.</summary>
        public long FanIn { get; set; }

        /// <summary>Of ConnectionKind.Random: what draws them.</summary>
        public ulong Seed { get; set; }

        /// <summary>Of ConnectionKind.Custom: input and output map of each connection, from 0; none
        /// twice, at least one for each filter.</summary>
        public IReadOnlyList<(int, int)> Pairs { get; set; }

        /// <summary>The size of each kernel, for kernels of mixed sizes (Hedberg, remark 3); all are
        /// anchored top-left. null: all have the layer's.</summary>
        public IReadOnlyList<Size2D> KernelSizes { get; set; }

        /// <summary>KernelSizes has one a filter, for all its kernels, instead of one a kernel.
        /// </summary>
        public bool KernelSizesByMap { get; set; }

        internal unsafe cnn_connections* ToNative(Scope scope)
        {
            cnn_connections* native = (cnn_connections*)scope.Allocate(sizeof(cnn_connections));
            native->kind = Kind;
            native->shared_kernel = SharedKernel ? 1 : 0;
            native->fan_in = FanIn;
            native->seed = Seed;
            if (Pairs != null)
            {
                native->pairs = (int*)scope.Allocate(Pairs.Count * 2L * sizeof(int));
                native->pair_count = Pairs.Count;
                for (int i = 0; i < Pairs.Count; i++)
                {
                    native->pairs[2 * i] = Pairs[i].Item1;
                    native->pairs[2 * i + 1] = Pairs[i].Item2;
                }
            }
            if (KernelSizes != null)
            {
                native->kernel_sizes = (long*)scope.Allocate(KernelSizes.Count * 2L * sizeof(long));
                native->kernel_size_count = KernelSizes.Count;
                for (int i = 0; i < KernelSizes.Count; i++)
                    KernelSizes[i].CopyTo(native->kernel_sizes + 2 * i);
            }
            native->kernel_sizes_by_map = KernelSizesByMap ? 1 : 0;
            return native;
        }
    }

    /// <summary>
    /// A convolution, y = activation(sum of x * w + b); cross-correlation, the kernel isn't flipped
    /// (Hedberg 60-61, Lin 1). Weight [filters, C / groups, kernel height, kernel width], bias
    /// [filters]; output [filters, H', W'] with
    /// H' = floor((H + pads - dilation (kernel - 1) - 1) / stride) + 1.
    /// </summary>
    public sealed class Conv2d
    {
        /// <summary>Its name; the default is "conv2d_1", counted.</summary>
        public string Name { get; set; }

        /// <summary>Output channels; required.</summary>
        public long Filters { get; set; }

        /// <summary>The kernel's size; required.</summary>
        public Size2D Kernel { get; set; }

        /// <summary>Steps of the kernel; the default is 1.</summary>
        public Size2D Stride { get; set; }

        /// <summary>Distance of the kernel's taps; the default is 1.</summary>
        public Size2D Dilation { get; set; }

        /// <summary>Zeros around the input; the default is none.</summary>
        public Padding Padding { get; set; }

        /// <summary>Divides channels and filters; the default is 1, C is depthwise.</summary>
        public long Groups { get; set; }

        /// <summary>Whether a bias is added; true unless set.</summary>
        public bool Bias { get; set; } = true;

        /// <summary>What follows; the default is nothing.</summary>
        public Activation Activation { get; set; }

        /// <summary>Of leaky ReLU, default 0.01; alpha of ELU, default 1.</summary>
        public float? Slope { get; set; }

        /// <summary>How weights start.</summary>
        public Initializer Initializer { get; set; }

        /// <summary>Its scale; the default is 1, of Initializer.Constant 0.</summary>
        public float InitializerScale { get; set; }

        /// <summary>Which inputs each filter takes; null: all. With it Groups must be 1.</summary>
        public Connections Connections { get; set; }

        /// <summary>Strides that leave a rest are refused, not rounded down (Delmas 35).</summary>
        public bool Exact { get; set; }

        internal unsafe void Fill(cnn_conv2d* native, Scope scope)
        {
            native->name = scope.Text(Name);
            native->filters = Filters;
            Kernel.CopyTo(native->kernel);
            Stride.CopyTo(native->stride);
            Dilation.CopyTo(native->dilation);
            Padding.CopyTo(native->padding, out native->padding_mode);
            native->groups = Groups;
            native->no_bias = Bias ? 0 : 1;
            native->activation = Activation;
            native->slope = Default.Of(Slope);
            native->initializer = Initializer;
            native->initializer_scale = InitializerScale;
            native->connections = Connections == null ? null : Connections.ToNative(scope);
            native->exact = Exact ? 1 : 0;
        }
    }

    /// <summary>
    /// y = activation(W x + b) (Hedberg 9, Delmas 17); an input of higher rank is flattened. Weight
    /// [units, inputs], bias [units]; output [units].
    /// </summary>
    public sealed class Dense
    {
        /// <summary>Its name; the default is "dense_1", counted.</summary>
        public string Name { get; set; }

        /// <summary>Outputs; required.</summary>
        public long Units { get; set; }

        /// <summary>Whether a bias is added; true unless set.</summary>
        public bool Bias { get; set; } = true;

        /// <summary>What follows; the default is nothing.</summary>
        public Activation Activation { get; set; }

        /// <summary>Of leaky ReLU, default 0.01; alpha of ELU, default 1.</summary>
        public float? Slope { get; set; }

        /// <summary>How weights start.</summary>
        public Initializer Initializer { get; set; }

        /// <summary>Its scale; the default is 1, of Initializer.Constant 0.</summary>
        public float InitializerScale { get; set; }

        internal unsafe void Fill(cnn_dense* native, Scope scope)
        {
            native->name = scope.Text(Name);
            native->units = Units;
            native->no_bias = Bias ? 0 : 1;
            native->activation = Activation;
            native->slope = Default.Of(Slope);
            native->initializer = Initializer;
            native->initializer_scale = InitializerScale;
        }
    }

    /// <summary>
    /// A window slid over each channel. Padding never wins a maximum; of equal values the first in
    /// row-major order gets the gradient (Hedberg 98-100, corrected); a NaN in a window is its
    /// maximum.
    /// </summary>
    public sealed class Pool2d
    {
        /// <summary>Its name; the default is the kind, counted.</summary>
        public string Name { get; set; }

        /// <summary>The window's size; required.</summary>
        public Size2D Window { get; set; }

        /// <summary>Its steps; the default is the window.</summary>
        public Size2D Stride { get; set; }

        /// <summary>Around the input, each side less than the window; the default is none.</summary>
        public Padding Padding { get; set; }

        /// <summary>Rounds the output's size up; a window must begin inside the input.</summary>
        public bool CeilMode { get; set; }

        /// <summary>Averages over the whole window, padding as zeros.</summary>
        public bool IncludePadding { get; set; }

        /// <summary>Strides that leave a rest are refused.</summary>
        public bool Exact { get; set; }

        /// <summary>A pool of a window.</summary>
        public static implicit operator Pool2d(int window) => new Pool2d { Window = window };

        internal unsafe void Fill(cnn_pool2d* native, Scope scope)
        {
            native->name = scope.Text(Name);
            Window.CopyTo(native->window);
            Stride.CopyTo(native->stride);
            Padding.CopyTo(native->padding, out native->padding_mode);
            native->ceil_mode = CeilMode ? 1 : 0;
            native->include_padding = IncludePadding ? 1 : 0;
            native->exact = Exact ? 1 : 0;
        }
    }

    /// <summary>
    /// Weighted sub-sampling: y_i = activation(sum_j alpha_ij s_j + b_i), s_j the sums of the windows
    /// of channel j (Hedberg 86-97, corrected). Without connections map i takes channel i alone.
    /// </summary>
    public sealed class WeightedSubsample2d
    {
        /// <summary>Its name; the default is "weighted_subsample2d_1", counted.</summary>
        public string Name { get; set; }

        /// <summary>Output maps; the default is the channels.</summary>
        public long Filters { get; set; }

        /// <summary>The window, and its step; required.</summary>
        public Size2D Factor { get; set; }

        /// <summary>Which channels each map takes; null: map i takes channel i.</summary>
        public Connections Connections { get; set; }

        /// <summary>Whether a bias is added; true unless set.</summary>
        public bool Bias { get; set; } = true;

        /// <summary>Sizes that the factors don't divide are refused.</summary>
        public bool Exact { get; set; }

        /// <summary>What follows; the default is nothing.</summary>
        public Activation Activation { get; set; }

        /// <summary>Of leaky ReLU, default 0.01; alpha of ELU, default 1.</summary>
        public float? Slope { get; set; }

        /// <summary>How alphas start.</summary>
        public Initializer Initializer { get; set; }

        /// <summary>Its scale; the default is 1, of Initializer.Constant 0.</summary>
        public float InitializerScale { get; set; }

        internal unsafe void Fill(cnn_weighted_subsample2d* native, Scope scope)
        {
            native->name = scope.Text(Name);
            native->filters = Filters;
            Factor.CopyTo(native->factor);
            native->connections = Connections == null ? null : Connections.ToNative(scope);
            native->no_bias = Bias ? 0 : 1;
            native->exact = Exact ? 1 : 0;
            native->activation = Activation;
            native->slope = Default.Of(Slope);
            native->initializer = Initializer;
            native->initializer_scale = InitializerScale;
        }
    }

    /// <summary>Every so many rows and columns, y[i, j] = x[i K, j K] (Hedberg 101-103).</summary>
    public sealed class Subsample2d
    {
        /// <summary>Its name; the default is "subsample2d_1", counted.</summary>
        public string Name { get; set; }

        /// <summary>K of rows and columns; required.</summary>
        public Size2D Factor { get; set; }

        /// <summary>Refused unless K divides the size less 1.</summary>
        public bool Exact { get; set; }

        internal unsafe void Fill(cnn_subsample2d* native, Scope scope)
        {
            native->name = scope.Text(Name);
            Factor.CopyTo(native->factor);
            native->exact = Exact ? 1 : 0;
        }
    }

    /// <summary>
    /// A radial basis layer: z_j = rho(beta_j, |y - c_j|) (Hedberg 42-54, corrected). Parameters
    /// center [units, inputs] and log_beta [units]; output [units]. Its linear output (Hedberg 55) is
    /// a Dense after it; Net.InitRadialBasis chooses centres from data.
    /// </summary>
    public sealed class RadialBasis
    {
        /// <summary>Its name; the default is "radial_basis_1", counted.</summary>
        public string Name { get; set; }

        /// <summary>Outputs; required.</summary>
        public long Units { get; set; }

        /// <summary>rho; the default is the Gaussian.</summary>
        public RadialKind Kind { get; set; }

        /// <summary>beta at the start; the default is 1 / inputs.</summary>
        public float Beta { get; set; }

        /// <summary>How centres start; the default is Initializer.Normal.</summary>
        public Initializer Initializer { get; set; }

        /// <summary>Its scale; the default is 1, of Initializer.Constant 0.</summary>
        public float InitializerScale { get; set; }

        internal unsafe void Fill(cnn_radial_basis* native, Scope scope)
        {
            native->name = scope.Text(Name);
            native->units = Units;
            native->kind = Kind;
            native->beta = Beta;
            native->initializer = Initializer;
            native->initializer_scale = InitializerScale;
        }
    }

    /// <summary>
    /// y = scale (x - mean) / sqrt(variance + epsilon) + shift of each channel (Ioffe, Szegedy 2015):
    /// of the batch in training, where the running ones follow by Momentum, else of the running ones.
    /// Parameters scale and shift [C], state running_mean and running_variance.
    /// </summary>
    public sealed class BatchNorm
    {
        /// <summary>Its name; the default is "batch_norm_1", counted.</summary>
        public string Name { get; set; }

        /// <summary>running += Momentum (batch - running); the default is 0.1.</summary>
        public float? Momentum { get; set; }

        /// <summary>The default is 1e-5.</summary>
        public float? Epsilon { get; set; }

        /// <summary>Whether it has a scale; true unless set.</summary>
        public bool Scale { get; set; } = true;

        /// <summary>Whether it has a shift; true unless set.</summary>
        public bool Shift { get; set; } = true;

        /// <summary>What follows; the default is nothing.</summary>
        public Activation Activation { get; set; }

        /// <summary>Of leaky ReLU, default 0.01; alpha of ELU, default 1.</summary>
        public float? Slope { get; set; }

        internal unsafe void Fill(cnn_batch_norm* native, Scope scope)
        {
            native->name = scope.Text(Name);
            native->momentum = Default.Of(Momentum);
            native->epsilon = Default.Of(Epsilon);
            native->no_scale = Scale ? 0 : 1;
            native->no_shift = Shift ? 0 : 1;
            native->activation = Activation;
            native->slope = Default.Of(Slope);
        }
    }

    /// <summary>What a net is trained by: a mean over the samples of what its kind says. A kind
    /// converts by itself.</summary>
    public sealed class Loss
    {
        /// <summary>Its name; the default is "loss_1", counted.</summary>
        public string Name { get; set; }

        /// <summary>Which one; required.</summary>
        public LossKind Kind { get; set; }

        /// <summary>In the sum of several losses; the default is 1.</summary>
        public float? Weight { get; set; }

        /// <summary>The factor of each output's term (Delmas 22), at least 0: one for each element of
        /// a sample, or for each channel of a map; null: all 1. Not for softmax cross-entropy.
        /// </summary>
        public IReadOnlyList<float> OutputWeights { get; set; }

        /// <summary>Divides a sample's sum by its number of terms (Delmas 22). Not for softmax
        /// cross-entropy.</summary>
        public bool AverageOutputs { get; set; }

        /// <summary>A loss of a kind.</summary>
        public static implicit operator Loss(LossKind kind) => new Loss { Kind = kind };

        internal unsafe void Fill(cnn_loss* native, Scope scope)
        {
            native->name = scope.Text(Name);
            native->kind = Kind;
            native->weight = Default.Of(Weight);
            native->output_weights = scope.Floats(OutputWeights);
            native->output_weight_count = OutputWeights == null ? 0 : OutputWeights.Count;
            native->average_outputs = AverageOutputs ? 1 : 0;
        }
    }
}
