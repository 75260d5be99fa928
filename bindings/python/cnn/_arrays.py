"""NumPy arrays as C takes them: without copies where their type and order allow."""

from __future__ import annotations

from ctypes import addressof, c_char
from math import prod
from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._abi import Status, Type
from ._errors import InvalidArgumentError, ShapeMismatchError

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
ArrayLike = npt.ArrayLike
Shape = Tuple[int, ...]

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
UINT8 = np.dtype(np.uint8)
INT32 = np.dtype(np.int32)
INT64 = np.dtype(np.int64)

TYPES = {FLOAT32: Type.FLOAT32, UINT8: Type.UINT8, INT32: Type.INT32, INT64: Type.INT64}


_from_buffer: Any = c_char.from_buffer


def address(array: Array) -> int:
    """Where the elements are."""
    # The buffer's way is quicker by half, but there is none to what is empty or may not be written.
    if array.flags.writeable and array.size:
        try:
            return addressof(_from_buffer(array))
        except (TypeError, ValueError, BufferError):
            pass
    pointer: int = array.__array_interface__["data"][0]
    return pointer


def contiguous(value: ArrayLike, dtype: Any) -> Array:
    """An array of that type, row-major and aligned: value itself where it is one."""
    if type(value) is np.ndarray and value.dtype is dtype:
        flags = value.flags
        if flags.c_contiguous and flags.aligned:
            return value
    return np.require(np.asarray(value), dtype, ["C", "A"])


def floats(value: ArrayLike) -> Floats:
    """value as row-major float32."""
    return contiguous(value, FLOAT32)


def doubles(value: ArrayLike) -> Doubles:
    """value as row-major float64."""
    return contiguous(value, FLOAT64)


def flat(value: ArrayLike, elements: int, what: str) -> Floats:
    """value as row-major float32 of so many elements, whatever its shape."""
    array = floats(value)
    if array.size != elements:
        raise ShapeMismatchError(
            f"{what} has {array.size} elements, but needs {elements}", Status.SHAPE_MISMATCH
        )
    return array


def without_ones(shape: Sequence[int]) -> Shape:
    """The sizes that aren't 1."""
    return tuple(size for size in shape if size != 1)


def check_shape(array: Array, shape: Shape, what: str) -> None:
    """Refuses an array that isn't [n, *shape], with sizes of 1 left out or the sample flattened if
    so wanted."""
    got = array.shape[1:]
    if array.ndim and (
        got == shape or got == (prod(shape),) or without_ones(got) == without_ones(shape)
    ):
        return
    wanted = ", ".join(["n", *map(str, shape)])
    raise ShapeMismatchError(
        f"{what} has the shape {array.shape}, but needs ({wanted})", Status.SHAPE_MISMATCH
    )


def output(given: Optional[Any], shape: Shape, dtype: Any, what: str) -> Array:
    """The array that results go into: a new one, or the caller's as it is."""
    if given is None:
        return np.empty(shape, dtype)
    if not isinstance(given, np.ndarray) or given.dtype != dtype:
        kind = given.dtype if isinstance(given, np.ndarray) else type(given).__name__
        raise InvalidArgumentError(
            f"{what} is of {kind}, but must be an array of {dtype}", Status.INVALID_ARGUMENT
        )
    if not given.flags.carray:
        raise InvalidArgumentError(
            f"{what} must be writeable, row-major and contiguous", Status.INVALID_ARGUMENT
        )
    if given.size != prod(shape):
        raise ShapeMismatchError(
            f"{what} has the shape {given.shape}, but needs {shape}", Status.SHAPE_MISMATCH
        )
    return given


def several(values: Union[float, Sequence[float]], limit: int, what: str) -> Sequence[float]:
    """A number or a few as a sequence of them."""
    if isinstance(values, (int, float, np.floating, np.integer)):
        return (float(values),)
    found = tuple(float(value) for value in values)
    if not 1 <= len(found) <= limit:
        raise InvalidArgumentError(
            f"{what} has {len(found)} values, but needs 1 to {limit}", Status.INVALID_ARGUMENT
        )
    return found
