/* A device on the host's own OpenCL: what it takes and refuses, the host's buffers as inputs,
 * outputs, targets and gradients, the order of commands on one queue, and that nothing lent is
 * kept. */
#define _POSIX_C_SOURCE 200809L
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <pthread.h>
#include <time.h>

#include "public.h"

#define GOOD(call) assert_int_equal((call), CL_SUCCESS)

/* ---- The host's OpenCL ---- */

typedef struct host {
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    int released;
} host;

static int opencl_is_there(void) {
    cl_platform_id platform;
    cl_device_id device;
    return clGetPlatformIDs(1, &platform, NULL) == CL_SUCCESS &&
           clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL) == CL_SUCCESS;
}

static cl_context new_context(const host *h) {
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)h->platform, 0};
    cl_int status;
    cl_context context = clCreateContext(properties, 1, &h->device, NULL, NULL, &status);
    GOOD(status);
    return context;
}

static cl_command_queue new_queue(cl_context context, cl_device_id device,
                                  cl_command_queue_properties properties) {
    cl_int status;
    cl_command_queue queue = clCreateCommandQueue(context, device, properties, &status);
    GOOD(status);
    return queue;
}

static int setup(void **state) {
    if (!opencl_is_there()) {
        *state = NULL;
        return 0;
    }
    host *h = calloc(1, sizeof *h);
    assert_non_null(h);
    GOOD(clGetPlatformIDs(1, &h->platform, NULL));
    GOOD(clGetDeviceIDs(h->platform, CL_DEVICE_TYPE_ALL, 1, &h->device, NULL));
    h->context = new_context(h);
    h->queue = new_queue(h->context, h->device, 0);
    *state = h;
    return 0;
}

static cl_uint references(cl_context context) {
    cl_uint count = 0;
    GOOD(clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL));
    return count;
}

static cl_uint queue_references(cl_command_queue queue) {
    cl_uint count = 0;
    GOOD(clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, NULL));
    return count;
}

static cl_uint memory_references(cl_mem memory) {
    cl_uint count = 0;
    GOOD(clGetMemObjectInfo(memory, CL_MEM_REFERENCE_COUNT, sizeof count, &count, NULL));
    return count;
}

/* A driver may let go of a finished command's queue and memory a moment later, in another thread.
 */
#define COMES_TO(count, object, wanted)                                   \
    do {                                                                  \
        for (int wait_ = 0; count(object) != (wanted) && wait_ < 5000;) { \
            wait_++;                                                      \
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);      \
        }                                                                 \
        assert_int_equal(count(object), wanted);                          \
    } while (0)

/* Every test ends with the context and queue as they were made. */
static int teardown(void **state) {
    host *h = *state;
    if (!h) return 0;
    GOOD(clFinish(h->queue));
    COMES_TO(queue_references, h->queue, 1);
    GOOD(clReleaseCommandQueue(h->queue));
    COMES_TO(references, h->context, 1);
    GOOD(clReleaseContext(h->context));
    free(h);
    return 0;
}

static host *host_of(void **state) {
    if (!*state) skip();
    return *state;
}

static cl_mem buffer_of(const host *h, const void *data, size_t bytes) {
    cl_int status;
    cl_mem memory = clCreateBuffer(h->context, CL_MEM_READ_WRITE, bytes, NULL, &status);
    GOOD(status);
    if (data) GOOD(clEnqueueWriteBuffer(h->queue, memory, CL_TRUE, 0, bytes, data, 0, NULL, NULL));
    return memory;
}

static cl_mem zeros(const host *h, size_t bytes) {
    void *data = calloc(1, bytes);
    assert_non_null(data);
    cl_mem memory = buffer_of(h, data, bytes);
    free(data);
    return memory;
}

static void release(cl_mem memory) {
    COMES_TO(memory_references, memory, 1);
    GOOD(clReleaseMemObject(memory));
}

static void fetch(const host *h, cl_mem memory, size_t offset, void *to, size_t bytes) {
    GOOD(clEnqueueReadBuffer(h->queue, memory, CL_TRUE, offset, bytes, to, 0, NULL, NULL));
}

static void count_release(void *user) {
    ((host *)user)->released++;
}

static cnn_device *lend(host *h, int with_queue) {
    cnn_device *device = NULL;
    const cnn_opencl lent = {
        .context = h->context, .device = h->device, .queue = with_queue ? h->queue : NULL};
    OK(cnn_device_open_opencl(&lent,
                              &(cnn_device_options){.released = count_release, .released_user = h},
                              &device, &err));
    return device;
}

