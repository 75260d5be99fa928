#!/bin/sh
# game_test.sh GAME: the example game learns to catch its balls within some hundred frames.
set -eu

printed=$("$1" --headless --frames 1000 --budget 5000)
echo "$printed"
before=$(echo "$printed" | sed -n 's/^balls caught: \([0-9]*\)% before.*/\1/p')
after=$(echo "$printed" | sed -n 's/^balls caught: .*, \([0-9]*\)% of the latest.*/\1/p')
if [ "${before:-100}" -gt 40 ] || [ "${after:-0}" -lt 70 ]; then
    echo "it caught $before% before it learned and $after% after"
    exit 1
fi
