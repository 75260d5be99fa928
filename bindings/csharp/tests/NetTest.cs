// What a net learnt and is made of, its matrix forms, its files.

using System;
using System.IO;
using System.Linq;

namespace CnnSharp.Tests
{
    internal static class ParametersTest
    {
        [Test("vectors and tensors, in and out")]
        private static void Vectors()
        {
            using (Net net = new Net())
            {
                Node n = net.Input("x", 2);
                n = net.Dense(n, 3);
                n = net.BatchNorm(n);
                net.Loss(n, LossKind.Mse);
                Expect.Equal(9 + 6L, net.ParameterCount);
                Expect.Equal(6L, net.VectorLength(VectorKind.State));
                Expect.Equal(-1L, net.VectorLength((VectorKind)9));
                float[] theta = Some.Numbers(15);
                net.SetVector(VectorKind.Parameters, theta);
                Expect.Same(theta, net.GetVector());
                TensorInfo weight = net.Tensors()[0], bias = net.Tensors()[1];
                Expect.Equal("dense_1/weight", weight.Name);
                Expect.That(weight.Shape.SequenceEqual(new long[] { 3, 2 }), "shape");
                Expect.Equal(6L, bias.Offset);
                Expect.Equal(3L, bias.Elements);
                Expect.Equal(1, bias.Node.Index);
                Expect.Equal(1.0, bias.Rate);
                Expect.Equal(0.0, bias.Regularization);
                Expect.Same(theta.Skip(6).Take(3).ToArray(), net.GetTensor("dense_1/bias"));
                net.SetTensor("dense_1/bias", new float[] { 7, 8, 9 });
                Expect.Same(new float[] { 7, 8, 9 }, net.GetVector().Skip(6).Take(3).ToArray());
                Expect.Equal("batch_norm_1/running_mean", net.Tensors(VectorKind.State)[0].Name);
                Expect.Same(new float[] { 1, 1, 1 },
                            net.GetTensor("batch_norm_1/running_variance", VectorKind.State));
                net.SetTensor("batch_norm_1/running_mean", new float[] { 1, 2, 3 },
                              VectorKind.State);
                Expect.Equal(2f, net.GetVector(VectorKind.State)[1]);
                Expect.Throws(Status.NotFound, () => net.GetTensor("nobody"));
                Expect.Throws(Status.ShapeMismatch, () => net.SetTensor("dense_1/bias", new float[2]));
                Expect.Throws(Status.ShapeMismatch,
                              () => net.SetVector(VectorKind.Parameters, new float[14]));
                Expect.Throws(Status.BadState, () => net.GetVector(VectorKind.Gradient));
            }
            using (Net net = new Net())
            {
                string name = new string('ü', 200);
                net.Dense(net.Input("x", 2), new Dense { Units = 3, Name = name });
                Expect.Equal(6, net.GetTensor(name + "/weight").Length);
            }
        }

        [Test("rates freeze, factors and centres change what a penalty pulls to")]
        private static void Rates()
        {
            using (Net net = Some.XorNet())
            using (Optimizer sgd = new Optimizer(OptimizerKind.Sgd, 0.1) { L2 = 0.5 })
            {
                net.SetRate("dense_1", 0);
                net.SetRegularization("dense_2/bias", 3);
                Expect.Equal(0.0, net.Tensors()[0].Rate);
                Expect.Equal(3.0, net.Tensors()[3].Regularization);
                float[] center = Some.Numbers((int)net.ParameterCount);
                Expect.Same(new float[center.Length], net.GetCenter());
                net.SetCenter(center);
                Expect.Same(center, net.GetCenter());
                net.SetCenter(default(ReadOnlySpan<float>));
                Expect.Same(new float[center.Length], net.GetCenter());
                net.Compile(Some.Cpu, 4);
                float[] before = net.GetTensor("dense_1/weight");
                net.TrainStep(sgd, Some.Xor);
                Expect.Same(before, net.GetTensor("dense_1/weight"));
                Expect.Throws(Status.NotFound, () => net.SetRate("nobody", 1));
                Expect.Throws(Status.OutOfRange, () => net.SetRate("dense_1", -1));
                Expect.Throws(Status.OutOfRange, () => net.SetRegularization("dense_1", -1));
            }
        }

