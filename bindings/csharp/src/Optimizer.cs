// Optimizers and their hyper-parameters.

using System;
using System.Collections.Generic;

namespace CnnSharp
{
    /// <summary>A hyper-parameter of an optimizer.</summary>
    public sealed class KeyInfo
    {
        internal unsafe KeyInfo(cnn_key_info* info)
        {
            Name = Errors.Text(info->name, 32);
            Key = info->key;
            Value = info->value;
            DefaultValue = info->default_value;
            Minimum = info->minimum;
            Maximum = info->maximum;
        }

        /// <summary>"learning_rate".</summary>
        public string Name { get; }

        /// <summary>What Optimizer's indexer takes.</summary>
        public Key Key { get; }

        /// <summary>Its value now.</summary>
        public double Value { get; }

        /// <summary>The value it starts with.</summary>
        public double DefaultValue { get; }

        /// <summary>The least that is allowed.</summary>
        public double Minimum { get; }

        /// <summary>The most that is allowed.</summary>
        public double Maximum { get; }
    }

    /// <summary>
    /// A way to a minimum and its hyper-parameters. A first-order rule (up to
    /// OptimizerKind.AdamsBashforth) turns gradients into steps: it serves TrainStep and Fit, keeps
    /// its state and belongs to the first net that it trains, until Reset. A minimizer sees a whole
    /// problem at once: it serves Minimize, as rules do too. A hyper-parameter that the kind doesn't
    /// have is refused (Status.NotFound), and a value out of its bounds (Status.OutOfRange).
    /// </summary>
    public sealed unsafe class Optimizer : IDisposable
    {
        /// <summary>An optimizer with default hyper-parameters.</summary>
        public Optimizer(OptimizerKind kind)
        {
            IntPtr native = Native.cnn_optimizer_create(kind);
            if (native == IntPtr.Zero)
                throw new CnnException(Status.InvalidArgument, -1,
                                       "create optimizer: kind " + (int)kind +
                                       " is unknown, or there is no memory for it");
            Handle = new OptimizerHandle(native);
        }

        /// <summary>An optimizer with a rate.</summary>
        public Optimizer(OptimizerKind kind, double learningRate) : this(kind)
        {
            LearningRate = learningRate;
        }

        internal Optimizer(IntPtr native)
        {
            Handle = new OptimizerHandle(native);
        }

        /// <summary>Holds the native optimizer.</summary>
        public OptimizerHandle Handle { get; }

        /// <summary>What it was made as.</summary>
        public OptimizerKind Kind => Native.cnn_optimizer_get_kind(Handle);

        /// <summary>Steps taken since it was made or reset.</summary>
        public long Steps => Native.cnn_optimizer_steps(Handle);

        /// <summary>Its hyper-parameters with their bounds.</summary>
        public IReadOnlyList<KeyInfo> Keys
        {
            get
            {
                cnn_error error;
                List<KeyInfo> keys = new List<KeyInfo>();
                int count = Native.cnn_optimizer_key_count(Handle);
                for (int i = 0; i < count; i++)
                {
                    cnn_key_info info;
                    Errors.Check(Native.cnn_optimizer_describe_key(Handle, i, &info, &error), &error);
                    keys.Add(new KeyInfo(&info));
                }
                return keys;
            }
        }

        /// <summary>A hyper-parameter. Takes effect at the next step.</summary>
        public double this[Key key]
        {
            get
            {
                cnn_error error;
                double value;
                Errors.Check(Native.cnn_optimizer_get(Handle, key, &value, &error), &error);
                return value;
            }
            set
            {
                cnn_error error;
                Errors.Check(Native.cnn_optimizer_set(Handle, key, value, &error), &error);
            }
        }

        /// <summary>Forgets state, steps and the net; hyper-parameters stay.</summary>
        public void Reset()
        {
            cnn_error error;
            Errors.Check(Native.cnn_optimizer_reset(Handle, &error), &error);
        }

        /// <summary>Ends it, at once or, from within a callback of a call that uses it, after that
        /// call.</summary>
        public void Dispose()
        {
            Handle.Dispose();
        }

        /// <summary>The rate.</summary>
        public double LearningRate
        {
            get { return this[Key.LearningRate]; }
            set { this[Key.LearningRate] = value; }
        }

        /// <summary>How much of the last step stays.</summary>
        public double Momentum
        {
            get { return this[Key.Momentum]; }
            set { this[Key.Momentum] = value; }
        }

        /// <summary>Nesterov's form of momentum.</summary>
        public bool Nesterov
        {
            get { return this[Key.Nesterov] != 0; }
            set { this[Key.Nesterov] = value ? 1 : 0; }
        }

        /// <summary>The decay of the mean of gradients.</summary>
        public double Beta1
        {
            get { return this[Key.Beta1]; }
            set { this[Key.Beta1] = value; }
        }

        /// <summary>The decay of the mean of their squares.</summary>
        public double Beta2
        {
            get { return this[Key.Beta2]; }
            set { this[Key.Beta2] = value; }
        }

