//! Training step by step, and over epochs.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::raw::c_void;
use std::path::Path;
use std::ptr;
use std::time::Duration;

use cnn_sys as sys;

use crate::callback;
use crate::convert::{budget, duration, from_i64, or_negative, seconds, to_i64};
use crate::error::{check, filled, Details};
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{Evaluation, Net, Optimizer, Result, Samples};

/// How the learning rate changes over epochs; a fraction within an epoch counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// rate * factor^floor(epoch / period)
    Step {
        /// 0: 0.1.
        factor: f32,
        /// In epochs; 0: 1.
        period: f64,
    },
    /// rate * factor^(epoch / period)
    Exponential {
        /// 0: 0.9.
        factor: f32,
        /// In epochs; 0: 1.
        period: f64,
    },
    /// Half a cosine, from the rate to the floor.
    Cosine {
        /// What is left at the end.
        floor: f64,
    },
}

/// How a net is trained over epochs.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    /// By default 1. Of [`Net::fit_for`] 0: without end.
    pub epochs: usize,
    /// Samples of a step, at most `max_batch`; 0: so many. An epoch's last may be fewer.
    pub batch: usize,
    /// Of the shuffling.
    pub seed: u64,
    /// Evaluated after every epoch.
    pub validation: Option<&'a Samples<'a>>,
    /// Time between calls of the progress function, by default 0.1 s; zero: every step.
    pub progress_interval: Duration,
    /// Whether samples are shuffled anew each epoch, as they are by default.
    pub shuffle: bool,
    /// Goes on where the optimizer's last fit, or its checkpoint, stopped.
    pub resume: bool,
    /// Of [`Net::fit_for`]: begins anew.
    pub restart: bool,
    /// Of the learning rate.
    pub schedule: Schedule,
    /// The rate rises linearly over so many steps first.
    pub warmup_steps: usize,
}

impl Default for Fit<'_> {
    fn default() -> Self {
        Fit {
            epochs: 1,
            batch: 0,
            seed: 0,
            validation: None,
            progress_interval: Duration::from_millis(100),
            shuffle: true,
            resume: false,
            restart: false,
            schedule: Schedule::Constant,
            warmup_steps: 0,
        }
    }
}

impl Fit<'_> {
    /// The options in C's form, but for the validation samples and the callback.
    fn raw(&self) -> sys::cnn_fit {
        let (schedule, factor, period, floor) = match self.schedule {
            Schedule::Constant => (sys::CNN_SCHEDULE_CONSTANT, 0.0, 0.0, 0.0),
            Schedule::Step { factor, period } => (sys::CNN_SCHEDULE_STEP, factor, period, 0.0),
            Schedule::Exponential { factor, period } => {
                (sys::CNN_SCHEDULE_EXPONENTIAL, factor, period, 0.0)
            }
            Schedule::Cosine { floor } => (sys::CNN_SCHEDULE_COSINE, 0.0, 0.0, floor),
        };
        sys::cnn_fit {
            epochs: to_i64(self.epochs),
            batch: to_i64(self.batch),
            seed: self.seed,
            progress_interval: or_negative(seconds(self.progress_interval)),
            no_shuffle: (!self.shuffle).into(),
            resume: self.resume.into(),
            restart: self.restart.into(),
            schedule,
            schedule_factor: factor,
            schedule_period: period,
            schedule_floor: floor,
            warmup_steps: to_i64(self.warmup_steps),
            ..Default::default()
        }
    }

    /// Calls `use_options` with the options in C's form, samples and all.
    fn with_raw<T>(&self, use_options: impl FnOnce(&mut sys::cnn_fit) -> T) -> T {
        let mut raw = self.raw();
        match self.validation {
            None => use_options(&mut raw),
            Some(samples) => samples.with_raw(|samples| {
                raw.validation = samples;
                use_options(&mut raw)
            }),
        }
    }
}

