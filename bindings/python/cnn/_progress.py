"""How training and minimising stand, and a bar that shows it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from math import isnan
from typing import Any, Callable, Optional, TextIO, Union

from ._abi import cnn_minimize_progress, cnn_progress, cnn_tune_progress


@dataclass(frozen=True)
class Progress:
    """How training stands."""

    epoch: int
    """From 0."""
    epochs: int
    step: int
    """Done in this call."""
    steps: int
    fraction: float
    """Of the whole fit, 0 to 1."""
    loss: float
    """Mean of this epoch's steps so far."""
    learning_rate: float
    validation_loss: Optional[float]
    """After the latest epoch; None: none yet."""
    validation_accuracy: Optional[float]
    samples_per_second: float
    seconds: float
    """Since fit began."""
    seconds_left: float
    """Predicted."""
    epoch_ended: bool
    """In the call after an epoch's validation."""
    done: bool = False
    """Of fit_for: all epochs are done, and the next call begins anew."""
    next_microseconds: float = 0
    """Of fit_for: predicted for the next piece of work, which a smaller budget doesn't move."""


@dataclass(frozen=True)
class MinimizeProgress:
    """How a minimisation stands, at the start and after each iteration."""

    iteration: int
    evaluations: int
    gradient_evaluations: int
    value: float
    gradient_norm: float
    """Largest magnitude of an element."""
    step_norm: float
    """2-norm."""
    damping: float
    """lambda, where the optimizer has one."""
    seconds: float


@dataclass(frozen=True)
class TuneProgress:
    """How a tuning stands."""

    operation: int
    """The one at hand, from 0; operations: the whole net."""
    operations: int
    seconds: float
    """Since it began."""
    fraction: float
    """Of the time given."""
    name: str
    """The first layer that has the operation."""


class _StopType:
    def __repr__(self) -> str:
        return "cnn.STOP"


STOP = _StopType()
"""What a progress function returns to end the call early and well."""

ProgressFunction = Callable[[Progress], object]
MinimizeFunction = Callable[[MinimizeProgress], object]
TuneFunction = Callable[[TuneProgress], object]


def progress_of(p: cnn_progress) -> Progress:
    """The Python form."""
    return Progress(
        epoch=p.epoch,
        epochs=p.epochs,
        step=p.step,
        steps=p.steps,
        fraction=p.fraction,
        loss=p.loss,
        learning_rate=p.learning_rate,
        validation_loss=None if isnan(p.validation_loss) else p.validation_loss,
        validation_accuracy=None if p.validation_accuracy < 0 else p.validation_accuracy,
        samples_per_second=p.samples_per_second,
        seconds=p.seconds,
        seconds_left=p.seconds_left,
        epoch_ended=bool(p.epoch_ended),
        done=bool(p.done),
        next_microseconds=p.next_microseconds,
    )


def minimize_progress_of(p: cnn_minimize_progress) -> MinimizeProgress:
    """The Python form."""
    return MinimizeProgress(
        iteration=p.iteration,
        evaluations=p.evaluations,
        gradient_evaluations=p.gradient_evaluations,
        value=p.value,
        gradient_norm=p.gradient_norm,
        step_norm=p.step_norm,
        damping=p.damping,
        seconds=p.seconds,
    )


def tune_progress_of(p: cnn_tune_progress) -> TuneProgress:
    """The Python form."""
    return TuneProgress(
        operation=p.operation,
        operations=p.operations,
        seconds=p.seconds,
        fraction=p.fraction,
        name=p.name.decode(errors="replace"),
    )


class ProgressBar:
    """Shows a fit: on a terminal a bar that is drawn anew, and elsewhere, as after each epoch there
    too, a line. Give it as `progress`, or True for one on the standard error output.

    file   where to; default: the standard error output
    width  of the bar in characters
    """

    def __init__(self, file: Optional[TextIO] = None, width: int = 30) -> None:
        self._file = file
        self._width = width

    def __call__(self, p: Union[Progress, MinimizeProgress]) -> None:
        file = self._file or sys.stderr
        terminal = file.isatty()
        if isinstance(p, MinimizeProgress):
            self._iteration(file, terminal, p)
        elif p.epoch_ended:
            file.write(("\r\033[K" if terminal else "") + self._epoch(p) + "\n")
            file.flush()
        elif terminal:
            file.write("\r" + self._bar(p)[: shutil.get_terminal_size().columns - 1] + "\033[K")
            file.flush()

    def _bar(self, p: Progress) -> str:
        done = int(p.fraction * self._width)
        return (
            f"epoch {p.epoch + 1}/{p.epochs} [{'=' * done}{' ' * (self._width - done)}] "
            f"{p.fraction:4.0%}  loss {p.loss:.4f}  {p.samples_per_second:.0f} samples/s  "
            f"{p.seconds_left:.0f} s left"
        )

    def _epoch(self, p: Progress) -> str:
        text = f"epoch {p.epoch + 1}/{p.epochs}  loss {p.loss:.4f}"
        if p.validation_loss is not None:
            text += f"  validation loss {p.validation_loss:.4f}"
        if p.validation_accuracy is not None:
            text += f"  accuracy {p.validation_accuracy:.4f}"
        return text + f"  {p.samples_per_second:.0f} samples/s"

    def _iteration(self, file: TextIO, terminal: bool, p: MinimizeProgress) -> None:
        if terminal:
            file.write(
                f"\riteration {p.iteration}  value {p.value:.6g}  gradient {p.gradient_norm:.3g}"
                f"  {p.evaluations} evaluations\033[K"
            )
            file.flush()


ProgressLike = Union[bool, None, ProgressFunction, ProgressBar]
MinimizeProgressLike = Union[bool, None, MinimizeFunction, ProgressBar]


def function_of(progress: Any) -> Any:
    """True as a bar; None for None and False."""
    if progress is True:
        return ProgressBar()
    return progress or None


class Watch:
    """A progress function during a call, and whether it asked to stop."""

    __slots__ = ("function", "stopped")

    def __init__(self, function: Any) -> None:
        self.function = function
        self.stopped = False

    def __call__(self, progress: Any) -> int:
        """What C wants to hear."""
        if self.function is not None and self.function(progress) is STOP:
            self.stopped = True
        return self.stopped
