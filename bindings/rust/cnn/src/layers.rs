//! What nets are built of.

use std::ffi::CString;
use std::os::raw::c_char;
use std::ptr;

use cnn_sys as sys;

use crate::convert::{c_text_or_none, four, pair, pointer, to_i32, to_i64, to_i64s};
use crate::{Error, Net, Node, Status};

/// A function of each element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// x
    #[default]
    Linear,
    /// max(x, 0)
    Relu,
    /// x for x > 0, else the slope times x; 0.01 is usual
    LeakyRelu(f32),
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// tanh(x)
    Tanh,
    /// 1.7159 tanh(2 x / 3)
    ScaledTanh,
    /// x for x > 0, else alpha (exp(x) - 1); 1 is usual
    Elu(f32),
    /// x (1 + erf(x / sqrt(2))) / 2, exact
    Gelu,
    /// x / (1 + exp(-x))
    Silu,
    /// (|x| + x + 1) / (2 |x| + 2)
    SoftLogistic,
    /// x / (1 + |x|)
    Softsign,
    /// x / sqrt(x^2 + 1)
    Algebraic,
}

impl Activation {
    /// Its number, and its slope as C wants it.
    fn raw(self) -> Result<(sys::cnn_activation_kind, f32), Mistake> {
        Ok(match self {
            Activation::Linear => (sys::CNN_LINEAR, 0.0),
            Activation::Relu => (sys::CNN_RELU, 0.0),
            Activation::LeakyRelu(slope) => {
                (sys::CNN_LEAKY_RELU, literal("the slope of LeakyRelu", slope)?)
            }
            Activation::Sigmoid => (sys::CNN_SIGMOID, 0.0),
            Activation::Tanh => (sys::CNN_TANH, 0.0),
            Activation::ScaledTanh => (sys::CNN_SCALED_TANH, 0.0),
            Activation::Elu(alpha) => (sys::CNN_ELU, literal("the alpha of Elu", alpha)?),
            Activation::Gelu => (sys::CNN_GELU, 0.0),
            Activation::Silu => (sys::CNN_SILU, 0.0),
            Activation::SoftLogistic => (sys::CNN_SOFT_LOGISTIC, 0.0),
            Activation::Softsign => (sys::CNN_SOFTSIGN, 0.0),
            Activation::Algebraic => (sys::CNN_ALGEBRAIC, 0.0),
        })
    }
}

/// How a weight starts; fan-in and fan-out count the inputs and outputs of one unit. The scale is
/// the field `initializer_scale` beside it: by default 1, and 0 for `Constant`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum Initializer {
    /// He for ReLU, leaky ReLU, ELU, GELU and SiLU, else Xavier.
    #[default]
    Default = sys::CNN_INIT_DEFAULT,
    /// Normal, with standard deviation scale * sqrt(2 / fan-in).
    He = sys::CNN_INIT_HE,
    /// Uniform in ± scale * sqrt(6 / (fan-in + fan-out)).
    Xavier = sys::CNN_INIT_XAVIER,
    /// Uniform in ± scale.
    Uniform = sys::CNN_INIT_UNIFORM,
    /// Normal, with standard deviation scale.
    Normal = sys::CNN_INIT_NORMAL,
    /// The scale itself.
    Constant = sys::CNN_INIT_CONSTANT,
}

/// How a window's padding is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum PaddingMode {
    /// As the field `padding` says; by default none.
    #[default]
    Explicit = sys::CNN_EXPLICIT,
    /// The output has ceil(input / stride); the odd one goes below and right.
    Same = sys::CNN_SAME,
}

/// Which input maps each output map takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Connect<'a> {
    /// Every one.
    #[default]
    Full,
    /// Map i takes map i alone.
    Single,
    /// As many different ones, drawn by a seed.
    Random {
        /// How many: 1 to the channels.
        fan_in: usize,
        /// Of the drawing.
        seed: u64,
    },
    /// These pairs of input and output map, none twice, at least one for each output map.
    Custom(&'a [(usize, usize)]),
}

/// A table of connections between the channels of an input and the filters of a layer. Each has a
/// kernel of its own, unless they are shared; `cnn.h` tells the order of the weights.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections<'a> {
    /// Which there are.
    pub connect: Connect<'a>,
    /// One kernel for each filter, on the sum of its inputs.
    pub shared_kernel: bool,
    /// Height and width of each kernel, for kernels of mixed sizes; by default all are the layer's.
    pub kernel_sizes: &'a [(usize, usize)],
    /// The kernel sizes are one for each filter, for all its kernels.
    pub kernel_sizes_by_map: bool,
}

