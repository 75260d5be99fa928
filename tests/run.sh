#!/bin/sh
# Installs what is missing, builds into build/ and runs every test, those of the bindings too; the last
# line is "N passed, N failed, N skipped".
#
#   sh tests/run.sh [ctest options, such as -R conv]
#
# CNN_TEST_DATA      the folder with mnist/, cifar-10-subset/, ...; without it the tests that need
#                    real data are skipped, by name
# CNN_TEST_BUILD     another build folder
# CNN_TEST_SETTINGS  more settings for CMake, used when the build folder is made
# CNN_TEST_BINDINGS  the bindings to test, such as "rust python"; all of bindings/ by default, none
#                    where options for ctest are given
set -eu

packages='g++ clang cmake ninja-build ccache pkg-config binutils libcmocka-dev nlohmann-json3-dev
libeigen3-dev opencl-headers ocl-icd-libopencl1 pocl-opencl-icd libmimalloc2.0 zlib1g-dev libstb-dev libsdl2-dev
fonts-dejavu-core doxygen valgrind'

# Prints those of the packages that aren't installed.
missing() {
    for package; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=none
        [ "$state" = installed ] || printf ' %s' "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >"$log" 2>&1
}

install() {
    [ $# -gt 0 ] || return 0
    echo "Installing $*"
    log=$(mktemp)
    # Package lists that are missing or too old are the usual cause of a failure.
    apt_install "$@" || { as_root apt-get update -qq >"$log" 2>&1 && apt_install "$@"; } || {
        cat "$log" >&2
        exit 1
    }
    rm -f "$log"
}

if [ -n "${CNN_TEST_DATA:-}" ]; then
    CNN_TEST_DATA=$(cd "$CNN_TEST_DATA" && pwd)
    export CNN_TEST_DATA
fi
cd "$(dirname "$0")/.."
build=${CNN_TEST_BUILD:-build}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    # shellcheck disable=SC2046,SC2086 # both are lists of words
    install $(missing $packages)
fi

# quickstart.sh makes the same folder without tests; other settings of it are kept.
settings='-DCNN_BUILD_TESTS=ON -DCNN_BUILD_BENCHMARKS=ON -DCNN_BUILD_EXAMPLES=ON'
if [ ! -f "$build/CMakeCache.txt" ]; then
    settings="-GNinja -DCMAKE_BUILD_TYPE=Release $settings ${CNN_TEST_SETTINGS:-}"
    if command -v ccache >/dev/null; then
        settings="$settings -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache"
    fi
fi
# shellcheck disable=SC2086 # a list of words
cmake -S . -B "$build" $settings
cmake --build "$build" --parallel "$(nproc)"

results=$PWD/$build/results.xml
case $build in /*) results=$build/results.xml ;; esac
rm -f "$results"
status=0
CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}
export CTEST_PARALLEL_LEVEL
ctest --test-dir "$build" --output-on-failure --no-tests=error --output-junit "$results" \
    --test-output-size-passed 1000000 "$@" ||
    status=$?

if [ ! -f "$results" ]; then
    echo "ctest wrote no results" >&2
    exit 1
fi
# Skipped are whole programs (by their exit status) and single cases within one.
cases=$(sed -n 's/^\[  SKIPPED \] \([a-z0-9_]*\)$/\1/p' "$results" | sort -u)
all=$(grep -c '<testcase ' "$results") || all=0
ran=$(grep -c 'status="run"' "$results") || ran=0
left_out=$(grep -c 'message="SKIP_' "$results") || left_out=0
skipped=$left_out
for case in $cases; do
    echo "skipped within its program: $case"
    skipped=$((skipped + 1))
done
if [ "$skipped" -gt 0 ] && [ -z "${CNN_TEST_DATA:-}" ]; then
    echo "CNN_TEST_DATA isn't set: tests on real data are skipped"
fi
failed=$((all - ran - left_out))
if [ $# -gt 0 ]; then
    bindings=${CNN_TEST_BINDINGS-}
else
    bindings=${CNN_TEST_BINDINGS-$(ls bindings)}
fi
for name in $bindings; do
    [ -f "bindings/$name/test.sh" ] || continue
    log=$(mktemp)
    echo "bindings/$name"
    broke=0
    sh "bindings/$name/test.sh" "$build" >"$log" 2>&1 || broke=1
    # The last line that counts as ours does; an example may come after it.
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    [ -n "$counts" ] || broke=1
    counts=${counts:-0 passed, 0 failed}
    count=${counts#*passed, }
    count=${count%% failed*}
    if [ "$broke" = 1 ]; then
        cat "$log"
        status=1
        # What broke beside the tests counts as one.
        [ "$count" -gt 0 ] || count=1
    fi
    echo "  ${counts%% passed*} passed, $count failed"
    ran=$((ran + ${counts%% passed*}))
    failed=$((failed + count))
    rm -f "$log"
done
echo "$ran passed, $failed failed, $skipped skipped"
exit "$status"
