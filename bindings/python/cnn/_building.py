"""Building a net: a method for each layer."""

from __future__ import annotations

import ctypes
import weakref
from ctypes import byref, pointer
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _abi
from ._abi import Activation, Connection, Initializer, Loss, Padding, Radial, Status
from ._arrays import Array, ArrayLike, Shape, address, contiguous, floats
from ._base import NetBase, Node, NodeLike
from ._enums import ActivationLike, ConnectionLike, InitializerLike, LossLike, PaddingLike
from ._enums import RadialLike, constant
from ._errors import BadStateError, InvalidArgumentError, call
from ._hosts import HostActivation, HostLayer, HostParameter
from ._library import lib

Sizes = Union[int, Sequence[int]]
"""One size for height and width, or both."""
PaddingSizes = Union[int, Sequence[int], PaddingLike]
"""On all sides; (height, width); (top, left, bottom, right); or "same"."""


@dataclass(frozen=True)
class Connections:
    """Which input maps each output map takes, in place of every one; each connection has a kernel
    of its own unless shared_kernel is set.

    kind                 "full"; "single": map i takes map i alone; "random": fan_in different ones,
                         drawn by seed; "custom": those of pairs. None: what fan_in or pairs say.
    shared_kernel        one kernel a filter, on the sum of its inputs
    fan_in               of "random": 1 to the channels
    pairs                [k, 2]: input and output map of each connection, from 0; none twice, at
                         least one for each filter
    kernel_sizes         [kernels, 2]: height and width of each kernel, for kernels of mixed sizes
    kernel_sizes_by_map  kernel_sizes has one a filter, for all its kernels
    """

    kind: Optional[ConnectionLike] = None
    shared_kernel: bool = False
    fan_in: int = 0
    seed: int = 0
    pairs: Optional[ArrayLike] = None
    kernel_sizes: Optional[ArrayLike] = None
    kernel_sizes_by_map: bool = False

    def _kind(self) -> Connection:
        if self.kind is not None:
            return constant(Connection, self.kind)
        if self.pairs is not None:
            return Connection.CUSTOM
        return Connection.RANDOM if self.fan_in else Connection.FULL


def _pairs(values: Optional[ArrayLike], dtype: Any, what: str) -> Optional[Array]:
    if values is None:
        return None
    array = contiguous(values, np.dtype(dtype))
    if array.ndim != 2 or array.shape[1] != 2:
        raise InvalidArgumentError(
            f"{what} has the shape {array.shape}, but needs (k, 2)", Status.INVALID_ARGUMENT
        )
    return array


class _Connected:
    """A cnn_connections and the arrays that it points at."""

    def __init__(self, given: Connections) -> None:
        self._pairs = _pairs(given.pairs, np.int32, "connections: pairs")
        self._sizes = _pairs(given.kernel_sizes, np.int64, "connections: kernel_sizes")
        self.value = _abi.cnn_connections(
            kind=given._kind(),
            shared_kernel=given.shared_kernel,
            fan_in=given.fan_in,
            seed=given.seed,
            kernel_sizes_by_map=given.kernel_sizes_by_map,
        )
        if self._pairs is not None:
            self.value.pairs = address(self._pairs)
            self.value.pair_count = len(self._pairs)
        if self._sizes is not None:
            self.value.kernel_sizes = address(self._sizes)
            self.value.kernel_size_count = len(self._sizes)


def literal(value: Optional[float], what: str) -> float:
    """None as C's 0, the default, and 0 as C's negative, a literal zero."""
    if value is None:
        return 0
    if value < 0:
        raise InvalidArgumentError(f"{what} is {value}, but must be >= 0", Status.INVALID_ARGUMENT)
    return value or -1


def _encoded(name: Optional[str]) -> Optional[bytes]:
    return None if name is None else name.encode()


def _pair(value: Sizes, what: str) -> Tuple[int, int]:
    if isinstance(value, (int, np.integer)):
        return int(value), int(value)
    if len(value) != 2:
        raise InvalidArgumentError(
            f"{what} has {len(value)} sizes, but needs 1 or 2", Status.INVALID_ARGUMENT
        )
    return value[0], value[1]