/* ---- Nets ---- */

enum { N = 5, C = 3, H = 6, W = 7, IN = C * H * W, OUT = 4 };

static cnn_net *image_net(uint64_t seed) {
    cnn_net *net = seeded_net(seed);
    cnn_node n = cnn_net_input(net, "image", 3, (const int64_t[]){C, H, W});
    n = cnn_net_conv2d(net, n,
                       &(cnn_conv2d){.filters = 5, .kernel = {3, 3}, .activation = CNN_TANH});
    n = cnn_net_max_pool2d(net, n, &(cnn_pool2d){.window = {2, 2}});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = OUT});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_SOFTMAX_CROSS_ENTROPY});
    return net;
}

static cnn_net *compiled(cnn_device *device, uint64_t seed, int64_t max_batch) {
    cnn_net *net = image_net(seed);
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = max_batch}, &err));
    return net;
}

static void near_all(const float *a, const float *b, int64_t count) {
    for (int64_t i = 0; i < count; i++) NEAR((double)a[i], (double)b[i], 1e-5);
}

/* What the CPU gives for view. */
static void on_cpu(uint64_t seed, const cnn_view *input, float *y, int64_t count) {
    cnn_device *device = open_device("cpu");
    cnn_net *net = compiled(device, seed, N);
    OK(cnn_net_run_view(net, input, &(cnn_view){.data = y, .elements = count}, &err));
    cnn_net_destroy(net);
    cnn_device_destroy(device);
}

/* ---- Opening ---- */

static void opens_on_the_hosts_context(void **state) {
    host *h = host_of(state);
    for (int with_queue = 0; with_queue < 2; with_queue++) {
        cnn_device *device = lend(h, with_queue);
        cnn_device_info info;
        OK(cnn_device_get_info(device, &info, &err));
        assert_string_equal(info.spec, "opencl:0.0");
        assert_string_equal(info.backend, "opencl");
        assert_int_equal(h->released, with_queue);
        cnn_device_destroy(device);
        assert_int_equal(h->released, with_queue + 1);
    }
}

/* `released` comes when the last child is gone, and by then nothing lent is held. */
static void nothing_lent_is_kept(void **state) {
    host *h = host_of(state);
    const cl_uint before = references(h->context), queue_before = queue_references(h->queue);
    cnn_device *device = lend(h, 1);
    cnn_net *net = compiled(device, 1, N);
    cnn_optimizer *adam = cnn_optimizer_create(CNN_ADAM);
    float x[N * IN], y[N * OUT] = {0};
    fill(x, N * IN, 1);
    cl_mem in = buffer_of(h, x, sizeof x), out = zeros(h, sizeof y);
    const uint8_t labels[N] = {0, 1, 2, 3, 0};
    const cnn_view input = {.memory = in, .elements = N * IN};
    const cnn_samples samples = {.input_views = &input,
                                 .input_view_count = 1,
                                 .labels = labels,
                                 .label_type = CNN_UINT8,
                                 .label_elements = N};
    OK(cnn_net_train_step(net, adam, &samples, NULL, &err));
    OK(cnn_net_run_view(net, &input, &(cnn_view){.memory = out, .elements = N * OUT}, &err));
    cnn_device_destroy(device);
    assert_int_equal(h->released, 0);
    cnn_net_destroy(net);
    assert_int_equal(h->released, 0);
    cnn_optimizer_destroy(adam);
    assert_int_equal(h->released, 1);
    release(in);
    release(out);
    COMES_TO(references, h->context, before);
    COMES_TO(queue_references, h->queue, queue_before);
}

