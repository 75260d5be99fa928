"""Data as nets take it: views of arrays, and samples with their targets."""

from __future__ import annotations

from ctypes import pointer
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from . import _abi
from ._abi import Layout, Status, Type
from ._arrays import FLOAT32, INT32, INT64, TYPES, UINT8, Array, ArrayLike, Shape, address
from ._arrays import check_shape, contiguous, floats, several
from ._base import Port
from ._enums import LayoutLike, TypeLike, constant
from ._errors import InvalidArgumentError

Numbers = Union[float, Sequence[float]]
"""One for all channels, or one for each (channels from the fourth on use the fourth's)."""


def _input(value: ArrayLike) -> Array:
    """float32 or uint8 as it is, anything else as float32; row-major."""
    if isinstance(value, np.ndarray) and value.dtype == UINT8:
        return contiguous(value, UINT8)
    return floats(value)


class _Feed:
    """What an input is read from."""

    __slots__ = ("layout", "mean", "scale")

    layout: Layout
    scale: Optional[Sequence[float]]
    mean: Optional[Sequence[float]]

    def _fill(self, view: Any) -> None:
        view.layout = self.layout
        _numbers(view, self.scale, self.mean)

    def _check(self, port: Port) -> None:
        wanted = min(port.shape[0], 4)
        for what, values in (("scale", self.scale), ("mean", self.mean)):
            if values is not None and len(values) not in (1, wanted):
                raise InvalidArgumentError(
                    f'input "{port.name}": {what} has {len(values)} values, but needs 1 or {wanted}',
                    Status.INVALID_ARGUMENT,
                    port.index,
                )

    def _count(self, port: Port) -> int:
        """Of samples."""
        raise NotImplementedError


