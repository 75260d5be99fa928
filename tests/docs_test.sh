#!/bin/sh
# docs_test.sh SOURCE-FOLDER: Doxygen finds nothing wrong in the headers' comments, and every function,
# type and constant of cnn.h has one.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/Doxyfile" <<END
PROJECT_NAME = libcnn
INPUT = $1/include/cnn
FILE_PATTERNS = *.h *.hpp
OUTPUT_DIRECTORY = $work
GENERATE_HTML = NO
GENERATE_LATEX = NO
GENERATE_XML = YES
JAVADOC_AUTOBRIEF = YES
EXCLUDE_SYMBOLS = reserved reserved32 cnn::*detail*
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = CNN_API=
HAVE_DOT = NO
QUIET = YES
END
doxygen "$work/Doxyfile" >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
# Fields whose names say all have no comment; cnn.hpp names what cnn.h tells of.
if grep -vE 'Member .* \(variable\) of struct .* is not documented|Compound .* is not documented|cnn\.hpp:.* is not documented' \
    "$work/log"; then
    echo "FAILED: these comments are wrong or missing"
    exit 1
fi
