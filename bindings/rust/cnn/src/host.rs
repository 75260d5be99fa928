//! Layers and activations that the host computes.

use std::fmt;
use std::os::raw::c_void;
use std::ptr;
use std::slice;

use cnn_sys as sys;

use crate::callback;
use crate::convert::{c_text, from_i64, pointer, to_i32, to_i64};
use crate::error::check;
use crate::layers::{Initializer, Mistake};
use crate::{Error, Net, Node, Result, Status};

/// A layer that the host computes, on every device.
///
/// The same inputs and parameters must give the same output, and each sample's by that sample
/// alone. The methods are called from the thread that called the computing function; those of
/// [`run_async`](Net::run_async) and [`run_while`](Net::run_while) from the one that computes the
/// run, which may be one of the device's own. Clones of a net share the layer, so that they may be
/// called from several threads at once, each for a net of its own. A panic in one ends with the
/// call that computes, in a thread of the device's with the run ([`Status::Cancelled`]); the net is
/// as it was.
///
/// ```
/// use cnn::{BackwardCall, ForwardCall, HostLayer, HostParameter, Initializer, Net};
///
/// /// y = g x, with one g for all.
/// struct Gain;
///
/// impl cnn::Compute for Gain {
///     fn forward(&self, call: &mut ForwardCall<'_>) {
///         let (x, gain) = (call.input(0), call.parameter(0)[0]);
///         for (y, x) in call.output().iter_mut().zip(x) {
///             *y = gain * x;
///         }
///     }
///     fn backward(&self, call: &mut BackwardCall<'_>) {
///         let (x, gain, dy) = (call.input(0), call.parameter(0)[0], call.output_gradient());
///         if let Some(dx) = call.input_gradient(0) {
///             dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = gain * dy);
///         }
///         if let Some(dgain) = call.parameter_gradient(0) {
///             dgain[0] = x.iter().zip(dy).map(|(x, dy)| x * dy).sum();
///         }
///     }
/// }
///
/// let mut net = Net::new();
/// let x = net.input("x", &[3]);
/// let gain = HostParameter { initializer: Initializer::Constant, initializer_scale: 1.0,
///                            ..HostParameter::new("gain", &[1]) };
/// net.host_layer(&[x], HostLayer { kind: "gain", parameters: &[gain], ..Default::default() }, Gain);
/// # net.check()?;
/// # Ok::<(), cnn::Error>(())
/// ```
pub trait Compute: Send + Sync + 'static {
    /// Writes the output.
    fn forward(&self, call: &mut ForwardCall<'_>);
    /// Writes the gradients that are wanted.
    fn backward(&self, call: &mut BackwardCall<'_>);
}

/// A layer of the host's own; `kind` is required.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostLayer<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// The host's word for it, in summaries and files.
    pub kind: &'a str,
    /// One to three sizes; by default those of the first input.
    pub output_shape: &'a [usize],
    /// What it learns.
    pub parameters: &'a [HostParameter<'a>],
}

/// A parameter tensor of a layer of the host's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostParameter<'a> {
    /// Within the layer, `"weight"`; required.
    pub name: &'a str,
    /// One to four sizes; required.
    pub shape: &'a [usize],
    /// For the initializer; 0: the elements after the first axis.
    pub fan_in: usize,
    /// Likewise; 0: the first size.
    pub fan_out: usize,
    /// By default Xavier.
    pub initializer: Initializer,
    /// Of the initializer; 0: its default.
    pub initializer_scale: f32,
    /// Weight decay and L2 act on it.
    pub decays: bool,
}

impl<'a> HostParameter<'a> {
    /// A parameter with defaults for the rest.
    pub fn new(name: &'a str, shape: &'a [usize]) -> HostParameter<'a> {
        HostParameter { name, shape, ..Default::default() }
    }
}

/// How many elements everything of a layer has, a sample's for inputs and output.
struct Sizes {
    inputs: Vec<usize>,
    output: usize,
    parameters: Vec<usize>,
}

fn elements(shape: &[usize]) -> usize {
    // More than there can be is refused by the library.
    shape.iter().fold(1, |product, &size| product.saturating_mul(size))
}

/// What a node's callbacks get as `user`, until the last net that has the node is gone.
struct LayerContext {
    compute: Box<dyn Compute>,
    sizes: Sizes,
}

/// What both calls have: samples, inputs and parameters.
struct Call<'a> {
    raw: &'a sys::cnn_host_call,
    sizes: &'a Sizes,
    cancelled: bool,
}

impl<'a> Call<'a> {
    fn samples(&self) -> usize {
        from_i64(self.raw.n)
    }

