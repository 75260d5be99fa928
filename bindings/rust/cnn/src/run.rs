//! Running nets, and their gradients.

use std::ptr;
use std::time::Duration;

use cnn_sys as sys;

use crate::convert::{budget, c_text, duration, from_i64, index, text, to_i32, to_i64};
use crate::error::{check, filled, Details};
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{view, Net, Result, Samples, View, ViewMut};

/// How a net is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Gives softmax over the channels of the outputs: a classifier's probabilities.
    pub softmax: bool,
    /// Runs as training does: dropout on, batch statistics; state is unchanged.
    pub training: bool,
    /// Of [`Net::run_for`]: drops an unfinished run.
    pub restart: bool,
}

/// How far [`Net::run_for`] came.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunProgress {
    /// The outputs are written, and the next call begins anew.
    pub done: bool,
    /// Of the predicted work, 0 to 1.
    pub fraction: f64,
    /// What this call took.
    pub took: Duration,
    /// Predicted for the next piece of work, which a smaller budget doesn't move; after a budget of
    /// zero for the longest.
    pub next: Duration,
}

/// The quality of a net on samples.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The weighted sum of the losses, without the regulariser.
    pub loss: f64,
    /// The share of right classes under the first softmax cross-entropy, if there is one.
    pub accuracy: Option<f64>,
    /// How many samples there were.
    pub samples: usize,
    /// How many classes were right.
    pub correct: usize,
}

/// How a gradient is computed.
#[derive(Clone, Copy, Debug, Default)]
pub struct GradientOptions {
    /// Dropout on, batch statistics; state is unchanged.
    pub training: bool,
}

impl GradientOptions {
    fn raw(self) -> sys::cnn_gradient_options {
        sys::cnn_gradient_options { training: self.training.into(), ..Default::default() }
    }
}

/// What [`Net::check_gradient`] compares.
#[derive(Clone, Copy, Debug)]
pub struct GradientCheck {
    /// Parameters to compare one by one; by default 1000. Of more than that a random choice.
    pub entries: usize,
    /// Random directions over all parameters; by default 4.
    pub directions: usize,
    /// Of the choice and the directions.
    pub seed: u64,
    /// The largest relative error that is no failure; 0: any is none.
    pub tolerance: f64,
    /// As in [`GradientOptions`].
    pub training: bool,
}

impl Default for GradientCheck {
    fn default() -> Self {
        GradientCheck { entries: 1000, directions: 4, seed: 0, tolerance: 0.0, training: false }
    }
}

/// What [`Net::check_gradient`] found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GradientReport {
    /// The worst entry, `"conv2d_1/weight[3,0,1,1]"`; empty for none.
    pub worst: String,
    /// Its tensor.
    pub tensor: String,
    /// Its place among the parameters; none was compared if there is none.
    pub index: Option<usize>,
    /// Its relative error.
    pub error: f64,
    /// The gradient's value there.
    pub analytic: f64,
    /// And that of the differences.
    pub numeric: f64,
    /// The worst relative error along a direction, if one was compared.
    pub direction_error: Option<f64>,
    /// In float64.
    pub loss: f64,
    /// Entries compared.
    pub entries: usize,
    /// Entries not compared, for a kink is too near.
    pub skipped: usize,
    /// Directions compared.
    pub directions: usize,
    /// Directions not compared.
    pub skipped_directions: usize,
}

impl GradientReport {
    fn from_raw(raw: &sys::cnn_gradient_report) -> GradientReport {
        GradientReport {
            worst: text(&raw.worst),
            tensor: text(&raw.tensor),
            index: index(raw.index),
            error: raw.error,
            analytic: raw.analytic,
            numeric: raw.numeric,
            direction_error: (raw.direction_error >= 0.0).then(|| raw.direction_error),
            loss: raw.loss,
            entries: from_i64(raw.entries),
            skipped: from_i64(raw.skipped),
            directions: from_i64(raw.directions),
            skipped_directions: from_i64(raw.skipped_directions),
        }
    }
}

