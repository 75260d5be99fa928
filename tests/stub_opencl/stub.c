/* An OpenCL library that fails as it is told to. It either forwards to the system's loader, with
 * some answers changed, or is a driver itself, whose memory works and whose kernels do nothing. */
#define _GNU_SOURCE
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include "stub.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STUB __attribute__((visibility("default")))

/* Of no version of the ICD extension's header alone. */
#define NO_PLATFORM (-1001)

static stub_settings now;
static long calls, objects;
static const char *failed;

/* ---- The system's loader ---- */

/* clang-format off: one a line */
#define FUNCTIONS(X)               \
    X(clGetPlatformIDs)            \
    X(clGetPlatformInfo)           \
    X(clGetDeviceIDs)              \
    X(clGetDeviceInfo)             \
    X(clCreateContext)             \
    X(clGetContextInfo)            \
    X(clReleaseContext)            \
    X(clCreateCommandQueue)        \
    X(clGetCommandQueueInfo)       \
    X(clReleaseCommandQueue)       \
    X(clCreateBuffer)              \
    X(clGetMemObjectInfo)          \
    X(clReleaseMemObject)          \
    X(clCreateProgramWithSource)   \
    X(clCreateProgramWithBinary)   \
    X(clBuildProgram)              \
    X(clGetProgramInfo)            \
    X(clGetProgramBuildInfo)       \
    X(clReleaseProgram)            \
    X(clCreateKernel)              \
    X(clReleaseKernel)             \
    X(clSetKernelArg)              \
    X(clGetKernelWorkGroupInfo)    \
    X(clEnqueueNDRangeKernel)      \
    X(clEnqueueReadBuffer)         \
    X(clEnqueueWriteBuffer)        \
    X(clEnqueueCopyBuffer)         \
    X(clEnqueueFillBuffer)         \
    X(clEnqueueMapBuffer)          \
    X(clEnqueueUnmapMemObject)     \
    X(clEnqueueMarkerWithWaitList) \
    X(clWaitForEvents)             \
    X(clReleaseEvent)              \
    X(clGetEventInfo)              \
    X(clGetEventProfilingInfo)     \
    X(clFlush)                     \
    X(clFinish)
/* clang-format on */

#define MEMBER(name) static __typeof__(&name) real_##name;
FUNCTIONS(MEMBER)
#undef MEMBER

