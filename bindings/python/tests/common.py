"""What the tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np

import cnn

REPOSITORY = Path(__file__).resolve().parents[3]


def device_specs() -> List[str]:
    """The devices to test on: CNN_TEST_DEVICES, else the CPU; other devices are the library's own
    tests' business."""
    return os.environ.get("CNN_TEST_DEVICES", "cpu").split()


DEVICES = device_specs()


def random(*shape: int, seed: int = 0) -> "np.ndarray[Any, Any]":
    """float32 numbers in [-1, 1)."""
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def xor() -> Tuple[Any, Any]:
    """The samples of exclusive or."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    return x, np.array([[0], [1], [1], [0]], np.float32)


def small_net(units: int = 3, seed: int = 1) -> cnn.Net:
    """A net for xor(), not compiled."""
    net = cnn.Net("small", seed=seed)
    x = net.input("x", (2,))
    x = net.dense(x, units, activation="tanh")
    net.loss(net.dense(x, 1, activation="sigmoid"), "mse")
    return net


def classifier(seed: int = 1) -> cnn.Net:
    """A net for pictures [2, 6, 6] in three classes, not compiled."""
    net = cnn.Net("classifier", seed=seed)
    x = net.input("image", (2, 6, 6))
    x = net.conv2d(x, 4, 3, padding="same", activation="relu")
    x = net.max_pool2d(x, 2)
    net.loss(net.dense(x, 3), "softmax_cross_entropy")
    return net


def pictures(n: int, seed: int = 0) -> Tuple[Any, Any]:
    """Pictures for classifier(), a class being where the light is."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, n).astype(np.uint8)
    images = generator.uniform(0, 60, (n, 2, 6, 6))
    for image, label in zip(images, labels):
        image[:, 2 * label : 2 * label + 2, :] += 150
    return images.astype(np.uint8), labels