        /// <summary>What is added to a divisor, or the least curvature that an update takes.</summary>
        public double Epsilon
        {
            get { return this[Key.Epsilon]; }
            set { this[Key.Epsilon] = value; }
        }

        /// <summary>How much of the parameters a step takes away.</summary>
        public double WeightDecay
        {
            get { return this[Key.WeightDecay]; }
            set { this[Key.WeightDecay] = value; }
        }

        /// <summary>lambda of the penalty (lambda / 2) |theta - center|^2 (Delmas 3-4).</summary>
        public double L2
        {
            get { return this[Key.L2]; }
            set { this[Key.L2] = value; }
        }

        /// <summary>lambda of the penalty lambda sum_i |theta_i - center_i|.</summary>
        public double L1
        {
            get { return this[Key.L1]; }
            set { this[Key.L1] = value; }
        }

        /// <summary>The most that the gradient's 2-norm may be; 0: any.</summary>
        public double ClipNorm
        {
            get { return this[Key.ClipNorm]; }
            set { this[Key.ClipNorm] = value; }
        }

        /// <summary>AdaGrad's root is of a mean.</summary>
        public bool MeanSquares
        {
            get { return this[Key.MeanSquares] != 0; }
            set { this[Key.MeanSquares] = value ? 1 : 0; }
        }

        /// <summary>RMSProp's average is freed of its bias to zero.</summary>
        public bool BiasCorrection
        {
            get { return this[Key.BiasCorrection] != 0; }
            set { this[Key.BiasCorrection] = value ? 1 : 0; }
        }

        /// <summary>How steps' lengths are found.</summary>
        public LineSearch LineSearch
        {
            get { return (LineSearch)this[Key.LineSearch]; }
            set { this[Key.LineSearch] = (double)value; }
        }

        /// <summary>Of the line searches: the decrease that is enough.</summary>
        public double C1
        {
            get { return this[Key.C1]; }
            set { this[Key.C1] = value; }
        }

        /// <summary>Of the line searches: the slope that is flat enough.</summary>
        public double C2
        {
            get { return this[Key.C2]; }
            set { this[Key.C2] = value; }
        }

        /// <summary>Pairs that L-BFGS keeps.</summary>
        public int History
        {
            get { return (int)this[Key.History]; }
            set { this[Key.History] = value; }
        }

        /// <summary>lambda to start with.</summary>
        public double Damping
        {
            get { return this[Key.Damping]; }
            set { this[Key.Damping] = value; }
        }

        /// <summary>Conjugate gradients start anew every so many iterations; 0: as many as there are
        /// parameters.</summary>
        public long Restart
        {
            get { return (long)this[Key.Restart]; }
            set { this[Key.Restart] = value; }
        }

        /// <summary>0: Polak-Ribiere+, 1: Fletcher-Reeves.</summary>
        public int CGUpdate
        {
            get { return (int)this[Key.CGUpdate]; }
            set { this[Key.CGUpdate] = value; }
        }

        /// <summary>Of nonlinear conjugate gradients: 0 none, 1 the diagonal of a quasi-Newton matrix.</summary>
        public int Preconditioner
        {
            get { return (int)this[Key.Preconditioner]; }
            set { this[Key.Preconditioner] = value; }
        }

        /// <summary>H0 of BFGS: 0 I, scaled after the first step (Hedberg 191); 1 I; 2 by differences of
        /// gradients.</summary>
        public int InitialHessian
        {
            get { return (int)this[Key.InitialHessian]; }
            set { this[Key.InitialHessian] = value; }
        }

        /// <summary>0 skips a quasi-Newton update without curvature (Hedberg 177), 1 damps it (Powell).</summary>
        public int CurvatureGuard
        {
            get { return (int)this[Key.CurvatureGuard]; }
            set { this[Key.CurvatureGuard] = value; }
        }

        /// <summary>One residual |r| a sample (Hedberg 106, 110).</summary>
        public bool NormResidual
        {
            get { return this[Key.NormResidual] != 0; }
            set { this[Key.NormResidual] = value ? 1 : 0; }
        }

        /// <summary>Products a step, at most.</summary>
        public int CGIterations
        {
            get { return (int)this[Key.CGIterations]; }
            set { this[Key.CGIterations] = value; }
        }

        /// <summary>The inner solve stops at this residual relative to |g|.</summary>
        public double CGTolerance
        {
            get { return this[Key.CGTolerance]; }
            set { this[Key.CGTolerance] = value; }
        }

        /// <summary>Of the data, what a product uses.</summary>
        public double SampleFraction
        {
            get { return this[Key.SampleFraction]; }
            set { this[Key.SampleFraction] = value; }
        }

        /// <summary>Of gradient descent: how much of the floating mean of directions stays.</summary>
        public double Average
        {
            get { return this[Key.Average]; }
            set { this[Key.Average] = value; }
        }

        /// <summary>Of gradient descent: steps for each search along the line.</summary>
        public int SearchPeriod
        {
            get { return (int)this[Key.SearchPeriod]; }
            set { this[Key.SearchPeriod] = value; }
        }
    }
}
