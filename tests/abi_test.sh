#!/bin/sh
# abi_test.sh LIBRARY SOURCE-FOLDER BUILD-FOLDER: what libcnn.so or cnn.dll exports and needs, against
# cnn.h and the committed lists in tests/abi/. NM, OBJDUMP, READELF and STRIP name another machine's
# tools.
set -eu
LC_ALL=C
export LC_ALL

library=$1
source=$2
build=$3
header=$source/include/cnn/cnn.h
abi=$source/tests/abi
nm=${NM:-nm}
objdump=${OBJDUMP:-objdump}
readelf=${READELF:-readelf}
strip=${STRIP:-strip}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# same WHAT EXPECTED ACTUAL: compares two sorted lists.
same() {
    if ! diff -u "$2" "$3"; then
        echo "FAILED: $1 differ"
        failed=1
    fi
}

# The header without comments, one declaration or brace a line.
tr '\n' ' ' <"$header" |
    sed -e 's|/\*[^*]*\*\**\([^/*][^*]*\*\**\)*/||g' -e 's/;/;\n/g' -e 's/{/{\n/g' -e 's/}/\n}/g' \
        >"$work/declarations"

sed -n 's/.*CNN_API[^(]*[ *]\(cnn_[a-z0-9_]*\)(.*/\1/p' "$work/declarations" |
    sort >"$work/declared"
exported() {
    case $library in
    *.dll) "$objdump" -p "$library" |
        awk '/Name Pointer\] Table/ { names = 1; next } NF == 0 { names = 0 } names { print $NF }' ;;
    *) "$nm" -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' ;;
    esac
}
exported | sort >"$work/exported"
sed -n 's/^ *\(cnn_[a-z0-9_]*\);$/\1/p' "$source/src/api/cnn.map" | sort >"$work/mapped"
same "symbols.txt and what the library exports" "$abi/symbols.txt" "$work/exported"
same "symbols.txt and the declarations in cnn.h" "$abi/symbols.txt" "$work/declared"
same "symbols.txt and cnn.map" "$abi/symbols.txt" "$work/mapped"

# Every struct and field has its row in layout.txt.
awk '
    /typedef struct [a-z0-9_]+ *{/ { struct = $0; sub(/.*typedef struct /, "", struct)
                                     sub(/ *{.*/, "", struct); print struct; next }
    /^}/ { struct = "" }
    struct != "" && /;/ {
        field = $0
        if (start = index(field, "(*")) { field = substr(field, start + 2); sub(/\).*/, "", field) }
        else { sub(/(\[[^]]*\])?;.*/, "", field); sub(/.*[ *]/, "", field) }
        print struct "." field
    }' "$work/declarations" | sort >"$work/fields"
sed 's/ .*//' "$abi/layout.txt" | sort >"$work/rows"
same "layout.txt and the structs in cnn.h" "$work/rows" "$work/fields"

# Nothing but the system's and the C and C++ run time is needed.
case $library in
*.dll)
    "$objdump" -p "$library" | sed -n 's/.*DLL Name: //p' >"$work/needed"
    allowed='(KERNEL32|msvcrt|api-ms-win-core-synch-l1-2-0)\.dll'
    ;;
*)
    "$readelf" -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >"$work/needed"
    allowed='(libc|libm|libdl|libpthread|libgcc_s|libstdc\+\+|ld-linux[-a-z0-9_]*)\.so\.[0-9]+'
    ;;
esac
if grep -Evx "$allowed" "$work/needed"; then
    echo "FAILED: the library needs more than the C and C++ run time"
    failed=1
fi

# What a library must never do to its host: print, end it, change its settings. (A DLL's imports are
# also those of its own C++ run time, which may.)
case $library in
*.dll) : >"$work/undefined" ;;
*) "$nm" -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $2); print $2 }' >"$work/undefined" ;;
esac
if grep -Ex 'v?f?printf|puts|putchar|perror|abort|_?exit|quick_exit|setlocale|signal|sigaction|s?rand|(secure_)?getenv|setenv|_ZSt4(cout|cerr|clog)' \
    "$work/undefined"; then
    echo "FAILED: the library calls what it must not"
    failed=1
fi

# A shared function outside of the file's own namespace would bring a newer processor's instructions to
# everyone.
for object in $(find "$build" -name 'isa_*.o' -o -name 'isa_*.obj'); do
    isa=$(basename "${object%.cpp.o*}")
    if "$nm" -C --defined-only "$object" | grep ' [WVu] ' | grep -v "cnn::cpu::${isa#isa_}::"; then
        echo "FAILED: $object shares functions with the rest of the library"
        failed=1
    fi
done

"$strip" -o "$work/stripped.so" "$library"
size=$(wc -c <"$work/stripped.so")
echo "stripped: $size bytes"
if [ "$size" -ge 3000000 ]; then
    echo "FAILED: the stripped library has 3 MB or more"
    failed=1
fi
exit $failed
