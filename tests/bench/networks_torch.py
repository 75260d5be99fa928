#!/usr/bin/env python3
"""Trains and runs the networks of the benchmark `networks` with PyTorch: networks_torch.py NET [THREADS] [SECONDS].

NET is one of its names, or "all". Random pictures; prints the median step and pictures a second.
Inference uses frozen, optimised TorchScript.
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


def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.Sigmoid(), nn.Linear(100, 10))


def conv_norm(inputs, filters, kernel, stride=1, groups=1):
    return [nn.Conv2d(inputs, filters, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(filters)]


class Residual(nn.Module):
    """relu(deep(x) + shortcut(x)), or without the activation."""

    def __init__(self, deep, shortcut, rectified=True):
        super().__init__()
        self.deep = nn.Sequential(*deep)
        self.shortcut = nn.Sequential(*shortcut)
        self.rectified = rectified

    def forward(self, x):
        y = self.deep(x) + self.shortcut(x)
        return functional.relu(y) if self.rectified else y


def resnet20():
    layers, inputs = [*conv_norm(3, 16, 3), nn.ReLU()], 16
    for filters in (16, 32, 64):
        for block in range(3):
            stride = 2 if filters != 16 and block == 0 else 1
            layers.append(Residual(
                [*conv_norm(inputs, filters, 3, stride), nn.ReLU(), *conv_norm(filters, filters, 3)],
                conv_norm(inputs, filters, 1, stride) if stride != 1 or inputs != filters else []))
            inputs = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def resnet50():
    layers, inputs = [*conv_norm(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for filters, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if filters != 64 and block == 0 else 1
            layers.append(Residual(
                [*conv_norm(inputs, filters, 1), nn.ReLU(), *conv_norm(filters, filters, 3, stride), nn.ReLU(),
                 *conv_norm(filters, 4 * filters, 1)],
                conv_norm(inputs, 4 * filters, 1, stride) if inputs != 4 * filters else []))
            inputs = 4 * filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def mobilenet_v2():
    layers, inputs = [*conv_norm(3, 32, 3, 2), nn.ReLU()], 32
    for expansion, filters, blocks, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                              (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            stride, hidden = first if block == 0 else 1, inputs * expansion
            deep = [*conv_norm(inputs, hidden, 1), nn.ReLU()] if expansion != 1 else []
            deep += [*conv_norm(hidden, hidden, 3, stride, hidden), nn.ReLU(), *conv_norm(hidden, filters, 1)]
            same = stride == 1 and inputs == filters
            layers.append(Residual(deep, [], False) if same else nn.Sequential(*deep))
            inputs = filters
    return nn.Sequential(*layers, *conv_norm(320, 1280, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(1280, 1000))


def vgg16():
    layers, inputs = [], 3
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
            inputs = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(),
                         nn.Linear(4096, 1000))


CASES = {  # builder, picture, batch, training
    "small": (small, (1, 28, 28), 64, True),
    "large": (large, (1, 28, 28), 64, True),
    "perceptron": (perceptron, (1, 28, 28), 64, True),
    "resnet20": (resnet20, (3, 32, 32), 128, True),
    "resnet50-b1": (resnet50, (3, 224, 224), 1, False),
    "resnet50-b8": (resnet50, (3, 224, 224), 8, False),
    "mobilenet_v2-b1": (mobilenet_v2, (3, 224, 224), 1, False),
    "mobilenet_v2-b8": (mobilenet_v2, (3, 224, 224), 8, False),
    "vgg16-b1": (vgg16, (3, 224, 224), 1, False),
}


def median_time(once, seconds):
    times, start = [], time.perf_counter()
    while len(times) < 8 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        once()
        times.append(time.perf_counter() - begin)
    times = sorted(times[3:])
    return times[len(times) // 2]


def train_time(net, x, seconds):
    labels = torch.randint(0, 10, (x.shape[0],))
    rule = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)

    def step():
        rule.zero_grad(set_to_none=True)
        functional.cross_entropy(net(x), labels).backward()
        rule.step()

    return median_time(step, seconds)


def run_time(net, x, seconds):
    with torch.inference_mode():
        frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net.eval(), x)))
        return median_time(lambda: frozen(x), seconds)


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "all"
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
    for case, (build, picture, batch, training) in CASES.items():
        if name not in ("all", case):
            continue
        torch.manual_seed(0)
        net, x = build(), torch.randn(batch, *picture)
        median = (train_time if training else run_time)(net, x, seconds)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{case:16} torch {torch.__version__} median {median * 1e3:9.3f} ms, {batch / median:9.1f} pictures/s; "
              f"peak RSS {peak:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