/// The arrays of connections in C's form, and what points to them.
struct RawConnections {
    raw: sys::cnn_connections,
    pairs: Vec<i32>,
    kernel_sizes: Vec<i64>,
}

impl RawConnections {
    fn new(connections: &Connections<'_>) -> Box<RawConnections> {
        let (kind, fan_in, seed, pairs) = match connections.connect {
            Connect::Full => (sys::CNN_CONNECT_FULL, 0, 0, &[][..]),
            Connect::Single => (sys::CNN_CONNECT_SINGLE, 0, 0, &[][..]),
            Connect::Random { fan_in, seed } => {
                (sys::CNN_CONNECT_RANDOM, to_i64(fan_in), seed, &[][..])
            }
            Connect::Custom(pairs) => (sys::CNN_CONNECT_CUSTOM, 0, 0, pairs),
        };
        let mut made = Box::new(RawConnections {
            raw: sys::cnn_connections {
                kind,
                fan_in,
                seed,
                shared_kernel: connections.shared_kernel.into(),
                pair_count: to_i64(pairs.len()),
                kernel_size_count: to_i64(connections.kernel_sizes.len()),
                kernel_sizes_by_map: connections.kernel_sizes_by_map.into(),
                ..Default::default()
            },
            pairs: pairs.iter().flat_map(|&(from, to)| [to_i32(from), to_i32(to)]).collect(),
            kernel_sizes: connections
                .kernel_sizes
                .iter()
                .flat_map(|&(height, width)| [to_i64(height), to_i64(width)])
                .collect(),
        });
        if !made.pairs.is_empty() {
            made.raw.pairs = made.pairs.as_ptr();
        }
        if !made.kernel_sizes.is_empty() {
            made.raw.kernel_sizes = made.kernel_sizes.as_ptr();
        }
        made
    }
}

/// NULL for none.
fn connections_pointer(connections: &Option<Box<RawConnections>>) -> *const sys::cnn_connections {
    connections.as_ref().map_or(ptr::null(), |connections| &connections.raw)
}

/// Y_o = activation(sum_i X_i * w_oi + b_o), cross-correlation; `filters` and `kernel` are
/// required. Weight `[filters, C / groups, height, width]`, bias `[filters]`.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a> {
    /// By default the kind and a counter, `"conv2d_1"`; so for every layer.
    pub name: &'a str,
    /// Output maps.
    pub filters: usize,
    /// Height and width; a width of 0: square.
    pub kernel: [usize; 2],
    /// By default 1; a second one of 0: as the first.
    pub stride: [usize; 2],
    /// Likewise.
    pub dilation: [usize; 2],
    /// Top, left, bottom, right; only with [`PaddingMode::Explicit`].
    pub padding: [usize; 4],
    /// How the padding is told.
    pub padding_mode: PaddingMode,
    /// Divides the channels and the filters; by default 1. As many as channels: depthwise.
    pub groups: usize,
    /// Whether there is a bias, as there is by default.
    pub bias: bool,
    /// Of the output.
    pub activation: Activation,
    /// Of the weight.
    pub initializer: Initializer,
    /// Of the initializer; 0: its default.
    pub initializer_scale: f32,
    /// Which inputs a filter takes; by default all. With them `groups` must be 1.
    pub connections: Option<Connections<'a>>,
    /// Strides that leave a rest are a mistake.
    pub exact: bool,
}

impl Default for Conv2d<'_> {
    fn default() -> Self {
        Conv2d {
            name: "",
            filters: 0,
            kernel: [0; 2],
            stride: [1; 2],
            dilation: [1; 2],
            padding: [0; 4],
            padding_mode: PaddingMode::Explicit,
            groups: 1,
            bias: true,
            activation: Activation::Linear,
            initializer: Initializer::Default,
            initializer_scale: 0.0,
            connections: None,
            exact: false,
        }
    }
}

