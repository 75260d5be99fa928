// The enums of the C interface. Written by generate.py: don't edit.

namespace CnnSharp
{
    /// <summary>
    /// What a call came to. Values never change their meaning; new ones may be added.
    /// </summary>
    public enum Status
    {
        /// <summary>Success.</summary>
        Ok = 0,
        /// <summary>a null, a wrong enum value, a contradiction between properties.</summary>
        InvalidArgument = 1,
        /// <summary>The allocator, or a device, had no more.</summary>
        OutOfMemory = 2,
        /// <summary>No device, tensor, key or node of that name.</summary>
        NotFound = 3,
        /// <summary>Shapes or element counts that don't fit.</summary>
        ShapeMismatch = 4,
        /// <summary>Well-formed, but this backend or version can't do it.</summary>
        Unsupported = 5,
        /// <summary>a call out of order: not compiled, compiled for inference only.</summary>
        BadState = 6,
        /// <summary>From within a callback, or while a run is in progress.</summary>
        Busy = 7,
        /// <summary>a callback or <c>Net.Cancel</c> asked to stop.</summary>
        Cancelled = 8,
        /// <summary>The file system, a reader or a writer failed.</summary>
        IoError = 9,
        /// <summary>a damaged or hostile file.</summary>
        BadFile = 10,
        /// <summary>a loss or gradient became NaN or infinite.</summary>
        NotFinite = 11,
        /// <summary>The device's driver failed.</summary>
        DeviceError = 12,
        /// <summary>a memory limit, or more samples than compiled for.</summary>
        LimitExceeded = 13,
        /// <summary>a label, index, key or error outside its bounds.</summary>
        OutOfRange = 14,
        /// <summary>a defect of libcnn: please report the message.</summary>
        Internal = 15,
        /// <summary>Made by, or meant for, a newer version of libcnn.</summary>
        Incompatible = 16,
    }

    /// <summary>How detailed a message of the log is.</summary>
    public enum LogLevel
    {
        /// <summary>Nothing at all.</summary>
        Silent = 0,
        /// <summary>What failed.</summary>
        Error = 1,
        /// <summary>What may be a mistake.</summary>
        Warning = 2,
        /// <summary>What was chosen.</summary>
        Info = 3,
        /// <summary>Everything.</summary>
        Debug = 4,
    }

    /// <summary>What sort of hardware a device is.</summary>
    public enum DeviceKind
    {
        /// <summary>a central processor.</summary>
        Cpu = 1,
        /// <summary>a graphics processor.</summary>
        Gpu = 2,
        /// <summary>Something else.</summary>
        Other = 3,
    }

    /// <summary>
    /// y = f(x) of each element. From <see cref="Activation.Gelu"/> on backward is computed from x,
    /// which is then kept beside y.
    /// </summary>
    public enum Activation
    {
        /// <summary>x (Hedberg 24, table 3)</summary>
        Linear = 0,
        /// <summary>max(x, 0); derivative 0 at 0 (Lin, after eq. 3)</summary>
        Relu = 1,
        /// <summary>x for x &gt; 0, else slope * x.</summary>
        LeakyRelu = 2,
        /// <summary>
        /// 1 / (1 + exp(-x)) (Hedberg table 3; Delmas, "Logistic regression", 2nd paragraph; worked
        /// gradients' sigma)
        /// </summary>
        Sigmoid = 3,
        /// <summary>tanh(x) (Hedberg, before 33, of hidden layers)</summary>
        Tanh = 4,
        /// <summary>1.7159 tanh(2 x / 3) (LeCun et al. 1998)</summary>
        ScaledTanh = 5,
        /// <summary>
        /// x for x &gt; 0, else alpha (exp(x) - 1), alpha being the slope field, whose default is 1
        /// here (Clevert, Unterthiner, Hochreiter 2016)
        /// </summary>
        Elu = 6,
        /// <summary>
        /// x (1 + erf(x / sqrt(2))) / 2, exact, not its approximations (Hendrycks, Gimpel 2016)
        /// </summary>
        Gelu = 7,
        /// <summary>x / (1 + exp(-x))</summary>
        SiLU = 8,
        /// <summary>
        /// (|x| + x + 1) / (2 |x| + 2); derivative 1 / (2 (1 + |x|)^2) (Delmas, "Logistic
        /// regression", 2nd paragraph)
        /// </summary>
        SoftLogistic = 9,
        /// <summary>x / (1 + |x|), twice the soft logistic less 1.</summary>
        Softsign = 10,
        /// <summary>x / sqrt(x^2 + 1)</summary>
        Algebraic = 11,
    }

