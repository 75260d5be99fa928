/* What the tests share that let one call after the other fail. */
#ifndef CNN_TESTS_FAILURES_H
#define CNN_TESTS_FAILURES_H

#include <stdlib.h>

/* From a call that fails to the next one that does: every one by default; CNN_FAILURE_STRIDE leaves
 * some out where a sanitizer makes each slow. */
static inline long failure_stride(void) {
    const char *given = getenv("CNN_FAILURE_STRIDE");
    const long wanted = given ? atol(given) : 0;
    return wanted > 0 ? wanted : 1;
}

#endif
