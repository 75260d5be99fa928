"""Runs and training in instalments."""

from __future__ import annotations

from ctypes import byref
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Union

from . import _abi
from ._arrays import ArrayLike
from ._computing import Out
from ._enums import LayoutLike, ScheduleLike
from ._errors import Error
from ._library import lib
from ._optimizers import Optimizer
from ._progress import Progress, progress_of
from ._samples import InputLike, Inputs, Numbers, Samples, SamplesLike, Targets, views_of
from ._training import Training, fit_options


@dataclass(frozen=True)
class RunProgress:
    """How far a run with a time budget came."""

    done: bool
    """The outputs are written, and the next call begins anew."""
    fraction: float
    """Of the predicted work, 0 to 1."""
    microseconds: float
    """That the call took."""
    next_microseconds: float
    """Predicted for the next piece of work, which a smaller budget doesn't move; 0 when done; of a
    budget of 0: for the longest."""


class PartialRun:
    """A run in instalments; see Net.partial_run."""

    def __init__(self, net: "Budgeting", inputs: Any, outputs: Any, options: Any) -> None:
        self._net = net
        self._inputs, self._kept, n = net._views(inputs)
        self.outputs: List[Any] = net._results(outputs, n)
        """Where the results are once it is done: an array or Memory for each output."""
        self._outputs = views_of(self.outputs)
        self._options = options
        self.done = False
        """Whether the outputs are written."""

    def run_for(self, microseconds: float) -> RunProgress:
        """Does as much as fits into so many microseconds, and never starts a piece of work that is
        predicted to take longer than what is left. 0 plans and measures, and computes nothing: at
        load, so that no frame pays for it; negative: no limit. Once done it begins anew.
        OutOfRangeError for NaN."""
        progress = _abi.cnn_run_progress()
        self._net._compute(
            lib.cnn_net_run_for,
            self._inputs,
            len(self._inputs),
            self._outputs,
            len(self._outputs),
            byref(self._options),
            microseconds,
            byref(progress),
        )
        self._options.restart = 0
        self.done = bool(progress.done)
        return RunProgress(
            done=self.done,
            fraction=progress.fraction,
            microseconds=progress.microseconds,
            next_microseconds=progress.next_microseconds,
        )

    def restart(self) -> None:
        """Drops what has been done: the next call begins anew, and reads the inputs anew."""
        self._options.restart = 1
        self.done = False


class Budgeting(Training):
    """Runs and training that share their thread with a host's other work."""

    def partial_run(
        self,
        inputs: Union[InputLike, Sequence[InputLike], Mapping[str, InputLike]],
        outputs: Union[Out, Sequence[Optional[Out]], Mapping[str, Out], None] = None,
        *,
        softmax: bool = False,
        training: bool = False,
    ) -> PartialRun:
        """run_many in instalments, to the same bits:

            run = net.partial_run(frames)
            while not run.run_for(2000).done:
                draw()
            decision = run.outputs[0]

        Inputs are read as their part of max_batch samples begins and outputs written as it ends.
        Whatever runs in between has other memory and doesn't disturb it; a change of parameters or
        state, or another partial run, makes it begin anew."""
        options = _abi.cnn_run(softmax=softmax, training=training)
        return PartialRun(self, inputs, outputs, options)

    def fit_for(
        self,
        optimizer: Optimizer,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        microseconds: float,
        epochs: int = 0,
        batch: int = 0,
        validation: Optional[SamplesLike] = None,
        seed: int = 0,
        shuffle: bool = True,
        resume: bool = False,
        restart: bool = False,
        schedule: ScheduleLike = "constant",
        schedule_factor: float = 0,
        schedule_period: float = 0,
        schedule_floor: float = 0,
        warmup_steps: int = 0,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> Progress:
        """fit in instalments: does as much as fits into so many microseconds, and goes on at the next
        call where it stopped, also within a step, to the same bits as fit. Parameters change only as
        a step ends. microseconds 0 plans and measures; negative: no limit.

        epochs   0: without end, for a host that learns on line ("cosine" then isn't possible)
        restart  begin anew
        The rest is as in fit. The samples may change from call to call: a step reads its own as it
        begins; another count begins a new epoch with the next step. Give Samples, or arrays that
        need no conversion: what needs one is converted at every call.

        Returns how training stands; its `done` tells that all epochs are. CancelledError and
        NotFiniteError leave the parameters of the last step; the next call goes on with the step
        that failed."""
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
        options.restart = restart
        progress = _abi.cnn_progress()
        optimizer._busy += 1
        try:
            self._compute(
                lib.cnn_net_fit_for,
                optimizer.handle,
                byref(bound.struct),
                byref(options),
                microseconds,
                byref(progress),
            )
        except Error as error:
            error.report = progress_of(progress)
            raise
        finally:
            optimizer._busy -= 1
        return progress_of(progress)
