"""What a call costs in Python: on the smallest network, 2-3-1 at batch 1, microseconds of this thread's
time, the median of several rounds; build/tests/bench/call_overhead tells what it costs in C. Fails
where a common call costs over 10 microseconds more.

    python3 -m tests.bench_calls [CALL_OVERHEAD]
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from statistics import median
from typing import Any, Callable, Dict, Optional

import numpy as np

import cnn

LIMIT = 10
"""Microseconds that a call may cost more than in C."""


def cost(call: Callable[[], Any], rounds: int = 15, calls: int = 5000) -> float:
    """Microseconds."""
    times = []
    for _ in range(rounds):
        began = time.thread_time()
        for _ in range(calls):
            call()
        times.append((time.thread_time() - began) / calls * 1e6)
    return median(times)


def costs() -> Dict[str, float]:
    net = cnn.Net()
    x = net.input("x", (2,))
    y = net.dense(net.dense(x, 3, activation="tanh"), 1)
    net.loss(y, "mse")
    net.compile("cpu")
    sample = np.array([[0, 1]], np.float32)
    target = np.array([[1]], np.float32)
    out = np.empty((1, 1), np.float32)
    samples = cnn.Samples(sample, target)
    view = cnn.View(sample)
    sgd = cnn.SGD()
    return {
        "run(x, out)": cost(lambda: net.run(sample, out)),
        "run(x)": cost(lambda: net.run(sample)),
        "run(View)": cost(lambda: net.run(view)),
        "run(View, out)": cost(lambda: net.run(view, out)),
        "train_step(samples)": cost(lambda: net.train_step(sgd, samples)),
        "evaluate(samples)": cost(lambda: net.evaluate(samples)),
        "train_step(x, y)": cost(lambda: net.train_step(sgd, sample, target)),
    }


UNLIMITED = ("train_step(x, y)",)
"""Who repeats it makes Samples once."""


def in_c(program: Optional[str]) -> Dict[str, float]:
    """Of the functions of C, in microseconds."""
    if program is None:
        return {}
    text = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    found = re.findall(r"cnn_net_(\w+) of .*C (\d+) ns", text)
    return {name: int(nanoseconds) / 1000 for name, nanoseconds in found}


def main() -> int:
    c = in_c(sys.argv[1] if len(sys.argv) > 1 else None)
    for name, microseconds in c.items():
        print(f"{'cnn_net_' + name + ' in C':28}{microseconds:8.2f} us")
    status = 0
    for name, microseconds in costs().items():
        print(f"{name:28}{microseconds:8.2f} us")
        base = c.get(name.split("(")[0])
        if base is not None and name not in UNLIMITED and microseconds > base + LIMIT:
            print(f"{name} costs over {LIMIT} us more than in C")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
