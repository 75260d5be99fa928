#!/bin/sh
# install_test.sh BUILD-FOLDER SOURCE-FOLDER: programs in C and C++ build against an installed libcnn,
# shared and static, by find_package, pkg-config and make, and run; a CMake project takes the sources
# as a part of itself.
set -eu

build=$1
source=$2/tests/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

# Runs a command; shows what it said only if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log" && fail "$*"; }
}

echo "== installed trees may be staged and moved"
DESTDIR=$work/stage quietly cmake --install "$build" --prefix /first
mv "$work/stage/first" "$work/prefix"
prefix=$work/prefix
library=$(dirname "$(find "$prefix" -name 'libcnn.so' -o -name 'libcnn.a' | head -n 1)")
if grep -rlF -e "$2" -e "$build" -e /first "$prefix" --include='*.cmake' --include='*.pc'; then
    fail "these name folders of where libcnn was built"
fi
for name in "$2"/include/cnn/*; do
    cmp "$name" "$prefix/include/cnn/$(basename "$name")"
done
kinds=''
[ ! -e "$library/libcnn.so" ] || kinds='shared'
[ ! -e "$library/libcnn.a" ] || kinds="$kinds static"

# configure FOLDER [setting...]
configure() {
    folder=$1
    shift
    cmake -S "$source" -B "$work/$folder" -DCMAKE_PREFIX_PATH="$prefix" "$@"
}
for kind in $kinds; do
    echo "== find_package, $kind"
    quietly configure "$kind" -DCNN_WANTED="$kind"
    quietly cmake --build "$work/$kind"
    "$work/$kind/program"
    "$work/$kind/program_cpp"
    if [ "$kind" = static ] && readelf -d "$work/$kind/program" | grep 'NEEDED.*libcnn'; then
        fail "the program with the static library needs the shared one"
    fi
done
for version in 0.0 0.1.99 0.2 1; do
    echo "== find_package refuses $version"
    if configure "other-$version" -DCNN_VERSION=$version >"$work/log" 2>&1; then
        fail "$version was found"
    fi
    grep -q 'with requested version' "$work/log" || { cat "$work/log" && exit 1; }
done
if configure nothing -DCNN_WANTED=nothing >"$work/log" 2>&1; then
    fail "a component that there isn't was found"
fi

PKG_CONFIG_PATH=$library/pkgconfig
export PKG_CONFIG_PATH
case $kinds in
*shared*)
    echo "== make and pkg-config"
    cp "$source/Makefile" "$source/program.c" "$work/"
    quietly make -C "$work" program
    LD_LIBRARY_PATH=$library "$work/program"
    if pkg-config --exists 'cnn >= 0.2'; then fail "pkg-config found 0.2"; fi
    ;;
esac
case $kinds in
*static*)
    echo "== pkg-config, static"
    # shellcheck disable=SC2046 # flags are several words
    quietly cc -std=c99 -o "$work/program" "$source/program.c" \
        $(pkg-config --static --cflags --libs cnn | sed 's/-lcnn/-l:libcnn.a/')
    "$work/program"
    nm --defined-only "$library/libcnn.a" | awk 'NF == 3 && $2 ~ /[A-Zvw]/ { print $3 }' |
        LC_ALL=C sort | diff "$2/tests/abi/symbols.txt" - ||
        fail "the static library shows more than the interface, or less"
    ;;
esac

for fetch in OFF ON; do
    echo "== the sources as a part, FetchContent $fetch"
    quietly configure "part-$fetch" -DCNN_SOURCE="$2" -DCNN_FETCH=$fetch
done
