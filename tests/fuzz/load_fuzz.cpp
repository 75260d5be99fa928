// Loads whatever bytes as a model and as a checkpoint; what loads is saved and loaded again.
//
// With libFuzzer:  clang++ -fsanitize=fuzzer,address -DCNN_LIBFUZZER ... load_fuzz.cpp -lcnn
//                  ./load_fuzz corpus/
// Without it:      load_fuzz SECONDS [FIRST-SEED [FILE...]]
// mutates the files, or tests/golden's, one reproducible mutation a seed, and tells the last seed.
// `load_fuzz 0 SEED [FILE...]` runs that seed alone.

#include <cnn/cnn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

void require(bool holds, const char *what, const cnn_error &error) {
    if (holds) return;
    std::fprintf(stderr, "load_fuzz: %s: %s\n", what, error.message);
    std::abort();
}

// A refusal is one that a file can be to blame for.
void check_refusal(cnn_status status, const cnn_error &error) {
    require(status == CNN_BAD_FILE || status == CNN_INCOMPATIBLE || status == CNN_NOT_FOUND ||
                status == CNN_OUT_OF_MEMORY,
            "a status that no file should give", error);
    require(error.status == status && error.message[0] != 0, "no message", error);
}

Bytes save(cnn_net *net, cnn_optimizer *optimizer) {
    cnn_error error{};
    size_t size = 0;
    const auto into = [&](void *data, size_t capacity) {
        return optimizer ? cnn_checkpoint_save_memory(net, optimizer, data, capacity, &size, &error)
                         : cnn_net_save_memory(net, data, capacity, &size, &error);
    };
    require(into(nullptr, 0) == CNN_LIMIT_EXCEEDED, "size", error);
    Bytes bytes(size);
    require(into(bytes.data(), bytes.size()) == CNN_OK, "what loaded doesn't save", error);
    return bytes;
}

void load_model(const Bytes &bytes) {
    cnn_error error{};
    cnn_net *net = nullptr;
    if (const cnn_status status = cnn_net_load_memory(bytes.data(), bytes.size(), &net, &error)) {
        check_refusal(status, error);
        return;
    }
    const Bytes once = save(net, nullptr);
    cnn_net_destroy(net);
    net = nullptr;
    require(cnn_net_load_memory(once.data(), once.size(), &net, &error) == CNN_OK,
            "what was saved doesn't load", error);
    require(save(net, nullptr) == once, "saved twice, it differs", error);
    cnn_net_destroy(net);
}

