//! The host's data: views of tensors, and samples for training.

use std::os::raw::c_void;

use cnn_sys as sys;

use crate::convert::{to_i32, to_i64};

/// Memory of one of the types that tensors of the host have.
#[derive(Clone, Copy, Debug)]
enum Elements<'a> {
    F32(&'a [f32]),
    U8(&'a [u8]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    Memory(Memory),
}

/// A buffer of the host's OpenCL.
#[derive(Clone, Copy, Debug)]
struct Memory {
    memory: *mut c_void,
    offset: usize,
    elements: usize,
    kind: sys::cnn_type,
}

// SAFETY: OpenCL lets any thread use a buffer; who made it a view vouches for the rest.
unsafe impl Send for Memory {}
// SAFETY: likewise.
unsafe impl Sync for Memory {}

impl Memory {
    fn raw(&self) -> sys::cnn_view {
        sys::cnn_view {
            memory: self.memory,
            memory_offset: to_i64(self.offset),
            elements: to_i64(self.elements),
            type_: self.kind,
            ..Default::default()
        }
    }
}

/// What elements of a buffer of OpenCL's are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum ElementType {
    /// `f32`
    #[default]
    F32 = sys::CNN_FLOAT32,
    /// `u8`
    U8 = sys::CNN_UINT8,
    /// `i32`
    I32 = sys::CNN_INT32,
    /// `i64`
    I64 = sys::CNN_INT64,
}

/// A tensor of the host's, borrowed: an input, targets or labels.
///
/// Made of a slice, an array or a vector of `f32` or `u8`, and for labels also of `i32` or `i64`.
/// Elements are row-major `[N, C, H, W]` unless [`nhwc`](View::nhwc) says otherwise, N being the
/// number of samples. Of an input `value = (raw - mean) * scale`, by channel.
///
/// ```
/// # use cnn::View;
/// let camera = [0_u8; 64 * 64 * 3];
/// let input = View::from(&camera).nhwc().scale(1.0 / 255.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    elements: Elements<'a>,
    channels_last: bool,
    scale: [f32; 4],
    mean: [f32; 4],
}

impl<'a> View<'a> {
    fn new(elements: Elements<'a>) -> View<'a> {
        View { elements, channels_last: false, scale: [0.0; 4], mean: [0.0; 4] }
    }

    /// A buffer (`cl_mem`) of the context that the net's device was
    /// [opened with](crate::Device::open_opencl), from a byte on; it is read where it lies.
    ///
    /// # Safety
    /// The buffer lives, and nobody writes it, until the commands of all calls that it is given to
    /// are done.
    pub unsafe fn of_memory(
        memory: *mut c_void,
        offset: usize,
        elements: usize,
        kind: ElementType,
    ) -> View<'static> {
        View::new(Elements::Memory(Memory { memory, offset, elements, kind: kind as i32 }))
    }