static void refuses_what_does_not_belong_together(void **state) {
    host *h = host_of(state);
    cnn_device *device = NULL;
    cnn_opencl lent = {0};
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_open_opencl(NULL, NULL, &device, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_open_opencl(&lent, NULL, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_open_opencl(&lent, NULL, &device, &err));
    SAID("context is NULL");
    lent.context = h->context;
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_open_opencl(&lent, NULL, &device, &err));
    SAID("device is NULL");
    lent.device = h->device;
    lent.reserved[3] = 1;
    FAILS(CNN_INCOMPATIBLE, cnn_device_open_opencl(&lent, NULL, &device, &err));
    lent.reserved[3] = 0;

    cl_context other = new_context(h);
    lent.queue = new_queue(other, h->device, 0);
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_open_opencl(&lent, NULL, &device, &err));
    SAID("queue is of another context");
    GOOD(clReleaseCommandQueue(lent.queue));
    COMES_TO(references, other, 1);
    GOOD(clReleaseContext(other));

    cl_int status;
    lent.queue = clCreateCommandQueue(h->context, h->device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE,
                                      &status);
    if (status == CL_SUCCESS) {
        FAILS(CNN_UNSUPPORTED, cnn_device_open_opencl(&lent, NULL, &device, &err));
        SAID("out of order");
        GOOD(clReleaseCommandQueue(lent.queue));
    }

    lent.queue = NULL;
    FAILS(CNN_OUT_OF_RANGE,
          cnn_device_open_opencl(&lent, &(cnn_device_options){.threads = -1}, &device, &err));
    assert_null(device);
}