/// y = activation(W x + b), of an input that is flattened; `units` is required. Weight
/// `[units, inputs]`, bias `[units]`.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    /// By default `"dense_1"`, ...
    pub name: &'a str,
    /// Outputs.
    pub units: usize,
    /// Whether there is a bias, as there is by default.
    pub bias: bool,
    /// Of the output.
    pub activation: Activation,
    /// Of the weight.
    pub initializer: Initializer,
    /// Of the initializer; 0: its default.
    pub initializer_scale: f32,
}

impl Default for Dense<'_> {
    fn default() -> Self {
        Dense {
            name: "",
            units: 0,
            bias: true,
            activation: Activation::Linear,
            initializer: Initializer::Default,
            initializer_scale: 0.0,
        }
    }
}

/// A window slid over each channel; `window` is required. Padding never wins a maximum; of equal
/// values the first in row-major order gets the gradient.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pool2d<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// Height and width; a width of 0: square.
    pub window: [usize; 2],
    /// By default the window; a second one of 0: as the first.
    pub stride: [usize; 2],
    /// Top, left, bottom, right, each less than the window.
    pub padding: [usize; 4],
    /// How the padding is told.
    pub padding_mode: PaddingMode,
    /// Rounds the output's size up; a window must begin inside the input.
    pub ceil_mode: bool,
    /// Averages over the whole window, padding as zeros.
    pub include_padding: bool,
    /// Strides that leave a rest are a mistake.
    pub exact: bool,
}

/// Weighted sub-sampling: Y_i = activation(sum_j alpha_ij S_j + b_i), S_j the sums of the blocks of
/// X_j; `factor` is required. Parameters alpha and bias.
#[derive(Clone, Copy, Debug)]
pub struct WeightedSubsample2d<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// Output maps; 0: the channels.
    pub filters: usize,
    /// Height and width of a block; a second one of 0: as the first.
    pub factor: [usize; 2],
    /// By default map i takes map i; without kernel sizes.
    pub connections: Option<Connections<'a>>,
    /// Whether there is a bias, as there is by default.
    pub bias: bool,
    /// Sizes that the factors don't divide are a mistake.
    pub exact: bool,
    /// Of the output.
    pub activation: Activation,
    /// Of the alphas.
    pub initializer: Initializer,
    /// Of the initializer; 0: its default.
    pub initializer_scale: f32,
}

impl Default for WeightedSubsample2d<'_> {
    fn default() -> Self {
        WeightedSubsample2d {
            name: "",
            filters: 0,
            factor: [0; 2],
            connections: None,
            bias: true,
            exact: false,
            activation: Activation::Linear,
            initializer: Initializer::Default,
            initializer_scale: 0.0,
        }
    }
}

/// Every K-th row and column; `factor` is required.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subsample2d<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// Of rows and of columns; a second one of 0: as the first.
    pub factor: [usize; 2],
    /// A mistake unless it divides the sizes less 1.
    pub exact: bool,
}

/// A function of a distance d and beta > 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum RadialFunction {
    /// exp(-beta d^2)
    #[default]
    Gaussian = sys::CNN_RADIAL_GAUSSIAN,
    /// exp(-beta d)
    Unsquared = sys::CNN_RADIAL_UNSQUARED,
    /// sqrt(1 + beta d^2)
    Multiquadric = sys::CNN_RADIAL_MULTIQUADRIC,
    /// 1 / sqrt(1 + beta d^2)
    InverseMultiquadric = sys::CNN_RADIAL_INVERSE_MULTIQUADRIC,
    /// 1 / (1 + beta d^2)
    InverseQuadratic = sys::CNN_RADIAL_INVERSE_QUADRATIC,
    /// beta d^2: any function follows as an activation layer
    Distance = sys::CNN_RADIAL_DISTANCE,
}

/// z_j = function(beta_j, |y - c_j|) of an input that is flattened; `units` is required. Parameters
/// center `[units, inputs]` and log_beta `[units]`. [`Net::init_radial_basis`] sets them from data.
#[derive(Clone, Copy, Debug, Default)]
pub struct RadialBasis<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// Outputs.
    pub units: usize,
    /// Of the distance.
    pub function: RadialFunction,
    /// At the start; 0: 1 / inputs.
    pub beta: f32,
    /// Of the centres; by default normal.
    pub initializer: Initializer,
    /// Of the initializer; 0: its default.
    pub initializer_scale: f32,
}

/// What a layer is called whose name is all there is to say: made of `()`, for the default, or of a
/// text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
}

