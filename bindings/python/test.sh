#!/bin/sh
# Checks the Python binding: the generated declarations against cnn.h, types, the tests, the wheel in
# an environment of its own, and a short run of the digits example. What is missing is installed and
# built. The last line is "N passed, N failed".
#
#   sh bindings/python/test.sh [BUILD_DIR]     BUILD_DIR: where libcnn is built, "build" unless given
#
# CNN_PYTHON_BENCH  1: instead, what a call costs in C and in Python
set -eu

packages='python3 python3-numpy python3-pip python3-venv mypy cmake g++ nlohmann-json3-dev
libeigen3-dev opencl-headers zlib1g-dev libstb-dev'
python=/usr/bin/python3

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
    # Package lists that are missing or too old are the usual cause of a failure.
    apt_install "$@" || { as_root apt-get update -qq >"$log" 2>&1 && apt_install "$@"; } || {
        cat "$log" >&2
        exit 1
    }
}

here=$(pwd)
cd "$(dirname "$0")/../.."
root=$(pwd)
build=${1:-$root/build}
case $build in /*) ;; *) build=$here/$build ;; esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    # shellcheck disable=SC2046,SC2086 # both are lists of words
    install $(missing $packages $(cat examples/fonts.txt))
else
    python=python3
fi

if [ ! -f "$build/CMakeCache.txt" ]; then
    cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DCNN_BUILD_TESTS=OFF >/dev/null
fi
cmake --build "$build" --parallel "$(nproc)" --target cnn >/dev/null

CNN_LIBRARY=$build/libcnn.so
PYTHONDONTWRITEBYTECODE=1
export CNN_LIBRARY PYTHONDONTWRITEBYTECODE
out=$build/python
mkdir -p "$out"
cd bindings/python

if [ -n "${CNN_PYTHON_BENCH:-}" ]; then
    cmake -S "$root" -B "$build" -DCNN_BUILD_BENCHMARKS=ON >/dev/null
    cmake --build "$build" --parallel "$(nproc)" --target call_overhead >/dev/null
    exec "$python" -m tests.bench_calls "$build/tests/bench/call_overhead"
fi

passed=0
failed=0

# step NAME COMMAND...: counts it, and shows what a failure said.
step() {
    name=$1
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        cat "$log"
        echo "FAILED  $name"
    fi
}

# number WORD: the number after WORD in the log, 0 without it.
number() {
    found=$(sed -n "s/.*$1\([0-9][0-9]*\).*/\1/p" "$log" | tail -1)
    echo "${found:-0}"
}

tests() {
    status=0
    "$python" -X faulthandler -m unittest discover -s tests -t . >"$log" 2>&1 || status=$?
    ran=$(number 'Ran ')
    broken=$(($(number 'failures=') + $(number 'errors=')))
    # Without a count it never came to an end.
    if [ "$status" != 0 ] && [ "$broken" = 0 ]; then broken=1; fi
    if [ "$broken" -gt 0 ]; then cat "$log"; fi
    skipped=$(number 'skipped=')
    passed=$((passed + ran - broken - skipped))
    failed=$((failed + broken))
    echo "tests: $ran ran, $broken failed, $skipped skipped"
}

wheel() {
    file=$("$python" build_wheel.py "$out/wheel") || return 1
    if [ ! -x "$out/venv/bin/python" ]; then
        "$python" -m venv --system-site-packages "$out/venv" || return 1
    fi
    "$out/venv/bin/python" -m pip uninstall --quiet --yes libcnn
    # NumPy is the system's; without it pip would refuse.
    "$out/venv/bin/python" -m pip install --quiet --no-index "$file" &&
        cp tests/wheel_check.py "$out/" &&
        (cd "$out" && env -u CNN_LIBRARY "$out/venv/bin/python" -I wheel_check.py)
}

# The backend that pip uses gives the same wheel.
wheel_by_pip() {
    "$out/venv/bin/python" -m pip wheel --quiet --no-index --no-deps --wheel-dir "$out/wheel_by_pip" . &&
        cmp "$out"/wheel/*.whl "$out"/wheel_by_pip/*.whl
}

# On fewer epochs it must read as many digits of unseen fonts as the example in C.
digits() {
    cmake -S "$root" -B "$build" -DCNN_BUILD_EXAMPLES=ON &&
        cmake --build "$build" --parallel "$(nproc)" --target digit_data mnist || return 1
    if [ ! -f "$out/digits/t10k-labels-idx1-ubyte" ]; then
        mkdir -p "$out/digits" && "$build/examples/digit_data" "$out/digits" || return 1
    fi
    in_c=$("$build/examples/mnist" --data "$out/digits" --device cpu --epochs 1 |
        awk '/^test accuracy/ { printf "%.2f%%", 100 * $3 }')
    PYTHONPATH=. "$python" examples/digits.py --data "$out/digits" --device cpu --epochs 1 \
        --save "$out/digits.safetensors" >"$out/digits.txt" || return 1
    cat "$out/digits.txt"
    echo "the example in C reads $in_c"
    grep -q "^reads $in_c of" "$out/digits.txt"
}

step "cnn/_abi.py is what cnn.h says" "$python" generate.py --check
step "types" env MYPYPATH="$root/bindings" mypy --cache-dir="$out/mypy" cnn tests examples generate.py build_wheel.py
tests
step "a wheel in an environment of its own" wheel
step "the same wheel by pip" wheel_by_pip
step "digits, as the example in C" digits
tail -2 "$out/digits.txt" 2>/dev/null || true

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
