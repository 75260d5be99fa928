// Layers of the host's own, the collector, and threads.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;

namespace CnnSharp.Tests
{
    internal static class HostTest
    {
        // y = x * w of each element, as a layer of the host's.
        private static HostLayer Scaling(int elements, Action released = null)
        {
            return new HostLayer
            {
                Kind = "scaling",
                Parameters = new[] { new HostParameter { Name = "w", Shape = new long[] { elements },
                                                         Initializer = Initializer.Constant,
                                                         InitializerScale = 2, Decays = true } },
                Released = released,
                Forward = call =>
                {
                    ReadOnlySpan<float> x = call.Input(0), w = call.Parameter(0);
                    Expect.Equal(call.SampleCount * elements, x.Length, "elements of x");
                    Expect.Equal(elements, w.Length, "elements of w");
                    Expect.That(!call.IsBackward && call.OutputGradient.IsEmpty &&
                                call.InputGradient(0).IsEmpty && call.ParameterGradient(0).IsEmpty,
                                "forward has gradients");
                    Span<float> y = call.Output;
                    for (int i = 0; i < x.Length; i++) y[i] = x[i] * w[i % elements];
                },
                Backward = call =>
                {
                    ReadOnlySpan<float> x = call.Input(0), w = call.Parameter(0);
                    ReadOnlySpan<float> dy = call.OutputGradient;
                    Span<float> dx = call.InputGradient(0), dw = call.ParameterGradient(0);
                    for (int i = 0; i < x.Length; i++)
                    {
                        if (!dx.IsEmpty) dx[i] = dy[i] * w[i % elements];
                        if (!dw.IsEmpty) dw[i % elements] += dy[i] * x[i];
                    }
                },
            };
        }

        private static HostActivation Square(Action released = null)
        {
            return new HostActivation
            {
                Kind = "square",
                Released = released,
                Forward = (x, y) =>
                {
                    for (int i = 0; i < x.Length; i++) y[i] = x[i] * x[i];
                },
                Backward = (x, y, dy, dx) =>
                {
                    for (int i = 0; i < x.Length; i++) dx[i] = 2 * x[i] * dy[i];
                },
                OpenCLForward = "x * x",
                OpenCLDerivative = "2 * x",
            };
        }

        private static Net Both(Action released = null)
        {
            Net net = new Net("host", 5);
            Node n = net.Dense(net.Input("x", 3), 4);
            n = net.HostLayer(n, Scaling(4, released));
            n = net.HostActivation(n, Square(released));
            net.Loss(net.Dense(n, 2), LossKind.HalfMse);
            return net;
        }

        [Test("a layer and an activation of the host's compute, and their gradients check")]
        private static void Computes()
        {
            int released = 0;
            using (Net net = Both(() => released++))
            {
                Expect.Equal("scaling", net.Nodes[2].Kind);
                Expect.Equal("scaling_1/w", net.Tensors()[2].Name);
                Expect.Equal(1.0, net.Tensors()[2].Regularization);
                net.Compile(Some.Cpu, 4);
                Samples samples = new Samples { Inputs = Some.Numbers(12),
                                                Targets = Some.Numbers(8) };
                GradientReport report =
                    net.CheckGradient(samples, new GradientCheck { Tolerance = 0.05 });
                Expect.That(report.Entries > 20, report.Entries + " entries");
                using (Optimizer adam = new Optimizer(OptimizerKind.Adam, 0.05))
                {
                    double first = net.TrainStep(adam, samples), last = first;
                    for (int i = 0; i < 50; i++) last = net.TrainStep(adam, samples);
                    Expect.That(last < first / 2, first + " to " + last);
                    Expect.Throws(Status.Unsupported, () => net.Minimize(
                        new Optimizer(OptimizerKind.LevenbergMarquardt), samples));
                }
            }
            Expect.Equal(2, released, "releases");
        }