    fn input(&self, index: usize) -> &'a [f32] {
        let length = self.samples() * self.sizes.inputs[index];
        // SAFETY: the library gives each input that many elements, for the time of the call, and
        // nobody writes them meanwhile. The index was checked above.
        unsafe { slice::from_raw_parts(*self.raw.inputs.add(index), length) }
    }

    fn parameter(&self, index: usize) -> &'a [f32] {
        let length = self.sizes.parameters[index];
        // SAFETY: likewise.
        unsafe { slice::from_raw_parts(*self.raw.parameters.add(index), length) }
    }
}

/// What [`Compute::forward`] gets: float32, row-major, all samples one after the other.
pub struct ForwardCall<'a>(Call<'a>);

/// What [`Compute::backward`] gets: float32, row-major, all samples one after the other.
pub struct BackwardCall<'a>(Call<'a>);

impl fmt::Debug for ForwardCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardCall").field("samples", &self.samples()).finish_non_exhaustive()
    }
}

impl<'a> ForwardCall<'a> {
    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.0.samples()
    }

    /// An input, `[samples, its shape]`.
    ///
    /// # Panics
    /// For an index beyond the layer's inputs.
    pub fn input(&self, index: usize) -> &'a [f32] {
        self.0.input(index)
    }

    /// A parameter.
    ///
    /// # Panics
    /// For an index beyond the layer's parameters.
    pub fn parameter(&self, index: usize) -> &'a [f32] {
        self.0.parameter(index)
    }

    /// Where the output goes, `[samples, its shape]`; it is zero before.
    pub fn output(&mut self) -> &mut [f32] {
        let length = self.samples() * self.0.sizes.output;
        // SAFETY: the output has that many elements, which are this call's alone.
        unsafe { slice::from_raw_parts_mut(self.0.raw.output, length) }
    }

    /// Makes the call that computes fail with [`Status::Cancelled`].
    pub fn cancel(&mut self) {
        self.0.cancelled = true;
    }
}

impl fmt::Debug for BackwardCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackwardCall").field("samples", &self.samples()).finish_non_exhaustive()
    }
}

impl<'a> BackwardCall<'a> {
    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.0.samples()
    }

    /// An input, `[samples, its shape]`.
    ///
    /// # Panics
    /// For an index beyond the layer's inputs.
    pub fn input(&self, index: usize) -> &'a [f32] {
        self.0.input(index)
    }

    /// A parameter.
    ///
    /// # Panics
    /// For an index beyond the layer's parameters.
    pub fn parameter(&self, index: usize) -> &'a [f32] {
        self.0.parameter(index)
    }

    /// The output, as forward left it.
    pub fn output(&self) -> &'a [f32] {
        let length = self.samples() * self.0.sizes.output;
        // SAFETY: as Call::input.
        unsafe { slice::from_raw_parts(self.0.raw.output, length) }
    }

    /// The loss's gradient by the output.
    pub fn output_gradient(&self) -> &'a [f32] {
        let length = self.samples() * self.0.sizes.output;
        // SAFETY: as Call::input.
        unsafe { slice::from_raw_parts(self.0.raw.output_gradient, length) }
    }

    /// Where the loss's gradient by an input goes; it is zero before. None where it isn't wanted.
    ///
    /// # Panics
    /// For an index beyond the layer's inputs.
    pub fn input_gradient(&mut self, index: usize) -> Option<&mut [f32]> {
        let length = self.samples() * self.0.sizes.inputs[index];
        // SAFETY: there is one for each input, NULL or of that many elements, which are this call's
        // alone and apart from all it reads; one is given at a time.
        unsafe { gradient(*self.0.raw.input_gradients.add(index), length) }
    }

    /// Where the loss's gradient by a parameter goes, summed over the samples; it is zero before.
    /// None where it isn't wanted.
    ///
    /// # Panics
    /// For an index beyond the layer's parameters.
    pub fn parameter_gradient(&mut self, index: usize) -> Option<&mut [f32]> {
        let length = self.0.sizes.parameters[index];
        // SAFETY: likewise.
        unsafe { gradient(*self.0.raw.parameter_gradients.add(index), length) }
    }

    /// Makes the call that computes fail with [`Status::Cancelled`].
    pub fn cancel(&mut self) {
        self.0.cancelled = true;
    }
}

/// # Safety
/// `data` must be NULL, or have `length` elements that nothing else uses for as long as `'a`.
unsafe fn gradient<'a>(data: *mut f32, length: usize) -> Option<&'a mut [f32]> {
    if data.is_null() {
        return None;
    }
    // SAFETY: the caller's word.
    Some(unsafe { slice::from_raw_parts_mut(data, length) })
}

