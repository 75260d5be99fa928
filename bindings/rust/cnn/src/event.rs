//! Runs that go on while the host does something else.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr;
use std::time::Duration;

use cnn_sys as sys;

use crate::convert::{budget, to_i32};
use crate::error::check;
use crate::{view, Net, Result, RunOptions, Status, View, ViewMut};

/// A run in progress, which any thread may poll and wait for. Dropping it waits.
pub struct Event {
    raw: *mut sys::cnn_event,
}

// SAFETY: the library lets any thread poll and wait, several at once.
unsafe impl Send for Event {}
// SAFETY: likewise.
unsafe impl Sync for Event {}

impl Event {
    /// Whether the run is done, or failed, or was cancelled. Never waits and never computes.
    pub fn is_done(&self) -> bool {
        // SAFETY: the handle lives as long as `self`.
        unsafe { sys::cnn_event_is_done(self.raw) != 0 }
    }

    /// Waits for the run to be done, without limit or for some time at most, and tells whether it
    /// is. Where the device has no thread for it (one of one thread, or with the host's threads),
    /// whoever waits computes it.
    ///
    /// # Errors
    /// The run's own, each time.
    pub fn wait(&self, limit: Option<Duration>) -> Result<bool> {
        let microseconds = budget(limit);
        // SAFETY: the handle lives as long as `self`.
        match check(|error| unsafe { sys::cnn_event_wait(self.raw, microseconds, error) }) {
            Ok(()) => Ok(true),
            Err(error) if error.status() == Status::Busy => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: it is this handle's only end.
        unsafe { sys::cnn_event_destroy(self.raw) }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_done", &self.is_done()).finish_non_exhaustive()
    }
}

/// A run in progress with the memory that it reads and writes; [`Net::run_async`] begins it. Dropping
/// it waits.
pub struct AsyncRun<D> {
    event: ManuallyDrop<Event>,
    /// Of a box; views of it are in use until the event is done.
    data: *mut D,
    outputs: Vec<Vec<f32>>,
}

// SAFETY: the data may be dropped by any thread; nothing gives access to it while the run goes on.
unsafe impl<D: Send> Send for AsyncRun<D> {}
// SAFETY: likewise; what may be shared is the event.
unsafe impl<D: Send> Sync for AsyncRun<D> {}

impl<D> AsyncRun<D> {
    /// What to poll and wait on.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Waits for the run, and gives the outputs and the data back.
    ///
    /// # Errors
    /// The run's own; then outputs and data are dropped.
    pub fn finish(mut self) -> Result<(Vec<Vec<f32>>, D)>
    where
        D: Send,
    {
        self.event.wait(None)?;
        let outputs = std::mem::take(&mut self.outputs);
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the run is done, and `this` isn't dropped; so both are used once.
        let data = unsafe {
            ManuallyDrop::drop(&mut this.event);
            Box::from_raw(this.data)
        };
        Ok((outputs, *data))
    }
}

impl<D> Drop for AsyncRun<D> {
    fn drop(&mut self) {
        // SAFETY: the event's end waits for the run, after which nothing uses the data.
        unsafe {
            ManuallyDrop::drop(&mut self.event);
            drop(Box::from_raw(self.data));
        }
    }
}

impl<D> fmt::Debug for AsyncRun<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncRun").field("event", &*self.event).finish_non_exhaustive()
    }
}

/// A box that views point into.
struct Lent<D>(*mut D);

impl<D> Drop for Lent<D> {
    fn drop(&mut self) {
        // SAFETY: it came of a box, and no run uses it.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl Net {
    /// # Safety
    /// What the views point at must stay until the event is done.
    unsafe fn begin(
        &mut self,
        inputs: &[sys::cnn_view],
        outputs: &[sys::cnn_view],
        options: RunOptions,
    ) -> Result<Event> {
        let options = options.raw();
        let mut event = ptr::null_mut();
        // SAFETY: the views are as many as told; the rest is the caller's word.
        check(|error| unsafe {
            sys::cnn_net_run_async(
                self.raw(),
                inputs.as_ptr(),
                to_i32(inputs.len()),
                outputs.as_ptr(),
                to_i32(outputs.len()),
                &options,
                &mut event,
                error,
            )
        })?;
        Ok(Event { raw: event })
    }

    /// [`run_many`](Net::run_many) that returns at once, with the same bits. Data and outputs belong
    /// to the run until it is [finished](AsyncRun::finish); `inputs` gives the data's views. Until
    /// then every other call that computes or changes the net fails with [`Status::Busy`]; it may be
    /// read, saved, cancelled and dropped.
    ///
    /// On the CPU one of the device's own threads computes it, where there are more than one. A panic
    /// of a layer of the host's own ends there, and the run with [`Status::Cancelled`].
    ///
    /// ```
    /// # use cnn::{Activation, Compile, Device, Net, RunOptions, View};
    /// # let mut net = Net::new();
    /// # let x = net.input("x", &[3]);
    /// # net.activation(x, Activation::Relu);
    /// # net.compile(&Device::open("cpu")?, Compile::default())?;
    /// let (image, outputs) = (vec![1_u8, 2, 3], vec![vec![0.0; 3]]);
    /// let run = net.run_async(image, |x| vec![View::from(x)], outputs, RunOptions::default())?;
    /// while !run.event().is_done() {
    ///     // Draw a frame, or
    ///     run.event().wait(None)?;
    /// }
    /// let (outputs, image) = run.finish()?;
    /// assert_eq!((outputs[0][2], image[2]), (3.0, 3));
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run_many`](Net::run_many) for what doesn't fit; what the run itself meets is told when it
    /// is waited for.
    pub fn run_async<D: Send + 'static>(
        &mut self,
        data: D,
        inputs: impl for<'d> FnOnce(&'d D) -> Vec<View<'d>>,
        outputs: Vec<Vec<f32>>,
        options: RunOptions,
    ) -> Result<AsyncRun<D>> {
        let mut outputs = outputs;
        // Dropped where this fails, and taken over by the run where it doesn't.
        let data = Lent(Box::into_raw(Box::new(data)));
        // SAFETY: it was just made.
        let input_views = view::raw_views(&inputs(unsafe { &*data.0 }));
        let output_views: Vec<_> = outputs.iter_mut().map(|y| view::raw_output(y)).collect();
        // SAFETY: the data stays where it is, and the outputs' memory, until the event is done: if
        // the run that is given back is forgotten, for ever.
        let event = unsafe { self.begin(&input_views, &output_views, options)? };
        let data = ManuallyDrop::new(data).0;
        Ok(AsyncRun { event: ManuallyDrop::new(event), data, outputs })
    }

    /// [`run_many`](Net::run_many) that goes on while `meanwhile` does something else, and is waited
    /// for after it. Nothing is copied.
    ///
    /// # Errors
    /// As [`run_many`](Net::run_many).
    pub fn run_while<T>(
        &mut self,
        inputs: &[View<'_>],
        outputs: &mut [ViewMut<'_>],
        options: RunOptions,
        meanwhile: impl FnOnce(&Event) -> T,
    ) -> Result<T> {
        let inputs = view::raw_views(inputs);
        let outputs = view::raw_outputs(outputs);
        // SAFETY: all is borrowed until this returns, or unwinds; the event's end waits for the run
        // in both cases, for nobody but this can forget it.
        let event = unsafe { self.begin(&inputs, &outputs, options)? };
        let value = meanwhile(&event);
        event.wait(None)?;
        Ok(value)
    }
}
