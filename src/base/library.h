// Shared libraries that are opened while the program runs.
#pragma once

#include <span>
#include <string>

namespace cnn {

// Opens the first of `names` that is there; null, with the system's reason for the first of them in
// `why`, if none is. What it exports stays its own. It stays mapped when closed: threads that
// called into it may call again as they end.
void *open_library(std::span<const char *const> names, std::string &why);

// Null where the library lacks it.
void *library_symbol(void *library, const char *name) noexcept;

void close_library(void *library) noexcept;

}  // namespace cnn