unsafe extern "C" fn layer_forward(call: *const sys::cnn_host_call, user: *mut c_void) -> i32 {
    callback::catch(1, || {
        // SAFETY: the context lives until it is released, the call until this returns.
        let (context, raw) = unsafe { (&*user.cast::<LayerContext>(), &*call) };
        let mut call = ForwardCall(Call { raw, sizes: &context.sizes, cancelled: false });
        context.compute.forward(&mut call);
        call.0.cancelled.into()
    })
}

unsafe extern "C" fn layer_backward(call: *const sys::cnn_host_call, user: *mut c_void) -> i32 {
    callback::catch(1, || {
        // SAFETY: as layer_forward.
        let (context, raw) = unsafe { (&*user.cast::<LayerContext>(), &*call) };
        let mut call = BackwardCall(Call { raw, sizes: &context.sizes, cancelled: false });
        context.compute.backward(&mut call);
        call.0.cancelled.into()
    })
}

/// Drops a context of type T.
unsafe extern "C" fn release<T>(user: *mut c_void) {
    // SAFETY: it is what Box::into_raw gave, and is given back once.
    callback::catch((), || drop(unsafe { Box::from_raw(user.cast::<T>()) }));
}

/// Lends a context to `add`, and takes it back where `add` fails.
fn lend<T, R, E>(context: T, add: impl FnOnce(*mut c_void) -> Result<R, E>) -> Result<R, E> {
    let user = Box::into_raw(Box::new(context));
    let added = add(user.cast());
    if added.is_err() {
        // SAFETY: the library doesn't keep it, nor release it.
        drop(unsafe { Box::from_raw(user) });
    }
    added
}

/// Calls `add` with the layer in C's form.
fn with_raw_layer<T>(
    layer: &HostLayer<'_>,
    add: impl FnOnce(&mut sys::cnn_host_layer) -> T,
) -> Result<T> {
    let kind = c_text("kind", layer.kind)?;
    let names = layer
        .parameters
        .iter()
        .map(|parameter| c_text("the name of a parameter", parameter.name))
        .collect::<Result<Vec<_>>>()?;
    let parameters: Vec<_> = layer
        .parameters
        .iter()
        .zip(&names)
        .map(|(parameter, name)| {
            let mut raw = sys::cnn_host_parameter {
                name: name.as_ptr(),
                fan_in: to_i64(parameter.fan_in),
                fan_out: to_i64(parameter.fan_out),
                rank: to_i32(parameter.shape.len()),
                initializer: parameter.initializer as i32,
                initializer_scale: parameter.initializer_scale,
                decays: parameter.decays.into(),
                ..Default::default()
            };
            for (to, &size) in raw.shape.iter_mut().zip(parameter.shape) {
                *to = to_i64(size);
            }
            raw
        })
        .collect();
    let mut raw = sys::cnn_host_layer {
        kind: kind.as_ptr(),
        parameters: if parameters.is_empty() { ptr::null() } else { parameters.as_ptr() },
        parameter_count: to_i32(parameters.len()),
        forward: Some(layer_forward),
        backward: Some(layer_backward),
        released: Some(release::<LayerContext>),
        output_rank: to_i32(layer.output_shape.len()),
        ..Default::default()
    };
    for (to, &size) in raw.output_shape.iter_mut().zip(layer.output_shape) {
        *to = to_i64(size);
    }
    Ok(add(&mut raw))
}

impl From<Error> for Mistake {
    fn from(error: Error) -> Mistake {
        Mistake(error.to_string())
    }
}

/// Why a context wasn't taken.
struct Refused(sys::cnn_node);

impl Net {
    /// Adds a layer that the host computes, of any number of inputs. `compute` is dropped when the
    /// last net that has it is gone. Levenberg-Marquardt and Gauss-Newton-CG refuse a net with one
    /// between what moves and a loss. Files keep the layer's kind, shape and parameters, not its
    /// code: see [`bind_host_layer`](Net::bind_host_layer).
    pub fn host_layer(
        &mut self,
        inputs: &[Node],
        layer: HostLayer<'_>,
        compute: impl Compute,
    ) -> Node {
        let sizes = self.sizes_of(inputs, &layer);
        let nodes: Vec<_> = inputs.iter().map(|node| node.0).collect();
        self.add_layer("host_layer", layer.name, |net, name| {
            let context = LayerContext { compute: Box::new(compute), sizes };
            let added = with_raw_layer(&layer, |raw| {
                lend(context, |user| {
                    raw.name = name;
                    raw.user = user;
                    // SAFETY: what the descriptor points to lives through the call, and the context
                    // until it is released.
                    let node = unsafe {
                        sys::cnn_net_host_layer(net, nodes.as_ptr(), to_i32(nodes.len()), raw)
                    };
                    if node < 0 {
                        return Err(Refused(node));
                    }
                    Ok(node)
                })
            })?;
            Ok(added.unwrap_or_else(|Refused(node)| node))
        })
    }