static int load(void) {
    static int state; /* 1: there, -1: not there */
    if (state) return state > 0;
    state = -1;
#ifdef STUB_SYSTEM_LIBRARY
    void *library = dlopen(STUB_SYSTEM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) return 0;
    int complete = 1;
#define RESOLVE(name)                                   \
    {                                                   \
        void *address = dlsym(library, #name);          \
        memcpy(&real_##name, &address, sizeof address); \
        complete = complete && address;                 \
    }
    FUNCTIONS(RESOLVE)
#undef RESOLVE
    cl_uint count = 0;
    if (complete && real_clGetPlatformIDs(0, NULL, &count) == CL_SUCCESS && count > 0) state = 1;
#endif
    return state > 0;
}

/* ---- What tests tell and ask ---- */

STUB stub_begin_function stub_begin;
STUB stub_calls_function stub_calls;
STUB stub_objects_function stub_objects;
STUB stub_failed_function stub_failed;
STUB stub_can_forward_function stub_can_forward;

void stub_begin(const stub_settings *settings) {
    now = *settings;
    calls = 0;
    failed = NULL;
}
long stub_calls(void) {
    return calls;
}
long stub_objects(void) {
    return __atomic_load_n(&objects, __ATOMIC_SEQ_CST);
}
const char *stub_failed(void) {
    return failed;
}
int stub_can_forward(void) {
    return load();
}

/* Counts a call; whether it is to fail. */
static int fails(const char *name) {
    const long call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (!now.fail_at || (now.sticky ? call < now.fail_at : call != now.fail_at)) return 0;
    if (!failed) failed = name;
    return 1;
}

#define FAIL_IF_TOLD(name) \
    if (fails(#name)) return now.error
#define NULL_IF_TOLD(name, status)                                        \
    if (fails(#name)) {                                                   \
        if (status) *(status) = now.null_object ? CL_SUCCESS : now.error; \
        return NULL;                                                      \
    }

/* ---- A driver of its own ---- */

struct _cl_platform_id {
    int unused;
};
struct _cl_device_id {
    int unused;
};
typedef struct object {
    void *data; /* of a buffer */
    size_t size;
    int owned;
} object;

static struct _cl_platform_id the_platform;
static struct _cl_device_id the_device;

static void *counted(void *made) {
    if (made) __atomic_add_fetch(&objects, 1, __ATOMIC_SEQ_CST);
    return made;
}

static void *make(cl_int *status) {
    if (status) *status = CL_SUCCESS;
    return counted(calloc(1, sizeof(object)));
}

static void drop(void *made) {
    object *o = made;
    __atomic_sub_fetch(&objects, 1, __ATOMIC_SEQ_CST);
    if (now.forward) return;
    if (o->owned) free(o->data);
    free(o);
}

static cl_int answer(const void *value, size_t bytes, size_t room, void *to, size_t *needed) {
    if (needed) *needed = bytes;
    if (!to) return CL_SUCCESS;
    if (room < bytes) return CL_INVALID_VALUE;
    memcpy(to, value, bytes);
    return CL_SUCCESS;
}

/* ---- Strings ---- */

static cl_int text(const char *plain, size_t room, void *to, size_t *needed) {
    const size_t letters = 70000;
    switch (now.text) {
        case STUB_TEXT_EMPTY:
            if (needed) *needed = 0;
            return CL_SUCCESS;
        case STUB_TEXT_HUGE:
            if (needed) *needed = SIZE_MAX;
            return to ? CL_INVALID_VALUE : CL_SUCCESS;
        case STUB_TEXT_UNTERMINATED:
            if (needed) *needed = letters;
            if (!to) return CL_SUCCESS;
            if (room < letters) return CL_INVALID_VALUE;
            memset(to, 'x', letters);
            memcpy(to, plain, strlen(plain));
            return CL_SUCCESS;
        default:
            return answer(plain, strlen(plain) + 1, room, to, needed);
    }
}

/* ---- Platforms and devices ---- */

STUB cl_int clGetPlatformIDs(cl_uint room, cl_platform_id *ids, cl_uint *count) {
    FAIL_IF_TOLD(clGetPlatformIDs);
    if (now.platforms == 0) {
        if (count) *count = 0;
        return NO_PLATFORM;
    }
    if (now.platforms > 0 && now.forward) return real_clGetPlatformIDs(room, ids, count);
    if (count) *count = now.platforms > 0 ? 1 : 4000000000u;
    if (ids && room) ids[0] = &the_platform;
    if (now.forward && ids) return real_clGetPlatformIDs(1, ids, NULL);
    return CL_SUCCESS;
}

STUB cl_int clGetPlatformInfo(cl_platform_id platform, cl_platform_info what, size_t room, void *to,
                              size_t *needed) {
    FAIL_IF_TOLD(clGetPlatformInfo);
    if (what == CL_PLATFORM_VERSION && (now.version || now.text || !now.forward))
        return text(now.version ? now.version : "OpenCL 1.2 stub", room, to, needed);
    if (!now.forward || now.text) return text("stub platform", room, to, needed);
    return real_clGetPlatformInfo(platform, what, room, to, needed);
}

STUB cl_int clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint room,
                           cl_device_id *ids, cl_uint *count) {
    FAIL_IF_TOLD(clGetDeviceIDs);
    if (now.devices == 0) {
        if (count) *count = 0;
        return CL_DEVICE_NOT_FOUND;
    }
    if (now.forward && now.devices > 0)
        return real_clGetDeviceIDs(platform, type, room, ids, count);
    if (count) *count = now.devices > 0 ? 1 : 4000000000u;
    if (ids && room) ids[0] = &the_device;
    if (now.forward && ids) return real_clGetDeviceIDs(platform, type, 1, ids, NULL);
    return CL_SUCCESS;
}

#define VALUE(type, value)                                       \
    {                                                            \
        const type value_ = (value);                             \
        return answer(&value_, sizeof value_, room, to, needed); \
    }

STUB cl_int clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t room, void *to,
                            size_t *needed) {
    FAIL_IF_TOLD(clGetDeviceInfo);
    if (what == CL_DEVICE_TYPE && (now.has_type || !now.forward))
        VALUE(cl_device_type, now.has_type ? now.type : CL_DEVICE_TYPE_GPU)
    if (what == CL_DEVICE_VERSION && (now.version || now.text))
        return text(now.version ? now.version : "OpenCL 1.2 stub", room, to, needed);
    if (now.text && (what == CL_DEVICE_NAME || what == CL_DEVICE_VENDOR ||
                     what == CL_DRIVER_VERSION || what == CL_DEVICE_EXTENSIONS))
        return text("stub", room, to, needed);
    if (now.limits) switch (what) {
            case CL_DEVICE_MAX_WORK_GROUP_SIZE:
                VALUE(size_t, now.work_group)
            case CL_DEVICE_LOCAL_MEM_SIZE:
                VALUE(cl_ulong, now.local_bytes)
            case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
                VALUE(cl_ulong, now.buffer_bytes)
            case CL_DEVICE_GLOBAL_MEM_SIZE:
                VALUE(cl_ulong, now.memory_bytes)
            case CL_DEVICE_MAX_COMPUTE_UNITS:
                VALUE(cl_uint, now.compute_units)
            case CL_DEVICE_MEM_BASE_ADDR_ALIGN:
                VALUE(cl_uint, 1)
            case CL_DEVICE_IMAGE_SUPPORT:
                VALUE(cl_bool, CL_FALSE)
            default:
                break;
        }
    if (now.forward) return real_clGetDeviceInfo(device, what, room, to, needed);
    switch (what) {
        case CL_DEVICE_NAME:
        case CL_DEVICE_VENDOR:
        case CL_DRIVER_VERSION:
            return text("stub", room, to, needed);
        case CL_DEVICE_VERSION:
            return text("OpenCL 1.2 stub", room, to, needed);
        case CL_DEVICE_EXTENSIONS:
            return text("cl_khr_fp64", room, to, needed);
        case CL_DEVICE_AVAILABLE:
        case CL_DEVICE_COMPILER_AVAILABLE:
            VALUE(cl_bool, CL_TRUE)
        case CL_DEVICE_HOST_UNIFIED_MEMORY:
            VALUE(cl_bool, now.unified ? CL_TRUE : CL_FALSE)
        case CL_DEVICE_MAX_WORK_GROUP_SIZE:
            VALUE(size_t, 256)
        case CL_DEVICE_LOCAL_MEM_SIZE:
            VALUE(cl_ulong, 32768)
        case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
        case CL_DEVICE_GLOBAL_MEM_SIZE:
            VALUE(cl_ulong, (cl_ulong)1 << 30)
        case CL_DEVICE_MAX_COMPUTE_UNITS:
            VALUE(cl_uint, 4)
        case CL_DEVICE_PLATFORM:
            VALUE(cl_platform_id, &the_platform)
        default:
            return CL_INVALID_VALUE;
    }
}

/* ---- Contexts, queues, memory ---- */

STUB cl_context clCreateContext(const cl_context_properties *properties, cl_uint count,
                                const cl_device_id *devices,
                                void(CL_CALLBACK *notify)(const char *, const void *, size_t,
                                                          void *),
                                void *user, cl_int *status) {
    NULL_IF_TOLD(clCreateContext, status)
    if (now.forward)
        return counted(real_clCreateContext(properties, count, devices, notify, user, status));
    return make(status);
}

STUB cl_int clGetContextInfo(cl_context context, cl_context_info what, size_t room, void *to,
                             size_t *needed) {
    FAIL_IF_TOLD(clGetContextInfo);
    if (now.forward) return real_clGetContextInfo(context, what, room, to, needed);
    if (what != CL_CONTEXT_DEVICES) return CL_INVALID_VALUE;
    VALUE(cl_device_id, &the_device)
}

/* A release that fails releases all the same: nobody could do better. */
#define RELEASE(name, type)                                                 \
    STUB cl_int name(type made) {                                           \
        const int told = fails(#name);                                      \
        drop(made);                                                         \
        const cl_int status = now.forward ? real_##name(made) : CL_SUCCESS; \
        return told ? now.error : status;                                   \
    }

RELEASE(clReleaseContext, cl_context)
RELEASE(clReleaseCommandQueue, cl_command_queue)
RELEASE(clReleaseMemObject, cl_mem)
RELEASE(clReleaseProgram, cl_program)
RELEASE(clReleaseKernel, cl_kernel)
RELEASE(clReleaseEvent, cl_event)

STUB cl_command_queue clCreateCommandQueue(cl_context context, cl_device_id device,
                                           cl_command_queue_properties properties, cl_int *status) {
    NULL_IF_TOLD(clCreateCommandQueue, status)
    if (now.forward) return counted(real_clCreateCommandQueue(context, device, properties, status));
    return make(status);
}

STUB cl_int clGetCommandQueueInfo(cl_command_queue queue, cl_command_queue_info what, size_t room,
                                  void *to, size_t *needed) {
    FAIL_IF_TOLD(clGetCommandQueueInfo);
    if (now.forward) return real_clGetCommandQueueInfo(queue, what, room, to, needed);
    return CL_INVALID_VALUE;
}

STUB cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                           cl_int *status) {
    NULL_IF_TOLD(clCreateBuffer, status)
    if (now.limits && now.buffer_bytes && size > now.buffer_bytes) {
        *status = CL_INVALID_BUFFER_SIZE;
        return NULL;
    }
    if (now.forward) return counted(real_clCreateBuffer(context, flags, size, host, status));
    object *memory = make(status);
    memory->owned = !(flags & CL_MEM_USE_HOST_PTR);
    memory->data = memory->owned ? malloc(size) : host;
    memory->size = size;
    return (cl_mem)memory;
}

STUB cl_int clGetMemObjectInfo(cl_mem memory, cl_mem_info what, size_t room, void *to,
                               size_t *needed) {
    FAIL_IF_TOLD(clGetMemObjectInfo);
    if (now.forward) return real_clGetMemObjectInfo(memory, what, room, to, needed);
    return CL_INVALID_VALUE;
}

/* ---- Programs and kernels ---- */

STUB cl_program clCreateProgramWithSource(cl_context context, cl_uint count, const char **strings,
                                          const size_t *lengths, cl_int *status) {
    NULL_IF_TOLD(clCreateProgramWithSource, status)
    if (now.forward)
        return counted(real_clCreateProgramWithSource(context, count, strings, lengths, status));
    return make(status);
}

STUB cl_program clCreateProgramWithBinary(cl_context context, cl_uint count,
                                          const cl_device_id *devices, const size_t *lengths,
                                          const unsigned char **binaries, cl_int *binary_status,
                                          cl_int *status) {
    NULL_IF_TOLD(clCreateProgramWithBinary, status)
    if (now.forward)
        return counted(real_clCreateProgramWithBinary(context, count, devices, lengths, binaries,
                                                      binary_status, status));
    if (binary_status) *binary_status = CL_SUCCESS;
    return make(status);
}

STUB cl_int clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                           const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                           void *user) {
    FAIL_IF_TOLD(clBuildProgram);
    if (now.forward) return real_clBuildProgram(program, count, devices, options, notify, user);
    return CL_SUCCESS;
}

STUB cl_int clGetProgramInfo(cl_program program, cl_program_info what, size_t room, void *to,
                             size_t *needed) {
    FAIL_IF_TOLD(clGetProgramInfo);
    if (now.forward) return real_clGetProgramInfo(program, what, room, to, needed);
    static const char binary[] = "binary";
    switch (what) {
        case CL_PROGRAM_NUM_DEVICES:
            VALUE(cl_uint, 1)
        case CL_PROGRAM_DEVICES:
            VALUE(cl_device_id, &the_device)
        case CL_PROGRAM_BINARY_SIZES:
            VALUE(size_t, sizeof binary)
        case CL_PROGRAM_BINARIES: {
            unsigned char *first = *(unsigned char **)to;
            memcpy(first, binary, sizeof binary);
            return CL_SUCCESS;
        }
        default:
            return CL_INVALID_VALUE;
    }
}

STUB cl_int clGetProgramBuildInfo(cl_program program, cl_device_id device,
                                  cl_program_build_info what, size_t room, void *to,
                                  size_t *needed) {
    FAIL_IF_TOLD(clGetProgramBuildInfo);
    if (now.forward) return real_clGetProgramBuildInfo(program, device, what, room, to, needed);
    return text("the stub's log", room, to, needed);
}

STUB cl_kernel clCreateKernel(cl_program program, const char *name, cl_int *status) {
    NULL_IF_TOLD(clCreateKernel, status)
    if (now.forward) return counted(real_clCreateKernel(program, name, status));
    return make(status);
}

STUB cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t bytes, const void *value) {
    FAIL_IF_TOLD(clSetKernelArg);
    return now.forward ? real_clSetKernelArg(kernel, index, bytes, value) : CL_SUCCESS;
}

STUB cl_int clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id device,
                                     cl_kernel_work_group_info what, size_t room, void *to,
                                     size_t *needed) {
    FAIL_IF_TOLD(clGetKernelWorkGroupInfo);
    if (what == CL_KERNEL_WORK_GROUP_SIZE && (now.limits || !now.forward))
        VALUE(size_t, now.limits ? now.work_group : 256)
    if (now.forward) return real_clGetKernelWorkGroupInfo(kernel, device, what, room, to, needed);
    return CL_INVALID_VALUE;
}

