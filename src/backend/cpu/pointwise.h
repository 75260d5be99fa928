// Expressions compiled for the CPU: steps over chunks of elements that stay in the first-level
// cache, so that memory is passed once however long the expression is.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cnn::cpu {

enum class Code : uint8_t {
    copy,
    add,
    sub,
    mul,
    div,
    min,
    max,
    negate,
    abs,
    sqrt,
    exp,
    log,
    log1p,
    tanh,
    sigmoid,
    erf,
    less,
    select,
    finite,
    multiply_add,       // a * b + c
    multiply_subtract,  // a * b - c
    subtract_product,   // c - a * b
    select_less,        // a < b ? c : e
};

// d = code(a, b, c, e), all of them places.
struct Step {
    Code code;
    int16_t d, a, b, c, e;
};

enum class PlaceKind : uint8_t {
    element,    // moves along operand `index`
    channel,    // a chunk filled from operand `index` by channel
    sample,     // likewise by sample
    scalar,     // one vector filled with operand `index`'s one element
    slot,       // one vector filled with run-time value `index`
    constant,   // one vector filled with `value`
    uniform,    // one vector, computed before the chunks
    temporary,  // a chunk
};

struct Place {
    PlaceKind kind;
    int16_t index;
    int32_t offset;  // in the scratch memory of chunks, in floats; an element has none
    float value;
};

enum class Form : uint8_t { plain, n_blocked, c_blocked };

// The memory that an expression runs over: the layout of its full operands.
struct View {
    Form form;
    int64_t n, channels, spatial;
    int64_t blocks;  // of channels, in c_blocked
    int64_t count;   // floats in memory
};

enum class Finish : uint8_t { write, channel_sum, sum };

struct Program {
    const Step *steps;
    int32_t uniform_steps;  // first among the steps
    int32_t step_count;
    const Place *places;
    int32_t place_count;
    int32_t chunk;           // floats, a multiple of every vector's width
    const int16_t *results;  // places: written elements, or what is summed
    int32_t result_count;
    Finish finish;
};

struct ProgramArguments {
    float *const *operands;
    const double *scalars;
    int64_t begin, end;    // floats of the view; begin is a multiple of the chunk
    double *accumulators;  // result_count of them, or times channels, zeroed
};

inline constexpr int kMaxPlaces = 160;
inline constexpr int kScratchFloats = 12 * 1024;

struct PointwiseKernels {
    void (*run)(const Program &program, const View &view, const ProgramArguments &arguments);
    // Zero in the lanes of a tensor that hold nothing, for kernels that leave something there.
    void (*clear_padding)(const View &view, float *data, int64_t begin, int64_t count);
};

}  // namespace cnn::cpu
