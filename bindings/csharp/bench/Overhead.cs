// What a call costs: a run of the smallest network, 2-3-1 at batch 1, nanoseconds of wall time, the
// median of several rounds. tests/bench/call_overhead has the same through cnn.h.

using System;
using System.Diagnostics;
using CnnSharp;

internal static class Overhead
{
    private const int Rounds = 15, Calls = 20000;

    private static void Main(string[] arguments)
    {
        string spec = arguments.Length > 0 ? arguments[0] : "cpu";
        using (Device device = Device.Open(spec))
        using (Net net = new Net())
        {
            Node n = net.Dense(net.Input("x", 2), 3, Activation.Tanh);
            n = net.Dense(n, 1);
            net.Loss(n, LossKind.Mse);
            net.Compile(device);
            float[] x = { 0, 1 }, y = new float[1];
            View[] from = { x }, to = { y };
            Samples samples = new Samples { Inputs = x, Targets = y };
            Say("Run(array, array)", () => net.Run(x, y));
            Say("Run(span, span)", () => net.Run(x.AsSpan(), y.AsSpan()));
            Say("RunView", () => net.RunView(from[0], to[0]));
            Say("RunMany", () => net.RunMany(from, to));
            Say("LossGradient", () => net.LossGradient(samples));
        }
    }

    private static void Say(string what, Action call)
    {
        double[] rounds = new double[Rounds];
        int collections = 0;
        for (int round = 0; round < Rounds; round++)
        {
            if (round == 1) collections = GC.CollectionCount(0);
            Stopwatch watch = Stopwatch.StartNew();
            for (int i = 0; i < Calls; i++) call();
            rounds[round] = 1e9 * watch.ElapsedTicks / Stopwatch.Frequency / Calls;
        }
        Array.Sort(rounds);
        Console.WriteLine("{0}: {1:F0} ns, {2} collections in {3} calls", what, rounds[Rounds / 2],
                          GC.CollectionCount(0) - collections, (Rounds - 1) * Calls);
    }
}