/* ---- Commands ---- */

static cl_int ended(cl_event *event) {
    if (event) *event = make(NULL);
    return CL_SUCCESS;
}

static cl_int count_event(cl_int status, cl_event *event) {
    if (status == CL_SUCCESS && event) counted(*event);
    return status;
}

STUB cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                                   const size_t *offset, const size_t *global, const size_t *local,
                                   cl_uint count, const cl_event *events, cl_event *event) {
    FAIL_IF_TOLD(clEnqueueNDRangeKernel);
    if (now.limits && local) {
        size_t items = 1;
        for (cl_uint i = 0; i < dimensions; i++) items *= local[i];
        if (items > (now.work_group ? now.work_group : 1)) return CL_INVALID_WORK_GROUP_SIZE;
    }
    if (now.forward)
        return count_event(real_clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global,
                                                       local, count, events, event),
                           event);
    return ended(event);
}

static int inside(object *memory, size_t offset, size_t size) {
    return offset <= memory->size && size <= memory->size - offset;
}

STUB cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking,
                                size_t offset, size_t size, void *to, cl_uint count,
                                const cl_event *events, cl_event *event) {
    FAIL_IF_TOLD(clEnqueueReadBuffer);
    if (now.forward)
        return count_event(real_clEnqueueReadBuffer(queue, memory, blocking, offset, size, to,
                                                    count, events, event),
                           event);
    object *o = (object *)memory;
    if (!inside(o, offset, size)) return CL_INVALID_VALUE;
    memcpy(to, (char *)o->data + offset, size);
    return ended(event);
}

