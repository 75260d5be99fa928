#!/usr/bin/env python3
"""Runs the networks of the benchmark `networks` with ONNX Runtime: networks_onnx.py NET [THREADS] [SECONDS].

NET is one of its names, or "all". PyTorch writes each to a temporary file, in a process of its own whose memory isn't
counted here. Random pictures; prints the median run and pictures a second, and the time from opening the file to the
end of the first run. ONNX Runtime doesn't train: networks that the benchmark trains are named and left out.
"""

import multiprocessing
import pathlib
import sys
import tempfile
import time

import networks_peer

try:
    import numpy
    import onnxruntime
except ImportError as error:
    sys.exit(f"""ONNX Runtime can't be imported ({error}). To have it beside Debian's PyTorch (python3-torch):
    /usr/bin/python3 -m venv --system-site-packages VENV
    VENV/bin/pip install onnxruntime
    VENV/bin/python {sys.argv[0]} ...""")


def export(case, path):
    import torch  # here alone, so that the measuring process doesn't hold it

    import networks_models
    torch.manual_seed(0)
    net = networks_models.BUILDERS[case.model]().eval()
    torch.onnx.export(net, torch.randn(case.batch, *case.picture), path, opset_version=13,
                      input_names=["x"], output_names=["y"])


def exported(case, folder):
    path = str(pathlib.Path(folder) / "net.onnx")
    child = multiprocessing.get_context("spawn").Process(target=export, args=(case, path))
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(f"PyTorch didn't write {case.model} as ONNX: see above")
    return path


def session_of(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def measure(case, threads, seconds):
    if case.training:
        return None
    x = {"x": numpy.random.default_rng(0).standard_normal((case.batch, *case.picture), dtype=numpy.float32)}
    with tempfile.TemporaryDirectory() as folder:
        path = exported(case, folder)
        begin = time.perf_counter()
        session = session_of(path, threads)
        session.run(None, x)
        first = time.perf_counter() - begin
    return networks_peer.Result(networks_peer.median_time(lambda: session.run(None, x), seconds), first)


if __name__ == "__main__":
    networks_peer.main(f"onnxruntime {onnxruntime.__version__}", measure)