    /// What a layer on these inputs works on. Of inputs that aren't there it is 0; then the layer
    /// isn't added.
    fn sizes_of(&self, inputs: &[Node], layer: &HostLayer<'_>) -> Sizes {
        let inputs: Vec<_> = inputs
            .iter()
            .map(|&input| self.node(input).map_or(0, |info| info.elements()))
            .collect();
        let output = match layer.output_shape {
            [] => inputs.first().copied().unwrap_or(0),
            shape => elements(shape),
        };
        let parameters = layer.parameters.iter().map(|p| elements(p.shape)).collect();
        Sizes { inputs, output, parameters }
    }

    /// Gives the layer `name` of a loaded net its code back, or another one. Allowed until compile.
    ///
    /// # Errors
    /// [`Status::NotFound`]; [`Status::InvalidArgument`] for a node of another kind;
    /// [`Status::ShapeMismatch`] where output or parameters differ; [`Status::Unsupported`] for one
    /// of more than eight inputs.
    pub fn bind_host_layer(
        &mut self,
        name: &str,
        layer: HostLayer<'_>,
        compute: impl Compute,
    ) -> Result<()> {
        let mut sizes = Sizes { inputs: Vec::new(), output: 0, parameters: Vec::new() };
        if let Some(node) = self.find(name) {
            let info = self.node(node)?;
            if info.input_count > info.inputs.len() {
                let text = format!(
                    "bind {:?}: it has {} inputs, but 8 are as many as can be bound",
                    name, info.input_count
                );
                return Err(Error::new(Status::Unsupported, text));
            }
            sizes = self.sizes_of(&info.inputs, &layer);
            sizes.output = info.elements();
        }
        let name = c_text("bind: name", name)?;
        with_raw_layer(&layer, |raw| {
            lend(LayerContext { compute: Box::new(compute), sizes }, |user| {
                raw.user = user;
                // SAFETY: as host_layer.
                check(|error| unsafe {
                    sys::cnn_net_bind_host_layer(self.raw(), name.as_ptr(), raw, error)
                })
            })
        })?
    }
}

type Forward = Box<dyn Fn(&[f32], &mut [f32]) + Send + Sync>;
type Backward = Box<dyn Fn(&[f32], &[f32], &[f32], &mut [f32]) + Send + Sync>;

/// An activation of the host's own, of the elements one by one.
///
/// ```
/// # use cnn::{HostActivation, Net};
/// # let mut net = Net::new();
/// # let x = net.input("x", &[3]);
/// let softplus = HostActivation::new(
///     "softplus",
///     |x| x.exp().ln_1p(),
///     |x, _y| 1.0 / (1.0 + (-x).exp()),
/// );
/// net.host_activation(x, softplus.opencl("log1p(exp(x))", "1 / (1 + exp(-x))"));
/// # net.check()?;
/// # Ok::<(), cnn::Error>(())
/// ```
#[allow(missing_debug_implementations)] // for it has functions
pub struct HostActivation {
    name: String,
    kind: String,
    functions: ActivationContext,
    opencl: Option<(String, String)>,
}

struct ActivationContext {
    forward: Forward,
    backward: Backward,
}