impl From<()> for Named<'_> {
    fn from(_: ()) -> Self {
        Named::default()
    }
}

impl<'a> From<&'a str> for Named<'a> {
    fn from(name: &'a str) -> Self {
        Named { name }
    }
}

/// The same elements under another shape of as many; made of a shape.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reshape<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// One to three sizes.
    pub shape: &'a [usize],
}

impl<'a> From<&'a [usize]> for Reshape<'a> {
    fn from(shape: &'a [usize]) -> Self {
        Reshape { name: "", shape }
    }
}

impl<'a, const N: usize> From<&'a [usize; N]> for Reshape<'a> {
    fn from(shape: &'a [usize; N]) -> Self {
        Reshape { name: "", shape }
    }
}

/// An activation as a layer of its own, a sum, or whatever has no more to say than that; made of an
/// [`Activation`], or of `()` for none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Activate<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// The function.
    pub activation: Activation,
}

impl From<()> for Activate<'_> {
    fn from(_: ()) -> Self {
        Activate::default()
    }
}

impl From<Activation> for Activate<'_> {
    fn from(activation: Activation) -> Self {
        Activate { name: "", activation }
    }
}

/// In training each element is zero with probability `rate`, else divided by (1 - rate); made of a
/// rate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dropout<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// From 0 to less than 1.
    pub rate: f32,
}

impl From<f32> for Dropout<'_> {
    fn from(rate: f32) -> Self {
        Dropout { name: "", rate }
    }
}

/// y = scale (x - mean) / sqrt(variance + epsilon) + shift, by channel. In training mean and
/// variance are the batch's, else the running ones. Parameters scale and shift; state running_mean
/// and running_variance.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// Of the running statistics: running += momentum (batch - running); by default 0.1.
    pub momentum: f32,
    /// By default 1e-5.
    pub epsilon: f32,
    /// Whether there is a scale, as there is by default.
    pub scale: bool,
    /// Whether there is a shift, as there is by default.
    pub shift: bool,
    /// Of the output.
    pub activation: Activation,
}

impl Default for BatchNorm<'_> {
    fn default() -> Self {
        BatchNorm {
            name: "",
            momentum: 0.1,
            epsilon: 1e-5,
            scale: true,
            shift: true,
            activation: Activation::Linear,
        }
    }
}

/// What is to be made small; `cnn.h` has the formulas. All are means over the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum Loss {
    /// Cross-entropy of the softmax of logits, with class indices or distributions as targets.
    #[default]
    SoftmaxCrossEntropy = sys::CNN_LOSS_SOFTMAX_CROSS_ENTROPY,
    /// Binary cross-entropy of the sigmoid of logits.
    SigmoidCrossEntropy = sys::CNN_LOSS_SIGMOID_CROSS_ENTROPY,
    /// The mean of squares over elements and samples.
    Mse = sys::CNN_LOSS_MSE,
    /// Half the sum of squares of each sample.
    HalfMse = sys::CNN_LOSS_HALF_MSE,
    /// The sum of squares of each sample.
    SumOfSquares = sys::CNN_LOSS_SUM_OF_SQUARES,
    /// Binary cross-entropy of probabilities.
    BinaryCrossEntropy = sys::CNN_LOSS_BINARY_CROSS_ENTROPY,
    /// Cross-entropy of probabilities.
    CrossEntropy = sys::CNN_LOSS_CROSS_ENTROPY,
}

/// A loss with more to say than its kind; made of a [`Loss`].
#[derive(Clone, Copy, Debug)]
pub struct LossOptions<'a> {
    /// By default the kind and a counter.
    pub name: &'a str,
    /// Its kind.
    pub loss: Loss,
    /// In the sum of several losses; by default 1.
    pub weight: f32,
    /// The factor of each output's term: one for each element of a sample, or for each channel of a
    /// map. By default all are 1.
    pub output_weights: &'a [f32],
    /// Divides the sum over the outputs by their number.
    pub average_outputs: bool,
}

impl Default for LossOptions<'_> {
    fn default() -> Self {
        LossOptions::from(Loss::default())
    }
}

impl From<Loss> for LossOptions<'_> {
    fn from(loss: Loss) -> Self {
        LossOptions { name: "", loss, weight: 1.0, output_weights: &[], average_outputs: false }
    }
}

