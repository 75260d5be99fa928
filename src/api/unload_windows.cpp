// Part of cnn.dll alone, which brings its own C++ run time: gives back what that keeps until the
// process ends, so that a host may load and unload the library as often as it likes.

namespace __gnu_cxx {
void __freeres();  // the memory set aside for exceptions that are thrown when there is none
}

namespace {

// Runs last: with the lowest priority that programs may use.
__attribute__((destructor(101))) void free_run_time() {
    __gnu_cxx::__freeres();
}

}  // namespace
