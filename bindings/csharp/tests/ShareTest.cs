// Nets that share parameters.

using System;
using System.Linq;
using System.Threading;

namespace CnnSharp.Tests
{
    internal static class ShareTest
    {
        [Test("nets of several threads run on one set while it is handed over")]
        private static void HandOver()
        {
            float[] x = Some.Numbers(64);
            using (Net trained = Some.Classifier(seed: 1))
            using (Net other = Some.Classifier(seed: 2))
            {
                float[] first, second;
                Net[] shared = new Net[4];
                shared[0] = trained.Share();
                for (int i = 1; i < 4; i++) shared[i] = shared[i - 1].Share();
                foreach (Net net in shared)
                    net.Compile(Some.Cpu, new CompileOptions { MaxBatch = 4, InferenceOnly = true });
                first = shared[0].Run(x);
                Expect.Near(trained.Run(x), first, 1e-6, "as trained");
                shared[2].HandOver(other);
                second = shared[1].Run(x);
                Expect.Near(other.Run(x), second, 1e-6, "as handed over");

                Exception failure = null;
                bool done = false;
                Thread[] threads = shared.Select(net => new Thread(() =>
                {
                    try
                    {
                        float[] y = new float[3];
                        while (!Volatile.Read(ref done))
                        {
                            net.Run(x, y);
                            if (!y.SequenceEqual(first) && !y.SequenceEqual(second))
                                throw new TestFailure("neither the old nor the new parameters");
                        }
                    }
                    catch (Exception exception)
                    {
                        failure = exception;
                    }
                })).ToArray();
                foreach (Thread thread in threads) thread.Start();
                using (Net hand = shared[0].Share())
                    for (int i = 0; i < 50; i++) hand.HandOver(i % 2 == 0 ? trained : other);
                Volatile.Write(ref done, true);
                foreach (Thread thread in threads) thread.Join();
                if (failure != null) throw new TestFailure(failure.ToString());

                using (Optimizer adam = new Optimizer(OptimizerKind.Adam))
                    Expect.Throws(Status.BadState,
                                  () => shared[0].TrainStep(adam, Some.Images(2)));
                Expect.Throws(Status.BadState, () => trained.HandOver(other));
                Expect.Throws<ArgumentNullException>(() => shared[0].HandOver(null));
                using (Net xor = Some.XorNet())
                    Expect.Throws(Status.ShapeMismatch, () => shared[0].HandOver(xor));
                using (Net clone = shared[0].Clone()) clone.Compile(Some.Cpu, 4);
                foreach (Net net in shared) net.Dispose();
            }
        }
    }
}
