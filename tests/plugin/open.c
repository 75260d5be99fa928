/* What opening the library costs a host that does it late: the median of several times, the first
 * left out, in milliseconds of this thread's own time, which what else the machine does hardly
 * changes. Fails at 2 ms or more.
 *
 *   open LIBRARY */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kTimes = 31 };
static const double kLimit = 2;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "open LIBRARY\n"), 2;
    double times[kTimes];
    for (int i = -1; i < kTimes; i++) {
        const double began = now();
        void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        const double took = now() - began;
        if (!library) return fprintf(stderr, "%s\n", dlerror()), 1;
        if (i >= 0) times[i] = took;
        dlclose(library);
        if (dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD))
            return fprintf(stderr, "%s stays open\n", arguments[1]), 1;
    }
    qsort(times, kTimes, sizeof *times, ascending);
    printf("dlopen: %.2f ms, at best %.2f ms\n", times[kTimes / 2], times[0]);
    return times[kTimes / 2] >= kLimit;
}
