"""Training a net step by step, or for a number of epochs."""

from __future__ import annotations

from ctypes import byref, c_double
from dataclasses import dataclass
from math import isnan
from typing import Any, Optional, Union

from . import _abi
from ._abi import Schedule
from ._arrays import ArrayLike
from ._callbacks import interruptible, lent, registered, trampoline
from ._computing import Computing
from ._enums import LayoutLike, ScheduleLike, constant
from ._errors import CancelledError, Error
from ._library import lib
from ._optimizers import Optimizer
from ._progress import ProgressLike, Watch, function_of, progress_of
from ._samples import Bound, Inputs, Numbers, Samples, SamplesLike, Targets


@dataclass(frozen=True)
class Report:
    """What a fit did."""

    epochs: int
    """Completed in this call."""
    steps: int
    loss: float
    """Mean over the last epoch."""
    validation_loss: Optional[float]
    """After the last epoch; None without validation."""
    validation_accuracy: Optional[float]
    seconds: float
    samples_per_second: float
    """Of training alone."""
    stopped: bool
    """By STOP."""


def _report(report: _abi.cnn_report, stopped: bool) -> Report:
    return Report(
        epochs=report.epochs,
        steps=report.steps,
        loss=report.loss,
        validation_loss=None if isnan(report.validation_loss) else report.validation_loss,
        validation_accuracy=(
            None if report.validation_accuracy < 0 else report.validation_accuracy
        ),
        seconds=report.seconds,
        samples_per_second=report.samples_per_second,
        stopped=stopped,
    )


@trampoline(_abi.cnn_progress_function)
def _progress(address: int, user: int) -> int:
    watch = registered(user)
    if watch.function is None:
        return 0
    answer: int = watch(progress_of(_abi.cnn_progress.from_address(address)))
    return answer


def fit_options(
    *,
    epochs: int,
    batch: int,
    seed: int,
    shuffle: bool,
    resume: bool,
    schedule: ScheduleLike,
    schedule_factor: float,
    schedule_period: float,
    schedule_floor: float,
    warmup_steps: int,
    validation: Optional[Bound],
) -> _abi.cnn_fit:
    """The descriptor that fit and fit_for have in common."""
    options = _abi.cnn_fit(
        epochs=epochs,
        batch=batch,
        seed=seed,
        no_shuffle=not shuffle,
        resume=resume,
        schedule=constant(Schedule, schedule),
        schedule_factor=schedule_factor,
        schedule_period=schedule_period,
        schedule_floor=schedule_floor,
        warmup_steps=warmup_steps,
    )
    if validation is not None:
        options.validation = validation.pointer()
    return options


class Training(Computing):
    """Training."""

    def train_step(
        self,
        optimizer: Optimizer,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        want_loss: bool = True,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> Optional[float]:
        """One step on n <= max_batch samples: forward, backward, update of parameters and state.
        Returns the loss before the step; want_loss False: None, and doesn't wait for the device.
        NotFiniteError, and nothing changed, where loss or gradient isn't finite (without the loss:
        by the next step that wants it). Arguments are those of Samples."""
        bound = self._bound(inputs, targets, weights, scale, mean, layout)
        loss = c_double()
        optimizer._busy += 1
        try:
            self._compute(
                lib.cnn_net_train_step,
                optimizer.handle,
                byref(bound.struct),
                byref(loss) if want_loss else None,
            )
        finally:
            optimizer._busy -= 1
        return loss.value if want_loss else None

    def fit(
        self,
        optimizer: Optimizer,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        epochs: int = 1,
        batch: int = 0,
        validation: Optional[SamplesLike] = None,
        progress: ProgressLike = None,
        progress_interval: Optional[float] = None,
        seed: int = 0,
        shuffle: bool = True,
        resume: bool = False,
        schedule: ScheduleLike = "constant",
        schedule_factor: float = 0,
        schedule_period: float = 0,
        schedule_floor: float = 0,
        warmup_steps: int = 0,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> Report:
        """Trains for a number of epochs over the samples, shuffled anew each epoch by seed. The same
        seed, plan and samples give the same bits, also across cancel and resume.

        inputs, targets, weights, scale, mean, layout  as in Samples
        batch              samples a step; 0: max_batch. An epoch's last may be smaller.
        validation         evaluated after every epoch: Samples, or (inputs, targets) read with the
                           same scale, mean and layout
        progress           True: a bar on the standard error output; or a function of Progress, which
                           may read parameters, save and evaluate. It ends the fit by returning STOP;
                           what it raises ends it too, and is raised here.
        progress_interval  seconds between its calls, default 0.1; 0: every step
        resume             go on where the optimizer's last fit (or its checkpoint) stopped
        schedule           of the rate a at epoch e of E: "constant"; "step": a
                           factor^floor(e / period); "exponential": a factor^(e / period); "cosine":
                           floor + (a - floor) (1 + cos(pi e / E)) / 2. factor: default 0.1 for
                           "step", 0.9 for "exponential"; period: default 1 epoch
        warmup_steps       the rate rises linearly over the first ones

        cancel() from another thread raises CancelledError, the interrupt key KeyboardInterrupt;
        parameters are then those of the last step. NotFiniteError names the step; parameters are
        those before it. Such an Error's `report` tells what was done."""
        bound = self._bound(inputs, targets, weights, scale, mean, layout)
        checked = self._validation(validation, scale, mean, layout)
        options = fit_options(
            epochs=epochs,
            batch=batch,
            seed=seed,
            shuffle=shuffle,
            resume=resume,
            schedule=schedule,
            schedule_factor=schedule_factor,
            schedule_period=schedule_period,
            schedule_floor=schedule_floor,
            warmup_steps=warmup_steps,
            validation=checked,
        )
        options.progress = _progress
        options.progress_interval = _interval(progress_interval)
        return self._fit(optimizer, bound, options, Watch(function_of(progress)))

    def _fit(self, optimizer: Optimizer, bound: Bound, options: Any, watch: Watch) -> Report:
        report = _abi.cnn_report()
        optimizer._busy += 1
        try:
            # The progress function serves the interrupt key too, so there always is one.
            with lent(watch) as options.user, interruptible():
                self._compute(
                    lib.cnn_net_fit,
                    optimizer.handle,
                    byref(bound.struct),
                    byref(options),
                    byref(report),
                )
        except CancelledError as error:
            if not watch.stopped:
                error.report = _report(report, False)
                raise
        except Error as error:
            error.report = _report(report, False)
            raise
        finally:
            optimizer._busy -= 1
        return _report(report, watch.stopped)

    def _validation(
        self,
        given: Optional[SamplesLike],
        scale: Optional[Numbers],
        mean: Optional[Numbers],
        layout: LayoutLike,
    ) -> Optional[Bound]:
        if given is None:
            return None
        samples = given
        if not isinstance(given, Samples):
            samples = Samples(*given, scale=scale, mean=mean, layout=layout)
        assert isinstance(samples, Samples)
        ports = self._interface()
        return samples._bind(ports.inputs, ports.losses)


def _interval(seconds: Optional[float]) -> float:
    """None as C's default, 0, and 0 as its every step, a negative one."""
    return 0 if seconds is None else seconds or -1


__all__ = ["Report", "Training"]
