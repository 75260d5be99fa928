#!/bin/sh
# The main job in one command: installs what is missing, builds libcnn, teaches a network to read the
# digits of this machine's fonts, and has another program read digits of fonts it never saw.
#
#   sh examples/quickstart.sh                    the fonts of this machine
#   sh examples/quickstart.sh --mnist DIR        MNIST's four files in DIR, plain or gzipped
#   sh examples/quickstart.sh --device opencl    on another device; build/examples/devices lists them
#
# Other options (--epochs N, --seed S, ...) go to the program that trains, build/examples/digits or
# build/examples/mnist.
set -eu

tools='g++ cmake ninja-build zlib1g-dev libstb-dev nlohmann-json3-dev libeigen3-dev opencl-headers'

say() { printf '\n== %s\n' "$*"; }

# Prints those of the packages that aren't installed.
missing() {
    for package; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || printf ' %s' "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

quiet_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >"$log" 2>&1
}

install() {
    [ $# -gt 0 ] || return 0
    say "Installing $*"
    log=$(mktemp)
    # Package lists that are missing or too old are the usual cause of a failure.
    quiet_install "$@" || { as_root apt-get update -qq >"$log" 2>&1 && quiet_install "$@"; } || {
        cat "$log" >&2
        exit 1
    }
    rm -f "$log"
}

here=$(pwd)
mnist=''
settings=''
device=auto
left=$#
while [ "$left" -gt 0 ]; do
    case $1 in
    --mnist | --device)
        [ "$left" -ge 2 ] || { echo "$1 needs a value" >&2; exit 2; }
        if [ "$1" = --device ]; then device=$2; else mnist=$2; fi
        shift 2
        left=$((left - 2))
        ;;
    -h | --help)
        sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *) # kept, in order, for the program that trains
        set -- "$@" "$1"
        shift
        left=$((left - 1))
        ;;
    esac
done
case $mnist in '' | /*) ;; *) mnist=$here/$mnist ;; esac

cd "$(dirname "$0")/.."

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    packages=$tools
    # Free fonts, about 20 MB in all. More families make a better reader.
    [ -n "$mnist" ] || packages="$tools $(cat examples/fonts.txt)"
    # shellcheck disable=SC2046,SC2086 # both are lists of words
    install $(missing $packages)
else
    say 'Not a Debian-like system: using the tools and fonts that are installed'
fi

say 'Building'
# A build folder that is already there keeps its settings.
if [ ! -f build/CMakeCache.txt ]; then
    settings='-DCMAKE_BUILD_TYPE=Release -DCNN_BUILD_TESTS=OFF -DCNN_BUILD_BENCHMARKS=OFF -DCNN_WERROR=OFF'
    if command -v ninja >/dev/null; then settings="$settings -GNinja"; fi
    if command -v ccache >/dev/null; then
        settings="$settings -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache"
    fi
fi
# shellcheck disable=SC2086 # a list of words
cmake -S . -B build $settings -DCNN_BUILD_EXAMPLES=ON
cmake --build build --parallel "$(nproc)" --target devices mnist digits classify

say 'Devices'
build/examples/devices

if [ -n "$mnist" ]; then
    say "Learning to read the digits in $mnist"
    exec build/examples/mnist --data "$mnist" --device "$device" --save build/mnist.safetensors "$@"
fi

say 'Learning to read printed digits'
mkdir -p build/unseen
build/examples/digits --device "$device" --save build/digits.safetensors --pictures build/unseen "$@"

say 'Another program reads digits of fonts that were never seen'
build/examples/classify --device "$device" build/digits.safetensors build/unseen/unseen-?.pgm