    /// The elements run `[N, H, W, C]`, as cameras and picture files have them.
    #[must_use]
    pub fn nhwc(mut self) -> View<'a> {
        self.channels_last = true;
        self
    }

    /// One scale for all channels; 0 means 1.
    #[must_use]
    pub fn scale(self, scale: f32) -> View<'a> {
        self.scales([scale, 0.0, 0.0, 0.0])
    }

    /// A scale for each channel; those from the fourth on have the fourth's.
    #[must_use]
    pub fn scales(mut self, scales: [f32; 4]) -> View<'a> {
        self.scale = scales;
        self
    }

    /// One mean for all channels.
    #[must_use]
    pub fn mean(self, mean: f32) -> View<'a> {
        self.means([mean, 0.0, 0.0, 0.0])
    }

    /// A mean for each channel; those from the fourth on have the fourth's.
    #[must_use]
    pub fn means(mut self, means: [f32; 4]) -> View<'a> {
        self.mean = means;
        self
    }

    /// The elements, where they are `f32` and to be taken as they are.
    pub(crate) fn plain(&self) -> Option<&'a [f32]> {
        match self.elements {
            Elements::F32(data)
                if !self.channels_last && self.scale == [0.0; 4] && self.mean == [0.0; 4] =>
            {
                Some(data)
            }
            _ => None,
        }
    }

    pub(crate) fn raw(&self) -> sys::cnn_view {
        let slice = |data: *const c_void, elements: usize, kind| sys::cnn_view {
            data,
            elements: to_i64(elements),
            type_: kind,
            ..Default::default()
        };
        let raw = match self.elements {
            Elements::F32(data) => slice(data.as_ptr().cast(), data.len(), sys::CNN_FLOAT32),
            Elements::U8(data) => slice(data.as_ptr().cast(), data.len(), sys::CNN_UINT8),
            Elements::I32(data) => slice(data.as_ptr().cast(), data.len(), sys::CNN_INT32),
            Elements::I64(data) => slice(data.as_ptr().cast(), data.len(), sys::CNN_INT64),
            Elements::Memory(memory) => memory.raw(),
        };
        sys::cnn_view {
            layout: if self.channels_last { sys::CNN_NHWC } else { sys::CNN_NCHW },
            scale: self.scale,
            mean: self.mean,
            ..raw
        }
    }
}

macro_rules! view_of {
    ($($element:ty => $variant:ident),*) => {$(
        impl<'a> From<&'a [$element]> for View<'a> {
            fn from(data: &'a [$element]) -> View<'a> {
                View::new(Elements::$variant(data))
            }
        }
        impl<'a> From<&'a Vec<$element>> for View<'a> {
            fn from(data: &'a Vec<$element>) -> View<'a> {
                View::new(Elements::$variant(data))
            }
        }
        impl<'a, const N: usize> From<&'a [$element; N]> for View<'a> {
            fn from(data: &'a [$element; N]) -> View<'a> {
                View::new(Elements::$variant(data))
            }
        }
    )*};
}
view_of!(f32 => F32, u8 => U8, i32 => I32, i64 => I64);

/// The host's memory that the library writes, float32.
pub(crate) fn raw_output(data: &mut [f32]) -> sys::cnn_view {
    sys::cnn_view {
        data: data.as_mut_ptr().cast::<c_void>(),
        elements: to_i64(data.len()),
        ..Default::default()
    }
}

/// A tensor of the host's that the library writes, float32: an output, or an input's gradient. Made
/// of a slice, an array or a vector, borrowed.
#[derive(Debug)]
pub struct ViewMut<'a>(Target<'a>);

#[derive(Debug)]
enum Target<'a> {
    Slice(&'a mut [f32]),
    Memory(Memory),
}

impl ViewMut<'_> {
    /// A buffer (`cl_mem`) of the context that the net's device was
    /// [opened with](crate::Device::open_opencl), from a byte on; it is written where it lies.
    ///
    /// # Safety
    /// The buffer lives, and nobody else uses it, until the commands of all calls that it is given
    /// to are done.
    pub unsafe fn of_memory(
        memory: *mut c_void,
        offset: usize,
        elements: usize,
    ) -> ViewMut<'static> {
        let kind = sys::CNN_FLOAT32;
        ViewMut(Target::Memory(Memory { memory, offset, elements, kind }))
    }

    pub(crate) fn raw(&mut self) -> sys::cnn_view {
        match &mut self.0 {
            Target::Slice(data) => raw_output(data),
            Target::Memory(memory) => memory.raw(),
        }
    }
}

impl<'a> From<&'a mut [f32]> for ViewMut<'a> {
    fn from(data: &'a mut [f32]) -> Self {
        ViewMut(Target::Slice(data))
    }
}

impl<'a> From<&'a mut Vec<f32>> for ViewMut<'a> {
    fn from(data: &'a mut Vec<f32>) -> Self {
        ViewMut(Target::Slice(data))
    }
}

impl<'a, const N: usize> From<&'a mut [f32; N]> for ViewMut<'a> {
    fn from(data: &'a mut [f32; N]) -> Self {
        ViewMut(Target::Slice(data))
    }
}

