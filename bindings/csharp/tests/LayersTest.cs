// Every layer: what it computes, and its gradient.

using System;
using System.Collections.Generic;
using System.Linq;

namespace CnnSharp.Tests
{
    internal static class LayersTest
    {
        // Builds input, layer and a loss, checks the shape, the CPU against the reference and the
        // gradient against differences.
        private static void Layer(string kind, long[] input, long[] output,
                                  Func<Net, Node, Node> add)
        {
            using (Net net = new Net(seed: 3))
            {
                Node n = add(net, net.Input("x", input));
                NodeInfo info = net.Describe(n);
                Expect.Equal(kind, info.Kind);
                Expect.That(info.Shape.SequenceEqual(output),
                            kind + " gives " + string.Join(" x ", info.Shape));
                // Something to learn from before and after it.
                net.Loss(n, LossKind.HalfMse);
                net.Compile(Some.Cpu, 3);
                int size = (int)input.Aggregate(1L, (a, b) => a * b);
                float[] x = Some.Numbers(3 * size, 7);
                float[] y = net.Run(x);
                Expect.That(y.Any(v => v != 0), kind + " gives zeros");
                using (Net reference = net.Clone())
                using (Device slow = Device.Open("reference"))
                {
                    reference.Compile(slow, 3);
                    Expect.Near(reference.Run(x), y, 1e-5, kind);
                }
                if (net.ParameterCount == 0) return;
                Samples samples = new Samples { Inputs = x, Targets = Some.Numbers(y.Length, 9) };
                GradientReport report = net.CheckGradient(
                    samples, new GradientCheck { Tolerance = 2e-3, Entries = 50 });
                Expect.That(report.Entries > 0, "nothing was compared");
            }
        }

        private static long[] L(params long[] sizes) => sizes;

        [Test("every layer gives its shape, the reference's values and a gradient that checks")]
        private static void EveryLayer()
        {
            Layer("conv2d", L(2, 6, 5), L(3, 6, 5), (net, x) => net.Conv2d(x, new Conv2d {
                Filters = 3, Kernel = 3, Padding = Padding.Same, Activation = Activation.Tanh }));
            Layer("conv2d", L(2, 9, 8), L(4, 3, 4), (net, x) => net.Conv2d(x, new Conv2d {
                Filters = 4, Kernel = (3, 2), Stride = (3, 2), Dilation = (1, 1), Padding =
                new Padding(0, 1, 0, 0), Groups = 2, Bias = false }));
            Layer("dense", L(2, 3, 3), L(5), (net, x) => net.Dense(x, new Dense { Units = 5 }));
            Layer("max_pool2d", L(2, 5, 5), L(2, 2, 2),
                  (net, x) => net.MaxPool2d(x, new Pool2d { Window = 2 }));
            Layer("average_pool2d", L(2, 5, 5), L(2, 3, 3), (net, x) =>
                net.AveragePool2d(x, new Pool2d { Window = 2, CeilMode = true }));
            Layer("weighted_subsample2d", L(2, 4, 6), L(2, 2, 3), (net, x) =>
                net.WeightedSubsample2d(x, new WeightedSubsample2d { Factor = 2 }));
            Layer("subsample2d", L(2, 5, 5), L(2, 3, 3),
                  (net, x) => net.Subsample2d(x, new Subsample2d { Factor = 2 }));
            Layer("radial_basis", L(4), L(6), (net, x) => net.RadialBasis(x, new RadialBasis {
                Units = 6, Kind = RadialKind.Multiquadric, Beta = 0.5f }));
            Layer("global_average_pool2d", L(3, 4, 4), L(3, 1, 1),
                  (net, x) => net.GlobalAveragePool2d(x, "mean"));
            Layer("flatten", L(3, 2, 2), L(12), (net, x) => net.Flatten(x));
            Layer("reshape", L(12), L(3, 2, 2), (net, x) => net.Reshape(x, L(3, 2, 2)));
            foreach (Activation kind in Enum.GetValues(typeof(Activation)))
                Layer("activation", L(7), L(7), (net, x) => net.Activation(x, kind));
            Layer("softmax", L(5), L(5), (net, x) => net.Softmax(x, "p"));
            Layer("dropout", L(5), L(5), (net, x) => net.Dropout(x, 0.5f));
            Layer("batch_norm", L(3, 2, 2), L(3, 2, 2), (net, x) => net.BatchNorm(x));
            Layer("add", L(4), L(4), (net, x) => net.Add(x, x));
            Layer("concat", L(2, 3, 3), L(4, 3, 3), (net, x) => net.Concat(x, x));
            Layer("concat", L(2, 3, 3), L(2, 3, 3), (net, x) => net.Concat(new[] { x }, "one"));
        }

        private static float[] Once(Func<Net, Node, Node> add, params float[] x)
        {
            using (Net net = new Net())
            {
                add(net, net.Input("x", x.Length));
                net.Compile(Some.Cpu, 1);
                return net.Run(x);
            }
        }

        [Test("a slope of 0 is a literal zero, none the default")]
        private static void Slopes()
        {
            Expect.Near(new[] { -0.01f, 2 }, Once((n, x) => n.Activation(x, Activation.LeakyRelu),
                                                  -1, 2), 1e-7);
            Expect.Near(new[] { 0f, 2 }, Once((n, x) => n.Activation(x, Activation.LeakyRelu, 0),
                                              -1, 2), 0);
            Expect.Near(new[] { -0.5f, 2 }, Once((n, x) => n.Activation(x, Activation.LeakyRelu,
                                                                        0.5f), -1, 2), 0);
        }

