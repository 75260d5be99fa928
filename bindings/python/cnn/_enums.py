"""Names in place of C's constants: where one is wanted, "same_case" text and the class both do."""

from __future__ import annotations

from enum import IntEnum
from typing import Type, TypeVar, Union

from ._abi import Activation, ActivationName, Connection, ConnectionName, Initializer
from ._abi import InitializerName, Layout, LayoutName, LineSearch, LineSearchName, LogLevel
from ._abi import LogLevelName, Loss, LossName, Order, OrderName, Padding, PaddingName, Radial
from ._abi import RadialName, Schedule, ScheduleName, Status, Type as ElementType, TypeName
from ._abi import VecOrder, VecOrderName
from ._errors import InvalidArgumentError

ActivationLike = Union[Activation, ActivationName]
ConnectionLike = Union[Connection, ConnectionName]
InitializerLike = Union[Initializer, InitializerName]
LayoutLike = Union[Layout, LayoutName]
LineSearchLike = Union[LineSearch, LineSearchName]
LogLevelLike = Union[LogLevel, LogLevelName]
LossLike = Union[Loss, LossName]
OrderLike = Union[Order, OrderName]
PaddingLike = Union[Padding, PaddingName]
RadialLike = Union[Radial, RadialName]
ScheduleLike = Union[Schedule, ScheduleName]
TypeLike = Union[ElementType, TypeName]
VecOrderLike = Union[VecOrder, VecOrderName]

Kind = TypeVar("Kind", bound=IntEnum)


def known(kind: Type[Kind], value: int) -> Kind:
    """The constant of that number; the number itself where this version doesn't know it."""
    try:
        return kind(value)
    except ValueError:
        return value  # type: ignore[return-value]


def constant(kind: Type[Kind], value: Union[str, int]) -> Kind:
    """The constant of that name or number."""
    try:
        return kind[value.upper()] if isinstance(value, str) else kind(value)
    except (KeyError, ValueError):
        known = ", ".join(f'"{name.lower()}"' for name in kind.__members__)
        raise InvalidArgumentError(
            f"{value!r} is no {kind.__name__}; there are {known}", Status.INVALID_ARGUMENT
        ) from None
