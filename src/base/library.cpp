// Shared libraries that are opened while the program runs.
#include "base/library.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include "base/text.h"

namespace cnn {

#if defined(_WIN32)

void *open_library(std::span<const char *const> names, std::string &why) {
    why.clear();
    // A box that tells of a missing library is the host's to show.
    DWORD before = 0;
    const bool quiet = SetThreadErrorMode(SEM_FAILCRITICALERRORS, &before) != 0;
    HMODULE library = nullptr;
    for (const char *name : names) {
        library = LoadLibraryExA(name, nullptr, 0);
        if (library != nullptr) break;
        if (why.empty()) why = text("'", name, "': error ", int64_t{GetLastError()});
    }
    if (quiet) SetThreadErrorMode(before, nullptr);
    if (library == nullptr) return nullptr;
    why.clear();
    HMODULE pinned;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       reinterpret_cast<const char *>(library), &pinned);
    return library;
}

void *library_symbol(void *library, const char *name) noexcept {
    return reinterpret_cast<void *>(GetProcAddress(static_cast<HMODULE>(library), name));
}

void close_library(void *library) noexcept {
    FreeLibrary(static_cast<HMODULE>(library));
}

#else

void *open_library(std::span<const char *const> names, std::string &why) {
    why.clear();
    for (const char *name : names) {
        if (void *const library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
            why.clear();
            return library;
        }
        // Read each time: the host must not find our failure in its own next check.
        const char *const message = dlerror();
        if (why.empty()) why = message != nullptr ? message : "unknown error";
    }
    return nullptr;
}

void *library_symbol(void *library, const char *name) noexcept {
    void *const symbol = dlsym(library, name);
    if (symbol == nullptr) dlerror();
    return symbol;
}

void close_library(void *library) noexcept {
    dlclose(library);
}

#endif

}  // namespace cnn
