"""Optimizers: a class each, their hyper-parameters as keywords and attributes."""

from __future__ import annotations

from ctypes import byref, c_double
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Callable, Dict, Generic, List, Literal, Optional, Type, TypeVar, Union
from typing import overload

from ._abi import Key, LineSearch, OptimizerKind, Status, cnn_key_info
from ._enums import LineSearchLike, constant, known
from ._errors import NotFoundError, OutOfMemoryError, call
from ._handles import Handle
from ._library import lib

Value = TypeVar("Value")


class CgUpdate(IntEnum):
    """The direction of nonlinear conjugate gradients."""

    POLAK_RIBIERE = 0
    """With the restart that its plus stands for."""
    FLETCHER_REEVES = 1


class InitialHessian(IntEnum):
    """What BFGS's inverse Hessian starts as."""

    SCALED = 0
    """I, and after the first step (y's / y'y) I."""
    IDENTITY = 1
    DIFFERENCES = 2
    """The inverse of a Hessian by differences of n gradients."""


class CurvatureGuard(IntEnum):
    """What becomes of a quasi-Newton update without positive curvature."""

    SKIP = 0
    DAMP = 1
    """Powell's damping."""


CgUpdateLike = Union[CgUpdate, Literal["polak_ribiere", "fletcher_reeves"]]
InitialHessianLike = Union[InitialHessian, Literal["scaled", "identity", "differences"]]
CurvatureGuardLike = Union[CurvatureGuard, Literal["skip", "damp"]]


@dataclass(frozen=True)
class KeyInfo:
    """A hyper-parameter of an optimizer."""

    name: str
    key: Key
    value: float
    default: float
    minimum: float
    """Inclusive, as the maximum."""
    maximum: float


class Optimizer(Handle):
    """A way to a minimum and its hyper-parameters, of one of two sorts. A first-order rule turns
    gradients into steps: it serves train_step and fit, keeps its state and binds to the first net
    it trains; another is refused (BadStateError) until reset(). A minimizer sees a whole problem at
    once: it serves minimize, as rules do too; train_step and fit refuse it (UnsupportedError).

    Use its subclasses, such as Adam(learning_rate=1e-3), or name one: Optimizer("adam"). Each
    hyper-parameter is an attribute, adam.learning_rate, and an item, adam["learning_rate"]; setting
    one takes effect at the next step. OutOfRangeError, naming the bounds, for a value outside them.
    """

    def __init__(self, kind: Union[OptimizerKind, str], **keys: Any) -> None:
        handle = lib.cnn_optimizer_create(constant(OptimizerKind, kind))
        if not handle:
            raise OutOfMemoryError("optimizer: out of memory", Status.OUT_OF_MEMORY)
        self._adopt(handle, lib.cnn_optimizer_destroy)
        for name, value in keys.items():
            self[name] = _CHOICES[name](value) if name in _CHOICES else value

    def __getitem__(self, key: Union[Key, str]) -> float:
        value = c_double()
        call(lib.cnn_optimizer_get, self._handle, self._key(key), byref(value))
        return value.value

    def __setitem__(self, key: Union[Key, str], value: float) -> None:
        call(lib.cnn_optimizer_set, self._handle, self._key(key), value)

    def _key(self, key: Union[Key, str]) -> int:
        if not isinstance(key, str):
            return key
        try:
            return Key[key.upper()]
        except KeyError:
            known = ", ".join(self.keys())
            raise NotFoundError(
                f"{self.kind.name.lower()} has no hyper-parameter {key!r}; it has {known}",
                Status.NOT_FOUND,
            ) from None

    def describe(self) -> Dict[str, KeyInfo]:
        """Its hyper-parameters by name, with values, defaults and bounds."""
        found = {}
        for index in range(lib.cnn_optimizer_key_count(self._handle)):
            info = cnn_key_info()
            call(lib.cnn_optimizer_describe_key, self._handle, index, byref(info))
            name = info.name.decode()
            found[name] = KeyInfo(
                name=name,
                key=known(Key, info.key),
                value=info.value,
                default=info.default_value,
                minimum=info.minimum,
                maximum=info.maximum,
            )
        return found

    def keys(self) -> List[str]:
        """The names of its hyper-parameters."""
        return list(self.describe())

    @property
    def kind(self) -> OptimizerKind:
        """Which it is."""
        return known(OptimizerKind, lib.cnn_optimizer_get_kind(self._handle))

    @property
    def steps(self) -> int:
        """Steps taken since it was made or reset."""
        steps: int = lib.cnn_optimizer_steps(self._handle)
        return steps

    def reset(self) -> None:
        """Forgets state, steps and the bound net; hyper-parameters stay."""
        call(lib.cnn_optimizer_reset, self._handle)

    def __repr__(self) -> str:
        if self.closed:
            return f"<cnn.{type(self).__name__}, closed>"
        keys = ", ".join(f"{key.name}={key.value:g}" for key in self.describe().values())
        return f"<cnn.{type(self).__name__} {keys}; {self.steps} steps>"


