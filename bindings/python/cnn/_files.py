"""Models and checkpoints in paths, file objects and bytes."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_size_t, c_void_p
from typing import Any, Callable, Optional, Protocol, Union

from . import _abi
from ._callbacks import lent, registered, trampoline
from ._errors import call


class Writable(Protocol):
    """A file opened for writing bytes."""

    def write(self, data: bytes, /) -> Optional[int]:
        """Takes data; how many bytes of it, None for all."""


class Readable(Protocol):
    """A file opened for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to size bytes, none at the end."""


PathLike = Union[str, "os.PathLike[str]"]
Target = Union[PathLike, Writable]
"""A path, or a file opened for writing bytes."""
Source = Union[PathLike, bytes, bytearray, memoryview, Readable]
"""A path, the bytes themselves, or a file opened for reading bytes."""

_READER = {name: kind for name, kind, *_ in _abi.cnn_reader._fields_}
_WRITER = {name: kind for name, kind, *_ in _abi.cnn_writer._fields_}


@trampoline(_WRITER["write"])
def _write(user: int, data: int, size: int) -> int:
    file = registered(user)
    left = memoryview(ctypes.string_at(data, size))
    while len(left):
        taken = file.write(left)
        left = left[len(left) if taken is None else taken :]
    return 0


@trampoline(_READER["read"])
def _read(user: int, buffer: int, size: int, got: int) -> int:
    data = registered(user).read(size)
    if len(data) > size:
        raise ValueError(f"read({size}) gave {len(data)} bytes")
    ctypes.memmove(buffer, bytes(data), len(data))
    c_size_t.from_address(got).value = len(data)
    return 0


def _path(path: PathLike) -> bytes:
    return os.fspath(path).encode("utf-8", "surrogateescape")


def save(target: Target, to_path: Any, to_writer: Any, *handles: Optional[int]) -> None:
    """Saves by the function for a path, or by that for a writer."""
    if isinstance(target, (str, os.PathLike)):
        call(to_path, *handles, _path(target))
        return
    with lent(target) as user:
        writer = _abi.cnn_writer(user=user, write=_write)
        call(to_writer, *handles, byref(writer))


def save_bytes(to_memory: Callable[..., int], *handles: Optional[int]) -> bytes:
    """Saves into memory."""
    size = c_size_t()
    error = _abi.cnn_error()
    status = to_memory(*handles, None, 0, byref(size), byref(error))
    if status != _abi.Status.LIMIT_EXCEEDED:
        call(to_memory, *handles, None, 0, byref(size))
    memory = bytearray(size.value)
    place = (ctypes.c_char * len(memory)).from_buffer(memory)
    call(to_memory, *handles, ctypes.addressof(place), len(memory), byref(size))
    del place
    return bytes(memory[: size.value])


def load(source: Source, from_path: Any, from_memory: Any, from_reader: Any, *out: c_void_p) -> None:
    """Loads by the function for what source is."""
    places = [byref(handle) for handle in out]
    if isinstance(source, (str, os.PathLike)):
        call(from_path, _path(source), *places)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        call(from_memory, data, len(data), *places)
    else:
        with lent(source) as user:
            reader = _abi.cnn_reader(user=user, read=_read)
            call(from_reader, byref(reader), *places)
