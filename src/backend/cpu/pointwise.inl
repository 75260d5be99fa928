// Runs a compiled expression: every step over one chunk, chunk after chunk.
#include "backend/cpu/pointwise.h"

namespace cnn::cpu::CNN_ISA {

// Half a vector of floats, and as doubles.
typedef float half_vec __attribute__((vector_size(CNN_WIDTH * 2), aligned(4), may_alias));
typedef double wide_half __attribute__((vector_size(CNN_WIDTH * 4)));

CNN_INLINE int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

// A value's vectors, one after the other, or the same one for all.
struct Source {
    const float *p;
    int64_t step;
    CNN_INLINE vec next(Source &s) {
        const vec v = load(s.p);
        s.p += s.step;
        return v;
    }
};

template <class F>
CNN_INLINE void apply(float *d, Source a, int64_t count, F f) {
    for (int64_t i = 0; i < count; i += kWidth) store(d + i, f(Source::next(a)));
}
template <class F>
CNN_INLINE void apply(float *d, Source a, Source b, int64_t count, F f) {
    for (int64_t i = 0; i < count; i += kWidth) {
        const vec x = Source::next(a);
        store(d + i, f(x, Source::next(b)));
    }
}
template <class F>
CNN_INLINE void apply(float *d, Source a, Source b, Source c, int64_t count, F f) {
    for (int64_t i = 0; i < count; i += kWidth) {
        const vec x = Source::next(a), y = Source::next(b);
        store(d + i, f(x, y, Source::next(c)));
    }
}

static void select_less(float *d, Source a, Source b, Source c, Source e, int64_t count) {
    for (int64_t i = 0; i < count; i += kWidth) {
        const vec x = Source::next(a), y = Source::next(b);
        const vec yes = Source::next(c), no = Source::next(e);
        store(d + i, select(x < y, yes, no));
    }
}

static void run_step(const Step &step, float *const *at, const int64_t *stride, int64_t count) {
    float *const d = at[step.d];
    const Source a{at[step.a], stride[step.a]}, b{at[step.b], stride[step.b]};
    const Source c{at[step.c], stride[step.c]};
    switch (step.code) {
        case Code::copy:
            return apply(d, a, count, [](vec x) { return x; });
        case Code::add:
            return apply(d, a, b, count, [](vec x, vec y) { return x + y; });
        case Code::sub:
            return apply(d, a, b, count, [](vec x, vec y) { return x - y; });
        case Code::mul:
            return apply(d, a, b, count, [](vec x, vec y) { return x * y; });
        case Code::div:
            return apply(d, a, b, count, [](vec x, vec y) { return x / y; });
        case Code::min:
            return apply(d, a, b, count, [](vec x, vec y) { return min_nan(x, y); });
        case Code::max:
            return apply(d, a, b, count, [](vec x, vec y) { return max_nan(x, y); });
        case Code::negate:
            return apply(d, a, count, [](vec x) { return -x; });
        case Code::abs:
            return apply(d, a, count, [](vec x) { return abs(x); });
        case Code::sqrt:
            return apply(d, a, count, [](vec x) { return sqrt(x); });
        case Code::exp:
            return apply(d, a, count, [](vec x) { return exp(x); });
        case Code::log:
            return apply(d, a, count, [](vec x) { return log(x); });
        case Code::log1p:
            return apply(d, a, count, [](vec x) { return log1p(x); });
        case Code::tanh:
            return apply(d, a, count, [](vec x) { return tanh(x); });
        case Code::sigmoid:
            return apply(d, a, count, [](vec x) { return sigmoid(x); });
        case Code::erf:
            return apply(d, a, count, [](vec x) { return erf(x); });
        case Code::less:
            return apply(d, a, b, count,
                         [](vec x, vec y) { return select(x < y, broadcast(1.0f), zero()); });
        case Code::select:
            return apply(d, a, b, c, count,
                         [](vec x, vec y, vec z) { return select(x != zero(), y, z); });
        case Code::finite:
            return apply(d, a, count,
                         [](vec x) { return select(is_finite(x), broadcast(1.0f), zero()); });
        case Code::multiply_add:
            return apply(d, a, b, c, count, [](vec x, vec y, vec z) { return x * y + z; });
        case Code::multiply_subtract:
            return apply(d, a, b, c, count, [](vec x, vec y, vec z) { return x * y - z; });
        case Code::subtract_product:
            return apply(d, a, b, c, count, [](vec x, vec y, vec z) { return z - x * y; });
        case Code::select_less:
            return select_less(d, a, b, c, Source{at[step.e], stride[step.e]}, count);
    }
}

// --- Broadcast operands, spread over a chunk. `to` has room for a vector more than count.

static void fill(float *to, float value, int64_t count) {
    for (int64_t i = 0; i < count; i += kWidth) store(to + i, broadcast(value));
}

// Runs of `run` floats, each one value: values[first], values[first + 1], ..., around at `period`.
static void spread_values(float *to, const float *values, int64_t begin, int64_t count, int64_t run,
                          int64_t period) {
    int64_t index = begin / run % period, left = run - begin % run;
    for (int64_t i = 0; i < count; i += left, left = run) {
        fill(to + i, values[index], smaller(left, count - i));
        if (++index == period) index = 0;
    }
}

// As above where runs are of whole vectors, each `lanes` of the values (fewer at their end).
static void spread_vectors(float *to, const float *values, int64_t begin, int64_t count,
                           int64_t run, int64_t total) {
    const int64_t period = (total + kWidth - 1) / kWidth;
    int64_t index = begin / run % period, left = run - begin % run;
    for (int64_t i = 0; i < count; i += left, left = run) {
        const vec v = load_first(values + index * kWidth, smaller(kWidth, total - index * kWidth));
        const int64_t end = smaller(i + left, count);
        for (int64_t j = i; j < end; j += kWidth) store(to + j, v);
        if (++index == period) index = 0;
    }
}

// Copies of values[0, period) one after the other.
static void spread_rows(float *to, const float *values, int64_t begin, int64_t count,
                        int64_t period) {
    int64_t index = begin % period;
    for (int64_t i = 0; i < count;) {
        const int64_t length = smaller(period - index, count - i);
        int64_t j = 0;
        for (; j + kWidth <= length; j += kWidth) store(to + i + j, load(values + index + j));
        if (j < length) store(to + i + j, load_first(values + index + j, length - j));
        i += length;
        index = 0;
    }
}

static void spread_channels(const View &v, float *to, const float *values, int64_t begin,
                            int64_t count) {
    if (v.form == Form::n_blocked) {
        spread_values(to, values, begin, count, v.spatial * kWidth, v.channels);
    } else if (v.form == Form::c_blocked) {
        spread_vectors(to, values, begin, count, v.spatial * kWidth, v.channels);
    } else if (v.spatial == 1) {
        spread_rows(to, values, begin, count, v.channels);
    } else {
        spread_values(to, values, begin, count, v.spatial, v.channels);
    }
}

static void spread_samples(const View &v, float *to, const float *values, int64_t begin,
                           int64_t count) {
    const int64_t per_sample = v.n == 0 ? 1 : v.count / v.n;
    if (v.form == Form::n_blocked) {
        spread_vectors(to, values, begin, count, v.channels * v.spatial * kWidth, v.n);
    } else if (per_sample == 1) {
        spread_rows(to, values, begin, count, v.n);
    } else {
        spread_values(to, values, begin, count, per_sample, v.n);
    }
}

// --- Padding.

static void keep_first(float *p, int64_t count, int64_t lanes) {
    const ivec kept = first_lanes(lanes);
    for (int64_t i = 0; i < count; i += kWidth) store(p + i, select(kept, load(p + i), zero()));
}

// data[0, count) are the view's floats from `begin`, a multiple of the width, on.
static void clear_padding(const View &v, float *data, int64_t begin, int64_t count) {
    if (v.form == Form::n_blocked && v.n % kWidth != 0) {
        const int64_t last = v.n / kWidth * v.channels * v.spatial * kWidth;
        const int64_t skip = begin < last ? smaller(last - begin, count) : 0;
        keep_first(data + skip, count - skip, v.n % kWidth);
    }
    if (v.form == Form::c_blocked && v.channels % kWidth != 0) {
        const int64_t run = v.spatial * kWidth;
        int64_t block = begin / run % v.blocks, left = run - begin % run;
        for (int64_t i = 0; i < count; i += left, left = run) {
            if (block == v.blocks - 1) {
                keep_first(data + i, smaller(left, count - i), v.channels % kWidth);
            }
            if (++block == v.blocks) block = 0;
        }
    }
}

// --- Sums.

CNN_INLINE wide_half widen(const float *p) {
    return __builtin_convertvector(*reinterpret_cast<const half_vec *>(p), wide_half);
}

static double sum_of(const float *p, int64_t count) {
    wide_half low{}, high{}, low2{}, high2{};
    int64_t i = 0;
    for (; i + 2 * kWidth <= count; i += 2 * kWidth) {
        low += widen(p + i);
        high += widen(p + i + kWidth / 2);
        low2 += widen(p + i + kWidth);
        high2 += widen(p + i + kWidth + kWidth / 2);
    }
    for (; i < count; i += kWidth) {
        float last[kWidth];
        store(last, load_first(p + i, smaller(kWidth, count - i)));
        low += widen(last);
        high += widen(last + kWidth / 2);
    }
    const wide_half total = (low + low2) + (high + high2);
    double sum = 0;
    for (int lane = 0; lane < kWidth / 2; ++lane) sum += total[lane];
    return sum;
}

// sums[i] += lanes of the vectors, for the `lanes` first.
static void add_lanes(const float *p, int64_t count, double *sums, int64_t lanes) {
    wide_half low{}, high{};
    for (int64_t i = 0; i < count; i += kWidth) {
        low += widen(p + i);
        high += widen(p + i + kWidth / 2);
    }
    for (int64_t lane = 0; lane < smaller(lanes, kWidth); ++lane) {
        sums[lane] += lane < kWidth / 2 ? low[lane] : high[lane - kWidth / 2];
    }
}

// Where channels follow each other.
static void add_rows(const float *p, int64_t begin, int64_t count, double *sums, int64_t channels) {
    int64_t channel = begin % channels;
    for (int64_t i = 0; i < count;) {
        const int64_t length = smaller(channels - channel, count - i);
        for (int64_t j = 0; j < length; ++j) sums[channel + j] += static_cast<double>(p[i + j]);
        i += length;
        channel = 0;
    }
}

static void add_channels(const View &v, const float *p, int64_t begin, int64_t count,
                         double *sums) {
    if (v.form == Form::plain && v.spatial == 1) return add_rows(p, begin, count, sums, v.channels);
    const bool lanes = v.form == Form::c_blocked;
    const int64_t run = v.form == Form::plain ? v.spatial : v.spatial * kWidth;
    const int64_t period = lanes ? v.blocks : v.channels;
    int64_t index = begin / run % period, left = run - begin % run;
    for (int64_t i = 0; i < count; i += left, left = run) {
        const int64_t length = smaller(left, count - i);
        if (lanes) {
            add_lanes(p + i, length, sums + index * kWidth, v.channels - index * kWidth);
        } else {
            sums[index] += sum_of(p + i, length);
        }
        if (++index == period) index = 0;
    }
}

// --- The chunks.

struct Run {
    const Program &program;
    const View &view;
    const ProgramArguments &arguments;
    float *scratch;
    float **at;
    int64_t *stride;
};

static void begin_run(Run &run) {
    const Program &program = run.program;
    for (int32_t i = 0; i < program.place_count; ++i) {
        const Place &place = program.places[i];
        run.at[i] = run.scratch + place.offset;
        run.stride[i] = 0;
        switch (place.kind) {
            case PlaceKind::scalar:
                store(run.at[i], broadcast(run.arguments.operands[place.index][0]));
                break;
            case PlaceKind::slot:
                store(run.at[i], broadcast(static_cast<float>(run.arguments.scalars[place.index])));
                break;
            case PlaceKind::constant:
                store(run.at[i], broadcast(place.value));
                break;
            case PlaceKind::uniform:
                break;
            default:
                run.stride[i] = kWidth;
        }
    }
    for (int32_t i = 0; i < program.uniform_steps; ++i) {
        run_step(program.steps[i], run.at, run.stride, kWidth);
    }
}

static void spread(const Run &run, const Place &place, float *to, int64_t begin, int64_t count) {
    const float *const values = run.arguments.operands[place.index];
    if (place.kind == PlaceKind::channel)
        spread_channels(run.view, to, values, begin, count);
    else
        spread_samples(run.view, to, values, begin, count);
}

// Points element places at the view's floats from `begin` on; spreads broadcast ones.
static void begin_chunk(Run &run, int64_t begin, int64_t count) {
    for (int32_t i = 0; i < run.program.place_count; ++i) {
        const Place &place = run.program.places[i];
        if (place.kind == PlaceKind::element) {
            float *const data = run.arguments.operands[place.index] + begin;
            run.at[i] = data;
            // The next chunk comes while this one computes: streams are many, each in short runs.
            for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(data + count + i, 1);
        } else if (place.kind == PlaceKind::channel || place.kind == PlaceKind::sample) {
            spread(run, place, run.scratch + place.offset, begin, count);
        }
    }
}

// Adds a result's floats where it is summed.
static void add_result(const Run &run, int32_t result, const float *data, int64_t begin,
                       int64_t count) {
    double *const sums = run.arguments.accumulators;
    if (run.program.finish == Finish::channel_sum)
        add_channels(run.view, data, begin, count, sums + result * run.view.channels);
    else if (run.program.finish == Finish::sum)
        sums[result] += sum_of(data, count);
}

// Whole vectors.
static void run_chunks(const Program &program, const View &view,
                       const ProgramArguments &arguments) {
    alignas(64) float scratch[kScratchFloats];
    float *at[kMaxPlaces];
    int64_t stride[kMaxPlaces];
    Run run{program, view, arguments, scratch, at, stride};
    begin_run(run);
    for (int64_t begin = arguments.begin; begin < arguments.end; begin += program.chunk) {
        const int64_t count = smaller(program.chunk, arguments.end - begin);
        begin_chunk(run, begin, count);
        for (int32_t i = program.uniform_steps; i < program.step_count; ++i)
            run_step(program.steps[i], at, stride, count);
        for (int32_t r = 0; r < program.result_count; ++r) {
            float *const data = at[program.results[r]];
            clear_padding(view, data, begin, count);
            add_result(run, r, data, begin, count);
        }
    }
}

// --- One vector or a part of it: the last elements, or all that a tiny network has, for which
// the chunks' preparations would take longer than their steps.

// Fills a place of one vector, in order: a spread one may write over the next.
CNN_INLINE void fill_vector(const Run &run, const Place &place, float *own, int64_t begin,
                            int64_t count) {
    switch (place.kind) {
        case PlaceKind::element:
            return store(own, load_first(run.arguments.operands[place.index] + begin, count));
        case PlaceKind::scalar:
            return store(own, broadcast(run.arguments.operands[place.index][0]));
        case PlaceKind::slot:
            return store(own, broadcast(static_cast<float>(run.arguments.scalars[place.index])));
        case PlaceKind::constant:
            return store(own, broadcast(place.value));
        case PlaceKind::channel:
        case PlaceKind::sample:
            return spread(run, place, own, begin, count);
        case PlaceKind::uniform:
        case PlaceKind::temporary:
            return;
    }
}

// The commonest codes in place; the rest as for chunks.
CNN_INLINE void run_vector_step(const Step &step, float *const *at, const int64_t *stride) {
    const auto x = [&] { return load(at[step.a]); };
    const auto y = [&] { return load(at[step.b]); };
    const auto z = [&] { return load(at[step.c]); };
    const auto give = [&](vec v) { store(at[step.d], v); };
    switch (step.code) {
        case Code::copy:
            return give(x());
        case Code::add:
            return give(x() + y());
        case Code::sub:
            return give(x() - y());
        case Code::mul:
            return give(x() * y());
        case Code::select:
            return give(select(x() != zero(), y(), z()));
        case Code::multiply_add:
            return give(x() * y() + z());
        case Code::multiply_subtract:
            return give(x() * y() - z());
        case Code::subtract_product:
            return give(z() - x() * y());
        default:
            return run_step(step, at, stride, kWidth);
    }
}

static void run_vector(const Program &program, const View &view,
                       const ProgramArguments &arguments) {
    alignas(64) float vectors[(kMaxPlaces + 1) * kWidth];
    float *at[kMaxPlaces];
    static const int64_t stride[kMaxPlaces] = {};
    Run run{program, view, arguments, vectors, at, nullptr};
    const int64_t begin = arguments.begin, count = arguments.end - begin;
    for (int32_t i = 0; i < program.place_count; ++i) {
        at[i] = vectors + i * kWidth;
        fill_vector(run, program.places[i], at[i], begin, count);
    }
    for (int32_t i = 0; i < program.step_count; ++i) run_vector_step(program.steps[i], at, stride);
    for (int32_t r = 0; r < program.result_count; ++r) {
        float *const data = at[program.results[r]];
        if (count == kWidth) clear_padding(view, data, begin, count);
        add_result(run, r, data, begin, count);
        if (program.finish == Finish::write) {
            const Place &place = program.places[program.results[r]];
            store_first(arguments.operands[place.index] + begin, load(data), count);
        }
    }
}

static void run_program(const Program &program, const View &view,
                        const ProgramArguments &arguments) {
    const int64_t count = arguments.end - arguments.begin;
    ProgramArguments part = arguments;
    if (count > kWidth) {
        part.end = arguments.begin + count / kWidth * kWidth;
        run_chunks(program, view, part);
        part.begin = part.end;
        part.end = arguments.end;
    }
    if (part.begin < part.end) run_vector(program, view, part);
}

static const PointwiseKernels kPointwiseKernels = {run_program, clear_padding};

}  // namespace cnn::cpu::CNN_ISA
