#!/usr/bin/env python3
"""Trains and runs the networks of the benchmark `networks` with PyTorch: networks_torch.py NET [THREADS] [SECONDS].

NET is one of its names, or "all", where the peak of memory is that of all until then. Random pictures; prints the
median step and pictures a second.
Inference uses frozen, optimised TorchScript.
"""

import sys

import networks_peer

try:
    import torch
except ImportError as error:
    sys.exit(f"PyTorch can't be imported ({error}). Debian's package is python3-torch, for /usr/bin/python3.")
from torch.nn import functional

import networks_models


def train_time(net, x, seconds):
    labels = torch.randint(0, 10, (x.shape[0],))
    rule = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)

    def step():
        rule.zero_grad(set_to_none=True)
        functional.cross_entropy(net(x), labels).backward()
        rule.step()

    return networks_peer.median_time(step, seconds)


def run_time(net, x, seconds):
    with torch.inference_mode():
        frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net.eval(), x)))
        return networks_peer.median_time(lambda: frozen(x), seconds)


def measure(case, threads, seconds):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    net, x = networks_models.BUILDERS[case.model](), torch.randn(case.batch, *case.picture)
    return networks_peer.Result((train_time if case.training else run_time)(net, x, seconds))


if __name__ == "__main__":
    networks_peer.main(f"torch {torch.__version__}", measure)
