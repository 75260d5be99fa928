//! Minimising: a net's loss over all samples, or a function of the host's own.

use std::cell::Cell;
use std::os::raw::{c_char, c_void};
use std::ptr;
use std::slice;
use std::time::Duration;

use cnn_sys as sys;

use crate::callback::{self, Answer};
use crate::convert::{c_enum, c_text, from_i64, index, limit, or_negative, seconds, to_i64};
use crate::error::{check, Details};
use crate::{Error, Evaluation, Net, Optimizer, Result, Samples, Status};

/// When a minimisation stops. A limit that is reached is success. Of a tolerance, `None` is the
/// default that is told here for double and for float, and `Some(0.0)` one that is never met.
#[derive(Clone, Copy, Debug)]
pub struct Minimize<'a> {
    /// The largest element of the gradient; 1e-8 and 1e-6. By Levenberg-Marquardt the largest
    /// cosine between the residuals and a column of their Jacobian; 2e-14 and 1e-5. Of
    /// [`conjugate_gradient`] |b - A x| relative to |b|; 1e-10.
    pub gradient_tolerance: Option<f64>,
    /// Of a step, relative to the point; the rounding unit.
    pub step_tolerance: Option<f64>,
    /// Of the value's fall, relative to it, three times in a row; the rounding unit.
    pub value_tolerance: Option<f64>,
    /// By default 1000 (`Some(0)` too); of [`conjugate_gradient`] 2 n. `None`: no limit.
    pub max_iterations: Option<usize>,
    /// Of values, with or without gradients; by default no limit.
    pub max_evaluations: Option<usize>,
    /// By default no limit.
    pub time_limit: Option<Duration>,
    /// Takes over for good where the first optimizer stalls.
    pub then: Option<&'a Optimizer>,
    /// It stalls where its value fell by less than `stall_tolerance` of it in so many iterations;
    /// by default 10. `None`: where it stopped by step, value or for want of a decrease alone.
    pub stall_iterations: Option<usize>,
    /// By default 1e-3; 0: only where the value rose.
    pub stall_tolerance: f64,
    /// Of a net: the names of the tensors that move, or of nodes for all of theirs; empty: all.
    pub tensors: &'a [&'a str],
}

impl Default for Minimize<'_> {
    fn default() -> Self {
        Minimize {
            gradient_tolerance: None,
            step_tolerance: None,
            value_tolerance: None,
            max_iterations: Some(0),
            max_evaluations: None,
            time_limit: None,
            then: None,
            stall_iterations: Some(10),
            stall_tolerance: 1e-3,
            tensors: &[],
        }
    }
}

fn tolerance(value: Option<f64>) -> f64 {
    value.map_or(0.0, or_negative)
}

impl Minimize<'_> {
    /// Calls `use_options` with the options in C's form, but for the callback.
    fn with_raw<T>(
        &self,
        use_options: impl FnOnce(&mut sys::cnn_minimize_options) -> Result<T>,
    ) -> Result<T> {
        let names = self
            .tensors
            .iter()
            .map(|name| c_text("minimize: the name of a tensor", name))
            .collect::<Result<Vec<_>>>()?;
        let pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        use_options(&mut sys::cnn_minimize_options {
            gradient_tolerance: tolerance(self.gradient_tolerance),
            step_tolerance: tolerance(self.step_tolerance),
            value_tolerance: tolerance(self.value_tolerance),
            max_iterations: limit(self.max_iterations),
            max_evaluations: limit(self.max_evaluations),
            seconds: self.time_limit.map_or(0.0, |time| seconds(time).max(1e-9)),
            then: self.then.map_or(ptr::null_mut(), Optimizer::raw),
            stall_iterations: limit(self.stall_iterations),
            stall_tolerance: or_negative(self.stall_tolerance),
            tensors: if pointers.is_empty() { ptr::null() } else { pointers.as_ptr() },
            tensor_count: to_i64(pointers.len()),
            ..Default::default()
        })
    }
}