STUB cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking,
                                 size_t offset, size_t size, const void *from, cl_uint count,
                                 const cl_event *events, cl_event *event) {
    FAIL_IF_TOLD(clEnqueueWriteBuffer);
    if (now.forward)
        return count_event(real_clEnqueueWriteBuffer(queue, memory, blocking, offset, size, from,
                                                     count, events, event),
                           event);
    object *o = (object *)memory;
    if (!inside(o, offset, size)) return CL_INVALID_VALUE;
    memcpy((char *)o->data + offset, from, size);
    return ended(event);
}

STUB cl_int clEnqueueCopyBuffer(cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset,
                                size_t to_offset, size_t size, cl_uint count,
                                const cl_event *events, cl_event *event) {
    FAIL_IF_TOLD(clEnqueueCopyBuffer);
    if (now.forward)
        return count_event(real_clEnqueueCopyBuffer(queue, from, to, from_offset, to_offset, size,
                                                    count, events, event),
                           event);
    object *a = (object *)from, *b = (object *)to;
    if (!inside(a, from_offset, size) || !inside(b, to_offset, size)) return CL_INVALID_VALUE;
    memmove((char *)b->data + to_offset, (char *)a->data + from_offset, size);
    return ended(event);
}

STUB cl_int clEnqueueFillBuffer(cl_command_queue queue, cl_mem memory, const void *pattern,
                                size_t bytes, size_t offset, size_t size, cl_uint count,
                                const cl_event *events, cl_event *event) {
    FAIL_IF_TOLD(clEnqueueFillBuffer);
    if (now.forward)
        return count_event(real_clEnqueueFillBuffer(queue, memory, pattern, bytes, offset, size,
                                                    count, events, event),
                           event);
    object *o = (object *)memory;
    if (!inside(o, offset, size) || size % bytes) return CL_INVALID_VALUE;
    for (size_t i = 0; i < size; i += bytes) memcpy((char *)o->data + offset + i, pattern, bytes);
    return ended(event);
}

