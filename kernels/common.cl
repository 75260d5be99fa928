// What every program begins with.
#pragma OPENCL FP_CONTRACT OFF

#define LANES 16
// Work-groups of one item: the CPU class's form.
#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))
#ifdef CPU_CLASS
#define ITEMS SINGLE
#else
#define ITEMS
#endif

// What kernels that serve both layouts call an element: a float of a plain tensor, or a block of
// samples, so that [N / 16][C][S] blocks look like a plain [N][C][S].
#ifdef BLOCKED
typedef float16 real_t;
typedef int16 int_t;
typedef uint16 uint_t;
#define WIDTH LANES
#define LANE_INDEX ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define LOAD(p, i) vload16((i), (p))
#define STORE(v, i, p) vstore16((v), (i), (p))
#else
typedef float real_t;
typedef int int_t;
typedef uint uint_t;
#define WIDTH 1
#define LOAD(p, i) ((p)[i])
#define STORE(v, i, p) ((p)[i] = (v))
#endif
#define ZERO ((real_t)(0.0f))
#define ONE ((real_t)(1.0f))

// A range [begin, end) of `total` elements for this item, `chunk` at most.
#define ITEM_RANGE(total, chunk)                                      \
    const int begin = min((int)get_global_id(0), (total)) * (chunk); \
    const int end = min(begin + (chunk), (total));

// Adds v to the sum high + low, where low gathers what rounding loses.
#define ADD_TO_SUM(type, high, low, v)                     \
    {                                                      \
        const type next_ = (high) + (v);                   \
        const type part_ = next_ - (high);                 \
        (low) += ((high) - (next_ - part_)) + ((v)-part_); \
        (high) = next_;                                    \
    }

// Stores high + low at y[index]; as a pair when wide. Beyond float's range there is nothing to mend.
#define STORE_SUM(high, low, y, index, wide)                                    \
    {                                                                           \
        const float sum_ = fabs(high) < INFINITY ? (high) + (low) : (high);     \
        const float rest_ = fabs(sum_) < INFINITY ? ((high)-sum_) + (low) : 0.0f; \
        if (wide) {                                                             \
            (y)[2 * (index)] = sum_;                                            \
            (y)[2 * (index) + 1] = rest_;                                       \
        } else {                                                                \
            (y)[index] = sum_;                                                  \
        }                                                                       \
    }
