// Tests of src/base: random numbers, memory, threads, files, text and the processor's description.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}
#undef fail  // cmocka's macro would hide cnn::fail

#include <dirent.h>
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cfenv>
#include <clocale>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "base/alloc.h"
#include "base/cpu_info.h"
#include "base/error.h"
#include "base/file.h"
#include "base/fpenv.h"
#include "base/log.h"
#include "base/philox.h"
#include "base/placement.h"
#include "base/text.h"
#include "base/thread_pool.h"

namespace {

using cnn::Status;

// The error that `body` throws; fails the test if it throws none.
template <class Body>
cnn::Error error_of(Body body) {
    try {
        body();
    } catch (const cnn::Error &error) {
        return error;
    }
    _fail(__FILE__, __LINE__);  // it threw none
    return {Status::ok, -1, ""};
}

bool contains(const std::string &text, const char *part) {
    return text.find(part) != std::string::npos;
}

// --- philox ---------------------------------------------------------------------------------

using Words = std::array<uint32_t, 4>;

// The known answers published with Random123 for philox4x32-10.
static_assert(cnn::philox(0, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(cnn::philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}) ==
              Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(cnn::philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e) ==
              Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

void philox_gives_the_known_answers(void **) {
    volatile uint64_t zero = 0;  // the same at run time
    assert_true(
        (cnn::philox(zero, zero, zero) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

void draws_are_indexed(void **) {
    const cnn::RandomStream stream(7, 3);
    for (uint64_t i = 0; i < 40; ++i) assert_int_equal(stream.at(i), stream.block(i / 4)[i % 4]);
    assert_int_not_equal(stream.at(0), cnn::RandomStream(7, 4).at(0));
    assert_int_not_equal(stream.at(0), cnn::RandomStream(8, 3).at(0));
    assert_true(cnn::uniform01(0) == 0.0f);
    assert_true(cnn::uniform01(0xffffffffu) < 1.0f);
}

void distributions_have_their_moments(void **) {
    constexpr int kCount = 100000;
    const cnn::RandomStream stream(11, 0);
    double sum_u = 0, sum_n = 0, sum_n2 = 0, sum_n4 = 0, lag = 0, previous = 0;
    for (uint64_t i = 0; i < kCount; ++i) {
        const double n = stream.normal(i);
        assert_true(std::isfinite(n));
        sum_u += static_cast<double>(stream.uniform(i));
        sum_n += n;
        sum_n2 += n * n;
        sum_n4 += n * n * n * n;
        lag += n * previous;
        previous = n;
    }
    // Five standard deviations each.
    const double root = std::sqrt(static_cast<double>(kCount));
    assert_true(std::fabs(sum_u / kCount - 0.5) < 5 * 0.289 / root);
    assert_true(std::fabs(sum_n / kCount) < 5 / root);
    assert_true(std::fabs(sum_n2 / kCount - 1) < 5 * 1.415 / root);
    assert_true(std::fabs(sum_n4 / kCount - 3) < 5 * 9.8 / root);
    assert_true(std::fabs(lag / kCount) < 5 / root);
}

void permutation_is_one(void **) {
    for (size_t n : {0u, 1u, 2u, 3u, 10u, 1000u}) {
        std::vector<int64_t> order(n), again(n);
        std::vector<int> seen(n);
        cnn::RandomStream(1, n).permutation(order);
        cnn::RandomStream(1, n).permutation(again);
        assert_true(order == again);
        for (int64_t i : order) ++seen.at(static_cast<size_t>(i));
        for (int count : seen) assert_int_equal(count, 1);
    }
}

void permutations_are_equally_likely(void **) {
    constexpr int kCount = 60000;
    std::array<int, 27> counts{};
    for (uint64_t stream = 0; stream < kCount; ++stream) {
        std::array<int64_t, 3> p{};
        cnn::RandomStream(5, stream).permutation(p);
        ++counts[static_cast<size_t>(p[0] * 9 + p[1] * 3 + p[2])];
    }
    double chi_squared = 0;
    for (int count : counts) {
        if (count != 0) chi_squared += std::pow(count - kCount / 6.0, 2) / (kCount / 6.0);
    }
    assert_true(chi_squared < 25.7);  // 5 degrees of freedom, p = 0.0001
}

// --- memory ---------------------------------------------------------------------------------

void memory_is_counted_and_limited(void **) {
    const auto allocator = std::make_shared<cnn::Allocator>(cnn::AllocatorHooks{}, 1000);
    cnn::Memory a(allocator, 600);
    assert_int_equal(reinterpret_cast<uintptr_t>(a.data()) % 64, 0);
    std::memset(a.data(), 1, a.size());
    const cnn::Error error = error_of([&] { cnn::Memory b(allocator, 401); });
    assert_int_equal(error.status, Status::limit_exceeded);
    assert_true(contains(error.message, "401") && contains(error.message, "600") &&
                contains(error.message, "1000"));
    assert_int_equal(error_of([&] { allocator->reserve(SIZE_MAX); }).status,
                     Status::limit_exceeded);
    {
        cnn::Memory b(allocator, 400);
        assert_int_equal(allocator->in_use(), 1000);
        cnn::Memory c = std::move(b);
        assert_null(b.data());
        assert_int_equal(c.size(), 400);
    }
    assert_int_equal(allocator->in_use(), 600);
    a = cnn::Memory();
    assert_int_equal(allocator->in_use(), 0);
    assert_int_equal(allocator->peak(), 1000);
    assert_null(cnn::Memory(allocator, 0).data());
    const cnn::Memory page(allocator, 1, 4096);
    assert_int_equal(reinterpret_cast<uintptr_t>(page.data()) % 4096, 0);
}

void limit_holds_across_threads(void **) {
    const auto allocator = std::make_shared<cnn::Allocator>(cnn::AllocatorHooks{}, 1000);
    const auto contend = [&] {
        for (int i = 0; i < 2000; ++i) {
            try {
                cnn::Memory block(allocator, 300);
                if (allocator->in_use() > 1000) std::abort();
            } catch (const cnn::Error &) {
            }
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(contend);
    for (std::thread &thread : threads) thread.join();
    assert_int_equal(allocator->in_use(), 0);
    assert_true(allocator->peak() <= 900);
}

struct Host {
    int live = 0;
    size_t offset = 0;
    bool empty = false;
    alignas(64) char bytes[1024];
};

void host_allocator_serves(void **) {
    Host host;
    const cnn::AllocatorHooks hooks{
        &host,
        [](void *user, size_t, size_t) -> void * {
            Host *h = static_cast<Host *>(user);
            if (h->empty) return nullptr;
            ++h->live;
            return h->bytes + h->offset;
        },
        [](void *user, void *, size_t, size_t) { --static_cast<Host *>(user)->live; }};
    const auto allocator = std::make_shared<cnn::Allocator>(hooks);
    assert_string_equal(allocator->kind(), "host");
    {
        const cnn::Memory block(allocator, 100);
        assert_ptr_equal(block.data(), host.bytes);
    }
    host.offset = 8;
    assert_int_equal(error_of([&] { cnn::Memory(allocator, 100); }).status,
                     Status::invalid_argument);
    host.empty = true;
    bool refused = false;
    try {
        cnn::Memory(allocator, 100);
    } catch (const cnn::Error &error) {
        refused = error.status == cnn::Status::out_of_memory;
    }
    assert_true(refused);
    assert_int_equal(host.live, 0);
    assert_int_equal(allocator->in_use(), 0);
    assert_int_equal(error_of([&] {
                         cnn::Allocator half({nullptr, hooks.alloc, nullptr});
                     }).status,
                     Status::invalid_argument);
}

void process_keeps_its_malloc(void **) {
    void *const before = dlsym(RTLD_DEFAULT, "malloc");
    void *const before_new = dlsym(RTLD_DEFAULT, "_Znwm");
    const auto allocator = std::make_shared<cnn::Allocator>();
    const cnn::Memory block(allocator, 100);
    assert_ptr_equal(dlsym(RTLD_DEFAULT, "malloc"), before);
    assert_ptr_equal(dlsym(RTLD_DEFAULT, "_Znwm"), before_new);
}

// A thread that allocated may end after the allocator: what serves it must still be there.
void threads_outlive_the_allocator(void **) {
    auto allocator = std::make_shared<cnn::Allocator>();
    std::atomic<int> stage{0};
    std::thread thread([&] {
        { const cnn::Memory block(allocator, 100); }
        stage = 1;
        while (stage != 2) std::this_thread::yield();
    });
    while (stage != 1) std::this_thread::yield();
    allocator.reset();
    stage = 2;
    thread.join();
}

// Whether the arithmetic that compiled code does rounds to nearest; std::fegetround asks the x87.
bool rounds_to_nearest() {
    volatile double one = 1.0, little = 0x1p-60;
    return one + little == 1.0 && one - little == 1.0;
}

// --- threads --------------------------------------------------------------------------------

// Runs jobs of many sizes and checks that each part ran once.
bool covers_all_parts(cnn::ThreadPool &pool, int rounds) {
    std::vector<std::atomic<int>> counts(97);
    for (int round = 0; round < rounds; ++round) {
        const int64_t parts = round % static_cast<int>(counts.size() + 1);
        for (auto &count : counts) count.store(0, std::memory_order_relaxed);
        pool.parallel_for(parts, [&](int64_t part) {
            counts[static_cast<size_t>(part)].fetch_add(1, std::memory_order_relaxed);
        });
        for (size_t i = 0; i < counts.size(); ++i) {
            const int expected = static_cast<int64_t>(i) < parts ? 1 : 0;
            if (counts[i].load(std::memory_order_relaxed) != expected) return false;
        }
    }
    return true;
}

void pool_covers_all_parts(void **) {
    for (int threads : {1, 2, 3, 8}) {
        cnn::ThreadPool pool(threads);
        assert_int_equal(pool.threads(), threads);
        assert_true(covers_all_parts(pool, 2000));
    }
    assert_int_equal(error_of([] { cnn::ThreadPool pool(0); }).status, Status::invalid_argument);
}

// Of the calling thread.
std::vector<int> allowed_processors() {
    std::vector<int> found;
#if defined(__linux__)
    cpu_set_t set[16];
    if (sched_getaffinity(0, sizeof set, set) != 0) return found;
    for (int i = 0; i < static_cast<int>(8 * sizeof set); ++i)
        if (CPU_ISSET_S(static_cast<size_t>(i), sizeof set, set)) found.push_back(i);
#endif
    return found;
}

void threads_leave_processors(void **) {
    const std::vector<int> allowed = allowed_processors();
    if (allowed.empty()) skip();  // the system has no such thing
    for (int taken : allowed) {
        const bool moved = cnn::leave_processors([taken](int other) { return other == taken; });
        assert_int_equal(moved, allowed.size() > 1);
        assert_true(allowed_processors() == allowed);
    }
    assert_false(cnn::leave_processors([](int) { return true; }));
    assert_true(allowed_processors() == allowed);
}

void pool_serves_several_hosts(void **) {
    cnn::ThreadPool pool(3);
    std::atomic<bool> good{true};
    std::vector<std::thread> hosts;
    for (int i = 0; i < 4; ++i) {
        hosts.emplace_back([&] {
            if (!covers_all_parts(pool, 1000)) good = false;
        });
    }
    for (std::thread &host : hosts) host.join();
    assert_true(good);
}

void pool_writes_are_seen(void **) {
    cnn::ThreadPool pool(3);
    std::vector<int64_t> values(1000);  // plain memory: ordering comes from the pool alone
    for (int64_t round = 0; round < 200; ++round) {
        pool.parallel_for(10, [&](int64_t part) {
            for (int64_t i = part * 100; i < (part + 1) * 100; ++i) {
                values[static_cast<size_t>(i)] += i;
            }
        });
    }
    for (size_t i = 0; i < values.size(); ++i) assert_int_equal(values[i], 200 * i);
}

void pool_nests(void **) {
    cnn::ThreadPool pool(3);
    std::atomic<int> count{0};
    pool.parallel_for(8, [&](int64_t) { pool.parallel_for(8, [&](int64_t) { ++count; }); });
    assert_int_equal(count, 64);
}

// Workers sleep between these jobs, so that waking them is tested too.
void pool_wakes(void **) {
    cnn::ThreadPool pool(3);
    for (int i = 0; i < 50; ++i) {
        std::atomic<int> count{0};
        pool.parallel_for(6, [&](int64_t) {
            usleep(300);  // longer than the caller spins
            ++count;
        });
        assert_int_equal(count, 6);
        usleep(200);
    }
}

void pool_threads_have_a_clean_state(void **) {
    const int rounding = std::fegetround();
    assert_int_equal(std::fesetround(FE_UPWARD), 0);
    cnn::ThreadPool pool(4);
    const std::thread::id caller = std::this_thread::get_id();
    std::atomic<bool> good{true};
    std::atomic<int> on_workers{0};
    pool.parallel_for(200, [&](int64_t) {
        if (std::this_thread::get_id() == caller) {
            // However late a worker comes.
            for (int wait = 0; wait < 10000 && on_workers == 0; ++wait) usleep(1000);
            return;
        }
        ++on_workers;
        sigset_t blocked;
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        if (sigismember(&blocked, SIGINT) != 1 || sigismember(&blocked, SIGSEGV) != 0 ||
            sigismember(&blocked, SIGRTMIN) != 0 || sigismember(&blocked, SIGXCPU) != 0 ||
            !rounds_to_nearest()) {
            good = false;
        }
    });
    std::fesetround(rounding);
    assert_true(on_workers > 0);
    assert_true(good);
    sigset_t mine;
    pthread_sigmask(SIG_SETMASK, nullptr, &mine);
    assert_int_equal(sigismember(&mine, SIGINT), 0);
}

// A host that waits for a signal by sigwait blocks it everywhere, before it uses the library.
void pool_threads_block_what_their_caller_does(void **) {
    sigset_t waited_for, before;
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGRTMIN);
    sigaddset(&waited_for, SIGURG);
    pthread_sigmask(SIG_BLOCK, &waited_for, &before);
    cnn::ThreadPool pool(2);
    std::atomic<bool> good{true};
    pool.parallel_for(50, [&](int64_t) {
        usleep(50);
        sigset_t blocked;
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        if (sigismember(&blocked, SIGRTMIN) != 1 || sigismember(&blocked, SIGURG) != 1)
            good = false;
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    assert_true(good);
}

// The child's status: 0 is success. An alarm ends a child that hangs.
template <class Body>
int in_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(100);
        _exit(body() ? 0 : 1);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

void pool_survives_fork(void **) {
    auto pool = std::make_unique<cnn::ThreadPool>(3);
    auto unused = std::make_unique<cnn::ThreadPool>(1);
    assert_true(covers_all_parts(*pool, 50));
    usleep(1000);  // workers asleep
    const int status = in_child([&] {
        const bool good = covers_all_parts(*pool, 200);
        pool.reset();
        unused.reset();
        return good;
    });
    assert_int_equal(status, 0);
    assert_true(covers_all_parts(*pool, 50));
}

// --- floating-point environment ---------------------------------------------------------------

void float_environment_comes_back(void **) {
    const int rounding = std::fegetround();
    std::fesetround(FE_DOWNWARD);
    std::feclearexcept(FE_ALL_EXCEPT);
    {
        const cnn::DefaultFloatEnvironment environment;
        assert_true(rounds_to_nearest());
        volatile double tenth = 1.0;
        tenth = tenth / 10.0;  // inexact
    }
    const int after = std::fegetround();
    std::fesetround(rounding);
    assert_int_equal(after, FE_DOWNWARD);
#if defined(__SSE__)
    assert_int_equal(std::fetestexcept(FE_INEXACT), 0);
    const unsigned saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040);  // flush to zero, denormals are zero
    volatile float small = std::numeric_limits<float>::min();
    volatile float half = 0;  // computed within the scope
    {
        const cnn::DefaultFloatEnvironment environment;
        half = small * 0.5f;
    }
    const unsigned mine = _mm_getcsr();
    _mm_setcsr(saved);
    assert_true(half > 0);
    assert_int_equal(mine & 0x8040, 0x8040);
#endif
}

// --- files ------------------------------------------------------------------------------------

struct Directory {
    std::string path;
    Directory() {
        char name[] = "/tmp/cnn-base-test-XXXXXX";
        assert_non_null(mkdtemp(name));
        path = name;
    }
    ~Directory() {
        for (const std::string &name : names()) unlink((path + "/" + name).c_str());
        rmdir(path.c_str());
    }
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        DIR *const dir = opendir(path.c_str());
        while (const dirent *entry = readdir(dir)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") found.push_back(name);
        }
        closedir(dir);
        return found;
    }
};

std::vector<uint8_t> bytes_of(const std::string &s) {
    return {s.begin(), s.end()};
}

void files_are_replaced_whole(void **) {
    const Directory directory;
    const std::string path = directory.path + "/" + std::string(255, 'n');  // the longest name
    cnn::write_file_atomic(path, bytes_of("first"));
    assert_true(cnn::read_file(path) == bytes_of("first"));
    assert_int_equal(chmod(path.c_str(), 0640), 0);

    {
        cnn::AtomicFile abandoned(path);
        abandoned.write(bytes_of("half"));
        assert_int_equal(directory.names().size(), 2);
    }
    assert_true(cnn::read_file(path) == bytes_of("first"));
    assert_int_equal(directory.names().size(), 1);

    const std::vector<uint8_t> large(3000000, 9);
    cnn::write_file_atomic(path, large);
    assert_true(cnn::read_file(path) == large);
    struct stat info;
    assert_int_equal(stat(path.c_str(), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(directory.names().size(), 1);

    assert_int_equal(error_of([&] { cnn::read_file(path, 2999999); }).status,
                     Status::limit_exceeded);
    assert_int_equal(cnn::read_file(path, 3000000).size(), 3000000);
    cnn::write_file_atomic(path, {});
    assert_true(cnn::read_file(path).empty());
}

// A regular file is read in place; a pipe, which doesn't tell its length, at once.
void files_are_read_piece_by_piece(void **) {
    const Directory directory;
    const std::string path = directory.path + "/file", pipe = directory.path + "/pipe";
    cnn::write_file_atomic(path, bytes_of("header, data"));
    assert_int_equal(mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] {
        std::FILE *file = std::fopen(pipe.c_str(), "w");
        if (file == nullptr) return;
        std::fputs("header, data", file);
        std::fclose(file);
    });
    for (const std::string &from : {path, pipe}) {
        cnn::FileSource source(from);
        assert_int_equal(source.left(), 12);
        std::vector<uint8_t> header(8), data(4);
        source.read(header);
        assert_int_equal(source.left(), 4);
        source.read(data);
        assert_int_equal(source.left(), 0);
        assert_true(header == bytes_of("header, ") && data == bytes_of("data"));
    }
    writer.join();

    cnn::FileSource cut(path);
    assert_int_equal(truncate(path.c_str(), 5), 0);
    std::vector<uint8_t> all(12);
    const cnn::Error error = error_of([&] { cut.read(all); });
    assert_int_equal(error.status, Status::io_error);
    assert_true(contains(error.message, "7 bytes are missing"));
}

void file_links_are_followed(void **) {
    const Directory directory;
    const std::string target = directory.path + "/target", link = directory.path + "/link";
    cnn::write_file_atomic(target, bytes_of("old"));
    assert_int_equal(symlink("target", link.c_str()), 0);
    cnn::write_file_atomic(link, bytes_of("new"));
    assert_true(cnn::read_file(target) == bytes_of("new"));
    struct stat info;
    assert_int_equal(lstat(link.c_str(), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
}

void file_errors_name_the_path(void **) {
    const Directory directory;
    const std::string missing = directory.path + "/missing/file";
    for (const cnn::Error &error :
         {error_of([&] { cnn::read_file(missing); }),
          error_of([&] { cnn::FileSource source(missing); }),
          error_of([&] { cnn::FileSource source(directory.path); }),
          error_of([&] { cnn::write_file_atomic(missing, bytes_of("x")); }),
          error_of([&] { cnn::read_file(directory.path); }),
          error_of([&] { cnn::write_file_atomic(directory.path, bytes_of("x")); })}) {
        assert_int_equal(error.status, Status::io_error);
        assert_true(contains(error.message, directory.path.c_str()));
    }
    assert_true(
        contains(error_of([&] { cnn::read_file(missing); }).message, "No such file or directory"));
    // A device must not be replaced by a file.
    assert_int_equal(error_of([] { cnn::write_file_atomic("/dev/null", {}); }).status,
                     Status::io_error);
    const std::string zero("a\0b", 3);
    assert_int_equal(error_of([&] { cnn::read_file(zero); }).status, Status::invalid_argument);
    assert_int_equal(directory.names().size(), 0);
}

// --- text, errors, log, processor ---------------------------------------------------------------

void text_joins_its_pieces(void **) {
    const std::string word = "word";
    assert_string_equal(
        cnn::text(word, ' ', std::string_view("view"), " ", -3, ' ', 7u, ' ', true).c_str(),
        "word view -3 7 true");
    assert_string_equal(cnn::text(0.1f, ' ', 0.1, ' ', 1e300, ' ', -0.0).c_str(),
                        "0.1 0.1 1e+300 -0");
    assert_string_equal(cnn::text(INT64_MIN, ' ', UINT64_MAX).c_str(),
                        "-9223372036854775808 18446744073709551615");
    assert_string_equal(cnn::text(Status::io_error).c_str(), "9");
    const std::array<int64_t, 3> shape{1, 28, 28};
    assert_string_equal(cnn::shape_text(shape).c_str(), "[1, 28, 28]");
    assert_string_equal(cnn::shape_text({}).c_str(), "[]");
}

void text_ignores_the_locale(void **) {
    const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    bool found = false;
    for (const char *name : names) found = found || std::setlocale(LC_ALL, name) != nullptr;
    const bool good = cnn::text(1234567.5) == "1234567.5" && cnn::parse_double("1.5") == 1.5;
    std::setlocale(LC_ALL, "C");
    assert_true(good);
    if (!found) print_message("no locale with a decimal comma is installed: not tried\n");
}

void numbers_are_parsed_whole(void **) {
    assert_true(cnn::parse_int("-12") == -12);
    assert_true(cnn::parse_int("9223372036854775807") == INT64_MAX);
    for (const char *bad : {"", " 1", "1 ", "+1", "1.0", "x", "9223372036854775808"}) {
        assert_false(cnn::parse_int(bad).has_value());
    }
    assert_true(cnn::parse_double("1e-3") == 1e-3);
    for (const char *bad : {"", " 1", "1,5", "0x10", "1e999", "1.5f"}) {
        assert_false(cnn::parse_double(bad).has_value());
    }
}

void utf8_is_checked(void **) {
    for (const char *good : {"", "abc", "\u00e9\u20ac", "\U0001F600", "\xf4\x8f\xbf\xbf"}) {
        assert_true(cnn::valid_utf8(good));
    }
    for (const char *bad :
         {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82", "\xe2\x82z"}) {
        assert_false(cnn::valid_utf8(bad));
    }
}

void errors_carry_their_parts(void **) {
    const cnn::Error error =
        error_of([] { cnn::fail_at(4, Status::shape_mismatch, "conv2d_1: too small"); });
    assert_int_equal(error.status, Status::shape_mismatch);
    assert_int_equal(error.node, 4);
    assert_string_equal(error.what(), "conv2d_1: too small");
    assert_int_equal(error_of([] { cnn::fail(Status::busy, ""); }).node, -1);
    assert_string_equal(cnn::status_name(Status::not_finite), "not_finite");
    assert_string_equal(cnn::status_name(static_cast<Status>(99)), "unknown");
}

void log_respects_its_level(void **) {
    std::string got;
    cnn::LogSink sink;
    sink.user = &got;
    sink.write = [](void *user, int32_t, const char *m) { *static_cast<std::string *>(user) += m; };
    cnn::Log(sink).write(cnn::kLogError, "silent");
    sink.level = cnn::kLogWarning;
    const cnn::Log log(sink);
    assert_false(log.enabled(cnn::kLogInfo));
    log.write(cnn::kLogInfo, "no");
    log.write(cnn::kLogError, "yes");
    assert_string_equal(got.c_str(), "yes");
    cnn::Log().write(cnn::kLogError, "nobody listens");
}

void processor_is_described(void **) {
    const cnn::CpuInfo info = cnn::detect_cpu();
    assert_true(info.cores >= 1);
    assert_true(info.l1d_bytes >= 4096 && info.l2_bytes >= info.l1d_bytes);
    assert_true(info.avx2 || !info.avx512);
#if defined(__x86_64__)
    assert_int_equal(info.avx2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    assert_int_equal(info.avx512,
                     __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"));
#endif
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(draws_are_indexed),
        cmocka_unit_test(distributions_have_their_moments),
        cmocka_unit_test(permutation_is_one),
        cmocka_unit_test(permutations_are_equally_likely),
        cmocka_unit_test(memory_is_counted_and_limited),
        cmocka_unit_test(limit_holds_across_threads),
        cmocka_unit_test(host_allocator_serves),
        cmocka_unit_test(process_keeps_its_malloc),
        cmocka_unit_test(threads_outlive_the_allocator),
        cmocka_unit_test(pool_covers_all_parts),
        cmocka_unit_test(threads_leave_processors),
        cmocka_unit_test(pool_serves_several_hosts),
        cmocka_unit_test(pool_writes_are_seen),
        cmocka_unit_test(pool_nests),
        cmocka_unit_test(pool_wakes),
        cmocka_unit_test(pool_threads_have_a_clean_state),
        cmocka_unit_test(pool_threads_block_what_their_caller_does),
        cmocka_unit_test(pool_survives_fork),
        cmocka_unit_test(float_environment_comes_back),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(files_are_read_piece_by_piece),
        cmocka_unit_test(file_links_are_followed),
        cmocka_unit_test(file_errors_name_the_path),
        cmocka_unit_test(text_joins_its_pieces),
        cmocka_unit_test(text_ignores_the_locale),
        cmocka_unit_test(numbers_are_parsed_whole),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(errors_carry_their_parts),
        cmocka_unit_test(log_respects_its_level),
        cmocka_unit_test(processor_is_described),
    };
    return cmocka_run_group_tests_name("base", tests, nullptr, nullptr);
}
