// Running and evaluating nets, and their gradients.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace CnnSharp
{
    /// <summary>How a net is run.</summary>
    public sealed class RunOptions
    {
        /// <summary>Gives softmax over the channels of the outputs: a classifier's probabilities.
        /// </summary>
        public bool Softmax { get; set; }

        /// <summary>Runs as training does: dropout on, the batch's statistics. State stays.</summary>
        public bool Training { get; set; }

        internal static unsafe cnn_run* Fill(RunOptions options, cnn_run* native)
        {
            if (options == null) return null;
            native->softmax = options.Softmax ? 1 : 0;
            native->training = options.Training ? 1 : 0;
            return native;
        }
    }

    /// <summary>How good a net is on samples.</summary>
    public sealed class Evaluation
    {
        internal Evaluation(cnn_evaluation native)
        {
            Loss = native.loss;
            Accuracy = native.accuracy < 0 ? (double?)null : native.accuracy;
            Samples = native.samples;
            Correct = native.correct;
        }

        /// <summary>The weighted sum of the losses, without penalties.</summary>
        public double Loss { get; }

        /// <summary>The share of right classes under the first softmax cross-entropy; null: there is
        /// none.</summary>
        public double? Accuracy { get; }

        /// <summary>How many samples.</summary>
        public long Samples { get; }

        /// <summary>Of how many samples, or places of maps, the class is right.</summary>
        public long Correct { get; }
    }

    /// <summary>What Net.CheckGradient compares.</summary>
    public sealed class GradientCheck
    {
        /// <summary>Parameters to compare one by one; the default is 1000, 0 is none. Of more than
        /// that a random choice.</summary>
        public long? Entries { get; set; }

        /// <summary>Random directions over all parameters; the default is 4, 0 is none.</summary>
        public long? Directions { get; set; }

        /// <summary>Of the choice and the directions.</summary>
        public ulong Seed { get; set; }

        /// <summary>The largest relative error that is no failure; 0: any is none.</summary>
        public double Tolerance { get; set; }

        /// <summary>With dropout, and the batch's statistics.</summary>
        public bool Training { get; set; }
    }

    /// <summary>What Net.CheckGradient found.</summary>
    public sealed class GradientReport
    {
        internal unsafe GradientReport(cnn_gradient_report* native)
        {
            Worst = Errors.Text(native->worst, 320);
            Tensor = Errors.Text(native->tensor, 256);
            Index = native->index;
            Error = native->error;
            Analytic = native->analytic;
            Numeric = native->numeric;
            DirectionError = native->direction_error < 0 ? (double?)null : native->direction_error;
            Loss = native->loss;
            Entries = native->entries;
            Skipped = native->skipped;
            Directions = native->directions;
            SkippedDirections = native->skipped_directions;
        }

        /// <summary>The worst entry, "conv2d_1/weight[3,0,1,1]"; "" for none.</summary>
        public string Worst { get; }

        /// <summary>Its tensor.</summary>
        public string Tensor { get; }

        /// <summary>Its place among the parameters; -1: no entry was compared.</summary>
        public long Index { get; }

        /// <summary>Its relative error: 1e-4 is usual of float, 1 plain wrong.</summary>
        public double Error { get; }

        /// <summary>The gradient's value there.</summary>
        public double Analytic { get; }

        /// <summary>And that of the differences.</summary>
        public double Numeric { get; }

        /// <summary>The worst relative error along a direction; null: none was compared.</summary>
        public double? DirectionError { get; }

        /// <summary>The loss, in double.</summary>
        public double Loss { get; }

        /// <summary>How many entries were compared.</summary>
        public long Entries { get; }

        /// <summary>And not compared, as a kink is too near.</summary>
        public long Skipped { get; }

        /// <summary>How many directions were compared.</summary>
        public long Directions { get; }

        /// <summary>And not compared.</summary>
        public long SkippedDirections { get; }
    }

    public sealed unsafe partial class Net
    {
        private long inputSize, outputSize; // of one sample, of the first; 0: not asked yet

        /// <summary>
        /// Runs the net (dropout off, batch norm on its running statistics) on x, n samples for its
        /// one input, into y, the n results of its first output. More samples than compiled for are
        /// run in parts.
        /// </summary>
        public void Run(ReadOnlySpan<float> x, Span<float> y,
                        CancellationToken token = default(CancellationToken))
        {
            cnn_error error;
            Status status;
            Cancellation cancellation = Cancellation.Begin(Handle, token);
            try
            {
                fixed (float* from = &MemoryMarshal.GetReference(x))
                fixed (float* to = &MemoryMarshal.GetReference(y))
                    status = Native.cnn_net_run(Handle, from, x.Length, to, y.Length, &error);
            }
            finally
            {
                if (cancellation != null) cancellation.Dispose();
            }
            if (status != Status.Ok) throw Errors.Of(Errors.Of(status, &error), token);
        }

        /// <summary>Runs the net on n samples, and gives the n results of its first output.</summary>
        public float[] Run(float[] x, CancellationToken token = default(CancellationToken))
        {
            if (inputSize == 0) MeasureEnds();
            long samples = inputSize == 0 ? 0 : Needed(x, nameof(x)).LongLength / inputSize;
            float[] y = new float[samples * outputSize];
            Run(new ReadOnlySpan<float>(x), new Span<float>(y), token);
            return y;
        }

        /// <summary>Runs the net on bytes, as a camera or a picture gives them: pixel by pixel unless
        /// told otherwise, value = (raw - mean) * scale.</summary>
        public void Run(ReadOnlySpan<byte> x, Span<float> y, Layout layout = Layout.Nhwc,
                        ChannelValues scale = default(ChannelValues),
                        ChannelValues mean = default(ChannelValues))
        {
            cnn_error error;
            cnn_view input = new cnn_view();
            cnn_view output = new cnn_view();
            input.elements = x.Length;
            input.type = ElementType.UInt8;
            input.layout = layout;
            scale.CopyTo(input.scale);
            mean.CopyTo(input.mean);
            output.elements = y.Length;
            Status status;
            fixed (byte* from = &MemoryMarshal.GetReference(x))
            fixed (float* to = &MemoryMarshal.GetReference(y))
            {
                input.data = from;
                output.data = to;
                status = Native.cnn_net_run_view(Handle, &input, &output, &error);
            }
            Errors.Check(status, &error);
        }

        /// <summary>Runs the net with its one input and first output as views.</summary>
        public void RunView(View input, View output,
                            CancellationToken token = default(CancellationToken))
        {
            using (Scope scope = Scope.Begin())
            using (Cancellation.Begin(Handle, token))
            {
                cnn_error error;
                cnn_view from = new cnn_view();
                cnn_view to = new cnn_view();
                Needed(input, nameof(input)).Fill(&from, scope, false);
                Needed(output, nameof(output)).Fill(&to, scope, true);
                Errors.Check(Native.cnn_net_run_view(Handle, &from, &to, &error), &error, token);
            }
        }

        /// <summary>Runs the net with several inputs and outputs, in the order of adding and
        /// declaring.</summary>
        public void RunMany(IReadOnlyList<View> inputs, IReadOnlyList<View> outputs,
                            RunOptions options = null,
                            CancellationToken token = default(CancellationToken))
        {
            using (Scope scope = Scope.Begin())
            using (Cancellation.Begin(Handle, token))
            {
                cnn_error error;
                cnn_run run = new cnn_run();
                Status status = Native.cnn_net_run_many(
                    Handle, View.Fill(inputs, scope, false), Needed(inputs, nameof(inputs)).Count,
                    View.Fill(outputs, scope, true), Needed(outputs, nameof(outputs)).Count,
                    RunOptions.Fill(options, &run), &error);
                Errors.Check(status, &error, token);
            }
        }

        /// <summary>Loss and accuracy over any number of samples.</summary>
        public Evaluation Evaluate(Samples samples,
                                   CancellationToken token = default(CancellationToken))
        {
            using (Scope scope = Scope.Begin())
            using (Cancellation.Begin(Handle, token))
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                cnn_evaluation result;
                Needed(samples, nameof(samples)).Fill(&native, scope);
                Errors.Check(Native.cnn_net_evaluate(Handle, &native, &result, &error), &error, token);
                return new Evaluation(result);
            }
        }

        /// <summary>The loss of samples, no more than compiled for, and its gradient into
        /// VectorKind.Gradient. Changes neither parameters nor state.</summary>
        public double LossGradient(Samples samples, bool training = false)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                cnn_gradient_options options = new cnn_gradient_options();
                double loss;
                Needed(samples, nameof(samples)).Fill(&native, scope);
                options.training = training ? 1 : 0;
                Errors.Check(Native.cnn_net_loss_gradient(Handle, &native, &options, &loss, &error),
                             &error);
                return loss;
            }
        }

        /// <summary>
        /// Backward from the host's own dL/dy of each output: runs forward on the samples' inputs,
        /// multiplies row k of each dL/dy by the sample's weight, and writes dL/dtheta into
        /// VectorKind.Gradient and dL/dx into inputGradients (null, or a null among them: not wanted).
        /// </summary>
        public void Backward(Samples samples, IReadOnlyList<View> outputGradients,
                             IReadOnlyList<View> inputGradients = null, bool training = false)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                cnn_gradient_options options = new cnn_gradient_options();
                Needed(samples, nameof(samples)).Fill(&native, scope);
                options.training = training ? 1 : 0;
                Status status = Native.cnn_net_backward(
                    Handle, &native, View.Fill(outputGradients, scope, false),
                    Needed(outputGradients, nameof(outputGradients)).Count,
                    View.Fill(inputGradients, scope, true),
                    inputGradients == null ? 0 : inputGradients.Count, &options, &error);
                Errors.Check(status, &error);
            }
        }

        /// <summary>
        /// Checks the gradient on samples against central differences of the loss in double: slow,
        /// for small nets and few samples. With a tolerance an error above it, or nothing compared,
        /// is thrown (Status.OutOfRange), naming the worst entry. Frozen tensors are left out.
        /// </summary>
        public GradientReport CheckGradient(Samples samples, GradientCheck options = null,
                                            CancellationToken token = default(CancellationToken))
        {
            using (Scope scope = Scope.Begin())
            using (Cancellation.Begin(Handle, token))
            {
                cnn_error error;
                cnn_samples native = new cnn_samples();
                cnn_gradient_check check = new cnn_gradient_check();
                cnn_gradient_report report;
                Needed(samples, nameof(samples)).Fill(&native, scope);
                if (options != null)
                {
                    check.entries = Default.Of(options.Entries);
                    check.directions = Default.Of(options.Directions);
                    check.seed = options.Seed;
                    check.tolerance = options.Tolerance;
                    check.training = options.Training ? 1 : 0;
                }
                Errors.Check(Native.cnn_net_check_gradient(Handle, &native, &check, &report, &error),
                             &error, token);
                return new GradientReport(&report);
            }
        }

        /// <summary>Asks the call in progress on the net to stop (Status.Cancelled) within one node's
        /// time; does nothing when there is none. From any thread.</summary>
        public void Cancel()
        {
            Native.cnn_net_cancel(Handle);
        }

        // Sizes of the first input and the first output, which is the last node that has a shape where
        // none was declared.
        private void MeasureEnds()
        {
            NodeInfo output = null;
            foreach (NodeInfo node in Nodes)
            {
                if (node.Kind == "input" && inputSize == 0) inputSize = node.OutputSize;
                if (node.OutputIndex == 0 ||
                    node.Shape.Count > 0 && (output == null || !output.IsOutput))
                    output = node;
            }
            outputSize = output == null ? 0 : output.OutputSize;
        }
    }
}
