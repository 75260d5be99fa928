/* cnn.h: the whole stable C interface of libcnn, a library to create, train and run convolutional
 * networks inside any program, on the CPU or on an OpenCL device chosen at run time.
 *
 * Conventions, valid for every declaration below unless it says otherwise:
 *
 * Errors.    A call that can fail returns cnn_status, 0 for success, and takes a nullable cnn_error
 *            last, which the caller owns. A failed call leaves every handle as it was; only where a
 *            driver fails (CNN_DEVICE_ERROR) in training may parameters and optimizer be those of
 *            half a step.
 * Handles.   create/open/load makes one, destroy ends it; destroy takes NULL, and any order of
 *            destruction is legal. Every other call given a NULL handle fails with
 *            CNN_INVALID_ARGUMENT and says which.
 * Threads.   A net or an optimizer belongs to one thread at a time; a device may be used by many
 *            at once. On a net that another thread is using only cnn_net_cancel may be called,
 *            and cnn_net_hand_over where it shares its parameters.
 * Ownership. Strings, arrays of sizes and descriptors are copied at the call. Samples and views
 *            are borrowed for the call, or until its event is done. What a call returns through
 *            `const char *` lives as long as the handle it came from.
 * Zero.      A zero field of a descriptor means the default that its comment gives; NULL for a
 *            descriptor means all defaults. `reserved` must be zero. A default that isn't zero has
 *            an inverted flag (no_bias) or takes a negative value for a literal zero.
 * Tensors.   Row-major; images are [N, C, H, W], N samples (the batch), C channels, H rows, W
 *            columns. Shapes in this interface leave N out: {1, 28, 28}. Every buffer comes with
 *            its element count, from which N follows; a count that is no multiple is refused.
 * Numbers.   float32 for tensors, double for losses and hyper-parameters, accumulated in double.
 * Text.      UTF-8, zero-terminated.
 *
 * Convolution means cross-correlation (the kernel isn't flipped), as in ONNX and PyTorch.
 */
#ifndef CNN_CNN_H
#define CNN_CNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && !defined(CNN_STATIC)
#ifdef CNN_BUILDING
#define CNN_API __declspec(dllexport)
#else
#define CNN_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define CNN_API __attribute__((visibility("default")))
#else
#define CNN_API
#endif

/* ---- Version ---- */

#define CNN_VERSION_MAJOR 0
#define CNN_VERSION_MINOR 1
#define CNN_VERSION_PATCH 0

/** The version of the library that is running: major * 1000000 + minor * 1000 + patch.
 *  Compare with the macros above, which tell what the caller was compiled against. Any thread. */
CNN_API uint32_t cnn_version(void);

/** The same as text, "0.1.0"; a static string. Any thread. */
CNN_API const char *cnn_version_string(void);

/* ---- Status and errors ---- */

/** What a call came to. Values never change their meaning; new ones may be added. */
typedef int32_t cnn_status;

enum {
    CNN_OK = 0,
    CNN_INVALID_ARGUMENT = 1, /**< a NULL, a wrong enum value, a contradiction between fields */
    CNN_OUT_OF_MEMORY = 2,    /**< the allocator, or a device, had no more */
    CNN_NOT_FOUND = 3,        /**< no device, tensor, key or node of that name */
    CNN_SHAPE_MISMATCH = 4,   /**< shapes or element counts that don't fit */
    CNN_UNSUPPORTED = 5,      /**< well-formed, but this backend or version can't do it */
    CNN_BAD_STATE = 6,        /**< a call out of order: not compiled, compiled for inference only */
    CNN_BUSY = 7,             /**< from within a callback, or while a run is in progress */
    CNN_CANCELLED = 8,        /**< a callback or cnn_net_cancel asked to stop */
    CNN_IO_ERROR = 9,         /**< the file system, a reader or a writer failed */
    CNN_BAD_FILE = 10,        /**< a damaged or hostile file */
    CNN_NOT_FINITE = 11,      /**< a loss or gradient became NaN or infinite */
    CNN_DEVICE_ERROR = 12,    /**< the device's driver failed */
    CNN_LIMIT_EXCEEDED = 13,  /**< a memory limit, or more samples than compiled for */
    CNN_OUT_OF_RANGE = 14,    /**< a label, index, key or error outside its bounds */
    CNN_INTERNAL = 15,        /**< a defect of libcnn: please report the message */
    CNN_INCOMPATIBLE = 16     /**< made by, or meant for, a newer version of libcnn */
};

/** The name of a status, "CNN_SHAPE_MISMATCH"; "CNN_UNKNOWN" for a value this version doesn't know.
 *  A static string. Any thread. */
CNN_API const char *cnn_status_name(cnn_status status);

/** Index of a node in its net, from 0 in the order of adding; negative: minus the status of the
 *  mistake that kept it from being added. */
typedef int32_t cnn_node;

/** What went wrong. The caller owns it; a call writes it only when it fails. */
typedef struct cnn_error {
    cnn_status status;
    cnn_node node;     /**< the node concerned, or -1 */
    char message[504]; /**< operation, object, the value it got, the constraint it broke */
} cnn_error;

/* ---- Callbacks of the host ---- */

/** Serves every tensor, arena, workspace and packed weight of a device. Both functions or neither
 *  (the default: mimalloc where it was built in or is installed, else the C library's). Called from
 *  any thread, also at once. operator new serves the rest: the graph's and files' objects, a net's
 *  parameters until it is compiled, the order of samples, and what optimizers of whole problems
 *  keep on the host in double. */
typedef struct cnn_allocator {
    void *user;
    /** Returns size bytes aligned to align (a power of two, at most 4096), or NULL. */
    void *(*alloc)(void *user, size_t size, size_t align);
    /** Gets back what alloc returned, with the same size and align. */
    void (*free)(void *user, void *pointer, size_t size, size_t align);
} cnn_allocator;

typedef int32_t cnn_log_level;

enum {
    CNN_LOG_SILENT = 0,
    CNN_LOG_ERROR = 1,
    CNN_LOG_WARNING = 2,
    CNN_LOG_INFO = 3,
    CNN_LOG_DEBUG = 4
};

/** Receives what the library has to tell; nothing is ever printed. Called from any thread. */
typedef struct cnn_log {
    void *user;
    void (*write)(void *user, cnn_log_level level, const char *message);
    cnn_log_level level; /**< the most detailed level wanted; 0: silent */
    int32_t reserved;
} cnn_log;

/** Gives up to `bytes` bytes of a file; *got is what it gave, 0 at the end. Non-zero: failure. */
typedef struct cnn_reader {
    void *user;
    int32_t (*read)(void *user, void *buffer, size_t bytes, size_t *got);
} cnn_reader;

/** Takes all of `bytes` bytes. Non-zero: failure, reported as CNN_IO_ERROR. */
typedef struct cnn_writer {
    void *user;
    int32_t (*write)(void *user, const void *data, size_t bytes);
} cnn_writer;

/* ---- Devices ---- */

/** Where networks compute: a backend, its memory and its threads or driver objects. In a process
 *  that was forked after it was opened the CPU computes on, with the caller's thread alone; every
 *  use of an OpenCL device is CNN_DEVICE_ERROR there, and so is opening one; lists leave them out.
 *  (A process that was forked before OpenCL was in use has all of it.) */
typedef struct cnn_device cnn_device;

typedef int32_t cnn_device_kind;

enum { CNN_DEVICE_CPU = 1, CNN_DEVICE_GPU = 2, CNN_DEVICE_OTHER = 3 };

/** Out: a device that can be opened, or one that is open. */
typedef struct cnn_device_info {
    char spec[64];    /**< what cnn_device_open takes: "cpu", "opencl:0.0" */
    char backend[32]; /**< "cpu", "opencl" or "reference" */
    char name[128];   /**< of the hardware, as the driver tells it */
    char vendor[128];
    char driver[128]; /**< driver and its version; for the CPU the instruction set in use */
    cnn_device_kind kind;
    int32_t compute_units;
    int64_t memory;      /**< bytes, 0 where unknown */
    int64_t memory_used; /**< bytes held for libcnn now; 0 for a device that isn't open */
    int64_t memory_peak; /**< the most it held */
    int64_t reserved[13];
} cnn_device_info;

/** How a device is opened. */
typedef struct cnn_device_options {
    /** For built programs, which are written when the device is released, and for what tuning
     *  finds; NULL: nothing is written. */
    const char *cache_directory;
    cnn_allocator allocator; /**< must live until `released` */
    cnn_log log;             /**< must live until `released` */
    /** Called once, when the last child of the device is gone; nothing lent is used after it. */
    void (*released)(void *user);
    void *released_user;
    /** Bytes the device may hold at once, OpenCL buffers included, 0: no limit. Training makes do
     *  with less where it can (cnn_compile.memory_limit). A call that needs more fails with
     *  CNN_LIMIT_EXCEEDED, tells what it needs, and leaves all as it was. */
    int64_t memory_limit;
    int32_t threads; /**< threads that compute, the caller's included; 0: one per core */
    int32_t reserved32;
    /** The host's own threads in place of the CPU backend's, which then starts none: calls
     *  task(context, i) once for each i of [0, count), on any threads, at once or one after the
     *  other in any order, and returns when all have returned. count is at most `threads`. Called
     *  by the thread that computes, so by several at once where several nets run; with threads 1
     *  not at all. The same bits whoever runs the tasks. Must live until `released`. */
    void (*parallel_for)(void *user, int32_t count, void (*task)(void *context, int32_t index),
                         void *context);
    void *parallel_for_user;
    int64_t reserved[10];
} cnn_device_options;

/** How many devices cnn_device_describe knows: the CPU, and every OpenCL device of every driver.
 *  Opens libOpenCL if it is there; without it the count is 1. Negative: minus the status. */
CNN_API int32_t cnn_device_count(cnn_error *error);

/** Describes device `index` of cnn_device_count. CNN_OUT_OF_RANGE beyond it. Any thread. */
CNN_API cnn_status cnn_device_describe(int32_t index, cnn_device_info *info, cnn_error *error);

/** Opens a device. `spec` is one of
 *   "auto"       the first OpenCL GPU that passes a short trial (a kernel is built and run), else
 *                the CPU; never an OpenCL device of type CPU
 *   "cpu"        the native CPU backend; never loads OpenCL
 *   "cpu:baseline", "cpu:avx2", "cpu:avx512"  the same with no more than that instruction set
 *   "opencl"     the first OpenCL device, GPUs first
 *   "opencl:gpu", "opencl:cpu"  the first of that type
 *   "opencl:<platform>.<device>"  by index, as cnn_device_describe lists them
 *   "reference"  the plain float64 reference of every operation: slow, for checking the others
 *  NULL is "auto". *device is untouched on failure. CNN_NOT_FOUND lists what was found;
 *  CNN_DEVICE_ERROR when a driver fails. Any thread. */
CNN_API cnn_status cnn_device_open(const char *spec, const cnn_device_options *options,
                                   cnn_device **device, cnn_error *error);

/** What the host lends of its OpenCL, as cl_context, cl_device_id and cl_command_queue, made with
 *  the system's OpenCL library. Never changed and never released by libcnn, which uses it until
 *  `released` of the device's options is called. */
typedef struct cnn_opencl {
    void *context;
    void *device; /**< one of the context's */
    void *queue;  /**< of both, in order; NULL: libcnn makes queues of its own, one a net */
    int64_t reserved[8];
} cnn_opencl;

/** Opens a device on the host's own OpenCL, so that `memory` of a cnn_view may be the host's
 *  buffers. cnn_device_info.spec is the one that cnn_device_open has for that device, or
 *  "opencl:lent" (a sub-device). The kernels are chosen by the device's type, also PoCL's CPU.
 *
 *  With a queue everything runs on it, between what the host enqueues before and after the call: a
 *  run of which all outputs are `memory` returns when its commands are enqueued and waits for
 *  nothing; neither does backward whose input_gradients are all `memory`, nor train_step and
 *  loss_gradient without `loss`. Nothing is flushed: the host does that, or waits, as for commands
 *  of its own. Errors that such commands turn out to have later are the host's to see. Every other
 *  call that gives a value back, compiling, and destroying a net or optimizer wait for all that is
 *  in the queue, the host's commands included, so none of these may depend on what the calling
 *  thread does next. Several nets may run on the queue, also from several threads at once: each
 *  enqueues its commands one by one, with kernels and memory of its own.
 *  Without a queue calls wait for what they do; the host sees to it that its commands that write an
 *  input are done before the call (clFinish, or clWaitForEvents).
 *
 *  OpenGL or Vulkan's memory: the host makes the context with the properties of cl_khr_gl_sharing
 *  (or imports memory by cl_khr_external_memory), gets a cl_mem by clCreateFromGLBuffer (or
 *  clCreateBufferWithProperties), and encloses the call with clEnqueueAcquireGLObjects and
 *  clEnqueueReleaseGLObjects (or ...ExternalMemObjectsKHR) on the queue lent here. Images have to
 * be copied to a buffer (clEnqueueCopyImageToBuffer).
 *
 *  CNN_INVALID_ARGUMENT: a NULL, a device that isn't the context's, a queue of others.
 *  CNN_UNSUPPORTED: a queue out of order, OpenCL before 1.2, a libcnn built without OpenCL.
 *  CNN_NOT_FOUND: no OpenCL library. Any thread. */
CNN_API cnn_status cnn_device_open_opencl(const cnn_opencl *lent, const cnn_device_options *options,
                                          cnn_device **device, cnn_error *error);

/** Describes an open device, with what it holds now. Any thread. */
CNN_API cnn_status cnn_device_get_info(const cnn_device *device, cnn_device_info *info,
                                       cnn_error *error);