    /// <summary>
    /// How a weight starts; fan_in and fan_out count the inputs and outputs of one unit.
    /// </summary>
    public enum Initializer
    {
        /// <summary>He for ReLU, leaky ReLU, ELU, GELU, SiLU, else Xavier.</summary>
        Default = 0,
        /// <summary>Normal, standard deviation scale * sqrt(2 / fan_in)</summary>
        He = 1,
        /// <summary>Uniform in +- scale * sqrt(6 / (fan_in + fan_out))</summary>
        Xavier = 2,
        /// <summary>Uniform in +- scale.</summary>
        Uniform = 3,
        /// <summary>Normal, standard deviation scale.</summary>
        Normal = 4,
        /// <summary>Scale itself.</summary>
        Constant = 5,
    }

    /// <summary>How a window meets the edges of its input.</summary>
    internal enum PaddingMode
    {
        /// <summary>As the padding field says, by default none.</summary>
        Explicit = 0,
        /// <summary>Output ceil(input / stride); the odd one goes below and right.</summary>
        Same = 1,
    }

    /// <summary>Which input maps each output map takes: D of Hedberg's table 1.</summary>
    public enum ConnectionKind
    {
        /// <summary>Every one.</summary>
        Full = 0,
        /// <summary>Map i takes map i alone: as many filters as channels (depthwise)</summary>
        Single = 1,
        /// <summary>fan_in different ones, drawn by seed.</summary>
        Random = 2,
        /// <summary>Those of `pairs`.</summary>
        Custom = 3,
    }

    /// <summary>
    /// z of a distance d = |y - c| and beta &gt; 0 (Hedberg 54, corrected: of the squared
    /// distance).
    /// </summary>
    public enum RadialKind
    {
        /// <summary>exp(-beta d^2)</summary>
        Gaussian = 0,
        /// <summary>exp(-beta d), as printed; gradient 0 at d = 0.</summary>
        Unsquared = 1,
        /// <summary>sqrt(1 + beta d^2)</summary>
        Multiquadric = 2,
        /// <summary>1 / sqrt(1 + beta d^2)</summary>
        InverseMultiquadric = 3,
        /// <summary>1 / (1 + beta d^2)</summary>
        InverseQuadratic = 4,
        /// <summary>beta d^2: any rho follows as an activation layer.</summary>
        Distance = 5,
    }

