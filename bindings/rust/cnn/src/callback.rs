//! Callbacks of the host: a panic in one never unwinds through C. It is caught there, makes the
//! call fail, and goes on once the call is back in Rust.

#![allow(clippy::declare_interior_mutable_const)] // of thread_local's own making

use std::any::Any;
use std::cell::Cell;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

type Payload = Box<dyn Any + Send>;

thread_local! {
    /// Calls into the library that this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// The first panic of a callback since the innermost of them began.
    static PANIC: Cell<Option<Payload>> = const { Cell::new(None) };
}

/// Runs a call into the library, then goes on with the panic of a callback that it made.
pub(crate) fn scope<T>(call: impl FnOnce() -> T) -> T {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let result = call();
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    if let Some(payload) = PANIC.with(Cell::take) {
        resume_unwind(payload);
    }
    result
}

/// Runs the host's code within a callback; gives `otherwise` where it panics. On one of the
/// library's own threads there is no call to go on with the panic, which then ends here.
pub(crate) fn catch<T>(otherwise: T, code: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(value) => value,
        Err(payload) => {
            keep(payload);
            otherwise
        }
    }
}

#[cold]
fn keep(payload: Payload) {
    // A thread that is ending has no thread-local storage any more.
    let within = DEPTH.try_with(Cell::get).unwrap_or(0) > 0;
    let mut payload = Some(payload);
    if within {
        let _ = PANIC.try_with(|panic| {
            let first = panic.take().or_else(|| payload.take());
            panic.set(first);
        });
    }
    // Dropping a payload may panic as well, with another payload.
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}

/// What the host's function gives: a value, or nothing, which cancels the call with
/// [`Status::Cancelled`](crate::Status::Cancelled). Made of a value as it is, or of an [`Option`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<T>(pub(crate) Option<T>);

impl<T> From<T> for Answer<T> {
    fn from(value: T) -> Answer<T> {
        Answer(Some(value))
    }
}

impl<T> From<Option<T>> for Answer<T> {
    fn from(value: Option<T>) -> Answer<T> {
        Answer(value)
    }
}