/// A mistake that is found before the library sees it.
pub(crate) struct Mistake(pub(crate) String);

/// A number that may be zero, where zero in C means the default and a negative one zero.
fn literal(what: &str, value: f32) -> Result<f32, Mistake> {
    if value == 0.0 {
        Ok(-1.0)
    } else if value > 0.0 {
        Ok(value)
    } else {
        Err(Mistake(format!("{} is {}, but must be >= 0", what, value)))
    }
}

fn raw_nodes(nodes: &[Node]) -> Vec<sys::cnn_node> {
    nodes.iter().map(|node| node.0).collect()
}

impl Net {
    /// Adds a layer by `add`, which gets the name as C takes it.
    pub(crate) fn add_layer(
        &mut self,
        kind: &str,
        name: &str,
        add: impl FnOnce(*mut sys::cnn_net, *const c_char) -> Result<sys::cnn_node, Mistake>,
    ) -> Node {
        let added = c_text_or_none("name", name)
            .map_err(|error| Mistake(error.to_string()))
            .and_then(|name: Option<CString>| add(self.raw(), pointer(&name)));
        match added {
            Ok(node) => Node(node),
            Err(Mistake(text)) => {
                let whose = if name.is_empty() { String::new() } else { format!(" {:?}", name) };
                let text = format!("add {}{}: {}", kind, whose, text);
                self.keep(Error::new(Status::InvalidArgument, text));
                Node(-sys::CNN_INVALID_ARGUMENT)
            }
        }
    }

