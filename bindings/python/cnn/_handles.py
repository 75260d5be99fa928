"""What all handles have in common."""

from __future__ import annotations

import weakref
from threading import get_ident
from types import TracebackType
from typing import Any, Callable, Optional, Type, TypeVar

from ._abi import Status
from ._errors import BusyError, pending, raise_pending

Self = TypeVar("Self", bound="Handle")


def _destroy(function: Callable[[int], None], handle: int) -> None:
    # It may come in the midst of a call, whose exception isn't to be raised here.
    waiting = get_ident() in pending
    function(handle)
    if pending and not waiting:
        raise_pending()


class Handle:
    """Something of the library's. It ends with close(), at the end of a `with` block, or when
    Python has no reference to it any more; in any order."""

    _handle: Optional[int] = None
    _busy = 0  # calls in progress

    def _adopt(self, handle: int, destroy: Callable[[int], None]) -> None:
        self._handle = handle
        self._finalizer: Any = weakref.finalize(self, _destroy, destroy, handle)

    def close(self) -> None:
        """Ends it; what is called on it afterwards raises InvalidArgumentError. BusyError while a
        call on it is in progress. A second time does nothing."""
        if self._busy:
            raise BusyError(
                f"close: a call on this {type(self).__name__} is in progress", Status.BUSY
            )
        if self._handle is not None:
            self._handle = None
            self._finalizer()

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._handle is None

    @property
    def handle(self) -> Optional[int]:
        """The address of the C handle, for calls past this package; None once closed."""
        return self._handle

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __copy__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} can't be copied")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.__copy__()

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} can't be pickled")
