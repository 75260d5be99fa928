/* What the tests tell the stub driver (stub.c) to do, and what it tells them. */
#ifndef CNN_TESTS_STUB_OPENCL_H
#define CNN_TESTS_STUB_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

/* How the driver's strings are. */
enum stub_text {
    STUB_TEXT_PLAIN,
    STUB_TEXT_EMPTY,        /* of 0 bytes */
    STUB_TEXT_UNTERMINATED, /* 70000 letters and no zero */
    STUB_TEXT_HUGE          /* said to have SIZE_MAX bytes */
};

typedef struct stub_settings {
    int forward; /* to the system's loader, where there is one; else memory works and kernels do
                    nothing */
    int has_type;
    cl_device_type type; /* instead of the real one */
    int unified;         /* without forward: the device computes in the host's memory */

    long fail_at;    /* the first call that fails, from 1; 0: none */
    int sticky;      /* so do all after it */
    int null_object; /* a creating call that is to fail gives NULL and CL_SUCCESS instead */
    cl_int error;

    int platforms, devices; /* how many of those there are it admits to; -1: says 4 billion */
    int limits;             /* instead of the real ones: */
    size_t work_group;
    cl_ulong local_bytes, buffer_bytes, memory_bytes;
    cl_uint compute_units;
    enum stub_text text;
    const char *version; /* of platform and device; NULL: as they are */
} stub_settings;

/* Begins to count anew. */
typedef void stub_begin_function(const stub_settings *settings);
/* Calls since. */
typedef long stub_calls_function(void);
/* Objects that were made and not released. */
typedef long stub_objects_function(void);
/* The name of the first call that failed, or NULL. */
typedef const char *stub_failed_function(void);
/* 1 where it can forward. */
typedef int stub_can_forward_function(void);

#endif