class Memory(_Feed):
    """An OpenCL buffer of yours in place of an array, as input, output, target or gradient, on a
    device that was opened on its context (Device.from_opencl). It is read or written where it lies.

    memory    the cl_mem as a number (PyOpenCL: buffer.int_ptr)
    elements  of it: n times those of one sample
    type      of its elements; outputs are "float32"
    offset    bytes before the first element, a multiple of an element's
    scale, mean, layout  of an input, as in View
    """

    __slots__ = ("elements", "memory", "offset", "type")

    def __init__(
        self,
        memory: int,
        elements: int,
        type: TypeLike = "float32",
        *,
        offset: int = 0,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> None:
        self.memory = memory
        self.elements = elements
        self.type = constant(Type, type)
        self.offset = offset
        self.layout = constant(Layout, layout)
        self.scale = _scale(scale)
        self.mean = None if mean is None else several(mean, 4, "mean")

    def _count(self, port: Port) -> int:
        return self.elements // port.elements

    def _fill(self, view: Any) -> None:
        view.memory = self.memory
        view.memory_offset = self.offset
        view.elements = self.elements
        view.type = self.type
        super()._fill(view)


class View(_Feed):
    """An array and how to read it: value = (raw - mean) * scale, for each channel.

    array   [n, *shape] of float32 or uint8, row-major and contiguous, is used without a copy;
            anything else is converted to float32 once, here
    layout  "nchw", or "nhwc": the channels come last, as cameras and image files have them
    """

    __slots__ = ("_bound", "array")

    _bound: Optional["_BoundView"]

    def __init__(
        self,
        array: ArrayLike,
        *,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> None:
        self._bound = None
        self.array = _input(array)
        self.layout = constant(Layout, layout)
        self.scale = _scale(scale)
        self.mean = None if mean is None else several(mean, 4, "mean")

    def _struct(self, port: Port) -> Any:
        """Its cnn_view for that input: the last one while nothing has changed."""
        bound = self._bound
        if bound is None or not bound.serves(self, port):
            self._check(port)
            bound = self._bound = _BoundView(self, port)
        return bound.struct

    def _check(self, port: Port) -> None:
        shape = port.shape
        if self.layout == Layout.NHWC:
            shape = (*shape[1:], shape[0])
        check_shape(self.array, shape, f'input "{port.name}"')
        super()._check(port)

    def _count(self, port: Port) -> int:
        return len(self.array)

    def _fill(self, view: Any) -> None:
        view.data = address(self.array)
        view.elements = self.array.size
        view.type = TYPES[self.array.dtype]
        super()._fill(view)


class _Remade:
    """What is made of something and kept beside it, but doesn't go along with a pickle or a copy."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return _nothing, ()


def _nothing() -> None:
    return None


class _Seen:
    """An array as a struct was made of it, which may be resized or take another type since."""

    __slots__ = ("_dtype", "_shape", "array")

    def __init__(self, array: Any) -> None:
        self.array = array
        self._shape = array.shape
        self._dtype = array.dtype

    def holds(self, array: Any) -> bool:
        return (
            array is self.array and array.shape == self._shape and array.dtype is self._dtype
        )


class _SeenView:
    """A View likewise."""

    __slots__ = ("_port", "_struct", "_view")

    def __init__(self, view: View, port: Port) -> None:
        self._view = view
        self._port = port
        self._struct = view._struct(port)

    def holds(self, given: Any) -> bool:
        return given is self._view and given._struct(self._port) is self._struct


class _BoundView(_Remade):
    """The C struct of a View."""

    __slots__ = ("_array", "_layout", "_mean", "_port", "_scale", "struct")

    def __init__(self, view: View, port: Port) -> None:
        self.struct = _abi.cnn_view()
        view._fill(self.struct)
        self._array = _Seen(view.array)
        self._port = port
        self._scale, self._mean, self._layout = view.scale, view.mean, view.layout

    def serves(self, view: View, port: Port) -> bool:
        """Whether it still is the view's, for that input."""
        return (
            self._port is port
            and self._array.holds(view.array)
            and self._scale is view.scale
            and self._mean is view.mean
            and self._layout is view.layout
        )


def _numbers(
    struct: Any, scale: Optional[Sequence[float]], mean: Optional[Sequence[float]]
) -> None:
    if scale is not None:
        struct.scale[: len(scale)] = list(scale)
    if mean is not None:
        # C takes zeros after the first for its repetition: those that are meant are the number next
        # to zero, which changes nothing.
        struct.mean[: len(mean)] = [value or _NEXT_TO_ZERO for value in mean]


_NEXT_TO_ZERO = float(np.nextafter(np.float32(0), np.float32(1)))


def _scale(scale: Optional[Numbers]) -> Optional[Sequence[float]]:
    if scale is None:
        return None
    values = several(scale, 4, "scale")
    if 0 in values:
        raise InvalidArgumentError("scale has a zero", Status.INVALID_ARGUMENT)
    return values


InputLike = Union[ArrayLike, View, Memory]
TargetLike = Union[ArrayLike, Memory]
Inputs = Union[InputLike, Sequence[InputLike], Mapping[str, InputLike]]
"""An array, View or Memory; for a net with several inputs a list of them in the inputs' order, or a dict by
the inputs' names."""
Targets = Union[TargetLike, Sequence[TargetLike], Mapping[str, TargetLike]]
"""An array or Memory; for a net with several losses a list in the losses' order, or a dict by their names."""


def ordered(values: Any, ports: Sequence[Port], what: str) -> List[Any]:
    """A value for each port: of a dict by name, of a list or tuple in order; of one port the value
    itself is the only one."""
    if isinstance(values, Mapping):
        missing = [port.name for port in ports if port.name not in values]
        unknown = set(values) - {port.name for port in ports}
        if missing or unknown:
            known = ", ".join(f'"{port.name}"' for port in ports)
            raise InvalidArgumentError(
                f"{what}s are given for {sorted(map(str, values))}, but the net has {known}",
                Status.INVALID_ARGUMENT,
            )
        return [values[port.name] for port in ports]
    listed = isinstance(values, (list, tuple)) and (len(ports) != 1 or _are_arrays(values))
    if not listed and len(ports) == 1:
        return [values]
    if not listed or len(values) != len(ports):
        got = len(values) if listed else 1
        raise InvalidArgumentError(
            f"got {got} {what}{'' if got == 1 else 's'}, but the net has {len(ports)}",
            Status.INVALID_ARGUMENT,
        )
    return list(values)


class Samples:
    """n samples: inputs, and targets for losses.

    inputs   an array, View or Memory for each input; see View of what is used without a copy
    targets  for each loss float32 values of its input's shape; or, under softmax_cross_entropy, an
             integer label a sample (a place of a map): uint8, int32 and int64 without a copy
    weights  one a sample; None: all 1
    scale, mean, layout  of the inputs that aren't a View

    What has to be converted is converted once, here. Wherever a method of Net takes inputs, targets
    and weights, Samples may stand in the place of all three.
    """

    __slots__ = ("_bound", "inputs", "layout", "mean", "scale", "targets", "weights")

    _bound: Optional["Bound"]

    def __init__(
        self,
        inputs: Inputs,
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> None:
        self._bound = None
        self.scale = _scale(scale)
        self.mean = None if mean is None else several(mean, 4, "mean")
        self.layout = constant(Layout, layout)
        self.inputs: Any = self._prepared(inputs, _input)
        self.targets: Any = self._prepared(targets, _target)
        self.weights = None if weights is None else floats(weights)

    @staticmethod
    def _prepared(values: Any, convert: Any) -> Any:
        if isinstance(values, Mapping):
            return {name: _once(value, convert) for name, value in values.items()}
        if isinstance(values, (list, tuple)) and values and _are_arrays(values):
            return [_once(value, convert) for value in values]
        return values if values is None else _once(values, convert)

    def _bind(self, inputs: Sequence[Port], losses: Optional[Sequence[Port]]) -> "Bound":
        """Their struct for those inputs and losses: the last one while nothing has changed."""
        bound = self._bound
        if bound is None or not bound.serves(self, inputs, losses):
            bound = self._bound = Bound(self, inputs, losses)
        return bound

    def _views(self, ports: Sequence[Port]) -> List[_Feed]:
        views: List[_Feed] = []
        for value, port in zip(ordered(self.inputs, ports, "input"), ports):
            view = value
            if not isinstance(value, _Feed):
                view = View.__new__(View)
                view._bound = None
                view.array = value
                view.scale, view.mean, view.layout = self.scale, self.mean, self.layout
            view._check(port)
            views.append(view)
        return views


def _once(value: Any, convert: Any) -> Any:
    return value if isinstance(value, _Feed) else convert(value)


def _are_arrays(values: Any) -> bool:
    """Whether a list holds an array for each input, rather than the numbers of one."""
    return all(isinstance(value, (np.ndarray, _Feed)) for value in values)


def _target(value: ArrayLike) -> Array:
    """Integers that may be labels as they are, anything else as float32."""
    array = np.asarray(value)
    if array.dtype in (UINT8, INT32, INT64):
        return contiguous(array, array.dtype)
    if array.dtype.kind in "iu":
        return contiguous(array, INT64)
    return floats(array)


def _fitted(array: Any, port: Port) -> Any:
    """A target as the loss takes it: labels where they can be, else float32."""
    if isinstance(array, Memory):
        return array
    what = f'the target of "{port.name}"'
    if array.dtype != FLOAT32 and port.kind == "softmax_cross_entropy":
        labels: Shape = port.shape[1:]
        if array.ndim and array.size == len(array) * (port.elements // port.shape[0]):
            check_shape(array, labels, what)
            return array
    array = floats(array)
    check_shape(array, port.shape, what)
    return array


class Bound(_Remade):
    """The C struct of samples, and the arrays that it points at."""

    __slots__ = ("_kept", "_made_of", "count", "struct")

    _made_of: Optional[Tuple[Any, ...]]

    def __init__(
        self,
        samples: Samples,
        inputs: Sequence[Port],
        losses: Optional[Sequence[Port]],
    ) -> None:
        self.struct = _abi.cnn_samples()
        views = samples._views(inputs)
        self.count = views[0]._count(inputs[0]) if views else 0
        self._kept: List[Any] = list(views)
        if len(views) == 1 and isinstance(views[0], View):
            self._one_input(views[0])
        elif views:
            structs = (_abi.cnn_view * len(views))()
            for struct, view in zip(structs, views):
                view._fill(struct)
            self.struct.input_views = structs
            self.struct.input_view_count = len(views)
        if losses is not None and samples.targets is not None:
            self._targets(samples, losses)
        if samples.weights is not None:
            self._kept.append(samples.weights)
            self.struct.weights = address(samples.weights)
            self.struct.weight_elements = samples.weights.size
        self._made_of = self._origin(samples, inputs, losses)

    def _origin(
        self, samples: Samples, inputs: Sequence[Port], losses: Optional[Sequence[Port]]
    ) -> Optional[Tuple[Any, ...]]:
        """What it was made of, where that can be told again at little cost: not of lists and dicts,
        whose parts may be others meanwhile, nor of targets that were converted, whose numbers may
        be."""
        if losses is not None and not any(array is samples.targets for array in self._kept):
            return None
        seen: List[Any] = []
        for array in (samples.inputs, samples.targets, samples.weights):
            if array is None:
                seen.append(None)
            elif type(array) is np.ndarray:
                seen.append(_Seen(array))
            elif type(array) is View and len(inputs) == 1:
                seen.append(_SeenView(array, inputs[0]))
            else:
                return None
        return (*seen, samples.scale, samples.mean, samples.layout, inputs, losses)

    def serves(
        self, samples: Samples, inputs: Sequence[Port], losses: Optional[Sequence[Port]]
    ) -> bool:
        """Whether it still is the struct of the samples, for those inputs and losses."""
        if self._made_of is None:
            return False
        given, targets, weights, scale, mean, layout, for_inputs, for_losses = self._made_of
        return (
            for_inputs is inputs
            and for_losses is losses
            and _same(given, samples.inputs)
            and _same(targets, samples.targets)
            and _same(weights, samples.weights)
            and scale is samples.scale
            and mean is samples.mean
            and layout is samples.layout
        )

    def _one_input(self, view: View) -> None:
        struct = self.struct
        struct.inputs = address(view.array)
        struct.input_elements = view.array.size
        struct.input_type = TYPES[view.array.dtype]
        struct.input_layout = view.layout
        _numbers(struct, view.scale, view.mean)

    def _targets(self, samples: Samples, losses: Sequence[Port]) -> None:
        given = ordered(samples.targets, losses, "target")
        arrays = [_fitted(array, port) for array, port in zip(given, losses)]
        self._kept += arrays
        struct = self.struct
        if len(arrays) != 1 or isinstance(arrays[0], Memory):
            structs = views_of(arrays)
            struct.target_views = structs
            struct.target_view_count = len(arrays)
        elif arrays[0].dtype == FLOAT32:
            struct.targets = address(arrays[0])
            struct.target_elements = arrays[0].size
        else:
            struct.labels = address(arrays[0])
            struct.label_elements = arrays[0].size
            struct.label_type = TYPES[arrays[0].dtype]

    def pointer(self) -> Any:
        """For a descriptor's field."""
        return pointer(self.struct)


def _same(seen: Any, value: Any) -> bool:
    held: bool = value is None if seen is None else seen.holds(value)
    return held


def views_of(arrays: Sequence[Union[Array, Memory, None]]) -> Any:
    """cnn_views of arrays as they are; None is left empty."""
    views = (_abi.cnn_view * len(arrays))()
    for view, array in zip(views, arrays):
        _point(view, array)
    return views


def view_of(array: Union[Array, Memory]) -> Any:
    """The same of one."""
    view = _abi.cnn_view()
    _point(view, array)
    return view


def _point(view: Any, array: Union[Array, Memory, None]) -> None:
    if isinstance(array, Memory):
        array._fill(view)
    elif array is not None:
        view.data = address(array)
        view.elements = array.size
        view.type = TYPES[array.dtype]


SamplesLike = Union[Samples, Tuple[Any, ...]]
"""Samples, or (inputs, targets) or (inputs, targets, weights)."""


def samples_of(
    inputs: Union[Inputs, Samples],
    targets: Optional[Targets],
    weights: Optional[ArrayLike],
    scale: Optional[Numbers],
    mean: Optional[Numbers],
    layout: LayoutLike,
) -> Samples:
    """What a method's arguments come to."""
    if isinstance(inputs, Samples):
        if targets is not None or weights is not None or scale is not None or mean is not None:
            raise InvalidArgumentError(
                "Samples have their own targets, weights, scale and mean", Status.INVALID_ARGUMENT
            )
        return inputs
    return Samples(inputs, targets, weights, scale=scale, mean=mean, layout=layout)


__all__ = ["Bound", "Memory", "Samples", "View"]
