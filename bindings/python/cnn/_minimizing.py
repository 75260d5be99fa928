"""Minimising functions, sums of squares and nets."""

from __future__ import annotations

import ctypes
import threading
from contextlib import contextmanager
from ctypes import byref
from dataclasses import dataclass
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence, Union

import numpy as np

from . import _abi
from ._abi import Status, Stop
from ._arrays import Array, ArrayLike, Doubles, Shape, address, doubles
from ._building import literal
from ._callbacks import borrowed, interruptible, lent, registered, trampoline
from ._computing import Computing
from ._enums import LayoutLike, known
from ._errors import CancelledError, Error, ShapeMismatchError, call
from ._library import lib
from ._optimizers import LevenbergMarquardt, Optimizer
from ._progress import MinimizeProgressLike, Watch, function_of, minimize_progress_of
from ._samples import Inputs, Numbers, Samples, Targets


@dataclass(frozen=True)
class MinimizeReport:
    """What a minimisation did; value and norms are those at x as returned."""

    reason: Stop
    """Why it ended; a limit that is reached is success."""
    iterations: int
    evaluations: int
    """Of the value, those that gave the gradient too included."""
    gradient_evaluations: int
    """Of gradients or Jacobians."""
    products: int
    """With the Gauss-Newton matrix, or of conjugate_gradient."""
    restarts: int
    """Of conjugate gradients or of a quasi-Newton matrix."""
    handed_over: Optional[int]
    """The iteration at which `then` took over; None: it didn't."""
    rank: Optional[int]
    """Of Levenberg-Marquardt: of the scaled Jacobian at the end; None: unknown."""
    start_value: float
    value: float
    gradient_norm: float
    """Largest magnitude of an element."""
    step_norm: float
    """2-norm of the last step."""
    damping: float
    """The last lambda."""
    condition: Optional[float]
    """Of the scaled Jacobian at the end; None: unknown."""
    seconds: float


class Minimum(NamedTuple):
    """Where a minimisation ended, and what it did."""

    x: Doubles
    report: MinimizeReport


def _report(r: _abi.cnn_minimize_report) -> MinimizeReport:
    return MinimizeReport(
        reason=known(Stop, r.reason),
        iterations=r.iterations,
        evaluations=r.evaluations,
        gradient_evaluations=r.gradient_evaluations,
        products=r.products,
        restarts=r.restarts,
        handed_over=None if r.handed_over < 0 else r.handed_over,
        rank=None if r.rank < 0 else r.rank,
        start_value=r.start_value,
        value=r.value,
        gradient_norm=r.gradient_norm,
        step_norm=r.step_norm,
        damping=r.damping,
        condition=r.condition or None,
        seconds=r.seconds,
    )


def _limit(value: Optional[int]) -> int:
    """None as C's default, 0, and 0 as its negative: no limit."""
    return 0 if value is None else value or -1


@trampoline(_abi.cnn_minimize_function)
def _progress(address: int, user: int) -> int:
    watch = registered(user)
    if watch.function is None:
        return 0
    progress = minimize_progress_of(_abi.cnn_minimize_progress.from_address(address))
    answer: int = watch(progress)
    return answer


@contextmanager
def _watched(options: Any, progress: MinimizeProgressLike) -> Iterator[Watch]:
    """Sets the progress function of options, which serves the interrupt key too."""
    watch = Watch(function_of(progress))
    main = threading.current_thread() is threading.main_thread()
    if watch.function is not None or main:
        options.progress = _progress
    with lent(watch) as options.user, interruptible():
        yield watch


@contextmanager
def _reported(report: Any, watch: Watch, *optimizers: Optional[Optimizer]) -> Iterator[None]:
    """Gives an error the report; what STOP asked for is no error."""
    used = [optimizer for optimizer in optimizers if optimizer is not None]
    for optimizer in used:
        optimizer._busy += 1
    try:
        yield
    except CancelledError as error:
        if not watch.stopped:
            error.report = _report(report)
            raise
    except Error as error:
        error.report = _report(report)
        raise
    finally:
        for optimizer in used:
            optimizer._busy -= 1


