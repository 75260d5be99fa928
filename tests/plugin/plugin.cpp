// A C++ plugin of a C program: what breaks when another library has taken over malloc or operator
// new.
#include <dlfcn.h>

#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

// Whether the function at `address` is in a file of that name.
bool is_from(const void *address, const char *file) {
    Dl_info info;
    return dladdr(address, &info) != 0 && std::strstr(info.dli_fname, file) != nullptr;
}

void throw_a_long_message(int i) {
    throw std::runtime_error("a message too long for any small buffer, number " +
                             std::to_string(i));
}

bool exceptions_work() {
    for (int i = 0; i < 100; i++) {
        try {
            throw_a_long_message(i);
        } catch (const std::exception &error) {
            if (std::strstr(error.what(), "number") == nullptr) return false;
        }
    }
    return true;
}

bool streams_work() {
    std::ostringstream stream;
    for (int i = 0; i < 1000; i++) stream << i << ' ' << 0.5 * i << '\n';
    std::istringstream back(stream.str());
    int first = -1;
    double second = -1;
    back >> first >> second;
    std::cout << "plugin: " << stream.str().size() << " bytes written" << std::endl;
    return first == 0 && second == 0 && std::cout.good();
}

bool containers_work() {
    std::map<std::string, std::vector<double>> map;
    for (size_t i = 0; i < 1000; i++) map["a key with some length " + std::to_string(i)].resize(i);
    return map.size() == 1000;
}

bool threads_work() {
    auto text = std::make_shared<std::string>();
    std::thread thread([text] { text->assign(10000, 'x'); });
    thread.join();
    return text->size() == 10000;
}

}  // namespace

// 0, or the number of what didn't work.
extern "C" __attribute__((visibility("default"))) int plugin_run() {
    void *(*allocate)(size_t) = &::operator new;
    if (!is_from(reinterpret_cast<const void *>(allocate), "libstdc++")) return 1;
    if (!containers_work()) return 2;
    if (!exceptions_work()) return 3;
    if (!streams_work()) return 4;
    if (!threads_work()) return 5;
    return 0;
}