class HyperParameter(Generic[Value]):
    """A hyper-parameter as an attribute."""

    def __init__(
        self, key: Key, read: Callable[[float], Value], write: Callable[[Any], float], doc: str
    ) -> None:
        self._key = key
        self._read = read
        self._write = write
        self.__doc__ = doc

    @overload
    def __get__(self, optimizer: None, owner: Type[Optimizer]) -> HyperParameter[Value]: ...
    @overload
    def __get__(self, optimizer: Optimizer, owner: Type[Optimizer]) -> Value: ...
    def __get__(
        self, optimizer: Optional[Optimizer], owner: Type[Optimizer]
    ) -> Union[HyperParameter[Value], Value]:
        return self if optimizer is None else self._read(optimizer[self._key])

    def __set__(self, optimizer: Optimizer, value: Any) -> None:
        optimizer[self._key] = self._write(value)


def number(key: Key, doc: str) -> HyperParameter[float]:
    """A real hyper-parameter."""
    return HyperParameter(key, float, float, doc)


def count(key: Key, doc: str) -> HyperParameter[int]:
    """A whole one."""
    return HyperParameter(key, int, float, doc)


def truth(key: Key, doc: str) -> HyperParameter[bool]:
    """One that is 0 or 1."""
    return HyperParameter(key, bool, float, doc)


Choice = TypeVar("Choice", bound=IntEnum)

_CHOICES: Dict[str, Callable[[Any], float]] = {
    "line_search": lambda value: constant(LineSearch, value),
    "cg_update": lambda value: constant(CgUpdate, value),
    "initial_hessian": lambda value: constant(InitialHessian, value),
    "curvature_guard": lambda value: constant(CurvatureGuard, value),
}


def choice(key: Key, kind: Type[Choice], doc: str) -> HyperParameter[Choice]:
    """One of a few."""
    return HyperParameter(
        key, lambda value: kind(int(value)), lambda value: constant(kind, value), doc
    )


class SGD(Optimizer):
    """Gradient descent with momentum, Nesterov's if so wanted. For train_step and fit."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    momentum = number(Key.MOMENTUM, "Of the steps' floating sum.")
    nesterov = truth(Key.NESTEROV, "Nesterov's momentum.")
    weight_decay = number(
        Key.WEIGHT_DECAY, "Shrinks weights by learning_rate * weight_decay a step."
    )
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")
    clip_norm = number(
        Key.CLIP_NORM, "The gradient's 2-norm is scaled to at most this; 0: it isn't."
    )

    def __init__(
        self,
        *,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.SGD,
            learning_rate=learning_rate,
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=weight_decay,
            l2=l2,
            l1=l1,
            clip_norm=clip_norm,
        )


class Adam(Optimizer):
    """Adam (Kingma, Ba 2015). For train_step and fit."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    beta1 = number(Key.BETA1, "Decay of the gradients' mean.")
    beta2 = number(Key.BETA2, "Decay of the squares' mean.")
    epsilon = number(Key.EPSILON, "Added to the root.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")
    clip_norm = number(
        Key.CLIP_NORM, "The gradient's 2-norm is scaled to at most this; 0: it isn't."
    )

    def __init__(
        self,
        *,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.ADAM,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            l2=l2,
            l1=l1,
            clip_norm=clip_norm,
        )


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient (Loshchilov, Hutter 2019). For train_step and
    fit."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    beta1 = number(Key.BETA1, "Decay of the gradients' mean.")
    beta2 = number(Key.BETA2, "Decay of the squares' mean.")
    epsilon = number(Key.EPSILON, "Added to the root.")
    weight_decay = number(
        Key.WEIGHT_DECAY, "Shrinks weights by learning_rate * weight_decay a step."
    )
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")
    clip_norm = number(
        Key.CLIP_NORM, "The gradient's 2-norm is scaled to at most this; 0: it isn't."
    )

    def __init__(
        self,
        *,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        weight_decay: float = 0.01,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.ADAMW,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            weight_decay=weight_decay,
            l2=l2,
            l1=l1,
            clip_norm=clip_norm,
        )


