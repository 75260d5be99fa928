// Runs every method with a [Test] and says how many passed and failed.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Reflection;
using System.Threading;

namespace CnnSharp.Tests
{
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class TestAttribute : Attribute
    {
        internal TestAttribute(string what)
        {
            What = what;
        }

        internal string What { get; }
    }

    internal sealed class TestFailure : Exception
    {
        internal TestFailure(string message) : base(message)
        {
        }
    }

    internal static class Expect
    {
        internal static void That(bool holds, string what)
        {
            if (!holds) throw new TestFailure(what);
        }

        internal static void Equal<T>(T expected, T actual, string what = "value")
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
                throw new TestFailure(what + " is " + actual + ", not " + expected);
        }

        internal static void Near(double expected, double actual, double tolerance,
                                  string what = "value")
        {
            if (!(Math.Abs(expected - actual) <= tolerance))
                throw new TestFailure(what + " is " + actual + ", not " + expected + " to " +
                                      tolerance);
        }

        internal static void Near(IReadOnlyList<float> expected, IReadOnlyList<float> actual,
                                  double tolerance, string what = "element")
        {
            Equal(expected.Count, actual.Count, what + "s' count");
            for (int i = 0; i < expected.Count; i++)
                Near(expected[i], actual[i], tolerance, what + " " + i);
        }

        internal static void Same(IReadOnlyList<float> expected, IReadOnlyList<float> actual,
                                  string what = "element")
        {
            Near(expected, actual, 0, what);
        }

        internal static T Throws<T>(Action action) where T : Exception
        {
            try
            {
                action();
            }
            catch (T exception)
            {
                return exception;
            }
            throw new TestFailure("nothing threw " + typeof(T).Name);
        }

        internal static CnnException Throws(Status status, Action action)
        {
            CnnException exception = Throws<CnnException>(action);
            if (exception.Status != status)
                throw new TestFailure("status is " + exception.Status + " (" + exception.Message +
                                      "), not " + status);
            return exception;
        }

        internal static void Contains(string part, string text)
        {
            if (text.IndexOf(part, StringComparison.Ordinal) < 0)
                throw new TestFailure("\"" + text + "\" says nothing of \"" + part + "\"");
        }
    }

    internal static class Runner
    {
        // The folder of the repository, whose tests/abi/layout.txt is compared with.
        internal static string Root = ".";

        // Runner.exe ROOT [part of a test's name]
        private static int Main(string[] arguments)
        {
            if (arguments.Length > 0) Root = arguments[0];
            string wanted = arguments.Length > 1 ? arguments[1] : "";
            int passed = 0, failed = 0;
            foreach (Type type in typeof(Runner).Assembly.GetTypes())
            {
                BindingFlags methods =
                    BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;
                foreach (MethodInfo method in type.GetMethods(methods))
                {
                    TestAttribute test = method.GetCustomAttribute<TestAttribute>();
                    if (test == null) continue;
                    string name = type.Name + ": " + test.What;
                    if (name.IndexOf(wanted, StringComparison.OrdinalIgnoreCase) < 0) continue;
                    if (Passes(name, method)) passed++;
                    else failed++;
                }
            }
            Console.WriteLine(passed + " passed, " + failed + " failed");
            return failed == 0 && passed > 0 ? 0 : 1;
        }

        private static bool Passes(string name, MethodInfo method)
        {
            Stopwatch watch = Stopwatch.StartNew();
            try
            {
                ((Action)Delegate.CreateDelegate(typeof(Action), method))();
                Console.WriteLine("ok   " + name + " (" + watch.ElapsedMilliseconds + " ms)");
                return true;
            }
            catch (TestFailure failure)
            {
                Console.WriteLine("FAIL " + name + ": " + failure.Message);
                Console.WriteLine(failure.StackTrace);
            }
            catch (Exception exception)
            {
                Console.WriteLine("FAIL " + name + ": " + exception);
            }
            return false;
        }
    }

    // What many tests start from.
    // A layer that a run waits in until it may go on, so that it is met there however busy the
    // machine is.
    internal sealed class Gate : IDisposable
    {
        private readonly ManualResetEvent entered = new ManualResetEvent(false);
        private readonly ManualResetEvent open = new ManualResetEvent(false);

        internal Node Add(Net net, Node input)
        {
            return net.HostActivation(input, new HostActivation
            {
                Kind = "gate",
                Forward = (x, y) =>
                {
                    entered.Set();
                    open.WaitOne();
                    x.CopyTo(y);
                },
                Backward = (x, y, dy, dx) => { },
            });
        }

        internal void WaitUntilEntered() { entered.WaitOne(); }

        internal void Open() { open.Set(); }

        internal void Close()
        {
            open.Reset();
            entered.Reset();
        }

        public void Dispose()
        {
            entered.Dispose();
            open.Dispose();
        }
    }

    internal static class Some
    {
        internal static readonly Device Cpu = Device.Open("cpu");

        internal static float[] Numbers(int count, int seed = 1, double scale = 1)
        {
            Random random = new Random(seed);
            float[] numbers = new float[count];
            for (int i = 0; i < count; i++)
                numbers[i] = (float)(scale * (2 * random.NextDouble() - 1));
            return numbers;
        }

        // Four places of x xor y.
        internal static Samples Xor => new Samples
        {
            Inputs = new float[] { 0, 0, 0, 1, 1, 0, 1, 1 },
            Targets = new float[] { 0, 1, 1, 0 },
        };

        internal static Net XorNet(ulong seed = 0)
        {
            Net net = new Net("xor", seed);
            Node n = net.Input("x", 2);
            n = net.Dense(n, 3, Activation.Tanh);
            n = net.Dense(n, 1, Activation.Sigmoid);
            net.Loss(n, LossKind.Mse);
            return net;
        }

        // A classifier of 1 x 8 x 8 images into 3 classes, compiled.
        internal static Net Classifier(Device device = null, ulong seed = 1, long maxBatch = 16)
        {
            Net net = new Net("classifier", seed);
            Node n = net.Input("image", 1, 8, 8);
            n = net.Conv2d(n, new Conv2d { Filters = 4, Kernel = 3, Activation = Activation.Relu });
            n = net.MaxPool2d(n, 2);
            n = net.Dense(n, 3);
            net.Loss(n, LossKind.SoftmaxCrossEntropy);
            net.Compile(device ?? Cpu, maxBatch);
            return net;
        }

        // Images whose class is where they are bright.
        internal static Samples Images(int count, int seed = 1)
        {
            Random random = new Random(seed);
            byte[] images = new byte[count * 64];
            byte[] labels = new byte[count];
            for (int i = 0; i < count; i++)
            {
                labels[i] = (byte)random.Next(3);
                for (int j = 0; j < 64; j++)
                    images[64 * i + j] = (byte)(random.Next(60) + (j / 24 == labels[i] ? 180 : 0));
            }
            return new Samples { Inputs = images, Labels = labels, Scale = 1 / 255f };
        }
    }
}