STUB void *clEnqueueMapBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking,
                              cl_map_flags flags, size_t offset, size_t size, cl_uint count,
                              const cl_event *events, cl_event *event, cl_int *status) {
    NULL_IF_TOLD(clEnqueueMapBuffer, status)
    if (now.forward)
        return real_clEnqueueMapBuffer(queue, memory, blocking, flags, offset, size, count, events,
                                       event, status);
    *status = ended(event);
    return (char *)((object *)memory)->data + offset;
}

STUB cl_int clEnqueueUnmapMemObject(cl_command_queue queue, cl_mem memory, void *mapped,
                                    cl_uint count, const cl_event *events, cl_event *event) {
    FAIL_IF_TOLD(clEnqueueUnmapMemObject);
    if (now.forward)
        return real_clEnqueueUnmapMemObject(queue, memory, mapped, count, events, event);
    return ended(event);
}

STUB cl_int clEnqueueMarkerWithWaitList(cl_command_queue queue, cl_uint count,
                                        const cl_event *events, cl_event *event) {
    FAIL_IF_TOLD(clEnqueueMarkerWithWaitList);
    if (now.forward)
        return count_event(real_clEnqueueMarkerWithWaitList(queue, count, events, event), event);
    return ended(event);
}

STUB cl_int clWaitForEvents(cl_uint count, const cl_event *events) {
    if (fails("clWaitForEvents")) {
        /* Of a device that is lost for good nothing is under way any more. */
        if (now.sticky && now.forward) real_clWaitForEvents(count, events);
        return now.error;
    }
    return now.forward ? real_clWaitForEvents(count, events) : CL_SUCCESS;
}

STUB cl_int clGetEventInfo(cl_event event, cl_event_info what, size_t room, void *to,
                           size_t *needed) {
    FAIL_IF_TOLD(clGetEventInfo);
    if (now.forward) return real_clGetEventInfo(event, what, room, to, needed);
    VALUE(cl_int, CL_COMPLETE)
}

STUB cl_int clGetEventProfilingInfo(cl_event event, cl_profiling_info what, size_t room, void *to,
                                    size_t *needed) {
    FAIL_IF_TOLD(clGetEventProfilingInfo);
    if (now.forward) return real_clGetEventProfilingInfo(event, what, room, to, needed);
    VALUE(cl_ulong, 0)
}

STUB cl_int clFlush(cl_command_queue queue) {
    FAIL_IF_TOLD(clFlush);
    return now.forward ? real_clFlush(queue) : CL_SUCCESS;
}

STUB cl_int clFinish(cl_command_queue queue) {
    if (fails("clFinish")) {
        if (now.sticky && now.forward) real_clFinish(queue);
        return now.error;
    }
    return now.forward ? real_clFinish(queue) : CL_SUCCESS;
}