class AdaGrad(Optimizer):
    """AdaGrad (Duchi, Hazan, Singer 2011). For train_step and fit."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    epsilon = number(Key.EPSILON, "Added to the root.")
    mean_squares = truth(Key.MEAN_SQUARES, "The root is of the mean of squares, not of their sum.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")
    clip_norm = number(
        Key.CLIP_NORM, "The gradient's 2-norm is scaled to at most this; 0: it isn't."
    )

    def __init__(
        self,
        *,
        learning_rate: float = 0.01,
        epsilon: float = 1e-08,
        mean_squares: bool = False,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.ADAGRAD,
            learning_rate=learning_rate,
            epsilon=epsilon,
            mean_squares=mean_squares,
            l2=l2,
            l1=l1,
            clip_norm=clip_norm,
        )


class RMSProp(Optimizer):
    """RMSProp, with momentum if so wanted. For train_step and fit."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    momentum = number(Key.MOMENTUM, "Of the steps' floating sum.")
    beta2 = number(Key.BETA2, "Decay of the squares' mean.")
    epsilon = number(Key.EPSILON, "Added to the root.")
    bias_correction = truth(Key.BIAS_CORRECTION, "Corrects the average's bias to zero.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")
    clip_norm = number(
        Key.CLIP_NORM, "The gradient's 2-norm is scaled to at most this; 0: it isn't."
    )

    def __init__(
        self,
        *,
        learning_rate: float = 0.001,
        momentum: float = 0.0,
        beta2: float = 0.9,
        epsilon: float = 1e-08,
        bias_correction: bool = False,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.RMSPROP,
            learning_rate=learning_rate,
            momentum=momentum,
            beta2=beta2,
            epsilon=epsilon,
            bias_correction=bias_correction,
            l2=l2,
            l1=l1,
            clip_norm=clip_norm,
        )


class AdamsBashforth(Optimizer):
    """The two-step Adams-Bashforth method. For train_step and fit."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")
    clip_norm = number(
        Key.CLIP_NORM, "The gradient's 2-norm is scaled to at most this; 0: it isn't."
    )

    def __init__(
        self,
        *,
        learning_rate: float = 0.01,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.ADAMS_BASHFORTH,
            learning_rate=learning_rate,
            l2=l2,
            l1=l1,
            clip_norm=clip_norm,
        )


class GradientDescent(Optimizer):
    """Descent by line search. For whole problems: minimize."""

    line_search = choice(Key.LINE_SEARCH, LineSearch, "How a step's length is found.")
    c1 = number(Key.C1, "Of the line search: sufficient decrease.")
    c2 = number(Key.C2, "Of the line search: curvature; c1 < c2 < 1.")
    average = number(Key.AVERAGE, "Of the floating mean of directions; 0: none.")
    search_period = count(Key.SEARCH_PERIOD, "Only every so manyth step searches; 0: each.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        line_search: LineSearchLike = "strong_wolfe",
        c1: float = 0.0001,
        c2: float = 0.1,
        average: float = 0.0,
        search_period: int = 0,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.GRADIENT_DESCENT,
            line_search=line_search,
            c1=c1,
            c2=c2,
            average=average,
            search_period=search_period,
            l2=l2,
            l1=l1,
        )


class Heun(Optimizer):
    """Heun's method: two gradients a step. For whole problems: minimize."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        learning_rate: float = 0.01,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.HEUN,
            learning_rate=learning_rate,
            l2=l2,
            l1=l1,
        )


