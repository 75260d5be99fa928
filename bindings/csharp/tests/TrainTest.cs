// Training: steps, fits and their callbacks, minimising.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace CnnSharp.Tests
{
    internal static class TrainTest
    {
        [Test("steps of every first-order rule make the loss smaller")]
        private static void Steps()
        {
            foreach (OptimizerKind kind in new[] {
                OptimizerKind.Sgd, OptimizerKind.Adam, OptimizerKind.AdamW, OptimizerKind.AdaGrad,
                OptimizerKind.RmsProp, OptimizerKind.AdamsBashforth })
                using (Net net = Some.Classifier())
                using (Optimizer rule = new Optimizer(kind, 0.01))
                {
                    Samples images = Some.Images(16);
                    double first = net.TrainStep(rule, images), last = first;
                    for (int i = 0; i < 40; i++) last = net.TrainStep(rule, images);
                    Expect.That(last < 0.9 * first, kind + " goes from " + first + " to " + last);
                    net.TrainStepNoLoss(rule, images);
                    Expect.Equal(42L, rule.Steps);
                    using (Net other = Some.Classifier())
                        Expect.Throws(Status.BadState, () => other.TrainStep(rule, images));
                    rule.Reset();
                    Expect.Equal(0L, rule.Steps);
                }
        }

        [Test("a device is tuned, and tuning stops")]
        private static void Tune()
        {
            TimeSpan time = TimeSpan.FromMilliseconds(50);
            CompileOptions options = new CompileOptions { MaxBatch = 4, TuneTime = TimeSpan.Zero };
            using (Net net = Some.XorNet())
            {
                int calls = 0;
                TuneReport report = net.Tune(Some.Cpu, options, time, progress =>
                {
                    calls++;
                    Expect.That(progress.Operation <= progress.Operations, "it goes past the end");
                    Expect.That(progress.Name.Length > 0, "no name");
                    Expect.That(progress.Fraction <= 1 && progress.Elapsed >= TimeSpan.Zero, "time");
                    return true;
                });
                Expect.That(calls > 0 && report.Operations > 0, "nothing was tuned");
                Expect.That(report.Measured >= report.Operations, "too few were measured");
                Expect.That(report.SecondsAfter <= report.SecondsBefore, "it became slower");
                Expect.Throws(Status.Cancelled,
                              () => net.Tune(Some.Cpu, options, time, progress => false));
                options.TuneTime = time;
                net.Compile(Some.Cpu, options);
            }
        }

        [Test("a profile has a row for each launch")]
        private static void Profile()
        {
            using (Net net = Some.XorNet())
            {
                net.Compile(Some.Cpu, new CompileOptions { MaxBatch = 4 });
                double flops = 0;
                foreach (NodeTime row in net.Profile())
                {
                    Expect.That(row.Operation.Length > 0, "no operation");
                    Expect.That(row.Seconds >= 0 && row.Bytes > 0, "time or bytes");
                    flops += row.Flops;
                }
                Expect.That(flops > 0, "no arithmetic");
                NodeTime[] step = net.Profile(2, 3, true);
                Expect.That(step[0].Node == null, "what comes before has no node");
                Expect.That(Array.Exists(step, row => row.SecondPass), "no backward pass");
                Expect.Throws(Status.OutOfRange, () => net.Profile(5));
            }
        }

        [Test("a step whose loss isn't finite changes nothing")]
        private static void NotFinite()
        {
            using (Net net = Some.XorNet())
            using (Optimizer sgd = new Optimizer(OptimizerKind.Sgd, 1))
            {
                net.Compile(Some.Cpu, 4);
                float[] before = net.GetVector();
                Samples samples = new Samples { Inputs = new[] { float.NaN, 0 },
                                                Targets = new float[1] };
                Expect.Throws(Status.NotFinite, () => net.TrainStep(sgd, samples));
                Expect.Same(before, net.GetVector());
                FitException thrown = Expect.Throws<FitException>(() => net.Fit(sgd, samples));
                Expect.Equal(Status.NotFinite, thrown.Status);
                Expect.Equal(0L, thrown.Report.Steps);
            }
        }

        [Test("a fit learns, reports and tells its progress")]
        private static void Fit()
        {
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam, 0.01))
            {
                List<FitProgress> seen = new List<FitProgress>();
                FitReport report = net.Fit(adam, Some.Images(200), new FitOptions
                {
                    Epochs = 4,
                    Batch = 10,
                    Seed = 3,
                    Validation = Some.Images(50, 2),
                    ProgressInterval = TimeSpan.Zero,
                    Schedule = Schedule.Cosine,
                    ScheduleFloor = 1e-4,
                    WarmupSteps = 5,
                    Progress = p =>
                    {
                        GC.Collect();
                        seen.Add(p);
                        return true;
                    },
                });
                Expect.Equal(4L, report.Epochs);
                Expect.Equal(80L, report.Steps);
                Expect.That(report.ValidationAccuracy > 0.9, "accuracy " + report.ValidationAccuracy);
                Expect.That(report.Seconds > 0 && report.SamplesPerSecond > 0, "no times");
                Expect.That(seen.Count >= 80, seen.Count + " calls");
                Expect.Equal(4, seen.Count(p => p.EpochEnded), "epochs' ends");
                FitProgress last = seen.Last();
                Expect.Equal(4L, last.Epochs);
                Expect.Equal(80L, last.Steps);
                Expect.Near(1, last.Fraction, 1e-9);
                Expect.Equal(report.ValidationLoss.Value, last.ValidationLoss);
                Expect.That(seen[0].LearningRate < 0.01 && seen[0].LearningRate > 0, "no warm-up");
                Expect.That(double.IsNaN(seen[0].ValidationAccuracy), "validated before an epoch");
            }
        }

        [Test("options of a fit reach the library")]
        private static void Options()
        {
            Func<FitOptions, float[]> fit = options =>
            {
                using (Net net = Some.Classifier())
                using (Optimizer adam = new Optimizer(OptimizerKind.Adam, 0.01))
                {
                    options.Epochs = 3;
                    net.Fit(adam, Some.Images(48), options);
                    return net.GetVector();
                }
            };
            float[] plain = fit(new FitOptions());
            Expect.Same(plain, fit(new FitOptions()), "of the same options");
            foreach (FitOptions options in new[] {
                new FitOptions { Batch = 5 },
                new FitOptions { Seed = 9 },
                new FitOptions { Shuffle = false },
                new FitOptions { WarmupSteps = 3 },
                new FitOptions { Schedule = Schedule.Step },
                new FitOptions { Schedule = Schedule.Step, ScheduleFactor = 0.3f },
                new FitOptions { Schedule = Schedule.Exponential, SchedulePeriod = 0.5 },
                new FitOptions { Schedule = Schedule.Exponential },
                new FitOptions { Schedule = Schedule.Cosine },
                new FitOptions { Schedule = Schedule.Cosine, ScheduleFloor = 0.005 } })
            {
                float[] other = fit(options);
                Expect.That(!plain.SequenceEqual(other), "an option makes no difference");
                plain = other;
            }
        }

        [Test("a progress that says no, throws, or meets a cancelled token")]
        private static void Stopping()
        {
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam))
            {
                Samples images = Some.Images(64);
                FitOptions options = new FitOptions { Epochs = 1000, Batch = 4,
                                                      ProgressInterval = TimeSpan.Zero };
                options.Progress = p => p.Step < 5;
                FitException no = Expect.Throws<FitException>(() => net.Fit(adam, images, options));
                Expect.Equal(Status.Cancelled, no.Status);
                Expect.Equal(5L, no.Report.Steps);

                InvalidOperationException mine = new InvalidOperationException("mine");
                options.Progress = p => { throw mine; };
                Expect.That(ReferenceEquals(mine, Expect.Throws<InvalidOperationException>(
                    () => net.Fit(adam, images, options))), "another exception came out");
                Expect.Contains("Stopping", mine.StackTrace);

                CancellationTokenSource source = new CancellationTokenSource();
                options.Progress = p =>
                {
                    if (p.Step == 7) source.Cancel();
                    return true;
                };
                OperationCanceledException cancelled = Expect.Throws<OperationCanceledException>(
                    () => net.Fit(adam, images, options, source.Token));
                Expect.That(cancelled.InnerException is FitException, "no report");

                source = new CancellationTokenSource(50);
                Expect.Throws<OperationCanceledException>(() => net.Fit(
                    adam, images, new FitOptions { Epochs = 1000000 }, source.Token));
                // A cancelled call has no effect on the next one.
                net.Fit(adam, images);
            }
        }

        [Test("what a progress may do, and what is busy")]
        private static void Busy()
        {
            using (Net net = Some.Classifier())
            using (Optimizer adam = new Optimizer(OptimizerKind.Adam))
            {
                Samples images = Some.Images(32);
                int calls = 0;
                net.Fit(adam, images, new FitOptions
                {
                    ProgressInterval = TimeSpan.Zero,
                    Progress = p =>
                    {
                        calls++;
                        net.Evaluate(images);
                        net.GetVector();
                        Expect.That(net.ToBytes().Length > 0, "nothing saved");
                        Expect.Throws(Status.Busy, () => net.Run(new float[64]));
                        Expect.Throws(Status.Busy, () => net.Fit(adam, images));
                        Expect.Throws(Status.Busy, () => net.Compile(Some.Cpu));
                        Expect.Throws(Status.Busy, () => adam.Reset());
                        return true;
                    },
                });
                Expect.That(calls > 0, "no calls");
            }
        }

        [Test("a net that is disposed of in its own callback ends after the call")]
        private static void DisposeInside()
        {
            int released = 0;
            using (Device device = Device.Open("cpu", new DeviceOptions {
                Released = () => Interlocked.Increment(ref released) }))
            {
                Net net = Some.Classifier(device);
                Optimizer adam = new Optimizer(OptimizerKind.Adam);
                net.Fit(adam, Some.Images(32), new FitOptions
                {
                    Epochs = 3,
                    ProgressInterval = TimeSpan.Zero,
                    Progress = p =>
                    {
                        net.Dispose();
                        adam.Dispose();
                        GC.Collect();
                        return true;
                    },
                });
                Expect.Throws<ObjectDisposedException>(() => net.Run(new float[64]));
            }
            Expect.Equal(1, released, "releases");
        }

        [Test("x xor y by Levenberg-Marquardt")]
        private static void Xor()
        {
            using (Net net = Some.XorNet(seed: 1))
            using (Optimizer lm = new Optimizer(OptimizerKind.LevenbergMarquardt))
            {
                net.Compile(Some.Cpu, 4);
                int calls = 0;
                MinimizeReport report = net.Minimize(lm, Some.Xor, new MinimizeOptions {
                    Progress = p => ++calls > 0 });
                float[] y = net.Run(new float[] { 0, 0, 0, 1, 1, 0, 1, 1 });
                Expect.Near(new float[] { 0, 1, 1, 0 }, y, 0.05);
                Expect.That(report.Value < report.StartValue && report.Iterations > 0, "no progress");
                Expect.That(calls > 1, "no calls");
            }
        }

        [Test("options of minimising a net")]
        private static void NetMinimize()
        {
            using (Net net = Some.XorNet(seed: 1))
            using (Optimizer cg = new Optimizer(OptimizerKind.NonlinearCG))
            using (Optimizer then = new Optimizer(OptimizerKind.Lbfgs))
            {
                net.Compile(Some.Cpu, 4);
                float[] theta = net.GetVector(), first = net.GetTensor("dense_1/weight");
                MinimizeReport report = net.Minimize(cg, Some.Xor, new MinimizeOptions {
                    Tensors = new[] { "dense_2" }, MaxIterations = 4 });
                Expect.Equal(StopReason.Iterations, report.Reason);
                Expect.Equal(4L, report.Iterations);
                Expect.Same(first, net.GetTensor("dense_1/weight"), "what stays");
                report = net.Minimize(cg, Some.Xor, new MinimizeOptions { MaxEvaluations = 5 });
                Expect.Equal(StopReason.Evaluations, report.Reason);
                Func<long, double?, long?> handedOver = (iterations, tolerance) =>
                {
                    net.SetVector(VectorKind.Parameters, theta);
                    return net.Minimize(cg, Some.Xor, new MinimizeOptions {
                        Then = then, StallIterations = iterations, StallTolerance = tolerance,
                        MaxIterations = 12 }).HandedOver;
                };
                Expect.Equal(2L, handedOver(2, 0.999999).Value);
                Expect.Equal(4L, handedOver(4, 0.999999).Value);
                Expect.Equal(null, handedOver(2, 1e-9));
                Expect.Equal(null, handedOver(2, 0));
                Expect.Throws(Status.NotFound, () => net.Minimize(
                    cg, Some.Xor, new MinimizeOptions { Tensors = new[] { "nobody" } }));
                Expect.Throws<MinimizeException>(() => net.Minimize(
                    cg, Some.Xor, new MinimizeOptions { Progress = p => false }));

                double[] curve = net.ErrorCurve(Some.Xor, new[] { 0, 0.01, 0.02 });
                Expect.Near(net.Evaluate(Some.Xor).Loss, curve[0], 1e-6);
                curve = net.ErrorCurve(Some.Xor, new[] { 0.0, 1 },
                                       new float[net.ParameterCount]);
                Expect.Equal(curve[0], curve[1], "along nothing");
            }
        }
    }

    internal static class MinimizeTest
    {
        private static double Rosenbrock(ReadOnlySpan<double> x, Span<double> gradient)
        {
            double a = 1 - x[0], b = x[1] - x[0] * x[0];
            if (!gradient.IsEmpty)
            {
                gradient[0] = -2 * a - 400 * x[0] * b;
                gradient[1] = 200 * b;
            }
            return a * a + 100 * b * b;
        }

        [Test("a function of the host's, by minimizers of every kind")]
        private static void Functions()
        {
            foreach (OptimizerKind kind in new[] { OptimizerKind.Lbfgs, OptimizerKind.Bfgs,
                                                   OptimizerKind.NonlinearCG })
                using (Optimizer optimizer = new Optimizer(kind))
                {
                    double[] x = { -1.2, 1 };
                    MinimizeReport report = optimizer.Minimize(
                        new Problem { Function = Rosenbrock }, x,
                        new MinimizeOptions { MaxIterations = 10000 });
                    Expect.Near(1, x[0], 1e-5, kind + "'s x");
                    Expect.Near(1, x[1], 1e-5, kind + "'s y");
                    Expect.That(report.GradientEvaluations > 0 && report.Seconds >= 0, "no counts");
                    x = new[] { -1.2, 1 };
                    optimizer.Minimize(new Problem { Function = (p, g) =>
                    {
                        Expect.That(g.IsEmpty, "asked for a gradient");
                        return Rosenbrock(p, g);
                    }, NumericDerivatives = true }, x, new MinimizeOptions { MaxIterations = 10000 });
                    Expect.Near(1, x[0], 1e-3, kind + "'s x by differences");
                }
        }

        // y = a exp(-b t) of exact data.
        [Test("residuals of the host's, by Levenberg-Marquardt")]
        private static void Residuals()
        {
            double[] t = Enumerable.Range(0, 10).Select(i => 0.3 * i).ToArray();
            double[] y = t.Select(s => 2.5 * Math.Exp(-0.8 * s)).ToArray();
            Problem problem = new Problem
            {
                Residuals = 10,
                ResidualFunction = (p, r, jacobian) =>
                {
                    for (int i = 0; i < 10; i++)
                    {
                        double e = Math.Exp(-p[1] * t[i]);
                        r[i] = p[0] * e - y[i];
                        if (jacobian.IsEmpty) continue;
                        jacobian[2 * i] = e;
                        jacobian[2 * i + 1] = -p[0] * t[i] * e;
                    }
                    GC.Collect(0);
                },
            };
            using (Optimizer lm = new Optimizer(OptimizerKind.LevenbergMarquardt))
            {
                double[] x = { 1, 0 };
                MinimizeReport report = lm.Minimize(problem, x);
                Expect.Near(2.5, x[0], 1e-8);
                Expect.Near(0.8, x[1], 1e-8);
                Expect.Equal(2L, report.Rank.Value);
                Expect.That(report.Condition >= 1, "condition " + report.Condition);
                Expect.Equal(null, report.HandedOver);
            }
            using (Optimizer lbfgs = new Optimizer(OptimizerKind.Lbfgs))
                Expect.Throws<CnnException>(() => lbfgs.Minimize(new Problem(), new double[2]));
        }

        [Test("residuals in groups, one norm each")]
        private static void Groups()
        {
            using (Optimizer lm = new Optimizer(OptimizerKind.LevenbergMarquardt) {
                NormResidual = true })
            {
                Func<long, CnnException> with = group =>
                {
                    try
                    {
                        lm.Minimize(new Problem
                        {
                            Residuals = 4,
                            ResidualGroup = group,
                            NumericDerivatives = true,
                            ResidualFunction = (x, r, jacobian) =>
                            {
                                for (int i = 0; i < 4; i++) r[i] = x[0] - i;
                            },
                        }, new double[1], new MinimizeOptions { MaxIterations = 2 });
                        return null;
                    }
                    catch (CnnException exception)
                    {
                        return exception;
                    }
                };
                Expect.Equal(null, with(2));
                Expect.That(with(3) != null, "groups of 3 divide 4 residuals");
            }
        }

        [Test("exceptions, refusals and tokens end a minimisation")]
        private static void Stopping()
        {
            using (Optimizer lbfgs = new Optimizer(OptimizerKind.Lbfgs))
            {
                double[] x = { -1.2, 1 };
                InvalidOperationException mine = new InvalidOperationException("mine");
                int calls = 0;
                Expect.That(ReferenceEquals(mine, Expect.Throws<InvalidOperationException>(
                    () => lbfgs.Minimize(new Problem { Function = (p, g) =>
                    {
                        if (++calls == 5) throw mine;
                        return Rosenbrock(p, g);
                    } }, x))), "another exception came out");
                MinimizeException no = Expect.Throws<MinimizeException>(
                    () => lbfgs.Minimize(new Problem { Function = Rosenbrock }, x,
                                         new MinimizeOptions { Progress = p => p.Iteration < 3 }));
                Expect.Equal(StopReason.Cancelled, no.Report.Reason);
                CancellationTokenSource source = new CancellationTokenSource();
                calls = 0;
                Expect.Throws<OperationCanceledException>(() => lbfgs.Minimize(
                    new Problem { Function = (p, g) =>
                    {
                        if (++calls == 5) source.Cancel();
                        return Rosenbrock(p, g);
                    } }, new[] { -1.2, 1 }, null, source.Token));
                Expect.Throws<MinimizeException>(() => lbfgs.Minimize(
                    new Problem { Function = (p, g) => double.NaN }, x));
                Expect.Throws(Status.Busy, () => lbfgs.Minimize(new Problem { Function = (p, g) =>
                {
                    lbfgs.History = 3;
                    return 0;
                } }, x));
                Expect.Throws<ArgumentNullException>(() => lbfgs.Minimize((Problem)null, x));
            }
        }

        [Test("options: tolerances, limits, a time")]
        private static void Options()
        {
            using (Optimizer descent = new Optimizer(OptimizerKind.GradientDescent))
            {
                Func<MinimizeOptions, StopReason> reason = options => descent.Minimize(
                    new Problem { Function = Rosenbrock }, new[] { -1.2, 1 }, options).Reason;
                Expect.Equal(StopReason.Gradient, reason(new MinimizeOptions {
                    GradientTolerance = 1000 }));
                Expect.Equal(StopReason.Step, reason(new MinimizeOptions { StepTolerance = 10 }));
                Expect.Equal(StopReason.Value, reason(new MinimizeOptions {
                    ValueTolerance = 0.999999 }));
                Expect.Equal(StopReason.Iterations, reason(new MinimizeOptions { MaxIterations = 3 }));
                Expect.Equal(StopReason.Evaluations, reason(new MinimizeOptions {
                    MaxEvaluations = 9 }));
                Expect.Equal(StopReason.Time, descent.Minimize(new Problem { Function = (x, g) =>
                {
                    Thread.Sleep(1);
                    return Rosenbrock(x, g);
                } }, new[] { -1.2, 1 }, new MinimizeOptions {
                    MaxIterations = MinimizeOptions.Unlimited,
                    TimeLimit = TimeSpan.FromMilliseconds(10) }).Reason);
            }
        }

        [Test("conjugate gradients on products")]
        private static void ConjugateGradient()
        {
            const int n = 40;
            Product product = (v, y) =>
            {
                for (int i = 0; i < n; i++)
                    y[i] = (2 + i) * v[i] - (i > 0 ? v[i - 1] : 0) - (i < n - 1 ? v[i + 1] : 0);
            };
            double[] b = Enumerable.Repeat(1.0, n).ToArray(), ax = new double[n];
            long plain = 0;
            foreach (Product preconditioner in new Product[] { null, (v, y) =>
            {
                for (int i = 0; i < n; i++) y[i] = v[i] / (2 + i);
            } })
            {
                double[] x = new double[n];
                MinimizeReport report = Minimizer.ConjugateGradient(product, b, x, preconditioner);
                product(x, ax);
                for (int i = 0; i < n; i++) Expect.Near(1, ax[i], 1e-8, "row " + i);
                if (preconditioner == null) plain = report.Products;
                else Expect.That(report.Products < plain, "the preconditioner is of no use");
            }
            Expect.Throws<InvalidOperationException>(() => Minimizer.ConjugateGradient(
                (v, y) => { throw new InvalidOperationException(); }, b, new double[n]));
            Expect.Throws<ArgumentException>(
                () => Minimizer.ConjugateGradient(product, b, new double[n - 1]));
        }
    }
}