    /// <summary>
    /// Over n samples with weights s_k (1 unless given), y the node's output, t its target, K
    /// elements a sample. Each is a mean over the samples, 1/n whatever the weights sum to (Delmas
    /// 19), and on a map [C, H, W] as on a vector: any layer's output may have a loss. No loss
    /// includes the regulariser of the optimizer. The six pairs of Hedberg's table 3, corrected:
    /// <see cref="LossKind.HalfMse"/>, <see cref="LossKind.BinaryCrossEntropy"/> and <see
    /// cref="LossKind.CrossEntropy"/> after any activation; binary cross-entropy with the sigmoid
    /// and cross-entropy with softmax fused, the sigmoid and softmax ones below on what comes
    /// before; <see cref="LossKind.HalfMse"/> after none.
    /// </summary>
    public enum LossKind
    {
        /// <summary>
        /// (1/n) sum_k s_k (-sum_c t_c log softmax(y)_c) over the classes, the first axis; y are
        /// logits. On a map [C, H, W] the mean of that over the places. Targets are class indices
        /// (0 to C - 1), one a place, or distributions t. (Hedberg 27, fused; the gradient is
        /// softmax(y) sum(t) - t.)
        /// </summary>
        SoftmaxCrossEntropy = 1,
        /// <summary>
        /// (1/n) sum_k s_k sum_i [max(y,0) - y t + log(1 + exp(-|y|))]: binary cross-entropy of
        /// sigmoid(y), y being logits, for any t (Hedberg 26, fused; the gradient is sigmoid(y) -
        /// t).
        /// </summary>
        SigmoidCrossEntropy = 2,
        /// <summary>
        /// (1/(n K)) sum_k s_k sum_i (y - t)^2: the mean over elements and samples.
        /// </summary>
        Mse = 3,
        /// <summary>
        /// (1/n) sum_k s_k 1/2 sum_i (y - t)^2 (Hedberg 21, its mean over the samples).
        /// </summary>
        HalfMse = 4,
        /// <summary>
        /// (1/n) sum_k s_k sum_i (y - t)^2 (Hedberg 105; worked gradients' and Lin's squared
        /// error).
        /// </summary>
        SumOfSquares = 5,
        /// <summary>
        /// (1/n) sum_k s_k sum_i [-t log p - (1 - t) log(1 - p)] of probabilities p = y (Hedberg
        /// 26, Delmas 21). y is first clamped to [2^-24, 1 - 2^-24], and its derivative is that at
        /// the clamped value. After a sigmoid <see cref="LossKind.SigmoidCrossEntropy"/> on its
        /// input is better: where the sigmoid has become 0 or 1, its derivative has vanished.
        /// </summary>
        BinaryCrossEntropy = 6,
        /// <summary>
        /// (1/n) sum_k s_k (-sum_c t_c log y_c) of probabilities y over the classes (Hedberg 27,
        /// table 2, for any activation; 0 log 0 = 0); on a map the mean of that over the places. y
        /// is first clamped to at least 2^-24, as above. Targets are distributions. After softmax
        /// <see cref="LossKind.SoftmaxCrossEntropy"/> on its input is better.
        /// </summary>
        CrossEntropy = 7,
    }

    /// <summary>Faster ways of a device that round more than its usual ones do.</summary>
    internal enum Accept
    {
        /// <summary>3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3)</summary>
        Winograd4x4 = 1,
    }

    /// <summary>The type of the elements of <see cref="Data"/>.</summary>
    public enum ElementType
    {
        /// <summary>System.Single.</summary>
        Float32 = 0,
        /// <summary>System.Byte.</summary>
        UInt8 = 1,
        /// <summary>System.Int32.</summary>
        Int32 = 2,
        /// <summary>System.Int64.</summary>
        Int64 = 3,
    }

    /// <summary>The order of an image's elements in memory.</summary>
    public enum Layout
    {
        /// <summary>Channel by channel.</summary>
        Nchw = 0,
        /// <summary>Pixel by pixel, as cameras and pictures give them.</summary>
        Nhwc = 1,
    }

