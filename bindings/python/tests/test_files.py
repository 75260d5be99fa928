"""Models and checkpoints in paths, files and bytes."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np

import cnn

from .common import classifier, pictures, small_net, xor


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def same(self, net: cnn.Net, other: cnn.Net) -> None:
        np.testing.assert_array_equal(net.parameters.vector, other.parameters.vector)
        self.assertEqual(net.summary(), other.summary())

    def test_every_kind_of_target_and_source(self) -> None:
        net = classifier()
        data = net.to_bytes()
        path = self.folder / "größe.safetensors"
        net.save(path)
        self.assertEqual(path.read_bytes(), data)
        net.save(str(path))
        file = io.BytesIO()
        net.save(file)
        self.assertEqual(file.getvalue(), data)
        with open(self.folder / "raw", "wb", buffering=0) as raw:
            net.save(raw)
        sources: Any = (path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data))
        for source in sources:
            self.same(cnn.Net.load(source), net)
        with open(self.folder / "raw", "rb", buffering=0) as raw:
            self.same(cnn.Net.load(raw), net)

    def test_any_reader_of_safetensors_opens_it(self) -> None:
        net = small_net()
        data = net.to_bytes()
        (size,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + size])
        begin, end = header["dense_1/weight"]["data_offsets"]
        weight = np.frombuffer(data[8 + size :][begin:end], np.float32).reshape(3, 2)
        np.testing.assert_array_equal(weight, net.parameters["dense_1/weight"])

    def test_errors(self) -> None:
        data = small_net().to_bytes()
        with self.assertRaises(cnn.BadFileError):
            cnn.Net.load(data[:-5])
        with self.assertRaises(cnn.BadFileError):
            cnn.Net.load(b"")
        with self.assertRaises(cnn.InputOutputError) as raised:
            cnn.Net.load(self.folder / "nothing")
        self.assertIsInstance(raised.exception, OSError)
        self.assertIn("nothing", str(raised.exception))
        with self.assertRaises(cnn.NotFoundError):
            cnn.load_checkpoint(data)

        class Broken:
            def write(self, data: bytes) -> int:
                raise ConnectionError("the other end went away")

            def read(self, size: int) -> bytes:
                raise ConnectionError("the other end went away")

        class Greedy:
            def read(self, size: int) -> bytes:
                return b"x" * (size + 1)

        with self.assertRaises(ConnectionError):
            small_net().save(Broken())
        with self.assertRaises(ConnectionError):
            cnn.Net.load(Broken())
        with self.assertRaises(ValueError):
            cnn.Net.load(Greedy())

    def test_partial_writes_and_reads(self) -> None:
        class Slow(io.BytesIO):
            def write(self, data: Any) -> int:
                return super().write(bytes(data[:7]))

            def read(self, size: Any = -1) -> bytes:
                return super().read(min(size, 11))

        net, file = small_net(), Slow()
        net.save(file)
        self.assertEqual(file.getvalue(), net.to_bytes())
        file.seek(0)
        self.same(cnn.Net.load(file), net)

    def test_a_checkpoint_goes_on_with_the_same_bits(self) -> None:
        images, labels = pictures(64)

        def half(progress: cnn.Progress) -> Any:
            return cnn.STOP if progress.step == 8 else None

        whole, adam = classifier(), cnn.Adam(learning_rate=0.01)
        whole.compile("cpu", max_batch=8)
        whole.fit(adam, images, labels, epochs=2, scale=1 / 255)
        net, adam = classifier(), cnn.Adam(learning_rate=0.01)
        net.compile("cpu", max_batch=8)
        net.fit(
            adam, images, labels, epochs=2, scale=1 / 255, progress=half, progress_interval=0
        )
        path = self.folder / "checkpoint"
        cnn.save_checkpoint(net, adam, path)
        file = io.BytesIO()
        cnn.save_checkpoint(net, adam, file)
        self.assertEqual(file.getvalue(), path.read_bytes())
        self.assertEqual(file.getvalue(), cnn.checkpoint_to_bytes(net, adam))
        file.seek(0)
        sources: Any = (path, file, file.getvalue())
        for source in sources:
            again, optimizer = cnn.load_checkpoint(source)
            self.assertIsInstance(optimizer, cnn.Adam)
            self.assertEqual((optimizer.steps, optimizer["learning_rate"]), (8, 0.01))
            again.compile("cpu", max_batch=8)
            again.fit(optimizer, images, labels, epochs=2, scale=1 / 255, resume=True)
            np.testing.assert_array_equal(again.parameters.vector, whole.parameters.vector)

    def test_a_minimizer_is_kept_too(self) -> None:
        x, y = xor()
        net = small_net()
        net.compile("cpu", max_batch=4)
        _, bfgs = cnn.load_checkpoint(cnn.checkpoint_to_bytes(net, cnn.BFGS(c1=0.25)))
        assert isinstance(bfgs, cnn.BFGS)
        self.assertEqual(bfgs.c1, 0.25)


if __name__ == "__main__":
    unittest.main()
