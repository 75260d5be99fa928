//! Parameters, gradient and state.

use std::ptr;

use cnn_sys as sys;

use crate::convert::{c_text, from_i64, shape, text, to_i64};
use crate::error::{check, filled};
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{Net, Node, Result};

/// The flat vectors of a net, each the concatenation of its tensors: nodes in the order of adding,
/// weight before bias, scale before shift, row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum Vector {
    /// theta.
    Parameters = sys::CNN_PARAMETERS,
    /// Of the latest gradient, backward or training step; as long as theta.
    Gradient = sys::CNN_GRADIENT,
    /// Not trained: running statistics, losses' output weights.
    State = sys::CNN_STATE,
}

/// A tensor within a vector.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// `"conv2d_1/weight"`, cut after 255 bytes.
    pub name: String,
    /// Of its first element in the vector.
    pub offset: usize,
    /// How many it has.
    pub elements: usize,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Whose it is.
    pub node: Node,
    /// The factor of its learning rate; 0: frozen.
    pub rate: f64,
    /// The factor of every regulariser's lambda.
    pub regularization: f64,
}

impl Net {
    /// How many elements a vector has.
    pub fn vector_elements(&self, which: Vector) -> usize {
        // SAFETY: the handle lives as long as `self`.
        from_i64(unsafe { sys::cnn_net_vector_elements(self.raw(), which as i32) })
    }

    /// A copy of a whole vector.
    ///
    /// # Errors
    /// [`Status::BadState`] for the gradient of a net that isn't compiled for training.
    pub fn vector(&self, which: Vector) -> Result<Vec<f32>> {
        let mut values = vec![0.0; self.vector_elements(which)];
        self.read_vector(which, &mut values)?;
        Ok(values)
    }

    /// Copies a whole vector to `values`, which are as many.
    ///
    /// # Errors
    /// As [`vector`](Net::vector); [`Status::ShapeMismatch`] for another count.
    pub fn read_vector(&self, which: Vector, values: &mut [f32]) -> Result<()> {
        // SAFETY: there are as many elements as told.
        check(|error| unsafe {
            let (to, elements) = (values.as_mut_ptr(), to_i64(values.len()));
            sys::cnn_net_get_vector(self.raw(), which as i32, to, elements, error)
        })
    }

    /// Sets a whole vector; not the gradient.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`] for another count.
    pub fn set_vector(&mut self, which: Vector, values: &[f32]) -> Result<()> {
        // SAFETY: there are as many elements as told.
        check(|error| unsafe {
            let (from, elements) = (values.as_ptr(), to_i64(values.len()));
            sys::cnn_net_set_vector(self.raw(), which as i32, from, elements, error)
        })
    }

    /// Describes the tensors of a vector, in its order.
    ///
    /// # Errors
    /// None are known.
    pub fn tensors(&self, which: Vector) -> Result<Vec<TensorInfo>> {
        // SAFETY: the handle lives as long as `self`.
        let count = unsafe { sys::cnn_net_tensor_count(self.raw(), which as i32) };
        (0..count)
            .map(|index| {
                let raw: sys::cnn_tensor_info = filled(|info, error| {
                    // SAFETY: likewise.
                    unsafe {
                        sys::cnn_net_describe_tensor(self.raw(), which as i32, index, info, error)
                    }
                })?;
                Ok(TensorInfo {
                    name: text(&raw.name),
                    offset: from_i64(raw.offset),
                    elements: from_i64(raw.elements),
                    shape: shape(raw.rank, &raw.shape),
                    node: Node(raw.node),
                    rate: raw.rate,
                    regularization: raw.regularization,
                })
            })
            .collect()
    }

    /// A copy of one tensor, by its whole name.
    ///
    /// # Errors
    /// [`Status::NotFound`].
    pub fn tensor(&self, which: Vector, name: &str) -> Result<Vec<f32>> {
        let elements = self
            .tensors(which)?
            .into_iter()
            .find(|tensor| tensor.name == name)
            .map_or(0, |tensor| tensor.elements);
        let mut values = vec![0.0; elements];
        self.read_tensor(which, name, &mut values)?;
        Ok(values)
    }