class NonlinearCG(Optimizer):
    """Nonlinear conjugate gradients. For whole problems: minimize."""

    cg_update = choice(Key.CG_UPDATE, CgUpdate, "Which formula for the next direction.")
    restart = count(
        Key.RESTART, "Starts anew every so many iterations; 0: as many as there are parameters."
    )
    preconditioner = truth(
        Key.PRECONDITIONER, "The diagonal of a quasi-Newton update as a preconditioner."
    )
    line_search = choice(Key.LINE_SEARCH, LineSearch, "How a step's length is found.")
    c1 = number(Key.C1, "Of the line search: sufficient decrease.")
    c2 = number(Key.C2, "Of the line search: curvature; c1 < c2 < 1.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        cg_update: CgUpdateLike = "polak_ribiere",
        restart: int = 0,
        preconditioner: bool = False,
        line_search: LineSearchLike = "strong_wolfe",
        c1: float = 0.0001,
        c2: float = 0.1,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.NONLINEAR_CG,
            cg_update=cg_update,
            restart=restart,
            preconditioner=preconditioner,
            line_search=line_search,
            c1=c1,
            c2=c2,
            l2=l2,
            l1=l1,
        )


class BFGS(Optimizer):
    """BFGS with a dense inverse Hessian, n^2 numbers. For whole problems: minimize."""

    initial_hessian = choice(
        Key.INITIAL_HESSIAN, InitialHessian, "What the inverse Hessian starts as."
    )
    line_search = choice(Key.LINE_SEARCH, LineSearch, "How a step's length is found.")
    c1 = number(Key.C1, "Of the line search: sufficient decrease.")
    c2 = number(Key.C2, "Of the line search: curvature; c1 < c2 < 1.")
    epsilon = number(
        Key.EPSILON, "An update with y's <= epsilon |y| |s| counts as one without positive curvature."
    )
    curvature_guard = choice(
        Key.CURVATURE_GUARD, CurvatureGuard, "What becomes of an update without positive curvature."
    )
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        initial_hessian: InitialHessianLike = "scaled",
        line_search: LineSearchLike = "strong_wolfe",
        c1: float = 0.0001,
        c2: float = 0.9,
        epsilon: float = 1e-10,
        curvature_guard: CurvatureGuardLike = "skip",
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.BFGS,
            initial_hessian=initial_hessian,
            line_search=line_search,
            c1=c1,
            c2=c2,
            epsilon=epsilon,
            curvature_guard=curvature_guard,
            l2=l2,
            l1=l1,
        )


class LBFGS(Optimizer):
    """L-BFGS: 2 history + 4 vectors. For whole problems: minimize."""

    history = count(Key.HISTORY, "Pairs that are kept.")
    line_search = choice(Key.LINE_SEARCH, LineSearch, "How a step's length is found.")
    c1 = number(Key.C1, "Of the line search: sufficient decrease.")
    c2 = number(Key.C2, "Of the line search: curvature; c1 < c2 < 1.")
    epsilon = number(
        Key.EPSILON, "An update with y's <= epsilon |y| |s| counts as one without positive curvature."
    )
    curvature_guard = choice(
        Key.CURVATURE_GUARD, CurvatureGuard, "What becomes of an update without positive curvature."
    )
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        history: int = 8,
        line_search: LineSearchLike = "strong_wolfe",
        c1: float = 0.0001,
        c2: float = 0.9,
        epsilon: float = 1e-10,
        curvature_guard: CurvatureGuardLike = "skip",
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.LBFGS,
            history=history,
            line_search=line_search,
            c1=c1,
            c2=c2,
            epsilon=epsilon,
            curvature_guard=curvature_guard,
            l2=l2,
            l1=l1,
        )


