"""How Python functions are called from C: trampolines that never let an exception pass, objects
under the numbers that C hands back as `user`, and arrays on what C points at."""

from __future__ import annotations

import ctypes
import itertools
import signal
import threading
from contextlib import contextmanager
from math import prod
from types import FrameType
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Set

import numpy as np

from ._arrays import Array
from ._errors import keep, pending

_objects: Dict[int, Any] = {}
_numbers = itertools.count(1)


def register(thing: Any) -> int:
    """Keeps an object alive under a number that C can carry as `user`."""
    number = next(_numbers)
    _objects[number] = thing
    return number


def registered(number: Optional[int]) -> Any:
    """The object under a number."""
    return _objects[number or 0]


def forget(number: Optional[int]) -> Any:
    """Lets go of the object under a number, and returns it."""
    return _objects.pop(number or 0, None)


def registered_count() -> int:
    """How many objects C holds."""
    return len(_objects)


@contextmanager
def lent(thing: Any) -> Iterator[int]:
    """Registers an object for the length of a call."""
    number = register(thing)
    try:
        yield number
    finally:
        forget(number)


def trampoline(
    prototype: Any,
    failed: Any = 1,
    always: bool = False,
    keeper: Optional[Callable[[Optional[int]], Any]] = None,
) -> Callable[[Any], Any]:
    """Makes a function callable from C. An exception is kept for the end of the call in progress
    and `failed` returned; once there is one the function isn't called again, but `always`: C counts
    on such a function, which isn't interrupted either. `keeper` gives, for the last argument, what keeps
    an exception in a thread of the library's."""

    def decorate(body: Callable[..., Any]) -> Any:
        def enter(*arguments: Any) -> Any:
            try:
                if pending and not always and threading.get_ident() in pending:
                    return failed
                return body(*arguments)
            except BaseException as exception:
                keep(exception, keeper and keeper(arguments[-1]))
                return failed

        _entries.add(enter.__code__)
        if always:
            _shielded.add(body.__code__)
        return prototype(enter)

    return decorate


_entries: Set[Any] = set()
_shielded: Set[Any] = set()


def _must_keep(frame: Optional[FrameType]) -> bool:
    """Whether what a signal's handler raises at this place of the program has to wait."""
    if frame is not None and frame.f_code in _entries:
        return True
    while frame is not None and frame.f_code not in _shielded:
        frame = frame.f_back
    return frame is not None


@contextmanager
def interruptible() -> Iterator[None]:
    """Lets the interrupt key end a call that has callbacks.

    Python handles a signal as it enters a callback, before the callback's `try`: what the handler
    raises there is lost, and C told that all is well. So there it is kept, as it is where C counts
    on a callback to be done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        yield
        return
    given: Callable[[int, Optional[FrameType]], Any] = handler

    def handle(number: int, frame: Optional[FrameType]) -> None:
        if not _must_keep(frame):
            given(number, frame)
            return
        try:
            given(number, frame)
        except BaseException as exception:
            pending.setdefault(threading.get_ident(), exception)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def borrowed(
    address: Optional[int],
    shape: Sequence[int],
    dtype: Any = np.float32,
    writeable: bool = False,
) -> Array:
    """An array on C's memory, valid as long as that is."""
    count = prod(shape)
    if not address or not count:
        return np.empty(shape, dtype)
    size = count * np.dtype(dtype).itemsize
    memory: Any = (ctypes.c_char * size).from_address(address)
    array: Array = np.frombuffer(memory, dtype).reshape(shape)
    array.flags.writeable = writeable
    return array


def addresses(pointer: Optional[int], count: int) -> Sequence[Optional[int]]:
    """The pointers of an array of pointers, None for NULL."""
    if not pointer:
        return [None] * count
    return list((ctypes.c_void_p * count).from_address(pointer))