    /// <summary>
    /// g is the clipped gradient plus that of the penalties <see cref="Key.L2"/> and <see
    /// cref="Key.L1"/>, a the rate, t the step from 1.
    /// </summary>
    public enum OptimizerKind
    {
        /// <summary>
        /// m = momentum m + g; theta -= a m, or with <see cref="Key.Nesterov"/> theta -= a (g +
        /// momentum m) (Hedberg 121, Delmas 7 in its usual form). Momentum 0 is gradient descent
        /// (Hedberg 118, Delmas 2). The same with other rates: Delmas 7's (alpha, gamma) is
        /// momentum 1 - gamma alpha at the rate alpha^2; m = b m + (1 - b) g, theta -= a m is
        /// momentum b at the rate a (1 - b); Hedberg 121's (mu, p) is momentum p at the rate mu.
        /// <see cref="Key.WeightDecay"/> first makes theta (1 - a weight_decay) theta (Delmas 4),
        /// which equals <see cref="Key.L2"/> without momentum only.
        /// </summary>
        Sgd = 1,
        /// <summary>
        /// m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; theta -= a m^ / (sqrt(v^) + epsilon) with m^
        /// = m / (1 - b1^t), v^ = v / (1 - b2^t) (Delmas 11, corrected; Kingma, Ba 2015).
        /// </summary>
        Adam = 2,
        /// <summary>
        /// Adam, with theta -= a weight_decay theta apart from the gradient (Loshchilov, Hutter
        /// 2019).
        /// </summary>
        AdamW = 3,
        /// <summary>
        /// v += g^2; theta -= a g / (sqrt(v) + epsilon) (Duchi, Hazan, Singer 2011). With <see
        /// cref="Key.MeanSquares"/> the root is of the mean v / t (Delmas 9): the former at the
        /// rate a sqrt(t).
        /// </summary>
        AdaGrad = 4,
        /// <summary>
        /// v = b2 v + (1-b2) g^2; m = momentum m + g / (sqrt(v) + epsilon); theta -= a m (Delmas
        /// 10, with the epsilon it lacks). v starts biased to zero; <see
        /// cref="Key.BiasCorrection"/> takes v / (1 - b2^t).
        /// </summary>
        RmsProp = 5,
        /// <summary>
        /// theta -= a (3/2 g_t - 1/2 g_(t-1)), the first step a g: the two-step Adams-Bashforth
        /// method, for Delmas 12-14, whose 13 and 14 diverge at every rate. On a curvature l it is
        /// stable for a l in (0, 1), gradient descent for a l in (0, 2).
        /// </summary>
        AdamsBashforth = 6,
        /// <summary>
        /// x += a d with a by a line search along d = -g (Hedberg 118-119), or along the floating
        /// mean d = <see cref="Key.Average"/> d - (1 - <see cref="Key.Average"/>) g (Hedberg 8).
        /// With <see cref="Key.SearchPeriod"/> p only every p-th step searches, accurately and
        /// along -g; the steps between keep its a.
        /// </summary>
        GradientDescent = 20,
        /// <summary>
        /// x -= a/2 (g(x) + g(x - a g(x))): two gradients a step (after Delmas 12, corrected).
        /// </summary>
        Heun = 21,
        /// <summary>
        /// Nonlinear conjugate gradients (Hedberg 164-169), Polak-Ribiere+ or Fletcher-Reeves.
        /// </summary>
        NonlinearCG = 22,
        /// <summary>
        /// BFGS with a dense inverse Hessian: n^2 numbers (Hedberg 179-182, algorithm 1 corrected).
        /// </summary>
        Bfgs = 23,
        /// <summary>
        /// L-BFGS by the two-loop recursion (Hedberg algorithms 2-3, corrected): 2 <see
        /// cref="Key.History"/> + 4 vectors in all.
        /// </summary>
        Lbfgs = 24,
        /// <summary>
        /// Levenberg-Marquardt on residuals r with Jacobian J: (J^T J + lambda D) step = -J^T r, D
        /// = diag(J^T J) (Hedberg 104-117, corrected), lambda by the ratio of the actual to the
        /// predicted reduction, step^T (lambda D step - J^T r) / 2. n^2 numbers. A step is by
        /// Cholesky of the damped normal equations scaled by D; where their condition exceeds 1e14,
        /// by the singular values of J, its columns scaled likewise, through its triangular factor
        /// (pseudo-inverse, Hedberg 116-117): those of at most 1e-7 of the largest count as zero in
        /// float, in double those of at most max(1e-15, max(m, n) 2.2e-16) of it. Of a net it takes
        /// sums of squares alone, without L1, with weights of losses and samples of at least 0
        /// (<see cref="Status.OutOfRange"/> otherwise names the sample), and no
        /// <c>Net.HostLayer</c> between what moves and a loss.
        /// </summary>
        LevenbergMarquardt = 25,
        /// <summary>
        /// (G + lambda I) step = -g by truncated conjugate gradients on products with the
        /// Gauss-Newton matrix G, lambda by the same ratio; no matrix is stored. Takes any loss,
        /// but no <c>Net.HostLayer</c> between what isn't frozen and a loss.
        /// </summary>
        GaussNewtonCG = 26,
        /// <summary>
        /// AdaGrad with the whole matrix of sums of g g^T in place of its diagonal (Delmas, after
        /// 10): x -= a (S^(1/2) + epsilon)^-1 g. n^2 numbers, n^3 work a step.
        /// </summary>
        FullAdaGrad = 27,
        /// <summary>RMSProp, likewise with a decaying mean.</summary>
        FullRmsProp = 28,
    }