/** Ends the handle. Nets compiled on the device keep what they need. */
CNN_API void cnn_device_destroy(cnn_device *device);

/* ---- Building a network ---- */

/** A directed acyclic graph of layers, its parameters and, once compiled, its plan for a device. */
typedef struct cnn_net cnn_net;

typedef struct cnn_net_options {
    const char *name; /**< kept in files and the summary; default "net" */
    uint64_t seed;    /**< of initial weights and dropout; 0 is a fixed stream like any other */
    int64_t reserved[8];
} cnn_net_options;

/** Makes an empty net. NULL only for want of memory or a non-zero reserved field. */
CNN_API cnn_net *cnn_net_create(const cnn_net_options *options);

CNN_API void cnn_net_destroy(cnn_net *net);

/* Every function below that returns cnn_node adds a node and infers its output's shape at once. The
 * first mistake gives a negative node and is kept in the net with its whole message; adding to a
 * negative node passes it on; cnn_net_compile, or cnn_net_error, reports it. After cnn_net_compile
 * adding gives -CNN_BAD_STATE and the net stays as it is. A name must be unique in its net; the
 * default is the kind and a counter ("conv2d_1"). Names of nodes are the prefix of the names of
 * their tensors, "conv2d_1/weight". */

typedef int32_t cnn_activation_kind;

/** y = f(x) of each element. From CNN_GELU on backward is computed from x, which is then kept
 * beside y.
 */
enum {
    CNN_LINEAR = 0,     /**< x (Hedberg 24, table 3) */
    CNN_RELU = 1,       /**< max(x, 0); derivative 0 at 0 (Lin, after eq. 3) */
    CNN_LEAKY_RELU = 2, /**< x for x > 0, else slope * x */
    /** 1 / (1 + exp(-x)) (Hedberg table 3; Delmas, "Logistic regression", 2nd paragraph; worked
     *  gradients' sigma) */
    CNN_SIGMOID = 3,
    CNN_TANH = 4,        /**< tanh(x) (Hedberg, before 33, of hidden layers) */
    CNN_SCALED_TANH = 5, /**< 1.7159 tanh(2 x / 3) (LeCun et al. 1998) */
    /** x for x > 0, else alpha (exp(x) - 1), alpha being the slope field, whose default is 1 here
     *  (Clevert, Unterthiner, Hochreiter 2016) */
    CNN_ELU = 6,
    /** x (1 + erf(x / sqrt(2))) / 2, exact, not its approximations (Hendrycks, Gimpel 2016) */
    CNN_GELU = 7,
    CNN_SILU = 8, /**< x / (1 + exp(-x)) */
    /** (|x| + x + 1) / (2 |x| + 2); derivative 1 / (2 (1 + |x|)^2) (Delmas,
     *  "Logistic regression", 2nd paragraph) */
    CNN_SOFT_LOGISTIC = 9,
    CNN_SOFTSIGN = 10, /**< x / (1 + |x|), twice the soft logistic less 1 */
    CNN_ALGEBRAIC = 11 /**< x / sqrt(x^2 + 1) */
};

typedef int32_t cnn_initializer;

/** How a weight starts; fan_in and fan_out count the inputs and outputs of one unit. */
enum {
    CNN_INIT_DEFAULT = 0, /**< He for ReLU, leaky ReLU, ELU, GELU, SiLU, else Xavier */
    CNN_INIT_HE = 1,      /**< normal, standard deviation scale * sqrt(2 / fan_in) */
    CNN_INIT_XAVIER = 2,  /**< uniform in +- scale * sqrt(6 / (fan_in + fan_out)) */
    CNN_INIT_UNIFORM = 3, /**< uniform in +- scale */
    CNN_INIT_NORMAL = 4,  /**< normal, standard deviation scale */
    CNN_INIT_CONSTANT = 5 /**< scale itself */
};

typedef int32_t cnn_padding;

enum {
    CNN_EXPLICIT = 0, /**< as the padding field says, by default none */
    CNN_SAME = 1      /**< output ceil(input / stride); the odd one goes below and right */
};

/** Adds an input of `rank` 1 to 3 sizes, the batch left out: {features}, {C, L} or {C, H, W}.
 *  name NULL: "input_1". Several inputs are fed in the order they were added. */
CNN_API cnn_node cnn_net_input(cnn_net *net, const char *name, int32_t rank, const int64_t *shape);

typedef int32_t cnn_connection_kind;

/** Which input maps each output map takes: D of Hedberg's table 1. */
enum {
    CNN_CONNECT_FULL = 0,   /**< every one */
    CNN_CONNECT_SINGLE = 1, /**< map i takes map i alone: as many filters as channels (depthwise) */
    CNN_CONNECT_RANDOM = 2, /**< fan_in different ones, drawn by seed */
    CNN_CONNECT_CUSTOM = 3  /**< those of `pairs` */
};

/** A table of connections between the channels of an input and the filters of a layer; all of it is
 *  copied. Each connection has a kernel of its own, w_ij, unless shared_kernel is set. Where filter
 *  j draws its inputs they are the fan_in first of the order that Philox 4x32-10 gives under the
 *  key `seed` and stream j (Fisher and Yates' shuffle), ascending.
 *
 *  The weights are the kernels one after the other, none for what doesn't connect: [kernels, h, w],
 *  or flat when their sizes differ. Kernels are ordered by filter, then by input; those of
 *  CNN_CONNECT_CUSTOM as `pairs` are; shared ones by filter. Initial weights go by the inputs that
 *  a filter really has, and by the mean number of outputs of an input. */
