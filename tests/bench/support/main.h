// What the main of a benchmark with settings does.
#pragma once

#include <cstdio>

#include "base/error.h"

namespace cnn::bench {

// Parses the arguments by parse(argc, argv, settings) and runs measure(settings); `source` is the
// file whose first lines tell the options.
template <class Settings>
int run_main(int argc, char **argv, bool (*parse)(int, char **, Settings &),
             void (*measure)(const Settings &), const char *source) {
    Settings settings;
    if (!parse(argc, argv, settings)) {
        std::fprintf(stderr, "unknown option, or one without its value: see the top of %s\n",
                     source);
        return 2;
    }
    try {
        measure(settings);
        return 0;
    } catch (const Error &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

}  // namespace cnn::bench