    /// <summary>
    /// How a step's length a is found along d, s being f's slope there, s0 = g^T d (Hedberg 5.1,
    /// 7.2).
    /// </summary>
    public enum LineSearch
    {
        /// <summary>f &lt;= f0 + c1 a s0 and |s| &lt;= c2 |s0| (Hedberg 189-190)</summary>
        StrongWolfe = 0,
        /// <summary>f &lt;= f0 + c1 a s0 and s &gt;= c2 s0 (Hedberg 187-188)</summary>
        Wolfe = 1,
        /// <summary>f &lt;= f0 + c1 a s0 by backtracking (Armijo-Goldstein)</summary>
        Armijo = 2,
        /// <summary>a bracket, then golden sections to the minimum.</summary>
        Golden = 3,
        /// <summary>a bracket, then Brent's parabolas.</summary>
        Brent = 4,
        /// <summary>Likewise on slopes: Brent with derivatives.</summary>
        BrentSlope = 5,
    }

    /// <summary>
    /// Hyper-parameters. The default and bounds of each in each optimizer: <c>Optimizer.Keys</c>.
    /// Minimizers have L2 and L1 for <c>Net.Minimize</c>; <c>Minimizer.Minimize</c> refuses them
    /// (<see cref="Status.Unsupported"/>). L2, L1 and weight decay act on weights, not on biases
    /// nor on batch norm's scale and shift, unless <c>Net.SetRegularization</c> says otherwise, and
    /// pull to zero, or to <c>Net.SetCenter</c>'s values.
    /// </summary>
    public enum Key
    {
        /// <summary>The rate, a above.</summary>
        LearningRate = 1,
        /// <summary>The momentum.</summary>
        Momentum = 2,
        /// <summary>0 or 1.</summary>
        Nesterov = 3,
        /// <summary>b1, the decay of the mean of gradients.</summary>
        Beta1 = 4,
        /// <summary>b2, the decay of the mean of their squares.</summary>
        Beta2 = 5,
        /// <summary>
        /// What is added to a divisor, or the least curvature that a quasi-Newton update takes.
        /// </summary>
        Epsilon = 6,
        /// <summary>How much of the parameters a step takes away.</summary>
        WeightDecay = 7,
        /// <summary>
        /// lambda of the penalty (lambda / 2) |theta - center|^2 (Delmas 3-4); of worked gradients'
        /// lambda |theta|^2 it is twice theirs; of Lin's theta^T theta / (2C) it is 1 / C, with
        /// factor 1 for the biases, which that includes (<c>Net.SetRegularization</c>).
        /// </summary>
        L2 = 8,
        /// <summary>
        /// Scale the loss's gradient so that its 2-norm is at most this; 0: don't.
        /// </summary>
        ClipNorm = 9,
        /// <summary>
        /// lambda of the penalty lambda sum_i |theta_i - center_i|, derivative 0 at the centre
        /// (Delmas, footnote 1 to 3: other norms).
        /// </summary>
        L1 = 10,
        /// <summary>0 or 1: AdaGrad's root is of a mean.</summary>
        MeanSquares = 11,
        /// <summary>0 or 1: of RMSProp's average.</summary>
        BiasCorrection = 12,
        /// <summary><c>LineSearch</c></summary>
        LineSearch = 20,
        /// <summary>
        /// Of the line searches; a search for Wolfe's conditions by other than c1 &lt; c2 &lt; 1 is
        /// <see cref="Status.OutOfRange"/>
        /// </summary>
        C1 = 21,
        /// <summary>Of the line searches.</summary>
        C2 = 22,
        /// <summary>Pairs that L-BFGS keeps.</summary>
        History = 23,
        /// <summary>0: Polak-Ribiere+, 1: Fletcher-Reeves.</summary>
        CGUpdate = 24,
        /// <summary>
        /// Conjugate gradients start anew along -g every so many iterations; 0: as many as there
        /// are parameters. They also do where successive gradients are far from orthogonal.
        /// </summary>
        Restart = 25,
        /// <summary>
        /// Of nonlinear CG. 0: none; 1: the diagonal of BFGS's update of a diagonal matrix.
        /// </summary>
        Preconditioner = 26,
        /// <summary>
        /// H0 of BFGS. 0: I, and after the first step (y^T s / y^T y) I (Hedberg 191); 1: I; 2: the
        /// inverse of a Hessian by differences of n gradients.
        /// </summary>
        InitialHessian = 27,
        /// <summary>
        /// 0 skips an update with y^T s &lt;= <see cref="Key.Epsilon"/> |y| |s| (Hedberg 177); 1
        /// damps one with y^T s &lt; s^T B s / 5 first (Powell).
        /// </summary>
        CurvatureGuard = 28,
        /// <summary>
        /// lambda to start with; of Gauss-Newton-CG as a part of the curvature along the gradient.
        /// </summary>
        Damping = 29,
        /// <summary>1: one residual |r| a sample (Hedberg 106, 110), guarded at 0.</summary>
        NormResidual = 30,
        /// <summary>Products a step, at most.</summary>
        CGIterations = 31,
        /// <summary>The inner solve stops at this residual relative to |g|.</summary>
        CGTolerance = 32,
        /// <summary>Of the data that a product uses.</summary>
        SampleFraction = 33,
        /// <summary>
        /// Of gradient descent: how much of the floating mean of directions stays.
        /// </summary>
        Average = 34,
        /// <summary>Of gradient descent: steps for each search along the line.</summary>
        SearchPeriod = 35,
    }