c_enum! {
    /// Why a minimisation ended.
    pub enum Stop {
        /// It didn't begin.
        None = CNN_STOP_NONE,
        /// By the gradient's tolerance.
        Gradient = CNN_STOP_GRADIENT,
        /// By the step's tolerance.
        Step = CNN_STOP_STEP,
        /// By the value's tolerance.
        Value = CNN_STOP_VALUE,
        /// No lower point was found: a minimum to rounding, or derivatives that don't fit the value.
        NoDecrease = CNN_STOP_NO_DECREASE,
        /// By the limit of iterations.
        Iterations = CNN_STOP_ITERATIONS,
        /// By the limit of evaluations.
        Evaluations = CNN_STOP_EVALUATIONS,
        /// By the limit of time.
        Time = CNN_STOP_TIME,
        /// Cancelled.
        Cancelled = CNN_STOP_CANCELLED,
        /// A value that isn't finite.
        NotFinite = CNN_STOP_NOT_FINITE,
        /// By an error.
        Failed = CNN_STOP_FAILED,
    }
}

/// What a minimisation did; value and norms are those at the point that it gave.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MinimizeReport {
    /// Why it ended.
    pub reason: Stop,
    /// Steps.
    pub iterations: usize,
    /// Of the value, those that gave the gradient too included.
    pub evaluations: usize,
    /// Of gradients or Jacobians.
    pub gradient_evaluations: usize,
    /// With the Gauss-Newton matrix.
    pub products: usize,
    /// Of conjugate gradients or of a quasi-Newton matrix.
    pub restarts: usize,
    /// The iteration at which the second optimizer took over, if it did.
    pub handed_over: Option<usize>,
    /// Of Levenberg-Marquardt, where it is known: the rank of the Jacobian at the end.
    pub rank: Option<usize>,
    /// At the start.
    pub start_value: f64,
    /// At the end.
    pub value: f64,
    /// The largest magnitude of an element.
    pub gradient_norm: f64,
    /// The 2-norm of the last step.
    pub step_norm: f64,
    /// The last lambda.
    pub damping: f64,
    /// Of Levenberg-Marquardt, where it is known: the condition of the Jacobian at the end.
    pub condition: Option<f64>,
    /// That it took.
    pub seconds: f64,
}

impl MinimizeReport {
    fn from_raw(raw: &sys::cnn_minimize_report) -> MinimizeReport {
        MinimizeReport {
            reason: Stop::from_raw(raw.reason),
            iterations: from_i64(raw.iterations),
            evaluations: from_i64(raw.evaluations),
            gradient_evaluations: from_i64(raw.gradient_evaluations),
            products: from_i64(raw.products),
            restarts: from_i64(raw.restarts),
            handed_over: index(raw.handed_over),
            rank: index(raw.rank),
            start_value: raw.start_value,
            value: raw.value,
            gradient_norm: raw.gradient_norm,
            step_norm: raw.step_norm,
            damping: raw.damping,
            condition: (raw.condition != 0.0).then(|| raw.condition),
            seconds: raw.seconds,
        }
    }

    /// Of a call that came to `result`.
    fn of(result: Result<()>, raw: &sys::cnn_minimize_report) -> Result<MinimizeReport> {
        match result {
            Ok(()) => Ok(MinimizeReport::from_raw(raw)),
            Err(error) if raw.reason == sys::CNN_STOP_NONE => Err(error),
            Err(error) => Err(error.with_details(Details::Minimize(MinimizeReport::from_raw(raw)))),
        }
    }
}

/// How a minimisation stands, given to a progress function at the start and after each iteration.
#[derive(Debug)]
#[non_exhaustive]
pub struct MinimizeProgress<'a> {
    /// 0: the start.
    pub iteration: usize,
    /// So far.
    pub evaluations: usize,
    /// So far.
    pub gradient_evaluations: usize,
    /// Now.
    pub value: f64,
    /// The largest magnitude of an element.
    pub gradient_norm: f64,
    /// The 2-norm of the last step.
    pub step_norm: f64,
    /// lambda, where the optimizer has one.
    pub damping: f64,
    /// Since it began.
    pub seconds: f64,
    net: Option<&'a Net>,
    cancelled: Cell<bool>,
}

