"""Computing with a net: results, losses and gradients."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_double
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union, overload

import numpy as np

from . import _abi
from ._abi import Status
from ._arrays import FLOAT32, Array, ArrayLike, Floats, address, doubles, flat, floats, output
from ._base import NetBase, Port
from ._callbacks import interruptible, lent, registered, trampoline
from ._devices import Device, device_of
from ._enums import LayoutLike
from ._errors import InvalidArgumentError, call
from ._library import lib
from ._progress import TuneFunction, Watch, tune_progress_of
from ._samples import Bound, InputLike, Inputs, Memory, Numbers, Samples, TargetLike, Targets, View
from ._samples import ordered, samples_of, view_of, views_of


Out = Union[Floats, Memory]
"""What results are written into."""


@dataclass(frozen=True)
class Evaluation:
    """The quality of a net on samples."""

    loss: float
    """The weighted sum of the losses, without the regulariser."""
    accuracy: Optional[float]
    """Share of right classes under the first softmax cross-entropy; None without one."""
    samples: int
    correct: int
    """Samples, or places of maps, whose class is right."""


@dataclass(frozen=True)
class GradientReport:
    """What check_gradient found."""

    worst: str
    """The worst entry, "conv2d_1/weight[3,0,1,1]"; "" for none."""
    tensor: str
    index: int
    """Its place in the parameters; -1: no entry was compared."""
    error: float
    """Its relative error: 1e-4 is usual of float32, 1 plain wrong."""
    analytic: float
    numeric: float
    direction_error: float
    """The worst along a direction; -1: none was compared."""
    loss: float
    entries: int
    skipped: int
    """Entries that weren't compared: a kink is too near."""
    directions: int
    skipped_directions: int


@dataclass(frozen=True)
class TuneReport:
    """What a tuning did."""

    operations: int
    """Distinct ones that were looked at."""
    measured: int
    """Ways to run them that were tried."""
    rejected: int
    """Of them: wrong, or not built."""
    kept: int
    """Choices that the device keeps; 0: nothing was faster."""
    seconds: float
    """It took."""
    seconds_before: float
    """Of a run and, unless for inference only, a training step."""
    seconds_after: float
    """The same by what is kept."""


@dataclass(frozen=True)
class NodeTime:
    """What a device runs as one, and how long it takes."""

    node: Optional[int]
    """That of its first operation; None: of none, as a change of layout."""
    operation: str
    """"convolution+pointwise direct_n16 NCHW16c"."""
    second_pass: bool
    """Whether it is of the backward pass."""
    seconds: float
    """The median of the runs."""
    flops: float
    """Floating-point operations of its arithmetic."""
    bytes: float
    """Of what it reads and writes, each once."""


def _compile_options(
    max_batch: int,
    batches: Any,
    inference_only: bool,
    memory_limit: int,
    accept_winograd_4x4: bool,
) -> _abi.cnn_compile:
    options = _abi.cnn_compile(
        max_batch=max_batch,
        batch_count=len(batches),
        inference_only=inference_only,
        memory_limit=memory_limit,
        accept=_abi.Accept.WINOGRAD_4X4 if accept_winograd_4x4 else 0,
    )
    if len(batches):
        options.batches = ctypes.addressof(batches)
    return options


@trampoline(_abi.cnn_tune_function)
def _tune_progress(address: int, user: int) -> int:
    watch = registered(user)
    if watch.function is None:
        return 0
    answer: int = watch(tune_progress_of(_abi.cnn_tune_progress.from_address(address)))
    return answer