    /// <summary>
    /// How the learning rate a goes over the epochs: its value at epoch e (a fraction within an
    /// epoch counts), E being all epochs.
    /// </summary>
    public enum Schedule
    {
        /// <summary>A.</summary>
        Constant = 0,
        /// <summary>a factor^floor(e / period)</summary>
        Step = 1,
        /// <summary>a factor^(e / period)</summary>
        Exponential = 2,
        /// <summary>Floor + (a - floor) (1 + cos(pi e / E)) / 2.</summary>
        Cosine = 3,
    }

    /// <summary>Why a minimisation ended.</summary>
    public enum StopReason
    {
        /// <summary>It didn't begin.</summary>
        None = 0,
        /// <summary>gradient_tolerance.</summary>
        Gradient = 1,
        /// <summary>step_tolerance.</summary>
        Step = 2,
        /// <summary>value_tolerance.</summary>
        Value = 3,
        /// <summary>
        /// No lower point was found: a minimum to rounding, or derivatives that don't fit the
        /// value. Of <see cref="OptimizerKind.Heun"/> also where its two gradients cancel, so that
        /// it stays at what is no minimum.
        /// </summary>
        NoDecrease = 4,
        /// <summary>As many iterations as allowed.</summary>
        Iterations = 5,
        /// <summary>As many evaluations as allowed.</summary>
        Evaluations = 6,
        /// <summary>The time was up.</summary>
        Time = 7,
        /// <summary>With <see cref="Status.Cancelled"/></summary>
        Cancelled = 8,
        /// <summary>With <see cref="Status.NotFinite"/></summary>
        NotFinite = 9,
        /// <summary>With another status.</summary>
        Failed = 10,
    }

    /// <summary>
    /// The flat vectors of a net, float32, each the concatenation of its tensors in canonical order
    /// (nodes in the order of adding; weight before bias, scale before shift) and row-major layout.
    /// </summary>
    public enum VectorKind
    {
        /// <summary>theta.</summary>
        Parameters = 0,
        /// <summary>Of the latest loss_gradient, backward or train_step; as theta.</summary>
        Gradient = 1,
        /// <summary>Not trained: running statistics, losses' output weights.</summary>
        State = 2,
    }

    /// <summary>The order of an image's elements in the vectors of a matrix form.</summary>
    public enum ImageOrder
    {
        /// <summary>(c H + y) W + x.</summary>
        Chw = 0,
        /// <summary>(y W + x) C + c.</summary>
        Hwc = 1,
    }

    /// <summary>The order of a matrix's elements in a vector.</summary>
    public enum VecOrder
    {
        /// <summary>Row after row: D's vec and sqr, vec(sqr(x)) = x.</summary>
        Rows = 0,
        /// <summary>Column after column: Lin's vec and mat (5)</summary>
        Columns = 1,
    }
}