class _Problem:
    """The functions of a cnn_problem, and the shape that x has for them."""

    def __init__(
        self,
        function: Callable[[Doubles], Any],
        derivative: Union[bool, None, Callable[[Doubles], ArrayLike]],
        shape: Shape,
    ) -> None:
        self.function = function
        self.derivative = derivative
        self.shape = shape

    def at(self, x: int, n: int) -> Doubles:
        """x, of the caller's own: it may be kept."""
        return borrowed(x, (n,), np.float64).reshape(self.shape).copy()

    def evaluate(self, x: Doubles, wanted: bool) -> Any:
        """The function's value, and its derivative where wanted."""
        if self.derivative is True:
            value, derivative = self.function(x)
            return value, derivative
        value = self.function(x)
        return value, self.derivative(x) if wanted and callable(self.derivative) else None


def _store(target: Array, values: ArrayLike, what: str) -> None:
    array = np.asarray(values, np.float64)
    if array.size != target.size:
        raise ShapeMismatchError(
            f"{what} has the shape {array.shape}, but needs {target.shape}", Status.SHAPE_MISMATCH
        )
    target[...] = array.reshape(target.shape)


_PROBLEM = {name: kind for name, kind, *_ in _abi.cnn_problem._fields_}


@trampoline(_PROBLEM["function"])
def _value(n: int, x: int, value: int, gradient: Optional[int], user: int) -> int:
    problem = registered(user)
    found, derivative = problem.evaluate(problem.at(x, n), gradient is not None)
    ctypes.c_double.from_address(value).value = float(found)
    if gradient is not None:
        _store(borrowed(gradient, (n,), np.float64, True), derivative, "the gradient")
    return 0


@trampoline(_PROBLEM["residual_function"])
def _residuals(m: int, n: int, x: int, residuals: int, jacobian: Optional[int], user: int) -> int:
    problem = registered(user)
    found, derivative = problem.evaluate(problem.at(x, n), jacobian is not None)
    _store(borrowed(residuals, (m,), np.float64, True), found, "the residuals")
    if jacobian is not None:
        _store(borrowed(jacobian, (m, n), np.float64, True), derivative, "the Jacobian")
    return 0


def _solve(
    optimizer: Optimizer,
    then: Optional[Optimizer],
    problem: Any,
    functions: _Problem,
    x0: Doubles,
    options: Any,
    progress: MinimizeProgressLike,
) -> Minimum:
    x = x0.copy()
    problem.parameters = x.size
    problem.numeric_derivatives = functions.derivative is None
    report = _abi.cnn_minimize_report()
    with lent(functions) as problem.user, _watched(options, progress) as watch:
        with _reported(report, watch, optimizer, then):
            call(
                lib.cnn_minimize,
                optimizer.handle,
                byref(problem),
                address(x),
                byref(options),
                byref(report),
            )
    return Minimum(x, _report(report))


def minimize(
    function: Callable[[Doubles], Any],
    x0: ArrayLike,
    optimizer: Optimizer,
    *,
    gradient: Union[bool, None, Callable[[Doubles], ArrayLike]] = None,
    progress: MinimizeProgressLike = None,
    gradient_tolerance: Optional[float] = None,
    step_tolerance: Optional[float] = None,
    value_tolerance: Optional[float] = None,
    max_iterations: Optional[int] = None,
    max_evaluations: Optional[int] = None,
    seconds: Optional[float] = None,
    then: Optional[Optimizer] = None,
    stall_iterations: Optional[int] = None,
    stall_tolerance: Optional[float] = None,
) -> Minimum:
    """Minimises a function of x in double, from x0, of any shape. The optimizer gives its
    hyper-parameters and is left as it was.

    function   of x, in x0's shape; returns its value. One that isn't finite is a point to be avoided.
    gradient   a function of x too, returns df/dx; True: `function` returns (value, gradient); None:
               central differences, which the report doesn't count
    progress   True: shown on the standard error output; or a function of MinimizeProgress, which ends
               it by returning STOP
    gradient_tolerance  stop where max |g_i| is at most this (default 1e-8)
    step_tolerance, value_tolerance  where |step| <= this |x|, or where three times in a row f fell
               by at most this |f| (default 2e-16). Of tolerances 0 is never met.
    max_iterations      default 1000; 0: no limit
    max_evaluations, seconds  default: no limit
    then       takes over where the first optimizer stalls: f fell by less than stall_tolerance |f|
               (default 1e-3) in stall_iterations (default 10), or it stopped

    Returns (x, report), whatever stopped it. What a function raises ends it, and is raised here.
    NotFiniteError at the start or where no step leads to a finite value; UnsupportedError where the
    optimizer needs residuals (least_squares)."""
    start = doubles(x0)
    options = _abi.cnn_minimize_options(
        gradient_tolerance=literal(gradient_tolerance, "gradient_tolerance"),
        step_tolerance=literal(step_tolerance, "step_tolerance"),
        value_tolerance=literal(value_tolerance, "value_tolerance"),
        max_iterations=_limit(max_iterations),
        max_evaluations=_limit(max_evaluations),
        seconds=seconds or 0,
        then=None if then is None else then.handle,
        stall_iterations=_limit(stall_iterations),
        stall_tolerance=literal(stall_tolerance, "stall_tolerance"),
    )
    problem = _abi.cnn_problem(function=_value)
    functions = _Problem(function, gradient or None, start.shape)
    return _solve(optimizer, then, problem, functions, start, options, progress)


