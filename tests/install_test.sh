#!/bin/sh
# install_test.sh BUILD-FOLDER SOURCE-FOLDER: a C program builds against an installed libcnn by
# find_package and by pkg-config, and runs; a CMake project takes the sources as a part of itself.
set -eu

build=$1
source=$2/tests/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" >"$work/log"
# Installed trees may be moved.
mv "$work/first" "$work/prefix"
prefix=$work/prefix
library=$(dirname "$(find "$prefix" -name 'libcnn.so')")

for name in "$2"/include/cnn/*; do
    cmp "$name" "$prefix/include/cnn/$(basename "$name")"
done

echo "== find_package"
cmake -S "$source" -B "$work/found" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" ||
    { cat "$work/log" && exit 1; }
cmake --build "$work/found" >"$work/log" || { cat "$work/log" && exit 1; }
"$work/found/program"

echo "== find_package refuses another version"
sed 's/find_package(cnn 0.1 /find_package(cnn 0.2 /' "$source/CMakeLists.txt" >"$work/CMakeLists.txt"
mkdir "$work/other"
mv "$work/CMakeLists.txt" "$work/other/"
cp "$source/program.c" "$work/other/"
if cmake -S "$work/other" -B "$work/other/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1; then
    echo "FAILED: 0.2 was found"
    exit 1
fi

echo "== pkg-config"
PKG_CONFIG_PATH=$library/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # flags are several words
cc -std=c99 -o "$work/program" "$source/program.c" $(pkg-config --cflags --libs cnn)
LD_LIBRARY_PATH=$library "$work/program"

echo "== add_subdirectory"
cmake -S "$source" -B "$work/part" -DCNN_SOURCE="$2" >"$work/log" 2>&1 ||
    { cat "$work/log" && exit 1; }
