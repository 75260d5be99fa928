// Tables of connections, and the sparse sums that spread their kernels over dense weights.
#include "layers/connections.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/philox.h"
#include "base/text.h"

namespace cnn {

namespace {

// What sparse tables count with.
constexpr int64_t kMostWeights = std::numeric_limits<int32_t>::max();

}  // namespace

Connections::Connections(const Settings &settings, int64_t channels, int64_t filters,
                         std::array<int64_t, 2> kernel)
    : channels_(channels), filters_(filters), kernel_(kernel) {
    check_kind(settings);
    if (kind_ == ConnectionKind::custom) check_pairs();
    check_sizes(settings);
    find_groups();
    const Shape shape = dense();
    if (checked_elements(shape) > kMostWeights)
        fail(Status::shape_mismatch,
             text("the connections span weights of ", to_text(shape), ", at most ", kMostWeights));
}

void Connections::check_kind(const Settings &settings) {
    const int64_t kind = settings.integer("connections");
    if (kind < 0 || kind > static_cast<int64_t>(ConnectionKind::custom))
        fail(Status::invalid_argument,
             text("connections' kind is ", kind, ", which is none of cnn_connection_kind"));
    kind_ = static_cast<ConnectionKind>(kind);
    shared_ = settings.integer_or("shared_kernel", 0) != 0;
    by_map_ = settings.integer_or("kernel_sizes_by_map", 0) != 0;
    seed_ = static_cast<uint64_t>(settings.integer_or("connection_seed", 0));
    if (kind_ == ConnectionKind::custom) pairs_ = &settings.list("connection_pairs");
    if (settings.has("kernel_sizes")) sizes_ = &settings.list("kernel_sizes");
    per_map_ = kind_ == ConnectionKind::single   ? 1
               : kind_ == ConnectionKind::random ? settings.integer("connection_fan_in")
                                                 : channels_;
    if (kind_ == ConnectionKind::single && filters_ != channels_)
        fail(Status::shape_mismatch,
             text("connections are CNN_CONNECT_SINGLE, map to map, but the input has ", channels_,
                  " channels and there are ", filters_, " filters"));
    if (per_map_ < 1 || per_map_ > channels_)
        fail(Status::out_of_range, text("connections' fan_in is ", per_map_,
                                        ", but must be 1 to the ", channels_, " input channels"));
}

void Connections::check_pairs() {
    const std::vector<int64_t> &pairs = *pairs_;
    if (pairs.empty() || pairs.size() % 2 != 0)
        fail(Status::invalid_argument, "connections are CNN_CONNECT_CUSTOM, but have no pairs");
    std::vector<std::pair<int64_t, int64_t>> sorted;
    for (size_t i = 0; i < pairs.size(); i += 2) {
        const int64_t input = pairs[i], output = pairs[i + 1];
        if (input < 0 || input >= channels_ || output < 0 || output >= filters_)
            fail(Status::out_of_range,
                 text("connection ", i / 2, " is (", input, ", ", output, "), but the input has ",
                      channels_, " channels and there are ", filters_, " filters"));
        sorted.emplace_back(output, input);
    }
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end())
        fail(Status::invalid_argument,
             text("the connection (", twice->second, ", ", twice->first, ") is there twice"));
    int64_t next = 0;
    for (const auto &[output, input] : sorted) {
        if (output > next) break;
        next = output + 1;
    }
    if (next < filters_)
        fail(Status::invalid_argument, text("filter ", next, " has no connection"));
}

void Connections::check_sizes(const Settings &settings) {
    if (!settings.has("kernel_sizes")) return;
    const std::vector<int64_t> &sizes = *sizes_;
    const int64_t wanted = by_map_ ? filters_ : kernels();
    if (static_cast<int64_t>(sizes.size()) != 2 * wanted)
        fail(Status::shape_mismatch,
             text("kernel_sizes has ", sizes.size() / 2, " sizes, but there are ", wanted,
                  by_map_ ? " filters" : " kernels"));
    std::array<int64_t, 2> most{};
    for (size_t i = 0; i < sizes.size(); ++i) {
        check_size(text("kernel_sizes' entry ", i / 2, i % 2 == 0 ? " height" : " width"), sizes[i],
                   1);
        most[i % 2] = std::max(most[i % 2], sizes[i]);
    }
    if (most != kernel_)
        fail(Status::invalid_argument,
             text("kernel is ", kernel_[0], " x ", kernel_[1], ", but the largest of kernel_sizes ",
                  most[0], " x ", most[1]));
    // A table of equal sizes says nothing.
    bool equal = true;
    for (size_t i = 0; i < sizes.size(); ++i) equal = equal && sizes[i] == kernel_[i % 2];
    if (equal) sizes_ = &none_;
}