def least_squares(
    residuals: Callable[[Doubles], Any],
    x0: ArrayLike,
    optimizer: Optional[Optimizer] = None,
    *,
    jacobian: Union[bool, None, Callable[[Doubles], ArrayLike]] = None,
    count: Optional[int] = None,
    group: int = 1,
    progress: MinimizeProgressLike = None,
    gradient_tolerance: Optional[float] = None,
    step_tolerance: Optional[float] = None,
    value_tolerance: Optional[float] = None,
    max_iterations: Optional[int] = None,
    max_evaluations: Optional[int] = None,
    seconds: Optional[float] = None,
    then: Optional[Optimizer] = None,
    stall_iterations: Optional[int] = None,
    stall_tolerance: Optional[float] = None,
) -> Minimum:
    """Minimises half the sum of squares of residuals, in double, from x0, by default with
    LevenbergMarquardt(). The value in the report is that half sum. Further arguments as in minimize;
    by Levenberg-Marquardt gradient_tolerance is of the largest cosine of an angle between the
    residuals and a column of their Jacobian (default 2e-14).

    residuals  of x, returns m of them, of any shape
    jacobian   a function of x too, returns dr_i/dx_j, [m, n]; True: `residuals` returns
               (residuals, jacobian); None: central differences
    count      m; None: `residuals` is called once to see
    group      residuals in a sample, for LevenbergMarquardt(norm_residual=True)"""
    start = doubles(x0)
    functions = _Problem(residuals, jacobian or None, start.shape)
    if count is None:
        count = int(np.size(functions.evaluate(start.copy(), False)[0]))
    options = _abi.cnn_minimize_options(
        gradient_tolerance=literal(gradient_tolerance, "gradient_tolerance"),
        step_tolerance=literal(step_tolerance, "step_tolerance"),
        value_tolerance=literal(value_tolerance, "value_tolerance"),
        max_iterations=_limit(max_iterations),
        max_evaluations=_limit(max_evaluations),
        seconds=seconds or 0,
        then=None if then is None else then.handle,
        stall_iterations=_limit(stall_iterations),
        stall_tolerance=literal(stall_tolerance, "stall_tolerance"),
    )
    problem = _abi.cnn_problem(
        residuals=count, residual_function=_residuals, residual_group=group
    )
    chosen = LevenbergMarquardt() if optimizer is None else optimizer
    return _solve(chosen, then, problem, functions, start, options, progress)


class _Products:
    """The functions of a linear system."""

    def __init__(self, product: Any, preconditioner: Any, shape: Shape, watch: Watch) -> None:
        self.product = product
        self.preconditioner = preconditioner
        self.shape = shape
        self.watch = watch


@trampoline(_abi.cnn_product_function)
def _product(n: int, v: int, y: int, user: int) -> int:
    products = registered(user)
    vector = borrowed(v, (n,), np.float64).reshape(products.shape).copy()
    _store(borrowed(y, (n,), np.float64, True), products.product(vector), "the product")
    return 0


@trampoline(_abi.cnn_product_function)
def _precondition(n: int, v: int, y: int, user: int) -> int:
    products = registered(user)
    vector = borrowed(v, (n,), np.float64).reshape(products.shape).copy()
    _store(borrowed(y, (n,), np.float64, True), products.preconditioner(vector), "the solution")
    return 0