        [Test("what a host's callback throws comes out of the call, and the net stays as it was")]
        private static void Exceptions()
        {
            using (Net net = new Net())
            {
                bool fails = true;
                InvalidOperationException mine = new InvalidOperationException("mine");
                HostActivation activation = Square();
                ActivationForward forward = activation.Forward;
                activation.Forward = (x, y) =>
                {
                    if (fails) throw mine;
                    forward(x, y);
                };
                Node n = net.Dense(net.Input("x", 2), 2);
                n = net.HostActivation(n, activation);
                HostLayer layer = Scaling(2);
                HostFunction backward = layer.Backward;
                layer.Backward = call =>
                {
                    if (fails) throw mine;
                    backward(call);
                };
                net.Loss(net.HostLayer(n, layer), LossKind.Mse);
                net.Compile(Some.Cpu, 2);
                Action run = () => net.Run(new float[2]);
                Expect.That(ReferenceEquals(mine, Expect.Throws<InvalidOperationException>(run)),
                            "another exception");
                Samples samples = new Samples { Inputs = new float[2], Targets = new float[2] };
                fails = false;
                net.Run(new float[2]);
                float[] before = net.GetVector();
                using (Optimizer sgd = new Optimizer(OptimizerKind.Sgd, 1))
                {
                    activation.Forward = null; // a copy was taken
                    net.TrainStep(sgd, samples);
                    fails = true;
                    before = net.GetVector();
                    Expect.Throws<InvalidOperationException>(() => net.TrainStep(sgd, samples));
                    Expect.Throws<InvalidOperationException>(() => net.Fit(sgd, samples));
                }
                Expect.Same(before, net.GetVector());
                fails = false;
                net.Run(new float[2]);
                // Nothing of it is left for a call that fails by itself.
                Expect.Throws(Status.ShapeMismatch, () => net.Run(new float[3]));
            }
            using (Net net = new Net())
            {
                HostLayer layer = Scaling(2);
                layer.Forward = call => call.Input(1);
                net.HostLayer(net.Input("x", 2), layer);
                net.Compile(Some.Cpu);
                Expect.Throws<ArgumentOutOfRangeException>(() => net.Run(new float[2]));
            }
        }

        [Test("a loaded net gets its code back; a clone shares it")]
        private static void Binding()
        {
            int released = 0;
            float[] x = Some.Numbers(12), y;
            byte[] file;
            using (Net net = Both())
            {
                net.Compile(Some.Cpu, 4);
                y = net.Run(x);
                file = net.ToBytes();
                Expect.Throws<CnnException>(() => net.BindHostLayer("scaling_1", Scaling(4)));
            }
            using (Net net = Net.Load(file))
            {
                Expect.Throws<CnnException>(() => net.Compile(Some.Cpu, 4));
                Expect.Throws(Status.NotFound, () => net.BindHostLayer("nobody", Scaling(4)));
                Expect.Throws(Status.NotFound, () => net.BindHostActivation("nobody", Square()));
                Expect.Throws(Status.ShapeMismatch, () => net.BindHostLayer(
                    "scaling_1", Scaling(5, () => released++)));
                Expect.Throws(Status.InvalidArgument,
                              () => net.BindHostActivation("scaling_1", Square()));
                net.BindHostLayer("scaling_1", Scaling(4, () => released++));
                net.BindHostActivation("square_1", Square(() => released++));
                Net clone = net.Clone();
                net.Dispose();
                GC.Collect();
                Expect.Equal(0, released, "releases while a clone lives");
                clone.Compile(Some.Cpu, 4);
                Expect.Near(y, clone.Run(x), 1e-6);
                clone.Dispose();
            }
            Expect.Equal(2, released, "releases");
        }