impl<'a> MinimizeProgress<'a> {
    fn new(raw: &sys::cnn_minimize_progress, net: Option<&'a Net>) -> MinimizeProgress<'a> {
        MinimizeProgress {
            iteration: from_i64(raw.iteration),
            evaluations: from_i64(raw.evaluations),
            gradient_evaluations: from_i64(raw.gradient_evaluations),
            value: raw.value,
            gradient_norm: raw.gradient_norm,
            step_norm: raw.step_norm,
            damping: raw.damping,
            seconds: raw.seconds,
            net,
            cancelled: Cell::new(false),
        }
    }

    /// Stops the minimisation: it fails with [`Status::Cancelled`] and keeps the best point so far.
    pub fn cancel(&self) {
        self.cancelled.set(true);
    }

    /// The net whose loss is minimised, if it is one, to read and save it.
    pub fn net(&self) -> Option<&Net> {
        self.net
    }

    /// Evaluates that net as it is now; none where there is no net.
    ///
    /// # Errors
    /// As [`Net::evaluate`].
    pub fn evaluate(&self, samples: &Samples<'_>) -> Option<Result<Evaluation>> {
        self.net.map(|net| net.evaluate_now(samples))
    }
}

/// What the progress callback of a minimisation gets as `user`.
struct ProgressContext<'a, F> {
    progress: &'a mut F,
    net: Option<Net>,
}

unsafe extern "C" fn minimize_progress<F: FnMut(&MinimizeProgress<'_>)>(
    raw: *const sys::cnn_minimize_progress,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        // SAFETY: the context lives through the call that calls this, and only this uses it.
        let (context, raw) = unsafe { (&mut *user.cast::<ProgressContext<'_, F>>(), &*raw) };
        let progress = MinimizeProgress::new(raw, context.net.as_ref());
        (context.progress)(&progress);
        progress.cancelled.get().into()
    })
}

/// Calls a minimisation with options, a progress callback, and where its report goes.
fn minimize_with<F: FnMut(&MinimizeProgress<'_>)>(
    options: Minimize<'_>,
    mut progress: F,
    net: Option<Net>,
    mut call: impl FnMut(
        *const sys::cnn_minimize_options,
        *mut sys::cnn_minimize_report,
        *mut sys::cnn_error,
    ) -> sys::cnn_status,
) -> Result<MinimizeReport> {
    let mut context = ProgressContext { progress: &mut progress, net };
    let user: *mut ProgressContext<'_, F> = &mut context;
    options.with_raw(|options| {
        options.progress = Some(minimize_progress::<F>);
        options.user = user.cast();
        let mut report = sys::cnn_minimize_report::default();
        let result = check(|error| call(options, &mut report, error));
        MinimizeReport::of(result, &report)
    })
}