        [Test("sums and their activations, constants and biases")]
        private static void Values()
        {
            Expect.Near(new[] { 0f, 4 }, Once((n, x) => n.Add(new[] { x, x }, Activation.Relu), -1, 2),
                        0);
            Expect.Near(new[] { 1.5f }, Once((n, x) => n.Dense(x, new Dense {
                Units = 1, Initializer = Initializer.Constant, InitializerScale = 0.5f }), 1, 2), 0);
            float[] p = Once((n, x) => n.Softmax(x), 0, (float)Math.Log(3));
            Expect.Near(new[] { 0.25f, 0.75f }, p, 1e-6);
        }

        [Test("every loss has its value")]
        private static void Losses()
        {
            // y = (0.25, 0.75), t = (0, 1).
            Dictionary<LossKind, double> values = new Dictionary<LossKind, double>
            {
                [LossKind.SoftmaxCrossEntropy] = Math.Log(1 + Math.Exp(-0.5)),
                [LossKind.SigmoidCrossEntropy] =
                    Math.Log(1 + Math.Exp(0.25)) + Math.Log(1 + Math.Exp(-0.75)),
                [LossKind.Mse] = 0.0625,
                [LossKind.HalfMse] = 0.0625,
                [LossKind.SumOfSquares] = 0.125,
                [LossKind.BinaryCrossEntropy] = -2 * Math.Log(0.75),
                [LossKind.CrossEntropy] = -Math.Log(0.75),
            };
            foreach (LossKind kind in Enum.GetValues(typeof(LossKind)))
                using (Net net = new Net())
                {
                    net.Loss(net.Input("x", 2), new Loss { Kind = kind, Weight = 2 });
                    net.Compile(Some.Cpu);
                    Samples samples = new Samples { Inputs = new[] { 0.25f, 0.75f },
                                                    Targets = new[] { 0f, 1 } };
                    Expect.Near(2 * values[kind], net.Evaluate(samples).Loss, 1e-6, kind.ToString());
                }
        }

        [Test("weights of outputs and samples, and averages over outputs")]
        private static void Weights()
        {
            using (Net net = new Net())
            {
                net.Loss(net.Input("x", 2), new Loss {
                    Kind = LossKind.SumOfSquares, OutputWeights = new[] { 1f, 3 },
                    AverageOutputs = true });
                net.Compile(Some.Cpu, 2);
                Samples samples = new Samples { Inputs = new[] { 1f, 1, 2, 2 },
                                                Targets = new float[4], Weights = new[] { 1f, 0.5f } };
                // (1 (1 + 3) / 2 + 0.5 (4 + 12) / 2) / 2
                Expect.Near(3, net.Evaluate(samples).Loss, 1e-6);
            }
        }

        [Test("a mistake is thrown where it is made, with its status, node and message")]
        private static void Mistakes()
        {
            Net net = new Net();
            Node x = net.Input("image", 3, 8, 8);
            CnnException thrown = Expect.Throws(Status.ShapeMismatch, () => net.Conv2d(
                x, new Conv2d { Name = "stem", Filters = 4, Kernel = 3, Groups = 2 }));
            Expect.Contains("stem", thrown.Message);
            Expect.Contains("groups", thrown.Message);
            Expect.Equal(thrown.Message, net.Mistake.Message);
            Expect.Equal(thrown.Node, net.Mistake.Node);
            Expect.Throws(Status.ShapeMismatch, () => net.Compile(Some.Cpu));
            // What is added after it is fine, or a mistake of its own.
            Expect.Throws<CnnException>(() => net.Input("image", 3));
            Expect.Throws<CnnException>(() => net.Dense(new Node(99), 3));
            net.Dispose();

            Expect.Throws<ArgumentNullException>(() => new Net().Conv2d(x, null));
            Expect.Throws<ArgumentNullException>(() => new Net().Concat(null, null));
            Expect.Throws<ArgumentNullException>(() => new Net().Compile(null));
            Expect.Throws<ArgumentException>(() => new Net("a\0b"));
            Expect.Throws<ObjectDisposedException>(() => net.Input("x", 1));
            Expect.Throws<CnnException>(() => new Net().Input("x"));
            Expect.Throws<CnnException>(() => new Net().Input("x", 1, 2, 3, 4));
            Expect.Throws<CnnException>(() => new Net().Reshape(default(Node), L(1)));
            using (Net compiled = Some.Classifier())
            {
                Expect.Contains("compiled", Expect.Throws(Status.BadState, () => compiled.Dense(
                    new Node(0), 3)).Message);
                compiled.Run(new float[64]);
            }
        }

        [Test("names in any language")]
        private static void Names()
        {
            using (Net net = new Net("größe 大きさ"))
            {
                Node n = net.Input("вход", 2);
                net.Dense(n, new Dense { Units = 1, Name = "слой" });
                Expect.Equal("слой", net.Nodes[1].Name);
                Expect.Equal(1, net.Find("слой").Index);
                Expect.Equal(2, net.GetTensor("слой/weight").Length);
                Expect.Contains("größe 大きさ", net.Summary());
                Expect.Contains("слой", net.ToString());
            }
        }
    }
}
