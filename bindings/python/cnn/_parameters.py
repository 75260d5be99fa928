"""The flat vectors of a net, and the tensors in them."""

from __future__ import annotations

from ctypes import byref
from dataclasses import dataclass
from math import prod
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import numpy as np

from . import _abi
from ._abi import Vector
from ._arrays import FLOAT32, ArrayLike, Floats, Shape, address, flat, floats, output
from ._base import NetBase
from ._errors import NotFoundError, call
from ._library import lib


@dataclass(frozen=True)
class TensorInfo:
    """A tensor within a vector."""

    name: str
    """"conv2d_1/weight"; cut if longer than 255 bytes."""
    offset: int
    """Of its first element in the vector."""
    elements: int
    shape: Shape
    node: int
    rate: float
    """Learning-rate factor; 0: frozen."""
    regularization: float
    """Factor of every regulariser's lambda."""


class _Vector:
    """A whole vector as an attribute: a copy of it, or anything like an array to set it."""

    def __get__(self, tensors: "Tensors", owner: Any = None) -> Floats:
        return self if tensors is None else tensors.read_vector()

    def __set__(self, tensors: "Tensors", values: ArrayLike) -> None:
        array = floats(values)
        handle, which = tensors._net.handle, tensors._which
        call(lib.cnn_net_set_vector, handle, which, address(array), array.size)


class _Center:
    """The centre of the regularisers as an attribute."""

    def __get__(self, net: "Parameters", owner: Any = None) -> Floats:
        if net is None:
            return self
        values = np.empty(net.parameters.elements, FLOAT32)
        call(lib.cnn_net_get_center, net.handle, address(values), values.size)
        return values

    def __set__(self, net: "Parameters", values: Optional[ArrayLike]) -> None:
        if values is None:
            call(lib.cnn_net_set_center, net.handle, None, 0)
            return
        array = floats(values)
        call(lib.cnn_net_set_center, net.handle, address(array), array.size)


class Tensors(Mapping[str, Floats]):
    """One of the flat float32 vectors of a net, as a dict of its tensors by name.

    net.parameters["dense_1/weight"]       a copy of the tensor, in its shape
    net.parameters["dense_1/weight"] = w   sets it
    net.parameters["dense_1/weight"] *= 2  both
    net.parameters.vector                  a copy of the whole vector; may be set too

    Tensors are in canonical order: nodes in the order of adding, weight before bias, scale before
    shift. NotFoundError (a KeyError here) for an unknown name; ShapeMismatchError for a wrong size.
    """

    def __init__(self, net: NetBase, which: Vector) -> None:
        self._net = net
        self._which = which

    def info(self) -> Dict[str, TensorInfo]:
        """What its tensors are, by name."""
        handle = self._net.handle
        found = {}
        for index in range(max(lib.cnn_net_tensor_count(handle, self._which), 0)):
            info = _abi.cnn_tensor_info()
            call(lib.cnn_net_describe_tensor, handle, self._which, index, byref(info))
            name = info.name.decode("utf-8", "replace")
            found[name] = TensorInfo(
                name=name,
                offset=info.offset,
                elements=info.elements,
                shape=tuple(info.shape[: info.rank]),
                node=info.node,
                rate=info.rate,
                regularization=info.regularization,
            )
        return found

    def _shape(self, name: str) -> Shape:
        """Of a tensor; looked for once as long as the net has the same nodes."""
        shapes = self._net._shapes.get(self._which)
        if shapes is None:
            shapes = {key: info.shape for key, info in self.info().items()}
            self._net._shapes[self._which] = shapes
        # Names are described cut.
        shape = shapes.get(name if len(name) < 64 else name.encode()[:255].decode("utf-8", "replace"))
        if shape is None or self._net.closed:
            if self._net.closed:
                call(lib.cnn_net_error, None)
            raise UnknownTensorError(f'the net has no {self._which.name.lower()} "{name}"')
        return shape

    def __getitem__(self, name: str) -> Floats:
        return self.read(name)

    def read(self, name: str, out: Optional[Floats] = None) -> Floats:
        """A tensor's values, in out where it is given (float32, row-major and contiguous)."""
        values = output(out, self._shape(name), FLOAT32, "out")
        call(
            lib.cnn_net_get_tensor,
            self._net.handle,
            self._which,
            name.encode(),
            address(values),
            values.size,
        )
        return values

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        array = flat(values, prod(self._shape(name)), f'the value of "{name}"')
        call(
            lib.cnn_net_set_tensor,
            self._net.handle,
            self._which,
            name.encode(),
            address(array),
            array.size,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.info())

    def __len__(self) -> int:
        count: int = lib.cnn_net_tensor_count(self._net.handle, self._which)
        return max(count, 0)

    def __contains__(self, name: object) -> bool:
        return name in self.info()

    @property
    def elements(self) -> int:
        """Of the whole vector."""
        elements: int = lib.cnn_net_vector_elements(self._net.handle, self._which)
        return max(elements, 0)

    vector = _Vector()
    """A copy of the whole vector; may be set. ShapeMismatchError for another size; BadStateError for
    the gradient of a net that isn't compiled for training, and for setting it."""

    def read_vector(self, out: Optional[Floats] = None) -> Floats:
        """The whole vector, in out where it is given. BadStateError for the gradient of a net that
        isn't compiled for training."""
        values = output(out, (self.elements,), FLOAT32, "out")
        call(
            lib.cnn_net_get_vector, self._net.handle, self._which, address(values), values.size
        )
        return values

    def __repr__(self) -> str:
        tensors = ", ".join(f"{name} {info.shape}" for name, info in self.info().items())
        return f"<{self._which.name.lower()} of a net: {tensors or 'none'}>"


