#!/bin/sh
# package_test.sh BUILD-FOLDER SOURCE-FOLDER: the Debian packages that cpack makes of a folder
# configured as the preset "debian" does: what they say of themselves, what is in them, how they
# install and remove, and that a program builds against them and runs.
set -eu

build=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

(cd "$build" && cpack -B "$work/packages" >"$work/log" 2>&1) || { cat "$work/log" && fail "cpack"; }
runtime=$(find "$work/packages" -maxdepth 1 -name 'libcnn0_*.deb')
development=$(find "$work/packages" -maxdepth 1 -name 'libcnn-dev_*.deb')
[ -n "$runtime" ] && [ -n "$development" ] || fail "cpack made no packages"

# says PACKAGE FIELD PATTERN
says() {
    value=$(dpkg-deb -f "$1" "$2")
    echo "$value" | grep -Eq "$3" || fail "$2 of $(basename "$1") is: $value"
}
version=$(dpkg-deb -f "$runtime" Version)
says "$runtime" Package '^libcnn0$'
says "$runtime" Depends 'libc6 \(>= .*libstdc\+\+6 \(>= '
says "$runtime" Recommends '^ocl-icd-libopencl1 \| libopencl1, libmimalloc2.0$'
says "$runtime" Section '^libs$'
says "$development" Package '^libcnn-dev$'
says "$development" Depends "^libcnn0 \\(= $version\\)\$"
for package in "$runtime" "$development"; do
    [ "$(dpkg-deb -f "$package" Description | wc -l)" -ge 3 ] || fail "no extended description"
done

# in_it PACKAGE PATTERN
in_it() {
    dpkg-deb -c "$1" | awk '{ print $6 }' | grep -Eq "$2" || fail "$(basename "$1") has no $2"
}
in_it "$runtime" '^./usr/lib/[^/]+/libcnn\.so\.0\.[0-9.]+$'
in_it "$runtime" '^./usr/share/doc/libcnn0/copyright$'
in_it "$runtime" '^./usr/share/doc/libcnn0/changelog.Debian.gz$'
in_it "$development" '^./usr/include/cnn/cnn.h$'
in_it "$development" '^./usr/include/cnn/cnn.hpp$'
in_it "$development" '^./usr/lib/[^/]+/libcnn\.a$'
in_it "$development" '^./usr/lib/[^/]+/libcnn\.so$'
in_it "$development" '^./usr/lib/[^/]+/pkgconfig/cnn.pc$'
in_it "$development" '^./usr/lib/[^/]+/cmake/cnn/cnnConfig.cmake$'
in_it "$development" '^./usr/share/doc/libcnn-dev/copyright$'
for package in "$runtime" "$development"; do
    if dpkg-deb -c "$package" | awk '{ print $2 }' | grep -v '^root/root$'; then
        fail "files that don't belong to root"
    fi
done

# The symbols are those of the interface.
dpkg-deb --ctrl-tarfile "$runtime" | tar -xO ./symbols >"$work/symbols"
sed -n 's/^ \(cnn_[a-z0-9_]*\)@CNN_1 .*/\1/p' "$work/symbols" | sort |
    diff "$source/tests/abi/symbols.txt" - || fail "symbols"

if command -v lintian >/dev/null; then
    # This is no upload to Debian; and CPack calls ldconfig itself.
    lintian --allow-root --fail-on error,warning \
        --suppress-tags initial-upload-closes-no-bugs,maintscript-calls-ldconfig \
        "$runtime" "$development" 2>"$work/log" || { cat "$work/log" && fail "lintian"; }
fi

root=$work/root
if [ "$(id -u)" = 0 ]; then
    # A system of its own, which knows of nothing that the packages depend on.
    mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/triggers"
    touch "$root/var/lib/dpkg/status"
    dpkg --root="$root" --force-depends --force-script-chrootless -i "$runtime" "$development" \
        >"$work/log" 2>&1 || { cat "$work/log" && fail "dpkg -i"; }
else
    dpkg-deb -x "$runtime" "$root"
    dpkg-deb -x "$development" "$root"
fi
library=$(dirname "$(find "$root" -name 'libcnn.a')")
cmake -S "$source/tests/install" -B "$work/program" -DCMAKE_PREFIX_PATH="$root/usr" \
    -DCMAKE_LIBRARY_ARCHITECTURE="$(basename "$library")" >"$work/log" 2>&1 &&
    cmake --build "$work/program" >"$work/log" 2>&1 || { cat "$work/log" && fail "a program"; }
readelf -d "$work/program/program" | grep -q 'NEEDED.*\[libcnn\.so\.0\]' || fail "libcnn.so.0"
"$work/program/program"
"$work/program/program_cpp"
if [ "$(id -u)" = 0 ]; then
    dpkg --root="$root" --force-depends --force-script-chrootless --purge libcnn-dev libcnn0 \
        >"$work/log" 2>&1 || { cat "$work/log" && fail "dpkg --purge"; }
    if find "$root/usr" -name '*cnn*' 2>/dev/null | grep .; then fail "purging left these"; fi
fi
echo "$(basename "$runtime") and $(basename "$development") hold"