pub(crate) fn raw_outputs(outputs: &mut [ViewMut<'_>]) -> Vec<sys::cnn_view> {
    outputs.iter_mut().map(ViewMut::raw).collect()
}

/// The tensors of all inputs of a net, or of all its losses' targets, in the order in which they
/// were added to it: none, one or several.
///
/// Made of whatever a [`View`] is made of, or of a slice of views.
#[derive(Clone, Copy, Debug)]
pub enum Views<'a> {
    /// None at all.
    None,
    /// One, of a net with one input or one loss.
    One(View<'a>),
    /// Several.
    Many(&'a [View<'a>]),
}

impl<'a, T> From<T> for Views<'a>
where
    View<'a>: From<T>,
{
    fn from(data: T) -> Views<'a> {
        Views::One(View::from(data))
    }
}

impl<'a> From<&'a [View<'a>]> for Views<'a> {
    fn from(views: &'a [View<'a>]) -> Views<'a> {
        Views::Many(views)
    }
}

impl<'a> From<&'a Vec<View<'a>>> for Views<'a> {
    fn from(views: &'a Vec<View<'a>>) -> Views<'a> {
        Views::Many(views)
    }
}

impl<'a, const N: usize> From<&'a [View<'a>; N]> for Views<'a> {
    fn from(views: &'a [View<'a>; N]) -> Views<'a> {
        Views::Many(views)
    }
}

impl<'a> Views<'a> {
    /// Calls `use_views` with the views in C's form; of one nothing is allocated.
    fn with_raw<T>(&self, use_views: impl FnOnce(&[sys::cnn_view]) -> T) -> T {
        match self {
            Views::None => use_views(&[]),
            Views::One(view) => use_views(&[view.raw()]),
            Views::Many(views) => use_views(&raw_views(views)),
        }
    }
}

pub(crate) fn raw_views(views: &[View<'_>]) -> Vec<sys::cnn_view> {
    views.iter().map(View::raw).collect()
}

/// Samples: inputs, and the targets or labels of losses, borrowed for the calls they are given to.
///
/// ```
/// # use cnn::{Samples, View};
/// # let (images, labels) = (vec![0_u8; 784], vec![0_u8; 1]);
/// let train = Samples::new(View::from(&images).scale(1.0 / 255.0), &labels);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    inputs: Views<'a>,
    targets: Views<'a>,
    weights: Option<&'a [f32]>,
}

impl<'a> Samples<'a> {
    /// Inputs, `f32` or `u8`, and for each loss targets of its input's shape (`f32`), or labels:
    /// class indices as `u8`, `i32` or `i64`, one a sample, or one for each place of a map.
    pub fn new(inputs: impl Into<Views<'a>>, targets: impl Into<Views<'a>>) -> Samples<'a> {
        Samples { inputs: inputs.into(), targets: targets.into(), weights: None }
    }

    /// Inputs alone, for calls that don't look at targets.
    pub fn of_inputs(inputs: impl Into<Views<'a>>) -> Samples<'a> {
        Samples::new(inputs, Views::None)
    }

    /// A weight for each sample's loss; 1 by default.
    #[must_use]
    pub fn weights(mut self, weights: &'a [f32]) -> Samples<'a> {
        self.weights = Some(weights);
        self
    }

    /// Calls `use_samples` with the samples in C's form.
    pub(crate) fn with_raw<T>(&self, use_samples: impl FnOnce(&sys::cnn_samples) -> T) -> T {
        self.inputs.with_raw(|inputs| {
            self.targets.with_raw(|targets| {
                use_samples(&sys::cnn_samples {
                    input_views: inputs.as_ptr(),
                    input_view_count: to_i32(inputs.len()),
                    target_views: targets.as_ptr(),
                    target_view_count: to_i32(targets.len()),
                    weights: self.weights.map_or(std::ptr::null(), |weights| weights.as_ptr()),
                    weight_elements: self.weights.map_or(0, |weights| to_i64(weights.len())),
                    ..Default::default()
                })
            })
        })
    }
}
