//! What can go wrong, and how it is told.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;

use crate::callback;
use crate::convert::{c_enum, text};
use crate::{GradientReport, MinimizeReport, Node, Report};

/// What calls that can fail return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

c_enum! {
    /// The kind of an error.
    pub enum Status {
        /// A wrong value, or a contradiction between fields.
        InvalidArgument = CNN_INVALID_ARGUMENT,
        /// The allocator, or a device, had no more.
        OutOfMemory = CNN_OUT_OF_MEMORY,
        /// No device, tensor, key or node of that name.
        NotFound = CNN_NOT_FOUND,
        /// Shapes or element counts that don't fit.
        ShapeMismatch = CNN_SHAPE_MISMATCH,
        /// Well-formed, but this backend or version can't do it.
        Unsupported = CNN_UNSUPPORTED,
        /// A call out of order: not compiled, compiled for inference only.
        BadState = CNN_BAD_STATE,
        /// Called from within a callback that doesn't allow it, or during an asynchronous run.
        Busy = CNN_BUSY,
        /// A callback or a [`Canceller`](crate::Canceller) asked to stop.
        Cancelled = CNN_CANCELLED,
        /// The file system, a reader or a writer failed.
        Io = CNN_IO_ERROR,
        /// A damaged or hostile file.
        BadFile = CNN_BAD_FILE,
        /// A loss or gradient became NaN or infinite.
        NotFinite = CNN_NOT_FINITE,
        /// The device's driver failed.
        Device = CNN_DEVICE_ERROR,
        /// A memory limit, or more samples than compiled for.
        LimitExceeded = CNN_LIMIT_EXCEEDED,
        /// A label, index, key or error outside its bounds.
        OutOfRange = CNN_OUT_OF_RANGE,
        /// A defect of libcnn: please report the message.
        Internal = CNN_INTERNAL,
        /// Made by, or meant for, a newer version of libcnn.
        Incompatible = CNN_INCOMPATIBLE,
    }
}

impl Status {
    /// Its name in C, `CNN_SHAPE_MISMATCH`.
    pub fn name(self) -> &'static str {
        // SAFETY: the function gives a static string for any value.
        let name = unsafe { CStr::from_ptr(cnn_sys::cnn_status_name(self.raw())) };
        name.to_str().unwrap_or("CNN_UNKNOWN")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failed call, which left everything as it was.
///
/// Its text names the operation, the object, the value it got and the constraint that broke:
/// `conv2d "stem" (node 3): groups is 3, but it must divide the 32 input channels of "pool1"`.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    status: Status,
    node: Option<Node>,
    message: String,
    source: Option<io::Error>,
    details: Option<Details>,
}

/// What a call did before it failed.
pub(crate) enum Details {
    Fit(Report),
    Minimize(MinimizeReport),
    Gradient(GradientReport),
}

impl Error {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Error {
        Error(Arc::new(Inner {
            status,
            node: None,
            message: message.into(),
            source: None,
            details: None,
        }))
    }

    /// # Safety
    /// `raw` must be zero or as a failed call left it.
    unsafe fn from_raw(status: cnn_sys::cnn_status, raw: &cnn_sys::cnn_error) -> Error {
        Error(Arc::new(Inner {
            status: Status::from_raw(status),
            node: Node::from_raw(raw.node),
            message: text(&raw.message),
            source: None,
            details: None,
        }))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Error {
        // It was just made, so there is no other handle to it.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    pub(crate) fn with_details(self, details: Details) -> Error {
        self.change(|inner| inner.details = Some(details))
    }

    pub(crate) fn with_source(self, source: Option<io::Error>) -> Error {
        self.change(|inner| inner.source = source)
    }

    /// The kind of error.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// The node concerned, if there is one.
    pub fn node(&self) -> Option<Node> {
        self.0.node
    }

    /// The text that [`Display`](fmt::Display) gives.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Of [`Net::fit`](crate::Net::fit) that was cancelled, or met a loss that isn't finite: what it
    /// did until then.
    pub fn fit_report(&self) -> Option<&Report> {
        match &self.0.details {
            Some(Details::Fit(report)) => Some(report),
            _ => None,
        }
    }

    /// Of a minimisation that was cancelled, or met what isn't finite: what it did until then.
    pub fn minimize_report(&self) -> Option<&MinimizeReport> {
        match &self.0.details {
            Some(Details::Minimize(report)) => Some(report),
            _ => None,
        }
    }

    /// Of [`Net::check_gradient`](crate::Net::check_gradient) that found an error above the
    /// tolerance: all that it found.
    pub fn gradient_report(&self) -> Option<&GradientReport> {
        match &self.0.details {
            Some(Details::Gradient(report)) => Some(report),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.status())
            .field("node", &self.node())
            .field("message", &self.message())
            .finish()
    }
}

impl std::error::Error for Error {
    /// The error of the reader or writer of a file.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

/// Calls a function of the library that gives a status, and goes on with the panic of a callback.
pub(crate) fn check(
    call: impl FnOnce(*mut cnn_sys::cnn_error) -> cnn_sys::cnn_status,
) -> Result<()> {
    // Written by a call that fails, and then alone.
    let mut error = MaybeUninit::<cnn_sys::cnn_error>::uninit();
    let status = callback::scope(|| call(error.as_mut_ptr()));
    if status == cnn_sys::CNN_OK {
        return Ok(());
    }
    Err(failed(status, &error))
}

#[cold]
fn failed(status: cnn_sys::cnn_status, error: &MaybeUninit<cnn_sys::cnn_error>) -> Error {
    // SAFETY: the call failed, so it wrote all of the error.
    unsafe { Error::from_raw(status, error.assume_init_ref()) }
}

/// Reads a structure that the library fills where the call succeeds.
pub(crate) fn filled<T: Default>(
    fill: impl FnOnce(*mut T, *mut cnn_sys::cnn_error) -> cnn_sys::cnn_status,
) -> Result<T> {
    let mut out = T::default();
    check(|error| fill(&mut out, error))?;
    Ok(out)
}