        [Test("clones, and parameters from another net")]
        private static void Copies()
        {
            using (Net net = Some.Classifier(seed: 1))
            using (Net clone = net.Clone())
            using (Net other = Some.Classifier(seed: 2))
            {
                Expect.Same(net.GetVector(), clone.GetVector());
                Expect.Throws(Status.BadState, () => clone.Run(new float[64]));
                Expect.That(!net.GetVector().SequenceEqual(other.GetVector()), "the same seed");
                other.CopyParametersFrom(net);
                Expect.Same(net.GetVector(), other.GetVector());
                using (Net xor = Some.XorNet())
                    Expect.Throws<CnnException>(() => other.CopyParametersFrom(xor));
                Expect.Throws<ArgumentNullException>(() => other.CopyParametersFrom(null));
            }
        }

        [Test("centres of a radial basis layer from data")]
        private static void Radial()
        {
            using (Net net = new Net())
            {
                Node n = net.RadialBasis(net.Input("x", 1), new RadialBasis { Units = 2 });
                net.Loss(net.Dense(n, 1), LossKind.Mse);
                net.Compile(Some.Cpu, 4);
                net.InitRadialBasis("radial_basis_1",
                                    new Samples { Inputs = new float[] { 0, 0.2f, 10, 10.2f } }, 1);
                float[] centers = net.GetTensor("radial_basis_1/center").OrderBy(c => c).ToArray();
                Expect.Near(new[] { 0.1f, 10.1f }, centers, 1e-5);
                Expect.Throws(Status.NotFound, () => net.InitRadialBasis(
                    "nobody", new Samples { Inputs = new float[4] }));
            }
        }

        [Test("nodes, names and the summary")]
        private static void Looking()
        {
            using (Net net = Some.Classifier())
            {
                Expect.Equal("input max_pool2d dense", string.Join(" ", net.Nodes.Where(
                    n => n.Kind != "conv2d" && n.Kind.IndexOf("loss") < 0 &&
                         n.Kind.IndexOf("softmax") < 0).Select(n => n.Kind)));
                NodeInfo conv = net.Describe(net.Find("conv2d_1"));
                Expect.Equal(1, conv.Node.Index);
                Expect.Equal(new Node(0), conv.Inputs.Single());
                Expect.Equal(4 * 36L, conv.OutputSize);
                Expect.Equal(40L, conv.Parameters);
                Expect.Equal(1, conv.InputCount);
                Expect.That(!conv.IsOutput && conv.Node != default(Node), "conv");
                Expect.Equal(0, net.Nodes.Last().Shape.Count, "a loss's rank");
                Expect.Throws(Status.NotFound, () => net.Find("nobody"));
                Expect.Throws<CnnException>(() => net.Describe(new Node(99)));
                foreach (NodeInfo node in net.Nodes) Expect.Contains(node.Name, net.Summary());
                Expect.Equal(null, net.Mistake);
            }
        }
    }

    internal static class MatrixTest
    {
        [Test("matrices of vectors and of compressed rows")]
        private static void Forms()
        {
            using (Matrix m = Matrix.FromVector(new float[] { 1, 2, 0, 4, 5, 6 }, 2, 3))
            {
                Expect.Equal("2 3 5 False", m.Rows + " " + m.Columns + " " + m.NonZeros + " " +
                                            m.IsSparse);
                Expect.Same(new float[] { 1, 4, 2, 5, 0, 6 }, m.ToVector(VecOrder.Columns));
                Expect.Same(new float[] { 3, 15 }, m.Multiply(new float[] { 1, 1, 1 }));
                Expect.Same(new float[] { 5, 7, 6 }, m.Multiply(new float[] { 1, 1 }, true));
                long[] offsets, columns;
                float[] values;
                m.ToCsr(out offsets, out columns, out values);
                Expect.Equal("0 2 5", string.Join(" ", offsets));
                Expect.Equal("0 1 0 1 2", string.Join(" ", columns));
                using (Matrix sparse = Matrix.FromCsr(2, 3, offsets, columns, values))
                {
                    Expect.That(sparse.IsSparse, "not sparse");
                    Expect.Same(m.ToVector(), sparse.ToVector());
                }
                Expect.Throws<ArgumentException>(() => Matrix.FromCsr(3, 3, offsets, columns, values));
                Expect.Throws<CnnException>(() => m.Multiply(new float[4], new float[2]));
            }
            using (Matrix square = Matrix.FromVector(new float[9])) Expect.Equal(3L, square.Rows);
            Expect.Throws(Status.ShapeMismatch, () => Matrix.FromVector(new float[8]));
        }