class UnknownTensorError(NotFoundError, KeyError):
    """No tensor of that name."""

    def __init__(self, message: str, status: int = _abi.Status.NOT_FOUND, node: Optional[int] = None):
        super().__init__(message, status, node)


class Parameters(NetBase):
    """Parameters, gradient, state, and how each tensor is trained."""

    @property
    def parameters(self) -> Tensors:
        """What is trained, theta."""
        return Tensors(self, Vector.PARAMETERS)

    @property
    def gradient(self) -> Tensors:
        """Of the latest loss_gradient, backward or train_step; can't be set."""
        return Tensors(self, Vector.GRADIENT)

    @property
    def state(self) -> Tensors:
        """What isn't trained: running statistics, losses' output weights."""
        return Tensors(self, Vector.STATE)

    def set_rate(self, name: str, rate: float) -> None:
        """Multiplies the learning rate of a tensor, or of all tensors of the node of that name, by
        rate (>= 0, default 1). 0 freezes: neither step nor decay. NotFoundError."""
        call(lib.cnn_net_set_rate, self._handle, name.encode(), rate)

    def freeze(self, *names: str) -> None:
        """Sets the rate of tensors, or of nodes for all of theirs, to 0."""
        for name in names:
            self.set_rate(name, 0)

    def thaw(self, *names: str) -> None:
        """Sets it to 1."""
        for name in names:
            self.set_rate(name, 1)

    def set_regularization(self, name: str, factor: float) -> None:
        """Multiplies every lambda (l2, l1, weight_decay) by factor for a tensor, or for all tensors
        of the node of that name: >= 0; default 1 for weights, 0 for biases and batch norm's scale
        and shift. NotFoundError."""
        call(lib.cnn_net_set_regularization, self._handle, name.encode(), factor)

    center = _Center()
    """The centre of the regularisers, as long as the parameters; zeros where none was set. May be
    set to one, or to None for zero."""

    def copy_parameters(self, source: "Parameters") -> None:
        """Copies parameters and state from source, whose tensors have the same names and shapes
        (ShapeMismatchError)."""
        call(lib.cnn_net_copy_parameters, self._handle, source.handle)


__all__: Tuple[str, ...] = ("Parameters", "TensorInfo", "Tensors")