def conjugate_gradient(
    product: Union[Callable[[Doubles], ArrayLike], ArrayLike],
    b: ArrayLike,
    x0: Optional[ArrayLike] = None,
    *,
    preconditioner: Optional[Callable[[Doubles], ArrayLike]] = None,
    gradient_tolerance: Optional[float] = None,
    max_iterations: Optional[int] = None,
    seconds: Optional[float] = None,
    progress: MinimizeProgressLike = None,
) -> Minimum:
    """Solves A x = b for a symmetric positive definite A by conjugate gradients from x0 (None:
    zeros), in double.

    product         of a vector v in b's shape, returns A v; or the matrix A itself
    preconditioner  returns M^-1 v
    gradient_tolerance  of |b - A x| relative to |b|, default 1e-10; 0 is never met
    max_iterations  default 2 n; 0: no limit

    Returns (x, report); its value is x'Ax / 2 - b'x from where it began. The reason is
    Stop.NO_DECREASE where A shows not to be positive definite."""
    right = doubles(b)
    x = np.zeros(right.shape) if x0 is None else doubles(x0).copy()
    if x.size != right.size:
        raise ShapeMismatchError(
            f"x0 has the shape {x.shape}, but b has {right.shape}", Status.SHAPE_MISMATCH
        )
    function: Any = product
    if not callable(product):
        matrix = np.asarray(product, np.float64)
        function = lambda v: matrix @ v.reshape(-1)  # noqa: E731
    options = _abi.cnn_minimize_options(
        gradient_tolerance=literal(gradient_tolerance, "gradient_tolerance"),
        max_iterations=_limit(max_iterations),
        seconds=seconds or 0,
    )
    report = _abi.cnn_minimize_report()
    with _watched(options, progress) as watch:
        products = _Products(function, preconditioner, right.shape, watch)
        with lent(products) as user, _reported(report, watch):
            call(
                lib.cnn_conjugate_gradient,
                right.size,
                _product,
                None if preconditioner is None else _precondition,
                user,
                address(right),
                address(x),
                byref(options),
                byref(report),
            )
    return Minimum(x, _report(report))


class Minimizing(Computing):
    """Minimising a net's loss on all samples at once."""

    def minimize(
        self,
        optimizer: Optimizer,
        inputs: Union[Inputs, Samples],
        targets: Optional[Targets] = None,
        weights: Optional[ArrayLike] = None,
        *,
        tensors: Optional[Sequence[str]] = None,
        progress: MinimizeProgressLike = None,
        gradient_tolerance: Optional[float] = None,
        step_tolerance: Optional[float] = None,
        value_tolerance: Optional[float] = None,
        max_iterations: Optional[int] = None,
        max_evaluations: Optional[int] = None,
        seconds: Optional[float] = None,
        then: Optional[Optimizer] = None,
        stall_iterations: Optional[int] = None,
        stall_tolerance: Optional[float] = None,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> MinimizeReport:
        """Minimises the loss over all samples, evaluated in parts of max_batch, by any kind of
        optimizer from the parameters as they are, which become the best point found. Dropout is off
        and batch norm on its running statistics. The optimizer is left as it was, bound to no net.

        inputs, targets, weights, scale, mean, layout  as in Samples
        tensors  names of the tensors that move, or of nodes for all of theirs; None: all that
                 aren't frozen
        The rest is as in cnn.minimize, with defaults for float32: gradient_tolerance 1e-6, the
        others 1e-7; by Levenberg-Marquardt the largest cosine, 1e-5.

        Returns the report, whatever stopped it. cancel() from another thread raises CancelledError,
        the interrupt key KeyboardInterrupt; parameters are then the best so far, as with
        NotFiniteError. UnsupportedError names the loss or layer without what the optimizer needs."""
        bound = self._bound(inputs, targets, weights, scale, mean, layout)
        options = _abi.cnn_minimize_options(
            gradient_tolerance=literal(gradient_tolerance, "gradient_tolerance"),
            step_tolerance=literal(step_tolerance, "step_tolerance"),
            value_tolerance=literal(value_tolerance, "value_tolerance"),
            max_iterations=_limit(max_iterations),
            max_evaluations=_limit(max_evaluations),
            seconds=seconds or 0,
            then=None if then is None else then.handle,
            stall_iterations=_limit(stall_iterations),
            stall_tolerance=literal(stall_tolerance, "stall_tolerance"),
        )
        names = [] if tensors is None else [name.encode() for name in tensors]
        array = (ctypes.c_char_p * max(len(names), 1))(*names)
        if tensors is not None:
            options.tensors = ctypes.addressof(array)
            options.tensor_count = len(names)
        report = _abi.cnn_minimize_report()
        with _watched(options, progress) as watch, _reported(report, watch, optimizer, then):
            self._compute(
                lib.cnn_net_minimize,
                optimizer.handle,
                byref(bound.struct),
                byref(options),
                byref(report),
            )
        return _report(report)


__all__ = ["Minimum", "MinimizeReport", "Minimizing", "conjugate_gradient", "least_squares", "minimize"]
