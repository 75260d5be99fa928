//! Tuning a device for a net.

use std::os::raw::c_void;
use std::time::Duration;

use cnn_sys as sys;

use crate::callback;
use crate::convert::{from_i64, seconds, text, to_i64s};
use crate::error::check;
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{Compile, Device, Net, Result};

/// How a device is tuned.
#[derive(Clone, Copy, Debug)]
pub struct Tune<'a> {
    /// What the net will be compiled with; its [`tune`](Compile::tune) must be zero.
    pub compile: Compile<'a>,
    /// What it may take, by default 20 seconds; what has begun is ended.
    pub time: Duration,
}

impl Default for Tune<'_> {
    fn default() -> Self {
        Tune { compile: Compile::default(), time: Duration::from_secs(20) }
    }
}

/// How a tuning stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TuneProgress {
    /// The one at hand, from 0; `operations`: the whole net.
    pub operation: usize,
    /// All of them.
    pub operations: usize,
    /// Since it began.
    pub seconds: f64,
    /// Of the time given.
    pub fraction: f64,
    /// The first layer that has the operation.
    pub name: String,
}

/// What a tuning did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TuneReport {
    /// Distinct operations that were looked at.
    pub operations: usize,
    /// Ways to run them that were tried.
    pub measured: usize,
    /// Of them: wrong, or not built.
    pub rejected: usize,
    /// Choices that the device keeps; 0: nothing was faster.
    pub kept: usize,
    /// That it took.
    pub seconds: f64,
    /// Of a run and, unless for inference only, a training step, as planned before.
    pub seconds_before: f64,
    /// The same by what is kept.
    pub seconds_after: f64,
}

unsafe extern "C" fn tune_progress<F: FnMut(&TuneProgress) -> bool>(
    raw: *const sys::cnn_tune_progress,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        // SAFETY: the function lives through the call that calls this, and only this uses it.
        let (progress, raw) = unsafe { (&mut *user.cast::<F>(), &*raw) };
        let status = TuneProgress {
            operation: from_i64(raw.operation),
            operations: from_i64(raw.operations),
            seconds: raw.seconds,
            fraction: raw.fraction,
            name: text(&raw.name),
        };
        (!progress(&status)).into()
    })
}

impl Net {
    /// Finds by measurement how the device best runs the net's convolutions and dense layers, for
    /// compiles that follow, also of other nets and, with a
    /// [cache directory](crate::DeviceOptions::cache_directory), of other processes. Findings are
    /// kept only where the whole net is faster by them. The net stays as it is and need not be
    /// compiled. `progress` is called between measurements; false ends it and keeps nothing.
    ///
    /// ```
    /// # use cnn::{Compile, Dense, Device, Net, Tune};
    /// # let mut net = Net::new();
    /// # let x = net.input("x", &[3]);
    /// # net.dense(x, Dense { units: 2, ..Default::default() });
    /// # let device = Device::open("cpu")?;
    /// let compile = Compile { inference_only: true, ..Default::default() };
    /// let tune = Tune { compile, time: std::time::Duration::from_millis(50) };
    /// let report = net.tune(&device, tune, |_| true)?;
    /// assert!(report.seconds_after <= report.seconds_before);
    /// net.compile(&device, compile)?;
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::Cancelled`] when progress says so; else as [`Net::compile`].
    pub fn tune<F: FnMut(&TuneProgress) -> bool>(
        &mut self,
        device: &Device,
        options: Tune<'_>,
        mut progress: F,
    ) -> Result<TuneReport> {
        let user: *mut F = &mut progress;
        let batches = to_i64s(options.compile.batches);
        let raw = sys::cnn_tune {
            compile: options.compile.raw(&batches),
            seconds: seconds(options.time),
            progress: Some(tune_progress::<F>),
            user: user.cast(),
            ..Default::default()
        };
        let mut report = sys::cnn_tune_report::default();
        // SAFETY: all pointers are valid for the call.
        check(|error| unsafe {
            sys::cnn_device_tune(device.raw(), self.raw(), &raw, &mut report, error)
        })?;
        Ok(TuneReport {
            operations: from_i64(report.operations),
            measured: from_i64(report.measured),
            rejected: from_i64(report.rejected),
            kept: from_i64(report.kept),
            seconds: report.seconds,
            seconds_before: report.seconds_before,
            seconds_after: report.seconds_after,
        })
    }
}
