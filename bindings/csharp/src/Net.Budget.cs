// Running and training in instalments, within a frame's time.

using System;
using System.Collections.Generic;

namespace CnnSharp
{
    /// <summary>How far a run with a time budget came.</summary>
    public struct RunProgress
    {
        internal RunProgress(cnn_run_progress native)
        {
            Done = native.done != 0;
            Fraction = native.fraction;
            Microseconds = native.microseconds;
            NextMicroseconds = native.next_microseconds;
        }

        /// <summary>Whether the outputs are written; the next call begins anew.</summary>
        public bool Done { get; }

        /// <summary>Of the predicted work, 0 to 1.</summary>
        public double Fraction { get; }

        /// <summary>What this call took.</summary>
        public double Microseconds { get; }

        /// <summary>Predicted for the next piece of work, which a smaller budget doesn't move; 0 when
        /// done; of a budget of 0 for the longest piece.</summary>
        public double NextMicroseconds { get; }
    }

    /// <summary>
    /// A run in instalments, made by Net.RunFor: it keeps inputs and outputs in their places until it
    /// is disposed of. When it is done the next instalment begins a new run, on what the inputs hold
    /// then.
    /// </summary>
    public sealed unsafe class BudgetedRun : IDisposable
    {
        private readonly Net net;
        private readonly cnn_view* inputs, outputs;
        private readonly int inputCount, outputCount;
        private readonly RunOptions options;
        private Scope scope;
        private bool restart;

        internal BudgetedRun(Net net, IReadOnlyList<View> inputs, IReadOnlyList<View> outputs,
                             RunOptions options)
        {
            this.net = net;
            this.options = options;
            // Not one of this thread's: it is kept.
            scope = new Scope();
            try
            {
                this.inputs = View.Fill(inputs, scope, false);
                inputCount = inputs.Count;
                this.outputs = View.Fill(outputs, scope, true);
                outputCount = outputs.Count;
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        /// <summary>Gives arrays back that were never disposed of.</summary>
        ~BudgetedRun()
        {
            Dispose();
        }

        /// <summary>
        /// Does as much as fits into so many microseconds, and never starts a piece of work that is
        /// predicted to take longer than what is left: the same bits as an uninterrupted run. 0 plans
        /// and measures, and computes nothing that is kept: at load, so that no frame pays for it.
        /// Negative: no limit. It begins anew after a change of parameters or state.
        /// </summary>
        public RunProgress Advance(double microseconds)
        {
            if (scope == null) throw new ObjectDisposedException(nameof(BudgetedRun));
            cnn_error error;
            cnn_run run = new cnn_run();
            cnn_run_progress progress = new cnn_run_progress();
            RunOptions.Fill(options, &run);
            run.restart = restart ? 1 : 0;
            Status status = Native.cnn_net_run_for(net.Handle, inputs, inputCount, outputs,
                                                   outputCount, &run, microseconds, &progress, &error);
            GC.KeepAlive(this);
            Errors.Check(status, &error);
            restart = false;
            return new RunProgress(progress);
        }

        /// <summary>Drops what is unfinished: the next instalment begins anew.</summary>
        public void Restart()
        {
            restart = true;
        }

        /// <summary>Gives inputs and outputs back.</summary>
        public void Dispose()
        {
            GC.SuppressFinalize(this);
            Scope lent = scope;
            scope = null;
            if (lent != null) lent.Free();
        }
    }

    public sealed unsafe partial class Net
    {
        /// <summary>
        /// A run in instalments: BudgetedRun.Advance does as much as fits into a time. What runs and
        /// trains in between has other memory, and doesn't disturb it.
        /// </summary>
        public BudgetedRun RunFor(IReadOnlyList<View> inputs, IReadOnlyList<View> outputs,
                                  RunOptions options = null)
        {
            return new BudgetedRun(this, Needed(inputs, nameof(inputs)),
                                   Needed(outputs, nameof(outputs)), options);
        }

        /// <summary>
        /// Fit in instalments: trains for as long as fits into so many microseconds, and goes on at
        /// the next call where it stopped, also within a step. Parameters change only as a step ends,
        /// and are the same bits as Fit's. 0 microseconds plans and measures: at load, so that no frame
        /// pays for it; negative: no limit. With FitOptions.Epochs 0 there is no end, for a host that
        /// learns on line. The samples may change from call to call (a replay buffer); another number
        /// of them begins a new epoch with the next step. FitProgress.Done tells that all epochs are
        /// done, and the next call begins anew.
        /// </summary>
        public FitProgress FitFor(Optimizer optimizer, Samples samples, double microseconds,
                                  FitOptions options = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                cnn_fit fit = new cnn_fit();
                cnn_progress progress = new cnn_progress();
                Needed(samples, nameof(samples)).Fill(&native, scope);
                FillFit(options, &fit, scope, default(System.Threading.CancellationToken));
                Status status = Native.cnn_net_fit_for(Handle,
                                                       Needed(optimizer, nameof(optimizer)).Handle,
                                                       &native, &fit, microseconds, &progress, &error);
                Errors.Check(status, &error);
                return new FitProgress(&progress);
            }
        }
    }
}