/* A device that the platform has, but not the context: half of the same processor. */
static void refuses_a_device_of_no_such_context(void **state) {
    host *h = host_of(state);
    cl_device_id half[64];
    cl_uint count = 0;
    const cl_device_partition_property properties[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    if (clCreateSubDevices(h->device, properties, 64, half, &count) != CL_SUCCESS) skip();
    cnn_device *device = NULL;
    cnn_opencl lent = {.context = h->context, .device = half[0]};
    FAILS(CNN_INVALID_ARGUMENT, cnn_device_open_opencl(&lent, NULL, &device, &err));
    SAID("device is none of context's devices");

    /* In a context of its own it serves. */
    cl_int status;
    lent.context = clCreateContext(NULL, 1, half, NULL, NULL, &status);
    GOOD(status);
    cl_device_id told = NULL;
    GOOD(clGetContextInfo(lent.context, CL_CONTEXT_DEVICES, sizeof told, &told, NULL));
    if (told != half[0]) { /* some drivers tell of the whole device instead */
        GOOD(clReleaseContext(lent.context));
        for (cl_uint i = 0; i < count; i++) GOOD(clReleaseDevice(half[i]));
        return;
    }
    OK(cnn_device_open_opencl(&lent, NULL, &device, &err));
    cnn_device_info info;
    OK(cnn_device_get_info(device, &info, &err));
    assert_string_equal(info.spec, "opencl:lent");
    cnn_net *net = compiled(device, 1, N);
    float x[IN], y[OUT], expected[OUT];
    fill(x, IN, 2);
    OK(cnn_net_run(net, x, IN, y, OUT, &err));
    on_cpu(1, &(cnn_view){.data = x, .elements = IN}, expected, OUT);
    near_all(y, expected, OUT);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    COMES_TO(references, lent.context, 1);
    GOOD(clReleaseContext(lent.context));
    for (cl_uint i = 0; i < count; i++) GOOD(clReleaseDevice(half[i]));
}

/* ---- Running ---- */

/* Float and bytes, NCHW and NHWC, scaled, at an offset, in parts of max_batch: as from data. */
static void reads_and_writes_the_hosts_buffers(void **state) {
    host *h = host_of(state);
    uint8_t bytes[N * IN];
    float floats_in[N * IN], expected[N * OUT], y[N * OUT + 3];
    for (int i = 0; i < N * IN; i++) bytes[i] = (uint8_t)(i * 37 + i / 5);
    fill(floats_in, N * IN, 4);
    for (int with_queue = 0; with_queue < 2; with_queue++) {
        cnn_device *device = lend(h, with_queue);
        for (int form = 0; form < 4; form++) {
            const int u8 = form & 1;
            cnn_view view = {.data = u8 ? (const void *)bytes : floats_in,
                             .elements = N * IN,
                             .type = u8 ? CNN_UINT8 : CNN_FLOAT32,
                             .layout = form & 2 ? CNN_NHWC : CNN_NCHW,
                             .scale = {u8 ? 1 / 255.f : 0.5f, 0.25f, 0.125f},
                             .mean = {1, 2, 3}};
            on_cpu(7, &view, expected, N * OUT);
            const size_t size = u8 ? 1 : 4, offset = 12;
            cl_mem in = zeros(h, offset + N * IN * size);
            GOOD(clEnqueueWriteBuffer(h->queue, in, CL_TRUE, offset, N * IN * size, view.data, 0,
                                      NULL, NULL));
            cl_mem out = zeros(h, sizeof y);
            view.data = NULL;
            view.memory = in;
            view.memory_offset = (int64_t)offset;
            const cnn_view output = {.memory = out, .memory_offset = 4, .elements = N * OUT};
            for (int64_t batch = 1; batch <= N; batch += 2) { /* 1: five parts */
                cnn_net *net = compiled(device, 7, batch);
                OK(cnn_net_run_view(net, &view, &output, &err));
                fetch(h, out, 0, y, sizeof y);
                assert_true(y[0] == 0 && y[1 + N * OUT] == 0 && y[2 + N * OUT] == 0);
                near_all(y + 1, expected, N * OUT);
                /* From buffer to data, and from data to buffer. */
                float plain[N * OUT];
                OK(cnn_net_run_view(net, &view, &(cnn_view){.data = plain, .elements = N * OUT},
                                    &err));
                near_all(plain, expected, N * OUT);
                cnn_net_destroy(net);
            }
            release(in);
            release(out);
        }
        cnn_device_destroy(device);
    }
}

/* ---- Refusals of views ---- */

static void refuses_memory_that_does_not_serve(void **state) {
    host *h = host_of(state);
    cnn_device *device = lend(h, 1);
    cnn_net *net = compiled(device, 1, N);
    float x[N * IN] = {0}, y[N * OUT];
    cl_mem in = buffer_of(h, x, sizeof x), out = zeros(h, sizeof y);
    const cnn_view good_in = {.memory = in, .elements = N * IN},
                   good_out = {.memory = out, .elements = N * OUT};

    cnn_view bad = good_in;
    bad.data = x;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(net, &bad, &good_out, &err));
    SAID("input \"image\" (node 0): both data and memory are given");
    bad = good_out;
    bad.data = y;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(net, &good_in, &bad, &err));
    SAID("both data and memory");
    bad = (cnn_view){.data = x, .memory_offset = 4, .elements = N * IN};
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(net, &bad, &good_out, &err));
    SAID("memory_offset is 4, but memory is NULL");
    bad = good_in;
    bad.memory_offset = -4;
    FAILS(CNN_OUT_OF_RANGE, cnn_net_run_view(net, &bad, &good_out, &err));
    SAID("memory_offset is -4");
    bad.memory_offset = 2;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(net, &bad, &good_out, &err));
    SAID("multiple of the 4 bytes");
    bad.memory_offset = 4;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run_view(net, &bad, &good_out, &err));
    SAID("memory has 2520 bytes, but 2520 are needed from memory_offset 4 on");
    bad.memory_offset = INT64_MAX - 3;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run_view(net, &bad, &good_out, &err));
    bad = good_out;
    bad.memory_offset = 8;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run_view(net, &good_in, &bad, &err));
    SAID("memory_offset 8");
    bad = good_in;
    bad.elements = INT64_MAX / IN * IN;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_run_view(net, &bad, &good_out, &err));

    cl_int status;
    cl_mem read_only = clCreateBuffer(h->context, CL_MEM_READ_ONLY, sizeof y, NULL, &status);
    GOOD(status);
    bad = good_out;
    bad.memory = read_only;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(net, &good_in, &bad, &err));
    SAID("CL_MEM_READ_ONLY");
    release(read_only);
    cl_mem write_only = clCreateBuffer(h->context, CL_MEM_WRITE_ONLY, sizeof x, NULL, &status);
    GOOD(status);
    bad = good_in;
    bad.memory = write_only;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(net, &bad, &good_out, &err));
    SAID("CL_MEM_WRITE_ONLY");
    release(write_only);

    cl_context other = new_context(h);
    cl_mem foreign = clCreateBuffer(other, CL_MEM_READ_WRITE, sizeof x, NULL, &status);
    GOOD(status);
    bad.memory = foreign;
    FAILS(CNN_INVALID_ARGUMENT, cnn_net_run_view(net, &bad, &good_out, &err));
    SAID("another cl_context");
    release(foreign);
    GOOD(clReleaseContext(other));

    /* Other devices know no cl_mem. */
    cnn_device *cpu = open_device("cpu"), *own = open_device("opencl");
    OK(cnn_net_compile(net, cpu, NULL, &err));
    FAILS(CNN_UNSUPPORTED,
          cnn_net_run_view(net, &good_in, &(cnn_view){.data = y, .elements = N * OUT}, &err));
    SAID("compiled for \"cpu\"");
    FAILS(CNN_UNSUPPORTED,
          cnn_net_run_view(net, &(cnn_view){.data = x, .elements = N * IN}, &good_out, &err));
    OK(cnn_net_compile(net, own, NULL, &err));
    FAILS(CNN_INVALID_ARGUMENT,
          cnn_net_run_view(net, &good_in, &(cnn_view){.data = y, .elements = N * OUT}, &err));
    SAID("cnn_device_open_opencl");
    OK(cnn_net_compile(net, device, NULL, &err));
    OK(cnn_net_run_view(net, &good_in, &good_out, &err));

    const uint8_t labels[N] = {0};
    const cnn_samples samples = {.input_views = &good_in,
                                 .input_view_count = 1,
                                 .labels = labels,
                                 .label_type = CNN_UINT8,
                                 .label_elements = N};
    OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = N}, &err));
    FAILS(CNN_UNSUPPORTED, cnn_net_check_gradient(net, &samples, NULL, NULL, &err));
    SAID("samples must be in data");
    cnn_net_destroy(net);
    cnn_device_destroy(own);
    cnn_device_destroy(cpu);
    cnn_device_destroy(device);
    release(in);
    release(out);
}