typedef struct cnn_connections {
    cnn_connection_kind kind;
    int32_t
        shared_kernel; /**< one kernel w_j a filter, on the sum of its inputs (Hedberg rem. 2) */
    int64_t fan_in;    /**< of CNN_CONNECT_RANDOM: 1 to the channels; else 0 */
    uint64_t seed;
    /** Of CNN_CONNECT_CUSTOM: input and output map of each connection, from 0; pair_count of these
     *  pairs, none twice, at least one for each filter. Else NULL and 0. */
    const int32_t *pairs;
    int64_t pair_count;
    /** Height and width of each kernel, for kernels of mixed sizes (Hedberg rem. 3), else NULL and
     *  0. All are anchored top-left, as if the smaller ones had zeros below and right: the largest
     *  height and width are the layer's `kernel`, which may be 0 here, and fix the output's size.
     */
    const int64_t *kernel_sizes;
    int64_t kernel_size_count;   /**< pairs of them: one a kernel, or with ... */
    int32_t kernel_sizes_by_map; /**< ... this one a filter, for all its kernels */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_connections;

/** Y_o = activation(sum_i X_i * w_oi + b_o), cross-correlation (Hedberg 60-61, Lin 1).
 *  Weight [filters, C / groups, kernel h, kernel w], bias [filters].
 *  Output [filters, H', W'] with H' = floor((H + pads - dilation (kernel - 1) - 1) / stride) + 1.
 *  A 3x3 kernel of stride 1 may run by Winograd's F(2x2, 3x3) (Lavin and Gray 2015, section
 *  4.1): its rms error is no larger than the direct sum's, but what isn't finite may spread to
 *  the outputs beside it. Where the host accepts CNN_ACCEPT_WINOGRAD_4X4 it may run by F(4x4,
 *  3x3), which spreads that over tiles of 4x4. Measured on uniform random values, inputs rectified
 *  or not, and 16 to 512 channels, F(2x2, 3x3) has 0.6 to 0.9 times the direct sum's rms error,
 *  F(4x4, 3x3) 1.7 to 2.9 times, and F(3x3, 2x2) of the weights' gradient 0.4 to 2.7 times.
 */
typedef struct cnn_conv2d {
    const char *name;
    int64_t filters;     /**< required */
    int64_t kernel[2];   /**< height, width; required (a width of 0: square) */
    int64_t stride[2];   /**< default 1 (a second of 0: as the first) */
    int64_t dilation[2]; /**< likewise */
    int64_t padding[4];  /**< top, left, bottom, right; only with CNN_EXPLICIT */
    int64_t groups;      /**< divides C and filters; default 1; C: depthwise */
    cnn_padding padding_mode;
    int32_t no_bias;
    cnn_activation_kind activation;
    float slope; /**< of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1 */
    cnn_initializer initializer;
    float initializer_scale; /**< default 1; of CNN_INIT_CONSTANT 0 */
    /** i runs over the inputs that o is connected to (Hedberg 60); NULL: all. With one, groups must
     *  be 1 and the weight has the shape told there. */
    const cnn_connections *connections;
    int32_t exact; /**< strides that leave a rest are CNN_SHAPE_MISMATCH, not floored (Delmas 35) */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_conv2d;

CNN_API cnn_node cnn_net_conv2d(cnn_net *net, cnn_node input, const cnn_conv2d *descriptor);

/** y = activation(W x + b) (Hedberg 9, Delmas 17); an input of higher rank is flattened, NCHW.
 *  Weight [units, inputs], bias [units]. Output [units]. */
typedef struct cnn_dense {
    const char *name;
    int64_t units; /**< required */
    int32_t no_bias;
    cnn_activation_kind activation;
    float slope; /**< of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1 */
    cnn_initializer initializer;
    float initializer_scale; /**< default 1; of CNN_INIT_CONSTANT 0 */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_dense;

CNN_API cnn_node cnn_net_dense(cnn_net *net, cnn_node input, const cnn_dense *descriptor);

/** A window slid over each channel; the average of 2x2 sigmoids is that of worked gradients'
 *  convolutional network. Padding never wins a maximum. Of equal values in a window the
 *  first in row-major order gets the gradient (Hedberg 98-100, corrected). A NaN in a window is its
 *  maximum. */
typedef struct cnn_pool2d {
    const char *name;
    int64_t window[2];  /**< height, width; required (a width of 0: square) */
    int64_t stride[2];  /**< default: the window (a second of 0: as the first) */
    int64_t padding[4]; /**< top, left, bottom, right, each less than the window */
    cnn_padding padding_mode;
    int32_t ceil_mode;       /**< round the output size up; a window must begin inside the input */
    int32_t include_padding; /**< average over the whole window, padding as zeros */
    int32_t exact;           /**< strides that leave a rest are CNN_SHAPE_MISMATCH */
    int64_t reserved[8];
} cnn_pool2d;

CNN_API cnn_node cnn_net_max_pool2d(cnn_net *net, cnn_node input, const cnn_pool2d *descriptor);
CNN_API cnn_node cnn_net_average_pool2d(cnn_net *net, cnn_node input, const cnn_pool2d *descriptor);

/** Weighted sub-sampling (Hedberg 86-97, corrected: alpha multiplies the window's sum, not its
 *  mean): Y_i = activation(sum_j alpha_ij S_j + b_i), S_j[y, x] being the sum of X_j over rows
 *  y K_v to y K_v + K_v - 1 and columns x K_u to x K_u + K_u - 1. What is left over at the end of a
 *  row or column is not used, and its gradient is 0.
 *  Without connections a map has one alpha_i and takes map i alone (Hedberg 87). With connections
 *  there is an alpha_ij for each (Hedberg 86), or with shared_kernel an alpha_i for the sum of all
 *  that map i takes (Hedberg 96). Parameters alpha, [maps] or [connections] in the table's order,
 *  and bias [maps]; initial alphas have fan-in connections * K_v * K_u.
 *  Factors that differ between maps (below Hedberg 86): a node for each factor, all linear and but
 *  one without bias, and cnn_net_add, with the activation, where their outputs meet. */
typedef struct cnn_weighted_subsample2d {
    const char *name;
    int64_t filters;   /**< output maps; default: the channels, and without connections no other */
    int64_t factor[2]; /**< K_v (height), K_u (width); required (a second of 0: as the first) */
    const cnn_connections *connections; /**< NULL: map i to map i; kernel_sizes must be NULL */
    int32_t no_bias;
    int32_t exact; /**< sizes that the factors don't divide are CNN_SHAPE_MISMATCH */
    cnn_activation_kind activation;
    float slope; /**< of leaky ReLU; default 0.01, negative: 0 */
    cnn_initializer initializer;
    float initializer_scale; /**< default 1; of CNN_INIT_CONSTANT 0 */
    int64_t reserved[8];
} cnn_weighted_subsample2d;

CNN_API cnn_node cnn_net_weighted_subsample2d(cnn_net *net, cnn_node input,
                                              const cnn_weighted_subsample2d *descriptor);

/** Vanilla sub-sampling: every K-th row and column, Y[y, x] = X[y K_v, x K_u] (Hedberg 101-103).
 *  Output sizes are floor((n - 1) / K) + 1: so a convolution of stride K is the same convolution of
 *  stride 1, sub-sampled (Hedberg rem. 4-5). */
typedef struct cnn_subsample2d {
    const char *name;
    int64_t factor[2]; /**< K_v (height), K_u (width); required (a second of 0: as the first) */
    int32_t exact;     /**< CNN_SHAPE_MISMATCH unless K divides n - 1 */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_subsample2d;

CNN_API cnn_node cnn_net_subsample2d(cnn_net *net, cnn_node input,
                                     const cnn_subsample2d *descriptor);

typedef int32_t cnn_radial_kind;

/** z of a distance d = |y - c| and beta > 0 (Hedberg 54, corrected: of the squared distance). */
enum {
    CNN_RADIAL_GAUSSIAN = 0,             /**< exp(-beta d^2) */
    CNN_RADIAL_UNSQUARED = 1,            /**< exp(-beta d), as printed; gradient 0 at d = 0 */
    CNN_RADIAL_MULTIQUADRIC = 2,         /**< sqrt(1 + beta d^2) */
    CNN_RADIAL_INVERSE_MULTIQUADRIC = 3, /**< 1 / sqrt(1 + beta d^2) */
    CNN_RADIAL_INVERSE_QUADRATIC = 4,    /**< 1 / (1 + beta d^2) */
    CNN_RADIAL_DISTANCE = 5              /**< beta d^2: any rho follows as an activation layer */
};

/** Radial basis layer: z_j = rho(beta_j, |y - c_j|) (Hedberg 42-54, corrected); an input of higher
 *  rank is flattened, NCHW. Its linear output (Hedberg 55) is a cnn_net_dense after it.
 *  Parameters center [units, inputs] and log_beta [units]: beta = exp(log_beta) stays positive, and
 *  its gradient is beta times beta's. Neither decays. Output [units]. Distances are computed from
 *  the differences, so that points near a centre lose no digits.
 *  Centres start by the initializer, or from data by cnn_net_init_radial_basis. */
typedef struct cnn_radial_basis {
    const char *name;
    int64_t units; /**< required */
    cnn_radial_kind kind;
    float beta;                  /**< at the start; default 1 / inputs */
    cnn_initializer initializer; /**< of centres; default CNN_INIT_NORMAL; fan_in the inputs */
    float initializer_scale;     /**< default 1; of CNN_INIT_CONSTANT 0 */
    int64_t reserved[8];
} cnn_radial_basis;

CNN_API cnn_node cnn_net_radial_basis(cnn_net *net, cnn_node input,
                                      const cnn_radial_basis *descriptor);

/** For layers whose name is all there is to say. */
typedef struct cnn_plain {
    const char *name;
    int64_t reserved[8];
} cnn_plain;

/** The mean of each channel; output [C, 1, 1]. */
CNN_API cnn_node cnn_net_global_average_pool2d(cnn_net *net, cnn_node input,
                                               const cnn_plain *descriptor);

/** [C, H, W] as [C H W], index (c H + h) W + w (Delmas 41-42). Moves no data. */
CNN_API cnn_node cnn_net_flatten(cnn_net *net, cnn_node input, const cnn_plain *descriptor);

typedef struct cnn_reshape {
    const char *name;
    int64_t shape[3]; /**< {K}, {C, L} or {C, H, W} */
    int32_t rank;     /**< 1 to 3, required */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_reshape;

/** The same elements, in row-major order, under another shape of as many: {C, H, W} as {C H W} and
 *  back (Delmas 41-42), D's vec and sqr. */
CNN_API cnn_node cnn_net_reshape(cnn_net *net, cnn_node input, const cnn_reshape *descriptor);

typedef struct cnn_activation {
    const char *name;
    cnn_activation_kind kind;
    float slope; /**< of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1 */
    int64_t reserved[8];
} cnn_activation;

CNN_API cnn_node cnn_net_activation(cnn_net *net, cnn_node input, const cnn_activation *descriptor);

/** exp(x_c) / sum_k exp(x_k) over the channels (the first axis), shifted by the maximum (Hedberg
 *  25; Delmas 20, its gradient 31-33). Before a cross-entropy use CNN_LOSS_SOFTMAX_CROSS_ENTROPY on
 * the logits instead. */
CNN_API cnn_node cnn_net_softmax(cnn_net *net, cnn_node input, const cnn_plain *descriptor);

/** In training each element is zero with probability `rate`, else divided by (1 - rate); else the
 *  identity. The stream depends on seed, node, step and logical position alone. */
typedef struct cnn_dropout {
    const char *name;
    float rate; /**< in [0, 1) */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_dropout;

CNN_API cnn_node cnn_net_dropout(cnn_net *net, cnn_node input, const cnn_dropout *descriptor);

/** y = scale (x - mean) / sqrt(variance + epsilon) + shift for each channel (Ioffe, Szegedy 2015).
 *  In training mean and (biased) variance are the batch's, over N, H and W, and cnn_net_train_step
 *  and cnn_net_fit move the running ones: running += momentum (batch - running), the variance
 *  unbiased there; one that would not be finite stays. Else the running ones are used.
 *  Parameters scale (starts at 1) and shift (0), [C]; state running_mean (0), running_variance (1).
 */
typedef struct cnn_batch_norm {
    const char *name;
    float momentum; /**< default 0.1, negative: 0 */
    float epsilon;  /**< default 1e-5, negative: 0 */
    int32_t no_scale;
    int32_t no_shift;
    cnn_activation_kind activation;
    float slope; /**< of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1 */
    int64_t reserved[8];
} cnn_batch_norm;

CNN_API cnn_node cnn_net_batch_norm(cnn_net *net, cnn_node input, const cnn_batch_norm *descriptor);

typedef struct cnn_add {
    const char *name;
    cnn_activation_kind activation;
    float slope; /**< of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1 */
    int64_t reserved[8];
} cnn_add;

/** activation(sum of the inputs), at least two, all of one shape. */
CNN_API cnn_node cnn_net_add(cnn_net *net, const cnn_node *inputs, int32_t count,
                             const cnn_add *descriptor);

/** The inputs, at least one, one after the other along the channels; their other sizes are equal.
 */
CNN_API cnn_node cnn_net_concat(cnn_net *net, const cnn_node *inputs, int32_t count,
                                const cnn_plain *descriptor);

/* ---- Layers of the host's own ---- */

/* A host-defined layer or activation is computed by the host's callbacks, on every device. The CPU
 * gives them its memory as it is. An OpenCL device (and the float64 reference, in float32) has what
 * they read copied to the host before each call and what they write copied back, which is slow;
 * there an activation with OpenCL C expressions runs as a kernel instead, and its callbacks are
 * never called. They are called from the thread that called the computing function, one at a time
 * and never at once, in the default floating-point environment whatever the host's is (round to
 * nearest, denormals kept), so that their results don't depend on it; what they do to it is undone.
 * Non-zero cancels: the computing call gives CNN_CANCELLED, and the net is as it was. Meanwhile the
 * net can be read and saved; computing with it, compiling, writing and destroying give CNN_BUSY
 * (destroy does nothing). Files keep a node's kind, shape and parameters, not its code: after
 * loading, and before compiling, the host gives it back by cnn_net_bind_host_layer or
 * cnn_net_bind_host_activation; clones share it. */

/** What a callback of a host-defined layer gets: float32, row-major, n samples of everything that
 *  belongs to samples. */
typedef struct cnn_host_call {
    int64_t n;
    const float *const *inputs;     /**< of each input [n, its shape] */
    const float *const *parameters; /**< of each parameter its tensor */
    /** [n, output shape]: forward writes it (it has zeros before); in backward as forward left it,
     *  not to be written. */
    float *output;
    const float *output_gradient; /**< dL/dy in backward; NULL in forward */
    /** In backward dL/dx of each input, and dL/dp of each parameter summed over the n samples.
     *  Zeros before the call; NULL where not wanted. Both NULL in forward. */
    float *const *input_gradients;
    float *const *parameter_gradients;
    int32_t input_count;
    int32_t parameter_count;
    int64_t reserved[8];
} cnn_host_call;

typedef int32_t (*cnn_host_function)(const cnn_host_call *call, void *user);

/** A parameter tensor of a host-defined layer. Its values are among the net's like any other's. */
typedef struct cnn_host_parameter {
    const char *name; /**< "weight"; within the layer; required */
    int64_t shape[4];
    int64_t fan_in;  /**< for the initializer; default the elements after the first axis */
    int64_t fan_out; /**< likewise; default shape[0] */
    int32_t rank;    /**< 1 to 4, required */
    cnn_initializer initializer; /**< default Xavier */
    float initializer_scale;     /**< default 1; of CNN_INIT_CONSTANT 0 */
    int32_t decays;              /**< weight decay and L2 act on it */
    int64_t reserved[8];
} cnn_host_parameter;

typedef struct cnn_host_layer {
    const char *name;
    const char *kind; /**< the host's word for it, in summaries and files; required */
    int64_t output_shape[3];
    const cnn_host_parameter *parameters; /**< copied */
    cnn_host_function forward;            /**< required; y = f(x, p), the same for the same x and p,
                                               and of each sample by that sample alone */
    cnn_host_function backward;           /**< required */
    void *user;
    /** Called once, with user, when the last net that holds the callbacks is gone; not called for
     *  a node that couldn't be added. Nullable. */
    void (*released)(void *user);
    int32_t output_rank; /**< 1 to 3; 0: the output has the shape of the first input */
    int32_t parameter_count;
    int64_t reserved[8];
} cnn_host_layer;

/** Adds a layer that the host computes, of `count` inputs of any shapes. It has no derivative along
 *  a direction: CNN_LEVENBERG_MARQUARDT and CNN_GAUSS_NEWTON_CG refuse a net (CNN_UNSUPPORTED, with
 *  the node) in which it lies between what moves and a loss. Every other optimizer serves, and
 *  those two where it doesn't; a host-defined activation they take. */
CNN_API cnn_node cnn_net_host_layer(cnn_net *net, const cnn_node *inputs, int32_t count,
                                    const cnn_host_layer *descriptor);

typedef struct cnn_host_activation {
    const char *name;
    const char *kind; /**< the host's word for it, in summaries and files; required */
    /** y[i] = f(x[i]); required. */
    int32_t (*forward)(int64_t count, const float *x, float *y, void *user);
    /** dx[i] = f'(x[i]) dy[i], with y as forward gave it; required. */
    int32_t (*backward)(int64_t count, const float *x, const float *y, const float *dy, float *dx,
                        void *user);
    void *user;
    void (*released)(void *user); /**< as in cnn_host_layer */
    /** OpenCL C of f in the float x, "x / (1 + fabs(x))", and of f' in x and y,
     *  "1 / ((1 + fabs(x)) * (1 + fabs(x)))"; both or neither. Compiled by cnn_net_compile as they
     *  are: a mistake in them is CNN_DEVICE_ERROR with the compiler's log. */
    const char *opencl_forward;
    const char *opencl_derivative;
    int64_t reserved[8];
} cnn_host_activation;

/** Adds an activation that the host computes, element by element (Hedberg's phi, any). */
CNN_API cnn_node cnn_net_host_activation(cnn_net *net, cnn_node input,
                                         const cnn_host_activation *descriptor);

/** Gives the host-defined node `name` of a loaded net its callbacks, or other ones; descriptor's
 *  name is not used. Allowed until compile. CNN_NOT_FOUND; CNN_INVALID_ARGUMENT for a node of
 *  another kind; CNN_SHAPE_MISMATCH where output or parameters differ. */
CNN_API cnn_status cnn_net_bind_host_layer(cnn_net *net, const char *name,
                                           const cnn_host_layer *descriptor, cnn_error *error);
CNN_API cnn_status cnn_net_bind_host_activation(cnn_net *net, const char *name,
                                                const cnn_host_activation *descriptor,
                                                cnn_error *error);

typedef int32_t cnn_loss_kind;

/** Over n samples with weights s_k (1 unless given), y the node's output, t its target, K elements
 *  a sample. Each is a mean over the samples, 1/n whatever the weights sum to (Delmas 19), and on a
 *  map [C, H, W] as on a vector: any layer's output may have a loss. No loss includes the
 * regulariser of the optimizer. The six pairs of Hedberg's table 3, corrected: CNN_LOSS_HALF_MSE,
 *  CNN_LOSS_BINARY_CROSS_ENTROPY and CNN_LOSS_CROSS_ENTROPY after any activation; binary
 *  cross-entropy with the sigmoid and cross-entropy with softmax fused, the sigmoid and softmax
 * ones below on what comes before; CNN_LOSS_HALF_MSE after none. */
enum {
    /** (1/n) sum_k s_k (-sum_c t_c log softmax(y)_c) over the classes, the first axis; y are
     * logits. On a map [C, H, W] the mean of that over the places. Targets are class indices (0 to
     * C - 1), one a place, or distributions t. (Hedberg 27, fused; the gradient is softmax(y)
     * sum(t) - t.)
     */
    CNN_LOSS_SOFTMAX_CROSS_ENTROPY = 1,
    /** (1/n) sum_k s_k sum_i [max(y,0) - y t + log(1 + exp(-|y|))]: binary cross-entropy of
     *  sigmoid(y), y being logits, for any t (Hedberg 26, fused; the gradient is sigmoid(y) - t).
     */
    CNN_LOSS_SIGMOID_CROSS_ENTROPY = 2,
    /** (1/(n K)) sum_k s_k sum_i (y - t)^2: the mean over elements and samples. */
    CNN_LOSS_MSE = 3,
    /** (1/n) sum_k s_k 1/2 sum_i (y - t)^2 (Hedberg 21, its mean over the samples). */
    CNN_LOSS_HALF_MSE = 4,
    /** (1/n) sum_k s_k sum_i (y - t)^2 (Hedberg 105; worked gradients' and Lin's squared error). */
    CNN_LOSS_SUM_OF_SQUARES = 5,
    /** (1/n) sum_k s_k sum_i [-t log p - (1 - t) log(1 - p)] of probabilities p = y (Hedberg 26,
     *  Delmas 21). y is first clamped to [2^-24, 1 - 2^-24], and its derivative is that at the
     *  clamped value. After a sigmoid CNN_LOSS_SIGMOID_CROSS_ENTROPY on its input is better: where
     *  the sigmoid has become 0 or 1, its derivative has vanished. */
    CNN_LOSS_BINARY_CROSS_ENTROPY = 6,
    /** (1/n) sum_k s_k (-sum_c t_c log y_c) of probabilities y over the classes (Hedberg 27, table
     * 2, for any activation; 0 log 0 = 0); on a map the mean of that over the places. y is first
     *  clamped to at least 2^-24, as above. Targets are distributions. After softmax
     *  CNN_LOSS_SOFTMAX_CROSS_ENTROPY on its input is better. */
    CNN_LOSS_CROSS_ENTROPY = 7
};

typedef struct cnn_loss {
    const char *name;
    cnn_loss_kind kind; /**< required */
    float weight;       /**< in the sum of several losses; default 1, negative: 0 */
    /** The factor w_i of each output's term in the sum over i (Delmas 22), finite and >= 0: one for
     *  each element of a sample, or one for each channel of a map. NULL: all 1. Kept as the node's
     *  state tensor "<name>/output_weights". Not for softmax cross-entropy. */
    const float *output_weights;
    int64_t output_weight_count;
    /** The sum over i is divided by K, its terms' number (Delmas 22: 1/n_out); CNN_LOSS_MSE is so
     *  anyway. Not for softmax cross-entropy. */
    int32_t average_outputs;
    int32_t reserved32;
    int64_t reserved[8];
} cnn_loss;

/** Adds a loss on `input`; its target has input's shape, or is one label for a class (of each place
 *  of a map). Several losses sum by weight; their targets are given in the order the losses were
 *  added. */
CNN_API cnn_node cnn_net_loss(cnn_net *net, cnn_node input, const cnn_loss *descriptor);

/** Declares `node` an output of cnn_net_run; several are in the order of declaration. Without any,
 *  the output is the last node that isn't a loss. Allowed until compile. */
CNN_API cnn_status cnn_net_output(cnn_net *net, cnn_node node, cnn_error *error);

/** The first mistake made while building, or CNN_OK. */
CNN_API cnn_status cnn_net_error(const cnn_net *net, cnn_error *error);

/* ---- Compiling ---- */

/** Faster ways of a device that round more than its usual ones do, which a host may accept: bits of
 *  cnn_compile.accept. */
typedef int32_t cnn_accept;

enum {
    /** 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3); for its error see cnn_conv2d. */
    CNN_ACCEPT_WINOGRAD_4X4 = 1
};

typedef struct cnn_compile {
    int64_t max_batch;      /**< the largest n of one step, at most 2^20; default 1 */
    const int64_t *batches; /**< smaller sizes worth a plan of their own; copied */
    int32_t batch_count;
    int32_t inference_only; /**< frees what training wants; then only run works */
    /** Bytes the net may hold on the device: plan, parameters, state, gradient, also what is
     *  planned later; 0: only the device's limit. An optimizer's states are not the net's.
     *  Where this or the device's limit is below what gradients want, activations are dropped after
     *  the forward pass and computed again in the backward pass, each once: the same bits in more
     *  time, which the log tells (CNN_LOG_INFO). No more of them than must be, so what is planned
     *  later may find no room, and an optimizer only where the limit here is the lower one. What
     *  needs a host's callback or its samples isn't computed again. CNN_LIMIT_EXCEEDED tells the
     *  least that was found to do. */
    int64_t memory_limit;
    /** Seconds to tune the device for the net before, as cnn_device_tune does, where its cache has
     *  nothing of it yet; 0: none. */
    double tune_seconds;
    int64_t accept; /**< CNN_ACCEPT_*: less accurate ways that may be planned; default none */
    int64_t reserved[6];
} cnn_compile;

/** Plans the net for a device: kernels, layouts and memory for every n up to max_batch. After it,
 *  run, evaluate and training allocate and compile nothing; what is rarer (loss_gradient, backward,
 *  options of a run, another form of target) is planned at its first use. May be called again, also
 * for another device: parameters, state and bound optimizer states survive. Reports the first
 * building mistake. CNN_UNSUPPORTED names a node that the backend can't do; CNN_LIMIT_EXCEEDED
 * tells what it needs.
 */
CNN_API cnn_status cnn_net_compile(cnn_net *net, cnn_device *device, const cnn_compile *options,
                                   cnn_error *error);

/** How a tuning goes. */
typedef struct cnn_tune_progress {
    int64_t operation; /**< the one at hand, from 0; operations: the whole net */
    int64_t operations;
    double seconds;  /**< since the call */
    double fraction; /**< of the time given */
    char name[128];  /**< the first layer that has the operation */
    int64_t reserved[8];
} cnn_tune_progress;

/** Non-zero cancels. Called from the thread that called, between two measurements. The net is the
 *  callback's to read only. */
typedef int32_t (*cnn_tune_function)(const cnn_tune_progress *progress, void *user);

typedef struct cnn_tune {
    cnn_compile compile; /**< what the net will be compiled with; its tune_seconds must be 0 */
    double seconds;      /**< default 20; what has begun is ended, so it may take a little longer */
    cnn_tune_function progress;
    void *user;
    int64_t reserved[8];
} cnn_tune;

/** Out: what a tuning did. */
typedef struct cnn_tune_report {
    int64_t operations;    /**< distinct ones that were looked at */
    int64_t measured;      /**< ways to run them that were tried */
    int64_t rejected;      /**< of them: wrong, or not built */
    int64_t kept;          /**< choices that went into the database; 0: nothing was faster */
    double seconds;        /**< it took */
    double seconds_before; /**< of a run and, unless for inference only, a training step */
    double seconds_after;  /**< the same by what was kept */
    int64_t reserved[9];
} cnn_tune_report;

/** Finds by measurement how the device best runs the net's convolutions and dense layers, of the
 *  sizes that `options` (nullable) tells, those that take longest first: which algorithm, and with
 *  which parameters. A way counts only where its results on random data are those of the float64
 *  reference, twice the same bits, and nothing lies outside of them; the log tells which were
 *  rejected, and why. In the end the whole net is run as it is planned without and with the
 *  findings, in turn, and they are kept only where it is faster.
 *
 *  They are the device's: plans of any net made later have them, as have other processes where a
 *  cache directory is given, by a text file there ("tuning-1.txt") that may be copied, merged and
 *  deleted. The same findings give the same plan. The net is as it was and need not be compiled;
 *  two clones of it are on the device meanwhile, and host-defined layers' callbacks are called.
 *  Nothing else should run then. CNN_CANCELLED: nothing is kept. report is nullable and written
 *  then too. */
CNN_API cnn_status cnn_device_tune(cnn_device *device, cnn_net *net, const cnn_tune *options,
                                   cnn_tune_report *report, cnn_error *error);

typedef struct cnn_profile {
    int64_t samples;  /**< of each run; default max_batch */
    int32_t runs;     /**< that count, one more before them; default 10 */
    int32_t training; /**< a step's loss and gradient, without the update, in place of a run */
    int64_t reserved[8];
} cnn_profile;

/** Out: what the device runs as one, and how long it takes. */
typedef struct cnn_node_time {
    cnn_node node;       /**< of its first operation; -1: of none, as a change of layout */
    int32_t second_pass; /**< of the backward pass */
    double seconds;      /**< the median of the runs */
    double flops;        /**< floating-point operations of its arithmetic */
    double bytes;        /**< of what it reads and writes, each once */
    char operation[192]; /**< "convolution+pointwise direct_n16 NCHW16c"; cut if longer */
    int64_t reserved[8];
} cnn_node_time;

/** Where a compiled net's time goes: runs it on samples of no meaning, host-defined layers too, and
 *  gives a row for each launch of its plan, in order, the first `capacity` of them; *needed
 *  (nullable) is how many there are. times may be NULL when capacity is 0: then nothing runs.
 *  Parameters and state stay; with `training` the gradient is written, and the first row is what a
 *  step does before its nodes: packed copies of parameters. OpenCL devices are timed by events
 *  while the queue is kept full, without what lies between commands and the transfer of samples; on
 *  a host's queue without CL_QUEUE_PROFILING_ENABLE, and on a CPU, by the clock, waiting after each
 *  launch. CNN_BAD_STATE before compile, and for `training` without a loss; CNN_OUT_OF_RANGE where
 *  samples, runs or capacity is below 0 or samples above max_batch. */
CNN_API cnn_status cnn_net_profile(cnn_net *net, const cnn_profile *options, cnn_node_time *times,
                                   int64_t capacity, int64_t *needed, cnn_error *error);

/* ---- Data ---- */

typedef int32_t cnn_type;

enum { CNN_FLOAT32 = 0, CNN_UINT8 = 1, CNN_INT32 = 2, CNN_INT64 = 3 };

typedef int32_t cnn_layout;

enum { CNN_NCHW = 0, CNN_NHWC = 1 };

/** A tensor of the host's. value = (raw - mean[c]) * scale[c] with c the channel; a scale of 0
 *  means 1, or scale[0] for a later channel if all later ones are 0 (so {1 / 255.f} serves all);
 *  means are repeated likewise. Channels from the fourth on use the fourth's. An output's `data` is
 *  written; it is float32, scale and mean unused. */
typedef struct cnn_view {
    const void *data;
    int64_t elements; /**< of data: n times those of one sample */
    cnn_type type;
    cnn_layout layout;
    float scale[4];
    float mean[4];
    /** In place of `data`, which is then NULL: a cl_mem, a buffer of the context that the net's
     *  device was opened with (see cnn_device_open_opencl). It is read or written where it lies,
     *  by commands on the device's queue; never on another device. */
    void *memory;
    int64_t memory_offset; /**< bytes before its first element; a multiple of the element's size */
    int64_t reserved[8];
} cnn_view;

/** n samples: inputs, and targets for losses, each in the order in which they were added to the
 *  net. The fields without an array serve one input and one loss. */
typedef struct cnn_samples {
    const void *inputs; /**< float32 or uint8; value = (raw - mean) * scale as in cnn_view */
    int64_t input_elements;
    cnn_type input_type;
    cnn_layout input_layout;
    float scale[4];
    float mean[4];
    const float *targets; /**< float32, of the shape of the loss's input (NCHW) */
    int64_t target_elements;
    /** instead of targets: class indices, uint8, int32 or int64; one a sample, or for a loss on a
     * map [C, H, W] one a place, [H, W] a sample */
    const void *labels;
    int64_t label_elements;
    const float *weights; /**< s_k, one a sample; NULL: all 1 */
    int64_t weight_elements;
    const cnn_view *input_views;  /**< instead of inputs, for a net with several */
    const cnn_view *target_views; /**< instead of targets and labels: float32, or labels */
    int32_t input_view_count;
    int32_t target_view_count;
    cnn_type label_type;
    int32_t reserved32;
    int64_t reserved[8];
} cnn_samples;

/* ---- Running ---- */

/** Runs the net (dropout off, batch norm on its running statistics) on x, n samples of float32 for
 *  its one input, into y, the n results of its first output. More than max_batch samples are run in
 *  parts. CNN_SHAPE_MISMATCH if either count doesn't fit. */
CNN_API cnn_status cnn_net_run(cnn_net *net, const float *x, int64_t x_elements, float *y,
                               int64_t y_elements, cnn_error *error);

/** The same on views: bytes as a camera gives them, NHWC. */
CNN_API cnn_status cnn_net_run_view(cnn_net *net, const cnn_view *input, const cnn_view *output,
                                    cnn_error *error);

typedef struct cnn_run {
    int32_t softmax; /**< give softmax over channels of the outputs: a classifier's probabilities */
    int32_t training; /**< run as training does: dropout on, batch statistics; state is unchanged */
    int32_t restart;  /**< of cnn_net_run_for: drop an unfinished run; the others ignore it */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_run;

/** The same with several inputs and outputs, in the order of adding and declaring. */
CNN_API cnn_status cnn_net_run_many(cnn_net *net, const cnn_view *inputs, int32_t input_count,
                                    const cnn_view *outputs, int32_t output_count,
                                    const cnn_run *options, cnn_error *error);

/** Out: how far a run with a time budget came. */
typedef struct cnn_run_progress {
    int32_t done; /**< 1: the outputs are written, and the next call begins anew */
    int32_t reserved32;
    double fraction;          /**< of the predicted work, 0 to 1 */
    double microseconds;      /**< that this call took */
    double next_microseconds; /**< predicted for the next piece of work, which a smaller budget
                                   doesn't move; 0 when done; of a budget of 0: for the longest */
    int64_t reserved[8];
} cnn_run_progress;

/** cnn_net_run_many in instalments: does as much as fits into so many microseconds (of the wall's
 *  clock), never starts a piece of work that is predicted to take longer than what is left, and
 *  goes on at the next call, to the same bits as an uninterrupted run. A piece is a layer's
 *  operation, or several that are run as one, on one part of max_batch samples; predictions start
 *  from a measurement on this device and are corrected by every piece that runs. Inputs are read as
 *  their part begins and outputs written as it ends: give the same views, and keep what they point
 *  at, until done. Whatever runs in between has other memory and doesn't disturb it. It begins anew
 *  with other views or options, after a change of parameters or state, after a compile and after an
 *  error (CNN_CANCELLED). microseconds 0 plans and measures, and computes nothing that is kept:
 *  call it at load, so that no frame pays for it, with samples as they will come (host-defined
 *  layers are called on them); else the first call does it, whatever its budget. Negative: no
 *  limit. CNN_OUT_OF_RANGE for NaN. options and progress are nullable. */
CNN_API cnn_status cnn_net_run_for(cnn_net *net, const cnn_view *inputs, int32_t input_count,
                                   const cnn_view *outputs, int32_t output_count,
                                   const cnn_run *options, double microseconds,
                                   cnn_run_progress *progress, cnn_error *error);

/** A run in progress. Any thread may poll it and wait for it, also several at once. */
typedef struct cnn_event cnn_event;

/** cnn_net_run_many that returns at once, with the same bits. The views are copied; what they point
 *  at is borrowed until the event is done. Until then every other computing or changing call on the
 *  net gives CNN_BUSY; reading it, saving it, cnn_net_cancel and cnn_net_destroy are allowed, and
 *  several nets may be running on a device. Mistakes in the arguments are told here, what the run
 *  itself meets by the event. But for the event, some small objects, a warm net allocates nothing.
 *   - The CPU: one of the device's own threads computes it, and calls host-defined layers, after
 *     those begun before it on other nets. Where the device has none (threads 1, a parallel_for of
 *     the host's, the reference) nothing happens until someone waits: whoever does computes it.
 *   - OpenCL: it is enqueued. More than 2 max_batch samples and host-defined layers make the call
 *     wait for their parts; what is enqueued can't be cancelled. */
CNN_API cnn_status cnn_net_run_async(cnn_net *net, const cnn_view *inputs, int32_t input_count,
                                     const cnn_view *outputs, int32_t output_count,
                                     const cnn_run *options, cnn_event **event, cnn_error *error);

/** 1: done, or failed, or cancelled; 0: not yet; -1 for NULL. Never waits and never computes. */
CNN_API int32_t cnn_event_is_done(const cnn_event *event);

/** Waits up to `microseconds` (0: looks only; negative: as long as it takes) and gives what the run
 *  came to, each time it is asked; CNN_BUSY where it isn't done. Without limit the caller computes
 *  a run that no thread has begun; so does one with a limit where no thread would, and then may
 *  take longer. CNN_BAD_STATE in a forked process that lacks the thread that was computing. */
CNN_API cnn_status cnn_event_wait(cnn_event *event, double microseconds, cnn_error *error);

/** Waits for the run and ends the handle. Net and device may end before it. */
CNN_API void cnn_event_destroy(cnn_event *event);

/** Out: the quality of a net on samples. */
typedef struct cnn_evaluation {
    double loss; /**< the weighted sum of the losses, without the regulariser */
    /** share of right classes under the first softmax cross-entropy, of all places of maps; -1:
     * none
     */
    double accuracy;
    int64_t samples;
    int64_t correct; /**< samples, or places of maps, whose class is right */
    int64_t reserved[8];
} cnn_evaluation;

/** Loss and accuracy over any number of samples, in parts of max_batch (modes as cnn_net_run). */
CNN_API cnn_status cnn_net_evaluate(cnn_net *net, const cnn_samples *samples,
                                    cnn_evaluation *result, cnn_error *error);

typedef struct cnn_gradient_options {
    int32_t training; /**< dropout on (of the step to come), batch statistics; state is unchanged */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_gradient_options;

/** The loss of n <= max_batch samples into *loss (nullable), and its gradient into CNN_GRADIENT.
 *  Never changes parameters or state. More samples: CNN_LIMIT_EXCEEDED. */
CNN_API cnn_status cnn_net_loss_gradient(cnn_net *net, const cnn_samples *samples,
                                         const cnn_gradient_options *options, double *loss,
                                         cnn_error *error);

/** Backward from the host's own dL/dy for each output, float32, n <= max_batch samples: runs
 * forward on samples' inputs (its targets are ignored), multiplies row k of each dL/dy by weight
 * s_k, and writes dL/dtheta into CNN_GRADIENT and dL/dx into input_gradients (float32 NCHW, in the
 * inputs' order; NULL data or a count of 0: not wanted). */
CNN_API cnn_status cnn_net_backward(cnn_net *net, const cnn_samples *samples,
                                    const cnn_view *output_gradients, int32_t output_count,
                                    const cnn_view *input_gradients, int32_t input_count,
                                    const cnn_gradient_options *options, cnn_error *error);

typedef struct cnn_gradient_check {
    int64_t entries;    /**< of theta to compare one by one; default 1000, negative: none. Of more
                             than that a random choice, with one of each tensor if it has room. */
    int64_t directions; /**< random ones (+-1 each entry) over all of theta; default 4, negative:
                             none */
    uint64_t seed;      /**< of the choice and the directions */
    double tolerance;   /**< the largest relative error that is no failure; 0: any is none */
    int32_t training;   /**< as in cnn_gradient_options: both sides drop the same, and use the
                             batch's statistics */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_gradient_check;

/** Out: what cnn_net_check_gradient found. */
typedef struct cnn_gradient_report {
    char worst[320];  /**< the worst entry, "conv2d_1/weight[3,0,1,1]"; "" for none */
    char tensor[256]; /**< its tensor, "conv2d_1/weight", cut if longer */
    int64_t index;    /**< its place in theta; -1: no entry was compared */
    double error;     /**< its relative error, see below */
    double analytic;  /**< the gradient's value there */
    double numeric;   /**< and the differences' */
    double
        direction_error; /**< the worst relative error along a direction; -1: none was compared */
    double loss;         /**< in float64 */
    int64_t entries;     /**< compared */
    int64_t skipped;     /**< not compared: a kink is too near */
    int64_t directions;
    int64_t skipped_directions;
    int64_t reserved[8];
} cnn_gradient_report;

/** Checks the gradient of the loss of n <= max_batch samples, computed as cnn_net_loss_gradient
 * does on the net's device (and left in CNN_GRADIENT), against central differences of the loss in
 *  float64, computed by the reference of every operation on a clone of the net: slow, about four
 *  losses an entry, for small nets and few samples. A relative error is
 *  |a - d| / max(|a|, |d|, 0.001 m, 1e-6 loss), a the gradient's entry, d the differences', m the
 *  largest of either (along a direction 0.1 of the gradient's 2-norm stands for 0.001 m): 1e-4 is
 *  usual of float32, 1 plain wrong. Steps are 2^-20 (times |theta| above 1), and halved; where the
 *  two, or the differences to either side, disagree (ReLU and maxima have kinks) smaller steps are
 *  tried, then the entry is skipped and counted. Host-defined layers compute in float: with one,
 *  steps are 2^-6, extrapolated to 0, and good to about 1e-3, with 1e-4 loss in place of 1e-6.
 * Frozen tensors are left out. The report, nullable, is written whatever the errors; with a
 * tolerance an error above it, or nothing compared, is CNN_OUT_OF_RANGE with a message that names
 * the worst entry. CNN_NOT_FINITE where the loss isn't finite. */
CNN_API cnn_status cnn_net_check_gradient(cnn_net *net, const cnn_samples *samples,
                                          const cnn_gradient_check *options,
                                          cnn_gradient_report *report, cnn_error *error);

/** Asks the call in progress on the net to stop with CNN_CANCELLED within one node's time; does
 *  nothing when there is none. From any thread. */
CNN_API void cnn_net_cancel(cnn_net *net);

/* ---- Optimizers ---- */

/** A way to a minimum and its hyper-parameters, of one of two sorts. A first-order rule turns
 *  gradients into steps: it serves train_step and fit, keeps its state and binds to the first net
 *  it trains; another is refused (CNN_BAD_STATE) until cnn_optimizer_reset. A minimizer (20 and up)
 *  sees a whole problem at once: it serves cnn_minimize, as rules do too, and keeps nothing from
 *  call to call; train_step and fit refuse it (CNN_UNSUPPORTED). */
typedef struct cnn_optimizer cnn_optimizer;

typedef int32_t cnn_optimizer_kind;

/** g is the clipped gradient plus that of the penalties CNN_L2 and CNN_L1, a the rate, t the step
 *  from 1. */
enum {
    /** m = momentum m + g; theta -= a m, or with CNN_NESTEROV theta -= a (g + momentum m)
     *  (Hedberg 121, Delmas 7 in its usual form). Momentum 0 is gradient descent (Hedberg 118,
     * Delmas 2). The same with other rates: Delmas 7's (alpha, gamma) is momentum 1 - gamma alpha
     * at the rate alpha^2; m = b m + (1 - b) g, theta -= a m is momentum b at the rate a (1 - b);
     *  Hedberg 121's (mu, p) is momentum p at the rate mu. CNN_WEIGHT_DECAY first makes theta
     *  (1 - a weight_decay) theta (Delmas 4), which equals CNN_L2 without momentum only. */
    CNN_SGD = 1,
    /** m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; theta -= a m^ / (sqrt(v^) + epsilon) with
     *  m^ = m / (1 - b1^t), v^ = v / (1 - b2^t) (Delmas 11, corrected; Kingma, Ba 2015). */
    CNN_ADAM = 2,
    /** Adam, with theta -= a weight_decay theta apart from the gradient (Loshchilov, Hutter 2019).
     */
    CNN_ADAMW = 3,
    /** v += g^2; theta -= a g / (sqrt(v) + epsilon) (Duchi, Hazan, Singer 2011). With
     *  CNN_MEAN_SQUARES the root is of the mean v / t (Delmas 9): the former at the rate a sqrt(t).
     */
    CNN_ADAGRAD = 4,
    /** v = b2 v + (1-b2) g^2; m = momentum m + g / (sqrt(v) + epsilon); theta -= a m (Delmas 10,
     * with the epsilon it lacks). v starts biased to zero; CNN_BIAS_CORRECTION takes v / (1 -
     * b2^t). */
    CNN_RMSPROP = 5,
    /** theta -= a (3/2 g_t - 1/2 g_(t-1)), the first step a g: the two-step Adams-Bashforth method,
     *  for Delmas 12-14, whose 13 and 14 diverge at every rate. On a curvature l it is stable for
     *  a l in (0, 1), gradient descent for a l in (0, 2). */
    CNN_ADAMS_BASHFORTH = 6,
    /* Minimizers. f is the value, g its gradient, d a direction of descent. */
    /** x += a d with a by a line search along d = -g (Hedberg 118-119), or along the floating mean
     *  d = CNN_AVERAGE d - (1 - CNN_AVERAGE) g (Hedberg 8). With CNN_SEARCH_PERIOD p only every
     *  p-th step searches, accurately and along -g; the steps between keep its a. */
    CNN_GRADIENT_DESCENT = 20,
    /** x -= a/2 (g(x) + g(x - a g(x))): two gradients a step (after Delmas 12, corrected). */
    CNN_HEUN = 21,
    /** Nonlinear conjugate gradients (Hedberg 164-169), Polak-Ribiere+ or Fletcher-Reeves. */
    CNN_NONLINEAR_CG = 22,
    /** BFGS with a dense inverse Hessian: n^2 numbers (Hedberg 179-182, algorithm 1 corrected). */
    CNN_BFGS = 23,
    /** L-BFGS by the two-loop recursion (Hedberg algorithms 2-3, corrected): 2 CNN_HISTORY + 4
     *  vectors in all. */
    CNN_LBFGS = 24,
    /** Levenberg-Marquardt on residuals r with Jacobian J: (J^T J + lambda D) step = -J^T r,
     *  D = diag(J^T J) (Hedberg 104-117, corrected), lambda by the ratio of the actual to the
     *  predicted reduction, step^T (lambda D step - J^T r) / 2. n^2 numbers. A step is by Cholesky
     *  of the damped normal equations scaled by D; where their condition exceeds 1e14, by the
     * singular values of J, its columns scaled likewise, through its triangular factor
     * (pseudo-inverse, Hedberg 116-117): those of at most 1e-7 of the largest count as zero in
     * float, in double those of at most max(1e-15, max(m, n) 2.2e-16) of it. Of a net it takes sums
     * of squares alone, without L1, with weights of losses and samples of at least 0
     * (CNN_OUT_OF_RANGE otherwise names the sample), and no cnn_net_host_layer between what moves
     * and a loss. */
    CNN_LEVENBERG_MARQUARDT = 25,
    /** (G + lambda I) step = -g by truncated conjugate gradients on products with the Gauss-Newton
     *  matrix G, lambda by the same ratio; no matrix is stored. Takes any loss, but no
     *  cnn_net_host_layer between what isn't frozen and a loss. */
    CNN_GAUSS_NEWTON_CG = 26,
    /** AdaGrad with the whole matrix of sums of g g^T in place of its diagonal (Delmas, after 10):
     *  x -= a (S^(1/2) + epsilon)^-1 g. n^2 numbers, n^3 work a step. */
    CNN_FULL_ADAGRAD = 27,
    /** RMSProp, likewise with a decaying mean. */
    CNN_FULL_RMSPROP = 28
};

typedef int32_t cnn_line_search;

/** How a step's length a is found along d, s being f's slope there, s0 = g^T d (Hedberg 5.1, 7.2).
 */
enum {
    CNN_SEARCH_STRONG_WOLFE = 0, /**< f <= f0 + c1 a s0 and |s| <= c2 |s0| (Hedberg 189-190) */
    CNN_SEARCH_WOLFE = 1,        /**< f <= f0 + c1 a s0 and s >= c2 s0 (Hedberg 187-188) */
    CNN_SEARCH_ARMIJO = 2,       /**< f <= f0 + c1 a s0 by backtracking (Armijo-Goldstein) */
    CNN_SEARCH_GOLDEN = 3,       /**< a bracket, then golden sections to the minimum */
    CNN_SEARCH_BRENT = 4,        /**< a bracket, then Brent's parabolas */
    CNN_SEARCH_BRENT_SLOPE = 5   /**< likewise on slopes: Brent with derivatives */
};

typedef int32_t cnn_key;

/** Hyper-parameters. The default and bounds of each in each optimizer: cnn_optimizer_describe_key.
 *  Minimizers have L2 and L1 for cnn_net_minimize; cnn_minimize refuses them (CNN_UNSUPPORTED).
 *  L2, L1 and weight decay act on weights, not on biases nor on batch norm's scale and shift,
 * unless cnn_net_set_regularization says otherwise, and pull to zero, or to cnn_net_set_center's
 * values. */
enum {
    CNN_LEARNING_RATE = 1,
    CNN_MOMENTUM = 2,
    CNN_NESTEROV = 3, /**< 0 or 1 */
    CNN_BETA1 = 4,
    CNN_BETA2 = 5,
    CNN_EPSILON = 6,
    CNN_WEIGHT_DECAY = 7,
    /** lambda of the penalty (lambda / 2) |theta - center|^2 (Delmas 3-4); of worked gradients'
     *  lambda |theta|^2 it is twice theirs; of Lin's theta^T theta / (2C) it is 1 / C, with factor
     * 1 for the biases, which that includes (cnn_net_set_regularization). */
    CNN_L2 = 8,
    CNN_CLIP_NORM =
        9, /**< scale the loss's gradient so that its 2-norm is at most this; 0: don't */
    /** lambda of the penalty lambda sum_i |theta_i - center_i|, derivative 0 at the centre (Delmas,
     *  footnote 1 to 3: other norms). */
    CNN_L1 = 10,
    CNN_MEAN_SQUARES = 11,    /**< 0 or 1: AdaGrad's root is of a mean */
    CNN_BIAS_CORRECTION = 12, /**< 0 or 1: of RMSProp's average */
    CNN_LINE_SEARCH = 20,     /**< cnn_line_search */
    CNN_C1 = 21,              /**< of the line searches; a search for Wolfe's conditions by other
                                   than c1 < c2 < 1 is CNN_OUT_OF_RANGE */
    CNN_C2 = 22,
    CNN_HISTORY = 23,   /**< pairs that L-BFGS keeps */
    CNN_CG_UPDATE = 24, /**< 0: Polak-Ribiere+, 1: Fletcher-Reeves */
    /** Conjugate gradients start anew along -g every so many iterations; 0: as many as there are
     *  parameters. They also do where successive gradients are far from orthogonal. */
    CNN_RESTART = 25,
    /** Of nonlinear CG. 0: none; 1: the diagonal of BFGS's update of a diagonal matrix. */
    CNN_PRECONDITIONER = 26,
    /** H0 of BFGS. 0: I, and after the first step (y^T s / y^T y) I (Hedberg 191); 1: I; 2: the
     *  inverse of a Hessian by differences of n gradients. */
    CNN_INITIAL_HESSIAN = 27,
    /** 0 skips an update with y^T s <= CNN_EPSILON |y| |s| (Hedberg 177); 1 damps one with
     *  y^T s < s^T B s / 5 first (Powell). */
    CNN_CURVATURE_GUARD = 28,
    /** lambda to start with; of Gauss-Newton-CG as a part of the curvature along the gradient. */
    CNN_DAMPING = 29,
    CNN_NORM_RESIDUAL = 30,   /**< 1: one residual |r| a sample (Hedberg 106, 110), guarded at 0 */
    CNN_CG_ITERATIONS = 31,   /**< products a step, at most */
    CNN_CG_TOLERANCE = 32,    /**< the inner solve stops at this residual relative to |g| */
    CNN_SAMPLE_FRACTION = 33, /**< of the data that a product uses */
    CNN_AVERAGE = 34,
    CNN_SEARCH_PERIOD = 35
};

/** Makes an optimizer with default hyper-parameters. NULL for an unknown kind or want of memory. */
CNN_API cnn_optimizer *cnn_optimizer_create(cnn_optimizer_kind kind);

CNN_API void cnn_optimizer_destroy(cnn_optimizer *optimizer);

/** Sets a hyper-parameter. CNN_NOT_FOUND for a key this kind doesn't have; CNN_OUT_OF_RANGE, naming
 *  the bounds, for a value (or NaN) outside them. Takes effect at the next step. */
CNN_API cnn_status cnn_optimizer_set(cnn_optimizer *optimizer, cnn_key key, double value,
                                     cnn_error *error);

CNN_API cnn_status cnn_optimizer_get(const cnn_optimizer *optimizer, cnn_key key, double *value,
                                     cnn_error *error);

/** Out: a hyper-parameter of an optimizer. */
typedef struct cnn_key_info {
    char name[32]; /**< "learning_rate" */
    cnn_key key;
    int32_t reserved32;
    double value;
    double default_value;
    double minimum; /**< inclusive */
    double maximum; /**< inclusive */
    int64_t reserved[8];
} cnn_key_info;

/** How many hyper-parameters it has; 0 for NULL. */
CNN_API int32_t cnn_optimizer_key_count(const cnn_optimizer *optimizer);

/** Describes the index-th of them. */
CNN_API cnn_status cnn_optimizer_describe_key(const cnn_optimizer *optimizer, int32_t index,
                                              cnn_key_info *info, cnn_error *error);

/** The kind it was created as; 0 for NULL. */
CNN_API cnn_optimizer_kind cnn_optimizer_get_kind(const cnn_optimizer *optimizer);

/** Steps taken since creation or reset; -1 for NULL. */
CNN_API int64_t cnn_optimizer_steps(const cnn_optimizer *optimizer);

/** Forgets state, steps and the bound net; hyper-parameters stay. */
CNN_API cnn_status cnn_optimizer_reset(cnn_optimizer *optimizer, cnn_error *error);

/* ---- Training ---- */

/** One step on n <= max_batch samples: training-mode forward, backward, update of parameters and
 *  state. *loss (nullable) is the loss before the step; asking for it waits for the device. A step
 *  whose loss or gradient isn't finite changes nothing and gives CNN_NOT_FINITE (if loss is NULL:
 *  by the next step that asks for it, and no step in between changes anything). */
CNN_API cnn_status cnn_net_train_step(cnn_net *net, cnn_optimizer *optimizer,
                                      const cnn_samples *samples, double *loss, cnn_error *error);

/** How training stands, given to a callback. */
typedef struct cnn_progress {
    int64_t epoch; /**< from 0 */
    int64_t epochs;
    int64_t step; /**< done in this call */
    int64_t steps;
    double fraction; /**< of the whole fit, 0 to 1 */
    double loss;     /**< mean of this epoch's steps so far */
    double learning_rate;
    double validation_loss;     /**< after the latest epoch; NaN: none yet */
    double validation_accuracy; /**< likewise; -1: none */
    double samples_per_second;
    double seconds;      /**< since fit began */
    double seconds_left; /**< predicted */
    int32_t epoch_ended; /**< 1 in the call after an epoch's validation */
    int32_t done; /**< of cnn_net_fit_for: 1: all epochs are done, the next call begins anew */
    double next_microseconds; /**< of cnn_net_fit_for, as in cnn_run_progress */
    int64_t reserved[8];
} cnn_progress;

/** Non-zero cancels. May read parameters, save and evaluate; run, train, compile and destroy give
 *  CNN_BUSY (destroy does nothing). Called from the thread that called fit. */
typedef int32_t (*cnn_progress_function)(const cnn_progress *progress, void *user);

typedef int32_t cnn_schedule;

/** The rate at epoch e (a fraction within an epoch counts), a being CNN_LEARNING_RATE, E all
 * epochs. */
enum {
    CNN_SCHEDULE_CONSTANT = 0,    /**< a */
    CNN_SCHEDULE_STEP = 1,        /**< a factor^floor(e / period) */
    CNN_SCHEDULE_EXPONENTIAL = 2, /**< a factor^(e / period) */
    CNN_SCHEDULE_COSINE = 3       /**< floor + (a - floor) (1 + cos(pi e / E)) / 2 */
};

typedef struct cnn_fit {
    int64_t epochs; /**< default 1; in cnn_net_fit_for without end */
    int64_t batch;  /**< default and at most max_batch; an epoch's last batch may be smaller */
    uint64_t seed;  /**< of the shuffling */
    const cnn_samples *validation; /**< evaluated after every epoch; NULL: none */
    cnn_progress_function progress;
    void *user;
    double progress_interval; /**< seconds between calls, default 0.1; negative: every step */
    int32_t no_shuffle;
    int32_t resume; /**< go on where the optimizer's last fit (or its checkpoint) stopped;
                         the first fit of an optimizer starts at the start */
    cnn_schedule schedule;
    float schedule_factor;  /**< default 0.1 for STEP, 0.9 for EXPONENTIAL */
    double schedule_period; /**< epochs; default 1 */
    double schedule_floor;
    int64_t warmup_steps; /**< the rate rises linearly over the first ones */
    int32_t restart;      /**< of cnn_net_fit_for: begin anew; cnn_net_fit always does */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_fit;

/** Out: what a fit did. */
typedef struct cnn_report {
    int64_t epochs; /**< completed in this call */
    int64_t steps;
    double loss;                /**< mean over the last epoch */
    double validation_loss;     /**< after the last epoch; NaN without validation */
    double validation_accuracy; /**< likewise; -1 */
    double seconds;
    double samples_per_second; /**< of training alone, validation and callbacks not counted */
    int64_t reserved[9];
} cnn_report;

/** Trains for a number of epochs over the samples, shuffled anew each epoch by seed. The same seed,
 *  plan and samples give the same bits, also across cancel or a checkpoint, and resume.
 *  CNN_CANCELLED when the callback asks: parameters are those of the last step. CNN_NOT_FINITE
 * names the step: parameters are those before it. report is nullable, and written in both cases
 * too. */
CNN_API cnn_status cnn_net_fit(cnn_net *net, cnn_optimizer *optimizer, const cnn_samples *samples,
                               const cnn_fit *options, cnn_report *report, cnn_error *error);

/** cnn_net_fit in instalments: does as much as fits into so many microseconds, as cnn_net_run_for
 *  does, and goes on at the next call where it stopped, also within a step; parameters change only
 *  as a step ends, and are then the same bits as cnn_net_fit's. Also microseconds as there: 0 plans
 *  and measures, without a change to parameters, state or steps. The first call binds the optimizer
 *  to the net and takes its states' memory, also where it fails or has no time. options is as of
 *  fit, nullable, and may change from call to call; epochs 0: without end, for a host that learns
 *  on line (then CNN_SCHEDULE_COSINE is CNN_INVALID_ARGUMENT, progress has epochs, steps and
 *  fraction 0, and a call without limit ends by cnn_net_cancel or the callback alone). The update
 *  of the parameters is one piece; so are 512 elements of an epoch's order. An epoch's validation
 *  is budgeted too.
 *
 *  The samples may change from call to call (a replay buffer): a step reads its own as it begins,
 *  and only those are checked; another count, or another batch, begins a new epoch with the next
 *  step. A change of parameters, of state or of what is frozen makes the step under way begin anew,
 *  with the same samples' numbers. Where it stands belongs to the optimizer, as with
 * cnn_fit.resume: a first call, one after the last epoch, with another optimizer, or after that was
 * used by cnn_net_fit, loaded or reset, begins at the first epoch, or with resume where the
 * optimizer stopped. Training in between works on other memory; CNN_GRADIENT is left alone.
 *
 *  CNN_CANCELLED (by the callback or cnn_net_cancel) and CNN_NOT_FINITE leave the parameters of the
 *  last step; the next call goes on with the step that failed. progress is nullable, written in
 *  those cases too; in it step counts this call's, seconds and samples_per_second are of all calls
 *  of this fit. */
CNN_API cnn_status cnn_net_fit_for(cnn_net *net, cnn_optimizer *optimizer,
                                   const cnn_samples *samples, const cnn_fit *options,
                                   double microseconds, cnn_progress *progress, cnn_error *error);

/* ---- Minimising ---- */

typedef int32_t cnn_stop;

/** Why a minimisation ended. */
enum {
    CNN_STOP_NONE = 0,     /**< it didn't begin */
    CNN_STOP_GRADIENT = 1, /**< gradient_tolerance */
    CNN_STOP_STEP = 2,     /**< step_tolerance */
    CNN_STOP_VALUE = 3,    /**< value_tolerance */
    /** No lower point was found: a minimum to rounding, or derivatives that don't fit the value. Of
     *  CNN_HEUN also where its two gradients cancel, so that it stays at what is no minimum. */
    CNN_STOP_NO_DECREASE = 4,
    CNN_STOP_ITERATIONS = 5,
    CNN_STOP_EVALUATIONS = 6,
    CNN_STOP_TIME = 7,
    CNN_STOP_CANCELLED = 8,  /**< with CNN_CANCELLED */
    CNN_STOP_NOT_FINITE = 9, /**< with CNN_NOT_FINITE */
    CNN_STOP_FAILED = 10     /**< with another status */
};

/** How a minimisation stands, given to a callback at the start and after each iteration. */
typedef struct cnn_minimize_progress {
    int64_t iteration; /**< 0: the start */
    int64_t evaluations;
    int64_t gradient_evaluations;
    double value;
    double gradient_norm; /**< largest magnitude of an element */
    double step_norm;     /**< 2-norm */
    double damping;       /**< lambda, where the optimizer has one */
    double seconds;
    int64_t reserved[8];
} cnn_minimize_progress;

/** Non-zero cancels. May not use the optimizers but for reading: setting a key or resetting gives
 *  CNN_BUSY, destroying does nothing. */
typedef int32_t (*cnn_minimize_function)(const cnn_minimize_progress *progress, void *user);

/** When to stop. For tolerances a negative value is a literal zero: never met. A limit that is
 *  reached is success. */
typedef struct cnn_minimize_options {
    /** Stop where max |g_i| is at most this, default 1e-8 in double and 1e-6 in float. By
     *  Levenberg-Marquardt: where the largest cosine of an angle between the residuals and a column
     *  of their Jacobian is, default 2e-14 and 1e-5. */
    double gradient_tolerance;
    double step_tolerance; /**< |step| <= this |x|; default the rounding unit (2e-16 or 1e-7) */
    double
        value_tolerance; /**< three times in a row f fell by at most this |f|; default likewise */
    int64_t max_iterations;  /**< default 1000; negative: no limit */
    int64_t max_evaluations; /**< of values, with or without gradients; default and
                                  negative: no limit */
    double seconds;          /**< default and negative: no limit */
    cnn_minimize_function progress;
    void *user;
    /** Takes over for good where the first optimizer stalls: its value fell by less than
     *  stall_tolerance |f| (default 1e-3) in stall_iterations (default 10), or it stopped by step,
     *  value or for want of a decrease (Hedberg 8). NULL: none. */
    cnn_optimizer *then;
    int64_t stall_iterations; /**< negative: by step, value and want of a decrease alone */
    double stall_tolerance;   /**< negative: only where the value rose, over stall_iterations */
    /** Only of a net: the names of the tensors that move, or of nodes for all of theirs; the others
     *  stay as they are. NULL, with count 0: all; one without the other is CNN_INVALID_ARGUMENT.
     *  Those frozen by cnn_net_set_rate stay in any case. */
    const char *const *tensors;
    int64_t tensor_count;
    int64_t reserved[8];
} cnn_minimize_options;

/** Out: what a minimisation did; value and norms are those at x as returned. */
typedef struct cnn_minimize_report {
    cnn_stop reason;
    int32_t reserved32;
    int64_t iterations;
    int64_t evaluations;          /**< of the value, those that gave the gradient too included */
    int64_t gradient_evaluations; /**< of gradients or Jacobians */
    int64_t products;             /**< with the Gauss-Newton matrix */
    int64_t restarts;             /**< of conjugate gradients or of a quasi-Newton matrix */
    int64_t handed_over;          /**< the iteration at which `then` took over; -1: it didn't */
    /** Of Levenberg-Marquardt: how many singular values of the Jacobian at the end, its columns
     *  scaled, are above the cut-off told there; -1: unknown, as by other optimizers or of more
     * than 512 parameters. */
    int64_t rank;
    double start_value;
    double value;
    double gradient_norm; /**< largest magnitude of an element */
    double step_norm;     /**< 2-norm of the last step */
    double damping;       /**< the last lambda */
    /** Of the Jacobian at the end, its columns scaled to one length: the largest singular value by
     *  the smallest, where above 1e5, else an estimate in the 1-norm; infinite where the smallest
     * is 0 or there are fewer residuals than parameters. 0: unknown, as rank. */
    double condition;
    double seconds;
    int64_t reserved[8];
} cnn_minimize_report;

/** A function of n parameters in double. Either `function`, or `residuals` and
 *  `residual_function`, whose half sum of squares is then the value. Callbacks return 0; anything
 *  else cancels. A value that isn't finite is a point to be avoided: a step that leads there is
 *  shortened. */
typedef struct cnn_problem {
    int64_t parameters;
    /** Gives the value at x and, where gradient isn't NULL, all n elements of the gradient. */
    int32_t (*function)(int64_t n, const double *x, double *value, double *gradient, void *user);
    int64_t residuals; /**< m */
    /** Gives the m residuals and, where jacobian isn't NULL, dr_i/dx_j at jacobian[i * n + j]. */
    int32_t (*residual_function)(int64_t m, int64_t n, const double *x, double *residuals,
                                 double *jacobian, void *user);
    void *user;
    /** 1: derivatives are central differences, 2 n evaluations each that the report doesn't count,
     *  and the callbacks are never asked for them. */
    int32_t numeric_derivatives;
    int32_t reserved32;
    int64_t residual_group; /**< residuals in a sample, for CNN_NORM_RESIDUAL; default 1 */
    int64_t reserved[8];
} cnn_problem;

/** Minimises the problem from x, n doubles, which become the best point found; on the calling
 *  thread, in double. The optimizer gives its hyper-parameters and is left as it was; L2 and decay
 *  of a first-order rule act on all parameters. options and report are nullable. Success whatever
 *  stopped it, but for CNN_CANCELLED by a callback and CNN_NOT_FINITE at the start or where no step
 *  leads to a finite value: x is then the best point so far and the report is written too.
 *  CNN_UNSUPPORTED: the optimizer needs residuals that the problem hasn't. CNN_OUT_OF_RANGE for
 *  more than 2^36 parameters or residuals; CNN_OUT_OF_MEMORY names the parameters' number. */
CNN_API cnn_status cnn_minimize(cnn_optimizer *optimizer, const cnn_problem *problem, double *x,
                                const cnn_minimize_options *options, cnn_minimize_report *report,
                                cnn_error *error);

/** Minimises the net's loss over all samples, evaluated in batches of max_batch, by any kind of
 *  optimizer from the parameters as they are, which become the best point found. Batch norm is on
 *  its running statistics, which stay, and dropout off. The value includes the optimizer's
 * penalties CNN_L2 and CNN_L1, with their factors and centre (after a hand-over to `then` still
 * those of the first). Levenberg-Marquardt needs losses that are sums of squares and no L1; a
 * first-order rule takes steps on the whole data and starts without state; the optimizer is left as
 * it was and bound to no net. The progress callback may do what cnn_fit's may; it and
 * cnn_net_cancel cancel. Success whatever stopped it, but for CNN_CANCELLED and CNN_NOT_FINITE,
 * where parameters are the best so far and the report is written too. CNN_UNSUPPORTED names the
 * loss or the layer without what the optimizer needs. */
CNN_API cnn_status cnn_net_minimize(cnn_net *net, cnn_optimizer *optimizer,
                                    const cnn_samples *samples, const cnn_minimize_options *options,
                                    cnn_minimize_report *report, cnn_error *error);

/** The error curve (Hedberg 8): values[i] = the loss over all samples at theta + alphas[i] d, as
 *  cnn_net_minimize sees it, without penalties. direction is d, as long as theta, or NULL, with
 *  elements 0, for minus the gradient. theta stays as it is. CNN_OUT_OF_RANGE for an alpha that
 *  isn't finite. */
CNN_API cnn_status cnn_net_error_curve(cnn_net *net, const cnn_samples *samples,
                                       const float *direction, int64_t elements,
                                       const double *alphas, double *values, int64_t count,
                                       cnn_error *error);

/** Gives y = A v for v of n elements; or y = M^-1 v, of a preconditioner M. Non-zero cancels. */
typedef int32_t (*cnn_product_function)(int64_t n, const double *v, double *y, void *user);

/** Solves A x = b for a symmetric positive definite A that is given by its products, by conjugate
 *  gradients from x (Hedberg 156-161); preconditioned where preconditioner isn't NULL (6.3).
 *  Of options gradient_tolerance is |b - A x| relative to |b| (default 1e-10), max_iterations
 *  defaults to 2 n, seconds and progress serve, value being x^T A x / 2 - b^T x from where it began
 *  and gradient_norm |b - A x|; the rest isn't looked at. Ends with CNN_STOP_NO_DECREASE where A
 *  shows not to be positive definite. The report counts products. */
CNN_API cnn_status cnn_conjugate_gradient(int64_t n, cnn_product_function product,
                                          cnn_product_function preconditioner, void *user,
                                          const double *b, double *x,
                                          const cnn_minimize_options *options,
                                          cnn_minimize_report *report, cnn_error *error);

/* ---- Parameters, gradient, state ---- */

typedef int32_t cnn_vector;

/** The flat vectors of a net, float32, each the concatenation of its tensors in canonical order
 *  (nodes in the order of adding; weight before bias, scale before shift) and row-major layout. */
enum {
    CNN_PARAMETERS = 0, /**< theta */
    CNN_GRADIENT = 1,   /**< of the latest loss_gradient, backward or train_step; as theta */
    CNN_STATE = 2       /**< not trained: running statistics, losses' output weights */
};

/** Elements of a vector; -1 for a NULL net or an unknown vector. */
CNN_API int64_t cnn_net_vector_elements(const cnn_net *net, cnn_vector which);

/** Copies a whole vector out. elements must be its count. CNN_GRADIENT needs a net compiled for
 *  training (CNN_BAD_STATE). */
CNN_API cnn_status cnn_net_get_vector(cnn_net *net, cnn_vector which, float *values,
                                      int64_t elements, cnn_error *error);

/** Copies a whole vector in. CNN_GRADIENT can't be set. */
CNN_API cnn_status cnn_net_set_vector(cnn_net *net, cnn_vector which, const float *values,
                                      int64_t elements, cnn_error *error);

/** Out: a tensor within a vector. */
typedef struct cnn_tensor_info {
    char name[256]; /**< "conv2d_1/weight", cut if longer */
    int64_t offset; /**< of its first element in the vector */
    int64_t elements;
    int64_t shape[8];
    int32_t rank;
    cnn_node node;
    double rate;           /**< learning-rate factor; 0: frozen */
    double regularization; /**< factor of every regulariser's lambda */
    int64_t reserved[8];
} cnn_tensor_info;

/** How many tensors a vector has; -1 for a NULL net or an unknown vector. */
CNN_API int32_t cnn_net_tensor_count(const cnn_net *net, cnn_vector which);

CNN_API cnn_status cnn_net_describe_tensor(const cnn_net *net, cnn_vector which, int32_t index,
                                           cnn_tensor_info *info, cnn_error *error);

/** Copies one tensor out by its whole name. CNN_NOT_FOUND; CNN_SHAPE_MISMATCH for a wrong count. */
CNN_API cnn_status cnn_net_get_tensor(cnn_net *net, cnn_vector which, const char *name,
                                      float *values, int64_t elements, cnn_error *error);

CNN_API cnn_status cnn_net_set_tensor(cnn_net *net, cnn_vector which, const char *name,
                                      const float *values, int64_t elements, cnn_error *error);

/** Multiplies the learning rate of a tensor, or of all tensors of the node of that name, by rate
 *  (>= 0, default 1). 0 freezes: neither step nor decay, and a gradient of 0; freezing and thawing
 *  plan anew at the next step. Kept in files. */
CNN_API cnn_status cnn_net_set_rate(cnn_net *net, const char *name, double rate, cnn_error *error);

/** Multiplies every lambda (CNN_L2, CNN_L1, CNN_WEIGHT_DECAY) by factor for a tensor, or for all
 *  tensors of the node of that name: a lambda for each group of parameters, as worked gradients has
 *  it. >= 0; the default is 1 for weights, 0 for biases and batch norm's scale and shift. Kept in
 *  files. */
CNN_API cnn_status cnn_net_set_regularization(cnn_net *net, const char *name, double factor,
                                              cnn_error *error);

/** The centre q0 of the regularisers, (lambda / 2) |theta - q0|^2 (Delmas 3), as long as theta;
 *  copied. values NULL with elements 0: zero, the default. Nodes added later start at zero. Kept in
 *  files. */
CNN_API cnn_status cnn_net_set_center(cnn_net *net, const float *values, int64_t elements,
                                      cnn_error *error);

/** Copies the centre out; zeros where none was set. */
CNN_API cnn_status cnn_net_get_center(cnn_net *net, float *values, int64_t elements,
                                      cnn_error *error);

/** A new net with the same nodes, parameters and state, not compiled. */
CNN_API cnn_status cnn_net_clone(cnn_net *net, cnn_net **clone, cnn_error *error);

/** Copies parameters and state from source, whose tensors have the same names and shapes. */
CNN_API cnn_status cnn_net_copy_parameters(cnn_net *net, cnn_net *source, cnn_error *error);

/* ---- Shared parameters ---- */

/** A new net of the same nodes, not compiled, for running beside others from several threads: all
 *  nets that were so made from one another share a set of parameters and state, held once on each
 *  device that some of them are compiled for, packed weights included. Sharing such a net gives
 *  another of its set; sharing any other copies its parameters and state into a new set, which the
 *  net itself is not part of (it may be trained on, and handed over).
 *
 *  A net of a set runs and evaluates, is described, read, saved, compiled (always as with
 *  inference_only; 0 there only plans evaluation ahead) and cloned (the clone is an ordinary net).
 *  Training, minimising, gradients and whatever sets something give CNN_BAD_STATE. Its bits are
 *  those of an ordinary net with the same parameters compiled with inference_only. Host-defined
 *  layers must have their callbacks already. Each net still belongs to one thread at a time; no run
 *  waits for another net of the set. cnn_net_run_for gives CNN_UNSUPPORTED. On OpenCL
 *  cnn_net_run_async of such a net returns when the run is done, and so does a run whose outputs
 *  are all the host's own buffers. Any order of destruction is legal; the parameters stay on the
 *  device that the set was last used on until its last net is destroyed. */
CNN_API cnn_status cnn_net_share(cnn_net *net, cnn_net **shared, cnn_error *error);

/** Hands the parameters and state of `source` over to all nets of the set of `shared`, at once:
 *  runs, evaluations, readings, saves and clones that begin after it returns are of the new ones,
 *  and one that has begun ends with those that it began with. They are copied to each device of the
 *  set and packed before any run sees them, so that no run does; the old ones keep their memory
 *  until the last run on them ends. `shared` may be running in another thread, and several threads
 *  may hand over; source belongs to the caller, who may do it in a callback of cnn_net_fit, too.
 *  Reading, compiling and destroying nets of the set wait for a hand-over in progress, runs don't.
 *  Tensors of other names or shapes give CNN_SHAPE_MISMATCH, a net that shares with none
 *  CNN_BAD_STATE; a failure leaves what nets run on as it was. */
CNN_API cnn_status cnn_net_hand_over(cnn_net *shared, cnn_net *source, cnn_error *error);

/** Sets centres and log_betas of the radial basis layer of that name from data: the samples (their
 *  targets are ignored), at least as many as units, are run up to the layer's input on the device
 *  that the net is compiled for (else CNN_BAD_STATE), as cnn_net_run would; k-means++ draws the
 *  centres among what comes there, by `seed` alone, and up to 10 of Lloyd's iterations move them.
 *  Then exp(-1/2) is the Gaussian's value, or the unsquared one's, at s_j, the greater of the root
 *  mean square distance of the cluster's points and half the distance to the next centre: beta =
 *  1 / (2 s^2), and 1 / (2 s) for CNN_RADIAL_UNSQUARED; 1 where both are 0. The same samples, seed
 *  and plan give the same bits. Holds a copy of the net and of what comes there meanwhile.
 *  CNN_NOT_FOUND, CNN_INVALID_ARGUMENT for a node of another kind, CNN_OUT_OF_RANGE for too few
 *  samples, CNN_NOT_FINITE; then nothing has changed. */
CNN_API cnn_status cnn_net_init_radial_basis(cnn_net *net, const char *name,
                                             const cnn_samples *samples, uint64_t seed,
                                             cnn_error *error);

/* ---- Matrix forms ---- */

/* A convolution is linear in its input and in its kernel, so it can be written as a matrix: Lin's
 * phi and P_phi (1-5), D's M of a kernel K and back, Delmas 34-37. These forms are for looking,
 * teaching and checking; the layers compute otherwise. Vectors run through an image [C, H, W] as
 * (c H + y) W + x everywhere (CNN_ORDER_CHW); Lin's vec of the matrix [C, H W], columns one after
 * the other, is (y W + x) C + c (CNN_ORDER_HWC), his first spatial index a being our width. Index i
 * of the one is index p(i) of the other with p((c H + y) W + x) = (y W + x) C + c. */

/** A matrix of float32, dense or in compressed sparse rows. It never changes: any number of threads
 *  may use it. Products accumulate in double, element by element in a fixed order. */
typedef struct cnn_matrix cnn_matrix;

typedef int32_t cnn_order;

enum { CNN_ORDER_CHW = 0, CNN_ORDER_HWC = 1 };

typedef int32_t cnn_vec_order;

enum {
    CNN_VEC_ROWS = 0,   /**< row after row: D's vec and sqr, vec(sqr(x)) = x */
    CNN_VEC_COLUMNS = 1 /**< column after column: Lin's vec and mat (5) */
};

/** mat(v), a dense matrix of a vector of rows * columns elements; D's sqr. rows and columns both 0:
 *  a square, whose elements must be a perfect square (CNN_SHAPE_MISMATCH). At most 2^32 elements.
 */
CNN_API cnn_status cnn_matrix_mat(const float *values, int64_t elements, int64_t rows,
                                  int64_t columns, cnn_vec_order order, cnn_matrix **matrix,
                                  cnn_error *error);

/** vec(A): every element of A into values, rows * columns of them. With CNN_VEC_ROWS the dense
 *  row-major form. */
CNN_API cnn_status cnn_matrix_vec(const cnn_matrix *matrix, cnn_vec_order order, float *values,
                                  int64_t elements, cnn_error *error);

/** A sparse matrix: row r has the entries row_offsets[r] to row_offsets[r + 1] (rows + 1 of them,
 *  from 0 to nonzeros), their columns ascending. */
CNN_API cnn_status cnn_matrix_csr(int64_t rows, int64_t columns, const int64_t *row_offsets,
                                  const int64_t *column_indices, const float *values,
                                  int64_t nonzeros, cnn_matrix **matrix, cnn_error *error);

/** The same arrays of a matrix, of a dense one for its elements that aren't zero. offsets is
 *  rows + 1 and nonzeros that of cnn_matrix_get_info. */
CNN_API cnn_status cnn_matrix_get_csr(const cnn_matrix *matrix, int64_t *row_offsets,
                                      int64_t offsets, int64_t *column_indices, float *values,
                                      int64_t nonzeros, cnn_error *error);

CNN_API void cnn_matrix_destroy(cnn_matrix *matrix);

/** Out: what a matrix is. */
typedef struct cnn_matrix_info {
    int64_t rows;
    int64_t columns;
    int64_t nonzeros; /**< entries kept by a sparse one; elements of a dense one that aren't zero */
    int32_t sparse;
    int32_t reserved32;
    int64_t reserved[8];
} cnn_matrix_info;

CNN_API cnn_status cnn_matrix_get_info(const cnn_matrix *matrix, cnn_matrix_info *info,
                                       cnn_error *error);

/** y = A x, or y = A' x where transposed, for each of as many vectors x as there are, one after the
 *  other. A' gathers, never scatters, so every product gives the same bits each time. */
CNN_API cnn_status cnn_matrix_multiply(const cnn_matrix *matrix, int32_t transposed, const float *x,
                                       int64_t x_elements, float *y, int64_t y_elements,
                                       cnn_error *error);

/** Out: the convolution that a conv2d node is. */
typedef struct cnn_convolution_info {
    int64_t input[3];  /**< C, H, W */
    int64_t output[3]; /**< filters, H', W' */
    int64_t kernel[2]; /**< height, width; so below */
    int64_t stride[2];
    int64_t dilation[2];
    int64_t padding[4]; /**< top, left, bottom, right, also of CNN_SAME */
    int64_t groups;
    int64_t patch_rows; /**< of phi: C * kernel height * kernel width */
    int64_t positions;  /**< its columns: H' W' */
    int64_t reserved[8];
} cnn_convolution_info;

/* The functions below take a conv2d node, before or after compile: CNN_INVALID_ARGUMENT for
 * another. With a table of connections M is zero where nothing connects, and a kernel that a map's
 * connections share is in M once for each. */

CNN_API cnn_status cnn_net_describe_convolution(const cnn_net *net, cnn_node node,
                                                cnn_convolution_info *info, cnn_error *error);

/** phi(Z) of each of n samples z, [n, C, H, W], into phi, [n, patch_rows, positions]: column (y, x)
 *  has the sub-image that the kernel meets there, rows (c, u, v) with u the kernel's row; 0 in the
 *  padding (Lin 1, any stride, dilation and padding). With one group the convolution is
 *  W phi(Z) + b 1', W the weight as [filters, patch_rows]. */
CNN_API cnn_status cnn_net_patches(const cnn_net *net, cnn_node node, const float *z,
                                   int64_t z_elements, float *phi, int64_t phi_elements,
                                   cnn_error *error);

/** The sparse 0/1 matrix P with vec(phi(Z)) = P vec(Z) (Lin 4). With CNN_ORDER_HWC both are Lin's
 *  vec, columns one after the other; with CNN_ORDER_CHW they run row after row, as in memory. A row
 *  in the padding is empty. The transposed product adds patches up into an image. */
CNN_API cnn_status cnn_net_patch_matrix(const cnn_net *net, cnn_node node, cnn_order order,
                                        cnn_matrix **matrix, cnn_error *error);

/** How cnn_net_conv_matrix gives, and cnn_net_set_conv_matrix takes, a matrix. */
typedef struct cnn_conv_matrix {
    double tolerance;  /**< of set: the largest residual; default 1e-5, negative: 0 */
    int32_t unchecked; /**< of set: any residual will do, as in D's training loop */
    int32_t dense;     /**< of get: all elements; else a sparse one that keeps every connection */
    cnn_order order;   /**< of both vectors */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_conv_matrix;

/** K to M: the matrix with vec(Y) = M vec(X), Y the convolution of X without bias and activation
 *  (D; Delmas 37): M[(i,j,k), (a,b,c)] = f[i, a, b + pad - j stride, c + pad - k stride] for taps
 *  in range (over the dilation), 0 elsewhere and between groups. */
CNN_API cnn_status cnn_net_conv_matrix(cnn_net *net, cnn_node node, const cnn_conv_matrix *options,
                                       cnn_matrix **matrix, cnn_error *error);

/** In how many places of M each entry of the node's weight is, as many counts as it has elements:
 *  n_uv = #{y: 0 <= y s + u d - p < H} #{x: 0 <= x s + v d - p < W} of tap (u, v), H' W' without
 *  padding, times |D_i| where output map i has one kernel for its |D_i| inputs (D, corrected). */
CNN_API cnn_status cnn_net_conv_positions(const cnn_net *net, cnn_node node, int64_t *counts,
                                          int64_t elements, cnn_error *error);

/** M to K: sets the node's weight to the kernel whose matrix is nearest to M in the sum of squares:
 *  each entry the mean of M over its n_uv places; one with n_uv = 0 keeps its value (D, corrected).
 *  *residual (nullable) is |M - M(K)| / |M|, Frobenius's norms. One above the tolerance is refused
 *  (CNN_OUT_OF_RANGE, telling it, the net unchanged) unless `unchecked`. A gradient step taken on M
 *  is far from every kernel's matrix (it moves the zeros), and projecting it moves K by 1 / n_uv of
 *  the step on K: scale the step by n_uv, entry by entry, to follow descent on K. */
CNN_API cnn_status cnn_net_set_conv_matrix(cnn_net *net, cnn_node node, const cnn_matrix *matrix,
                                           const cnn_conv_matrix *options, double *residual,
                                           cnn_error *error);

/** A new net, not compiled, with that conv2d as the dense layer it is a special case of (Delmas
 *  34-37): of the same name and activation, its weight the convolution's matrix, its biases those
 * of the channels repeated, followed by a reshape "<name>_image" to the convolution's output. All
 * else is cloned; nodes after it move up by one, and with them the streams of their dropout. */
CNN_API cnn_status cnn_net_unroll_conv2d(cnn_net *net, cnn_node node, cnn_net **unrolled,
                                         cnn_error *error);

/* ---- Looking at a net ---- */

/** Out: a node. */
typedef struct cnn_node_info {
    char name[256];     /**< cut if longer */
    char kind[32];      /**< "conv2d" */
    cnn_node inputs[8]; /**< the first eight */
    int32_t input_count;
    int32_t rank;
    int64_t shape[8];   /**< of the output, the batch left out; rank 0 for a loss */
    int64_t parameters; /**< elements it owns in theta */
    int32_t is_output;  /**< its place among the outputs of cnn_net_run_many, from 1; 0: none */
    int32_t reserved32;
    int64_t reserved[8];
} cnn_node_info;

/** How many nodes; -1 for NULL. */
CNN_API int32_t cnn_net_node_count(const cnn_net *net);

CNN_API cnn_status cnn_net_describe_node(const cnn_net *net, cnn_node node, cnn_node_info *info,
                                         cnn_error *error);

/** The node of that name, or -CNN_NOT_FOUND. */
CNN_API cnn_node cnn_net_find_node(const cnn_net *net, const char *name);

/** A table of the net as text, a row a node, into the caller's buffer of `capacity` bytes, cut to
 *  fit and always terminated; *needed (nullable) is what all of it takes, the end included.
 *  buffer may be NULL when capacity is 0. */
CNN_API cnn_status cnn_net_summary(const cnn_net *net, char *buffer, size_t capacity,
                                   size_t *needed, cnn_error *error);

/* ---- Files ---- */

/* A model is a safetensors file: parameters and state under their names, the network in its
 * metadata. A checkpoint is a model with the optimizer's state, the step and the place within fit.
 * Each loads as the other as far as it goes. Saving to a path writes beside it, syncs and renames.
 * Loading checks everything before it uses it (CNN_BAD_FILE, CNN_INCOMPATIBLE). A loaded net isn't
 * compiled. *net and *optimizer are untouched on failure. */

CNN_API cnn_status cnn_net_save(cnn_net *net, const char *path, cnn_error *error);

/** Into the caller's memory; *bytes is the size. capacity too small, or data NULL:
 *  CNN_LIMIT_EXCEEDED with *bytes what it takes. */
CNN_API cnn_status cnn_net_save_memory(cnn_net *net, void *data, size_t capacity, size_t *bytes,
                                       cnn_error *error);
CNN_API cnn_status cnn_net_save_writer(cnn_net *net, const cnn_writer *writer, cnn_error *error);

CNN_API cnn_status cnn_net_load(const char *path, cnn_net **net, cnn_error *error);
CNN_API cnn_status cnn_net_load_memory(const void *data, size_t bytes, cnn_net **net,
                                       cnn_error *error);
CNN_API cnn_status cnn_net_load_reader(const cnn_reader *reader, cnn_net **net, cnn_error *error);

CNN_API cnn_status cnn_checkpoint_save(cnn_net *net, cnn_optimizer *optimizer, const char *path,
                                       cnn_error *error);
CNN_API cnn_status cnn_checkpoint_save_memory(cnn_net *net, cnn_optimizer *optimizer, void *data,
                                              size_t capacity, size_t *bytes, cnn_error *error);
CNN_API cnn_status cnn_checkpoint_save_writer(cnn_net *net, cnn_optimizer *optimizer,
                                              const cnn_writer *writer, cnn_error *error);

/** The optimizer is bound to the net. CNN_NOT_FOUND for a file without an optimizer. */
CNN_API cnn_status cnn_checkpoint_load(const char *path, cnn_net **net, cnn_optimizer **optimizer,
                                       cnn_error *error);
CNN_API cnn_status cnn_checkpoint_load_memory(const void *data, size_t bytes, cnn_net **net,
                                              cnn_optimizer **optimizer, cnn_error *error);
CNN_API cnn_status cnn_checkpoint_load_reader(const cnn_reader *reader, cnn_net **net,
                                              cnn_optimizer **optimizer, cnn_error *error);

#ifdef __cplusplus
}
#endif

#endif
