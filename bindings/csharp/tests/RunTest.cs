// Devices, running, views, evaluation, gradients.

using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace CnnSharp.Tests
{
    internal static class DeviceTest
    {
        [Test("every device listed opens, and computes what the CPU does")]
        private static void Every()
        {
            IReadOnlyList<DeviceInfo> devices = Device.List();
            Expect.That(devices.Any(d => d.Spec == "cpu"), "no CPU is listed");
            float[] x = Some.Numbers(3 * 64);
            float[] y;
            using (Net net = Some.Classifier()) y = net.Run(x);
            foreach (DeviceInfo info in devices)
                using (Device device = Device.Open(info.Spec))
                using (Net net = Some.Classifier(device))
                {
                    Expect.Equal(info.Name, device.Info.Name);
                    Expect.Equal(info.Kind, device.Info.Kind);
                    Expect.That(info.ComputeUnits > 0 && info.ToString().Contains(info.Name),
                                "units and text of " + info.Spec);
                    Expect.Near(y, net.Run(x), 1e-4, info.Spec + "'s output");
                }
        }

        [Test("a device that isn't there")]
        private static void Missing()
        {
            Expect.Contains("cpu", Expect.Throws(Status.NotFound,
                                                 () => Device.Open("opencl:77.0")).Message);
            int released = 0;
            Expect.Throws<CnnException>(() => Device.Open(
                "nonsense", new DeviceOptions { Released = () => released++ }));
            Expect.Equal(0, released, "releases of a device that never opened");
        }

        private sealed class Counting : IAllocator
        {
            internal readonly ConcurrentDictionary<IntPtr, IntPtr> Blocks =
                new ConcurrentDictionary<IntPtr, IntPtr>();
            internal long Bytes, Most;
            internal volatile bool Full;

            public IntPtr Allocate(long bytes, long alignment)
            {
                if (Full) throw new InvalidOperationException("full");
                IntPtr raw = Marshal.AllocHGlobal((IntPtr)(bytes + alignment));
                long aligned = ((long)raw + alignment - 1) / alignment * alignment;
                Blocks[(IntPtr)aligned] = raw;
                Most = Math.Max(Most, Interlocked.Add(ref Bytes, bytes));
                return (IntPtr)aligned;
            }

            public void Free(IntPtr pointer, long bytes, long alignment)
            {
                IntPtr raw;
                if (!Blocks.TryRemove(pointer, out raw)) Environment.FailFast("freed twice");
                Interlocked.Add(ref Bytes, -bytes);
                Marshal.FreeHGlobal(raw);
            }
        }

        [Test("the host's allocator serves a device until it is released")]
        private static void Allocator()
        {
            Counting counting = new Counting();
            int released = 0;
            Device device = Device.Open("cpu", new DeviceOptions {
                Allocator = counting, Threads = 2, Released = () => released++ });
            Net net = Some.Classifier(device);
            net.Run(new float[64]);
            Expect.That(counting.Bytes > 0, "the allocator served nothing");
            Expect.Equal(device.Info.MemoryUsed, counting.Bytes, "bytes");
            Expect.Equal(device.Info.MemoryPeak, counting.Most, "the most bytes");
            counting.Full = true;
            using (Net other = Some.XorNet())
                Expect.Throws(Status.OutOfMemory, () => other.Compile(device, 512));
            counting.Full = false;
            device.Dispose();
            net.Run(new float[64]);
            Expect.Equal(0, released, "releases while a net is compiled on it");
            net.Dispose();
            Expect.Equal(1, released, "releases");
            Expect.Equal(0L, counting.Bytes, "bytes at the end");
        }

        [Test("a limit of memory holds")]
        private static void Limit()
        {
            using (Device device = Device.Open("cpu", new DeviceOptions { MemoryLimit = 4096 }))
            using (Net net = new Net())
            {
                net.Dense(net.Input("x", 100), 100);
                Expect.Throws(Status.LimitExceeded, () => net.Compile(device, 64));
            }
            Expect.Throws(Status.OutOfRange,
                          () => Device.Open("cpu", new DeviceOptions { MemoryLimit = -1 }));
        }

        [Test("built programs go to the folder that is named, and to no other")]
        private static void Cache()
        {
            DeviceInfo opencl = Device.List().FirstOrDefault(d => d.Backend == "opencl");
            if (opencl == null) return;
            string folder = Path.Combine(Path.GetTempPath(), "cnn-" + Guid.NewGuid());
            Directory.CreateDirectory(folder);
            using (Device device = Device.Open(opencl.Spec, new DeviceOptions {
                CacheDirectory = folder }))
            using (Net net = Some.Classifier(device))
                net.Run(new float[64]);
            Expect.That(Directory.GetFileSystemEntries(folder).Length > 0, "nothing was written");
            Directory.Delete(folder, true);
        }

        [Test("the host's own threads compute the same bits, whatever they leave out")]
        private static void ParallelFor()
        {
            Func<DeviceOptions, float[]> run = options =>
            {
                using (Device device = Device.Open("cpu", options))
                using (Net net = new Net(seed: 1))
                {
                    Node n = net.Input("x", 8, 64, 64);
                    net.Conv2d(n, new Conv2d { Filters = 16, Kernel = 3 });
                    net.Compile(device, 4);
                    float[] y = null;
                    float[] x = Some.Numbers(4 * 8 * 64 * 64);
                    for (int i = 0; i < 5; i++) y = net.Run(x);
                    return y;
                }
            };
            float[] wanted = run(new DeviceOptions { Threads = 4 });
            int calls = 0, bodies = 0;
            Expect.Same(wanted, run(new DeviceOptions
            {
                Threads = 4,
                ParallelFor = (count, body) =>
                {
                    Interlocked.Increment(ref calls);
                    Parallel.For(0, count, i =>
                    {
                        Interlocked.Increment(ref bodies);
                        if (i == 1) GC.Collect(0);
                        body(i);
                    });
                },
            }), "by Parallel.For");
            Expect.That(calls >= 5 && bodies > calls, calls + " calls, " + bodies + " bodies");
            foreach (Action<int, Action<int>> odd in new Action<int, Action<int>>[] {
                (count, body) => { },
                (count, body) => { for (int i = count - 1; i > 0; i--) body(i); },
                (count, body) => { body(0); throw new InvalidOperationException("odd"); },
                (count, body) => { for (int i = 0; i < 2 * count; i++) body(i / 2); },
                (count, body) => body(count) })
                Expect.Same(wanted, run(new DeviceOptions { Threads = 4, ParallelFor = odd }));
        }

        [Test("the log reaches the host, whose exceptions are dropped")]
        private static void Log()
        {
            ConcurrentQueue<string> lines = new ConcurrentQueue<string>();
            using (Device device = Device.Open("cpu", new DeviceOptions {
                LogLevel = LogLevel.Debug,
                Log = (level, text) =>
                {
                    lines.Enqueue(level + " " + text);
                    throw new InvalidOperationException("a log that fails");
                } }))
            using (Net net = Some.Classifier(device))
                net.Run(new float[64]);
            Expect.That(lines.Count > 0, "nothing was logged");
        }
    }

    internal static class RunTest
    {
        [Test("arrays and spans, of any number of samples")]
        private static void Spans()
        {
            using (Net net = Some.Classifier(maxBatch: 4))
            {
                float[] x = Some.Numbers(10 * 64), y = net.Run(x);
                Expect.Equal(30, y.Length);
                float[] part = new float[8];
                net.Run(x.AsSpan(128, 128), part.AsSpan(1, 6));
                Expect.Equal(0f, part[0], "before the span");
                Expect.Equal(0f, part[7], "after the span");
                Expect.Near(y.Skip(6).Take(6).ToArray(), part.Skip(1).Take(6).ToArray(), 1e-6);
                Expect.Throws(Status.ShapeMismatch, () => net.Run(new float[65], new float[3]));
                Expect.Throws(Status.ShapeMismatch, () => net.Run(new float[64], new float[4]));
                Expect.Throws(Status.ShapeMismatch, () => net.Run(new float[65]));
                Expect.Throws<ArgumentNullException>(() => net.Run((float[])null));
                Expect.Same(y, net.Run(x));
            }
        }

        [Test("an array for the first output that was declared")]
        private static void FirstOutput()
        {
            using (Net net = new Net())
            {
                Node x = net.Input("x", 2), wide = net.Dense(x, 7), narrow = net.Dense(wide, 3);
                net.Dense(narrow, 9);
                net.Output(narrow);
                net.Output(wide);
                net.Compile(Some.Cpu, 2);
                Expect.Equal(6, net.Run(new float[4]).Length);
            }
            using (Net net = new Net())
            {
                net.Loss(net.Dense(net.Dense(net.Input("x", 2), 7), 3), LossKind.Mse);
                net.Compile(Some.Cpu, 2);
                Expect.Equal(6, net.Run(new float[4]).Length);
            }
        }

        [Test("bytes, channels last, scale and mean")]
        private static void Bytes()
        {
            using (Net net = new Net(seed: 5))
            {
                net.Conv2d(net.Input("rgb", 3, 4, 5), new Conv2d { Filters = 2, Kernel = 2 });
                net.Compile(Some.Cpu, 2);
                byte[] pixels = new byte[2 * 4 * 5 * 3];
                new Random(1).NextBytes(pixels);
                float[] scale = { 1 / 255f, 1 / 128f, 1 / 64f }, mean = { 10, 20, 30 };
                float[] planes = new float[pixels.Length];
                for (int n = 0; n < 2; n++)
                    for (int p = 0; p < 20; p++)
                        for (int c = 0; c < 3; c++)
                            planes[(n * 3 + c) * 20 + p] =
                                (pixels[(n * 20 + p) * 3 + c] - mean[c]) * scale[c];
                float[] wanted = net.Run(planes), y = new float[wanted.Length];
                net.Run(pixels, y, Layout.Nhwc, scale, mean);
                Expect.Near(wanted, y, 1e-5, "of a span of bytes");
                Array.Clear(y, 0, y.Length);
                net.RunView(new View { Data = pixels, Layout = Layout.Nhwc, Scale = scale, Mean = mean },
                        y);
                Expect.Near(wanted, y, 1e-5, "of a view");
                float[] last = pixels.Select(b => (float)b).ToArray();
                net.RunView(new View { Data = last.AsMemory(), Layout = Layout.Nhwc, Scale = scale,
                                   Mean = mean }, y.AsMemory());
                Expect.Near(wanted, y, 1e-5, "of a view of floats");
                Expect.Throws<ArgumentException>(() => new View { Scale = new float[5] });
            }
        }

        private sealed unsafe class Native : MemoryManager<float>
        {
            private readonly IntPtr memory;
            private readonly int length;
            internal int Pins, Unpins;

            internal Native(int length)
            {
                this.length = length;
                memory = Marshal.AllocHGlobal(4 * length);
            }

            public override Span<float> GetSpan() => new Span<float>((void*)memory, length);

            public override MemoryHandle Pin(int start = 0)
            {
                Pins++;
                return new MemoryHandle((float*)memory + start, default(GCHandle), this);
            }

            public override void Unpin()
            {
                Unpins++;
            }

            protected override void Dispose(bool disposing)
            {
                Marshal.FreeHGlobal(memory);
            }
        }

        [Test("memory of every sort: slices, arrays of more axes, native memory, pointers")]
        private static void Memories()
        {
            using (Net net = Some.Classifier())
            {
                float[] x = Some.Numbers(64), wanted = net.Run(x), y = new float[3];
                float[] padded = new float[70];
                x.CopyTo(padded, 5);
                net.RunView((ReadOnlyMemory<float>)padded.AsMemory(5, 64), y);
                Expect.Same(wanted, y, "of a slice");
                float[,,] image = new float[1, 8, 8];
                Buffer.BlockCopy(x, 0, image, 0, 256);
                net.RunView(new View { Data = Data.FromArray(image) }, y);
                Expect.Same(wanted, y, "of an array of three axes");
                Native native = new Native(64);
                x.CopyTo(native.GetSpan());
                net.RunView(native.Memory, y);
                Expect.Same(wanted, y, "of native memory");
                Expect.Equal(1, native.Pins, "pins");
                Expect.Equal(1, native.Unpins, "unpins");
                GCHandle pin = GCHandle.Alloc(x, GCHandleType.Pinned);
                net.RunView(Data.FromPointer(pin.AddrOfPinnedObject(), 64), y);
                pin.Free();
                Expect.Same(wanted, y, "of a pointer");
                Expect.Throws<ArgumentException>(
                    () => net.RunView(x, (ReadOnlyMemory<float>)y.AsMemory()));
                Expect.Throws<ArgumentException>(() => Data.FromArray(new double[3]));
                Expect.Throws(Status.Unsupported, () => net.RunView(new int[64], (View)y));
                Expect.Throws<CnnException>(() => net.RunView(new View(), (View)y));
                Expect.Throws<ArgumentNullException>(() => net.RunView((View)null, y));
            }
        }

        [Test("several inputs and outputs, softmax and training as options")]
        private static void Many()
        {
            using (Net net = new Net(seed: 2))
            {
                Node a = net.Input("a", 2), b = net.Input("b", 3);
                Node sum = net.Add(net.Dense(a, 4), net.Dense(b, 4));
                Node dropped = net.Dropout(sum, 0.5f);
                net.Output(dropped);
                net.Output(sum);
                Node last = net.Dense(sum, 5);
                Expect.Equal(0, net.Describe(dropped).OutputIndex);
                Expect.Equal(1, net.Describe(sum).OutputIndex);
                Expect.That(!net.Describe(last).IsOutput, "the last node is an output");
                net.Compile(Some.Cpu, 2);
                float[] x = { 1, 2, 3, 4 }, z = { 1, 2, 3, 4, 5, 6 };
                float[] first = new float[8], second = new float[8];
                net.RunMany(new View[] { x, z }, new View[] { first, second });
                Expect.Same(second, first, "without dropout");
                net.RunMany(new View[] { x, z }, new View[] { first, second },
                            new RunOptions { Softmax = true });
                Expect.Near(1, first.Take(4).Sum(), 1e-6, "sum of probabilities");
                net.RunMany(new View[] { x, z }, new View[] { first, second },
                            new RunOptions { Training = true });
                Expect.That(first.Count(v => v == 0) > 0, "nothing was dropped");
                Expect.Throws(Status.InvalidArgument,
                              () => net.RunMany(new View[] { x }, new View[] { first, second }));
                Expect.Throws<ArgumentNullException>(() => net.RunMany(null, new View[] { first }));
                Expect.Throws<CnnException>(
                    () => net.RunMany(new View[] { x, null }, new View[] { first, second }));
            }
        }

        [Test("evaluation counts what is right, with any type of label")]
        private static void Evaluate()
        {
            using (Net net = new Net())
            {
                net.Loss(net.Input("x", 2), LossKind.SoftmaxCrossEntropy);
                net.Compile(Some.Cpu, 2);
                float[] x = { 1, 0, 0, 1, 2, 0 };
                foreach (Data labels in new Data[] { new byte[] { 0, 1, 1 }, new[] { 0, 1, 1 },
                                                     new long[] { 0, 1, 1 } })
                {
                    Evaluation e = net.Evaluate(new Samples { Inputs = x, Labels = labels });
                    Expect.Equal(3L, e.Samples);
                    Expect.Equal(2L, e.Correct);
                    Expect.Near(2.0 / 3, e.Accuracy.Value, 1e-9);
                }
                Expect.Throws(Status.OutOfRange, () => net.Evaluate(
                    new Samples { Inputs = x, Labels = new[] { 0, 1, 2 } }));
                Expect.Throws<ArgumentException>(() => net.Evaluate(
                    new Samples { Inputs = x, Targets = new[] { 0, 1, 1 } }));
                Expect.Throws<ArgumentNullException>(() => net.Evaluate(null));
            }
            using (Net net = Some.XorNet())
            {
                net.Compile(Some.Cpu, 4);
                Expect.Equal(null, net.Evaluate(Some.Xor).Accuracy);
            }
        }

        [Test("samples of several inputs and losses")]
        private static void SampleViews()
        {
            using (Net net = new Net())
            {
                Node a = net.Input("a", 2), b = net.Input("b", 3);
                net.Loss(a, LossKind.SumOfSquares);
                net.Loss(b, LossKind.SoftmaxCrossEntropy);
                net.Compile(Some.Cpu, 2);
                Evaluation e = net.Evaluate(new Samples
                {
                    InputViews = new View[] { new[] { 1f, 1 }, new[] { 0f, 0, 0 } },
                    TargetViews = new View[] { new[] { 0f, 0 }, new[] { 2 } },
                });
                Expect.Near(2 + Math.Log(3), e.Loss, 1e-6);
            }
        }

        [Test("the gradient of a loss is that of differences; backward from the host's dL/dy")]
        private static void Gradients()
        {
            using (Net net = Some.XorNet(seed: 4))
            {
                net.Compile(Some.Cpu, 4);
                double loss = net.LossGradient(Some.Xor);
                float[] gradient = net.GetVector(VectorKind.Gradient);
                float[] theta = net.GetVector();
                const float step = 1e-2f;
                theta[3] += step;
                net.SetVector(VectorKind.Parameters, theta);
                double above = net.Evaluate(Some.Xor).Loss;
                theta[3] -= 2 * step;
                net.SetVector(VectorKind.Parameters, theta);
                double below = net.Evaluate(Some.Xor).Loss;
                theta[3] += step;
                net.SetVector(VectorKind.Parameters, theta);
                Expect.Near((above - below) / (2 * step), gradient[3], 1e-4);
                Expect.Near(loss, net.LossGradient(Some.Xor, training: true), 1e-7);

                float[] x = { 0, 0, 0, 1, 1, 0, 1, 1 }, y = net.Run(x);
                float[] dy = new float[4], dx = new float[8];
                for (int i = 0; i < 4; i++)
                    dy[i] = 2 * (y[i] - (i == 1 || i == 2 ? 1 : 0)) / 4;
                net.Backward(new Samples { Inputs = x }, new View[] { dy }, new View[] { dx });
                Expect.Near(gradient, net.GetVector(VectorKind.Gradient), 1e-6);
                Expect.That(dx.Any(v => v != 0), "no dL/dx");
                net.Backward(new Samples { Inputs = x }, new View[] { dy });
                Expect.Throws(Status.LimitExceeded, () => net.LossGradient(
                    new Samples { Inputs = new float[10], Targets = new float[5] }));

                GradientReport report = net.CheckGradient(Some.Xor, new GradientCheck {
                    Entries = 5, Directions = 0, Seed = 3 });
                Expect.Equal(5L, report.Entries + report.Skipped);
                Expect.Equal(0L, report.Directions);
                Expect.Equal(null, report.DirectionError);
                Expect.That(report.Error < 1e-3 && report.Index >= 0, "error " + report.Error);
                Expect.Contains(report.Tensor, report.Worst);
                Expect.Near(loss, report.Loss, 1e-6);
                report = net.CheckGradient(Some.Xor, new GradientCheck { Entries = 0 });
                Expect.Equal("", report.Worst);
                Expect.Equal(4L, report.Directions + report.SkippedDirections);
                Expect.Throws(Status.OutOfRange, () => net.CheckGradient(
                    Some.Xor, new GradientCheck { Tolerance = 1e-300 }));
            }
        }

        [Test("options of compiling and of checking gradients")]
        private static void Options()
        {
            using (Net net = Some.XorNet())
            using (Optimizer sgd = new Optimizer(OptimizerKind.Sgd))
            {
                Expect.Throws(Status.OutOfRange, () => net.Compile(
                    Some.Cpu, new CompileOptions { MaxBatch = 4, Batches = new[] { 2L, 5 } }));
                net.Compile(Some.Cpu, new CompileOptions { MaxBatch = 4, Batches = new[] { 1L, 2 } });
                net.Compile(
                    Some.Cpu, new CompileOptions { MaxBatch = 4, AcceptWinograd4x4 = true });
                net.Compile(Some.Cpu, new CompileOptions { MaxBatch = 4, InferenceOnly = true });
                Expect.Throws(Status.BadState, () => net.TrainStep(sgd, Some.Xor));
                Expect.Throws(Status.LimitExceeded, () => net.Compile(
                    Some.Cpu, new CompileOptions { MaxBatch = 4, MemoryLimit = 64 }));
            }
            using (Net net = new Net())
            {
                net.Loss(net.Dense(net.Dropout(net.Input("x", 20), 0.5f), 20), LossKind.Mse);
                net.Compile(Some.Cpu, 2);
                Samples samples = new Samples { Inputs = Some.Numbers(40),
                                                Targets = Some.Numbers(40, 2) };
                Func<ulong, bool, GradientReport> check = (seed, training) => net.CheckGradient(
                    samples, new GradientCheck { Entries = 3, Seed = seed, Training = training });
                Expect.Equal(check(1, false).Loss, check(2, false).Loss);
                Expect.That(check(1, false).Index != check(2, false).Index, "the same entries");
                Expect.That(check(1, false).Loss != check(1, true).Loss, "nothing was dropped");
                Expect.Throws(Status.LimitExceeded, () => net.LossGradient(
                    new Samples { Inputs = new float[60], Targets = new float[60] }, true));
            }
        }

        [Test("a token cancels a run; one that is cancelled before stops at once")]
        private static void Token()
        {
            using (Net net = new Net())
            using (Gate gate = new Gate())
            {
                net.Dense(gate.Add(net, net.Input("x", 3)), 2);
                net.Compile(Some.Cpu, 4);
                float[] x = new float[8 * 3], y = new float[8 * 2];
                CancellationTokenSource source = new CancellationTokenSource();
                Action cancelled = () => Expect.Equal(source.Token,
                    Expect.Throws<OperationCanceledException>(() => net.Run(x, y, source.Token))
                        .CancellationToken);
                source.Cancel();
                cancelled();
                gate.Open();
                net.Run(x, y, new CancellationTokenSource().Token);
                source = new CancellationTokenSource();
                Action<Action> meanwhile = cancel =>
                {
                    gate.WaitUntilEntered();
                    cancel();
                    gate.Open();
                };
                gate.Close();
                Thread canceller = new Thread(() => meanwhile(source.Cancel));
                canceller.Start();
                cancelled();
                canceller.Join();
                gate.Close();
                canceller = new Thread(() => meanwhile(net.Cancel));
                canceller.Start();
                Expect.Throws(Status.Cancelled, () => net.Run(x, y));
                canceller.Join();
                net.Run(x, y);
            }
        }
    }
}