class Computing(NetBase):
    """Compiling, running, evaluating."""

    _device: Optional[Device] = None

    def compile(
        self,
        device: Union[Device, str] = "auto",
        *,
        max_batch: int = 1,
        batches: Sequence[int] = (),
        inference_only: bool = False,
        memory_limit: int = 0,
        tune_seconds: float = 0,
        accept_winograd_4x4: bool = False,
    ) -> Device:
        """Plans the net for a device: kernels, layouts and memory for every n up to max_batch.
        Returns the device, opened where only its spec was given.

        max_batch       the largest n of one step, at most 2^20
        batches         smaller sizes worth a plan of their own
        inference_only  frees what training wants; then only run works
        memory_limit    bytes the plan may take on the device; 0: the device's limit
        tune_seconds    time for tune() before, where the device's cache has nothing of the net yet
        accept_winograd_4x4  whether 3x3 convolutions may run by Winograd's F(4x4, 3x3), faster and
                        less accurate

        May be called again, also for another device: parameters, state and bound optimizers
        survive. Raises the first building mistake; UnsupportedError names a node that the backend
        can't do; LimitExceededError tells what the plan needs."""
        opened = device_of(device)
        sizes = (ctypes.c_int64 * len(batches))(*batches)
        options = _compile_options(
            max_batch, sizes, inference_only, memory_limit, accept_winograd_4x4
        )
        options.tune_seconds = tune_seconds
        self._calls_back = self._calls_back or opened._calls_back
        self._compute(lib.cnn_net_compile, opened.handle, byref(options))
        self._device = opened
        return opened

    def tune(
        self,
        device: Device,
        *,
        max_batch: int = 1,
        batches: Sequence[int] = (),
        inference_only: bool = False,
        memory_limit: int = 0,
        seconds: float = 20,
        progress: Optional[TuneFunction] = None,
        accept_winograd_4x4: bool = False,
    ) -> TuneReport:
        """Finds by measurement how the device best runs the net's convolutions and dense layers, for
        compiles that follow with the same sizes: also of other nets and, where it has a cache
        directory, of other processes. What was found is kept only where the whole net is faster by
        it. The net stays as it is and need not be compiled.

        seconds   what it may take; what has begun is ended
        progress  a function of TuneProgress, called between measurements. It ends the tuning by
                  returning STOP: CancelledError, and nothing is kept."""
        sizes = (ctypes.c_int64 * len(batches))(*batches)
        options = _abi.cnn_tune(seconds=seconds)
        options.compile = _compile_options(
            max_batch, sizes, inference_only, memory_limit, accept_winograd_4x4
        )
        options.progress = _tune_progress
        report = _abi.cnn_tune_report()
        self._busy += 1
        try:
            with lent(Watch(progress)) as options.user, interruptible():
                call(
                    lib.cnn_device_tune, device.handle, self.handle, byref(options), byref(report)
                )
        finally:
            self._busy -= 1
        return TuneReport(
            operations=report.operations,
            measured=report.measured,
            rejected=report.rejected,
            kept=report.kept,
            seconds=report.seconds,
            seconds_before=report.seconds_before,
            seconds_after=report.seconds_after,
        )

    def profile(
        self, *, samples: int = 0, runs: int = 10, training: bool = False
    ) -> List[NodeTime]:
        """Where a compiled net's time goes: it runs on samples of no meaning, and a row tells of each
        launch, in order. Parameters and state stay.

        samples   of each run; default: the largest number compiled for
        runs      of which each time is the median
        training  a training step's loss and gradient, without the update, in place of a run; writes
                  the gradient"""
        options = _abi.cnn_profile(samples=samples, runs=runs, training=training)
        needed = ctypes.c_int64()
        rows: Any = None
        self._busy += 1
        try:
            with interruptible():
                for _ in range(2):
                    rows = (_abi.cnn_node_time * needed.value)()
                    call(
                        lib.cnn_net_profile,
                        self.handle,
                        byref(options),
                        rows,
                        needed.value,
                        byref(needed),
                    )
        finally:
            self._busy -= 1
        return [
            NodeTime(
                node=None if row.node < 0 else row.node,
                operation=row.operation.decode("utf-8", "replace"),
                second_pass=bool(row.second_pass),
                seconds=row.seconds,
                flops=row.flops,
                bytes=row.bytes,
            )
            for row in rows
        ]

    @property
    def device(self) -> Optional[Device]:
        """The one that compile() was last called for."""
        return self._device

    def _bound(
        self,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets],
        weights: Optional[ArrayLike],
        scale: Optional[Numbers],
        mean: Optional[Numbers],
        layout: LayoutLike,
        targeted: bool = True,
    ) -> Bound:
        samples = samples_of(inputs, targets, weights, scale, mean, layout)
        ports = self._interface()
        return samples._bind(ports.inputs, ports.losses if targeted else None)

    @overload
    def run(
        self,
        x: InputLike,
        out: Optional[Floats] = None,
        *,
        softmax: bool = False,
        training: bool = False,
    ) -> Floats: ...
    @overload
    def run(
        self, x: InputLike, out: Memory, *, softmax: bool = False, training: bool = False
    ) -> Memory: ...
    def run(
        self,
        x: InputLike,
        out: Optional[Out] = None,
        *,
        softmax: bool = False,
        training: bool = False,
    ) -> Any:
        """The net's first output for its one input.

        x         [n, *shape], an array or a View of one. float32 or uint8, row-major and contiguous,
                  is read without a copy; anything else is converted to float32. Sizes of 1 may be
                  left out, and a sample flattened.
        out       where the results go: float32, row-major and contiguous, of n times the output's
                  elements; or a Memory; None: a new array
        softmax   give softmax over the channels: a classifier's probabilities
        training  run as training does: dropout on, batch statistics; state is unchanged

        Returns out, or [n, *output shape]. More than max_batch samples are run in parts. Dropout is
        off and batch norm on its running statistics. ShapeMismatchError; BadStateError before
        compile(). Don't give one array as both x and out."""
        ports = self._ports or self._interface()
        plain = type(x) is np.ndarray and type(out) is not Memory
        if not plain or softmax or training or len(ports.inputs) != 1:
            return self._run_view(ports.inputs, x, out, softmax, training)
        assert isinstance(x, np.ndarray) and not isinstance(out, Memory)
        port = ports.inputs[0]
        flags = x.flags
        if (
            x.dtype is not FLOAT32
            or x.shape[1:] != port.shape
            or not (flags.c_contiguous and flags.aligned)
        ):
            return self._run_view(ports.inputs, x, out, softmax, training)
        target = ports.outputs[0]
        if out is None:
            y: Floats = np.empty((x.shape[0], *target.shape), FLOAT32)
        else:
            y = output(out, (x.shape[0], *target.shape), FLOAT32, "out")
        self._compute(lib.cnn_net_run, address(x), x.size, address(y), y.size)
        return y

    def _run_view(
        self,
        inputs: Sequence[Port],
        x: InputLike,
        out: Optional[Out],
        softmax: bool,
        training: bool,
    ) -> Any:
        if len(inputs) > 1:
            raise InvalidArgumentError(
                f"run: the net has {len(inputs)} inputs: use run_many", Status.INVALID_ARGUMENT
            )
        ports = self._interface().outputs
        if softmax or training or not inputs:
            outputs = [out, *[None] * (len(ports) - 1)]
            return self.run_many([x], outputs, softmax=softmax, training=training)[0]
        if type(x) is View:
            struct, n, kept = x._struct(inputs[0]), len(x.array), None
        else:
            views, kept, n = self._views([x])
            struct = views[0]
        y = _result(out, ports[0], n, "out")
        self._compute(lib.cnn_net_run_view, byref(struct), byref(view_of(y)))
        del kept
        return y

    def run_many(
        self,
        inputs: Union[Sequence[InputLike], Mapping[str, InputLike]],
        outputs: Union[Sequence[Optional[Out]], Mapping[str, Out], None] = None,
        *,
        softmax: bool = False,
        training: bool = False,
    ) -> List[Any]:
        """The same with several inputs, in the order of adding or by name, and all outputs, in the
        order of declaring; see run(). Of outputs a None is allocated."""
        views, kept, n = self._views(inputs)
        results = self._results(outputs, n)
        options = _abi.cnn_run(softmax=softmax, training=training)
        self._compute(
            lib.cnn_net_run_many,
            views,
            len(views),
            views_of(results),
            len(results),
            byref(options),
        )
        del kept
        return results

    def _views(self, inputs: Any) -> Tuple[Any, Any, int]:
        """cnn_views of the inputs, what they point at, and the number of samples."""
        ports = self._interface()
        if isinstance(inputs, (np.ndarray, View, Memory)):
            inputs = [inputs]
        given = list(inputs.values()) if isinstance(inputs, Mapping) else list(inputs)
        if isinstance(inputs, Mapping) or len(given) != len(ports.inputs):
            given = ordered(inputs, ports.inputs, "input")
        views = [v if isinstance(v, (View, Memory)) else View(v) for v in given]
        structs = (_abi.cnn_view * len(views))()
        for struct, view, port in zip(structs, views, ports.inputs):
            view._check(port)
            view._fill(struct)
        return structs, views, views[0]._count(ports.inputs[0]) if views else 0

    def _results(self, outputs: Any, n: int) -> List[Any]:
        """The caller's arrays, new ones where there are none."""
        ports = self._interface().outputs
        if isinstance(outputs, (np.ndarray, Memory)):
            outputs = [outputs]
        if outputs is None:
            outputs = [None] * len(ports)
        elif isinstance(outputs, Mapping):
            outputs = [outputs.get(port.name) for port in ports]
        elif len(outputs) != len(ports):
            raise InvalidArgumentError(
                f"got {len(outputs)} outputs, but the net has {len(ports)}", Status.INVALID_ARGUMENT
            )
        return [
            _result(given, port, n, f'output "{port.name}"') for given, port in zip(outputs, ports)
        ]

    def evaluate(
        self,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> Evaluation:
        """Loss and accuracy over any number of samples, in parts of max_batch, without dropout and
        on running statistics. Arguments are those of Samples."""
        bound = self._bound(inputs, targets, weights, scale, mean, layout)
        result = _abi.cnn_evaluation()
        self._compute(lib.cnn_net_evaluate, byref(bound.struct), byref(result))
        return Evaluation(
            loss=result.loss,
            accuracy=None if result.accuracy < 0 else result.accuracy,
            samples=result.samples,
            correct=result.correct,
        )

    def loss_gradient(
        self,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        training: bool = False,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> float:
        """The loss of n <= max_batch samples; its gradient goes into `gradient`. Never changes
        parameters or state. training: dropout on, batch statistics. LimitExceededError for more."""
        bound = self._bound(inputs, targets, weights, scale, mean, layout)
        options = _abi.cnn_gradient_options(training=training)
        loss = c_double()
        self._compute(lib.cnn_net_loss_gradient, byref(bound.struct), byref(options), byref(loss))
        return loss.value

    def backward(
        self,
        inputs: Union[Inputs, Samples],
        output_gradients: Union[TargetLike, Sequence[TargetLike]],
        weights: Optional[ArrayLike] = None,
        *,
        input_gradients: Union[bool, Sequence[Optional[Out]]] = True,
        training: bool = False,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> List[Any]:
        """Backward from your own dL/dy for each output, an array [n, *output shape] or a list of
        them, n <= max_batch: runs forward on inputs, multiplies row k of each dL/dy by weights[k],
        and puts dL/dtheta into `gradient`.

        input_gradients  True: dL/dx of each input is returned, [n, *shape]; a list: of arrays that
                         they go into, None where not wanted; False: none
        Returns the gradients of the inputs, or []."""
        samples = samples_of(inputs, None, None, scale, mean, layout)
        if weights is not None:
            samples = _weighted(samples, weights)
        ports = self._interface()
        bound = samples._bind(ports.inputs, None)
        gradients: List[Any] = [
            gradient
            if isinstance(gradient, Memory)
            else flat(gradient, bound.count * port.elements, f'the gradient of "{port.name}"')
            for gradient, port in zip(
                ordered(output_gradients, ports.outputs, "output gradient"), ports.outputs
            )
        ]
        wanted = self._wanted(input_gradients, bound.count)
        options = _abi.cnn_gradient_options(training=training)
        self._compute(
            lib.cnn_net_backward,
            byref(bound.struct),
            views_of(gradients),
            len(gradients),
            views_of(wanted) if wanted else None,
            len(wanted),
            byref(options),
        )
        return [array for array in wanted if array is not None]

    def _wanted(
        self, given: Union[bool, Sequence[Optional[Out]]], n: int
    ) -> List[Optional[Out]]:
        if given is False:
            return []
        ports = self._interface().inputs
        if given is True:
            return [np.empty((n, *port.shape), FLOAT32) for port in ports]
        return [
            None if a is None else _result(a, port, n, f'the gradient of "{port.name}"')
            for a, port in zip(given, ports)
        ]

    def check_gradient(
        self,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        entries: Optional[int] = None,
        directions: Optional[int] = None,
        seed: int = 0,
        tolerance: float = 0,
        training: bool = False,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> GradientReport:
        """Checks the gradient of the loss of n <= max_batch samples against central differences in
        float64: slow, for small nets and few samples.

        entries     of the parameters to compare one by one; default 1000
        directions  random ones over all parameters; default 4
        tolerance   the largest relative error that is no failure; 0: any is none. Above it, or where
                    nothing was compared: OutOfRangeError, which names the worst entry and has the
                    report as its `report`"""
        bound = self._bound(inputs, targets, weights, scale, mean, layout)
        options = _abi.cnn_gradient_check(
            entries=_counted(entries),
            directions=_counted(directions),
            seed=seed,
            tolerance=tolerance,
            training=training,
        )
        report = _abi.cnn_gradient_report()
        try:
            self._compute(
                lib.cnn_net_check_gradient, byref(bound.struct), byref(options), byref(report)
            )
        except Exception as error:
            if hasattr(error, "report"):
                error.report = _gradient_report(report)
            raise
        return _gradient_report(report)

    def error_curve(
        self,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        alphas: ArrayLike,
        direction: Optional[ArrayLike] = None,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> Array:
        """The loss over all samples at theta + alpha d for each alpha, float64, without penalties.
        direction is d, as long as the parameters; None: minus the gradient. The parameters stay.
        OutOfRangeError for an alpha that isn't finite."""
        bound = self._bound(inputs, targets, weights, scale, mean, layout)
        places = doubles(alphas)
        values = np.empty(places.shape, np.float64)
        along = None if direction is None else floats(direction)
        self._compute(
            lib.cnn_net_error_curve,
            byref(bound.struct),
            None if along is None else address(along),
            0 if along is None else along.size,
            address(places),
            address(values),
            places.size,
        )
        return values

    def cancel(self) -> None:
        """Asks the call in progress on the net to stop, within one node's time: it raises
        CancelledError. Does nothing when there is none. From any thread."""
        lib.cnn_net_cancel(self._handle)


def _result(given: Optional[Out], port: Port, n: int, what: str) -> Out:
    """Where results go: the caller's array or buffer, or a new array."""
    return given if isinstance(given, Memory) else output(given, (n, *port.shape), FLOAT32, what)


def _weighted(samples: Samples, weights: ArrayLike) -> Samples:
    copy = Samples.__new__(Samples)
    for name in Samples.__slots__:
        setattr(copy, name, getattr(samples, name))
    copy._bound = None
    copy.weights = floats(weights)
    return copy


def _counted(value: Optional[int]) -> int:
    """None as C's default, 0, and 0 as its none, a negative one."""
    return 0 if value is None else value or -1


def _gradient_report(report: _abi.cnn_gradient_report) -> GradientReport:
    return GradientReport(
        worst=report.worst.decode("utf-8", "replace"),
        tensor=report.tensor.decode("utf-8", "replace"),
        index=report.index,
        error=report.error,
        analytic=report.analytic,
        numeric=report.numeric,
        direction_error=report.direction_error,
        loss=report.loss,
        entries=report.entries,
        skipped=report.skipped,
        directions=report.directions,
        skipped_directions=report.skipped_directions,
    )


__all__ = ["Computing", "Evaluation", "GradientReport"]
