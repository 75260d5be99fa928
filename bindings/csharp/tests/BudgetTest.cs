// Running and training within a frame's time.

using System;
using System.Collections.Generic;
using System.Linq;

namespace CnnSharp.Tests
{
    internal static class BudgetTest
    {
        [Test("a run in instalments gives the bits of a run, wherever the collector moves things")]
        private static void Run()
        {
            using (Net net = new Net(seed: 2))
            {
                Node n = net.Input("x", 4, 16, 16);
                for (int i = 0; i < 4; i++)
                    n = net.Conv2d(n, new Conv2d { Filters = 8, Kernel = 3, Padding = Padding.Same });
                net.Compile(Some.Cpu, 2);
                float[] x = Some.Numbers(10 * 1024), wanted = net.Run(x);
                float[] y = new float[wanted.Length];
                using (BudgetedRun run = net.RunFor(new View[] { x }, new View[] { y }))
                {
                    RunProgress progress = run.Advance(0);
                    Expect.That(!progress.Done && progress.NextMicroseconds > 0, "nothing is planned");
                    progress = run.Advance(progress.NextMicroseconds / 1000);
                    Expect.That(!progress.Done, "it was done at once");
                    int calls = 0;
                    do
                    {
                        GC.Collect();
                        net.Run(new float[1024]);
                        progress = run.Advance(1.25 * progress.NextMicroseconds);
                        calls++;
                        Expect.That(progress.Fraction >= 0 && progress.Fraction <= 1, "fraction");
                    } while (!progress.Done && calls < 10000);
                    Expect.That(progress.Done, "it is never done");
                    Expect.Same(wanted, y);
                    // Another run, on what the arrays hold then.
                    float[] others = Some.Numbers(x.Length, 5);
                    float[] then = net.Run(others);
                    others.CopyTo(x, 0);
                    Expect.That(run.Advance(-1).Done, "it isn't done");
                    Expect.Same(then, y, "of the second run");
                    run.Advance(Math.Max(50, run.Advance(0).NextMicroseconds));
                    run.Restart();
                    Expect.That(run.Advance(-1).Done, "it isn't done");
                    Expect.Same(then, y, "after a restart");
                    Expect.Throws(Status.OutOfRange, () => run.Advance(double.NaN));
                    run.Dispose();
                    Expect.Throws<ObjectDisposedException>(() => run.Advance(1));
                }
                Expect.Throws<ArgumentException>(() => net.RunFor(
                    new View[] { x }, new View[] { new ReadOnlyMemory<float>(y) }));
            }
        }

        [Test("a fit in instalments gives the bits of a fit")]
        private static void Fit()
        {
            FitOptions options = new FitOptions { Epochs = 3, Batch = 8, Seed = 4,
                                                  Schedule = Schedule.Cosine,
                                                  Validation = Some.Images(40, 2) };
            float[] wanted;
            FitReport report;
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam, 0.01))
            {
                report = net.Fit(adam, Some.Images(100), options);
                wanted = net.GetVector();
            }
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam, 0.01))
            {
                int seen = 0;
                options.ProgressInterval = TimeSpan.Zero;
                options.Progress = p => ++seen > 0;
                FitProgress progress = net.FitFor(adam, Some.Images(100), 0, options);
                progress = net.FitFor(adam, Some.Images(100), progress.NextMicroseconds / 1000, options);
                Expect.That(!progress.Done && adam.Steps == 0, "it was done at once");
                int calls = 0;
                do
                {
                    GC.Collect();
                    progress = net.FitFor(adam, Some.Images(100),
                                          20 + 1.25 * progress.NextMicroseconds, options);
                    calls++;
                } while (!progress.Done && calls < 10000);
                Expect.That(progress.Done, "it is never done");
                Expect.That(seen > 0, "no progress");
                Expect.Same(wanted, net.GetVector());
                Expect.Equal(report.ValidationLoss.Value, progress.ValidationLoss, "validation");
            }
        }

        [Test("learning on line, without end, from samples that change")]
        private static void OnLine()
        {
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam, 0.01))
            {
                FitOptions options = new FitOptions { Batch = 8 };
                Samples test = Some.Images(60, 99);
                double before = net.Evaluate(test).Loss;
                FitProgress progress = net.FitFor(adam, Some.Images(32), 0, options);
                for (int frame = 0; adam.Steps < 400; frame++)
                {
                    progress = net.FitFor(adam, Some.Images(32 + frame % 3, frame),
                                          Math.Max(200, 1.25 * progress.NextMicroseconds), options);
                    Expect.That(!progress.Done, "it came to an end");
                    Expect.That(frame < 20000, "it takes no steps");
                }
                Expect.That(net.Evaluate(test).Loss < before / 2, "nothing was learnt");
                InvalidOperationException mine = new InvalidOperationException("mine");
                options.ProgressInterval = TimeSpan.Zero;
                options.Progress = p => { throw mine; };
                Expect.That(ReferenceEquals(mine, Expect.Throws<InvalidOperationException>(() =>
                {
                    for (int i = 0; i < 1000; i++)
                        net.FitFor(adam, Some.Images(32), 100000, options);
                })), "another exception");
                options.Progress = null;
                options.Restart = true;
                net.FitFor(adam, Some.Images(32), 1000, options);
            }
        }
    }
}