void load_checkpoint(const Bytes &bytes) {
    cnn_error error{};
    cnn_net *net = nullptr;
    cnn_optimizer *optimizer = nullptr;
    if (const cnn_status status =
            cnn_checkpoint_load_memory(bytes.data(), bytes.size(), &net, &optimizer, &error)) {
        check_refusal(status, error);
        return;
    }
    save(net, optimizer);
    cnn_net_destroy(net);
    cnn_optimizer_destroy(optimizer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const Bytes bytes(data, data + size);
    load_model(bytes);
    load_checkpoint(bytes);
    return 0;
}

#ifndef CNN_LIBFUZZER

namespace {

constexpr size_t kLengthBytes = 8;

class Mutator {
  public:
    explicit Mutator(uint64_t seed) : random_(seed) {}

    Bytes operator()(const std::vector<Bytes> &corpus) {
        Bytes bytes = corpus[below(corpus.size())];
        const size_t data = 8 + header_length(bytes);
        Bytes header(bytes.begin() + kLengthBytes, bytes.begin() + static_cast<ptrdiff_t>(data));
        const size_t changes = 1 + below(4);
        for (size_t i = 0; i < changes; ++i) change(header);
        if (below(8) == 0) header.resize(below(header.size() + 1));
        bytes.erase(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(data));
        if (below(8) == 0) bytes.resize(below(2 * bytes.size() + 1));
        Bytes out(kLengthBytes);
        // Mostly the right length, so that what is behind it is reached.
        uint64_t length = header.size();
        if (below(16) == 0) length ^= uint64_t{1} << below(64);
        for (size_t i = 0; i < kLengthBytes; ++i) out[i] = static_cast<uint8_t>(length >> (8 * i));
        out.insert(out.end(), header.begin(), header.end());
        out.insert(out.end(), bytes.begin(), bytes.end());
        return out;
    }

  private:
    static size_t header_length(const Bytes &bytes) {
        size_t length = 0;
        for (size_t i = 0; i < kLengthBytes; ++i) length |= size_t{bytes[i]} << (8 * i);
        return length;
    }
    size_t below(size_t n) { return n == 0 ? 0 : static_cast<size_t>(random_() % n); }

    void change(Bytes &header) {
        const size_t at = below(header.size());
        const auto place = header.begin() + static_cast<ptrdiff_t>(at);
        if (header.empty()) return;
        switch (below(5)) {
            case 0:
                *place ^= static_cast<uint8_t>(1u << below(8));
                break;
            case 1:
                header.erase(
                    place, place + static_cast<ptrdiff_t>(std::min(below(12), header.size() - at)));
                break;
            case 2: {  // a piece of it once more, elsewhere
                const size_t from = below(header.size());
                const Bytes piece(header.begin() + static_cast<ptrdiff_t>(from),
                                  header.begin() + static_cast<ptrdiff_t>(
                                                       std::min(header.size(), from + below(200))));
                header.insert(place, piece.begin(), piece.end());
                break;
            }
            case 3:
                replace_number(header, at);
                break;
            default: {
                static constexpr const char *kTokens[] = {"[",
                                                          "]",
                                                          "{",
                                                          "}",
                                                          ",",
                                                          ":",
                                                          "\"",
                                                          "\\\"",
                                                          "null",
                                                          "true",
                                                          "[0]",
                                                          "[0,0]",
                                                          "\\\"conv2d\\\"",
                                                          "\\\"dense\\\"",
                                                          "\\\"add\\\"",
                                                          "\\\"mse\\\"",
                                                          "\\u0000"};
                const std::string token = kTokens[below(std::size(kTokens))];
                header.insert(place, token.begin(), token.end());
            }
        }
    }

    // The next number after `at`, by one of those that are hard.
    void replace_number(Bytes &header, size_t at) {
        static constexpr const char *kNumbers[] = {"0",          "-1",
                                                   "1",          "2147483647",
                                                   "2147483648", "9223372036854775807",
                                                   "1e308",      "18446744073709551615",
                                                   "0.5",        "4294967296"};
        const auto digit = [&](size_t i) { return header[i] >= '0' && header[i] <= '9'; };
        while (at < header.size() && !digit(at)) ++at;
        size_t end = at;
        while (end < header.size() && digit(end)) ++end;
        const std::string number =
            below(2) ? kNumbers[below(std::size(kNumbers))] : std::to_string(below(20));
        header.erase(header.begin() + static_cast<ptrdiff_t>(at),
                     header.begin() + static_cast<ptrdiff_t>(end));
        header.insert(header.begin() + static_cast<ptrdiff_t>(at), number.begin(), number.end());
    }

    std::mt19937_64 random_;
};

// A model of what the golden files are too old for: tables of connections, settings that may lack.
Bytes newer_model() {
    const int32_t pairs[] = {1, 0, 0, 1, 2, 1};
    const int64_t sizes[] = {1, 2, 3, 1, 2, 2};
    cnn_connections table{};
    table.kind = CNN_CONNECT_CUSTOM;
    table.pairs = pairs;
    table.pair_count = 3;
    table.kernel_sizes = sizes;
    table.kernel_size_count = 3;
    cnn_net *net = cnn_net_create(nullptr);
    const int64_t shape[] = {3, 8, 8};
    cnn_conv2d conv{};
    conv.filters = 2;
    conv.exact = 1;
    conv.connections = &table;
    cnn_node n = cnn_net_conv2d(net, cnn_net_input(net, nullptr, 3, shape), &conv);
    cnn_connections random{};
    random.kind = CNN_CONNECT_RANDOM;
    random.fan_in = 1;
    random.shared_kernel = 1;
    cnn_weighted_subsample2d alphas{};
    alphas.factor[0] = 2;
    alphas.filters = 3;
    alphas.connections = &random;
    n = cnn_net_weighted_subsample2d(net, n, &alphas);
    cnn_subsample2d vanilla{};
    vanilla.factor[0] = 2;
    cnn_radial_basis radial{};
    radial.units = 4;
    n = cnn_net_radial_basis(net, cnn_net_subsample2d(net, n, &vanilla), &radial);
    cnn_error error{};
    require(n > 0, "the newer model isn't built", error);
    Bytes bytes = save(net, nullptr);
    cnn_net_destroy(net);
    return bytes;
}

std::vector<Bytes> read_corpus(int argc, char **argv) {
    std::vector<std::string> paths(argv + std::min(argc, 3), argv + argc);
    if (paths.empty())
        for (const char *name : {"model", "checkpoint"})
            paths.push_back(std::string(CNN_TEST_DIR "/golden/") + name + "-0.1.0.safetensors");
    std::vector<Bytes> corpus{newer_model()};
    for (const std::string &path : paths) {
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        if (corpus.back().size() < 8) {
            std::fprintf(stderr, "load_fuzz: %s can't be read\n", path.c_str());
            std::exit(2);
        }
    }
    return corpus;
}

}  // namespace

int main(int argc, char **argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
    const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    const std::vector<Bytes> corpus = read_corpus(argc, argv);
    const auto start = std::chrono::steady_clock::now();
    uint64_t seed = first;
    do {
        const Bytes bytes = Mutator(seed)(corpus);
        if (seconds == 0 || seed % 1000 == 0) {
            std::printf("load_fuzz: seed %llu\n", static_cast<unsigned long long>(seed));
            std::fflush(stdout);
        }
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        ++seed;
    } while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() <
             seconds);
    std::printf("load_fuzz: %llu mutations\n", static_cast<unsigned long long>(seed - first));
    return 0;
}

#endif