void Connections::find_groups() {
    groups_ = kind_ == ConnectionKind::single ? channels_ : 1;
    if (kind_ != ConnectionKind::custom) return;
    const int64_t most = std::gcd(channels_, filters_);
    const auto crosses = [&](int64_t groups) {
        const int64_t in = channels_ / groups, out = filters_ / groups;
        for (size_t i = 0; i < pairs_->size(); i += 2)
            if ((*pairs_)[i] / in != (*pairs_)[i + 1] / out) return true;
        return false;
    };
    // Divisors in pairs, so that even a long table is passed a few times only.
    for (int64_t d = 1; d * d <= most; ++d) {
        if (most % d != 0) continue;
        for (int64_t groups : {d, most / d})
            if (groups > groups_ && !crosses(groups)) groups_ = groups;
    }
}

int64_t Connections::output_of(int64_t connection) const {
    if (kind_ == ConnectionKind::custom) return (*pairs_)[static_cast<size_t>(2 * connection + 1)];
    return connection / per_map_;
}

int64_t Connections::connections() const {
    if (kind_ == ConnectionKind::custom) return static_cast<int64_t>(pairs_->size() / 2);
    return checked_elements({filters_, per_map_});
}

std::array<int64_t, 2> Connections::size(int64_t connection, int64_t output) const {
    if (sizes_->empty()) return kernel_;
    const auto i = static_cast<size_t>(2 * (shared_ || by_map_ ? output : connection));
    return {(*sizes_)[i], (*sizes_)[i + 1]};
}

int64_t Connections::taps(int64_t connection, int64_t output) const {
    const std::array<int64_t, 2> s = size(connection, output);
    return s[0] * s[1];
}

// Inputs of an element of each output map, where that differs from map to map.
std::vector<int64_t> Connections::taps_by_map() const {
    std::vector<int64_t> sums(static_cast<size_t>(filters_), 0);
    const bool alike = kind_ != ConnectionKind::custom && (shared_ || by_map_);
    for (int64_t j = 0; alike && j < filters_; ++j)
        sums[static_cast<size_t>(j)] = per_map_ * taps(0, j);
    for (int64_t k = 0; !alike && k < connections(); ++k)
        sums[static_cast<size_t>(output_of(k))] += taps(k, output_of(k));
    return sums;
}

Shape Connections::weight() const {
    if (sizes_->empty()) return {kernels(), kernel_[0], kernel_[1]};
    int64_t total = 0;
    if (shared_)
        for (int64_t j = 0; j < filters_; ++j) total += taps(0, j);
    else
        for (int64_t sum : taps_by_map()) total += sum;
    return {total};
}

Initializer Connections::initializer(Initializer like, int64_t taps) const {
    const auto set = [&](Initializer &to, double in, double total) {
        to.fan_in = static_cast<int64_t>(in) * taps;
        const double mean = total / static_cast<double>(channels_);
        to.fan_out = std::max<int64_t>(1, static_cast<int64_t>(std::llround(mean)));
    };
    const bool custom = kind_ == ConnectionKind::custom;
    if (!custom && sizes_->empty()) {
        const double in = static_cast<double>(per_map_ * kernel_[0] * kernel_[1]);
        set(like, in, in * static_cast<double>(filters_));
        return like;
    }
    const std::vector<int64_t> sums = taps_by_map();
    double total = 0;
    for (int64_t sum : sums) total += static_cast<double>(sum);
    const auto add = [&](int64_t elements, int64_t output) {
        set(like, static_cast<double>(sums[static_cast<size_t>(output)]), total);
        like.parts.push_back({elements, like.fan_in, like.fan_out});
    };
    if (shared_)
        for (int64_t j = 0; j < filters_; ++j) add(this->taps(0, j), j);
    else if (custom)
        for (int64_t k = 0; k < connections(); ++k) add(this->taps(k, output_of(k)), output_of(k));
    else
        for (int64_t j = 0; j < filters_; ++j) add(sums[static_cast<size_t>(j)], j);
    return like;
}

