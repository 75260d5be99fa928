// The matrix forms of a net's convolutions: for looking, teaching and checking.

using System;
using System.Runtime.InteropServices;

namespace CnnSharp
{
    /// <summary>The convolution that a conv2d node is.</summary>
    public sealed class ConvolutionInfo
    {
        internal unsafe ConvolutionInfo(cnn_convolution_info* info)
        {
            Channels = info->input[0];
            InputSize = new Size2D(info->input[1], info->input[2]);
            Filters = info->output[0];
            OutputSize = new Size2D(info->output[1], info->output[2]);
            Kernel = new Size2D(info->kernel[0], info->kernel[1]);
            Stride = new Size2D(info->stride[0], info->stride[1]);
            Dilation = new Size2D(info->dilation[0], info->dilation[1]);
            Padding = new Padding(info->padding[0], info->padding[1], info->padding[2],
                                  info->padding[3]);
            Groups = info->groups;
            PatchRows = info->patch_rows;
            Positions = info->positions;
        }

        /// <summary>C of the input.</summary>
        public long Channels { get; }

        /// <summary>H and W of the input.</summary>
        public Size2D InputSize { get; }

        /// <summary>Channels of the output.</summary>
        public long Filters { get; }

        /// <summary>H' and W' of the output.</summary>
        public Size2D OutputSize { get; }

        /// <summary>The kernel's size.</summary>
        public Size2D Kernel { get; }

        /// <summary>Its steps.</summary>
        public Size2D Stride { get; }

        /// <summary>The distance of its taps.</summary>
        public Size2D Dilation { get; }

        /// <summary>Around the input, also of Padding.Same.</summary>
        public Padding Padding { get; }

        /// <summary>Groups of channels.</summary>
        public long Groups { get; }

        /// <summary>Rows of phi: C * kernel height * kernel width.</summary>
        public long PatchRows { get; }

        /// <summary>Its columns: H' W'.</summary>
        public long Positions { get; }
    }

    /// <summary>How Net.ConvMatrix gives, and Net.SetConvMatrix takes, a matrix.</summary>
    public sealed class ConvMatrixOptions
    {
        /// <summary>Of set: the largest residual; the default is 1e-5.</summary>
        public double? Tolerance { get; set; }

        /// <summary>Of set: any residual will do.</summary>
        public bool Unchecked { get; set; }

        /// <summary>Of get: all elements, else a sparse one that keeps every connection.</summary>
        public bool Dense { get; set; }

        /// <summary>Of both vectors.</summary>
        public ImageOrder Order { get; set; }

        internal static unsafe cnn_conv_matrix* Fill(ConvMatrixOptions options,
                                                     cnn_conv_matrix* native)
        {
            if (options == null) return null;
            native->tolerance = Default.Of(options.Tolerance);
            native->@unchecked = options.Unchecked ? 1 : 0;
            native->dense = options.Dense ? 1 : 0;
            native->order = options.Order;
            return native;
        }
    }

    public sealed unsafe partial class Net
    {
        /// <summary>What a conv2d node computes.</summary>
        public ConvolutionInfo DescribeConvolution(Node node)
        {
            cnn_error error;
            cnn_convolution_info info;
            Errors.Check(Native.cnn_net_describe_convolution(Handle, node.Index, &info, &error),
                         &error);
            return new ConvolutionInfo(&info);
        }

        /// <summary>phi(Z) of each of n samples, [n, PatchRows, Positions]: a column has the sub-image
        /// that the kernel meets at a place (Lin 1).</summary>
        public float[] Patches(Node node, ReadOnlySpan<float> z)
        {
            ConvolutionInfo info = DescribeConvolution(node);
            long size = info.Channels * info.InputSize.Height * info.InputSize.Width;
            float[] phi = new float[checked(z.Length / size * info.PatchRows * info.Positions)];
            cnn_error error;
            fixed (float* from = &MemoryMarshal.GetReference(z))
            fixed (float* to = phi)
                Errors.Check(Native.cnn_net_patches(Handle, node.Index, from, z.Length, to,
                                                    phi.LongLength, &error),
                             &error);
            return phi;
        }

        /// <summary>The sparse 0/1 matrix P with vec(phi(Z)) = P vec(Z) (Lin 4).</summary>
        public Matrix PatchMatrix(Node node, ImageOrder order = ImageOrder.Chw)
        {
            cnn_error error;
            IntPtr matrix;
            Errors.Check(
                Native.cnn_net_patch_matrix(Handle, node.Index, order, out matrix, &error), &error);
            return new Matrix(matrix);
        }

        /// <summary>The matrix with vec(Y) = M vec(X), Y the convolution of X without bias and
        /// activation (D; Delmas 37).</summary>
        public Matrix ConvMatrix(Node node, ConvMatrixOptions options = null)
        {
            cnn_error error;
            cnn_conv_matrix native = new cnn_conv_matrix();
            IntPtr matrix;
            Errors.Check(Native.cnn_net_conv_matrix(Handle, node.Index,
                                                    ConvMatrixOptions.Fill(options, &native),
                                                    out matrix, &error),
                         &error);
            return new Matrix(matrix);
        }

        /// <summary>In how many places of ConvMatrix each entry of the node's weight is.</summary>
        public long[] ConvPositions(Node node)
        {
            cnn_error error;
            long elements = 0;
            foreach (TensorInfo tensor in Tensors())
                if (tensor.Node == node && tensor.Name.EndsWith("/weight", StringComparison.Ordinal))
                    elements = tensor.Elements;
            long[] counts = new long[elements];
            fixed (long* c = counts)
                Errors.Check(Native.cnn_net_conv_positions(Handle, node.Index, c, elements, &error),
                             &error);
            return counts;
        }

        /// <summary>Sets the node's weight to the kernel whose matrix is nearest to this one in the
        /// sum of squares, and gives the residual |M - M(K)| / |M|; one above the tolerance is refused
        /// (Status.OutOfRange).</summary>
        public double SetConvMatrix(Node node, Matrix matrix, ConvMatrixOptions options = null)
        {
            cnn_error error;
            cnn_conv_matrix native = new cnn_conv_matrix();
            double residual;
            Errors.Check(Native.cnn_net_set_conv_matrix(
                             Handle, node.Index, Needed(matrix, nameof(matrix)).Handle,
                             ConvMatrixOptions.Fill(options, &native), &residual, &error),
                         &error);
            return residual;
        }

        /// <summary>A new net, not compiled, with that conv2d as the dense layer that it is a special
        /// case of (Delmas 34-37), followed by a reshape to the convolution's output.</summary>
        public Net UnrollConv2d(Node node)
        {
            cnn_error error;
            IntPtr unrolled;
            Errors.Check(Native.cnn_net_unroll_conv2d(Handle, node.Index, out unrolled, &error),
                         &error);
            return new Net(unrolled, this);
        }
    }
}