/* An image is no buffer. */
static void refuses_images(void **state) {
    host *h = host_of(state);
    const cl_image_format format = {CL_R, CL_FLOAT};
    const cl_image_desc description = {
        .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = W, .image_height = C * H};
    cl_int status;
    cl_mem image =
        clCreateImage(h->context, CL_MEM_READ_WRITE, &format, &description, NULL, &status);
    if (status != CL_SUCCESS) skip();
    cnn_device *device = lend(h, 1);
    cnn_net *net = compiled(device, 1, 1);
    float y[OUT];
    FAILS(CNN_UNSUPPORTED, cnn_net_run_view(net, &(cnn_view){.memory = image, .elements = IN},
                                            &(cnn_view){.data = y, .elements = OUT}, &err));
    SAID("an image");
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    release(image);
}

/* ---- Order on one queue ---- */

static const char source[] =
    "__kernel void ramp(__global float *x, float step, int rounds) {"
    "  const int i = (int)get_global_id(0);"
    "  float v = 0;"
    "  for (int k = 0; k < rounds; ++k) v = v * 0.5f + (float)(i % 11 - 5) * step;"
    "  x[i] = v; }"
    "__kernel void twice(__global const float *y, __global float *z) {"
    "  const int i = (int)get_global_id(0); z[i] = 2 * y[i]; }";

static float ramp(int i, float step, int rounds) {
    float v = 0;
    for (int k = 0; k < rounds; k++) v = v * 0.5f + (float)(i % 11 - 5) * step;
    return v;
}

static cl_kernel kernel_of(cl_program program, const char *name) {
    cl_int status;
    cl_kernel kernel = clCreateKernel(program, name, &status);
    GOOD(status);
    return kernel;
}

static cl_program program_of(const host *h) {
    const char *text = source;
    cl_int status;
    cl_program program = clCreateProgramWithSource(h->context, 1, &text, NULL, &status);
    GOOD(status);
    GOOD(clBuildProgram(program, 1, &h->device, "", NULL, NULL));
    return program;
}

static void enqueue(const host *h, cl_kernel kernel, size_t items) {
    GOOD(clEnqueueNDRangeKernel(h->queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL));
}

/* The host's kernel writes an input, the net runs, the host's kernel reads its output, many times
 * without ever waiting: each frame has its own result. */
static void keeps_the_order_of_the_hosts_commands(void **state) {
    host *h = host_of(state);
    enum { FRAMES = 20, ROUNDS = 20000 };
    cl_program program = program_of(h);
    cl_kernel before = kernel_of(program, "ramp"), after = kernel_of(program, "twice");
    cnn_device *device = lend(h, 1);
    cnn_net *net = compiled(device, 3, N);
    cl_mem x = zeros(h, N * IN * 4), y = zeros(h, N * OUT * 4), z[FRAMES];
    const cnn_view input = {.memory = x, .elements = N * IN},
                   output = {.memory = y, .elements = N * OUT};
    OK(cnn_net_run_view(net, &input, &output, &err));
    const cl_int rounds = ROUNDS;
    for (int f = 0; f < FRAMES; f++) {
        z[f] = zeros(h, N * OUT * 4);
    }
    for (int f = 0; f < FRAMES; f++) {
        const float step = (float)(f + 1) * 0.01f;
        GOOD(clSetKernelArg(before, 0, sizeof x, &x));
        GOOD(clSetKernelArg(before, 1, sizeof step, &step));
        GOOD(clSetKernelArg(before, 2, sizeof rounds, &rounds));
        enqueue(h, before, N * IN);
        OK(cnn_net_run_view(net, &input, &output, &err));
        GOOD(clSetKernelArg(after, 0, sizeof y, &y));
        GOOD(clSetKernelArg(after, 1, sizeof z[f], &z[f]));
        enqueue(h, after, N * OUT);
    }
    for (int f = 0; f < FRAMES; f++) {
        float values[N * IN], expected[N * OUT], got[N * OUT];
        for (int i = 0; i < N * IN; i++) values[i] = ramp(i, (float)(f + 1) * 0.01f, ROUNDS);
        on_cpu(3, &(cnn_view){.data = values, .elements = N * IN}, expected, N * OUT);
        fetch(h, z[f], 0, got, sizeof got);
        for (int i = 0; i < N * OUT; i++) NEAR((double)got[i], 2.0 * (double)expected[i], 2e-5);
        release(z[f]);
    }
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    release(x);
    release(y);
    GOOD(clReleaseKernel(before));
    GOOD(clReleaseKernel(after));
    GOOD(clReleaseProgram(program));
}

