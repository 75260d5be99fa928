"""Layers and activations that Python computes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, Sequence

import numpy as np

from . import _abi
from ._abi import Initializer, Status
from ._arrays import Array, ArrayLike, Floats, Shape
from ._callbacks import addresses, borrowed, forget, register, registered, trampoline
from ._enums import InitializerLike, constant
from ._errors import InvalidArgumentError


class HostParameter:
    """A parameter tensor of a host-defined layer; its values are among the net's like any other's.

    name     within the layer: "weight"
    shape    of 1 to 4 sizes
    fan_in, fan_out  for the initializer; 0: the elements after the first axis, and shape[0]
    decays   weight decay and L2 act on it
    """

    def __init__(
        self,
        name: str,
        shape: Sequence[int],
        *,
        initializer: InitializerLike = "default",
        initializer_scale: float = 0,
        fan_in: int = 0,
        fan_out: int = 0,
        decays: bool = False,
    ) -> None:
        if not 1 <= len(shape) <= 4:
            raise InvalidArgumentError(
                f'parameter "{name}" has {len(shape)} sizes, but needs 1 to 4',
                Status.INVALID_ARGUMENT,
            )
        self.name = name
        self.shape: Shape = tuple(shape)
        self.initializer = constant(Initializer, initializer)
        self.initializer_scale = initializer_scale
        self.fan_in = fan_in
        self.fan_out = fan_out
        self.decays = decays

    def _write(self, descriptor: _abi.cnn_host_parameter) -> None:
        descriptor.name = self.name.encode()
        descriptor.shape[: len(self.shape)] = list(self.shape)
        descriptor.rank = len(self.shape)
        descriptor.fan_in = self.fan_in
        descriptor.fan_out = self.fan_out
        descriptor.initializer = self.initializer
        descriptor.initializer_scale = self.initializer_scale
        descriptor.decays = self.decays


class HostCall:
    """What the functions of a host-defined layer get: float32 arrays on the library's own memory,
    without copies, of n samples. They are valid until the function returns: copy what is to stay."""

    __slots__ = (
        "input_gradients",
        "inputs",
        "n",
        "output",
        "output_gradient",
        "parameter_gradients",
        "parameters",
    )

    n: int
    inputs: List[Floats]
    """Of each input [n, its shape]; not to be written."""
    parameters: List[Floats]
    """Each parameter's tensor; not to be written."""
    output: Floats
    """[n, output shape]: forward writes it (it has zeros before); in backward as forward left it."""
    output_gradient: Optional[Floats]
    """dL/dy in backward; None in forward."""
    input_gradients: List[Optional[Floats]]
    """In backward dL/dx of each input to write, zeros before; None where not wanted."""
    parameter_gradients: List[Optional[Floats]]
    """dL/dp of each parameter, summed over the samples; likewise."""


class HostLayer:
    """A layer that Python computes, on every device (where the device isn't the CPU its operands
    are copied to the host and back).

    kind          its word in summaries and files
    forward       of a HostCall: writes call.output, the same for the same inputs and parameters,
                  and of each sample by that sample alone
    backward      of a HostCall: writes call.input_gradients and call.parameter_gradients
    output_shape  None: that of the first input
    parameters    its tensors

    Both are called from the thread that computes, one at a time. What they raise ends the call in
    progress, and is raised by it; the net is then as it was. Meanwhile the net can be read and
    saved; computing with it raises BusyError. Files keep kind, shape and parameters, not the
    functions: Net.bind_host_layer gives them back after loading. Clones share them.
    """

    def __init__(
        self,
        kind: str,
        forward: Callable[[HostCall], object],
        backward: Callable[[HostCall], object],
        *,
        output_shape: Optional[Sequence[int]] = None,
        parameters: Sequence[HostParameter] = (),
    ) -> None:
        self.kind = kind
        self.forward = forward
        self.backward = backward
        self.output_shape = None if output_shape is None else tuple(output_shape)
        self.parameters = tuple(parameters)

    @contextmanager
    def _described(
        self, name: Optional[str], inputs: List[Shape]
    ) -> Iterator[_abi.cnn_host_layer]:
        """Its descriptor, for the length of a call; _taken keeps what it needs longer."""
        tensors = (_abi.cnn_host_parameter * len(self.parameters))()
        for tensor, parameter in zip(tensors, self.parameters):
            parameter._write(tensor)
        shape = self.output_shape
        if shape is not None and not 1 <= len(shape) <= 3:
            raise InvalidArgumentError(
                f"output_shape has {len(shape)} sizes, but needs 1 to 3", Status.INVALID_ARGUMENT
            )
        descriptor = _abi.cnn_host_layer(
            name=None if name is None else name.encode(),
            kind=self.kind.encode(),
            parameter_count=len(tensors),
            forward=_forward,
            backward=_backward,
            released=_layer_released,
            user=register(_Placed(self, inputs)),
        )
        if len(tensors):
            descriptor.parameters = tensors
        if shape is not None:
            descriptor.output_shape[: len(shape)] = list(shape)
            descriptor.output_rank = len(shape)
        try:
            yield descriptor
        finally:
            if descriptor.user:
                forget(descriptor.user)

    def _taken(self, descriptor: _abi.cnn_host_layer) -> "Failing":
        """The net holds it now, and says when it doesn't any more."""
        return Failing.taken(descriptor)


