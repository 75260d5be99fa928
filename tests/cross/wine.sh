#!/bin/sh
# wine.sh PROGRAM [ARGUMENT...]: runs a Windows program under Wine, silent but for what it prints, with
# a Windows of its own in CNN_WINEPREFIX (a folder under the system's temporary one by default).
set -eu

WINEPREFIX=${CNN_WINEPREFIX:-${TMPDIR:-/tmp}/cnn-wine-$(id -u)}
WINEDEBUG=-all
# Neither its browser engine nor .NET are wanted; no window is ever shown.
WINEDLLOVERRIDES='mscoree,mshtml='
export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
unset DISPLAY

wine=$(command -v wine64 || command -v wine || echo /usr/lib/wine/wine64)
if [ ! -f "$WINEPREFIX/system.reg" ]; then
    mkdir -p "$WINEPREFIX"
    "$wine" wineboot --init >/dev/null 2>&1 || true
fi
exec "$wine" "$@"