/* The queue stands still until the host says so; a run from buffer to buffer returns all the same.
 */
static void run_does_not_wait(void **state) {
    host *h = host_of(state);
    cnn_device *device = lend(h, 1);
    cnn_net *net = compiled(device, 3, N);
    float values[N * IN], expected[N * OUT], got[N * OUT];
    fill(values, N * IN, 9);
    on_cpu(3, &(cnn_view){.data = values, .elements = N * IN}, expected, N * OUT);
    cl_mem x = buffer_of(h, values, sizeof values), y = zeros(h, sizeof got),
           dy = zeros(h, sizeof got), dx = zeros(h, sizeof values);
    const cnn_view input = {.memory = x, .elements = N * IN},
                   output = {.memory = y, .elements = N * OUT},
                   output_gradient = {.memory = dy, .elements = N * OUT},
                   input_gradient = {.memory = dx, .elements = N * IN};
    const cnn_samples samples = {.input_views = &input, .input_view_count = 1};
    /* Planned at first use. */
    OK(cnn_net_run_view(net, &input, &output, &err));
    OK(cnn_net_backward(net, &samples, &output_gradient, 1, &input_gradient, 1, NULL, &err));
    GOOD(clFinish(h->queue));

    cl_int status;
    cl_event gate = clCreateUserEvent(h->context, &status), done;
    GOOD(status);
    GOOD(clEnqueueMarkerWithWaitList(h->queue, 1, &gate, NULL));
    OK(cnn_net_run_view(net, &input, &output, &err));
    OK(cnn_net_backward(net, &samples, &output_gradient, 1, &input_gradient, 1, NULL, &err));
    GOOD(clEnqueueMarkerWithWaitList(h->queue, 0, NULL, &done));
    cl_int where;
    GOOD(clGetEventInfo(done, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof where, &where, NULL));
    assert_true(where > CL_COMPLETE);
    GOOD(clSetUserEventStatus(gate, CL_COMPLETE));
    GOOD(clReleaseEvent(gate));
    GOOD(clWaitForEvents(1, &done));
    GOOD(clReleaseEvent(done));
    fetch(h, y, 0, got, sizeof got);
    near_all(got, expected, N * OUT);
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    release(x);
    release(y);
    release(dy);
    release(dx);
}

/* ---- Training ---- */