        [Test("how parameters of a host's layer start")]
        private static void Initial()
        {
            Func<HostParameter, float> first = parameter =>
            {
                using (Net net = new Net())
                {
                    HostLayer layer = Scaling(4);
                    parameter.Name = "w";
                    parameter.Shape = new long[] { 2, 2 };
                    layer.Parameters = new[] { parameter };
                    net.HostLayer(net.Input("x", 4), layer);
                    Expect.That(net.Tensors()[0].Shape.SequenceEqual(new long[] { 2, 2 }), "shape");
                    return net.GetVector()[0];
                }
            };
            float plain = first(new HostParameter());
            // Uniform in the square root of 6 / (fan-in + fan-out).
            Expect.Near(plain * Math.Sqrt(4.0 / 16), first(new HostParameter { FanIn = 14 }), 1e-6);
            Expect.Near(plain * Math.Sqrt(4.0 / 16), first(new HostParameter { FanOut = 14 }), 1e-6);
            Expect.Near(plain * 3, first(new HostParameter { InitializerScale = 3 }), 1e-6);
        }

        [Test("mistakes in layers of the host's")]
        private static void Mistakes()
        {
            int released = 0;
            using (Net net = new Net())
            {
                Node x = net.Input("x", 2);
                HostLayer layer = Scaling(2, () => released++);
                layer.Backward = null;
                Expect.Throws(Status.InvalidArgument, () => net.HostLayer(x, layer));
                HostActivation activation = Square(() => released++);
                activation.Kind = null;
                Expect.Throws(Status.InvalidArgument, () => net.HostActivation(x, activation));
                Expect.Throws<ArgumentNullException>(() => net.HostLayer((Node[])null, Scaling(2)));
            }
            Expect.Equal(0, released, "releases of what was never added");
        }
    }

    internal static class LifetimeTest
    {
        private static int released;

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Litter()
        {
            Action count = () => Interlocked.Increment(ref released);
            Device device = Device.Open("cpu", new DeviceOptions { Threads = 1, Released = count });
            Net net = new Net();
            HostActivation activation = new HostActivation
            {
                Kind = "twice",
                Released = count,
                Forward = (x, y) =>
                {
                    GC.Collect(0);
                    for (int i = 0; i < x.Length; i++) y[i] = 2 * x[i];
                },
                Backward = (x, y, dy, dx) =>
                {
                    GC.Collect(0);
                    for (int i = 0; i < x.Length; i++) dx[i] = 2 * dy[i];
                },
            };
            Node n = net.Dense(net.HostActivation(net.Input("x", 2), activation), 1);
            net.Loss(n, LossKind.Mse);
            net.Compile(device, 4);
            Optimizer adam = new Optimizer(OptimizerKind.Adam);
            net.Fit(adam, Some.Xor, new FitOptions
            {
                ProgressInterval = TimeSpan.Zero,
                Progress = p =>
                {
                    GC.Collect();
                    return true;
                },
            });
            Matrix.FromVector(new float[4]);
            net.Clone();
            Checkpoint.Load(Checkpoint.ToBytes(net, adam));
        }

