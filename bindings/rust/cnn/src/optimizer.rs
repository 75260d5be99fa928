//! Optimizers and their hyper-parameters.

use std::fmt;

use cnn_sys as sys;

use crate::convert::{c_enum, from_i64, text};
use crate::error::{check, filled};
use crate::Result;

c_enum! {
    /// A way to a minimum. Those up to `AdamsBashforth` are rules that turn gradients into steps,
    /// for [`train_step`](crate::Net::train_step) and [`fit`](crate::Net::fit); the others see a
    /// whole problem at once. All of them serve [`minimize`](crate::minimize()) and
    /// [`Net::minimize`](crate::Net::minimize).
    pub enum OptimizerKind {
        /// Gradient descent, with momentum, or Nesterov's.
        Sgd = CNN_SGD,
        /// Adam.
        Adam = CNN_ADAM,
        /// Adam with weight decay apart from the gradient.
        AdamW = CNN_ADAMW,
        /// AdaGrad.
        AdaGrad = CNN_ADAGRAD,
        /// RMSProp.
        RmsProp = CNN_RMSPROP,
        /// The two-step Adams-Bashforth method.
        AdamsBashforth = CNN_ADAMS_BASHFORTH,
        /// Gradient descent by line searches.
        GradientDescent = CNN_GRADIENT_DESCENT,
        /// Two gradients a step.
        Heun = CNN_HEUN,
        /// Nonlinear conjugate gradients.
        NonlinearCg = CNN_NONLINEAR_CG,
        /// BFGS with a dense inverse Hessian.
        Bfgs = CNN_BFGS,
        /// L-BFGS by the two-loop recursion.
        Lbfgs = CNN_LBFGS,
        /// Levenberg-Marquardt on residuals.
        LevenbergMarquardt = CNN_LEVENBERG_MARQUARDT,
        /// Gauss-Newton by truncated conjugate gradients.
        GaussNewtonCg = CNN_GAUSS_NEWTON_CG,
        /// AdaGrad with the whole matrix.
        FullAdaGrad = CNN_FULL_ADAGRAD,
        /// RMSProp with the whole matrix.
        FullRmsProp = CNN_FULL_RMSPROP,
    }
}

c_enum! {
    /// A hyper-parameter; [`Optimizer::keys`] gives those of an optimizer, with their bounds.
    pub enum Key {
        /// The learning rate.
        LearningRate = CNN_LEARNING_RATE,
        /// Of SGD and RMSProp.
        Momentum = CNN_MOMENTUM,
        /// 0 or 1.
        Nesterov = CNN_NESTEROV,
        /// Of Adam's mean.
        Beta1 = CNN_BETA1,
        /// Of Adam's mean of squares.
        Beta2 = CNN_BETA2,
        /// What keeps a division from zero.
        Epsilon = CNN_EPSILON,
        /// Takes theta towards zero apart from the gradient.
        WeightDecay = CNN_WEIGHT_DECAY,
        /// lambda of the penalty (lambda / 2) |theta - center|^2.
        L2 = CNN_L2,
        /// The largest 2-norm of the loss's gradient; 0: any.
        ClipNorm = CNN_CLIP_NORM,
        /// lambda of the penalty lambda sum |theta - center|.
        L1 = CNN_L1,
        /// 0 or 1: AdaGrad's root is of a mean.
        MeanSquares = CNN_MEAN_SQUARES,
        /// 0 or 1: of RMSProp's average.
        BiasCorrection = CNN_BIAS_CORRECTION,
        /// A [`LineSearch`].
        LineSearch = CNN_LINE_SEARCH,
        /// Of the line searches.
        C1 = CNN_C1,
        /// Of the line searches.
        C2 = CNN_C2,
        /// Pairs that L-BFGS keeps.
        History = CNN_HISTORY,
        /// 0: Polak-Ribiere+, 1: Fletcher-Reeves.
        CgUpdate = CNN_CG_UPDATE,
        /// Iterations between new starts of conjugate gradients; 0: as many as parameters.
        Restart = CNN_RESTART,
        /// Of nonlinear conjugate gradients: 0 none, 1 a diagonal.
        Preconditioner = CNN_PRECONDITIONER,
        /// Of BFGS: 0 scaled, 1 the identity, 2 by differences.
        InitialHessian = CNN_INITIAL_HESSIAN,
        /// 0 skips an update that curves the wrong way, 1 damps it.
        CurvatureGuard = CNN_CURVATURE_GUARD,
        /// lambda to start with.
        Damping = CNN_DAMPING,
        /// 1: one residual a sample.
        NormResidual = CNN_NORM_RESIDUAL,
        /// Products a step, at most.
        CgIterations = CNN_CG_ITERATIONS,
        /// The residual relative to the gradient at which the inner solve stops.
        CgTolerance = CNN_CG_TOLERANCE,
        /// Of the data that a product uses.
        SampleFraction = CNN_SAMPLE_FRACTION,
        /// Of the floating mean of gradients.
        Average = CNN_AVERAGE,
        /// Steps for each that searches.
        SearchPeriod = CNN_SEARCH_PERIOD,
    }
}

