#!/bin/sh
# Checks the C# binding under Mono: the generated sources against cnn.h, a build with warnings as
# errors, the tests, and a short run of the digits example. What is missing is installed and built.
#
#   sh bindings/csharp/test.sh [BUILD_DIR]     BUILD_DIR: where libcnn is built, "build" unless given
#
# CNN_CSHARP_ONLY   a part of a test's name: only such tests
# CNN_CSHARP_AOT    1: the tests alone, compiled ahead of time, where nothing is compiled at run time:
#                   callbacks then need what IL2CPP needs
# CNN_CSHARP_BENCH  1: instead of the tests, what a call costs in C and in C#
set -eu

# The compiler and a runtime; libcnn and the rendering of digits are built with the rest.
packages='mono-mcs mono-runtime python3 cmake g++ nlohmann-json3-dev libeigen3-dev opencl-headers
zlib1g-dev libstb-dev'

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

here=$(pwd)
cd "$(dirname "$0")/../.."
root=$(pwd)
build=${1:-$root/build}
case $build in /*) ;; *) build=$here/$build ;; esac

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    # shellcheck disable=SC2046,SC2086 # both are lists of words
    install $(missing $packages $(cat examples/fonts.txt))
fi

if [ ! -f "$build/CMakeCache.txt" ]; then
    cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DCNN_BUILD_TESTS=OFF >/dev/null
fi
cmake --build "$build" --parallel "$(nproc)" --target cnn >/dev/null

cd bindings/csharp
python3 generate.py --check

out=$build/csharp
mkdir -p "$out"

# compile TARGET OPTIONS SOURCE... makes a target that is older than a source or than the library.
compile() {
    target=$out/$1
    options=$2
    shift 2
    for file in "$@" "$out/CnnSharp.dll"; do
        if [ ! -f "$target" ] || [ "$file" -nt "$target" ]; then
            # shellcheck disable=SC2086 # options is a list of words
            mcs -debug -langversion:latest -warn:4 -warnaserror -out:"$target" $options "$@"
            return
        fi
    done
}

compile CnnSharp.dll "-unsafe -target:library -doc:$out/CnnSharp.xml" src/*.cs
compile Tests.exe "-unsafe -r:$out/CnnSharp.dll" tests/*.cs
compile Digits.exe "-r:$out/CnnSharp.dll" examples/Digits.cs
compile Overhead.exe "-r:$out/CnnSharp.dll" bench/Overhead.cs

LD_LIBRARY_PATH=$build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
LC_ALL=C.UTF-8
export LD_LIBRARY_PATH LC_ALL

if [ -n "${CNN_CSHARP_BENCH:-}" ]; then
    cmake -S "$root" -B "$build" -DCNN_BUILD_BENCHMARKS=ON >/dev/null
    cmake --build "$build" --parallel "$(nproc)" --target call_overhead >/dev/null
    "$build/tests/bench/call_overhead"
    exec mono -O=all "$out/Overhead.exe"
fi

# A runtime that crashes leaves a report where it stands.
cd "$out"
if [ -n "${CNN_CSHARP_AOT:-}" ]; then
    mkdir -p "$out/aot"
    export MONO_PATH="$out/aot"
    cp /usr/lib/mono/4.5/mscorlib.dll "$out/CnnSharp.dll" "$out/Tests.exe" "$out/aot"
    for name in System System.Core System.Xml System.Configuration System.Security System.Numerics \
        Mono.Security; do
        find /usr/lib/mono/gac -name "$name.dll" -exec cp {} "$out/aot" \;
    done
    rm -f "$out/aot/CnnSharp.dll.so" "$out/aot/Tests.exe.so"
    for file in "$out"/aot/*.dll "$out/aot/Tests.exe"; do
        [ -f "$file.so" ] || mono --aot=full,nodebug "$file" >/dev/null
    done
    exec mono --full-aot "$out/aot/Tests.exe" "$root" "${CNN_CSHARP_ONLY:-}"
fi

mono --debug "$out/Tests.exe" "$root" "${CNN_CSHARP_ONLY:-}"
[ -z "${CNN_CSHARP_ONLY:-}" ] || exit 0

# On fewer epochs the example must read as many digits of unseen fonts as the one in C.
cmake -S "$root" -B "$build" -DCNN_BUILD_EXAMPLES=ON >/dev/null
cmake --build "$build" --parallel "$(nproc)" --target digit_data mnist >/dev/null
if [ ! -f "$out/digits/t10k-labels-idx1-ubyte" ]; then
    mkdir -p "$out/digits"
    "$build/examples/digit_data" "$out/digits"
fi
in_c=$("$build/examples/mnist" --data "$out/digits" --device cpu --epochs 1 2>/dev/null |
    awk '/^test accuracy/ { printf "%.2f%%", 100 * $3 }')
mono "$out/Digits.exe" --data "$out/digits" --device cpu --epochs 1 --save "$out/digits.safetensors" |
    tee "$out/digits.txt"
grep -q "^reads $in_c of" "$out/digits.txt" || {
    echo "digits: the example in C reads $in_c" >&2
    exit 1
}