        [Test("a convolution as a matrix, and back")]
        private static void Convolution()
        {
            using (Net net = new Net(seed: 1))
            {
                Node conv = net.Conv2d(net.Input("x", 2, 4, 5), new Conv2d {
                    Filters = 3, Kernel = (2, 3), Stride = (1, 2), Padding = Padding.Same,
                    Bias = false });
                net.Compile(Some.Cpu, 1);
                ConvolutionInfo info = net.DescribeConvolution(conv);
                Expect.Equal("2 4 x 5 3 4 x 3 2 x 3 1 x 2 1 x 1 1 12 12", string.Join(" ", new object[] {
                    info.Channels, info.InputSize, info.Filters, info.OutputSize, info.Kernel,
                    info.Stride, info.Dilation, info.Groups, info.PatchRows, info.Positions }));
                Expect.Equal(1L, info.Padding.Bottom);
                float[] x = Some.Numbers(40), y = net.Run(x);
                using (Matrix m = net.ConvMatrix(conv))
                {
                    Expect.Near(y, m.Multiply(x), 1e-5);
                    float[] weight = net.GetTensor("conv2d_1/weight");
                    net.SetTensor("conv2d_1/weight", new float[weight.Length]);
                    Expect.Near(0, net.SetConvMatrix(conv, m), 1e-6);
                    Expect.Near(weight, net.GetTensor("conv2d_1/weight"), 1e-6);
                    using (Matrix other = Matrix.FromVector(
                        Some.Numbers((int)(m.Rows * m.Columns)), m.Rows, m.Columns))
                    {
                        Expect.Throws(Status.OutOfRange, () => net.SetConvMatrix(conv, other));
                        Expect.That(net.SetConvMatrix(conv, other, new ConvMatrixOptions {
                            Unchecked = true }) > 0.5, "residual");
                        Expect.That(net.SetConvMatrix(conv, other, new ConvMatrixOptions {
                            Tolerance = 1 }) > 0.5, "residual");
                    }
                    net.SetTensor("conv2d_1/weight", weight);
                }
                using (Matrix dense = net.ConvMatrix(conv, new ConvMatrixOptions { Dense = true }))
                    Expect.That(!dense.IsSparse, "not dense");
                using (Matrix p = net.PatchMatrix(conv))
                    Expect.Same(net.Patches(conv, x), p.Multiply(x));
                using (Matrix p = net.PatchMatrix(conv, ImageOrder.Hwc))
                    Expect.Equal(40L, p.Columns);
                Expect.Equal(3 * 12, net.ConvPositions(conv).Length);
                using (Net unrolled = net.UnrollConv2d(conv))
                {
                    unrolled.Compile(Some.Cpu, 1);
                    Expect.Near(y, unrolled.Run(x), 1e-5);
                }
                Expect.Throws(Status.InvalidArgument, () => net.DescribeConvolution(default(Node)));
            }
        }
    }

    internal static class FilesTest
    {
        private sealed class Failing : Stream
        {
            internal readonly IOException Thrown = new IOException("a disk that is full");

            public override bool CanRead => true;
            public override bool CanSeek => false;
            public override bool CanWrite => true;
            public override long Length => 0;
            public override long Position { get; set; }
            public override void Flush()
            {
            }
            public override int Read(byte[] buffer, int offset, int count)
            {
                throw Thrown;
            }
            public override long Seek(long offset, SeekOrigin origin) => 0;
            public override void SetLength(long value)
            {
            }
            public override void Write(byte[] buffer, int offset, int count)
            {
                throw Thrown;
            }
        }

        // Gives a few bytes at a time.
        private sealed class Trickle : MemoryStream
        {
            internal Trickle(byte[] bytes) : base(bytes)
            {
            }