/// How a step's length is found: the values of [`Key::LineSearch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum LineSearch {
    /// Wolfe's strong conditions.
    #[default]
    StrongWolfe = sys::CNN_SEARCH_STRONG_WOLFE,
    /// Wolfe's conditions.
    Wolfe = sys::CNN_SEARCH_WOLFE,
    /// Backtracking (Armijo-Goldstein).
    Armijo = sys::CNN_SEARCH_ARMIJO,
    /// A bracket, then golden sections.
    Golden = sys::CNN_SEARCH_GOLDEN,
    /// A bracket, then Brent's parabolas.
    Brent = sys::CNN_SEARCH_BRENT,
    /// The same on slopes.
    BrentSlope = sys::CNN_SEARCH_BRENT_SLOPE,
}

impl From<LineSearch> for f64 {
    fn from(search: LineSearch) -> f64 {
        f64::from(search as i32)
    }
}

/// A way to a minimum with its hyper-parameters and, of a rule that trains a net, its state.
///
/// A rule binds to the first net it trains; another is refused until [`reset`](Optimizer::reset).
/// Like a net it belongs to one thread at a time.
///
/// ```
/// use cnn::{Key, LineSearch, Optimizer};
///
/// let adam = Optimizer::adam().learning_rate(1e-3)?.clip_norm(1.0)?;
/// let bfgs = Optimizer::bfgs().with(Key::LineSearch, LineSearch::Armijo)?;
/// # Ok::<(), cnn::Error>(())
/// ```
pub struct Optimizer {
    raw: *mut sys::cnn_optimizer,
}

// SAFETY: an optimizer may be used by any thread, one at a time.
unsafe impl Send for Optimizer {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {$(
        $(#[$doc])*
        pub fn $name() -> Optimizer {
            Optimizer::new(OptimizerKind::$kind)
        }
    )*};
}

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident => $key:ident,)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// As [`set`](Optimizer::set).
        pub fn $name(self, value: f64) -> Result<Optimizer> {
            self.with(Key::$key, value)
        }
    )*};
}

impl Optimizer {
    /// Makes one with default hyper-parameters.
    pub fn new(kind: OptimizerKind) -> Optimizer {
        // SAFETY: it takes a number. NULL, for want of memory or a kind that isn't known, is a
        // handle like another: every call that is given it says so.
        Optimizer { raw: unsafe { sys::cnn_optimizer_create(kind.raw()) } }
    }

    kinds! {
        /// Gradient descent, with momentum where it is set.
        sgd => Sgd,
        /// Adam.
        adam => Adam,
        /// Adam with weight decay apart from the gradient.
        adamw => AdamW,
        /// AdaGrad.
        adagrad => AdaGrad,
        /// RMSProp.
        rmsprop => RmsProp,
        /// The two-step Adams-Bashforth method.
        adams_bashforth => AdamsBashforth,
        /// Gradient descent by line searches.
        gradient_descent => GradientDescent,
        /// Two gradients a step.
        heun => Heun,
        /// Nonlinear conjugate gradients.
        nonlinear_cg => NonlinearCg,
        /// BFGS with a dense inverse Hessian.
        bfgs => Bfgs,
        /// L-BFGS.
        lbfgs => Lbfgs,
        /// Levenberg-Marquardt.
        levenberg_marquardt => LevenbergMarquardt,
        /// Gauss-Newton by truncated conjugate gradients.
        gauss_newton_cg => GaussNewtonCg,
        /// AdaGrad with the whole matrix.
        full_adagrad => FullAdaGrad,
        /// RMSProp with the whole matrix.
        full_rmsprop => FullRmsProp,
    }