/// What a fit did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Completed in this call.
    pub epochs: usize,
    /// Done in this call.
    pub steps: usize,
    /// The mean over the last epoch.
    pub loss: f64,
    /// After the last epoch, if there are validation samples.
    pub validation_loss: Option<f64>,
    /// Likewise, of a net that classifies.
    pub validation_accuracy: Option<f64>,
    /// That it took.
    pub seconds: f64,
    /// Of training alone.
    pub samples_per_second: f64,
}

impl Report {
    fn from_raw(raw: &sys::cnn_report) -> Report {
        Report {
            epochs: from_i64(raw.epochs),
            steps: from_i64(raw.steps),
            loss: raw.loss,
            validation_loss: validation_loss(raw.validation_loss),
            validation_accuracy: validation_accuracy(raw.validation_accuracy),
            seconds: raw.seconds,
            samples_per_second: raw.samples_per_second,
        }
    }
}

fn validation_loss(value: f64) -> Option<f64> {
    (!value.is_nan()).then(|| value)
}

fn validation_accuracy(value: f64) -> Option<f64> {
    (value >= 0.0).then(|| value)
}

/// How training stands.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FitStatus {
    /// From 0.
    pub epoch: usize,
    /// All of them; 0 where they have no end.
    pub epochs: usize,
    /// Done in this call.
    pub step: usize,
    /// All of them; 0 where they have no end.
    pub steps: usize,
    /// Of the whole fit, 0 to 1; 0 where it has no end.
    pub fraction: f64,
    /// The mean of this epoch's steps so far.
    pub loss: f64,
    /// At this step.
    pub learning_rate: f64,
    /// After the latest epoch, once there was one.
    pub validation_loss: Option<f64>,
    /// Likewise, of a net that classifies.
    pub validation_accuracy: Option<f64>,
    /// Of training alone.
    pub samples_per_second: f64,
    /// Since the fit began.
    pub seconds: f64,
    /// As predicted.
    pub seconds_left: f64,
    /// In the call after an epoch's validation.
    pub epoch_ended: bool,
    /// Of [`Net::fit_for`]: all epochs are done, and the next call begins anew.
    pub done: bool,
    /// Of [`Net::fit_for`]: predicted for the next piece of work, which a smaller budget doesn't
    /// move.
    pub next: Duration,
}

impl FitStatus {
    fn from_raw(raw: &sys::cnn_progress) -> FitStatus {
        FitStatus {
            epoch: from_i64(raw.epoch),
            epochs: from_i64(raw.epochs),
            step: from_i64(raw.step),
            steps: from_i64(raw.steps),
            fraction: raw.fraction,
            loss: raw.loss,
            learning_rate: raw.learning_rate,
            validation_loss: validation_loss(raw.validation_loss),
            validation_accuracy: validation_accuracy(raw.validation_accuracy),
            samples_per_second: raw.samples_per_second,
            seconds: raw.seconds,
            seconds_left: raw.seconds_left,
            epoch_ended: raw.epoch_ended != 0,
            done: raw.done != 0,
            next: duration(raw.next_microseconds),
        }
    }
}

/// How training stands, given to the progress function of [`Net::fit`]: a [`FitStatus`], and what
/// may be done meanwhile.
#[derive(Debug)]
pub struct Progress<'a> {
    status: FitStatus,
    net: &'a Net,
    optimizer: &'a Optimizer,
    cancelled: Cell<bool>,
}

impl Deref for Progress<'_> {
    type Target = FitStatus;

    fn deref(&self) -> &FitStatus {
        &self.status
    }
}