/* Losses, parameters and gradients are those of the same samples in data, on the same device. */
static void trains_on_the_hosts_buffers(void **state) {
    host *h = host_of(state);
    cnn_device *device = lend(h, 1);
    float x[N * IN], dx_plain[N * IN], dx[N * IN], dy[N * OUT];
    fill(x, N * IN, 5);
    fill(dy, N * OUT, 6);
    const int64_t labels[N] = {0, 3, 2, 1, 3};
    cl_mem in = buffer_of(h, x, sizeof x), dy_memory = buffer_of(h, dy, sizeof dy),
           dx_memory = zeros(h, sizeof dx), label_memory = buffer_of(h, labels, sizeof labels);
    const cnn_view input = {.memory = in, .elements = N * IN},
                   target = {.memory = label_memory, .type = CNN_INT64, .elements = N};
    const cnn_samples lent = {.input_views = &input,
                              .input_view_count = 1,
                              .target_views = &target,
                              .target_view_count = 1},
                      plain = {.inputs = x,
                               .input_elements = N * IN,
                               .labels = labels,
                               .label_type = CNN_INT64,
                               .label_elements = N};
    cnn_net *a = compiled(device, 2, N), *b = compiled(device, 2, N);
    cnn_optimizer *adam_a = cnn_optimizer_create(CNN_ADAM),
                  *adam_b = cnn_optimizer_create(CNN_ADAM);
    for (int i = 0; i < 5; i++) {
        double loss_a, loss_b;
        OK(cnn_net_train_step(a, adam_a, &plain, &loss_a, &err));
        OK(cnn_net_train_step(b, adam_b, &lent, i % 2 ? &loss_b : NULL, &err));
        if (i % 2) assert_true(loss_a == loss_b);
    }
    /* Shuffled: rows in any order, on the device. */
    OK(cnn_net_fit(a, adam_a, &plain, &(cnn_fit){.epochs = 3, .batch = 2, .seed = 8}, NULL, &err));
    OK(cnn_net_fit(b, adam_b, &lent, &(cnn_fit){.epochs = 3, .batch = 2, .seed = 8}, NULL, &err));
    assert_true(same_vector(a, b, CNN_PARAMETERS));
    cnn_evaluation ea, eb;
    OK(cnn_net_evaluate(a, &plain, &ea, &err));
    OK(cnn_net_evaluate(b, &lent, &eb, &err));
    assert_true(ea.loss == eb.loss && ea.correct == eb.correct);

    const cnn_view dy_plain = {.data = dy, .elements = N * OUT},
                   dy_lent = {.memory = dy_memory, .elements = N * OUT};
    OK(cnn_net_backward(a, &plain, &dy_plain, 1, &(cnn_view){.data = dx_plain, .elements = N * IN},
                        1, NULL, &err));
    OK(cnn_net_backward(b, &lent, &dy_lent, 1, &(cnn_view){.memory = dx_memory, .elements = N * IN},
                        1, NULL, &err));
    fetch(h, dx_memory, 0, dx, sizeof dx);
    assert_memory_equal(dx, dx_plain, sizeof dx);
    assert_true(same_vector(a, b, CNN_GRADIENT));
    cnn_view bad = dy_lent;
    bad.memory_offset = 4;
    FAILS(CNN_SHAPE_MISMATCH, cnn_net_backward(b, &lent, &bad, 1, NULL, 0, NULL, &err));
    SAID("the gradient of");

    cnn_optimizer *lbfgs = cnn_optimizer_create(CNN_LBFGS);
    OK(cnn_net_minimize(b, lbfgs, &lent, NULL, NULL, &err));
    cnn_optimizer_destroy(lbfgs);
    cnn_optimizer_destroy(adam_a);
    cnn_optimizer_destroy(adam_b);
    cnn_net_destroy(a);
    cnn_net_destroy(b);
    cnn_device_destroy(device);
    release(in);
    release(dy_memory);
    release(dx_memory);
    release(label_memory);
}

/* Labels in a buffer are seen by nobody before the device: one of no class makes the loss NaN, and
 * parameters stay. */
static void labels_of_no_class_are_no_step(void **state) {
    host *h = host_of(state);
    cnn_device *device = lend(h, 1);
    cnn_net *net = compiled(device, 2, N), *same = compiled(device, 2, N);
    cnn_optimizer *sgd = cnn_optimizer_create(CNN_SGD);
    float x[N * IN];
    fill(x, N * IN, 5);
    const cnn_view input = {.data = x, .elements = N * IN};
    const int64_t bad[] = {OUT, -1, INT64_MAX, INT64_MIN, (int64_t)1 << 32};
    for (int i = 0; i < LENGTH(bad); i++) {
        const int64_t labels[N] = {0, 3, bad[i], 1, 3};
        cl_mem memory = buffer_of(h, labels, sizeof labels);
        const cnn_view target = {.memory = memory, .type = CNN_INT64, .elements = N};
        const cnn_samples samples = {.input_views = &input,
                                     .input_view_count = 1,
                                     .target_views = &target,
                                     .target_view_count = 1};
        double loss;
        FAILS(CNN_NOT_FINITE, cnn_net_train_step(net, sgd, &samples, &loss, &err));
        assert_true(same_vector(net, same, CNN_PARAMETERS));
        release(memory);
    }
    cnn_optimizer_destroy(sgd);
    cnn_net_destroy(net);
    cnn_net_destroy(same);
    cnn_device_destroy(device);
}

/* ---- Threads ---- */