def _padding(descriptor: Any, padding: PaddingSizes) -> None:
    if isinstance(padding, (str, Padding)):
        descriptor.padding_mode = constant(Padding, padding)
        return
    sizes = [int(padding)] if isinstance(padding, (int, np.integer)) else list(padding)
    if len(sizes) not in (1, 2, 4):
        raise InvalidArgumentError(
            f"padding has {len(sizes)} sizes, but needs 1, 2 or 4", Status.INVALID_ARGUMENT
        )
    descriptor.padding = tuple(sizes * (4 // len(sizes)))


def _initial(
    descriptor: Any, initializer: InitializerLike, initializer_scale: Optional[float]
) -> None:
    kind = constant(Initializer, initializer)
    if initializer_scale == 0 and kind != Initializer.CONSTANT:
        raise InvalidArgumentError(
            'initializer_scale is 0, which only "constant" takes', Status.INVALID_ARGUMENT
        )
    descriptor.initializer = kind
    descriptor.initializer_scale = initializer_scale or 0


def _activation(descriptor: Any, activation: ActivationLike, slope: Optional[float]) -> None:
    descriptor.activation = constant(Activation, activation)
    descriptor.slope = literal(slope, "slope")


class Building(NetBase):
    """Every method here adds a node and infers its output's shape at once. Shapes leave the batch
    out. A mistake raises, and the net stays with it: compile() reports it again. After compile()
    adding raises BadStateError.

    name        unique in the net; default: the kind and a counter ("conv2d_1"). The prefix of the
                names of the node's tensors, "conv2d_1/weight"
    activation  of the output; slope is of leaky ReLU (default 0.01), or alpha of ELU (default 1)
    initializer, initializer_scale  how weights start; the default is "he" for ReLU and its like,
                else "xavier", with scale 1; of "constant" the scale is the value
    """

    def _added(self, index: int) -> Node:
        if index < 0:
            call(lib.cnn_net_error, self._handle)
            raise BadStateError("a compiled net takes no more nodes", Status.BAD_STATE)
        self._ports = None
        self._shapes.clear()
        return Node(self, index)

    def _nodes(self, nodes: Sequence[NodeLike]) -> Any:
        return (ctypes.c_int32 * len(nodes))(*[self._index(node) for node in nodes])

    def input(self, name: Optional[str], shape: Sequence[int]) -> Node:
        """Adds an input of 1 to 3 sizes: (features,), (C, L) or (C, H, W). Several inputs are fed
        in the order they were added. name None: "input_1"."""
        sizes = (ctypes.c_int64 * len(shape))(*shape)
        return self._added(lib.cnn_net_input(self._handle, _encoded(name), len(shape), sizes))

    def conv2d(
        self,
        input: NodeLike,
        filters: int,
        kernel: Sizes = 0,
        *,
        stride: Sizes = 1,
        padding: PaddingSizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        activation: ActivationLike = "linear",
        slope: Optional[float] = None,
        bias: bool = True,
        initializer: InitializerLike = "default",
        initializer_scale: Optional[float] = None,
        connections: Optional[Connections] = None,
        exact: bool = False,
        name: Optional[str] = None,
    ) -> Node:
        """A convolution (cross-correlation: the kernel isn't flipped) of [C, H, W] to
        [filters, H', W'] with H' = floor((H + pads - dilation (kernel - 1) - 1) / stride) + 1.
        Weight [filters, C / groups, kernel h, kernel w], bias [filters].

        groups divides C and filters; C of them: depthwise. With connections groups must be 1, and
        the weight has the kernels one after the other; kernel may be left out where they have sizes
        of their own. exact: strides that leave a rest raise ShapeMismatchError."""
        connected = None if connections is None else _Connected(connections)
        descriptor = _abi.cnn_conv2d(
            name=_encoded(name), filters=filters, groups=groups, no_bias=not bias, exact=exact
        )
        descriptor.kernel = _pair(kernel, "kernel")
        descriptor.stride = _pair(stride, "stride")
        descriptor.dilation = _pair(dilation, "dilation")
        _padding(descriptor, padding)
        _activation(descriptor, activation, slope)
        _initial(descriptor, initializer, initializer_scale)
        if connected is not None:
            descriptor.connections = pointer(connected.value)
        return self._added(lib.cnn_net_conv2d(self._handle, self._index(input), byref(descriptor)))

    def dense(
        self,
        input: NodeLike,
        units: int,
        *,
        activation: ActivationLike = "linear",
        slope: Optional[float] = None,
        bias: bool = True,
        initializer: InitializerLike = "default",
        initializer_scale: Optional[float] = None,
        name: Optional[str] = None,
    ) -> Node:
        """activation(W x + b); an input of higher rank is flattened. Weight [units, inputs], bias
        [units]. Output [units]."""
        descriptor = _abi.cnn_dense(name=_encoded(name), units=units, no_bias=not bias)
        _activation(descriptor, activation, slope)
        _initial(descriptor, initializer, initializer_scale)
        return self._added(lib.cnn_net_dense(self._handle, self._index(input), byref(descriptor)))

    def _pool(
        self,
        function: Any,
        input: NodeLike,
        window: Sizes,
        stride: Optional[Sizes],
        padding: PaddingSizes,
        **flags: Any,
    ) -> Node:
        descriptor = _abi.cnn_pool2d(**flags)
        descriptor.window = _pair(window, "window")
        if stride is not None:
            descriptor.stride = _pair(stride, "stride")
        _padding(descriptor, padding)
        return self._added(function(self._handle, self._index(input), byref(descriptor)))

    def max_pool2d(
        self,
        input: NodeLike,
        window: Sizes,
        *,
        stride: Optional[Sizes] = None,
        padding: PaddingSizes = 0,
        ceil_mode: bool = False,
        exact: bool = False,
        name: Optional[str] = None,
    ) -> Node:
        """The maximum of a window slid over each channel; stride None: the window. Padding never
        wins. ceil_mode rounds the output size up; exact: strides that leave a rest raise
        ShapeMismatchError."""
        return self._pool(
            lib.cnn_net_max_pool2d,
            input,
            window,
            stride,
            padding,
            ceil_mode=ceil_mode,
            exact=exact,
            name=_encoded(name),
        )

    def average_pool2d(
        self,
        input: NodeLike,
        window: Sizes,
        *,
        stride: Optional[Sizes] = None,
        padding: PaddingSizes = 0,
        ceil_mode: bool = False,
        include_padding: bool = False,
        exact: bool = False,
        name: Optional[str] = None,
    ) -> Node:
        """The mean of a window slid over each channel; include_padding counts padding as zeros.
        The rest as in max_pool2d."""
        return self._pool(
            lib.cnn_net_average_pool2d,
            input,
            window,
            stride,
            padding,
            ceil_mode=ceil_mode,
            include_padding=include_padding,
            exact=exact,
            name=_encoded(name),
        )

    def weighted_subsample2d(
        self,
        input: NodeLike,
        factor: Sizes,
        *,
        filters: int = 0,
        connections: Optional[Connections] = None,
        activation: ActivationLike = "linear",
        slope: Optional[float] = None,
        bias: bool = True,
        exact: bool = False,
        initializer: InitializerLike = "default",
        initializer_scale: Optional[float] = None,
        name: Optional[str] = None,
    ) -> Node:
        """activation(alpha S + b), S the sum of each window of `factor` rows and columns.
        Parameters alpha, [maps] or [connections], and bias, [maps]. filters: the output maps; 0:
        the channels, and without connections no other."""
        connected = None if connections is None else _Connected(connections)
        descriptor = _abi.cnn_weighted_subsample2d(
            name=_encoded(name), filters=filters, no_bias=not bias, exact=exact
        )
        descriptor.factor = _pair(factor, "factor")
        _activation(descriptor, activation, slope)
        _initial(descriptor, initializer, initializer_scale)
        if connected is not None:
            descriptor.connections = pointer(connected.value)
        return self._added(
            lib.cnn_net_weighted_subsample2d(self._handle, self._index(input), byref(descriptor))
        )

    def subsample2d(
        self, input: NodeLike, factor: Sizes, *, exact: bool = False, name: Optional[str] = None
    ) -> Node:
        """Every factor-th row and column. exact: ShapeMismatchError unless it divides n - 1."""
        descriptor = _abi.cnn_subsample2d(name=_encoded(name), exact=exact)
        descriptor.factor = _pair(factor, "factor")
        return self._added(
            lib.cnn_net_subsample2d(self._handle, self._index(input), byref(descriptor))
        )

    def radial_basis(
        self,
        input: NodeLike,
        units: int,
        *,
        kind: RadialLike = "gaussian",
        beta: float = 0,
        initializer: InitializerLike = "default",
        initializer_scale: Optional[float] = None,
        name: Optional[str] = None,
    ) -> Node:
        """rho(beta_j, |y - c_j|) of the distances to `units` centres. Parameters center
        [units, inputs] and log_beta [units]; beta: at the start, 0: 1 / inputs. Centres start by
        the initializer (default "normal"), or from data by init_radial_basis(). Output [units]."""
        descriptor = _abi.cnn_radial_basis(
            name=_encoded(name), units=units, kind=constant(Radial, kind), beta=beta
        )
        _initial(descriptor, initializer, initializer_scale)
        return self._added(
            lib.cnn_net_radial_basis(self._handle, self._index(input), byref(descriptor))
        )

    def _plain(self, function: Any, input: NodeLike, name: Optional[str]) -> Node:
        descriptor = _abi.cnn_plain(name=_encoded(name))
        return self._added(function(self._handle, self._index(input), byref(descriptor)))

    def global_average_pool2d(self, input: NodeLike, *, name: Optional[str] = None) -> Node:
        """The mean of each channel; output [C, 1, 1]."""
        return self._plain(lib.cnn_net_global_average_pool2d, input, name)

    def flatten(self, input: NodeLike, *, name: Optional[str] = None) -> Node:
        """[C, H, W] as [C H W]. Moves no data."""
        return self._plain(lib.cnn_net_flatten, input, name)

    def softmax(self, input: NodeLike, *, name: Optional[str] = None) -> Node:
        """exp(x_c) / sum exp(x_k) over the channels, the first axis."""
        return self._plain(lib.cnn_net_softmax, input, name)

    def reshape(
        self, input: NodeLike, shape: Sequence[int], *, name: Optional[str] = None
    ) -> Node:
        """The same elements, in row-major order, as (K,), (C, L) or (C, H, W)."""
        descriptor = _abi.cnn_reshape(name=_encoded(name), rank=len(shape))
        descriptor.shape = tuple(shape[:3])
        return self._added(lib.cnn_net_reshape(self._handle, self._index(input), byref(descriptor)))

    def activation(
        self,
        input: NodeLike,
        kind: ActivationLike,
        *,
        slope: Optional[float] = None,
        name: Optional[str] = None,
    ) -> Node:
        """An activation as a node of its own."""
        descriptor = _abi.cnn_activation(
            name=_encoded(name), kind=constant(Activation, kind), slope=literal(slope, "slope")
        )
        return self._added(
            lib.cnn_net_activation(self._handle, self._index(input), byref(descriptor))
        )

    def dropout(self, input: NodeLike, rate: float, *, name: Optional[str] = None) -> Node:
        """In training each element is zero with probability rate, in [0, 1), else divided by
        1 - rate; else the identity."""
        descriptor = _abi.cnn_dropout(name=_encoded(name), rate=rate)
        return self._added(lib.cnn_net_dropout(self._handle, self._index(input), byref(descriptor)))

    def batch_norm(
        self,
        input: NodeLike,
        *,
        momentum: Optional[float] = None,
        epsilon: Optional[float] = None,
        scale: bool = True,
        shift: bool = True,
        activation: ActivationLike = "linear",
        slope: Optional[float] = None,
        name: Optional[str] = None,
    ) -> Node:
        """scale (x - mean) / sqrt(variance + epsilon) + shift for each channel, on the batch's
        statistics in training, else on the running ones, which training moves by momentum
        (default 0.1); epsilon defaults to 1e-5. Parameters scale and shift, [C]; state running_mean
        and running_variance."""
        descriptor = _abi.cnn_batch_norm(
            name=_encoded(name),
            momentum=literal(momentum, "momentum"),
            epsilon=literal(epsilon, "epsilon"),
            no_scale=not scale,
            no_shift=not shift,
        )
        _activation(descriptor, activation, slope)
        return self._added(
            lib.cnn_net_batch_norm(self._handle, self._index(input), byref(descriptor))
        )

    def add(
        self,
        inputs: Sequence[NodeLike],
        *,
        activation: ActivationLike = "linear",
        slope: Optional[float] = None,
        name: Optional[str] = None,
    ) -> Node:
        """activation(sum of the inputs), at least two, all of one shape."""
        descriptor = _abi.cnn_add(name=_encoded(name))
        _activation(descriptor, activation, slope)
        nodes = self._nodes(inputs)
        return self._added(lib.cnn_net_add(self._handle, nodes, len(nodes), byref(descriptor)))

    def concat(self, inputs: Sequence[NodeLike], *, name: Optional[str] = None) -> Node:
        """The inputs, at least one, one after the other along the channels."""
        descriptor = _abi.cnn_plain(name=_encoded(name))
        nodes = self._nodes(inputs)
        return self._added(lib.cnn_net_concat(self._handle, nodes, len(nodes), byref(descriptor)))

    def loss(
        self,
        input: NodeLike,
        kind: LossLike,
        *,
        weight: Optional[float] = None,
        output_weights: Optional[ArrayLike] = None,
        average_outputs: bool = False,
        name: Optional[str] = None,
    ) -> Node:
        """A loss on input, a mean over the samples: "softmax_cross_entropy" and
        "sigmoid_cross_entropy" of logits, "mse", "half_mse", "sum_of_squares",
        "binary_cross_entropy" and "cross_entropy" of probabilities. Its target has input's shape,
        or under softmax is one label for a class (of each place of a map).

        weight           in the sum of several losses (default 1), whose targets are given in the
                         order they were added
        output_weights   the factor of each output's term: one an element, or one a channel of a map
        average_outputs  divides by the number of outputs ("mse" is so anyway)
        """
        descriptor = _abi.cnn_loss(
            name=_encoded(name),
            kind=constant(Loss, kind),
            weight=literal(weight, "weight"),
            average_outputs=average_outputs,
        )
        weights = None if output_weights is None else floats(output_weights)
        if weights is not None:
            descriptor.output_weights = address(weights)
            descriptor.output_weight_count = weights.size
        return self._added(lib.cnn_net_loss(self._handle, self._index(input), byref(descriptor)))

    def output(self, node: NodeLike) -> None:
        """Declares a node an output of run(); several are in the order of declaration. Without any,
        it is the last node that isn't a loss. Allowed until compile()."""
        call(lib.cnn_net_output, self._handle, self._index(node))
        self._ports = None

    def check(self) -> None:
        """Raises the first mistake made while building, if there is one."""
        call(lib.cnn_net_error, self._handle)

    def host_layer(
        self,
        inputs: Union[NodeLike, Sequence[NodeLike]],
        layer: HostLayer,
        *,
        name: Optional[str] = None,
    ) -> Node:
        """Adds a layer that Python computes, of inputs of any shapes; see HostLayer."""
        given = [inputs] if isinstance(inputs, (Node, int, str)) else list(inputs)
        nodes = self._nodes(given)
        shapes: List[Shape] = []
        if not lib.cnn_net_error(self._handle, None):
            shapes = [self.describe(node).shape for node in nodes]
        with layer._described(name, shapes) as descriptor:
            index = lib.cnn_net_host_layer(self._handle, nodes, len(nodes), byref(descriptor))
            node = self._added(index)
            self._hosts.append(weakref.ref(layer._taken(descriptor)))
        self._calls_back = True
        return node

    def host_activation(
        self, input: NodeLike, activation: HostActivation, *, name: Optional[str] = None
    ) -> Node:
        """Adds an activation that Python computes, element by element; see HostActivation."""
        with activation._described(name) as descriptor:
            index = lib.cnn_net_host_activation(
                self._handle, self._index(input), byref(descriptor)
            )
            node = self._added(index)
            self._hosts.append(weakref.ref(activation._taken(descriptor)))
        self._calls_back = True
        return node

    def bind_host_layer(self, name: str, layer: HostLayer) -> None:
        """Gives the host-defined layer `name` of a loaded net its functions, or other ones, until
        compile(). NotFoundError; InvalidArgumentError for a node of another kind;
        ShapeMismatchError where output or parameters differ."""
        info = self.describe(name)
        if info.input_count > len(info.inputs):
            raise InvalidArgumentError(
                f'bind: "{name}" has {info.input_count} inputs, but at most 8 can be bound again',
                Status.INVALID_ARGUMENT,
                info.index,
            )
        shapes = [self.describe(index).shape for index in info.inputs]
        with layer._described(None, shapes) as descriptor:
            call(lib.cnn_net_bind_host_layer, self._handle, name.encode(), byref(descriptor))
            self._hosts.append(weakref.ref(layer._taken(descriptor)))
        self._calls_back = True

    def bind_host_activation(self, name: str, activation: HostActivation) -> None:
        """Likewise for a host-defined activation."""
        with activation._described(None) as descriptor:
            call(lib.cnn_net_bind_host_activation, self._handle, name.encode(), byref(descriptor))
            self._hosts.append(weakref.ref(activation._taken(descriptor)))
        self._calls_back = True


__all__ = ["Building", "Connections", "HostParameter"]