impl Net {
    /// Minimises the loss over all samples, by any kind of optimizer, from the parameters as they
    /// are, which become the best point found. Batch norm is on its running statistics, dropout off.
    /// The optimizer gives its hyper-parameters and is left as it was.
    ///
    /// # Errors
    /// [`Status::Cancelled`] and [`Status::NotFinite`], with a
    /// [report](crate::Error::minimize_report); [`Status::Unsupported`] names the loss or the layer
    /// without what the optimizer needs.
    pub fn minimize(
        &mut self,
        optimizer: &Optimizer,
        samples: &Samples<'_>,
        options: Minimize<'_>,
        progress: impl FnMut(&MinimizeProgress<'_>),
    ) -> Result<MinimizeReport> {
        let net = self.alias();
        samples.with_raw(|samples| {
            minimize_with(options, progress, Some(net), |options, report, error| {
                let (net, optimizer) = (self.raw(), optimizer.raw());
                // SAFETY: all pointers are valid for the call.
                unsafe { sys::cnn_net_minimize(net, optimizer, samples, options, report, error) }
            })
        })
    }

    /// The loss over all samples at theta + alpha d for each alpha, as [`minimize`](Net::minimize)
    /// sees it, without penalties. The direction is d, as long as theta; without one it is minus
    /// the gradient. theta stays as it is.
    ///
    /// # Errors
    /// [`Status::OutOfRange`] for an alpha that isn't finite; [`Status::ShapeMismatch`] for another
    /// length of the direction.
    pub fn error_curve(
        &mut self,
        samples: &Samples<'_>,
        direction: Option<&[f32]>,
        alphas: &[f64],
    ) -> Result<Vec<f64>> {
        let mut values = vec![0.0; alphas.len()];
        samples.with_raw(|samples| {
            // SAFETY: all pointers are valid for the call, with as many elements as told.
            check(|error| unsafe {
                sys::cnn_net_error_curve(
                    self.raw(),
                    samples,
                    direction.map_or(ptr::null(), <[f32]>::as_ptr),
                    direction.map_or(0, |direction| to_i64(direction.len())),
                    alphas.as_ptr(),
                    values.as_mut_ptr(),
                    to_i64(alphas.len()),
                    error,
                )
            })
        })?;
        Ok(values)
    }
}

type Value<'a> = Box<dyn FnMut(&[f64], Option<&mut [f64]>) -> Answer<f64> + 'a>;
type Residuals<'a> = Box<dyn FnMut(&[f64], &mut [f64], Option<&mut [f64]>) -> Answer<()> + 'a>;

enum Function<'a> {
    Value(Value<'a>),
    Residuals(usize, Residuals<'a>),
}

/// A function to [`minimize`]: one value, or the half sum of squares of residuals.
///
/// Its callbacks give a value (or nothing, for residuals), or an [`Option`] of it; `None` cancels.
/// A value that isn't finite is a point to be avoided.
#[allow(missing_debug_implementations)] // for it has functions
pub struct Problem<'a> {
    function: Function<'a>,
    numeric_derivatives: bool,
    residual_group: usize,
}

impl<'a> Problem<'a> {
    /// A function that gives the value at x and, where one is wanted, writes the gradient, which is
    /// zero before.
    pub fn function<R: Into<Answer<f64>>>(
        mut function: impl FnMut(&[f64], Option<&mut [f64]>) -> R + 'a,
    ) -> Problem<'a> {
        Problem::new(Function::Value(Box::new(move |x, gradient| function(x, gradient).into())))
    }

    /// Residuals: the function writes all `count` of them at x and, where it is wanted, their
    /// Jacobian, dr_i/dx_j at i * n + j, which is zero before.
    pub fn residuals<R: Into<Answer<()>>>(
        count: usize,
        mut function: impl FnMut(&[f64], &mut [f64], Option<&mut [f64]>) -> R + 'a,
    ) -> Problem<'a> {
        let function = Box::new(move |x: &[f64], r: &mut [f64], jacobian: Option<&mut [f64]>| {
            function(x, r, jacobian).into()
        });
        Problem::new(Function::Residuals(count, function))
    }

    fn new(function: Function<'a>) -> Problem<'a> {
        Problem { function, numeric_derivatives: false, residual_group: 1 }
    }

    /// Takes central differences for derivatives; the function is never asked for them.
    #[must_use]
    pub fn numeric_derivatives(mut self) -> Problem<'a> {
        self.numeric_derivatives = true;
        self
    }

    /// How many residuals are one sample's, for [`Key::NormResidual`](crate::Key::NormResidual).
    #[must_use]
    pub fn residual_group(mut self, residuals: usize) -> Problem<'a> {
        self.residual_group = residuals;
        self
    }
}

/// Memory that the host's function is to write; it is zero before. NULL: not wanted.
///
/// # Safety
/// `data` must be NULL, or have `length` elements that nothing else uses for as long as `'a`.
unsafe fn wanted<'a>(data: *mut f64, length: usize) -> Option<&'a mut [f64]> {
    if data.is_null() {
        return None;
    }
    // SAFETY: the caller's word; it may be memory that nobody wrote yet.
    unsafe {
        ptr::write_bytes(data, 0, length);
        Some(slice::from_raw_parts_mut(data, length))
    }
}

