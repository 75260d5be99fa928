"""Devices: where networks compute."""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from ctypes import byref
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Protocol, Union

from ._abi import DeviceKind, LogLevel, cnn_allocator, cnn_device_info, cnn_device_options
from ._abi import cnn_error, cnn_log, cnn_opencl
from ._callbacks import forget, register, registered, trampoline
from ._enums import LogLevelLike, constant, known
from ._errors import call, exception_of, pending
from ._handles import Handle
from ._library import lib

LogFunction = Callable[[LogLevel, str], object]
ParallelFor = Callable[[int, Callable[[int], None]], object]
"""parallel_for(count, task) calls task(i) once for each i of range(count), on any threads and in any
order, and returns when all have returned."""


class Allocator(Protocol):
    """Serves every tensor, arena, workspace and packed weight of a device, from any thread. What it
    raises counts as want of memory."""

    def alloc(self, size: int, align: int) -> Optional[int]:
        """The address of size bytes, aligned to align (a power of two, at most 4096), or None."""

    def free(self, address: int, size: int, align: int) -> None:
        """Gets back what alloc returned, with the same size and align."""


@dataclass(frozen=True)
class DeviceInfo:
    """A device that can be opened, or one that is open."""

    spec: str
    """What Device() takes: "cpu", "opencl:0.0"."""
    backend: str
    """"cpu", "opencl" or "reference"."""
    name: str
    vendor: str
    driver: str
    """The driver and its version; for the CPU the instruction set in use."""
    kind: DeviceKind
    compute_units: int
    memory: int
    """Bytes, 0 where unknown."""
    memory_used: int
    """Bytes held for libcnn now; 0 for a device that isn't open."""
    memory_peak: int
    """The most it held."""


def _info_of(info: cnn_device_info) -> DeviceInfo:
    return DeviceInfo(
        spec=info.spec.decode(),
        backend=info.backend.decode(),
        name=info.name.decode("utf-8", "replace"),
        vendor=info.vendor.decode("utf-8", "replace"),
        driver=info.driver.decode("utf-8", "replace"),
        kind=known(DeviceKind, info.kind),
        compute_units=info.compute_units,
        memory=info.memory,
        memory_used=info.memory_used,
        memory_peak=info.memory_peak,
    )


def devices() -> List[DeviceInfo]:
    """The CPU, and every OpenCL device of every driver."""
    error = cnn_error()
    count = lib.cnn_device_count(byref(error))
    if count < 0:
        raise exception_of(error)
    found = []
    for index in range(count):
        info = cnn_device_info()
        call(lib.cnn_device_describe, index, byref(info))
        found.append(_info_of(info))
    return found


class _Hooks:
    """What a device calls, until it has gone."""

    def __init__(
        self,
        allocator: Optional[Allocator],
        log: Optional[LogFunction],
        parallel_for: Optional[ParallelFor],
        released: Optional[Callable[[], object]],
    ) -> None:
        self.allocator = allocator
        self.log = log
        self.parallel_for = parallel_for
        self.released = released


_FIELDS = {
    (structure, name): kind
    for structure in (cnn_allocator, cnn_log, cnn_device_options)
    for name, kind, *_ in structure._fields_
}


@trampoline(_FIELDS[cnn_allocator, "alloc"], failed=None, always=True)
def _alloc(user: int, size: int, align: int) -> Optional[int]:
    address: Optional[int] = registered(user).allocator.alloc(size, align)
    return address


@trampoline(_FIELDS[cnn_allocator, "free"], failed=None, always=True)
def _free(user: int, address: int, size: int, align: int) -> None:
    registered(user).allocator.free(address, size, align)


@trampoline(_FIELDS[cnn_log, "write"], failed=None, always=True)
def _write(user: int, level: int, message: bytes) -> None:
    registered(user).log(known(LogLevel, level), message.decode("utf-8", "replace"))


class _Tasks:
    """The tasks of one parallel_for: each is run once, whatever the host's function does."""

    def __init__(self, task: int, context: Optional[int], count: int) -> None:
        self._task = _TASK(task)
        self._context = context
        self._left = set(range(count))
        self._unfinished = count
        self._changed = threading.Condition()

    def __call__(self, index: int) -> None:
        with self._changed:
            self._left.remove(index)
        try:
            self._task(self._context, index)
        finally:
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()

    def finish(self) -> None:
        """Runs what hasn't been, and waits for the rest: C goes on as if all were done."""
        while self._left:
            self(min(self._left))
        with self._changed:
            self._changed.wait_for(lambda: self._unfinished == 0)


_TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32)


@trampoline(_FIELDS[cnn_device_options, "parallel_for"], failed=None, always=True)
def _parallel_for(user: int, count: int, task: int, context: Optional[int]) -> None:
    tasks = _Tasks(task, context, count)
    try:
        if not pending:
            registered(user).parallel_for(count, tasks)
    finally:
        tasks.finish()


@trampoline(_FIELDS[cnn_device_options, "released"], failed=None, always=True)
def _released(user: int) -> None:
    hooks = forget(user)
    if hooks is not None and hooks.released is not None:
        hooks.released()


_LOGGING = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


def _log_function(log: Union[logging.Logger, LogFunction, None]) -> Optional[LogFunction]:
    if not isinstance(log, logging.Logger):
        return log
    logger = log
    return lambda level, message: logger.log(_LOGGING[level], "%s", message)