    /// Adds an input of one to three sizes, the batch left out: `[features]`, `[C, L]` or
    /// `[C, H, W]`. An empty name is `"input_1"`. Several are fed in the order they were added.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> Node {
        let sizes = to_i64s(shape);
        self.add_layer("input", name, |net, name| {
            // SAFETY: the sizes are as many as told.
            Ok(unsafe { sys::cnn_net_input(net, name, to_i32(sizes.len()), sizes.as_ptr()) })
        })
    }

    /// Adds a convolution.
    pub fn conv2d(&mut self, input: Node, layer: Conv2d<'_>) -> Node {
        let connections = layer.connections.as_ref().map(RawConnections::new);
        self.add_layer("conv2d", layer.name, |net, name| {
            let (activation, slope) = layer.activation.raw()?;
            let raw = sys::cnn_conv2d {
                name,
                filters: to_i64(layer.filters),
                kernel: pair(layer.kernel),
                stride: pair(layer.stride),
                dilation: pair(layer.dilation),
                padding: four(layer.padding),
                groups: to_i64(layer.groups),
                padding_mode: layer.padding_mode as i32,
                no_bias: (!layer.bias).into(),
                activation,
                slope,
                initializer: layer.initializer as i32,
                initializer_scale: layer.initializer_scale,
                connections: connections_pointer(&connections),
                exact: layer.exact.into(),
                ..Default::default()
            };
            // SAFETY: what the descriptor points to lives through the call; so below.
            Ok(unsafe { sys::cnn_net_conv2d(net, input.0, &raw) })
        })
    }

    /// Adds a fully connected layer.
    pub fn dense(&mut self, input: Node, layer: Dense<'_>) -> Node {
        self.add_layer("dense", layer.name, |net, name| {
            let (activation, slope) = layer.activation.raw()?;
            let raw = sys::cnn_dense {
                name,
                units: to_i64(layer.units),
                no_bias: (!layer.bias).into(),
                activation,
                slope,
                initializer: layer.initializer as i32,
                initializer_scale: layer.initializer_scale,
                ..Default::default()
            };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_dense(net, input.0, &raw) })
        })
    }

    fn pool2d(
        &mut self,
        kind: &str,
        layer: Pool2d<'_>,
        add: impl FnOnce(*mut sys::cnn_net, *const sys::cnn_pool2d) -> sys::cnn_node,
    ) -> Node {
        self.add_layer(kind, layer.name, |net, name| {
            let raw = sys::cnn_pool2d {
                name,
                window: pair(layer.window),
                stride: pair(layer.stride),
                padding: four(layer.padding),
                padding_mode: layer.padding_mode as i32,
                ceil_mode: layer.ceil_mode.into(),
                include_padding: layer.include_padding.into(),
                exact: layer.exact.into(),
                ..Default::default()
            };
            Ok(add(net, &raw))
        })
    }

    /// Adds a layer of the windows' maxima.
    pub fn max_pool2d(&mut self, input: Node, layer: Pool2d<'_>) -> Node {
        // SAFETY: as above.
        self.pool2d("max_pool2d", layer, |net, raw| unsafe {
            sys::cnn_net_max_pool2d(net, input.0, raw)
        })
    }

    /// Adds a layer of the windows' means.
    pub fn average_pool2d(&mut self, input: Node, layer: Pool2d<'_>) -> Node {
        // SAFETY: as above.
        self.pool2d("average_pool2d", layer, |net, raw| unsafe {
            sys::cnn_net_average_pool2d(net, input.0, raw)
        })
    }

    /// Adds a layer of weighted sub-sampling.
    pub fn weighted_subsample2d(&mut self, input: Node, layer: WeightedSubsample2d<'_>) -> Node {
        let connections = layer.connections.as_ref().map(RawConnections::new);
        self.add_layer("weighted_subsample2d", layer.name, |net, name| {
            let (activation, slope) = layer.activation.raw()?;
            let raw = sys::cnn_weighted_subsample2d {
                name,
                filters: to_i64(layer.filters),
                factor: pair(layer.factor),
                connections: connections_pointer(&connections),
                no_bias: (!layer.bias).into(),
                exact: layer.exact.into(),
                activation,
                slope,
                initializer: layer.initializer as i32,
                initializer_scale: layer.initializer_scale,
                ..Default::default()
            };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_weighted_subsample2d(net, input.0, &raw) })
        })
    }

    /// Adds a layer that takes every K-th row and column.
    pub fn subsample2d(&mut self, input: Node, layer: Subsample2d<'_>) -> Node {
        self.add_layer("subsample2d", layer.name, |net, name| {
            let raw = sys::cnn_subsample2d {
                name,
                factor: pair(layer.factor),
                exact: layer.exact.into(),
                ..Default::default()
            };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_subsample2d(net, input.0, &raw) })
        })
    }

    /// Adds a radial basis layer.
    pub fn radial_basis(&mut self, input: Node, layer: RadialBasis<'_>) -> Node {
        self.add_layer("radial_basis", layer.name, |net, name| {
            let raw = sys::cnn_radial_basis {
                name,
                units: to_i64(layer.units),
                kind: layer.function as i32,
                beta: layer.beta,
                initializer: layer.initializer as i32,
                initializer_scale: layer.initializer_scale,
                ..Default::default()
            };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_radial_basis(net, input.0, &raw) })
        })
    }

    fn plain(
        &mut self,
        kind: &str,
        layer: Named<'_>,
        add: impl FnOnce(*mut sys::cnn_net, *const sys::cnn_plain) -> sys::cnn_node,
    ) -> Node {
        self.add_layer(kind, layer.name, |net, name| {
            Ok(add(net, &sys::cnn_plain { name, ..Default::default() }))
        })
    }

    /// Adds a layer of each channel's mean; its output is `[C, 1, 1]`.
    pub fn global_average_pool2d<'a>(&mut self, input: Node, layer: impl Into<Named<'a>>) -> Node {
        // SAFETY: as above.
        self.plain("global_average_pool2d", layer.into(), |net, raw| unsafe {
            sys::cnn_net_global_average_pool2d(net, input.0, raw)
        })
    }

    /// Adds a layer that makes `[C, H, W]` `[C * H * W]`.
    pub fn flatten<'a>(&mut self, input: Node, layer: impl Into<Named<'a>>) -> Node {
        // SAFETY: as above.
        self.plain("flatten", layer.into(), |net, raw| unsafe {
            sys::cnn_net_flatten(net, input.0, raw)
        })
    }

    /// Adds a layer that gives the elements another shape.
    ///
    /// ```
    /// # let mut net = cnn::Net::new();
    /// # let x = net.input("x", &[784]);
    /// let image = net.reshape(x, &[1, 28, 28]);
    /// ```
    pub fn reshape<'a>(&mut self, input: Node, layer: impl Into<Reshape<'a>>) -> Node {
        let layer = layer.into();
        self.add_layer("reshape", layer.name, |net, name| {
            let mut raw =
                sys::cnn_reshape { name, rank: to_i32(layer.shape.len()), ..Default::default() };
            for (to, &size) in raw.shape.iter_mut().zip(layer.shape) {
                *to = to_i64(size);
            }
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_reshape(net, input.0, &raw) })
        })
    }

    /// Adds an activation as a layer of its own.
    pub fn activation<'a>(&mut self, input: Node, layer: impl Into<Activate<'a>>) -> Node {
        let layer = layer.into();
        self.add_layer("activation", layer.name, |net, name| {
            let (kind, slope) = layer.activation.raw()?;
            let raw = sys::cnn_activation { name, kind, slope, ..Default::default() };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_activation(net, input.0, &raw) })
        })
    }

    /// Adds softmax over the channels. Before a cross-entropy use [`Loss::SoftmaxCrossEntropy`] on
    /// the logits instead.
    pub fn softmax<'a>(&mut self, input: Node, layer: impl Into<Named<'a>>) -> Node {
        // SAFETY: as above.
        self.plain("softmax", layer.into(), |net, raw| unsafe {
            sys::cnn_net_softmax(net, input.0, raw)
        })
    }

    /// Adds dropout.
    pub fn dropout<'a>(&mut self, input: Node, layer: impl Into<Dropout<'a>>) -> Node {
        let layer = layer.into();
        self.add_layer("dropout", layer.name, |net, name| {
            let raw = sys::cnn_dropout { name, rate: layer.rate, ..Default::default() };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_dropout(net, input.0, &raw) })
        })
    }

    /// Adds batch normalisation.
    pub fn batch_norm(&mut self, input: Node, layer: BatchNorm<'_>) -> Node {
        self.add_layer("batch_norm", layer.name, |net, name| {
            let (activation, slope) = layer.activation.raw()?;
            let raw = sys::cnn_batch_norm {
                name,
                momentum: literal("momentum", layer.momentum)?,
                epsilon: literal("epsilon", layer.epsilon)?,
                no_scale: (!layer.scale).into(),
                no_shift: (!layer.shift).into(),
                activation,
                slope,
                ..Default::default()
            };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_batch_norm(net, input.0, &raw) })
        })
    }

    /// Adds activation(the sum of the inputs), at least two, all of one shape.
    pub fn add<'a>(&mut self, inputs: &[Node], layer: impl Into<Activate<'a>>) -> Node {
        let layer = layer.into();
        let nodes = raw_nodes(inputs);
        self.add_layer("add", layer.name, |net, name| {
            let (activation, slope) = layer.activation.raw()?;
            let raw = sys::cnn_add { name, activation, slope, ..Default::default() };
            // SAFETY: as above; the nodes are as many as told.
            Ok(unsafe { sys::cnn_net_add(net, nodes.as_ptr(), to_i32(nodes.len()), &raw) })
        })
    }

    /// Adds the inputs one after the other along the channels; their other sizes are equal.
    pub fn concat<'a>(&mut self, inputs: &[Node], layer: impl Into<Named<'a>>) -> Node {
        let nodes = raw_nodes(inputs);
        // SAFETY: as above; the nodes are as many as told.
        self.plain("concat", layer.into(), |net, raw| unsafe {
            sys::cnn_net_concat(net, nodes.as_ptr(), to_i32(nodes.len()), raw)
        })
    }

    /// Adds a loss on a node. Several sum by weight; their targets are given in the order the
    /// losses were added.
    ///
    /// ```
    /// # use cnn::{Loss, LossOptions};
    /// # let mut net = cnn::Net::new();
    /// # let y = net.input("y", &[3]);
    /// net.loss(y, Loss::Mse);
    /// net.loss(y, LossOptions { weight: 0.1, ..Loss::SumOfSquares.into() });
    /// ```
    pub fn loss<'a>(&mut self, input: Node, loss: impl Into<LossOptions<'a>>) -> Node {
        let loss = loss.into();
        self.add_layer("loss", loss.name, |net, name| {
            let weights = loss.output_weights;
            let raw = sys::cnn_loss {
                name,
                kind: loss.loss as i32,
                weight: literal("weight", loss.weight)?,
                output_weights: if weights.is_empty() { ptr::null() } else { weights.as_ptr() },
                output_weight_count: to_i64(weights.len()),
                average_outputs: loss.average_outputs.into(),
                ..Default::default()
            };
            // SAFETY: as above.
            Ok(unsafe { sys::cnn_net_loss(net, input.0, &raw) })
        })
    }
}
