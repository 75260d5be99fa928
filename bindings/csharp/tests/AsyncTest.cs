// Runs beside the calling thread.

using System;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace CnnSharp.Tests
{
    internal static class AsyncTest
    {
        // Some milliseconds' work.
        private static Net Slow(Device device)
        {
            Net net = new Net(seed: 2);
            Node n = net.Input("x", 8, 32, 32);
            for (int i = 0; i < 4; i++)
                n = net.Conv2d(n, new Conv2d { Filters = 8, Kernel = 3, Padding = Padding.Same });
            net.Compile(device, 4);
            return net;
        }

        private static Device[] Devices()
        {
            return new[] { Device.Open("cpu", new DeviceOptions { Threads = 1 }),
                           Device.Open("cpu", new DeviceOptions { Threads = 2 }) };
        }

        [Test("the same bits as a run's, by waiting, polling and awaiting")]
        private static void Bits()
        {
            foreach (Device device in Devices())
                using (device)
                using (Net net = Slow(device))
                {
                    float[] x = Some.Numbers(8 * 8192), wanted = net.Run(x);
                    float[] y = new float[wanted.Length];
                    for (int how = 0; how < 4; how++)
                    {
                        Array.Clear(y, 0, y.Length);
                        using (PendingRun run = net.RunAsync(new View[] { x }, new View[] { y }))
                        {
                            GC.Collect();
                            if (how == 0) run.Wait();
                            else if (how == 1) while (!run.Wait(TimeSpan.FromMilliseconds(1))) { }
                            else if (how == 2) Awaited(run).Wait();
                            else run.Completion.Wait();
                            Expect.That(run.IsDone, "it isn't done");
                            run.Wait();
                        }
                        Expect.Same(wanted, y);
                    }
                }
        }

        private static async Task Awaited(PendingRun run)
        {
            await run;
            await run;
        }

        [Test("what is busy meanwhile")]
        private static void Busy()
        {
            foreach (Device device in Devices())
                using (device)
                using (Net net = new Net())
                using (Gate gate = new Gate())
                {
                    gate.Add(net, net.Input("x", 2));
                    net.Compile(device);
                    float[] to = new float[2];
                    using (PendingRun run = net.RunAsync(new View[] { new float[] { 1, 2 } },
                                                         new View[] { to }))
                    {
                        Expect.That(!run.IsDone, "it is done");
                        Expect.Throws(Status.Busy, () => net.Run(new float[2]));
                        Expect.Throws(Status.Busy, () => net.Compile(device));
                        net.ToBytes();
                        gate.Open();
                        run.Wait();
                        Expect.Same(new float[] { 1, 2 }, to);
                        Expect.Same(new float[2], net.Run(new float[2]));
                    }
                }
        }

        [Test("several nets at once; mistakes are thrown where they are made")]
        private static void Several()
        {
            foreach (Device device in Devices())
                using (device)
                using (Net first = Slow(device))
                using (Net second = Slow(device))
                {
                    float[] x = Some.Numbers(40 * 8192), wanted = first.Run(x);
                    float[] y = new float[wanted.Length], z = new float[wanted.Length];
                    using (PendingRun a = first.RunAsync(new View[] { x }, new View[] { y }))
                    using (PendingRun b = second.RunAsync(new View[] { x }, new View[] { z }))
                    {
                        a.Wait();
                        b.Wait();
                    }
                    Expect.Same(wanted, y);
                    Expect.Same(wanted, z);
                    Expect.Throws(Status.ShapeMismatch, () => first.RunAsync(
                        new View[] { new float[5] }, new View[] { y }));
                    Expect.Throws<ArgumentNullException>(() => first.RunAsync(null, new View[0]));
                }
        }

        [Test("a token and Cancel end it")]
        private static void Cancelling()
        {
            foreach (Device device in Devices())
                using (device)
                using (Net net = new Net())
                using (Gate gate = new Gate())
                {
                    net.Dense(gate.Add(net, net.Input("x", 3)), 2);
                    net.Compile(device, 4);
                    float[] x = new float[8 * 3], y = new float[8 * 2];
                    CancellationTokenSource source = new CancellationTokenSource();
                    using (PendingRun run = net.RunAsync(new View[] { x }, new View[] { y }, null,
                                                         source.Token))
                    {
                        Task task = run.Completion;
                        gate.WaitUntilEntered();
                        source.Cancel();
                        gate.Open();
                        try
                        {
                            task.Wait();
                        }
                        catch (AggregateException)
                        {
                        }
                        Expect.That(task.IsCanceled, "the task is " + task.Status);
                        Expect.Throws<OperationCanceledException>(() => run.Wait());
                    }
                    Expect.Throws<OperationCanceledException>(() => net.RunAsync(
                        new View[] { x }, new View[] { y }, null, source.Token));
                    net.Run(x);
                }
        }

        [Test("what a layer of the host's throws comes out of the wait")]
        private static void Exceptions()
        {
            Device[] devices = Devices();
            foreach (Device device in devices)
                using (device)
                using (Net net = new Net())
                {
                    InvalidOperationException mine = new InvalidOperationException("mine");
                    bool fails = true;
                    net.HostActivation(net.Input("x", 2), new HostActivation
                    {
                        Kind = "odd",
                        Forward = (x, y) =>
                        {
                            if (fails) throw mine;
                            x.CopyTo(y);
                        },
                        Backward = (x, y, dy, dx) => { },
                    });
                    net.Compile(device);
                    float[] to = new float[2];
                    using (Net clone = net.Clone())
                    {
                        clone.Compile(device);
                        using (PendingRun run = clone.RunAsync(new View[] { new float[2] },
                                                               new View[] { to }))
                        {
                            if (device == devices[1]) SpinWait.SpinUntil(() => run.IsDone, 10000);
                            Expect.Throws<InvalidOperationException>(run.Wait);
                        }
                    }
                    using (PendingRun run = net.RunAsync(new View[] { new float[2] },
                                                         new View[] { to }))
                    {
                        // By a thread of the device's, where it has one.
                        if (device == devices[1]) SpinWait.SpinUntil(() => run.IsDone, 10000);
                        for (int i = 0; i < 2; i++)
                            Expect.That(ReferenceEquals(mine, Expect.Throws<InvalidOperationException>(
                                run.Wait)), "another exception");
                        Expect.That(run.Completion.ContinueWith(t => t.Exception.InnerException)
                                       .Result == mine, "another exception by the task");
                    }
                    fails = false;
                    using (PendingRun run = net.RunAsync(new View[] { new float[] { 3, 4 } },
                                                         new View[] { to }))
                        run.Wait();
                    Expect.Equal(4f, to[1]);
                }
        }

        // A collection stops every thread that ever called into the runtime, so also the device's.
        [Test("collections while a thread of the device's calls a layer of the host's")]
        private static void Collections()
        {
            for (int round = 0; round < 10; round++)
                using (Device device = Device.Open("cpu", new DeviceOptions { Threads = 2 }))
                using (Net net = new Net())
                {
                    net.HostActivation(net.Input("x", 2), new HostActivation
                    {
                        Kind = "littering",
                        Forward = (x, y) =>
                        {
                            GC.KeepAlive(new byte[1000]);
                            x.CopyTo(y);
                        },
                        Backward = (x, y, dy, dx) => { },
                    });
                    net.Compile(device);
                    for (int i = 0; i < 20; i++)
                        using (PendingRun run = net.RunAsync(new View[] { new float[20] },
                                                             new View[] { new float[20] }))
                        {
                            GC.Collect();
                            SpinWait.SpinUntil(() => run.IsDone, 1000);
                            run.Wait();
                        }
                }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Forget(Device device)
        {
            Net net = Slow(device);
            net.RunAsync(new View[] { new float[40 * 8192] }, new View[] { new float[40 * 8192] });
        }

        [Test("one that is forgotten, and one that is disposed of before it is done")]
        private static void Forgotten()
        {
            foreach (Device device in Devices())
                using (device)
                {
                    for (int i = 0; i < 5; i++)
                    {
                        Thread thread = new Thread(() => Forget(device));
                        thread.Start();
                        thread.Join();
                        GC.Collect();
                        GC.WaitForPendingFinalizers();
                    }
                    using (Net net = Slow(device))
                    {
                        float[] x = new float[100 * 8192], y = new float[x.Length];
                        PendingRun run = net.RunAsync(new View[] { x }, new View[] { y });
                        run.Dispose();
                        run.Dispose();
                        Expect.That(run.IsDone, "it isn't done");
                        Expect.Throws<ObjectDisposedException>(() => run.Wait());
                        net.Run(new float[8192]);
                    }
                }
        }
    }
}
