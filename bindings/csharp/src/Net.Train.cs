// Training nets: steps, fits, minimising.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace CnnSharp
{
    /// <summary>How training stands.</summary>
    public struct FitProgress
    {
        internal unsafe FitProgress(cnn_progress* native)
        {
            Epoch = native->epoch;
            Epochs = native->epochs;
            Step = native->step;
            Steps = native->steps;
            Fraction = native->fraction;
            Loss = native->loss;
            LearningRate = native->learning_rate;
            ValidationLoss = native->validation_loss;
            ValidationAccuracy =
                native->validation_accuracy < 0 ? double.NaN : native->validation_accuracy;
            SamplesPerSecond = native->samples_per_second;
            Seconds = native->seconds;
            SecondsLeft = native->seconds_left;
            EpochEnded = native->epoch_ended != 0;
            Done = native->done != 0;
            NextMicroseconds = native->next_microseconds;
        }

        /// <summary>The epoch, from 0.</summary>
        public long Epoch { get; }

        /// <summary>Of so many.</summary>
        public long Epochs { get; }

        /// <summary>Steps done in this call.</summary>
        public long Step { get; }

        /// <summary>Of so many.</summary>
        public long Steps { get; }

        /// <summary>Of the whole fit, 0 to 1.</summary>
        public double Fraction { get; }

        /// <summary>The mean of this epoch's steps so far.</summary>
        public double Loss { get; }

        /// <summary>The rate as scheduled.</summary>
        public double LearningRate { get; }

        /// <summary>After the latest epoch; NaN: none yet.</summary>
        public double ValidationLoss { get; }

        /// <summary>Likewise.</summary>
        public double ValidationAccuracy { get; }

        /// <summary>The speed of training.</summary>
        public double SamplesPerSecond { get; }

        /// <summary>Since the fit began.</summary>
        public double Seconds { get; }

        /// <summary>Predicted.</summary>
        public double SecondsLeft { get; }

        /// <summary>Whether an epoch, and its validation, has just ended.</summary>
        public bool EpochEnded { get; }

        /// <summary>Of Net.FitFor: all epochs are done, and the next call begins anew.</summary>
        public bool Done { get; }

        /// <summary>Of Net.FitFor: predicted for the next piece of work, which a smaller budget doesn't
        /// move; of a budget of 0 for the longest piece.</summary>
        public double NextMicroseconds { get; }
    }

    /// <summary>How Net.Fit trains.</summary>
    public sealed class FitOptions
    {
        /// <summary>0, the default, is 1 in Net.Fit and without end in Net.FitFor.</summary>
        public long Epochs { get; set; }

        /// <summary>Samples a step; the default is as many as compiled for.</summary>
        public long Batch { get; set; }

        /// <summary>Of the shuffling.</summary>
        public ulong Seed { get; set; }

        /// <summary>Evaluated after every epoch; null: none.</summary>
        public Samples Validation { get; set; }

        /// <summary>Told how it stands: true goes on, false cancels (Status.Cancelled), and an
        /// exception cancels and comes out of Fit. It may read parameters, save and evaluate.
        /// </summary>
        public Func<FitProgress, bool> Progress { get; set; }

        /// <summary>Time between its calls, TimeSpan.Zero for every step; the default is 0.1 s.
        /// </summary>
        public TimeSpan? ProgressInterval { get; set; }

        /// <summary>Whether each epoch has an order of its own; true unless set.</summary>
        public bool Shuffle { get; set; } = true;

        /// <summary>Goes on where the optimizer's last fit, or its checkpoint, stopped.</summary>
        public bool Resume { get; set; }

        /// <summary>Of Net.FitFor: begins anew. Net.Fit always does, but for Resume.</summary>
        public bool Restart { get; set; }

        /// <summary>How the rate goes; the default is constant.</summary>
        public Schedule Schedule { get; set; }

        /// <summary>Its factor; the default is 0.1 for Step, 0.9 for Exponential.</summary>
        public float ScheduleFactor { get; set; }

        /// <summary>Its period in epochs; the default is 1.</summary>
        public double SchedulePeriod { get; set; }

        /// <summary>The lowest rate of Cosine.</summary>
        public double ScheduleFloor { get; set; }

        /// <summary>The rate rises linearly over the first of these steps.</summary>
        public long WarmupSteps { get; set; }

        internal unsafe void Fill(cnn_fit* native, Scope scope)
        {
            native->epochs = Epochs;
            native->batch = Batch;
            native->seed = Seed;
            if (Validation != null)
            {
                native->validation = (cnn_samples*)scope.Allocate(sizeof(cnn_samples));
                Validation.Fill(native->validation, scope);
            }
            native->progress_interval =
                Default.Of(ProgressInterval == null ? (double?)null
                                                    : ProgressInterval.Value.TotalSeconds);
            native->no_shuffle = Shuffle ? 0 : 1;
            native->resume = Resume ? 1 : 0;
            native->restart = Restart ? 1 : 0;
            native->schedule = Schedule;
            native->schedule_factor = ScheduleFactor;
            native->schedule_period = SchedulePeriod;
            native->schedule_floor = ScheduleFloor;
            native->warmup_steps = WarmupSteps;
        }
    }

    // What a fit's progress callback uses.
    internal sealed class FitContext
    {
        internal Func<FitProgress, bool> Progress;
        internal CancellationToken Token;

        internal bool Goes(FitProgress progress)
        {
            return !Token.IsCancellationRequested && (Progress == null || Progress(progress));
        }
    }

    /// <summary>What a fit did.</summary>
    public sealed class FitReport
    {
        internal FitReport(cnn_report native)
        {
            Epochs = native.epochs;
            Steps = native.steps;
            Loss = native.loss;
            ValidationLoss = double.IsNaN(native.validation_loss) ? (double?)null
                                                                  : native.validation_loss;
            ValidationAccuracy =
                native.validation_accuracy < 0 ? (double?)null : native.validation_accuracy;
            Seconds = native.seconds;
            SamplesPerSecond = native.samples_per_second;
        }

        /// <summary>Completed in this call.</summary>
        public long Epochs { get; }

        /// <summary>Completed in this call.</summary>
        public long Steps { get; }

        /// <summary>The mean over the last epoch.</summary>
        public double Loss { get; }

        /// <summary>After the last epoch; null: no validation.</summary>
        public double? ValidationLoss { get; }

        /// <summary>Likewise.</summary>
        public double? ValidationAccuracy { get; }

        /// <summary>How long it took.</summary>
        public double Seconds { get; }

        /// <summary>Of training alone, without validation and callbacks.</summary>
        public double SamplesPerSecond { get; }
    }

    public sealed unsafe partial class Net
    {
        /// <summary>One step on samples, no more than compiled for: forward, backward, update of
        /// parameters and state. Gives the loss before the step; one that isn't finite changes nothing
        /// and is thrown (Status.NotFinite).</summary>
        public double TrainStep(Optimizer optimizer, Samples samples)
        {
            double loss;
            Step(optimizer, samples, &loss);
            return loss;
        }

        /// <summary>The same without waiting for the loss, for devices that compute beside the host;
        /// one that isn't finite is thrown by the next step that asks for it.</summary>
        public void TrainStepNoLoss(Optimizer optimizer, Samples samples)
        {
            Step(optimizer, samples, null);
        }

        private void Step(Optimizer optimizer, Samples samples, double* loss)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                Needed(samples, nameof(samples)).Fill(&native, scope);
                Errors.Check(Native.cnn_net_train_step(Handle,
                                                       Needed(optimizer, nameof(optimizer)).Handle,
                                                       &native, loss, &error),
                             &error);
            }
        }

        /// <summary>
        /// Trains for a number of epochs over the samples, shuffled anew each epoch. The same seed,
        /// plan and samples give the same bits, also across cancelling or a checkpoint, and
        /// FitOptions.Resume. A fit that is cancelled, or meets a loss that isn't finite, throws a
        /// FitException (by the token: OperationCanceledException with it inside); parameters are
        /// those of the last good step.
        /// </summary>
        public FitReport Fit(Optimizer optimizer, Samples samples, FitOptions options = null,
                             CancellationToken token = default(CancellationToken))
        {
            using (Scope scope = Scope.Begin())
            using (Cancellation.Begin(Handle, token))
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                cnn_fit fit = new cnn_fit();
                cnn_report report = new cnn_report();
                Needed(samples, nameof(samples)).Fill(&native, scope);
                FillFit(options, &fit, scope, token);
                Status status = Native.cnn_net_fit(Handle, Needed(optimizer, nameof(optimizer)).Handle,
                                                   &native, &fit, &report, &error);
                if (status == Status.Cancelled || status == Status.NotFinite)
                    throw Errors.Of(new FitException(Errors.Of(status, &error), new FitReport(report)),
                                    token);
                Errors.Check(status, &error);
                return new FitReport(report);
            }
        }

        private static void FillFit(FitOptions options, cnn_fit* fit, Scope scope,
                                    CancellationToken token)
        {
            if (options != null) options.Fill(fit, scope);
            Func<FitProgress, bool> progress = options == null ? null : options.Progress;
            if (progress == null && !token.CanBeCanceled) return;
            fit->progress = Callbacks.Progress;
            fit->user = scope.Context(new FitContext { Progress = progress, Token = token });
        }

        /// <summary>
        /// Minimises the net's loss over all samples by any kind of optimizer, from the parameters as
        /// they are, which become the best point found. Dropout is off, batch norm on its running
        /// statistics. The value includes the optimizer's penalties. The optimizer is left as it was.
        /// Success whatever stopped it; cancelled, or without a finite value, a MinimizeException is
        /// thrown.
        /// </summary>
        public MinimizeReport Minimize(Optimizer optimizer, Samples samples,
                                       MinimizeOptions options = null,
                                       CancellationToken token = default(CancellationToken))
        {
            using (Scope scope = Scope.Begin())
            using (Cancellation.Begin(Handle, token))
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                cnn_minimize_options minimize = new cnn_minimize_options();
                cnn_minimize_report report = new cnn_minimize_report();
                Needed(samples, nameof(samples)).Fill(&native, scope);
                ProblemContext context = new ProblemContext { Token = token };
                MinimizeOptions.Fill(options, &minimize, scope, context);
                Status status = Native.cnn_net_minimize(
                    Handle, Needed(optimizer, nameof(optimizer)).Handle, &native, &minimize, &report,
                    &error);
                return MinimizeReport.Of(status, &error, &report, token);
            }
        }

        /// <summary>
        /// The error curve (Hedberg 8): the loss over all samples at theta + alphas[i] d, d being
        /// `direction`, or where that is empty minus the gradient. theta stays as it is.
        /// </summary>
        public double[] ErrorCurve(Samples samples, ReadOnlySpan<double> alphas,
                                   ReadOnlySpan<float> direction = default(ReadOnlySpan<float>))
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                double[] values = new double[alphas.Length];
                Needed(samples, nameof(samples)).Fill(&native, scope);
                fixed (float* d = &MemoryMarshal.GetReference(direction))
                fixed (double* a = &MemoryMarshal.GetReference(alphas))
                fixed (double* v = values)
                    Errors.Check(Native.cnn_net_error_curve(Handle, &native, d, direction.Length, a, v,
                                                            alphas.Length, &error),
                                 &error);
                return values;
            }
        }
    }
}
