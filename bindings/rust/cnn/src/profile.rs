//! Where a net's time goes.

use std::ptr;

use cnn_sys as sys;

use crate::convert::{from_i64, text, to_i32, to_i64};
use crate::error::check;
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{Net, Node, Result};

/// What is profiled.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Of each run; 0: the largest number compiled for.
    pub samples: usize,
    /// Of which each time is the median.
    pub runs: usize,
    /// A training step's loss and gradient, without the update, in place of a run.
    pub training: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Profile { samples: 0, runs: 10, training: false }
    }
}

/// What the device runs as one, and how long it takes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NodeTime {
    /// That of its first operation; None: of none, as a change of layout.
    pub node: Option<Node>,
    /// "convolution+pointwise direct_n16 NCHW16c".
    pub operation: String,
    /// Whether it is of the backward pass.
    pub second_pass: bool,
    /// The median of the runs.
    pub seconds: f64,
    /// Floating-point operations of its arithmetic.
    pub flops: f64,
    /// Of what it reads and writes, each once.
    pub bytes: f64,
}

impl Net {
    /// Where a compiled net's time goes: runs it on samples of no meaning, and gives a row for each
    /// launch, in order. Parameters and state stay; `training` writes the gradient.
    ///
    /// # Errors
    /// [`Status::BadState`] before compile, [`Status::OutOfRange`] for more samples than compiled
    /// for.
    pub fn profile(&mut self, options: Profile) -> Result<Vec<NodeTime>> {
        let raw = sys::cnn_profile {
            samples: to_i64(options.samples),
            runs: to_i32(options.runs),
            training: options.training.into(),
            ..Default::default()
        };
        let mut needed = 0;
        // SAFETY: without rows the capacity is 0.
        check(|error| unsafe {
            sys::cnn_net_profile(self.raw(), &raw, ptr::null_mut(), 0, &mut needed, error)
        })?;
        let mut rows = Vec::new();
        rows.resize_with(from_i64(needed), sys::cnn_node_time::default);
        // SAFETY: there are as many rows as are told.
        check(|error| unsafe {
            sys::cnn_net_profile(
                self.raw(),
                &raw,
                rows.as_mut_ptr(),
                needed,
                ptr::null_mut(),
                error,
            )
        })?;
        let of = |row: &sys::cnn_node_time| NodeTime {
            node: Node::from_raw(row.node),
            operation: text(&row.operation),
            second_pass: row.second_pass != 0,
            seconds: row.seconds,
            flops: row.flops,
            bytes: row.bytes,
        };
        Ok(rows.iter().map(of).collect())
    }
}