class Device(Handle):
    """Where networks compute; many threads may use one at once. Nets compiled on it keep what they
    need after it is closed.

    spec is one of
      "auto"       the first OpenCL GPU, else the CPU
      "cpu"        the native CPU backend; "cpu:baseline", "cpu:avx2", "cpu:avx512": no more than that
      "opencl"     the first OpenCL device; "opencl:gpu", "opencl:cpu": the first of that type
      "opencl:<platform>.<device>"  as devices() lists them
      "reference"  the plain float64 reference of every operation: slow, for checking the others

    cache_directory  for built programs and tuning; None: nothing is written to disk
    allocator        serves the device's memory
    log              a logging.Logger, or a function of (LogLevel, message), called from any thread
    log_level        the most detailed level that log gets
    released         called once, when the last net on the device is gone
    memory_limit     bytes the device may hold at once; 0: no limit
    threads          that compute, the caller's included; 0: one per core
    parallel_for     your own threads in place of the CPU backend's, which then starts none; called
                     with at most `threads` tasks by the thread that computes. The same bits whoever
                     runs them.

    NotFoundError tells which devices there are; DeviceError when a driver fails.
    """

    def __init__(
        self,
        spec: str = "auto",
        *,
        cache_directory: Union[str, "os.PathLike[str]", None] = None,
        allocator: Optional[Allocator] = None,
        log: Union[logging.Logger, LogFunction, None] = None,
        log_level: LogLevelLike = LogLevel.INFO,
        parallel_for: Optional[ParallelFor] = None,
        released: Optional[Callable[[], object]] = None,
        memory_limit: int = 0,
        threads: int = 0,
    ) -> None:
        options = cnn_device_options(memory_limit=memory_limit, threads=threads)
        if log is not None:
            options.log.level = constant(LogLevel, log_level)
        hooks = _Hooks(allocator, _log_function(log), parallel_for, released)
        self._open(lib.cnn_device_open, spec.encode(), options, hooks, cache_directory)

    @classmethod
    def from_opencl(
        cls,
        context: int,
        device: int,
        queue: Optional[int] = None,
        *,
        cache_directory: Union[str, "os.PathLike[str]", None] = None,
        allocator: Optional[Allocator] = None,
        log: Union[logging.Logger, LogFunction, None] = None,
        log_level: LogLevelLike = LogLevel.INFO,
        released: Optional[Callable[[], object]] = None,
        memory_limit: int = 0,
    ) -> "Device":
        """A device on your own OpenCL objects, so that Memory may be your buffers: cl_context,
        cl_device_id and an in-order cl_command_queue as numbers (PyOpenCL: int_ptr). They are never
        changed nor released, and used until `released` is called; keep them until then.

        With a queue everything runs on it, between what you enqueue before and after a call; a run
        of which all outputs are Memory returns when it is enqueued. Without one calls wait for what
        they do. InvalidArgumentError; UnsupportedError: a queue out of order, OpenCL before 1.2;
        NotFoundError: no OpenCL library."""
        options = cnn_device_options(memory_limit=memory_limit)
        if log is not None:
            options.log.level = constant(LogLevel, log_level)
        lent = cnn_opencl(context=context, device=device, queue=queue)
        hooks = _Hooks(allocator, _log_function(log), None, released)
        opened = cls.__new__(cls)
        opened._open(lib.cnn_device_open_opencl, byref(lent), options, hooks, cache_directory)
        return opened

    def _open(
        self,
        function: Callable[..., int],
        what: Any,
        options: cnn_device_options,
        hooks: _Hooks,
        cache_directory: Union[str, "os.PathLike[str]", None],
    ) -> None:
        if cache_directory is not None:
            options.cache_directory = os.fsencode(cache_directory)
        user = self._hook(options, hooks)
        self._calls_back = hooks.parallel_for is not None
        handle = ctypes.c_void_p()
        try:
            call(function, what, byref(options), byref(handle))
        except BaseException:
            if handle.value:
                lib.cnn_device_destroy(handle)
            forget(user)
            raise
        assert handle.value is not None
        self._adopt(handle.value, lib.cnn_device_destroy)

    @staticmethod
    def _hook(options: cnn_device_options, hooks: _Hooks) -> int:
        """Puts the hooks into options; the number under which they are kept."""
        user = register(hooks)
        options.released = _released
        options.released_user = user
        if hooks.allocator is not None:
            options.allocator = cnn_allocator(user=user, alloc=_alloc, free=_free)
        if hooks.log is not None:
            options.log = cnn_log(user=user, write=_write)
        if hooks.parallel_for is not None:
            options.parallel_for = _parallel_for
            options.parallel_for_user = user
        return user

    @property
    def info(self) -> DeviceInfo:
        """What it is, with the memory that it holds now."""
        info = cnn_device_info()
        call(lib.cnn_device_get_info, self._handle, byref(info))
        return _info_of(info)

    def __repr__(self) -> str:
        if self.closed:
            return "<cnn.Device, closed>"
        info = self.info
        return f'<cnn.Device "{info.spec}": {info.name}, {info.driver}>'


def device_of(device: Union[Device, str]) -> Device:
    """The device, opened where only its spec is given."""
    return Device(device) if isinstance(device, str) else device
