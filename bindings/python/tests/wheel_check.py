"""Run where a wheel is installed: the library that is used is the wheel's, and it learns."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import cnn
from cnn._library import lib

home = Path(cnn.__file__).resolve().parent
assert str(home).startswith(sys.prefix), home
assert Path(lib._name).parent == home, lib._name
maps = Path("/proc/self/maps")
if maps.exists():
    loaded = {line.split()[-1] for line in maps.read_text().splitlines() if "libcnn" in line}
    assert loaded == {str(home / "libcnn.so")}, loaded

net = cnn.Net(seed=1)
x = net.input("x", (2,))
net.loss(net.dense(net.dense(x, 8, activation="tanh"), 1, activation="sigmoid"), "mse")
net.compile("cpu", max_batch=4)
inputs, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
net.minimize(cnn.LevenbergMarquardt(), inputs, targets)
assert np.abs(net.run(inputs) - targets).max() < 0.05
print(f"libcnn {cnn.__version__} of {home} learnt exclusive or")