            public override int Read(byte[] buffer, int offset, int count)
            {
                return base.Read(buffer, offset, Math.Min(count, 7));
            }
        }

        [Test("a model through paths, bytes and streams")]
        private static void Models()
        {
            string path = Path.GetTempFileName();
            float[] x = Some.Numbers(64);
            using (Net net = Some.Classifier())
            {
                float[] y = net.Run(x);
                byte[] bytes = net.ToBytes();
                net.Save(path);
                Expect.That(bytes.SequenceEqual(File.ReadAllBytes(path)), "the file differs");
                MemoryStream stream = new MemoryStream();
                stream.WriteByte(1);
                net.Save(stream);
                Expect.That(bytes.SequenceEqual(stream.ToArray().Skip(1)), "the stream differs");
                stream.Position = 1;
                foreach (Func<Net> load in new Func<Net>[] {
                    () => Net.Load(path), () => Net.Load(bytes), () => Net.Load(stream),
                    () => Net.Load(bytes.AsSpan()), () => Net.Load(new Trickle(bytes)) })
                    using (Net loaded = load())
                    {
                        loaded.Compile(Some.Cpu, 1);
                        Expect.Near(y, loaded.Run(x), 1e-6);
                    }
                Failing failing = new Failing();
                Expect.That(ReferenceEquals(failing.Thrown, Expect.Throws<IOException>(
                    () => net.Save(failing))), "another exception");
                Expect.That(ReferenceEquals(failing.Thrown, Expect.Throws<IOException>(
                    () => Net.Load(failing))), "another exception");
                bytes[20] ^= 0x55;
                Expect.Throws(Status.BadFile, () => Net.Load(bytes));
                Expect.Throws(Status.BadFile, () => Net.Load(new byte[0]));
                Expect.Throws(Status.BadFile, () => Net.Load(new MemoryStream()));
                Expect.Contains("/nowhere/x", Expect.Throws(
                    Status.IoError, () => Net.Load("/nowhere/x")).Message);
                Expect.Throws(Status.IoError, () => net.Save("/nowhere/x"));
                Expect.Throws<ArgumentNullException>(() => net.Save((Stream)null));
                Expect.Throws<CnnException>(() => net.Save((string)null));
            }
            File.Delete(path);
        }

        [Test("training that goes on from a checkpoint gives the same bits")]
        private static void Checkpoints()
        {
            string path = Path.GetTempFileName();
            Samples images = Some.Images(64);
            FitOptions two = new FitOptions { Epochs = 2, Batch = 16, Resume = true };
            FitOptions four = new FitOptions { Epochs = 4, Batch = 16 };
            float[] wanted;
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam))
            {
                net.Fit(adam, images, four);
                wanted = net.GetVector();
            }
            MemoryStream stream = new MemoryStream();
            byte[] bytes;
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam))
            {
                net.Fit(adam, images, new FitOptions { Epochs = 2, Batch = 16 });
                Checkpoint.Save(net, adam, path);
                Checkpoint.Save(net, adam, stream);
                bytes = Checkpoint.ToBytes(net, adam);
                stream.Position = 0;
                Expect.Throws<ArgumentNullException>(() => Checkpoint.Save(net, null, path));
                Expect.Throws(Status.NotFound, () => Checkpoint.Load(net.ToBytes()));
            }
            foreach (Func<Checkpoint> load in new Func<Checkpoint>[] {
                () => Checkpoint.Load(path), () => Checkpoint.Load(stream),
                () => Checkpoint.Load(bytes), () => Checkpoint.Load(bytes.AsSpan()) })
            {
                Checkpoint loaded = load();
                using (loaded.Net)
                using (loaded.Optimizer)
                {
                    Expect.Equal(8L, loaded.Optimizer.Steps);
                    loaded.Net.Compile(Some.Cpu, 16);
                    two.Epochs = 4;
                    loaded.Net.Fit(loaded.Optimizer, images, two);
                    Expect.Same(wanted, loaded.Net.GetVector());
                }
            }
            using (Net net = Net.Load(path)) Expect.Equal(wanted.LongLength, net.ParameterCount);
            File.Delete(path);
        }
    }
}