std::vector<Connections::Pair> Connections::pairs() const {
    std::vector<Pair> all;
    if (kind_ == ConnectionKind::custom) {
        for (size_t i = 0; i < pairs_->size(); i += 2)
            all.push_back({(*pairs_)[i], (*pairs_)[i + 1]});
        return all;
    }
    std::vector<int64_t> inputs(static_cast<size_t>(channels_));
    for (int64_t j = 0; j < filters_; ++j) {
        if (kind_ == ConnectionKind::single) {
            all.push_back({j, j});
            continue;
        }
        if (kind_ == ConnectionKind::random)
            RandomStream(seed_, static_cast<uint64_t>(j)).permutation(inputs);
        else
            std::iota(inputs.begin(), inputs.end(), 0);
        std::sort(inputs.begin(), inputs.begin() + per_map_);
        for (int64_t k = 0; k < per_map_; ++k) all.push_back({inputs[static_cast<size_t>(k)], j});
    }
    return all;
}

Shape Connections::dense() const {
    return {filters_, channels_ / groups_, kernel_[0], kernel_[1]};
}

// Where the kernel of each connection begins among the compact weights.
std::vector<int64_t> Connections::kernel_offsets(const std::vector<Pair> &pairs) const {
    std::vector<int64_t> offsets;
    int64_t next = 0;
    if (!shared_) {
        for (size_t k = 0; k < pairs.size(); ++k) {
            offsets.push_back(next);
            next += taps(static_cast<int64_t>(k), pairs[k].output);
        }
        return offsets;
    }
    std::vector<int64_t> of_map;
    for (int64_t j = 0; j < filters_; ++j) {
        of_map.push_back(next);
        next += taps(0, j);
    }
    for (const Pair &pair : pairs) offsets.push_back(of_map[static_cast<size_t>(pair.output)]);
    return offsets;
}

std::shared_ptr<const SparseTable> Connections::table() const {
    const std::vector<Pair> all = pairs();
    const std::vector<int64_t> offsets = kernel_offsets(all);
    const int64_t per_group = channels_ / groups_;
    std::vector<int32_t> source(static_cast<size_t>(dense().elements()), -1);
    for (size_t k = 0; k < all.size(); ++k) {
        const std::array<int64_t, 2> s = size(static_cast<int64_t>(k), all[k].output);
        const int64_t map = all[k].output * per_group + all[k].input % per_group;
        for (int64_t y = 0; y < s[0]; ++y)
            for (int64_t x = 0; x < s[1]; ++x)
                source[static_cast<size_t>((map * kernel_[0] + y) * kernel_[1] + x)] =
                    static_cast<int32_t>(offsets[k] + y * s[1] + x);
    }
    SparseTable table;
    table.column_count = static_cast<int32_t>(weight().elements());
    bool identity = table.column_count == static_cast<int64_t>(source.size());
    table.starts.reserve(source.size() + 1);
    for (size_t row = 0; row < source.size(); ++row) {
        identity = identity && source[row] == static_cast<int32_t>(row);
        if (source[row] >= 0) table.columns.push_back(source[row]);
        table.starts.push_back(static_cast<int32_t>(table.columns.size()));
    }
    if (identity) return nullptr;
    return std::make_shared<const SparseTable>(std::move(table));
}

TensorId emit_dense_weights(Emitter &emitter, const Connections &connections, TensorId compact) {
    Tensor dense;
    dense.shape = connections.dense();
    const TensorId weights = emitter.temporary(dense);
    if (auto table = connections.table())
        emitter.emit(OpKind::gather, {compact}, {weights}, GatherAttributes{std::move(table)});
    else
        emitter.emit(OpKind::reshape, {compact}, {weights});
    return weights;
}

void emit_compact_gradient(Emitter &emitter, const Connections &connections, TensorId dense,
                           TensorId compact) {
    if (const auto table = connections.table())
        emitter.emit(OpKind::gather, {dense}, {compact},
                     GatherAttributes{std::make_shared<const SparseTable>(table->transposed())});
    else
        emitter.emit(OpKind::reshape, {dense}, {compact});
}

}  // namespace cnn