    keys! {
        /// Sets the learning rate.
        learning_rate => LearningRate,
        /// Sets the momentum.
        momentum => Momentum,
        /// Sets the weight decay.
        weight_decay => WeightDecay,
        /// Sets the lambda of the L2 penalty.
        l2 => L2,
        /// Sets the lambda of the L1 penalty.
        l1 => L1,
        /// Sets the largest norm of the gradient.
        clip_norm => ClipNorm,
    }

    /// Sets a hyper-parameter, where it is made.
    ///
    /// # Errors
    /// As [`set`](Optimizer::set).
    pub fn with(mut self, key: Key, value: impl Into<f64>) -> Result<Optimizer> {
        self.set(key, value)?;
        Ok(self)
    }

    /// Takes over a handle.
    pub(crate) fn from_raw(raw: *mut sys::cnn_optimizer) -> Optimizer {
        Optimizer { raw }
    }

    pub(crate) fn raw(&self) -> *mut sys::cnn_optimizer {
        self.raw
    }

    /// Sets a hyper-parameter, from the next step on.
    ///
    /// # Errors
    /// [`NotFound`](crate::Status::NotFound) for a key that this kind hasn't;
    /// [`OutOfRange`](crate::Status::OutOfRange), with the bounds, for a value outside them.
    pub fn set(&mut self, key: Key, value: impl Into<f64>) -> Result<()> {
        let value = value.into();
        // SAFETY: the handle lives as long as `self`.
        check(|error| unsafe { sys::cnn_optimizer_set(self.raw, key.raw(), value, error) })
    }

    /// A hyper-parameter's value.
    ///
    /// # Errors
    /// [`NotFound`](crate::Status::NotFound) for a key that this kind hasn't.
    pub fn get(&self, key: Key) -> Result<f64> {
        filled(|value, error| {
            // SAFETY: the handle lives as long as `self`.
            unsafe { sys::cnn_optimizer_get(self.raw, key.raw(), value, error) }
        })
    }

    /// All hyper-parameters of this kind.
    ///
    /// # Errors
    /// None are known.
    pub fn keys(&self) -> Result<Vec<KeyInfo>> {
        // SAFETY: the handle lives as long as `self`.
        let count = unsafe { sys::cnn_optimizer_key_count(self.raw) };
        (0..count)
            .map(|index| {
                let raw: sys::cnn_key_info = filled(|info, error| {
                    // SAFETY: likewise.
                    unsafe { sys::cnn_optimizer_describe_key(self.raw, index, info, error) }
                })?;
                Ok(KeyInfo {
                    name: text(&raw.name),
                    key: Key::from_raw(raw.key),
                    value: raw.value,
                    default_value: raw.default_value,
                    minimum: raw.minimum,
                    maximum: raw.maximum,
                })
            })
            .collect()
    }

    /// The kind it was made as.
    pub fn kind(&self) -> OptimizerKind {
        // SAFETY: the handle lives as long as `self`.
        OptimizerKind::from_raw(unsafe { sys::cnn_optimizer_get_kind(self.raw) })
    }

    /// Steps taken since it was made or reset.
    pub fn steps(&self) -> usize {
        // SAFETY: the handle lives as long as `self`.
        from_i64(unsafe { sys::cnn_optimizer_steps(self.raw) })
    }

    /// Forgets state, steps and the net it is bound to; hyper-parameters stay.
    ///
    /// # Errors
    /// None are known.
    pub fn reset(&mut self) -> Result<()> {
        // SAFETY: the handle lives as long as `self`.
        check(|error| unsafe { sys::cnn_optimizer_reset(self.raw, error) })
    }
}

impl Drop for Optimizer {
    fn drop(&mut self) {
        // SAFETY: it is this handle's only end.
        unsafe { sys::cnn_optimizer_destroy(self.raw) }
    }
}

impl fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Optimizer")
            .field("kind", &self.kind())
            .field("steps", &self.steps())
            .finish_non_exhaustive()
    }
}

/// A hyper-parameter of an optimizer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// `"learning_rate"`.
    pub name: String,
    /// Its key.
    pub key: Key,
    /// What it is.
    pub value: f64,
    /// What it is unless it is set.
    pub default_value: f64,
    /// The least that it may be.
    pub minimum: f64,
    /// The most that it may be.
    pub maximum: f64,
}
