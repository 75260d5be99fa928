#!/bin/sh
# includes_test.sh SOURCE-FOLDER: who may include whom inside src/.
set -eu

cd "$1/src"
failed=0

# allowed FILE: an expression for the files that FILE may include.
allowed() {
    # base/ serves everyone; what a folder may see grows from there.
    ops='base/|ops/'
    # Of backends: the interface and what is built on it alone, never one by name.
    backend='backend/(backend|flat_vector|tuning|measure)\.h'
    graph="$ops|$backend|layers/|losses/|graph/"
    train="$graph|optim/|train/|cnn/cnn\.h"
    case $1 in
    base/*) echo 'base/' ;;
    ops/*) echo "$ops" ;;
    layers/*) echo "$ops|layers/" ;;
    losses/*) echo "$ops|losses/" ;;
    backend/registry.*) echo "$ops|backend/" ;;
    backend/*/*)
        folder=${1#backend/}
        echo "$ops|backend/[a-z_]+\.h|backend/${folder%%/*}/"
        ;;
    backend/*) echo "$ops|backend/[a-z_]+\.h" ;;
    graph/*) echo "$graph" ;;
    # Never a graph or a layer.
    optim/*) echo "$ops|$backend|optim/" ;;
    train/*) echo "$train" ;;
    io/*) echo "$train|io/" ;;
    # Devices are opened here.
    api/*) echo "$train|backend/registry\.h|io/|api/" ;;
    *) echo 'base/' ;;
    esac
}

for file in $(find . -name '*.h' -o -name '*.cpp' -o -name '*.inl' | sort); do
    file=${file#./}
    wrong=$(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file" |
        grep -Ev "^($(allowed "$file"))" || [ $? -eq 1 ])
    for header in $wrong; do
        echo "FAILED: src/$file includes \"$header\""
        failed=1
    done
    # The public header's types end where the host's descriptors are read.
    case $file in
    api/* | io/* | train/*) ;;
    *)
        if grep -n '# *include *[<"]cnn/' "$file"; then
            echo "FAILED: src/$file includes a public header"
            failed=1
        fi
        ;;
    esac
done
exit $failed
