#!/bin/sh
# Tests the Rust binding: installs what is missing, builds libcnn, compares cnn-sys with the header,
# runs the tests, clippy and the example; the last line is "N passed, N failed".
#
#   sh bindings/rust/test.sh [BUILD_DIR]      default: build
#
# CNN_RUST_WRAP   a command that runs each test program, such as "valgrind -q --error-exitcode=99"
set -eu
cd "$(dirname "$0")/../.."

packages='rustc cargo rustfmt rust-clippy bindgen g++ cmake ninja-build zlib1g-dev libstb-dev
nlohmann-json3-dev libeigen3-dev opencl-headers'

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

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    # shellcheck disable=SC2046,SC2086 # both are lists of words
    install $(missing $packages $(cat examples/fonts.txt))
    # The distribution's tools: what the crates promise to be built with.
    PATH=/usr/bin:$PATH
    export PATH
fi

build=${1:-build}
if [ ! -f "$build/CMakeCache.txt" ]; then
    settings='-GNinja -DCMAKE_BUILD_TYPE=Release'
    if command -v ccache >/dev/null; then
        settings="$settings -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache"
    fi
    # shellcheck disable=SC2086 # a list of words
    cmake -S . -B "$build" $settings
fi
cmake -S . -B "$build" -DCNN_BUILD_EXAMPLES=ON >/dev/null
cmake --build "$build" --target cnn digit_data mnist
build=$(cd "$build" && pwd)

sh bindings/rust/generate.sh --check

CNN_LIB_DIR=$build
LD_LIBRARY_PATH=$build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
CARGO_TARGET_DIR=$build/rust
export CNN_LIB_DIR LD_LIBRARY_PATH CARGO_TARGET_DIR
if [ -n "${CNN_RUST_WRAP:-}" ]; then
    target=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${target}_RUNNER=$CNN_RUST_WRAP"
fi
cd bindings/rust

cargo fmt --check
cargo clippy --offline --locked --quiet --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --offline --locked --quiet --no-deps

results=$CARGO_TARGET_DIR/results.txt
status=0
cargo test --offline --locked --no-fail-fast >"$results" 2>&1 || status=$?
grep -E '^(test result|test .*FAILED|error)|panicked at' "$results" || true
[ "$status" = 0 ] || cat "$results" >&2

# The example on fewer epochs: it must read as many digits of unseen fonts as the one in C.
echo 'example digits'
digits=$CARGO_TARGET_DIR/digits
if [ ! -f "$digits/t10k-labels-idx1-ubyte" ]; then
    mkdir -p "$digits"
    "$build/examples/digit_data" "$digits"
fi
in_c=$("$build/examples/mnist" --data "$digits" --device cpu --epochs 2 2>/dev/null |
    awk '/^test accuracy/ { printf "%.2f%%", 100 * $3 }')
cargo run --offline --locked --quiet --release --example digits -- "$digits" --device cpu \
    --epochs 2 --save "$digits/digits.safetensors" | tee "$digits/report.txt" || status=1
grep -q "^reads $in_c of" "$digits/report.txt" || {
    echo "digits: the example in C reads $in_c" >&2
    status=1
}

sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed.*/\1 \2/p' "$results" |
    awk '{ passed += $1; failed += $2 } END { print passed + 0 " passed, " failed + 0 " failed" }'
exit "$status"
