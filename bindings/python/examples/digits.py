"""Teaches a network to read digits, shows how that goes, and measures it on pictures it never saw.

    python3 digits.py --data DIR [--device SPEC] [--epochs N] [--seed S] [--save FILE]
    python3 digits.py --mnist DIR ...

--data   what the program build/examples/digit_data writes: the digits of this machine's fonts, those
         to test on being of families that training never sees
--mnist  MNIST's four files, plain or gzipped
"""

from __future__ import annotations

import argparse
import gzip
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np

import cnn


def read_idx(folder: Path, name: str) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """A file in MNIST's format: two zeros, 8 for bytes, the number of sizes, the sizes, the bytes."""
    path = folder / name
    if not path.exists():
        path = folder / (name + ".gz")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SystemExit(f"{folder} has no {name}: {error}") from None
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    zeros, kind, rank = struct.unpack(">HBB", data[:4])
    if zeros or kind != 8 or len(data) < 4 + 4 * rank:
        raise SystemExit(f"{path} isn't an IDX file of bytes")
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def small_net(height: int, width: int, seed: int = 0) -> cnn.Net:
    """Two convolutions and three dense layers."""
    net = cnn.Net("small", seed=seed)
    x = net.input("image", (1, height, width))
    for filters in (6, 16):
        x = net.max_pool2d(net.conv2d(x, filters, kernel=5, activation="relu"), window=2)
    x = net.dense(x, 120, activation="relu")
    x = net.dense(x, 84, activation="relu")
    net.loss(net.dense(x, 10), "softmax_cross_entropy")
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument("--data", type=Path)
    data.add_argument("--mnist", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()

    folder = options.data or options.mnist
    images, labels, test_images, test_labels = (
        read_idx(folder, name)
        for name in (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        )
    )
    try:
        _, height, width = images.shape
        net = small_net(height, width, options.seed)
        device = net.compile(options.device, max_batch=64)
        report = net.fit(
            cnn.AdamW(learning_rate=4e-3, weight_decay=0.1),
            images,
            labels,
            scale=1 / 255,
            epochs=options.epochs,
            seed=options.seed,
            schedule="cosine",
            validation=(test_images, test_labels),
            progress=True,
        )
        if options.save:
            net.save(options.save)
    except cnn.Error as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")

    info = device.info
    accuracy = 100 * (report.validation_accuracy or 0)
    print(
        f"trained in {report.seconds:.1f} s on {info.spec} ({info.name}), "
        f"{report.samples_per_second:.0f} images/s"
    )
    print(f"reads {accuracy:.2f}% of {len(test_labels)} digits it never saw")


if __name__ == "__main__":
    main()
