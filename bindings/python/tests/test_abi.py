"""The declarations against the library's own account of its structs and functions."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
import unittest

from cnn import _abi

from .common import REPOSITORY

ABI = REPOSITORY / "tests" / "abi"
PACKAGE = REPOSITORY / "bindings" / "python"


class AbiTest(unittest.TestCase):
    def test_structs_have_the_sizes_and_places_of_c(self) -> None:
        rows = (ABI / "layout.txt").read_text().splitlines()
        seen = set()
        for row in rows:
            words = row.split()
            struct, _, field = words[0].partition(".")
            kind = getattr(_abi, struct)
            seen.add(words[0])
            with self.subTest(row):
                if field:
                    place = getattr(kind, field)
                    self.assertEqual(f"at {place.offset} size {place.size}", " ".join(words[1:]))
                else:
                    self.assertEqual(f"size {ctypes.sizeof(kind)}", " ".join(words[1:]))
        declared = set()
        for name, kind in vars(_abi).items():
            fields = getattr(kind, "_fields_", None)
            if fields and name.startswith("cnn_"):
                declared |= {name} | {f"{name}.{field[0]}" for field in fields}
        self.assertEqual(seen, declared)

    def test_every_function_is_declared_and_reached(self) -> None:
        symbols = set((ABI / "symbols.txt").read_text().split())
        self.assertEqual(symbols, set(_abi.PROTOTYPES))
        sources = "".join(
            path.read_text() for path in (PACKAGE / "cnn").glob("*.py") if path.name != "_abi.py"
        )
        used = set(re.findall(r"\blib\.(cnn_\w+)", sources))
        self.assertEqual(symbols - used, set())

    def test_every_field_of_a_descriptor_is_reached(self) -> None:
        sources = "".join(
            path.read_text() for path in (PACKAGE / "cnn").glob("*.py") if path.name != "_abi.py"
        )
        for name, kind in vars(_abi).items():
            if not name.startswith("cnn_") or not isinstance(kind, type):
                continue
            for field, *_ in getattr(kind, "_fields_", []):
                if not field.startswith("reserved"):
                    with self.subTest(f"{name}.{field}"):
                        self.assertRegex(sources, rf"(\.{field}\b|\b{field}=)")

    def test_the_declarations_are_those_of_the_header(self) -> None:
        subprocess.run([sys.executable, PACKAGE / "generate.py", "--check"], check=True)


if __name__ == "__main__":
    unittest.main()
