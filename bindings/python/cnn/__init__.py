"""libcnn: create, train and run convolutional networks in this process, on the CPU or on an OpenCL
device chosen at run time.

    import cnn

    net = cnn.Net()
    x = net.input("image", (1, 28, 28))
    x = net.conv2d(x, filters=32, kernel=5, padding="same", activation="relu")
    x = net.max_pool2d(x, window=2)
    net.loss(net.dense(x, units=10), "softmax_cross_entropy")
    net.compile("auto", max_batch=64)
    net.fit(cnn.Adam(learning_rate=1e-3), images, labels, scale=1 / 255, epochs=5, progress=True)
    print(net.summary())

Errors are exceptions, all of them cnn.Error. Other Python threads run while the library computes.
"""

from ._abi import Activation, Connection, DeviceKind, Initializer, Key, Layout, LineSearch, LogLevel
from ._abi import Loss, OptimizerKind, Order, Padding, Radial, Schedule, Status, Stop, Vector, VecOrder
from ._base import Node, NodeInfo, NodeLike
from ._budgets import PartialRun, RunProgress
from ._building import Connections
from ._computing import Evaluation, GradientReport, NodeTime, TuneReport
from ._devices import Allocator, Device, DeviceInfo, devices
from ._errors import BadFileError, BadStateError, BusyError, CancelledError, DeviceError, Error
from ._errors import IncompatibleError, InputOutputError, InternalError, InvalidArgumentError
from ._errors import LimitExceededError, NotFiniteError, NotFoundError, OutOfMemoryError
from ._errors import OutOfRangeError, ShapeMismatchError, UnsupportedError, status_name
from ._events import Event
from ._hosts import HostActivation, HostCall, HostLayer, HostParameter
from ._library import version, version_number
from ._matrices import ConvolutionInfo, Csr, Matrix
from ._minimizing import MinimizeReport, Minimum, conjugate_gradient, least_squares, minimize
from ._nets import Net, checkpoint_to_bytes, load_checkpoint, save_checkpoint
from ._optimizers import BFGS, LBFGS, SGD, AdaGrad, Adam, AdamsBashforth, AdamW, CgUpdate
from ._optimizers import CurvatureGuard, FullAdaGrad, FullRMSProp, GaussNewtonCG, GradientDescent
from ._optimizers import Heun, InitialHessian, KeyInfo, LevenbergMarquardt, NonlinearCG, Optimizer
from ._optimizers import RMSProp
from ._parameters import TensorInfo, Tensors, UnknownTensorError
from ._progress import STOP, MinimizeProgress, Progress, ProgressBar, TuneProgress
from ._samples import Memory, Samples, View
from ._training import Report

__version__ = version()

__all__ = [
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AdamsBashforth",
    "Allocator",
    "BFGS",
    "BadFileError",
    "BadStateError",
    "BusyError",
    "CancelledError",
    "CgUpdate",
    "Connection",
    "Connections",
    "ConvolutionInfo",
    "Csr",
    "CurvatureGuard",
    "Device",
    "DeviceError",
    "DeviceInfo",
    "DeviceKind",
    "Error",
    "Evaluation",
    "Event",
    "FullAdaGrad",
    "FullRMSProp",
    "GaussNewtonCG",
    "GradientDescent",
    "GradientReport",
    "Heun",
    "HostActivation",
    "HostCall",
    "HostLayer",
    "HostParameter",
    "IncompatibleError",
    "InitialHessian",
    "Initializer",
    "InputOutputError",
    "InternalError",
    "InvalidArgumentError",
    "Key",
    "KeyInfo",
    "LBFGS",
    "Layout",
    "LevenbergMarquardt",
    "LimitExceededError",
    "LineSearch",
    "LogLevel",
    "Loss",
    "Matrix",
    "MinimizeProgress",
    "MinimizeReport",
    "Memory",
    "Minimum",
    "Net",
    "Node",
    "NodeInfo",
    "NodeTime",
    "NodeLike",
    "NonlinearCG",
    "NotFiniteError",
    "NotFoundError",
    "Optimizer",
    "OptimizerKind",
    "Order",
    "OutOfMemoryError",
    "OutOfRangeError",
    "Padding",
    "PartialRun",
    "Progress",
    "ProgressBar",
    "RMSProp",
    "Radial",
    "Report",
    "SGD",
    "STOP",
    "RunProgress",
    "Samples",
    "Schedule",
    "ShapeMismatchError",
    "Status",
    "Stop",
    "TensorInfo",
    "Tensors",
    "TuneProgress",
    "TuneReport",
    "UnknownTensorError",
    "UnsupportedError",
    "VecOrder",
    "Vector",
    "View",
    "checkpoint_to_bytes",
    "conjugate_gradient",
    "devices",
    "least_squares",
    "load_checkpoint",
    "minimize",
    "save_checkpoint",
    "status_name",
    "version",
    "version_number",
]