class LevenbergMarquardt(Optimizer):
    """Levenberg-Marquardt, for sums of squares: least_squares, and minimize of a net."""

    damping = number(Key.DAMPING, "lambda to start with.")
    norm_residual = truth(Key.NORM_RESIDUAL, "One residual |r| a sample.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        damping: float = 0.001,
        norm_residual: bool = False,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.LEVENBERG_MARQUARDT,
            damping=damping,
            norm_residual=norm_residual,
            l2=l2,
            l1=l1,
        )


class GaussNewtonCG(Optimizer):
    """Gauss-Newton by truncated conjugate gradients; no matrix is stored. For whole problems:
    minimize."""

    damping = number(Key.DAMPING, "lambda to start with.")
    cg_iterations = count(Key.CG_ITERATIONS, "Products a step, at most.")
    cg_tolerance = number(
        Key.CG_TOLERANCE, "The inner solve stops at this residual relative to |g|."
    )
    sample_fraction = number(Key.SAMPLE_FRACTION, "Of the data that a product uses.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        damping: float = 0.001,
        cg_iterations: int = 100,
        cg_tolerance: float = 0.1,
        sample_fraction: float = 1.0,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.GAUSS_NEWTON_CG,
            damping=damping,
            cg_iterations=cg_iterations,
            cg_tolerance=cg_tolerance,
            sample_fraction=sample_fraction,
            l2=l2,
            l1=l1,
        )


class FullAdaGrad(Optimizer):
    """AdaGrad with the whole matrix: n^2 numbers, n^3 work a step. For whole problems: minimize."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    epsilon = number(Key.EPSILON, "Added to the root.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        learning_rate: float = 0.01,
        epsilon: float = 1e-08,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.FULL_ADAGRAD,
            learning_rate=learning_rate,
            epsilon=epsilon,
            l2=l2,
            l1=l1,
        )


class FullRMSProp(Optimizer):
    """RMSProp likewise, with a decaying mean. For whole problems: minimize."""

    learning_rate = number(Key.LEARNING_RATE, "The step's size.")
    beta2 = number(Key.BETA2, "Decay of the squares' mean.")
    epsilon = number(Key.EPSILON, "Added to the root.")
    l2 = number(Key.L2, "lambda of (lambda / 2) |theta - center|^2.")
    l1 = number(Key.L1, "lambda of lambda sum |theta - center|.")

    def __init__(
        self,
        *,
        learning_rate: float = 0.01,
        beta2: float = 0.9,
        epsilon: float = 1e-08,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            OptimizerKind.FULL_RMSPROP,
            learning_rate=learning_rate,
            beta2=beta2,
            epsilon=epsilon,
            l2=l2,
            l1=l1,
        )


_CLASSES: Dict[OptimizerKind, Type[Optimizer]] = {
    OptimizerKind.SGD: SGD,
    OptimizerKind.ADAM: Adam,
    OptimizerKind.ADAMW: AdamW,
    OptimizerKind.ADAGRAD: AdaGrad,
    OptimizerKind.RMSPROP: RMSProp,
    OptimizerKind.ADAMS_BASHFORTH: AdamsBashforth,
    OptimizerKind.GRADIENT_DESCENT: GradientDescent,
    OptimizerKind.HEUN: Heun,
    OptimizerKind.NONLINEAR_CG: NonlinearCG,
    OptimizerKind.BFGS: BFGS,
    OptimizerKind.LBFGS: LBFGS,
    OptimizerKind.LEVENBERG_MARQUARDT: LevenbergMarquardt,
    OptimizerKind.GAUSS_NEWTON_CG: GaussNewtonCG,
    OptimizerKind.FULL_ADAGRAD: FullAdaGrad,
    OptimizerKind.FULL_RMSPROP: FullRMSProp,
}


def adopted(handle: int) -> Optimizer:
    """The optimizer of a handle, of the class for its kind."""
    kind = _CLASSES.get(lib.cnn_optimizer_get_kind(handle), Optimizer)
    optimizer = kind.__new__(kind)
    optimizer._adopt(handle, lib.cnn_optimizer_destroy)
    return optimizer
