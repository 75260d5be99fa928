"""Runs beside the caller."""

from __future__ import annotations

import asyncio
import threading
import weakref
from contextlib import nullcontext
from ctypes import byref, c_void_p
from typing import Any, ContextManager, Generator, List, Mapping, Optional, Sequence, Union

from . import _abi
from ._abi import Status, cnn_error
from ._budgets import Budgeting
from ._callbacks import interruptible
from ._computing import Out
from ._errors import call, exception_of, pending
from ._handles import Handle
from ._library import lib
from ._samples import InputLike, views_of


def _destroy(handle: int, kept: Any) -> None:
    """Waits for the run; until then what it reads and writes is kept."""
    lib.cnn_event_destroy(handle)


class Event(Handle):
    """A run in progress; see Net.run_async. Any thread may ask it and wait for it, and a coroutine
    await it. Ending it (by its last reference too) waits for the run. Net and device may end before
    it."""

    def __init__(self, net: "Running", handle: int, outputs: List[Any], kept: Any) -> None:
        self._net = net
        self._outputs = outputs
        self._raised: Optional[BaseException] = None
        self._handle = handle
        self._finalizer = weakref.finalize(self, _destroy, handle, (kept, outputs))

    @property
    def done(self) -> bool:
        """Whether the run is done, has failed or was cancelled. Never waits."""
        return bool(lib.cnn_event_is_done(self._handle) > 0)

    def cancel(self) -> None:
        """Asks the run to stop, as Net.cancel does."""
        self._net.cancel()

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits up to so many seconds, None: as long as it takes. Whether the run is done."""
        return self._wait(timeout).status != Status.BUSY

    def result(self, timeout: Optional[float] = None) -> List[Any]:
        """Waits, and gives the outputs as run_many does; raises what the run came to, what a
        host-defined layer raised, or TimeoutError."""
        error = self._wait(timeout)
        if error.status == Status.BUSY:
            raise TimeoutError(f"the run isn't done after {timeout} s")
        if self._raised is None and error.status == Status.CANCELLED:
            self._raised = self._net._host_failure()
        if self._raised is not None:
            raise self._raised
        if error.status:
            raise exception_of(error)
        return self._outputs

    def _wait(self, timeout: Optional[float]) -> cnn_error:
        if timeout is not None or threading.current_thread() is not threading.main_thread():
            return self._ask(-1 if timeout is None else max(timeout, 0) * 1e6)
        # The interrupt key is heard between two calls.
        error = self._ask(0)
        while error.status == Status.BUSY:
            error = self._ask(1e5)
        return error

    def _ask(self, microseconds: float) -> cnn_error:
        """The run's status, its error with it; whoever waits may be the one that computes."""
        error = cnn_error()
        calls_back = self._net._calls_back
        guard: ContextManager[None] = interruptible() if calls_back else nullcontext()
        with guard:
            error.status = lib.cnn_event_wait(self._handle, microseconds, byref(error))
        if pending:
            self._raised = pending.pop(threading.get_ident(), self._raised)
        return error

    def __await__(self) -> Generator[Any, None, List[Any]]:
        loop = asyncio.get_running_loop()
        try:
            result: List[Any] = yield from loop.run_in_executor(None, self.result).__await__()
        except asyncio.CancelledError:
            self.cancel()
            raise
        return result

    def __repr__(self) -> str:
        if self.closed:
            return "<cnn.Event, closed>"
        return f"<cnn.Event, {'done' if self.done else 'not done'}>"


class Running(Budgeting):
    """Asynchronous runs."""

    def run_async(
        self,
        inputs: Union[InputLike, Sequence[InputLike], Mapping[str, InputLike]],
        outputs: Union[Out, Sequence[Optional[Out]], Mapping[str, Out], None] = None,
        *,
        softmax: bool = False,
        training: bool = False,
    ) -> Event:
        """run_many that returns at once, to the same bits:

            event = net.run_async(x)
            ...
            (y,) = event.result()       # or: (y,) = await event

        Until the event is done every other computing or changing call on the net raises BusyError;
        reading, saving, cancel() and close() are allowed, and several nets may be running on a
        device. Don't write to the arrays until then. The CPU computes on a thread of the device's
        own, which also calls host-defined layers; with threads=1 or parallel_for whoever waits
        computes. On OpenCL it is enqueued. Mistakes in the arguments raise here."""
        views, kept, n = self._views(inputs)
        results = self._results(outputs, n)
        options = _abi.cnn_run(softmax=softmax, training=training)
        event = c_void_p()
        call(
            lib.cnn_net_run_async,
            self._handle,
            views,
            len(views),
            views_of(results),
            len(results),
            byref(options),
            byref(event),
        )
        assert event.value is not None
        return Event(self, event.value, results, kept)
