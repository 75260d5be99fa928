"""The C interface of libcnn for ctypes. Written by generate.py from include/cnn/cnn.h."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_float
from ctypes import c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from enum import IntEnum
from typing import Any, Callable, Dict, Literal, Optional, Tuple

Bytes = bytes  # that a field "bytes" does not hide
VERSION = (0, 1, 0)


class Status(IntEnum):
    """cnn_status."""

    OK = 0
    INVALID_ARGUMENT = 1
    OUT_OF_MEMORY = 2
    NOT_FOUND = 3
    SHAPE_MISMATCH = 4
    UNSUPPORTED = 5
    BAD_STATE = 6
    BUSY = 7
    CANCELLED = 8
    IO_ERROR = 9
    BAD_FILE = 10
    NOT_FINITE = 11
    DEVICE_ERROR = 12
    LIMIT_EXCEEDED = 13
    OUT_OF_RANGE = 14
    INTERNAL = 15
    INCOMPATIBLE = 16


StatusName = Literal["ok", "invalid_argument", "out_of_memory", "not_found", "shape_mismatch", "unsupported", "bad_state", "busy", "cancelled", "io_error", "bad_file", "not_finite", "device_error", "limit_exceeded", "out_of_range", "internal", "incompatible"]


class LogLevel(IntEnum):
    """cnn_log_level."""

    SILENT = 0
    ERROR = 1
    WARNING = 2
    INFO = 3
    DEBUG = 4


LogLevelName = Literal["silent", "error", "warning", "info", "debug"]


class DeviceKind(IntEnum):
    """cnn_device_kind."""

    CPU = 1
    GPU = 2
    OTHER = 3


DeviceKindName = Literal["cpu", "gpu", "other"]


class Activation(IntEnum):
    """cnn_activation_kind."""

    LINEAR = 0
    RELU = 1
    LEAKY_RELU = 2
    SIGMOID = 3
    TANH = 4
    SCALED_TANH = 5
    ELU = 6
    GELU = 7
    SILU = 8
    SOFT_LOGISTIC = 9
    SOFTSIGN = 10
    ALGEBRAIC = 11


ActivationName = Literal["linear", "relu", "leaky_relu", "sigmoid", "tanh", "scaled_tanh", "elu", "gelu", "silu", "soft_logistic", "softsign", "algebraic"]


class Initializer(IntEnum):
    """cnn_initializer."""

    DEFAULT = 0
    HE = 1
    XAVIER = 2
    UNIFORM = 3
    NORMAL = 4
    CONSTANT = 5


InitializerName = Literal["default", "he", "xavier", "uniform", "normal", "constant"]


class Padding(IntEnum):
    """cnn_padding."""

    EXPLICIT = 0
    SAME = 1


PaddingName = Literal["explicit", "same"]


class Connection(IntEnum):
    """cnn_connection_kind."""

    FULL = 0
    SINGLE = 1
    RANDOM = 2
    CUSTOM = 3


ConnectionName = Literal["full", "single", "random", "custom"]


class Radial(IntEnum):
    """cnn_radial_kind."""

    GAUSSIAN = 0
    UNSQUARED = 1
    MULTIQUADRIC = 2
    INVERSE_MULTIQUADRIC = 3
    INVERSE_QUADRATIC = 4
    DISTANCE = 5


RadialName = Literal["gaussian", "unsquared", "multiquadric", "inverse_multiquadric", "inverse_quadratic", "distance"]


class Loss(IntEnum):
    """cnn_loss_kind."""

    SOFTMAX_CROSS_ENTROPY = 1
    SIGMOID_CROSS_ENTROPY = 2
    MSE = 3
    HALF_MSE = 4
    SUM_OF_SQUARES = 5
    BINARY_CROSS_ENTROPY = 6
    CROSS_ENTROPY = 7


LossName = Literal["softmax_cross_entropy", "sigmoid_cross_entropy", "mse", "half_mse", "sum_of_squares", "binary_cross_entropy", "cross_entropy"]


class Accept(IntEnum):
    """cnn_accept."""

    WINOGRAD_4X4 = 1


AcceptName = Literal["winograd_4x4"]


class Type(IntEnum):
    """cnn_type."""

    FLOAT32 = 0
    UINT8 = 1
    INT32 = 2
    INT64 = 3


TypeName = Literal["float32", "uint8", "int32", "int64"]


class Layout(IntEnum):
    """cnn_layout."""

    NCHW = 0
    NHWC = 1


LayoutName = Literal["nchw", "nhwc"]


class OptimizerKind(IntEnum):
    """cnn_optimizer_kind."""

    SGD = 1
    ADAM = 2
    ADAMW = 3
    ADAGRAD = 4
    RMSPROP = 5
    ADAMS_BASHFORTH = 6
    GRADIENT_DESCENT = 20
    HEUN = 21
    NONLINEAR_CG = 22
    BFGS = 23
    LBFGS = 24
    LEVENBERG_MARQUARDT = 25
    GAUSS_NEWTON_CG = 26
    FULL_ADAGRAD = 27
    FULL_RMSPROP = 28


OptimizerKindName = Literal["sgd", "adam", "adamw", "adagrad", "rmsprop", "adams_bashforth", "gradient_descent", "heun", "nonlinear_cg", "bfgs", "lbfgs", "levenberg_marquardt", "gauss_newton_cg", "full_adagrad", "full_rmsprop"]


class LineSearch(IntEnum):
    """cnn_line_search."""

    STRONG_WOLFE = 0
    WOLFE = 1
    ARMIJO = 2
    GOLDEN = 3
    BRENT = 4
    BRENT_SLOPE = 5


LineSearchName = Literal["strong_wolfe", "wolfe", "armijo", "golden", "brent", "brent_slope"]


class Key(IntEnum):
    """cnn_key."""

    LEARNING_RATE = 1
    MOMENTUM = 2
    NESTEROV = 3
    BETA1 = 4
    BETA2 = 5
    EPSILON = 6
    WEIGHT_DECAY = 7
    L2 = 8
    CLIP_NORM = 9
    L1 = 10
    MEAN_SQUARES = 11
    BIAS_CORRECTION = 12
    LINE_SEARCH = 20
    C1 = 21
    C2 = 22
    HISTORY = 23
    CG_UPDATE = 24
    RESTART = 25
    PRECONDITIONER = 26
    INITIAL_HESSIAN = 27
    CURVATURE_GUARD = 28
    DAMPING = 29
    NORM_RESIDUAL = 30
    CG_ITERATIONS = 31
    CG_TOLERANCE = 32
    SAMPLE_FRACTION = 33
    AVERAGE = 34
    SEARCH_PERIOD = 35


KeyName = Literal["learning_rate", "momentum", "nesterov", "beta1", "beta2", "epsilon", "weight_decay", "l2", "clip_norm", "l1", "mean_squares", "bias_correction", "line_search", "c1", "c2", "history", "cg_update", "restart", "preconditioner", "initial_hessian", "curvature_guard", "damping", "norm_residual", "cg_iterations", "cg_tolerance", "sample_fraction", "average", "search_period"]


class Schedule(IntEnum):
    """cnn_schedule."""

    CONSTANT = 0
    STEP = 1
    EXPONENTIAL = 2
    COSINE = 3


ScheduleName = Literal["constant", "step", "exponential", "cosine"]


class Stop(IntEnum):
    """cnn_stop."""

    NONE = 0
    GRADIENT = 1
    STEP = 2
    VALUE = 3
    NO_DECREASE = 4
    ITERATIONS = 5
    EVALUATIONS = 6
    TIME = 7
    CANCELLED = 8
    NOT_FINITE = 9
    FAILED = 10


StopName = Literal["none", "gradient", "step", "value", "no_decrease", "iterations", "evaluations", "time", "cancelled", "not_finite", "failed"]


class Vector(IntEnum):
    """cnn_vector."""

    PARAMETERS = 0
    GRADIENT = 1
    STATE = 2


VectorName = Literal["parameters", "gradient", "state"]


class Order(IntEnum):
    """cnn_order."""

    CHW = 0
    HWC = 1


OrderName = Literal["chw", "hwc"]


class VecOrder(IntEnum):
    """cnn_vec_order."""

    ROWS = 0
    COLUMNS = 1


VecOrderName = Literal["rows", "columns"]


cnn_host_function = CFUNCTYPE(c_int32, c_void_p, c_void_p)

cnn_tune_function = CFUNCTYPE(c_int32, c_void_p, c_void_p)

cnn_progress_function = CFUNCTYPE(c_int32, c_void_p, c_void_p)

cnn_minimize_function = CFUNCTYPE(c_int32, c_void_p, c_void_p)

cnn_product_function = CFUNCTYPE(c_int32, c_int64, c_void_p, c_void_p, c_void_p)


class cnn_error(Structure):
    _fields_ = [
        ("status", c_int32),
        ("node", c_int32),
        ("message", c_char * 504),
    ]

    status: int
    node: int
    message: Bytes


class cnn_allocator(Structure):
    _fields_ = [
        ("user", c_void_p),
        ("alloc", CFUNCTYPE(c_void_p, c_void_p, c_size_t, c_size_t)),
        ("free", CFUNCTYPE(None, c_void_p, c_void_p, c_size_t, c_size_t)),
    ]

    user: Optional[int]
    alloc: Any
    free: Any


class cnn_log(Structure):
    _fields_ = [
        ("user", c_void_p),
        ("write", CFUNCTYPE(None, c_void_p, c_int32, c_char_p)),
        ("level", c_int32),
        ("reserved", c_int32),
    ]

    user: Optional[int]
    write: Any
    level: int
    reserved: int


class cnn_reader(Structure):
    _fields_ = [
        ("user", c_void_p),
        ("read", CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t, c_void_p)),
    ]

    user: Optional[int]
    read: Any


class cnn_writer(Structure):
    _fields_ = [
        ("user", c_void_p),
        ("write", CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)),
    ]

    user: Optional[int]
    write: Any


class cnn_device_info(Structure):
    _fields_ = [
        ("spec", c_char * 64),
        ("backend", c_char * 32),
        ("name", c_char * 128),
        ("vendor", c_char * 128),
        ("driver", c_char * 128),
        ("kind", c_int32),
        ("compute_units", c_int32),
        ("memory", c_int64),
        ("memory_used", c_int64),
        ("memory_peak", c_int64),
        ("reserved", c_int64 * 13),
    ]

    spec: Bytes
    backend: Bytes
    name: Bytes
    vendor: Bytes
    driver: Bytes
    kind: int
    compute_units: int
    memory: int
    memory_used: int
    memory_peak: int
    reserved: Any


class cnn_device_options(Structure):
    _fields_ = [
        ("cache_directory", c_char_p),
        ("allocator", cnn_allocator),
        ("log", cnn_log),
        ("released", CFUNCTYPE(None, c_void_p)),
        ("released_user", c_void_p),
        ("memory_limit", c_int64),
        ("threads", c_int32),
        ("reserved32", c_int32),
        ("parallel_for", CFUNCTYPE(None, c_void_p, c_int32, c_void_p, c_void_p)),
        ("parallel_for_user", c_void_p),
        ("reserved", c_int64 * 10),
    ]

    cache_directory: Optional[bytes]
    allocator: cnn_allocator
    log: cnn_log
    released: Any
    released_user: Optional[int]
    memory_limit: int
    threads: int
    reserved32: int
    parallel_for: Any
    parallel_for_user: Optional[int]
    reserved: Any


class cnn_opencl(Structure):
    _fields_ = [
        ("context", c_void_p),
        ("device", c_void_p),
        ("queue", c_void_p),
        ("reserved", c_int64 * 8),
    ]

    context: Optional[int]
    device: Optional[int]
    queue: Optional[int]
    reserved: Any


class cnn_net_options(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("seed", c_uint64),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    seed: int
    reserved: Any


class cnn_connections(Structure):
    _fields_ = [
        ("kind", c_int32),
        ("shared_kernel", c_int32),
        ("fan_in", c_int64),
        ("seed", c_uint64),
        ("pairs", c_void_p),
        ("pair_count", c_int64),
        ("kernel_sizes", c_void_p),
        ("kernel_size_count", c_int64),
        ("kernel_sizes_by_map", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    kind: int
    shared_kernel: int
    fan_in: int
    seed: int
    pairs: Optional[int]
    pair_count: int
    kernel_sizes: Optional[int]
    kernel_size_count: int
    kernel_sizes_by_map: int
    reserved32: int
    reserved: Any


class cnn_conv2d(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("filters", c_int64),
        ("kernel", c_int64 * 2),
        ("stride", c_int64 * 2),
        ("dilation", c_int64 * 2),
        ("padding", c_int64 * 4),
        ("groups", c_int64),
        ("padding_mode", c_int32),
        ("no_bias", c_int32),
        ("activation", c_int32),
        ("slope", c_float),
        ("initializer", c_int32),
        ("initializer_scale", c_float),
        ("connections", POINTER(cnn_connections)),
        ("exact", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    filters: int
    kernel: Any
    stride: Any
    dilation: Any
    padding: Any
    groups: int
    padding_mode: int
    no_bias: int
    activation: int
    slope: float
    initializer: int
    initializer_scale: float
    connections: Any
    exact: int
    reserved32: int
    reserved: Any


class cnn_dense(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("units", c_int64),
        ("no_bias", c_int32),
        ("activation", c_int32),
        ("slope", c_float),
        ("initializer", c_int32),
        ("initializer_scale", c_float),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    units: int
    no_bias: int
    activation: int
    slope: float
    initializer: int
    initializer_scale: float
    reserved32: int
    reserved: Any


class cnn_pool2d(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("window", c_int64 * 2),
        ("stride", c_int64 * 2),
        ("padding", c_int64 * 4),
        ("padding_mode", c_int32),
        ("ceil_mode", c_int32),
        ("include_padding", c_int32),
        ("exact", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    window: Any
    stride: Any
    padding: Any
    padding_mode: int
    ceil_mode: int
    include_padding: int
    exact: int
    reserved: Any


class cnn_weighted_subsample2d(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("filters", c_int64),
        ("factor", c_int64 * 2),
        ("connections", POINTER(cnn_connections)),
        ("no_bias", c_int32),
        ("exact", c_int32),
        ("activation", c_int32),
        ("slope", c_float),
        ("initializer", c_int32),
        ("initializer_scale", c_float),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    filters: int
    factor: Any
    connections: Any
    no_bias: int
    exact: int
    activation: int
    slope: float
    initializer: int
    initializer_scale: float
    reserved: Any


class cnn_subsample2d(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("factor", c_int64 * 2),
        ("exact", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    factor: Any
    exact: int
    reserved32: int
    reserved: Any


class cnn_radial_basis(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("units", c_int64),
        ("kind", c_int32),
        ("beta", c_float),
        ("initializer", c_int32),
        ("initializer_scale", c_float),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    units: int
    kind: int
    beta: float
    initializer: int
    initializer_scale: float
    reserved: Any


class cnn_plain(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    reserved: Any


class cnn_reshape(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("shape", c_int64 * 3),
        ("rank", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    shape: Any
    rank: int
    reserved32: int
    reserved: Any


class cnn_activation(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("kind", c_int32),
        ("slope", c_float),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    kind: int
    slope: float
    reserved: Any


class cnn_dropout(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("rate", c_float),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    rate: float
    reserved32: int
    reserved: Any


class cnn_batch_norm(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("momentum", c_float),
        ("epsilon", c_float),
        ("no_scale", c_int32),
        ("no_shift", c_int32),
        ("activation", c_int32),
        ("slope", c_float),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    momentum: float
    epsilon: float
    no_scale: int
    no_shift: int
    activation: int
    slope: float
    reserved: Any


class cnn_add(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("activation", c_int32),
        ("slope", c_float),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    activation: int
    slope: float
    reserved: Any


class cnn_host_call(Structure):
    _fields_ = [
        ("n", c_int64),
        ("inputs", c_void_p),
        ("parameters", c_void_p),
        ("output", c_void_p),
        ("output_gradient", c_void_p),
        ("input_gradients", c_void_p),
        ("parameter_gradients", c_void_p),
        ("input_count", c_int32),
        ("parameter_count", c_int32),
        ("reserved", c_int64 * 8),
    ]

    n: int
    inputs: Optional[int]
    parameters: Optional[int]
    output: Optional[int]
    output_gradient: Optional[int]
    input_gradients: Optional[int]
    parameter_gradients: Optional[int]
    input_count: int
    parameter_count: int
    reserved: Any


class cnn_host_parameter(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("shape", c_int64 * 4),
        ("fan_in", c_int64),
        ("fan_out", c_int64),
        ("rank", c_int32),
        ("initializer", c_int32),
        ("initializer_scale", c_float),
        ("decays", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    shape: Any
    fan_in: int
    fan_out: int
    rank: int
    initializer: int
    initializer_scale: float
    decays: int
    reserved: Any


class cnn_host_layer(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("kind", c_char_p),
        ("output_shape", c_int64 * 3),
        ("parameters", POINTER(cnn_host_parameter)),
        ("forward", cnn_host_function),
        ("backward", cnn_host_function),
        ("user", c_void_p),
        ("released", CFUNCTYPE(None, c_void_p)),
        ("output_rank", c_int32),
        ("parameter_count", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    kind: Optional[bytes]
    output_shape: Any
    parameters: Any
    forward: Any
    backward: Any
    user: Optional[int]
    released: Any
    output_rank: int
    parameter_count: int
    reserved: Any


class cnn_host_activation(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("kind", c_char_p),
        ("forward", CFUNCTYPE(c_int32, c_int64, c_void_p, c_void_p, c_void_p)),
        ("backward", CFUNCTYPE(c_int32, c_int64, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
        ("user", c_void_p),
        ("released", CFUNCTYPE(None, c_void_p)),
        ("opencl_forward", c_char_p),
        ("opencl_derivative", c_char_p),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    kind: Optional[bytes]
    forward: Any
    backward: Any
    user: Optional[int]
    released: Any
    opencl_forward: Optional[bytes]
    opencl_derivative: Optional[bytes]
    reserved: Any


class cnn_loss(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("kind", c_int32),
        ("weight", c_float),
        ("output_weights", c_void_p),
        ("output_weight_count", c_int64),
        ("average_outputs", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Optional[bytes]
    kind: int
    weight: float
    output_weights: Optional[int]
    output_weight_count: int
    average_outputs: int
    reserved32: int
    reserved: Any


class cnn_compile(Structure):
    _fields_ = [
        ("max_batch", c_int64),
        ("batches", c_void_p),
        ("batch_count", c_int32),
        ("inference_only", c_int32),
        ("memory_limit", c_int64),
        ("tune_seconds", c_double),
        ("accept", c_int64),
        ("reserved", c_int64 * 6),
    ]

    max_batch: int
    batches: Optional[int]
    batch_count: int
    inference_only: int
    memory_limit: int
    tune_seconds: float
    accept: int
    reserved: Any


class cnn_tune_progress(Structure):
    _fields_ = [
        ("operation", c_int64),
        ("operations", c_int64),
        ("seconds", c_double),
        ("fraction", c_double),
        ("name", c_char * 128),
        ("reserved", c_int64 * 8),
    ]

    operation: int
    operations: int
    seconds: float
    fraction: float
    name: Bytes
    reserved: Any


class cnn_tune(Structure):
    _fields_ = [
        ("compile", cnn_compile),
        ("seconds", c_double),
        ("progress", cnn_tune_function),
        ("user", c_void_p),
        ("reserved", c_int64 * 8),
    ]

    compile: cnn_compile
    seconds: float
    progress: Any
    user: Optional[int]
    reserved: Any


class cnn_tune_report(Structure):
    _fields_ = [
        ("operations", c_int64),
        ("measured", c_int64),
        ("rejected", c_int64),
        ("kept", c_int64),
        ("seconds", c_double),
        ("seconds_before", c_double),
        ("seconds_after", c_double),
        ("reserved", c_int64 * 9),
    ]

    operations: int
    measured: int
    rejected: int
    kept: int
    seconds: float
    seconds_before: float
    seconds_after: float
    reserved: Any


class cnn_profile(Structure):
    _fields_ = [
        ("samples", c_int64),
        ("runs", c_int32),
        ("training", c_int32),
        ("reserved", c_int64 * 8),
    ]

    samples: int
    runs: int
    training: int
    reserved: Any


class cnn_node_time(Structure):
    _fields_ = [
        ("node", c_int32),
        ("second_pass", c_int32),
        ("seconds", c_double),
        ("flops", c_double),
        ("bytes", c_double),
        ("operation", c_char * 192),
        ("reserved", c_int64 * 8),
    ]

    node: int
    second_pass: int
    seconds: float
    flops: float
    bytes: float
    operation: Bytes
    reserved: Any


class cnn_view(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("elements", c_int64),
        ("type", c_int32),
        ("layout", c_int32),
        ("scale", c_float * 4),
        ("mean", c_float * 4),
        ("memory", c_void_p),
        ("memory_offset", c_int64),
        ("reserved", c_int64 * 8),
    ]

    data: Optional[int]
    elements: int
    type: int
    layout: int
    scale: Any
    mean: Any
    memory: Optional[int]
    memory_offset: int
    reserved: Any


class cnn_samples(Structure):
    _fields_ = [
        ("inputs", c_void_p),
        ("input_elements", c_int64),
        ("input_type", c_int32),
        ("input_layout", c_int32),
        ("scale", c_float * 4),
        ("mean", c_float * 4),
        ("targets", c_void_p),
        ("target_elements", c_int64),
        ("labels", c_void_p),
        ("label_elements", c_int64),
        ("weights", c_void_p),
        ("weight_elements", c_int64),
        ("input_views", POINTER(cnn_view)),
        ("target_views", POINTER(cnn_view)),
        ("input_view_count", c_int32),
        ("target_view_count", c_int32),
        ("label_type", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    inputs: Optional[int]
    input_elements: int
    input_type: int
    input_layout: int
    scale: Any
    mean: Any
    targets: Optional[int]
    target_elements: int
    labels: Optional[int]
    label_elements: int
    weights: Optional[int]
    weight_elements: int
    input_views: Any
    target_views: Any
    input_view_count: int
    target_view_count: int
    label_type: int
    reserved32: int
    reserved: Any


class cnn_run(Structure):
    _fields_ = [
        ("softmax", c_int32),
        ("training", c_int32),
        ("restart", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    softmax: int
    training: int
    restart: int
    reserved32: int
    reserved: Any


class cnn_run_progress(Structure):
    _fields_ = [
        ("done", c_int32),
        ("reserved32", c_int32),
        ("fraction", c_double),
        ("microseconds", c_double),
        ("next_microseconds", c_double),
        ("reserved", c_int64 * 8),
    ]

    done: int
    reserved32: int
    fraction: float
    microseconds: float
    next_microseconds: float
    reserved: Any


class cnn_evaluation(Structure):
    _fields_ = [
        ("loss", c_double),
        ("accuracy", c_double),
        ("samples", c_int64),
        ("correct", c_int64),
        ("reserved", c_int64 * 8),
    ]

    loss: float
    accuracy: float
    samples: int
    correct: int
    reserved: Any


class cnn_gradient_options(Structure):
    _fields_ = [
        ("training", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    training: int
    reserved32: int
    reserved: Any


class cnn_gradient_check(Structure):
    _fields_ = [
        ("entries", c_int64),
        ("directions", c_int64),
        ("seed", c_uint64),
        ("tolerance", c_double),
        ("training", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    entries: int
    directions: int
    seed: int
    tolerance: float
    training: int
    reserved32: int
    reserved: Any


class cnn_gradient_report(Structure):
    _fields_ = [
        ("worst", c_char * 320),
        ("tensor", c_char * 256),
        ("index", c_int64),
        ("error", c_double),
        ("analytic", c_double),
        ("numeric", c_double),
        ("direction_error", c_double),
        ("loss", c_double),
        ("entries", c_int64),
        ("skipped", c_int64),
        ("directions", c_int64),
        ("skipped_directions", c_int64),
        ("reserved", c_int64 * 8),
    ]

    worst: Bytes
    tensor: Bytes
    index: int
    error: float
    analytic: float
    numeric: float
    direction_error: float
    loss: float
    entries: int
    skipped: int
    directions: int
    skipped_directions: int
    reserved: Any


class cnn_key_info(Structure):
    _fields_ = [
        ("name", c_char * 32),
        ("key", c_int32),
        ("reserved32", c_int32),
        ("value", c_double),
        ("default_value", c_double),
        ("minimum", c_double),
        ("maximum", c_double),
        ("reserved", c_int64 * 8),
    ]

    name: Bytes
    key: int
    reserved32: int
    value: float
    default_value: float
    minimum: float
    maximum: float
    reserved: Any


class cnn_progress(Structure):
    _fields_ = [
        ("epoch", c_int64),
        ("epochs", c_int64),
        ("step", c_int64),
        ("steps", c_int64),
        ("fraction", c_double),
        ("loss", c_double),
        ("learning_rate", c_double),
        ("validation_loss", c_double),
        ("validation_accuracy", c_double),
        ("samples_per_second", c_double),
        ("seconds", c_double),
        ("seconds_left", c_double),
        ("epoch_ended", c_int32),
        ("done", c_int32),
        ("next_microseconds", c_double),
        ("reserved", c_int64 * 8),
    ]

    epoch: int
    epochs: int
    step: int
    steps: int
    fraction: float
    loss: float
    learning_rate: float
    validation_loss: float
    validation_accuracy: float
    samples_per_second: float
    seconds: float
    seconds_left: float
    epoch_ended: int
    done: int
    next_microseconds: float
    reserved: Any


class cnn_fit(Structure):
    _fields_ = [
        ("epochs", c_int64),
        ("batch", c_int64),
        ("seed", c_uint64),
        ("validation", POINTER(cnn_samples)),
        ("progress", cnn_progress_function),
        ("user", c_void_p),
        ("progress_interval", c_double),
        ("no_shuffle", c_int32),
        ("resume", c_int32),
        ("schedule", c_int32),
        ("schedule_factor", c_float),
        ("schedule_period", c_double),
        ("schedule_floor", c_double),
        ("warmup_steps", c_int64),
        ("restart", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    epochs: int
    batch: int
    seed: int
    validation: Any
    progress: Any
    user: Optional[int]
    progress_interval: float
    no_shuffle: int
    resume: int
    schedule: int
    schedule_factor: float
    schedule_period: float
    schedule_floor: float
    warmup_steps: int
    restart: int
    reserved32: int
    reserved: Any


class cnn_report(Structure):
    _fields_ = [
        ("epochs", c_int64),
        ("steps", c_int64),
        ("loss", c_double),
        ("validation_loss", c_double),
        ("validation_accuracy", c_double),
        ("seconds", c_double),
        ("samples_per_second", c_double),
        ("reserved", c_int64 * 9),
    ]

    epochs: int
    steps: int
    loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
    samples_per_second: float
    reserved: Any


class cnn_minimize_progress(Structure):
    _fields_ = [
        ("iteration", c_int64),
        ("evaluations", c_int64),
        ("gradient_evaluations", c_int64),
        ("value", c_double),
        ("gradient_norm", c_double),
        ("step_norm", c_double),
        ("damping", c_double),
        ("seconds", c_double),
        ("reserved", c_int64 * 8),
    ]

    iteration: int
    evaluations: int
    gradient_evaluations: int
    value: float
    gradient_norm: float
    step_norm: float
    damping: float
    seconds: float
    reserved: Any


class cnn_minimize_options(Structure):
    _fields_ = [
        ("gradient_tolerance", c_double),
        ("step_tolerance", c_double),
        ("value_tolerance", c_double),
        ("max_iterations", c_int64),
        ("max_evaluations", c_int64),
        ("seconds", c_double),
        ("progress", cnn_minimize_function),
        ("user", c_void_p),
        ("then", c_void_p),
        ("stall_iterations", c_int64),
        ("stall_tolerance", c_double),
        ("tensors", c_void_p),
        ("tensor_count", c_int64),
        ("reserved", c_int64 * 8),
    ]

    gradient_tolerance: float
    step_tolerance: float
    value_tolerance: float
    max_iterations: int
    max_evaluations: int
    seconds: float
    progress: Any
    user: Optional[int]
    then: Optional[int]
    stall_iterations: int
    stall_tolerance: float
    tensors: Optional[int]
    tensor_count: int
    reserved: Any


class cnn_minimize_report(Structure):
    _fields_ = [
        ("reason", c_int32),
        ("reserved32", c_int32),
        ("iterations", c_int64),
        ("evaluations", c_int64),
        ("gradient_evaluations", c_int64),
        ("products", c_int64),
        ("restarts", c_int64),
        ("handed_over", c_int64),
        ("rank", c_int64),
        ("start_value", c_double),
        ("value", c_double),
        ("gradient_norm", c_double),
        ("step_norm", c_double),
        ("damping", c_double),
        ("condition", c_double),
        ("seconds", c_double),
        ("reserved", c_int64 * 8),
    ]

    reason: int
    reserved32: int
    iterations: int
    evaluations: int
    gradient_evaluations: int
    products: int
    restarts: int
    handed_over: int
    rank: int
    start_value: float
    value: float
    gradient_norm: float
    step_norm: float
    damping: float
    condition: float
    seconds: float
    reserved: Any


class cnn_problem(Structure):
    _fields_ = [
        ("parameters", c_int64),
        ("function", CFUNCTYPE(c_int32, c_int64, c_void_p, c_void_p, c_void_p, c_void_p)),
        ("residuals", c_int64),
        ("residual_function", CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p, c_void_p, c_void_p, c_void_p)),
        ("user", c_void_p),
        ("numeric_derivatives", c_int32),
        ("reserved32", c_int32),
        ("residual_group", c_int64),
        ("reserved", c_int64 * 8),
    ]

    parameters: int
    function: Any
    residuals: int
    residual_function: Any
    user: Optional[int]
    numeric_derivatives: int
    reserved32: int
    residual_group: int
    reserved: Any


class cnn_tensor_info(Structure):
    _fields_ = [
        ("name", c_char * 256),
        ("offset", c_int64),
        ("elements", c_int64),
        ("shape", c_int64 * 8),
        ("rank", c_int32),
        ("node", c_int32),
        ("rate", c_double),
        ("regularization", c_double),
        ("reserved", c_int64 * 8),
    ]

    name: Bytes
    offset: int
    elements: int
    shape: Any
    rank: int
    node: int
    rate: float
    regularization: float
    reserved: Any


class cnn_matrix_info(Structure):
    _fields_ = [
        ("rows", c_int64),
        ("columns", c_int64),
        ("nonzeros", c_int64),
        ("sparse", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    rows: int
    columns: int
    nonzeros: int
    sparse: int
    reserved32: int
    reserved: Any


class cnn_convolution_info(Structure):
    _fields_ = [
        ("input", c_int64 * 3),
        ("output", c_int64 * 3),
        ("kernel", c_int64 * 2),
        ("stride", c_int64 * 2),
        ("dilation", c_int64 * 2),
        ("padding", c_int64 * 4),
        ("groups", c_int64),
        ("patch_rows", c_int64),
        ("positions", c_int64),
        ("reserved", c_int64 * 8),
    ]

    input: Any
    output: Any
    kernel: Any
    stride: Any
    dilation: Any
    padding: Any
    groups: int
    patch_rows: int
    positions: int
    reserved: Any


class cnn_conv_matrix(Structure):
    _fields_ = [
        ("tolerance", c_double),
        ("unchecked", c_int32),
        ("dense", c_int32),
        ("order", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    tolerance: float
    unchecked: int
    dense: int
    order: int
    reserved32: int
    reserved: Any


class cnn_node_info(Structure):
    _fields_ = [
        ("name", c_char * 256),
        ("kind", c_char * 32),
        ("inputs", c_int32 * 8),
        ("input_count", c_int32),
        ("rank", c_int32),
        ("shape", c_int64 * 8),
        ("parameters", c_int64),
        ("is_output", c_int32),
        ("reserved32", c_int32),
        ("reserved", c_int64 * 8),
    ]

    name: Bytes
    kind: Bytes
    inputs: Any
    input_count: int
    rank: int
    shape: Any
    parameters: int
    is_output: int
    reserved32: int
    reserved: Any


class Library(ctypes.CDLL):
    """The loaded library; functions are declared by PROTOTYPES."""

    cnn_version: Callable[..., Any]
    cnn_version_string: Callable[..., Any]
    cnn_status_name: Callable[..., Any]
    cnn_device_count: Callable[..., Any]
    cnn_device_describe: Callable[..., Any]
    cnn_device_open: Callable[..., Any]
    cnn_device_open_opencl: Callable[..., Any]
    cnn_device_get_info: Callable[..., Any]
    cnn_device_destroy: Callable[..., Any]
    cnn_net_create: Callable[..., Any]
    cnn_net_destroy: Callable[..., Any]
    cnn_net_input: Callable[..., Any]
    cnn_net_conv2d: Callable[..., Any]
    cnn_net_dense: Callable[..., Any]
    cnn_net_max_pool2d: Callable[..., Any]
    cnn_net_average_pool2d: Callable[..., Any]
    cnn_net_weighted_subsample2d: Callable[..., Any]
    cnn_net_subsample2d: Callable[..., Any]
    cnn_net_radial_basis: Callable[..., Any]
    cnn_net_global_average_pool2d: Callable[..., Any]
    cnn_net_flatten: Callable[..., Any]
    cnn_net_reshape: Callable[..., Any]
    cnn_net_activation: Callable[..., Any]
    cnn_net_softmax: Callable[..., Any]
    cnn_net_dropout: Callable[..., Any]
    cnn_net_batch_norm: Callable[..., Any]
    cnn_net_add: Callable[..., Any]
    cnn_net_concat: Callable[..., Any]
    cnn_net_host_layer: Callable[..., Any]
    cnn_net_host_activation: Callable[..., Any]
    cnn_net_bind_host_layer: Callable[..., Any]
    cnn_net_bind_host_activation: Callable[..., Any]
    cnn_net_loss: Callable[..., Any]
    cnn_net_output: Callable[..., Any]
    cnn_net_error: Callable[..., Any]
    cnn_net_compile: Callable[..., Any]
    cnn_device_tune: Callable[..., Any]
    cnn_net_profile: Callable[..., Any]
    cnn_net_run: Callable[..., Any]
    cnn_net_run_view: Callable[..., Any]
    cnn_net_run_many: Callable[..., Any]
    cnn_net_run_for: Callable[..., Any]
    cnn_net_run_async: Callable[..., Any]
    cnn_event_is_done: Callable[..., Any]
    cnn_event_wait: Callable[..., Any]
    cnn_event_destroy: Callable[..., Any]
    cnn_net_evaluate: Callable[..., Any]
    cnn_net_loss_gradient: Callable[..., Any]
    cnn_net_backward: Callable[..., Any]
    cnn_net_check_gradient: Callable[..., Any]
    cnn_net_cancel: Callable[..., Any]
    cnn_optimizer_create: Callable[..., Any]
    cnn_optimizer_destroy: Callable[..., Any]
    cnn_optimizer_set: Callable[..., Any]
    cnn_optimizer_get: Callable[..., Any]
    cnn_optimizer_key_count: Callable[..., Any]
    cnn_optimizer_describe_key: Callable[..., Any]
    cnn_optimizer_get_kind: Callable[..., Any]
    cnn_optimizer_steps: Callable[..., Any]
    cnn_optimizer_reset: Callable[..., Any]
    cnn_net_train_step: Callable[..., Any]
    cnn_net_fit: Callable[..., Any]
    cnn_net_fit_for: Callable[..., Any]
    cnn_minimize: Callable[..., Any]
    cnn_net_minimize: Callable[..., Any]
    cnn_net_error_curve: Callable[..., Any]
    cnn_conjugate_gradient: Callable[..., Any]
    cnn_net_vector_elements: Callable[..., Any]
    cnn_net_get_vector: Callable[..., Any]
    cnn_net_set_vector: Callable[..., Any]
    cnn_net_tensor_count: Callable[..., Any]
    cnn_net_describe_tensor: Callable[..., Any]
    cnn_net_get_tensor: Callable[..., Any]
    cnn_net_set_tensor: Callable[..., Any]
    cnn_net_set_rate: Callable[..., Any]
    cnn_net_set_regularization: Callable[..., Any]
    cnn_net_set_center: Callable[..., Any]
    cnn_net_get_center: Callable[..., Any]
    cnn_net_clone: Callable[..., Any]
    cnn_net_copy_parameters: Callable[..., Any]
    cnn_net_share: Callable[..., Any]
    cnn_net_hand_over: Callable[..., Any]
    cnn_net_init_radial_basis: Callable[..., Any]
    cnn_matrix_mat: Callable[..., Any]
    cnn_matrix_vec: Callable[..., Any]
    cnn_matrix_csr: Callable[..., Any]
    cnn_matrix_get_csr: Callable[..., Any]
    cnn_matrix_destroy: Callable[..., Any]
    cnn_matrix_get_info: Callable[..., Any]
    cnn_matrix_multiply: Callable[..., Any]
    cnn_net_describe_convolution: Callable[..., Any]
    cnn_net_patches: Callable[..., Any]
    cnn_net_patch_matrix: Callable[..., Any]
    cnn_net_conv_matrix: Callable[..., Any]
    cnn_net_conv_positions: Callable[..., Any]
    cnn_net_set_conv_matrix: Callable[..., Any]
    cnn_net_unroll_conv2d: Callable[..., Any]
    cnn_net_node_count: Callable[..., Any]
    cnn_net_describe_node: Callable[..., Any]
    cnn_net_find_node: Callable[..., Any]
    cnn_net_summary: Callable[..., Any]
    cnn_net_save: Callable[..., Any]
    cnn_net_save_memory: Callable[..., Any]
    cnn_net_save_writer: Callable[..., Any]
    cnn_net_load: Callable[..., Any]
    cnn_net_load_memory: Callable[..., Any]
    cnn_net_load_reader: Callable[..., Any]
    cnn_checkpoint_save: Callable[..., Any]
    cnn_checkpoint_save_memory: Callable[..., Any]
    cnn_checkpoint_save_writer: Callable[..., Any]
    cnn_checkpoint_load: Callable[..., Any]
    cnn_checkpoint_load_memory: Callable[..., Any]
    cnn_checkpoint_load_reader: Callable[..., Any]


PROTOTYPES: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "cnn_version": (c_uint32, ()),
    "cnn_version_string": (c_char_p, ()),
    "cnn_status_name": (c_char_p, (c_int32,)),
    "cnn_device_count": (c_int32, (POINTER(cnn_error),)),
    "cnn_device_describe": (c_int32, (c_int32, POINTER(cnn_device_info), POINTER(cnn_error))),
    "cnn_device_open": (c_int32, (c_char_p, POINTER(cnn_device_options), POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_device_open_opencl": (c_int32, (POINTER(cnn_opencl), POINTER(cnn_device_options), POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_device_get_info": (c_int32, (c_void_p, POINTER(cnn_device_info), POINTER(cnn_error))),
    "cnn_device_destroy": (None, (c_void_p,)),
    "cnn_net_create": (c_void_p, (POINTER(cnn_net_options),)),
    "cnn_net_destroy": (None, (c_void_p,)),
    "cnn_net_input": (c_int32, (c_void_p, c_char_p, c_int32, c_void_p)),
    "cnn_net_conv2d": (c_int32, (c_void_p, c_int32, POINTER(cnn_conv2d))),
    "cnn_net_dense": (c_int32, (c_void_p, c_int32, POINTER(cnn_dense))),
    "cnn_net_max_pool2d": (c_int32, (c_void_p, c_int32, POINTER(cnn_pool2d))),
    "cnn_net_average_pool2d": (c_int32, (c_void_p, c_int32, POINTER(cnn_pool2d))),
    "cnn_net_weighted_subsample2d": (c_int32, (c_void_p, c_int32, POINTER(cnn_weighted_subsample2d))),
    "cnn_net_subsample2d": (c_int32, (c_void_p, c_int32, POINTER(cnn_subsample2d))),
    "cnn_net_radial_basis": (c_int32, (c_void_p, c_int32, POINTER(cnn_radial_basis))),
    "cnn_net_global_average_pool2d": (c_int32, (c_void_p, c_int32, POINTER(cnn_plain))),
    "cnn_net_flatten": (c_int32, (c_void_p, c_int32, POINTER(cnn_plain))),
    "cnn_net_reshape": (c_int32, (c_void_p, c_int32, POINTER(cnn_reshape))),
    "cnn_net_activation": (c_int32, (c_void_p, c_int32, POINTER(cnn_activation))),
    "cnn_net_softmax": (c_int32, (c_void_p, c_int32, POINTER(cnn_plain))),
    "cnn_net_dropout": (c_int32, (c_void_p, c_int32, POINTER(cnn_dropout))),
    "cnn_net_batch_norm": (c_int32, (c_void_p, c_int32, POINTER(cnn_batch_norm))),
    "cnn_net_add": (c_int32, (c_void_p, c_void_p, c_int32, POINTER(cnn_add))),
    "cnn_net_concat": (c_int32, (c_void_p, c_void_p, c_int32, POINTER(cnn_plain))),
    "cnn_net_host_layer": (c_int32, (c_void_p, c_void_p, c_int32, POINTER(cnn_host_layer))),
    "cnn_net_host_activation": (c_int32, (c_void_p, c_int32, POINTER(cnn_host_activation))),
    "cnn_net_bind_host_layer": (c_int32, (c_void_p, c_char_p, POINTER(cnn_host_layer), POINTER(cnn_error))),
    "cnn_net_bind_host_activation": (c_int32, (c_void_p, c_char_p, POINTER(cnn_host_activation), POINTER(cnn_error))),
    "cnn_net_loss": (c_int32, (c_void_p, c_int32, POINTER(cnn_loss))),
    "cnn_net_output": (c_int32, (c_void_p, c_int32, POINTER(cnn_error))),
    "cnn_net_error": (c_int32, (c_void_p, POINTER(cnn_error))),
    "cnn_net_compile": (c_int32, (c_void_p, c_void_p, POINTER(cnn_compile), POINTER(cnn_error))),
    "cnn_device_tune": (c_int32, (c_void_p, c_void_p, POINTER(cnn_tune), POINTER(cnn_tune_report), POINTER(cnn_error))),
    "cnn_net_profile": (c_int32, (c_void_p, POINTER(cnn_profile), POINTER(cnn_node_time), c_int64, c_void_p, POINTER(cnn_error))),
    "cnn_net_run": (c_int32, (c_void_p, c_void_p, c_int64, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_run_view": (c_int32, (c_void_p, POINTER(cnn_view), POINTER(cnn_view), POINTER(cnn_error))),
    "cnn_net_run_many": (c_int32, (c_void_p, POINTER(cnn_view), c_int32, POINTER(cnn_view), c_int32, POINTER(cnn_run), POINTER(cnn_error))),
    "cnn_net_run_for": (c_int32, (c_void_p, POINTER(cnn_view), c_int32, POINTER(cnn_view), c_int32, POINTER(cnn_run), c_double, POINTER(cnn_run_progress), POINTER(cnn_error))),
    "cnn_net_run_async": (c_int32, (c_void_p, POINTER(cnn_view), c_int32, POINTER(cnn_view), c_int32, POINTER(cnn_run), POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_event_is_done": (c_int32, (c_void_p,)),
    "cnn_event_wait": (c_int32, (c_void_p, c_double, POINTER(cnn_error))),
    "cnn_event_destroy": (None, (c_void_p,)),
    "cnn_net_evaluate": (c_int32, (c_void_p, POINTER(cnn_samples), POINTER(cnn_evaluation), POINTER(cnn_error))),
    "cnn_net_loss_gradient": (c_int32, (c_void_p, POINTER(cnn_samples), POINTER(cnn_gradient_options), c_void_p, POINTER(cnn_error))),
    "cnn_net_backward": (c_int32, (c_void_p, POINTER(cnn_samples), POINTER(cnn_view), c_int32, POINTER(cnn_view), c_int32, POINTER(cnn_gradient_options), POINTER(cnn_error))),
    "cnn_net_check_gradient": (c_int32, (c_void_p, POINTER(cnn_samples), POINTER(cnn_gradient_check), POINTER(cnn_gradient_report), POINTER(cnn_error))),
    "cnn_net_cancel": (None, (c_void_p,)),
    "cnn_optimizer_create": (c_void_p, (c_int32,)),
    "cnn_optimizer_destroy": (None, (c_void_p,)),
    "cnn_optimizer_set": (c_int32, (c_void_p, c_int32, c_double, POINTER(cnn_error))),
    "cnn_optimizer_get": (c_int32, (c_void_p, c_int32, c_void_p, POINTER(cnn_error))),
    "cnn_optimizer_key_count": (c_int32, (c_void_p,)),
    "cnn_optimizer_describe_key": (c_int32, (c_void_p, c_int32, POINTER(cnn_key_info), POINTER(cnn_error))),
    "cnn_optimizer_get_kind": (c_int32, (c_void_p,)),
    "cnn_optimizer_steps": (c_int64, (c_void_p,)),
    "cnn_optimizer_reset": (c_int32, (c_void_p, POINTER(cnn_error))),
    "cnn_net_train_step": (c_int32, (c_void_p, c_void_p, POINTER(cnn_samples), c_void_p, POINTER(cnn_error))),
    "cnn_net_fit": (c_int32, (c_void_p, c_void_p, POINTER(cnn_samples), POINTER(cnn_fit), POINTER(cnn_report), POINTER(cnn_error))),
    "cnn_net_fit_for": (c_int32, (c_void_p, c_void_p, POINTER(cnn_samples), POINTER(cnn_fit), c_double, POINTER(cnn_progress), POINTER(cnn_error))),
    "cnn_minimize": (c_int32, (c_void_p, POINTER(cnn_problem), c_void_p, POINTER(cnn_minimize_options), POINTER(cnn_minimize_report), POINTER(cnn_error))),
    "cnn_net_minimize": (c_int32, (c_void_p, c_void_p, POINTER(cnn_samples), POINTER(cnn_minimize_options), POINTER(cnn_minimize_report), POINTER(cnn_error))),
    "cnn_net_error_curve": (c_int32, (c_void_p, POINTER(cnn_samples), c_void_p, c_int64, c_void_p, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_conjugate_gradient": (c_int32, (c_int64, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, POINTER(cnn_minimize_options), POINTER(cnn_minimize_report), POINTER(cnn_error))),
    "cnn_net_vector_elements": (c_int64, (c_void_p, c_int32)),
    "cnn_net_get_vector": (c_int32, (c_void_p, c_int32, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_set_vector": (c_int32, (c_void_p, c_int32, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_tensor_count": (c_int32, (c_void_p, c_int32)),
    "cnn_net_describe_tensor": (c_int32, (c_void_p, c_int32, c_int32, POINTER(cnn_tensor_info), POINTER(cnn_error))),
    "cnn_net_get_tensor": (c_int32, (c_void_p, c_int32, c_char_p, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_set_tensor": (c_int32, (c_void_p, c_int32, c_char_p, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_set_rate": (c_int32, (c_void_p, c_char_p, c_double, POINTER(cnn_error))),
    "cnn_net_set_regularization": (c_int32, (c_void_p, c_char_p, c_double, POINTER(cnn_error))),
    "cnn_net_set_center": (c_int32, (c_void_p, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_get_center": (c_int32, (c_void_p, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_clone": (c_int32, (c_void_p, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_net_copy_parameters": (c_int32, (c_void_p, c_void_p, POINTER(cnn_error))),
    "cnn_net_share": (c_int32, (c_void_p, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_net_hand_over": (c_int32, (c_void_p, c_void_p, POINTER(cnn_error))),
    "cnn_net_init_radial_basis": (c_int32, (c_void_p, c_char_p, POINTER(cnn_samples), c_uint64, POINTER(cnn_error))),
    "cnn_matrix_mat": (c_int32, (c_void_p, c_int64, c_int64, c_int64, c_int32, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_matrix_vec": (c_int32, (c_void_p, c_int32, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_matrix_csr": (c_int32, (c_int64, c_int64, c_void_p, c_void_p, c_void_p, c_int64, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_matrix_get_csr": (c_int32, (c_void_p, c_void_p, c_int64, c_void_p, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_matrix_destroy": (None, (c_void_p,)),
    "cnn_matrix_get_info": (c_int32, (c_void_p, POINTER(cnn_matrix_info), POINTER(cnn_error))),
    "cnn_matrix_multiply": (c_int32, (c_void_p, c_int32, c_void_p, c_int64, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_describe_convolution": (c_int32, (c_void_p, c_int32, POINTER(cnn_convolution_info), POINTER(cnn_error))),
    "cnn_net_patches": (c_int32, (c_void_p, c_int32, c_void_p, c_int64, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_patch_matrix": (c_int32, (c_void_p, c_int32, c_int32, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_net_conv_matrix": (c_int32, (c_void_p, c_int32, POINTER(cnn_conv_matrix), POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_net_conv_positions": (c_int32, (c_void_p, c_int32, c_void_p, c_int64, POINTER(cnn_error))),
    "cnn_net_set_conv_matrix": (c_int32, (c_void_p, c_int32, c_void_p, POINTER(cnn_conv_matrix), c_void_p, POINTER(cnn_error))),
    "cnn_net_unroll_conv2d": (c_int32, (c_void_p, c_int32, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_net_node_count": (c_int32, (c_void_p,)),
    "cnn_net_describe_node": (c_int32, (c_void_p, c_int32, POINTER(cnn_node_info), POINTER(cnn_error))),
    "cnn_net_find_node": (c_int32, (c_void_p, c_char_p)),
    "cnn_net_summary": (c_int32, (c_void_p, c_void_p, c_size_t, c_void_p, POINTER(cnn_error))),
    "cnn_net_save": (c_int32, (c_void_p, c_char_p, POINTER(cnn_error))),
    "cnn_net_save_memory": (c_int32, (c_void_p, c_void_p, c_size_t, c_void_p, POINTER(cnn_error))),
    "cnn_net_save_writer": (c_int32, (c_void_p, POINTER(cnn_writer), POINTER(cnn_error))),
    "cnn_net_load": (c_int32, (c_char_p, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_net_load_memory": (c_int32, (c_void_p, c_size_t, POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_net_load_reader": (c_int32, (POINTER(cnn_reader), POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_checkpoint_save": (c_int32, (c_void_p, c_void_p, c_char_p, POINTER(cnn_error))),
    "cnn_checkpoint_save_memory": (c_int32, (c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, POINTER(cnn_error))),
    "cnn_checkpoint_save_writer": (c_int32, (c_void_p, c_void_p, POINTER(cnn_writer), POINTER(cnn_error))),
    "cnn_checkpoint_load": (c_int32, (c_char_p, POINTER(c_void_p), POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_checkpoint_load_memory": (c_int32, (c_void_p, c_size_t, POINTER(c_void_p), POINTER(c_void_p), POINTER(cnn_error))),
    "cnn_checkpoint_load_reader": (c_int32, (POINTER(cnn_reader), POINTER(c_void_p), POINTER(c_void_p), POINTER(cnn_error))),
}