    /// Copies one tensor to `values`, which are as many.
    ///
    /// # Errors
    /// [`Status::NotFound`]; [`Status::ShapeMismatch`] for another count.
    pub fn read_tensor(&self, which: Vector, name: &str, values: &mut [f32]) -> Result<()> {
        let name = c_text("get tensor: name", name)?;
        // SAFETY: there are as many elements as told.
        check(|error| unsafe {
            let (to, elements) = (values.as_mut_ptr(), to_i64(values.len()));
            sys::cnn_net_get_tensor(self.raw(), which as i32, name.as_ptr(), to, elements, error)
        })
    }

    /// Sets one tensor.
    ///
    /// # Errors
    /// As [`read_tensor`](Net::read_tensor).
    pub fn set_tensor(&mut self, which: Vector, name: &str, values: &[f32]) -> Result<()> {
        let name = c_text("set tensor: name", name)?;
        // SAFETY: there are as many elements as told.
        check(|error| unsafe {
            let (from, elements) = (values.as_ptr(), to_i64(values.len()));
            sys::cnn_net_set_tensor(self.raw(), which as i32, name.as_ptr(), from, elements, error)
        })
    }

    /// Multiplies the learning rate of a tensor, or of all tensors of a node, by a factor; 0 freezes
    /// them. Kept in files.
    ///
    /// # Errors
    /// [`Status::NotFound`]; [`Status::OutOfRange`] for a negative factor.
    pub fn set_rate(&mut self, name: &str, factor: f64) -> Result<()> {
        let name = c_text("set rate: name", name)?;
        // SAFETY: all pointers are valid for the call.
        check(|error| unsafe { sys::cnn_net_set_rate(self.raw(), name.as_ptr(), factor, error) })
    }

    /// Multiplies every lambda by a factor for a tensor, or for all tensors of a node. By default it
    /// is 1 for weights, 0 for biases and batch norm's scale and shift. Kept in files.
    ///
    /// # Errors
    /// As [`set_rate`](Net::set_rate).
    pub fn set_regularization(&mut self, name: &str, factor: f64) -> Result<()> {
        let name = c_text("set regularization: name", name)?;
        // SAFETY: all pointers are valid for the call.
        check(|error| unsafe {
            sys::cnn_net_set_regularization(self.raw(), name.as_ptr(), factor, error)
        })
    }

    /// Sets what the regularisers pull to, as long as the parameters; `None`: zero, the default.
    /// Kept in files.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`] for another count.
    pub fn set_center(&mut self, values: Option<&[f32]>) -> Result<()> {
        let elements = values.map_or(0, |values| to_i64(values.len()));
        let values = values.map_or(ptr::null(), <[f32]>::as_ptr);
        // SAFETY: there are as many elements as told.
        check(|error| unsafe { sys::cnn_net_set_center(self.raw(), values, elements, error) })
    }

    /// What the regularisers pull to.
    ///
    /// # Errors
    /// None are known.
    pub fn center(&self) -> Result<Vec<f32>> {
        let mut values = vec![0.0; self.vector_elements(Vector::Parameters)];
        // SAFETY: there are as many elements as told.
        check(|error| unsafe {
            let elements = to_i64(values.len());
            sys::cnn_net_get_center(self.raw(), values.as_mut_ptr(), elements, error)
        })?;
        Ok(values)
    }

    /// Copies parameters and state of a net whose tensors have the same names and shapes.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`].
    pub fn copy_parameters(&mut self, source: &Net) -> Result<()> {
        // SAFETY: both handles live through the call.
        check(|error| unsafe { sys::cnn_net_copy_parameters(self.raw(), source.raw(), error) })
    }
}