unsafe extern "C" fn problem_function(
    n: i64,
    x: *const f64,
    value: *mut f64,
    gradient: *mut f64,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        let n = from_i64(n);
        // SAFETY: the problem lives through the call that calls this, and only this uses it; both
        // arrays have n elements.
        let (function, x, gradient) = unsafe {
            let problem = &mut *user.cast::<Function<'_>>();
            (problem, slice::from_raw_parts(x, n), wanted(gradient, n))
        };
        match function {
            Function::Value(function) => match function(x, gradient) {
                Answer(Some(result)) => {
                    // SAFETY: it is where the value goes.
                    unsafe { value.write(result) };
                    0
                }
                Answer(None) => 1,
            },
            Function::Residuals(..) => 1,
        }
    })
}

unsafe extern "C" fn problem_residuals(
    m: i64,
    n: i64,
    x: *const f64,
    residuals: *mut f64,
    jacobian: *mut f64,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        let (m, n) = (from_i64(m), from_i64(n));
        // SAFETY: as problem_function; there are m residuals, and m n elements of the Jacobian.
        let (function, x, residuals, jacobian) = unsafe {
            let problem = &mut *user.cast::<Function<'_>>();
            (problem, slice::from_raw_parts(x, n), wanted(residuals, m), wanted(jacobian, m * n))
        };
        match (function, residuals) {
            (Function::Residuals(_, function), Some(residuals)) => {
                function(x, residuals, jacobian).0.map_or(1, |()| 0)
            }
            _ => 1,
        }
    })
}

/// Minimises a problem from `x`, which becomes the best point found, on this thread and in double.
/// The optimizer gives its hyper-parameters and is left as it was.
///
/// ```
/// use cnn::{minimize, Minimize, Optimizer, Problem};
///
/// // Rosenbrock's function as residuals.
/// let problem = Problem::residuals(2, |x, r, jacobian| {
///     r[0] = 10.0 * (x[1] - x[0] * x[0]);
///     r[1] = 1.0 - x[0];
///     if let Some(j) = jacobian {
///         j.copy_from_slice(&[-20.0 * x[0], 10.0, -1.0, 0.0]);
///     }
/// });
/// let mut x = [-1.2, 1.0];
/// minimize(&Optimizer::levenberg_marquardt(), problem, &mut x, Minimize::default(), |_| {})?;
/// assert!((x[0] - 1.0).abs() < 1e-9 && (x[1] - 1.0).abs() < 1e-9);
/// # Ok::<(), cnn::Error>(())
/// ```
///
/// # Errors
/// [`Status::Cancelled`] by a function, and [`Status::NotFinite`] at the start or where no step
/// leads to a finite value: `x` is then the best point so far, and there is a
/// [report](crate::Error::minimize_report). [`Status::Unsupported`]: the optimizer needs residuals
/// that the problem hasn't.
pub fn minimize(
    optimizer: &Optimizer,
    problem: Problem<'_>,
    x: &mut [f64],
    options: Minimize<'_>,
    progress: impl FnMut(&MinimizeProgress<'_>),
) -> Result<MinimizeReport> {
    let Problem { mut function, numeric_derivatives, residual_group } = problem;
    let mut raw = sys::cnn_problem {
        parameters: to_i64(x.len()),
        numeric_derivatives: numeric_derivatives.into(),
        residual_group: to_i64(residual_group),
        ..Default::default()
    };
    match &function {
        Function::Value(_) => raw.function = Some(problem_function),
        Function::Residuals(count, _) => {
            raw.residuals = to_i64(*count);
            raw.residual_function = Some(problem_residuals);
        }
    }
    let user: *mut Function<'_> = &mut function;
    raw.user = user.cast();
    let x = x.as_mut_ptr();
    minimize_with(options, progress, None, |options, report, error| {
        // SAFETY: all pointers are valid for the call; x has as many elements as the problem says.
        unsafe { sys::cnn_minimize(optimizer.raw(), &raw, x, options, report, error) }
    })
}

type Product<'a> = Box<dyn FnMut(&[f64], &mut [f64]) -> Answer<()> + 'a>;

/// A symmetric positive definite matrix A, given by its products, for [`conjugate_gradient`].
///
/// The functions write y, which is zero before, and give nothing, or an [`Option`]; `None` cancels.
#[allow(missing_debug_implementations)] // for it has functions
pub struct LinearSystem<'a> {
    product: Product<'a>,
    preconditioner: Option<Product<'a>>,
}