impl HostActivation {
    /// Of `function(x)` and its `derivative(x, y)`, y being the function's value.
    pub fn new(
        kind: &str,
        function: impl Fn(f32) -> f32 + Send + Sync + 'static,
        derivative: impl Fn(f32, f32) -> f32 + Send + Sync + 'static,
    ) -> HostActivation {
        HostActivation::of_slices(
            kind,
            move |x, y| {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = function(x);
                }
            },
            move |x, y, dy, dx| {
                for (((dx, &dy), &y), &x) in dx.iter_mut().zip(dy).zip(y).zip(x) {
                    *dx = derivative(x, y) * dy;
                }
            },
        )
    }

    /// Of functions of all elements at once: `forward(x, y)` writes y, and `backward(x, y, dy, dx)`
    /// writes dx = f'(x) dy.
    pub fn of_slices(
        kind: &str,
        forward: impl Fn(&[f32], &mut [f32]) + Send + Sync + 'static,
        backward: impl Fn(&[f32], &[f32], &[f32], &mut [f32]) + Send + Sync + 'static,
    ) -> HostActivation {
        HostActivation {
            name: String::new(),
            kind: kind.to_owned(),
            functions: ActivationContext {
                forward: Box::new(forward),
                backward: Box::new(backward),
            },
            opencl: None,
        }
    }

    /// Gives the node a name; by default it is the kind and a counter.
    #[must_use]
    pub fn name(mut self, name: &str) -> HostActivation {
        self.name = name.to_owned();
        self
    }

    /// OpenCL C of the function in the float `x`, and of the derivative in `x` and `y`, which an
    /// OpenCL device then computes in place of the functions. A mistake in them is told by
    /// [`Net::compile`], with the compiler's log.
    #[must_use]
    pub fn opencl(mut self, function: &str, derivative: &str) -> HostActivation {
        self.opencl = Some((function.to_owned(), derivative.to_owned()));
        self
    }

    /// Lends the functions to `add`, with the activation in C's form.
    fn lend<R, E>(
        self,
        add: impl FnOnce(&mut sys::cnn_host_activation) -> Result<R, E>,
    ) -> Result<Result<R, E>> {
        let kind = c_text("kind", &self.kind)?;
        let (function, derivative) = match &self.opencl {
            Some((function, derivative)) => (
                Some(c_text("the OpenCL C of a function", function)?),
                Some(c_text("the OpenCL C of a derivative", derivative)?),
            ),
            None => (None, None),
        };
        let mut raw = sys::cnn_host_activation {
            kind: kind.as_ptr(),
            forward: Some(activation_forward),
            backward: Some(activation_backward),
            released: Some(release::<ActivationContext>),
            opencl_forward: pointer(&function),
            opencl_derivative: pointer(&derivative),
            ..Default::default()
        };
        Ok(lend(self.functions, |user| {
            raw.user = user;
            add(&mut raw)
        }))
    }
}

unsafe extern "C" fn activation_forward(
    count: i64,
    x: *const f32,
    y: *mut f32,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        let length = from_i64(count);
        // SAFETY: the context lives until it is released; both arrays have that many elements, y
        // apart from x.
        let (context, x, y) = unsafe {
            (
                &*user.cast::<ActivationContext>(),
                slice::from_raw_parts(x, length),
                slice::from_raw_parts_mut(y, length),
            )
        };
        (context.forward)(x, y);
        0
    })
}

unsafe extern "C" fn activation_backward(
    count: i64,
    x: *const f32,
    y: *const f32,
    dy: *const f32,
    dx: *mut f32,
    user: *mut c_void,
) -> i32 {
    callback::catch(1, || {
        if dx.is_null() {
            return 0;
        }
        let length = from_i64(count);
        // SAFETY: as activation_forward; dx is apart from the others.
        let (context, x, y, dy, dx) = unsafe {
            (
                &*user.cast::<ActivationContext>(),
                slice::from_raw_parts(x, length),
                slice::from_raw_parts(y, length),
                slice::from_raw_parts(dy, length),
                slice::from_raw_parts_mut(dx, length),
            )
        };
        (context.backward)(x, y, dy, dx);
        0
    })
}

impl Net {
    /// Adds an activation that the host computes, element by element. Its functions are dropped
    /// when the last net that has them is gone. Files keep its kind, not its code: see
    /// [`bind_host_activation`](Net::bind_host_activation).
    pub fn host_activation(&mut self, input: Node, activation: HostActivation) -> Node {
        let name = activation.name.clone();
        self.add_layer("host_activation", &name, |net, name| {
            let added = activation.lend(|raw| {
                raw.name = name;
                // SAFETY: what the descriptor points to lives through the call, and the functions
                // until they are released.
                let node = unsafe { sys::cnn_net_host_activation(net, input.0, raw) };
                if node < 0 {
                    return Err(Refused(node));
                }
                Ok(node)
            })?;
            Ok(added.unwrap_or_else(|Refused(node)| node))
        })
    }

    /// Gives the activation `name` of a loaded net its functions back, or other ones. Allowed until
    /// compile.
    ///
    /// # Errors
    /// [`Status::NotFound`]; [`Status::InvalidArgument`] for a node of another kind.
    pub fn bind_host_activation(&mut self, name: &str, activation: HostActivation) -> Result<()> {
        let name = c_text("bind: name", name)?;
        activation.lend(|raw| {
            // SAFETY: as host_activation.
            check(|error| unsafe {
                sys::cnn_net_bind_host_activation(self.raw(), name.as_ptr(), raw, error)
            })
        })?
    }
}
