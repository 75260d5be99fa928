"""Finds libcnn, opens it and declares its functions."""

from __future__ import annotations

import ctypes.util
import os
import sys
from pathlib import Path
from typing import List

from ._abi import PROTOTYPES, VERSION, Library


def _file_names() -> List[str]:
    if sys.platform == "win32":
        return ["cnn.dll", "libcnn.dll"]  # as Microsoft's and as GNU's compilers name it
    return ["libcnn.dylib"] if sys.platform == "darwin" else ["libcnn.so"]


def _place() -> str:
    """Where the library is."""
    chosen = os.environ.get("CNN_LIBRARY")
    if chosen:
        return chosen
    for name in _file_names():
        beside = Path(__file__).resolve().parent / name
        if beside.exists():
            return str(beside)
    return ctypes.util.find_library("cnn") or _file_names()[0]


def _open() -> Library:
    place = _place()
    try:
        library = Library(place)
    except OSError as error:
        raise ImportError(
            f"cnn: can't open libcnn: {error}. It is looked for where CNN_LIBRARY says, then "
            "beside this package, then where the system keeps its libraries"
        ) from None
    try:
        number = ctypes.CFUNCTYPE(ctypes.c_uint32)(("cnn_version", library))()
    except AttributeError:
        raise ImportError(f"cnn: {place} isn't libcnn") from None
    running = (number // 1000000, number // 1000 % 1000, number % 1000)
    # Before 1.0 a minor version may change the interface.
    same = running[0] == VERSION[0] and (VERSION[0] > 0 or running[1] == VERSION[1])
    if not same or running < VERSION:
        raise ImportError(
            f"cnn: {place} is libcnn {'.'.join(map(str, running))}, but this package is for "
            f"{'.'.join(map(str, VERSION))}"
        )
    for name, (result, arguments) in PROTOTYPES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"cnn: {place} is older than this package: no {name}") from None
        function.restype = result
        function.argtypes = arguments
    return library


lib = _open()
"""The library. ctypes lets other Python threads run while it computes."""


def version() -> str:
    """The version of the library that is running, "0.1.0"."""
    text: bytes = lib.cnn_version_string()
    return text.decode()


def version_number() -> int:
    """The same as a number: major * 1000000 + minor * 1000 + patch."""
    number: int = lib.cnn_version()
    return number
