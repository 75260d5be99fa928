#!/usr/bin/env python3
"""Trains the networks of train_speed with PyTorch: train_torch.py NET [THREADS] [SECONDS] [sgd|adam].

NET is small or large. Batches of 64 random pictures; prints what train_speed prints.
"""

import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional


def small():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def large():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3136, 1024), nn.ReLU(), nn.Linear(1024, 10))


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "small"
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
    adam = len(sys.argv) > 4 and sys.argv[4] == "adam"
    torch.manual_seed(0)
    net = small() if name == "small" else large()
    rule = (torch.optim.Adam(net.parameters(), 1e-3) if adam
            else torch.optim.SGD(net.parameters(), 0.01, momentum=0.9))
    x, labels = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    times, start = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        rule.zero_grad(set_to_none=True)
        functional.cross_entropy(net(x), labels).backward()
        rule.step()
        times.append(time.perf_counter() - begin)
    times = sorted(times[3:])
    median = times[len(times) // 2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name} torch {torch.__version__} {'adam' if adam else 'sgd'}: median {median * 1e3:.3f} ms a step, "
          f"{64 / median:.0f} images/s, {len(times)} steps, peak RSS {peak:.1f} MB")


if __name__ == "__main__":
    main()