impl<'a> Progress<'a> {
    fn new(raw: &sys::cnn_progress, net: &'a Net, optimizer: &'a Optimizer) -> Progress<'a> {
        let (status, cancelled) = (FitStatus::from_raw(raw), Cell::new(false));
        Progress { status, net, optimizer, cancelled }
    }

    /// Stops the fit: it fails with [`Status::Cancelled`], the parameters being those of the last
    /// step.
    pub fn cancel(&self) {
        self.cancelled.set(true);
    }

    /// The net that is trained, to read and save it.
    pub fn net(&self) -> &Net {
        self.net
    }

    /// Evaluates the net as it is now.
    ///
    /// # Errors
    /// As [`Net::evaluate`].
    pub fn evaluate(&self, samples: &Samples<'_>) -> Result<Evaluation> {
        self.net.evaluate_now(samples)
    }

    /// The optimizer that trains, to read it.
    pub fn optimizer(&self) -> &Optimizer {
        self.optimizer
    }

    /// Saves a checkpoint, from which a fit with [`resume`](Fit::resume) goes on.
    ///
    /// # Errors
    /// As [`Net::save_checkpoint`].
    pub fn save_checkpoint(&self, path: impl AsRef<Path>) -> Result<()> {
        self.net.save_checkpoint(self.optimizer, path)
    }
}

/// What the callback of a fit gets as `user`.
struct FitContext<'a, F> {
    progress: &'a mut F,
    net: Net,
    /// The caller's, which this one doesn't end.
    optimizer: ManuallyDrop<Optimizer>,
}

unsafe extern "C" fn fit_progress<F: FnMut(&Progress<'_>)>(
    raw: *const sys::cnn_progress,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        // SAFETY: the context lives through the call that calls this, and only this uses it.
        let (context, raw) = unsafe { (&mut *user.cast::<FitContext<'_, F>>(), &*raw) };
        let progress = Progress::new(raw, &context.net, &context.optimizer);
        (context.progress)(&progress);
        progress.cancelled.get().into()
    })
}

impl Net {
    /// One step on at most `max_batch` samples: forward, backward, update of parameters and state.
    /// Gives the loss before the step.
    ///
    /// # Errors
    /// [`Status::NotFinite`] for a loss or gradient that isn't finite; then nothing has changed.
    pub fn train_step(&mut self, optimizer: &mut Optimizer, samples: &Samples<'_>) -> Result<f64> {
        let mut loss = 0.0;
        self.step_into(optimizer, samples, &mut loss)?;
        Ok(loss)
    }

    /// The same without the loss, for which [`train_step`](Net::train_step) waits for the device. A
    /// loss or gradient that isn't finite is told by the next step that asks for it, and no step in
    /// between changes anything.
    ///
    /// # Errors
    /// For samples that don't fit.
    pub fn train_step_unread(
        &mut self,
        optimizer: &mut Optimizer,
        samples: &Samples<'_>,
    ) -> Result<()> {
        self.step_into(optimizer, samples, ptr::null_mut())
    }

    fn step_into(
        &mut self,
        optimizer: &mut Optimizer,
        samples: &Samples<'_>,
        loss: *mut f64,
    ) -> Result<()> {
        samples.with_raw(|samples| {
            // SAFETY: all pointers are valid for the call; the loss may be NULL.
            check(|error| unsafe {
                sys::cnn_net_train_step(self.raw(), optimizer.raw(), samples, loss, error)
            })
        })
    }

