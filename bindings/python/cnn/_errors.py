"""Statuses as exceptions, and what callbacks raised."""

from __future__ import annotations

import sys
from ctypes import byref
from threading import get_ident
from types import SimpleNamespace
from typing import Any, Callable, Dict, Optional, Type

from ._abi import Status, cnn_error
from ._library import lib


class Error(Exception):
    """A failed call. Its subclasses tell the status; the message names the operation, the object,
    the value it got and the constraint it broke."""

    status: int
    """A Status, or a number that this version doesn't know."""
    node: Optional[int]
    """Index of the node concerned, if there is one."""
    report: Any = None
    """What a fit or minimisation had done until then (Report, MinimizeReport), else None."""

    def __init__(self, message: str, status: int = Status.INTERNAL, node: Optional[int] = None):
        super().__init__(message)
        self.message = message
        self.status = status
        self.node = node

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.status, self.node)


class InvalidArgumentError(Error, ValueError):
    """A wrong value, or a contradiction between arguments."""


class OutOfMemoryError(Error, MemoryError):
    """The allocator, or a device, had no more."""


class NotFoundError(Error, LookupError):
    """No device, tensor, key or node of that name."""


class ShapeMismatchError(Error, ValueError):
    """Shapes or element counts that don't fit."""


class UnsupportedError(Error, NotImplementedError):
    """Well-formed, but this backend or version can't do it."""


class BadStateError(Error, RuntimeError):
    """A call out of order: not compiled, compiled for inference only."""


class BusyError(Error, RuntimeError):
    """Called from within a callback that doesn't allow it, or while a run is in progress."""


class CancelledError(Error):
    """Net.cancel() asked to stop."""


class InputOutputError(Error, OSError):
    """The file system failed."""


class BadFileError(Error, ValueError):
    """A damaged or hostile file."""


class NotFiniteError(Error, ArithmeticError):
    """A loss or gradient became NaN or infinite."""


class DeviceError(Error, RuntimeError):
    """The device's driver failed."""


class LimitExceededError(Error, RuntimeError):
    """A memory limit, or more samples than compiled for."""


class OutOfRangeError(Error, ValueError):
    """A label, index, key or error outside its bounds."""


class InternalError(Error, RuntimeError):
    """A defect of libcnn: please report the message."""


class IncompatibleError(Error, RuntimeError):
    """Made by, or meant for, a newer version of libcnn."""


_CLASSES: Dict[int, Type[Error]] = {
    Status.INVALID_ARGUMENT: InvalidArgumentError,
    Status.OUT_OF_MEMORY: OutOfMemoryError,
    Status.NOT_FOUND: NotFoundError,
    Status.SHAPE_MISMATCH: ShapeMismatchError,
    Status.UNSUPPORTED: UnsupportedError,
    Status.BAD_STATE: BadStateError,
    Status.BUSY: BusyError,
    Status.CANCELLED: CancelledError,
    Status.IO_ERROR: InputOutputError,
    Status.BAD_FILE: BadFileError,
    Status.NOT_FINITE: NotFiniteError,
    Status.DEVICE_ERROR: DeviceError,
    Status.LIMIT_EXCEEDED: LimitExceededError,
    Status.OUT_OF_RANGE: OutOfRangeError,
    Status.INTERNAL: InternalError,
    Status.INCOMPATIBLE: IncompatibleError,
}


def status_name(status: int) -> str:
    """The name of a status in C, "CNN_SHAPE_MISMATCH"; "CNN_UNKNOWN" for an unknown one."""
    name: bytes = lib.cnn_status_name(status)
    return name.decode()


def exception_of(error: cnn_error) -> Error:
    """The exception for what a call wrote."""
    status = error.status
    known = Status(status) if status in _CLASSES else status
    message = error.message.decode("utf-8", "replace")
    node = error.node if error.node >= 0 else None
    return _CLASSES.get(status, Error)(message, known, node)


# What a callback raised in a thread, until the call that it interrupted ends there.
pending: Dict[int, BaseException] = {}


def keep(exception: BaseException, keeper: Any = None) -> None:
    """Keeps what a callback raised for the end of the call in progress in this thread. In a thread
    of the library's own it is the keeper's failure; without one nobody would ever get it, and it is
    only told."""
    if sys._getframe(1).f_back is not None:
        pending.setdefault(get_ident(), exception)
    elif keeper is not None:
        keeper.failure = exception
    else:
        sys.unraisablehook(
            SimpleNamespace(  # type: ignore[arg-type]
                exc_type=type(exception),
                exc_value=exception,
                exc_traceback=exception.__traceback__,
                err_msg="Exception ignored in a callback of libcnn",
                object=None,
            )
        )


def raise_pending() -> None:
    """Raises what a callback raised in this thread, if one did."""
    exception = pending.pop(get_ident(), None)
    if exception is not None:
        raise exception


def call(function: Callable[..., Any], *arguments: Any) -> None:
    """Calls a function that takes a cnn_error last. Raises what a callback raised meanwhile, else
    the error that it reports."""
    error = cnn_error()
    status = function(*arguments, byref(error))
    if pending:
        raise_pending()
    if status:
        raise exception_of(error)