/// A count of which 0 is none, which C tells by a negative number.
fn or_none(count: usize) -> i64 {
    if count == 0 {
        -1
    } else {
        to_i64(count)
    }
}

impl Net {
    /// Runs the net on samples for its one input, and writes the results of its first output to
    /// `output`. Dropout is off, and batch norm on its running statistics. More samples than
    /// `max_batch` are run in parts.
    ///
    /// ```
    /// # use cnn::{Compile, Dense, Device, Net, View};
    /// # let mut net = Net::new();
    /// # let x = net.input("x", &[3]);
    /// # net.dense(x, Dense { units: 2, ..Default::default() });
    /// # net.compile(&Device::open("cpu")?, Compile::default())?;
    /// let mut y = [0.0; 4];
    /// net.run(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], &mut y)?;
    /// net.run(View::from(&[1_u8, 2, 3, 4, 5, 6]).scale(0.1), &mut y)?;
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`] if the elements of either don't fit.
    pub fn run<'a>(&mut self, input: impl Into<View<'a>>, output: &mut [f32]) -> Result<()> {
        let input = input.into();
        if let Some(x) = input.plain() {
            let (x, n) = (x.as_ptr(), to_i64(x.len()));
            let (y, m) = (output.as_mut_ptr(), to_i64(output.len()));
            // SAFETY: both slices have as many elements as told.
            return check(|error| unsafe { sys::cnn_net_run(self.raw(), x, n, y, m, error) });
        }
        let (input, output) = (input.raw(), view::raw_output(output));
        // SAFETY: likewise.
        check(|error| unsafe { sys::cnn_net_run_view(self.raw(), &input, &output, error) })
    }

    /// The same with several inputs and outputs, in the order of adding and of declaring, and with
    /// options.
    ///
    /// ```
    /// # use cnn::{Compile, Device, Net, RunOptions};
    /// # let mut net = Net::new();
    /// # let (a, b) = (net.input("a", &[2]), net.input("b", &[2]));
    /// # net.add(&[a, b], ());
    /// # net.compile(&Device::open("cpu")?, Compile::default())?;
    /// let (left, right, mut sum) = ([1.0, 2.0], [3_u8, 4], [0.0; 2]);
    /// net.run_many(
    ///     &[(&left).into(), (&right).into()],
    ///     &mut [(&mut sum).into()],
    ///     RunOptions::default(),
    /// )?;
    /// assert_eq!(sum, [4.0, 6.0]);
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Net::run).
    pub fn run_many(
        &mut self,
        inputs: &[View<'_>],
        outputs: &mut [ViewMut<'_>],
        options: RunOptions,
    ) -> Result<()> {
        let inputs = view::raw_views(inputs);
        let outputs = view::raw_outputs(outputs);
        let options = options.raw();
        // SAFETY: the views are as many as told, and each has as many elements as told.
        check(|error| unsafe {
            sys::cnn_net_run_many(
                self.raw(),
                inputs.as_ptr(),
                to_i32(inputs.len()),
                outputs.as_ptr(),
                to_i32(outputs.len()),
                &options,
                error,
            )
        })
    }

    /// [`run_many`](Net::run_many) in instalments: does as much as fits into a budget of time, never
    /// starts a piece of work that is predicted to take longer than what is left, and goes on at the
    /// next call with the same views, to the same bits as without a pause. Inputs are read as their
    /// part of `max_batch` samples begins and outputs written as it ends, so both are to stay until
    /// it is done. Other runs and training in between don't disturb it; other views, or a change of
    /// parameters, make it begin anew. A budget of zero plans and measures, at load, so that no frame
    /// pays for it; `None` is no limit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cnn::{Activation, Compile, Device, Net, RunOptions};
    /// # let mut net = Net::new();
    /// # let x = net.input("x", &[3]);
    /// # net.activation(x, Activation::Relu);
    /// # net.compile(&Device::open("cpu")?, Compile::default())?;
    /// let (x, mut y) = ([1.0, -2.0, 3.0], [0.0; 3]);
    /// let budget = Some(Duration::from_micros(500));
    /// while {
    ///     let (inputs, outputs) = (&[(&x).into()], &mut [(&mut y).into()]);
    ///     !net.run_for(inputs, outputs, RunOptions::default(), budget)?.done
    /// } {
    ///     // Draw a frame.
    /// }
    /// assert_eq!(y, [1.0, 0.0, 3.0]);
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Net::run); after one it begins anew.
    pub fn run_for(
        &mut self,
        inputs: &[View<'_>],
        outputs: &mut [ViewMut<'_>],
        options: RunOptions,
        time: Option<Duration>,
    ) -> Result<RunProgress> {
        let inputs = view::raw_views(inputs);
        let outputs = view::raw_outputs(outputs);
        let options = options.raw();
        let raw: sys::cnn_run_progress = filled(|progress, error| {
            // SAFETY: as run_many. Between calls the library touches none of it, and a call only
            // what it is given.
            unsafe {
                sys::cnn_net_run_for(
                    self.raw(),
                    inputs.as_ptr(),
                    to_i32(inputs.len()),
                    outputs.as_ptr(),
                    to_i32(outputs.len()),
                    &options,
                    budget(time),
                    progress,
                    error,
                )
            }
        })?;
        Ok(RunProgress {
            done: raw.done != 0,
            fraction: raw.fraction,
            took: duration(raw.microseconds),
            next: duration(raw.next_microseconds),
        })
    }

    /// Loss and accuracy over any number of samples.
    ///
    /// # Errors
    /// For samples that don't fit, or a net compiled for inference only.
    pub fn evaluate(&mut self, samples: &Samples<'_>) -> Result<Evaluation> {
        self.evaluate_now(samples)
    }

    /// As evaluate; callbacks, which can't borrow the net for themselves, may do it too.
    pub(crate) fn evaluate_now(&self, samples: &Samples<'_>) -> Result<Evaluation> {
        let raw: sys::cnn_evaluation = samples.with_raw(|samples| {
            filled(|result, error| {
                // SAFETY: the samples are valid for the call.
                unsafe { sys::cnn_net_evaluate(self.raw(), samples, result, error) }
            })
        })?;
        Ok(Evaluation {
            loss: raw.loss,
            accuracy: (raw.accuracy >= 0.0).then(|| raw.accuracy),
            samples: from_i64(raw.samples),
            correct: from_i64(raw.correct),
        })
    }

    /// The loss of at most `max_batch` samples; its gradient is then [`Vector::Gradient`]. Changes
    /// neither parameters nor state.
    ///
    /// [`Vector::Gradient`]: crate::Vector::Gradient
    ///
    /// # Errors
    /// [`Status::LimitExceeded`] for more samples.
    pub fn loss_gradient(
        &mut self,
        samples: &Samples<'_>,
        options: GradientOptions,
    ) -> Result<f64> {
        let mut loss = 0.0;
        self.gradient_into(samples, options, &mut loss)?;
        Ok(loss)
    }

    /// The gradient alone, without waiting for the loss.
    ///
    /// # Errors
    /// As [`loss_gradient`](Net::loss_gradient).
    pub fn gradient(&mut self, samples: &Samples<'_>, options: GradientOptions) -> Result<()> {
        self.gradient_into(samples, options, ptr::null_mut())
    }

    fn gradient_into(
        &mut self,
        samples: &Samples<'_>,
        options: GradientOptions,
        loss: *mut f64,
    ) -> Result<()> {
        let options = options.raw();
        samples.with_raw(|samples| {
            // SAFETY: all pointers are valid for the call; the loss may be NULL.
            check(|error| unsafe {
                sys::cnn_net_loss_gradient(self.raw(), samples, &options, loss, error)
            })
        })
    }

    /// Backward from the host's own dL/dy for each output: runs forward on the samples' inputs
    /// (their targets are ignored), and writes dL/dtheta to [`Vector::Gradient`] and dL/dx to those
    /// of the input gradients, in the inputs' order, that aren't empty. At most `max_batch` samples;
    /// each row is multiplied by its sample's weight.
    ///
    /// [`Vector::Gradient`]: crate::Vector::Gradient
    ///
    /// # Errors
    /// For views that don't fit.
    pub fn backward(
        &mut self,
        samples: &Samples<'_>,
        output_gradients: &[View<'_>],
        input_gradients: &mut [ViewMut<'_>],
        options: GradientOptions,
    ) -> Result<()> {
        let options = options.raw();
        let outputs = view::raw_views(output_gradients);
        let mut inputs = view::raw_outputs(input_gradients);
        for input in inputs.iter_mut().filter(|input| input.elements == 0) {
            input.data = ptr::null();
        }
        samples.with_raw(|samples| {
            // SAFETY: all pointers are valid for the call, with as many elements as told.
            check(|error| unsafe {
                sys::cnn_net_backward(
                    self.raw(),
                    samples,
                    outputs.as_ptr(),
                    to_i32(outputs.len()),
                    inputs.as_ptr(),
                    to_i32(inputs.len()),
                    &options,
                    error,
                )
            })
        })
    }

    /// Checks the gradient of the loss of at most `max_batch` samples against central differences
    /// of the loss in float64: slow, for small nets and few samples. 1e-4 is a usual error of
    /// float32, 1 plain wrong; `cnn.h` tells how it is measured.
    ///
    /// # Errors
    /// With a tolerance, [`Status::OutOfRange`] for an error above it, with a
    /// [report](crate::Error::gradient_report); [`Status::NotFinite`] where the loss isn't finite.
    pub fn check_gradient(
        &mut self,
        samples: &Samples<'_>,
        options: GradientCheck,
    ) -> Result<GradientReport> {
        let options = sys::cnn_gradient_check {
            entries: or_none(options.entries),
            directions: or_none(options.directions),
            seed: options.seed,
            tolerance: options.tolerance,
            training: options.training.into(),
            ..Default::default()
        };
        // Told apart from a report that wasn't written.
        let mut raw = sys::cnn_gradient_report { index: -2, ..Default::default() };
        let result = samples.with_raw(|samples| {
            // SAFETY: all pointers are valid for the call.
            check(|error| unsafe {
                sys::cnn_net_check_gradient(self.raw(), samples, &options, &mut raw, error)
            })
        });
        match result {
            Ok(()) => Ok(GradientReport::from_raw(&raw)),
            Err(error) if raw.index == -2 => Err(error),
            Err(error) => {
                Err(error.with_details(Details::Gradient(GradientReport::from_raw(&raw))))
            }
        }
    }

    /// Sets centres and log_betas of the radial basis layer of that name from samples, at least as
    /// many as it has units; `cnn.h` tells how.
    ///
    /// # Errors
    /// [`Status::NotFound`]; [`Status::InvalidArgument`] for a node of another kind;
    /// [`Status::OutOfRange`] for too few samples; [`Status::NotFinite`].
    pub fn init_radial_basis(
        &mut self,
        name: &str,
        samples: &Samples<'_>,
        seed: u64,
    ) -> Result<()> {
        let name = c_text("init radial basis: name", name)?;
        samples.with_raw(|samples| {
            // SAFETY: all pointers are valid for the call.
            check(|error| unsafe {
                sys::cnn_net_init_radial_basis(self.raw(), name.as_ptr(), samples, seed, error)
            })
        })
    }
}

impl RunOptions {
    pub(crate) fn raw(self) -> sys::cnn_run {
        sys::cnn_run {
            softmax: self.softmax.into(),
            training: self.training.into(),
            restart: self.restart.into(),
            ..Default::default()
        }
    }
}
