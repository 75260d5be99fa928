#!/bin/sh
# compatibility_test.sh LIBRARY SOURCE-FOLDER: programs of every earlier version, kept in
# tests/abi/VERSION/, go on with this library: all symbols, fields and constants are where they were,
# and a program compiled against the old header runs. Where the library has debugging information of
# its interface (the preset "abi"), abidiff compares the functions' types too.
#
#   sh tests/compatibility_test.sh --release
#
# builds the preset "abi" and writes tests/abi/VERSION/ and the files in tests/golden/ for the version
# that CMakeLists.txt names, also layout.txt: once, as that version is released, or while it isn't yet.
set -eu
LC_ALL=C
export LC_ALL

abidw_options='--drop-private-types --exported-interfaces-only --no-show-locs --no-corpus-path
--no-comp-dir-path --no-elf-needed --no-parameter-names --no-architecture --type-id-style hash'

if [ "${1:-}" = --release ]; then
    cd "$(dirname "$0")/.."
    version=$(sed -n 's/^project(cnn VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
    folder=tests/abi/$version
    if command -v ccache >/dev/null; then
        export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
    fi
    cmake --preset abi >/dev/null
    cmake --build --preset abi --target cnn >/dev/null
    mkdir -p "$folder/cnn"
    for name in abi_layout golden; do
        cc -std=gnu99 -Iinclude -Itests -DCNN_TEST_DIR='"tests"' -o "build-abi/$name" \
            "tests/${name}_test.c" -Lbuild-abi -lcnn -Wl,-rpath,"$PWD/build-abi" -lcmocka -lm
    done
    build-abi/abi_layout --print >tests/abi/layout.txt
    build-abi/golden --write tests/golden
    cp include/cnn/cnn.h "$folder/cnn/"
    cp tests/abi/layout.txt tests/abi/symbols.txt tests/install/program.c "$folder/"
    # shellcheck disable=SC2086 # a list of words
    abidw $abidw_options --headers-dir include build-abi/libcnn.so |
        sed "s|path='[^']*/src/|path='src/|" >"$folder/cnn.xml"
    echo "wrote $folder: $(du -sk "$folder" | cut -f1) KB"
    exit 0
fi

library=$1
source=$2
abi=$source/tests/abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

wrong() {
    echo "FAILED: $*"
    failed=1
}

# kept WHAT OLD NEW: each line of OLD is one of NEW.
kept() {
    sort "$2" >"$work/old"
    sort "$3" >"$work/new"
    comm -23 "$work/old" "$work/new" >"$work/lost"
    if [ -s "$work/lost" ]; then
        sed 's/^/  /' "$work/lost"
        wrong "$1 of version $version changed or went"
    fi
}

# The header's constants, "NAME value".
constants() {
    sed -n 's/^ *\(CNN_[A-Z0-9_]*\) = \(-\{0,1\}[0-9]*\),*.*/\1 \2/p' "$1"
}
# Rows of a layout but for what is carved up for new fields.
rows() {
    grep -v '\.reserved ' "$1"
}

compare_types() {
    # shellcheck disable=SC2086 # a list of words
    abidw $abidw_options --headers-dir "$source/include" "$library" >"$work/now.xml"
    abidiff --leaf-changes-only --no-added-syms "$folder/cnn.xml" "$work/now.xml" >"$work/diff" || true
    # Of structs the layouts above tell more exactly what may change.
    if [ -s "$work/diff" ] &&
        ! grep -q '^Removed/Changed/Added functions summary: 0 Removed, 0 Changed' "$work/diff"; then
        cat "$work/diff"
        wrong "functions of version $version changed"
    fi
}

run_old_program() {
    {
        echo '#include <cnn/cnn.h>'
        echo 'typedef void (*function)(void);'
        echo 'const function all[] = {'
        sed 's/.*/    (function)&,/' "$folder/symbols.txt"
        echo '};'
    } >"$work/all.c"
    cc -std=c99 -I"$folder" -o "$work/program" "$folder/program.c" "$work/all.c" "$library" \
        -Wl,-rpath,"$(dirname "$library")" || { wrong "no program of $version links" && return; }
    "$work/program" || wrong "the program of version $version"
}

for folder in "$abi"/[0-9]*; do
    version=$(basename "$folder")
    echo "== $version"
    kept "symbols" "$folder/symbols.txt" "$abi/symbols.txt"
    rows "$folder/layout.txt" >"$work/rows-old"
    rows "$abi/layout.txt" >"$work/rows-new"
    kept "structs" "$work/rows-old" "$work/rows-new"
    constants "$folder/cnn/cnn.h" >"$work/constants-old"
    constants "$source/include/cnn/cnn.h" >"$work/constants-new"
    [ -s "$work/constants-old" ] || wrong "no constants were found"
    kept "constants" "$work/constants-old" "$work/constants-new"
    run_old_program
    if readelf -SW "$library" | grep -q '\.debug_info' && command -v abidiff >/dev/null; then
        compare_types
    fi
done
exit $failed