impl<'a> LinearSystem<'a> {
    /// Of the function that writes y = A v.
    pub fn new<R: Into<Answer<()>>>(
        mut product: impl FnMut(&[f64], &mut [f64]) -> R + 'a,
    ) -> LinearSystem<'a> {
        LinearSystem { product: Box::new(move |v, y| product(v, y).into()), preconditioner: None }
    }

    /// With the function that writes y = M^-1 v, of a preconditioner M.
    #[must_use]
    pub fn preconditioner<R: Into<Answer<()>>>(
        mut self,
        mut product: impl FnMut(&[f64], &mut [f64]) -> R + 'a,
    ) -> LinearSystem<'a> {
        self.preconditioner = Some(Box::new(move |v, y| product(v, y).into()));
        self
    }
}

unsafe extern "C" fn system_product(n: i64, v: *const f64, y: *mut f64, user: *mut c_void) -> i32 {
    callback::catch(1, || {
        // SAFETY: the system lives through the call that calls this, and only this uses it; both
        // arrays have n elements.
        let system = unsafe { &mut *user.cast::<LinearSystem<'_>>() };
        unsafe { product(&mut system.product, n, v, y) }
    })
}

unsafe extern "C" fn system_preconditioner(
    n: i64,
    v: *const f64,
    y: *mut f64,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        // SAFETY: as system_product.
        let system = unsafe { &mut *user.cast::<LinearSystem<'_>>() };
        match &mut system.preconditioner {
            Some(function) => unsafe { product(function, n, v, y) },
            None => 1,
        }
    })
}

/// # Safety
/// Both arrays must have n elements, y's being used by nothing else.
unsafe fn product(function: &mut Product<'_>, n: i64, v: *const f64, y: *mut f64) -> i32 {
    let n = from_i64(n);
    // SAFETY: the caller's word.
    let (v, y) = unsafe { (slice::from_raw_parts(v, n), wanted(y, n)) };
    y.and_then(|y| function(v, y).0).map_or(1, |()| 0)
}

/// Solves A x = b from `x` by conjugate gradients. Of the options the gradient's tolerance, the
/// limits of iterations and of time serve; the report counts products.
///
/// ```
/// use cnn::{conjugate_gradient, LinearSystem, Minimize};
///
/// let system = LinearSystem::new(|v, y| {
///     y[0] = 4.0 * v[0] + v[1];
///     y[1] = v[0] + 3.0 * v[1];
/// });
/// let mut x = [0.0, 0.0];
/// conjugate_gradient(system, &[1.0, 2.0], &mut x, Minimize::default(), |_| {})?;
/// assert!((x[0] - 1.0 / 11.0).abs() < 1e-9 && (x[1] - 7.0 / 11.0).abs() < 1e-9);
/// # Ok::<(), cnn::Error>(())
/// ```
///
/// # Errors
/// [`Status::Cancelled`], with a [report](crate::Error::minimize_report);
/// [`Status::ShapeMismatch`] where `b` and `x` have different lengths.
pub fn conjugate_gradient(
    mut system: LinearSystem<'_>,
    b: &[f64],
    x: &mut [f64],
    options: Minimize<'_>,
    progress: impl FnMut(&MinimizeProgress<'_>),
) -> Result<MinimizeReport> {
    if b.len() != x.len() {
        let text = format!("conjugate gradient: b has {} elements, but x has {}", b.len(), x.len());
        return Err(Error::new(Status::ShapeMismatch, text));
    }
    let preconditioner: sys::cnn_product_function = match system.preconditioner {
        Some(_) => Some(system_preconditioner),
        None => None,
    };
    let user: *mut LinearSystem<'_> = &mut system;
    let (n, x) = (to_i64(b.len()), x.as_mut_ptr());
    minimize_with(options, progress, None, |options, report, error| {
        // SAFETY: all pointers are valid for the call; both arrays have n elements.
        unsafe {
            sys::cnn_conjugate_gradient(
                n,
                Some(system_product),
                preconditioner,
                user.cast(),
                b.as_ptr(),
                x,
                options,
                report,
                error,
            )
        }
    })
}
