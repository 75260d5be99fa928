// Minimising functions of the host's own, in double, without any net.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace CnnSharp
{
    /// <summary>Gives the value at x and, where gradient isn't empty, all elements of the gradient.
    /// </summary>
    public delegate double ObjectiveFunction(ReadOnlySpan<double> x, Span<double> gradient);

    /// <summary>Gives the m residuals at x and, where jacobian isn't empty, dr_i/dx_j at
    /// jacobian[i * n + j].</summary>
    public delegate void ResidualFunction(ReadOnlySpan<double> x, Span<double> residuals,
                                          Span<double> jacobian);

    /// <summary>Gives y = A v, or y = M^-1 v of a preconditioner M.</summary>
    public delegate void Product(ReadOnlySpan<double> v, Span<double> y);

    /// <summary>
    /// A function to minimise: either Function, or Residuals and ResidualFunction, whose half sum of
    /// squares is then the value. A value that isn't finite is a point to be avoided; an exception
    /// ends the minimisation and comes out of it.
    /// </summary>
    public sealed class Problem
    {
        /// <summary>Gives the value and its gradient.</summary>
        public ObjectiveFunction Function { get; set; }

        /// <summary>How many residuals.</summary>
        public long Residuals { get; set; }

        /// <summary>Gives the residuals and their Jacobian.</summary>
        public ResidualFunction ResidualFunction { get; set; }

        /// <summary>Derivatives are central differences, and never asked for.</summary>
        public bool NumericDerivatives { get; set; }

        /// <summary>Residuals in a sample, for Key.NormResidual; the default is 1.</summary>
        public long ResidualGroup { get; set; }
    }

    /// <summary>How a minimisation stands.</summary>
    public struct MinimizeProgress
    {
        internal unsafe MinimizeProgress(cnn_minimize_progress* native)
        {
            Iteration = native->iteration;
            Evaluations = native->evaluations;
            GradientEvaluations = native->gradient_evaluations;
            Value = native->value;
            GradientNorm = native->gradient_norm;
            StepNorm = native->step_norm;
            Damping = native->damping;
            Seconds = native->seconds;
        }

        /// <summary>0 at the start.</summary>
        public long Iteration { get; }

        /// <summary>Of the value.</summary>
        public long Evaluations { get; }

        /// <summary>Of gradients or Jacobians.</summary>
        public long GradientEvaluations { get; }

        /// <summary>The value.</summary>
        public double Value { get; }

        /// <summary>The largest magnitude of an element of the gradient.</summary>
        public double GradientNorm { get; }

        /// <summary>The 2-norm of the step.</summary>
        public double StepNorm { get; }

        /// <summary>lambda, where the optimizer has one.</summary>
        public double Damping { get; }

        /// <summary>Since it began.</summary>
        public double Seconds { get; }
    }

    /// <summary>When a minimisation stops. A tolerance of 0 is never met; null is the default.
    /// </summary>
    public sealed class MinimizeOptions
    {
        /// <summary>No limit.</summary>
        public const long Unlimited = -1;

        /// <summary>Stops where max |g_i| is at most this; the default is 1e-8, of a net 1e-6. By
        /// Levenberg-Marquardt: where the largest cosine of an angle between the residuals and a
        /// column of their Jacobian is, default 2e-14 and 1e-5. Of conjugate gradients
        /// |b - A x| / |b|, default 1e-10.</summary>
        public double? GradientTolerance { get; set; }

        /// <summary>|step| at most this |x|; the default is the rounding unit.</summary>
        public double? StepTolerance { get; set; }

        /// <summary>Three times in a row the value fell by at most this part of it; the default is
        /// the rounding unit.</summary>
        public double? ValueTolerance { get; set; }

        /// <summary>0 is the default, 1000; Unlimited for none.</summary>
        public long MaxIterations { get; set; }

        /// <summary>Of the value; the default is no limit.</summary>
        public long MaxEvaluations { get; set; }

        /// <summary>The default is no limit.</summary>
        public TimeSpan? TimeLimit { get; set; }

        /// <summary>Told how it stands, at the start and after each iteration: true goes on, false
        /// cancels, and an exception comes out of the minimisation.</summary>
        public Func<MinimizeProgress, bool> Progress { get; set; }

        /// <summary>Takes over for good where the first optimizer stalls; null: none.</summary>
        public Optimizer Then { get; set; }

        /// <summary>Stalled is a fall of less than StallTolerance in so many iterations; 0 is the
        /// default, 10; Unlimited: by step, value and want of a decrease alone.</summary>
        public long StallIterations { get; set; }

        /// <summary>The default is 1e-3; 0: only where the value rose.</summary>
        public double? StallTolerance { get; set; }

        /// <summary>Only of a net: names of the tensors that move, or of nodes for all of theirs;
        /// null: all.</summary>
        public IReadOnlyList<string> Tensors { get; set; }

        internal static unsafe void Fill(MinimizeOptions options, cnn_minimize_options* native,
                                         Scope scope, ProblemContext context)
        {
            if (options != null) options.Fill(native, scope);
            context.Progress = options == null ? null : options.Progress;
            if (context.Progress == null && !context.Token.CanBeCanceled) return;
            native->progress = Callbacks.MinimizeProgress;
            native->user = scope.Context(context);
        }

        private unsafe void Fill(cnn_minimize_options* native, Scope scope)
        {
            native->gradient_tolerance = Default.Of(GradientTolerance);
            native->step_tolerance = Default.Of(StepTolerance);
            native->value_tolerance = Default.Of(ValueTolerance);
            native->max_iterations = MaxIterations;
            native->max_evaluations = MaxEvaluations;
            native->seconds = TimeLimit == null ? 0 : TimeLimit.Value.TotalSeconds;
            native->then = Then == null ? IntPtr.Zero : scope.Hold(Then.Handle);
            native->stall_iterations = StallIterations;
            native->stall_tolerance = Default.Of(StallTolerance);
            if (Tensors == null) return;
            byte** names = (byte**)scope.Allocate(Tensors.Count * (long)sizeof(byte*));
            for (int i = 0; i < Tensors.Count; i++) names[i] = scope.Text(Tensors[i]);
            native->tensors = names;
            native->tensor_count = Tensors.Count;
        }
    }

    // What the callbacks of a minimisation use.
    internal sealed class ProblemContext
    {
        internal Problem Problem;
        internal Product Product, Preconditioner;
        internal Func<MinimizeProgress, bool> Progress;
        internal CancellationToken Token;

        internal bool Goes(MinimizeProgress progress)
        {
            return !Token.IsCancellationRequested && (Progress == null || Progress(progress));
        }
    }

    /// <summary>What a minimisation did; value and norms are those at the point it ended at.
    /// </summary>
    public sealed class MinimizeReport
    {
        private unsafe MinimizeReport(cnn_minimize_report* native)
        {
            Reason = native->reason;
            Iterations = native->iterations;
            Evaluations = native->evaluations;
            GradientEvaluations = native->gradient_evaluations;
            Products = native->products;
            Restarts = native->restarts;
            HandedOver = native->handed_over < 0 ? (long?)null : native->handed_over;
            Rank = native->rank < 0 ? (long?)null : native->rank;
            StartValue = native->start_value;
            Value = native->value;
            GradientNorm = native->gradient_norm;
            StepNorm = native->step_norm;
            Damping = native->damping;
            Condition = native->condition;
            Seconds = native->seconds;
        }

        /// <summary>Why it ended.</summary>
        public StopReason Reason { get; }

        /// <summary>Iterations done.</summary>
        public long Iterations { get; }

        /// <summary>Of the value, those that gave the gradient too included.</summary>
        public long Evaluations { get; }

        /// <summary>Of gradients or Jacobians.</summary>
        public long GradientEvaluations { get; }

        /// <summary>With a matrix.</summary>
        public long Products { get; }

        /// <summary>Of conjugate gradients or of a quasi-Newton matrix.</summary>
        public long Restarts { get; }

        /// <summary>The iteration at which MinimizeOptions.Then took over; null: it didn't.</summary>
        public long? HandedOver { get; }

        /// <summary>Of Levenberg-Marquardt: how many singular values of the Jacobian count; null:
        /// unknown.</summary>
        public long? Rank { get; }

        /// <summary>The value it began with.</summary>
        public double StartValue { get; }

        /// <summary>The value at its end.</summary>
        public double Value { get; }

        /// <summary>The largest magnitude of an element of the gradient.</summary>
        public double GradientNorm { get; }

        /// <summary>The 2-norm of the last step.</summary>
        public double StepNorm { get; }

        /// <summary>The last lambda.</summary>
        public double Damping { get; }

        /// <summary>Of the Jacobian at the end, its columns scaled to one length; 0: unknown.
        /// </summary>
        public double Condition { get; }

        /// <summary>How long it took.</summary>
        public double Seconds { get; }

        internal static unsafe MinimizeReport Of(Status status, cnn_error* error,
                                                 cnn_minimize_report* native, CancellationToken token)
        {
            if (status == Status.Ok) return new MinimizeReport(native);
            CnnException exception = Errors.Of(status, error);
            if (status == Status.Cancelled || status == Status.NotFinite)
                exception = new MinimizeException(exception, new MinimizeReport(native));
            throw Errors.Of(exception, token);
        }
    }

    /// <summary>Minimises functions of the host's own, on the calling thread, in double.</summary>
    public static unsafe class Minimizer
    {
        /// <summary>
        /// Minimises the problem from x, which becomes the best point found. The optimizer gives its
        /// hyper-parameters and is left as it was. Success whatever stopped it; cancelled, or where no
        /// step leads to a finite value, a MinimizeException is thrown and x is the best point so far.
        /// </summary>
        public static MinimizeReport Minimize(this Optimizer optimizer, Problem problem,
                                              Span<double> x, MinimizeOptions options = null,
                                              CancellationToken token = default(CancellationToken))
        {
            if (optimizer == null) throw new ArgumentNullException(nameof(optimizer));
            if (problem == null) throw new ArgumentNullException(nameof(problem));
            token.ThrowIfCancellationRequested();
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_problem native = new cnn_problem();
                cnn_minimize_options minimize = new cnn_minimize_options();
                cnn_minimize_report report = new cnn_minimize_report();
                ProblemContext context = new ProblemContext { Problem = problem, Token = token };
                native.parameters = x.Length;
                native.function = problem.Function == null ? IntPtr.Zero : Callbacks.Function;
                native.residuals = problem.Residuals;
                native.residual_function =
                    problem.ResidualFunction == null ? IntPtr.Zero : Callbacks.Residuals;
                native.user = scope.Context(context);
                native.numeric_derivatives = problem.NumericDerivatives ? 1 : 0;
                native.residual_group = problem.ResidualGroup;
                MinimizeOptions.Fill(options, &minimize, scope, context);
                Status status;
                fixed (double* point = &MemoryMarshal.GetReference(x))
                    status = Native.cnn_minimize(optimizer.Handle, &native, point, &minimize, &report,
                                                 &error);
                return MinimizeReport.Of(status, &error, &report, token);
            }
        }

        /// <summary>
        /// Solves A x = b for a symmetric positive definite A, given by its products, by conjugate
        /// gradients from x (Hedberg 156-161), preconditioned where there is a preconditioner. Of the
        /// options GradientTolerance, MaxIterations (default 2 n), TimeLimit and Progress serve.
        /// </summary>
        public static MinimizeReport ConjugateGradient(
            Product product, ReadOnlySpan<double> b, Span<double> x, Product preconditioner = null,
            MinimizeOptions options = null, CancellationToken token = default(CancellationToken))
        {
            if (product == null) throw new ArgumentNullException(nameof(product));
            if (b.Length != x.Length)
                throw new ArgumentException("b has " + b.Length + " elements, but x " + x.Length);
            token.ThrowIfCancellationRequested();
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_minimize_options minimize = new cnn_minimize_options();
                cnn_minimize_report report = new cnn_minimize_report();
                ProblemContext context = new ProblemContext
                {
                    Product = product,
                    Preconditioner = preconditioner,
                    Token = token,
                };
                MinimizeOptions.Fill(options, &minimize, scope, context);
                Status status;
                fixed (double* right = &MemoryMarshal.GetReference(b))
                fixed (double* point = &MemoryMarshal.GetReference(x))
                    status = Native.cnn_conjugate_gradient(
                        x.Length, Callbacks.Product,
                        preconditioner == null ? IntPtr.Zero : Callbacks.Preconditioner,
                        scope.Context(context), right, point, &minimize, &report, &error);
                return MinimizeReport.Of(status, &error, &report, token);
            }
        }
    }
}