        [Test("what is left to the collector ends, in any order")]
        private static void Collector()
        {
            const int rounds = 30;
            released = 0;
            // On other threads, so that nothing stays on this one's stack.
            for (int i = 0; i < rounds; i++)
            {
                Thread thread = new Thread(Litter);
                thread.Start();
                thread.Join();
            }
            for (int i = 0; i < 50 && released < 2 * rounds; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                Thread.Sleep(1);
            }
            // The collector scans stacks conservatively: it may keep a few.
            Expect.That(released >= 2 * (rounds - 3), released + " releases of " + 2 * rounds);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static List<WeakReference> Used()
        {
            List<WeakReference> used = new List<WeakReference>();
            Action<object> note = o => used.Add(new WeakReference(o));
            using (Net net = Some.Classifier())
            {
                float[] x = new float[64], y = new float[3];
                note(x);
                note(y);
                net.RunView(x, y);
                net.RunMany(new View[] { x }, new View[] { y });
                using (PendingRun run = net.RunAsync(new View[] { x }, new View[] { y })) run.Wait();
                Samples images = Some.Images(4);
                note(images);
                net.Evaluate(images);
                HostLayer refused = new HostLayer { Kind = "refused", Forward = call => note(net) };
                note(refused.Forward);
                using (Net other = new Net())
                    Expect.Throws<CnnException>(() => other.HostLayer(other.Input("x", 1), refused));
                HostActivation nobody = new HostActivation {
                    Kind = "nobody", Forward = (a, b) => note(net),
                    Backward = (a, b, c, d) => note(net) };
                note(nobody.Forward);
                Expect.Throws<CnnException>(() => net.BindHostActivation("nobody", nobody));
                Expect.Throws<CnnException>(() => net.HostActivation(default(Node), nobody));
                DeviceOptions options = new DeviceOptions { Released = () => note(net) };
                note(options.Released);
                Expect.Throws<CnnException>(() => Device.Open("nonsense", options));
            }
            return used;
        }

        [Test("nothing is held after a call that used it, or refused it")]
        private static void NothingHeld()
        {
            int alive = 0, all = 0;
            // The collector scans stacks conservatively: of several rounds it may keep one's.
            for (int round = 0; round < 8; round++)
            {
                List<WeakReference> used = null;
                Thread thread = new Thread(() => used = Used());
                thread.Start();
                thread.Join();
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
                alive += used.Count(u => u.IsAlive);
                all += used.Count;
            }
            Expect.That(alive <= all / 8, alive + " of " + all + " are held");
        }

        [Test("any order of disposing")]
        private static void Orders()
        {
            for (int order = 0; order < 6; order++)
            {
                Device device = Device.Open("cpu");
                Net net = Some.Classifier(device);
                Optimizer adam = new Optimizer(OptimizerKind.Adam);
                net.TrainStep(adam, Some.Images(4));
                List<IDisposable> all = new List<IDisposable> { device, net, adam };
                IDisposable first = all[order % 3];
                all.RemoveAt(order % 3);
                first.Dispose();
                all[order / 3].Dispose();
                all[1 - order / 3].Dispose();
                first.Dispose();
            }
        }

        [Test("collections while other threads compute")]
        private static void Stress()
        {
            bool done = false;
            Thread collector = new Thread(() =>
            {
                while (!Volatile.Read(ref done))
                {
                    GC.Collect();
                    Thread.Sleep(1);
                }
            });
            collector.Start();
            try
            {
                using (Net net = Some.Classifier())
                using (Optimizer adam = new Optimizer(OptimizerKind.Adam))
                    for (int i = 0; i < 150; i++)
                    {
                        Samples images = Some.Images(16, i);
                        net.TrainStep(adam, images);
                        net.Evaluate(images);
                        net.Run((byte[])(object)new byte[64], new float[3], Layout.Nchw);
                        net.RunMany(new View[] { new float[64] }, new View[] { new float[3] });
                    }
            }
            finally
            {
                Volatile.Write(ref done, true);
                collector.Join();
            }
        }
    }

    internal static class ThreadsTest
    {
        [Test("nets of several threads on one device, with the same bits")]
        private static void Threads()
        {
            Samples images = Some.Images(64);
            Func<float[]> train = () =>
            {
                using (Net net = Some.Classifier())
                using (Optimizer adam = new Optimizer(OptimizerKind.Adam))
                {
                    net.Fit(adam, images, new FitOptions { Epochs = 5, Progress = p => true });
                    return net.GetVector();
                }
            };
            float[] wanted = train();
            Exception failure = null;
            Thread[] threads = Enumerable.Range(0, 6).Select(i => new Thread(() =>
            {
                try
                {
                    for (int j = 0; j < 3; j++) Expect.Same(wanted, train());
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            })).ToArray();
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            if (failure != null) throw new TestFailure(failure.ToString());
        }
    }
}
