"""The package itself: documentation, names, how the library is found."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import unittest
from enum import Enum

import cnn


class PackageTest(unittest.TestCase):
    def test_everything_public_is_documented(self) -> None:
        for name in cnn.__all__:
            thing = getattr(cnn, name)
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            self.assertTrue(thing.__doc__, name)
            if not inspect.isclass(thing) or issubclass(thing, Enum):
                continue
            for base in thing.__mro__:
                if not base.__module__.startswith("cnn"):
                    continue
                for member, value in vars(base).items():
                    if not member.startswith("_") and (
                        inspect.isfunction(value)
                        or isinstance(value, (property, classmethod, staticmethod))
                    ):
                        with self.subTest(f"{name}.{member}"):
                            self.assertTrue(inspect.getdoc(value))

    def test_names(self) -> None:
        self.assertEqual(sorted(set(cnn.__all__)), sorted(cnn.__all__))
        for name in cnn.__all__:
            self.assertTrue(hasattr(cnn, name), name)
        self.assertEqual(cnn.__version__, cnn.version())
        self.assertEqual(
            cnn.version_number(),
            sum(int(v) * k for v, k in zip(cnn.version().split("."), (1000000, 1000, 1))),
        )
        self.assertEqual(cnn.status_name(cnn.Status.BAD_FILE), "CNN_BAD_FILE")
        for status in cnn.Status:
            self.assertEqual(cnn.status_name(status), "CNN_" + status.name)
        self.assertEqual(cnn.status_name(999), "CNN_UNKNOWN")

    def imported(self, library: str) -> str:
        """What importing says with that CNN_LIBRARY."""
        environment = {**os.environ, "CNN_LIBRARY": library, "PYTHONPATH": os.getcwd()}
        done = subprocess.run(
            [sys.executable, "-c", "import cnn"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.stderr

    def test_a_library_that_is_not_there_or_another(self) -> None:
        self.assertRegex(self.imported("/nowhere/libcnn.so"), "ImportError: cnn: .*nowhere")
        self.assertRegex(self.imported("libc.so.6"), "ImportError: cnn: libc.so.6 isn't libcnn")

    def test_every_status_has_its_exception(self) -> None:
        from cnn import _abi, _errors

        for status in cnn.Status:
            if status == cnn.Status.OK:
                continue
            raised = _errors.exception_of(_abi.cnn_error(status=status, node=3, message=b"it"))
            self.assertIsNot(type(raised), cnn.Error)
            self.assertEqual((str(raised), raised.status, raised.node), ("it", status, 3))
        newer = _errors.exception_of(_abi.cnn_error(status=999, node=-1, message=b"it"))
        self.assertEqual((type(newer), newer.status, newer.node), (cnn.Error, 999, None))


if __name__ == "__main__":
    unittest.main()
