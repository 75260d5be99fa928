#!/bin/sh
# Makes cnn-sys/src/bindings.rs of include/cnn/cnn.h by bindgen 0.60.
#
#   sh bindings/rust/generate.sh           writes the file
#   sh bindings/rust/generate.sh --check   compares it with what the header gives now
set -eu
cd "$(dirname "$0")/../.."

# Other versions write other text for the same header.
version=$(bindgen --version 2>/dev/null) || { echo 'bindgen is missing: apt install bindgen' >&2; exit 1; }
case $version in
'bindgen 0.60.'*) ;;
*) echo "this needs bindgen 0.60 (Debian 12's), not $version" >&2; exit 1 ;;
esac

file=bindings/rust/cnn-sys/src/bindings.rs
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

bindgen include/cnn/cnn.h --rust-target 1.47 --disable-header-comment --no-rustfmt-bindings \
    --allowlist-function 'cnn_.*' --allowlist-type 'cnn_.*' --allowlist-var 'CNN_.*' \
    --blocklist-type '__.*' --default-macro-constant-type signed --no-prepend-enum-name \
    --size_t-is-usize --ctypes-prefix 'std::os::raw' --with-derive-default \
    --output "$fresh/raw.rs" -- -I include

# Constants get the type that their typedef has, int32_t, in place of one for each enum, whose comment
# goes to the typedef before it; comments lose the mark of those that follow what they tell of.
rustfmt --edition 2021 "$fresh/raw.rs"
awk '
    function take(i) { for (i = 1; i <= held; i++) line[++count] = doc[i]; held = 0 }
    BEGIN { print "// Generated from include/cnn/cnn.h by bindings/rust/generate.sh: not to be edited." }
    { sub(/doc = "< ?/, "doc = \" "); sub(/: _bindgen_ty_[0-9]+ =/, ": i32 =") }
    /^#\[doc/ { doc[++held] = $0; next }
    /^pub type _bindgen_ty_/ {
        for (i = 1; i <= held; i++) above[typedef] = above[typedef] doc[i] "\n"
        held = 0
        next
    }
    { take(); line[++count] = $0 }
    /^pub type cnn_[a-z0-9_]+ = i32;/ { typedef = count }
    END { for (i = 1; i <= count; i++) printf "%s%s\n", above[i], line[i] }
' "$fresh/raw.rs" >"$fresh/bindings.rs"
rustfmt --edition 2021 "$fresh/bindings.rs"

if [ "${1:-}" = --check ]; then
    # Both by the same rustfmt, whichever it is.
    cp "$file" "$fresh/committed.rs"
    rustfmt --edition 2021 "$fresh/committed.rs"
    diff -u "$fresh/committed.rs" "$fresh/bindings.rs" || {
        echo "$file isn't what cnn.h gives: run bindings/rust/generate.sh" >&2
        exit 1
    }
    echo "$file is what cnn.h gives"
else
    cp "$fresh/bindings.rs" "$file"
fi