class Failing:
    """Something of the host's in nets, and what it raised in a thread of the library's, where it has
    no call to end."""

    failure: Optional[BaseException] = None

    @staticmethod
    def taken(descriptor: Any) -> "Failing":
        """A net holds what is under the descriptor's number, which isn't to be forgotten any more."""
        held: Failing = registered(descriptor.user)
        descriptor.user = None
        return held


class _Placed(Failing):
    """A host-defined layer in a net, and the shapes of what it gets there."""

    def __init__(self, layer: HostLayer, inputs: List[Shape]) -> None:
        self.layer = layer
        self.inputs = inputs
        self.parameters = [parameter.shape for parameter in layer.parameters]
        self.output = layer.output_shape or (inputs[0] if inputs else ())


def _arrays(
    pointers: Optional[int], shapes: Sequence[Shape], writeable: bool = False
) -> List[Optional[Array]]:
    return [
        borrowed(address, shape, writeable=writeable) if address else None
        for address, shape in zip(addresses(pointers, len(shapes)), shapes)
    ]


def _call_of(address: int, placed: _Placed) -> HostCall:
    given = _abi.cnn_host_call.from_address(address)
    n = given.n
    inputs = [(n, *shape) for shape in placed.inputs]
    call = HostCall()
    call.n = n
    call.inputs = [array for array in _arrays(given.inputs, inputs) if array is not None]
    call.parameters = [
        array for array in _arrays(given.parameters, placed.parameters) if array is not None
    ]
    forward = not given.output_gradient
    call.output = borrowed(given.output, (n, *placed.output), writeable=forward)
    call.output_gradient = (
        None if forward else borrowed(given.output_gradient, (n, *placed.output))
    )
    call.input_gradients = _arrays(given.input_gradients, inputs, True)
    call.parameter_gradients = _arrays(given.parameter_gradients, placed.parameters, True)
    return call


@trampoline(_abi.cnn_host_function, keeper=registered)
def _forward(address: int, user: int) -> int:
    placed = registered(user)
    placed.layer.forward(_call_of(address, placed))
    return 0


@trampoline(_abi.cnn_host_function, keeper=registered)
def _backward(address: int, user: int) -> int:
    placed = registered(user)
    placed.layer.backward(_call_of(address, placed))
    return 0


class _Activation(Failing):
    """A host-defined activation in a net."""

    def __init__(self, activation: "HostActivation") -> None:
        self.forward = activation.forward
        self.backward = activation.backward


class HostActivation:
    """An activation that Python computes, element by element.

    kind      its word in summaries and files
    forward   y = forward(x), of float32 vectors
    backward  dx = backward(x, y, dy), that is f'(x) dy
    opencl_forward, opencl_derivative  OpenCL C of f in the float x, "x / (1 + fabs(x))", and of f'
              in x and y; both or neither. With them it runs as a kernel on OpenCL devices.

    The vectors given are the library's memory, valid until the function returns. Exceptions are as
    in HostLayer.
    """

    def __init__(
        self,
        kind: str,
        forward: Callable[[Floats], ArrayLike],
        backward: Callable[[Floats, Floats, Floats], ArrayLike],
        *,
        opencl_forward: Optional[str] = None,
        opencl_derivative: Optional[str] = None,
    ) -> None:
        self.kind = kind
        self.forward = forward
        self.backward = backward
        self.opencl_forward = opencl_forward
        self.opencl_derivative = opencl_derivative

    @contextmanager
    def _described(self, name: Optional[str]) -> Iterator[_abi.cnn_host_activation]:
        descriptor = _abi.cnn_host_activation(
            name=None if name is None else name.encode(),
            kind=self.kind.encode(),
            forward=_activate,
            backward=_deactivate,
            released=_activation_released,
            user=register(_Activation(self)),
        )
        if self.opencl_forward is not None:
            descriptor.opencl_forward = self.opencl_forward.encode()
        if self.opencl_derivative is not None:
            descriptor.opencl_derivative = self.opencl_derivative.encode()
        try:
            yield descriptor
        finally:
            if descriptor.user:
                forget(descriptor.user)

    def _taken(self, descriptor: _abi.cnn_host_activation) -> "Failing":
        return Failing.taken(descriptor)


_LAYER = {name: kind for name, kind, *_ in _abi.cnn_host_layer._fields_}
_ACTIVATION = {name: kind for name, kind, *_ in _abi.cnn_host_activation._fields_}


@trampoline(_LAYER["released"], failed=None, always=True)
def _layer_released(user: int) -> None:
    forget(user)


@trampoline(_ACTIVATION["released"], failed=None, always=True)
def _activation_released(user: int) -> None:
    forget(user)


@trampoline(_ACTIVATION["forward"], keeper=registered)
def _activate(count: int, x: int, y: int, user: int) -> int:
    result: Any = registered(user).forward(borrowed(x, (count,)))
    np.copyto(borrowed(y, (count,), writeable=True), result, casting="same_kind")
    return 0


@trampoline(_ACTIVATION["backward"], keeper=registered)
def _deactivate(count: int, x: int, y: int, dy: int, dx: int, user: int) -> int:
    result: Any = registered(user).backward(
        borrowed(x, (count,)), borrowed(y, (count,)), borrowed(dy, (count,))
    )
    np.copyto(borrowed(dx, (count,), writeable=True), result, casting="same_kind")
    return 0