enum { THREADS = 4, ROUNDS = 30 };

typedef struct worker {
    host *h;
    cnn_device *device;
    uint64_t seed;
    int wrong;
} worker;

static void *run_worker(void *user) {
    worker *w = user;
    float x[N * IN], y[N * OUT], first[N * OUT];
    fill(x, N * IN, (uint32_t)w->seed);
    cnn_error error;
    cnn_net *net = image_net(w->seed);
    cl_int status;
    cl_mem in = clCreateBuffer(w->h->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof x, x,
                               &status);
    cl_mem out = clCreateBuffer(w->h->context, CL_MEM_READ_WRITE, sizeof y, NULL, &status);
    const cnn_view input = {.memory = in, .elements = N * IN},
                   output = {.memory = out, .elements = N * OUT};
    w->wrong = cnn_net_compile(net, w->device, &(cnn_compile){.max_batch = N}, &error);
    for (int i = 0; i < ROUNDS && !w->wrong; i++) {
        w->wrong = cnn_net_run_view(net, &input, &output, &error) ||
                   clEnqueueReadBuffer(w->h->queue, out, CL_TRUE, 0, sizeof y, y, 0, NULL, NULL);
        if (i == 0) memcpy(first, y, sizeof y);
        if (memcmp(first, y, sizeof y) != 0) w->wrong = 1;
    }
    float expected[N * OUT];
    if (!w->wrong) {
        cnn_device *cpu = NULL;
        cnn_net *same = image_net(w->seed);
        w->wrong = cnn_device_open("cpu", &(cnn_device_options){.threads = 1}, &cpu, &error) ||
                   cnn_net_compile(same, cpu, &(cnn_compile){.max_batch = N}, &error) ||
                   cnn_net_run(same, x, N * IN, expected, N * OUT, &error);
        for (int i = 0; i < N * OUT; i++)
            if (expected[i] - y[i] > 1e-5f || y[i] - expected[i] > 1e-5f) w->wrong = 1;
        cnn_net_destroy(same);
        cnn_device_destroy(cpu);
    }
    cnn_net_destroy(net);
    clReleaseMemObject(in);
    clReleaseMemObject(out);
    return NULL;
}

static void nets_share_the_queue_from_several_threads(void **state) {
    host *h = host_of(state);
    cnn_device *device = lend(h, 1);
    pthread_t threads[THREADS];
    worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.h = h, .device = device, .seed = (uint64_t)i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    cnn_device_destroy(device);
    assert_int_equal(h->released, 1);
}

/* By events where the host's queue has them, else by the clock. */
static void profiles_on_the_hosts_queue(void **state) {
    host *h = host_of(state);
    const cl_command_queue_properties kinds[] = {0, CL_QUEUE_PROFILING_ENABLE};
    const cl_command_queue usual = h->queue;
    for (int i = 0; i < LENGTH(kinds); i++) {
        h->queue = new_queue(h->context, h->device, kinds[i]);
        cnn_device *device = lend(h, 1);
        cnn_net *net = image_net(1);
        OK(cnn_net_compile(net, device, &(cnn_compile){.max_batch = N}, &err));
        cnn_node_time rows[64];
        int64_t count = 0;
        double seconds = 0;
        OK(cnn_net_profile(net, NULL, rows, LENGTH(rows), &count, &err));
        assert_in_range(count, 1, LENGTH(rows));
        for (int64_t row = 0; row < count; row++) seconds += rows[row].seconds;
        assert_true(seconds > 0 && seconds < 60);
        cnn_net_destroy(net);
        cnn_device_destroy(device);
        GOOD(clReleaseCommandQueue(h->queue));
    }
    h->queue = usual;
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        HOST_TEST(opens_on_the_hosts_context),
        HOST_TEST(nothing_lent_is_kept),
        HOST_TEST(refuses_what_does_not_belong_together),
        HOST_TEST(refuses_a_device_of_no_such_context),
        HOST_TEST(reads_and_writes_the_hosts_buffers),
        HOST_TEST(refuses_memory_that_does_not_serve),
        HOST_TEST(refuses_images),
        HOST_TEST(keeps_the_order_of_the_hosts_commands),
        HOST_TEST(run_does_not_wait),
        HOST_TEST(trains_on_the_hosts_buffers),
        HOST_TEST(labels_of_no_class_are_no_step),
        HOST_TEST(nets_share_the_queue_from_several_threads),
        HOST_TEST(profiles_on_the_hosts_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
