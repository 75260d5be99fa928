// Tuning a device for a net.

using System;

namespace CnnSharp
{
    /// <summary>How a tuning stands.</summary>
    public sealed class TuneProgress
    {
        internal unsafe TuneProgress(cnn_tune_progress* native)
        {
            Operation = native->operation;
            Operations = native->operations;
            Elapsed = TimeSpan.FromSeconds(native->seconds);
            Fraction = native->fraction;
            Name = Errors.Text(native->name, 128);
        }

        /// <summary>The operation at hand, from 0; Operations: the whole net.</summary>
        public long Operation { get; }

        /// <summary>How many there are.</summary>
        public long Operations { get; }

        /// <summary>Since it began.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>Of the time given.</summary>
        public double Fraction { get; }

        /// <summary>The first layer that has the operation.</summary>
        public string Name { get; }
    }

    /// <summary>What a tuning did.</summary>
    public sealed class TuneReport
    {
        internal TuneReport(cnn_tune_report native)
        {
            Operations = native.operations;
            Measured = native.measured;
            Rejected = native.rejected;
            Kept = native.kept;
            Elapsed = TimeSpan.FromSeconds(native.seconds);
            SecondsBefore = native.seconds_before;
            SecondsAfter = native.seconds_after;
        }

        /// <summary>Distinct operations that were looked at.</summary>
        public long Operations { get; }

        /// <summary>Ways to run them that were tried.</summary>
        public long Measured { get; }

        /// <summary>Of them: wrong, or not built.</summary>
        public long Rejected { get; }

        /// <summary>Choices that the device keeps; 0: nothing was faster.</summary>
        public long Kept { get; }

        /// <summary>It took.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>Of a run and, unless for inference only, a training step, as planned before.
        /// </summary>
        public double SecondsBefore { get; }

        /// <summary>The same by what is kept.</summary>
        public double SecondsAfter { get; }
    }

    // What a tuning's progress callback uses.
    internal sealed class TuneContext
    {
        internal Func<TuneProgress, bool> Progress;
    }

    public sealed unsafe partial class Net
    {
        /// <summary>
        /// Finds by measurement how the device best runs the net's convolutions and dense layers, for
        /// compiles that follow with the same options: also of other nets and, where the device has a
        /// cache directory, of other processes. What was found is kept only where the whole net is
        /// faster by it. The net stays as it is and need not be compiled.
        /// </summary>
        /// <param name="device">What is tuned.</param>
        /// <param name="options">What the net will be compiled with.</param>
        /// <param name="time">What it may take, 20 seconds unless given; what has begun is ended.
        /// </param>
        /// <param name="progress">Called between measurements; false ends the tuning, which throws
        /// and keeps nothing.</param>
        public TuneReport Tune(Device device, CompileOptions options = null, TimeSpan? time = null,
                               Func<TuneProgress, bool> progress = null)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_tune native = new cnn_tune();
                cnn_tune_report report = new cnn_tune_report();
                native.compile = CompileOptions.Of(options, scope);
                native.seconds = time == null ? 0 : time.Value.TotalSeconds;
                if (progress != null)
                {
                    native.progress = Callbacks.TuneProgress;
                    native.user = scope.Context(new TuneContext { Progress = progress });
                }
                Errors.Check(Native.cnn_device_tune(Needed(device, nameof(device)).Handle, Handle,
                                                    &native, &report, &error),
                             &error);
                return new TuneReport(report);
            }
        }
    }
}
