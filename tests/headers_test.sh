#!/bin/sh
# headers_test.sh SOURCE-FOLDER: every public header compiles alone, with every warning, by each
# compiler that is installed, in the oldest and the newest language it serves.
set -eu

include=$1/include
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
failed=0
compiled=0

# alone HEADER LANGUAGE STANDARD COMPILER [OPTION...]
alone() {
    header=$1 language=$2 standard=$3 compiler=$4
    shift 4
    command -v "$compiler" >/dev/null || return 0
    # shellcheck disable=SC2086 # the warnings are several words
    if echo "#include <cnn/$header>" |
        "$compiler" -x "$language" "-std=$standard" $warnings "$@" -I"$include" -fsyntax-only -; then
        compiled=$((compiled + 1))
    else
        echo "FAILED: $header as $standard by $compiler"
        failed=1
    fi
}

for standard in c99 c11 c17; do
    alone cnn.h c $standard gcc -Wpadded
    alone cnn.h c $standard clang -Wpadded
done
for standard in c++11 c++20; do
    alone cnn.h c++ $standard g++ -Wpadded
    alone cnn.h c++ $standard clang++ -Wpadded
done
for standard in c++17 c++20; do
    [ -e "$include/cnn/cnn.hpp" ] || continue
    alone cnn.hpp c++ $standard g++
    alone cnn.hpp c++ $standard clang++
done

# cnn.h stands on the two headers that it says.
if grep '^#include' "$include/cnn/cnn.h" | grep -Ev '<(stddef|stdint)\.h>$'; then
    echo "FAILED: cnn.h includes more than <stddef.h> and <stdint.h>"
    failed=1
fi
# cnn.hpp has every function, but for the version's.
while read -r function; do
    case $function in cnn_version | cnn_version_string) continue ;; esac
    if ! grep -qw "$function" "$include/cnn/cnn.hpp"; then
        echo "FAILED: cnn.hpp hasn't $function"
        failed=1
    fi
done <"$1/tests/abi/symbols.txt"
echo "$compiled compilations"
[ "$compiled" -gt 0 ] || failed=1
exit $failed