    /// Trains for a number of epochs over the samples, shuffled anew each epoch. The same seed, plan
    /// and samples give the same bits, also across a cancel or a checkpoint, and
    /// [`resume`](Fit::resume).
    ///
    /// `progress` is called on this thread now and then, and after each epoch.
    ///
    /// ```
    /// # use cnn::{Compile, Dense, Device, Fit, Loss, Net, Optimizer, Samples};
    /// # let mut net = Net::new();
    /// # let x = net.input("x", &[2]);
    /// # let y = net.dense(x, Dense { units: 1, ..Default::default() });
    /// # net.loss(y, Loss::Mse);
    /// # net.compile(&Device::open("cpu")?, Compile { max_batch: 4, ..Default::default() })?;
    /// # let (inputs, targets) = ([0.0; 16], [0.0; 8]);
    /// let mut adam = Optimizer::adam().learning_rate(1e-3)?;
    /// let samples = Samples::new(&inputs, &targets);
    /// let fit = Fit { epochs: 5, ..Default::default() };
    /// let report = net.fit(&mut adam, &samples, fit, |p| println!("{:.0}%", 100.0 * p.fraction))?;
    /// assert_eq!(report.epochs, 5);
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::Cancelled`], and [`Status::NotFinite`] with the parameters before that step; both
    /// with a [report](crate::Error::fit_report).
    pub fn fit<F: FnMut(&Progress<'_>)>(
        &mut self,
        optimizer: &mut Optimizer,
        samples: &Samples<'_>,
        options: Fit<'_>,
        mut progress: F,
    ) -> Result<Report> {
        let mut context = FitContext {
            progress: &mut progress,
            net: self.alias(),
            optimizer: ManuallyDrop::new(Optimizer::from_raw(optimizer.raw())),
        };
        let user: *mut FitContext<'_, F> = &mut context;
        // Told apart from a report that was not written.
        let mut raw = sys::cnn_report { epochs: -1, ..Default::default() };
        let result = samples.with_raw(|samples| {
            options.with_raw(|options| {
                options.progress = Some(fit_progress::<F>);
                options.user = user.cast();
                // SAFETY: all pointers are valid for the call.
                check(|error| unsafe {
                    let (net, optimizer) = (self.raw(), optimizer.raw());
                    sys::cnn_net_fit(net, optimizer, samples, options, &mut raw, error)
                })
            })
        });
        match result {
            Ok(()) => Ok(Report::from_raw(&raw)),
            Err(error) if raw.epochs < 0 => Err(error),
            Err(error) => Err(error.with_details(Details::Fit(Report::from_raw(&raw)))),
        }
    }

    /// [`fit`](Net::fit) in instalments: does as much as fits into a budget of time, and goes on at
    /// the next call where it stopped, also within a step, to the same bits as without a pause.
    /// Parameters change only as a step ends. A budget of zero plans and measures, at load, so that
    /// no frame pays for it; `None` is no limit.
    ///
    /// The samples may change from call to call, as a replay buffer's do; another count begins a new
    /// epoch.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cnn::{Compile, Dense, Device, Fit, Loss, Net, Optimizer, Samples};
    /// # let mut net = Net::new();
    /// # let x = net.input("x", &[2]);
    /// # let y = net.dense(x, Dense { units: 1, ..Default::default() });
    /// # net.loss(y, Loss::Mse);
    /// # net.compile(&Device::open("cpu")?, Compile { max_batch: 4, ..Default::default() })?;
    /// # let (inputs, targets) = ([0.0; 16], [0.0; 8]);
    /// let mut adam = Optimizer::adam();
    /// let recent = Samples::new(&inputs, &targets);
    /// let forever = Fit { epochs: 0, ..Default::default() };
    /// for _frame in 0..10 {
    ///     let budget = Duration::from_micros(2000);
    ///     let status = net.fit_for(&mut adam, &recent, forever, Some(budget))?;
    ///     assert!(!status.done);
    /// }
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::Cancelled`] and [`Status::NotFinite`], with the parameters of the last step; the
    /// next call goes on with the step that failed.
    pub fn fit_for(
        &mut self,
        optimizer: &mut Optimizer,
        samples: &Samples<'_>,
        options: Fit<'_>,
        time: Option<Duration>,
    ) -> Result<FitStatus> {
        let raw = samples.with_raw(|samples| {
            options.with_raw(|options| {
                filled(|progress, error| {
                    let (net, optimizer) = (self.raw(), optimizer.raw());
                    let time = budget(time);
                    // SAFETY: all pointers are valid for the call.
                    unsafe {
                        sys::cnn_net_fit_for(
                            net, optimizer, samples, options, time, progress, error,
                        )
                    }
                })
            })
        })?;
        Ok(FitStatus::from_raw(&raw))
    }
}
