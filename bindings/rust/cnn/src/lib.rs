//! Create, train and run convolutional networks in your own process, on the CPU or on an OpenCL
//! device chosen at run time: the safe Rust interface of libcnn.
//!
//! ```
//! use cnn::{Activation, Compile, Dense, Device, Loss, Minimize, Net, Optimizer, Samples};
//!
//! let x = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
//! let y = [0.0, 1.0, 1.0, 0.0];
//!
//! let mut net = Net::new();
//! let n = net.input("x", &[2]);
//! let n = net.dense(n, Dense { units: 8, activation: Activation::Tanh, ..Default::default() });
//! let n = net.dense(n, Dense { units: 1, activation: Activation::Sigmoid, ..Default::default() });
//! net.loss(n, Loss::Mse);
//! net.compile(&Device::open("cpu")?, Compile { max_batch: 4, ..Default::default() })?;
//!
//! let lm = Optimizer::levenberg_marquardt();
//! net.minimize(&lm, &Samples::new(&x, &y), Minimize::default(), |_| {})?;
//! let mut p = [0.0; 4];
//! net.run(&x, &mut p)?;
//! assert!(p[0] < 0.1 && p[1] > 0.9 && p[2] > 0.9 && p[3] < 0.1);
//! # Ok::<(), cnn::Error>(())
//! ```
//!
//! - **Building** needs no `?`: a mistake is kept in the [`Net`], and [`Net::compile`] reports it.
//! - **Descriptors** have a [`Default`] and say just what differs.
//! - **Errors** are [`Error`]s, with a [`Status`], the node concerned and a text that names the
//!   operation, the object, the value it got and the constraint it broke. A failed call leaves
//!   everything as it was.
//! - **Ownership** is Rust's: handles end when they are dropped, in any order; data is borrowed for
//!   the call that it is given to.
//! - **Threads**: a [`Device`] is [`Sync`]; a [`Net`] or an [`Optimizer`] is [`Send`] and belongs to
//!   one thread at a time. Methods that take `&self` are those that a progress function may call.
//! - **Callbacks** are closures. A panic in one is carried out of the call that called it, and never
//!   unwinds through C.
//!
//! `cnn.h` has the formulas of layers, losses and optimizers, and their sources.

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(missing_debug_implementations)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod callback;
mod convert;
mod device;
mod error;
mod event;
mod files;
mod host;
mod layers;
mod matrix;
mod minimize;
mod net;
mod optimizer;
mod profile;
mod run;
mod tensors;
mod train;
mod tune;
mod view;

use std::ffi::CStr;

pub use callback::Answer;
pub use device::{
    Device, DeviceInfo, DeviceKind, DeviceOptions, Log, LogLevel, OpenCl, ParallelFor,
};
pub use error::{Error, Result, Status};
pub use event::{AsyncRun, Event};
pub use host::{BackwardCall, Compute, ForwardCall, HostActivation, HostLayer, HostParameter};
pub use layers::{
    Activate, Activation, BatchNorm, Connect, Connections, Conv2d, Dense, Dropout, Initializer,
    Loss, LossOptions, Named, PaddingMode, Pool2d, RadialBasis, RadialFunction, Reshape,
    Subsample2d, WeightedSubsample2d,
};
pub use matrix::{ConvMatrix, ConvolutionInfo, Csr, Matrix, MatrixInfo, Order, VecOrder};
pub use minimize::{
    conjugate_gradient, minimize, LinearSystem, Minimize, MinimizeProgress, MinimizeReport,
    Problem, Stop,
};
pub use net::{Canceller, Compile, Net, NetOptions, Node, NodeInfo};
pub use optimizer::{Key, KeyInfo, LineSearch, Optimizer, OptimizerKind};
pub use profile::{NodeTime, Profile};
pub use run::{
    Evaluation, GradientCheck, GradientOptions, GradientReport, RunOptions, RunProgress,
};
pub use tensors::{TensorInfo, Vector};
pub use train::{Fit, FitStatus, Progress, Report, Schedule};
pub use tune::{Tune, TuneProgress, TuneReport};
pub use view::{ElementType, Samples, View, ViewMut, Views};

/// The version of the library that is running: major * 1000000 + minor * 1000 + patch.
pub fn version() -> u32 {
    // SAFETY: it takes nothing.
    unsafe { cnn_sys::cnn_version() }
}

/// The same as text, `"0.1.0"`.
pub fn version_string() -> &'static str {
    // SAFETY: the function gives a static string.
    let version = unsafe { CStr::from_ptr(cnn_sys::cnn_version_string()) };
    version.to_str().unwrap_or("")
}
