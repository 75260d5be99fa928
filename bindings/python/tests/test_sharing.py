"""Nets that share their parameters."""

from __future__ import annotations

import threading
import unittest
from typing import Any, List

import numpy as np

import cnn

from .common import classifier, pictures


class SharingTest(unittest.TestCase):
    def test_what_a_shared_net_may(self) -> None:
        net = classifier()
        net.compile("cpu", max_batch=8)
        images, labels = pictures(8)
        shared = net.share()
        shared.compile("cpu", max_batch=8)
        np.testing.assert_allclose(shared.run(images), net.run(images), rtol=1e-4, atol=1e-3)
        np.testing.assert_array_equal(shared.parameters.vector, net.parameters.vector)
        cnn.Net.load(shared.to_bytes())
        for change in (
            lambda: shared.train_step(cnn.SGD(), images, labels),
            lambda: shared.loss_gradient(images, labels),
            lambda: shared.freeze("dense_1"),
        ):
            calls: Any = change
            with self.assertRaises(cnn.BadStateError):
                calls()
        with self.assertRaises(cnn.UnsupportedError):
            shared.partial_run(images).run_for(-1)
        shared.clone().freeze("dense_1")
        with self.assertRaises(cnn.BadStateError):
            net.hand_over(shared)
        other = cnn.Net()
        other.dense(other.input("x", (2,)), 2)
        with self.assertRaises(cnn.ShapeMismatchError):
            shared.hand_over(other)

    def test_threads_run_while_new_parameters_come(self) -> None:
        learner = classifier()
        learner.compile("cpu", max_batch=8)
        images, labels = pictures(8)
        first = learner.share()
        nets = [first, *[first.share() for _ in range(3)]]
        known: List[bytes] = []
        unknown: List[bytes] = []
        lock, stop = threading.Lock(), threading.Event()

        def results(net: cnn.Net) -> bytes:
            return net.run(images).tobytes()

        def work(net: cnn.Net) -> None:
            while not stop.is_set():
                result = results(net)
                with lock:
                    unknown.append(result)

        for net in nets:
            net.compile("cpu", max_batch=8)
        witness = learner.clone()
        witness.compile("cpu", max_batch=8, inference_only=True)
        known.append(results(witness))
        threads = [threading.Thread(target=work, args=(net,)) for net in nets]
        for thread in threads:
            thread.start()
        sgd = cnn.SGD(learning_rate=0.1)
        for _ in range(20):
            learner.train_step(sgd, images, labels, scale=1 / 255)
            witness = learner.clone()
            witness.compile("cpu", max_batch=8, inference_only=True)
            known.append(results(witness))
            first.hand_over(learner)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(set(unknown) - set(known), set())
        self.assertGreater(len(set(unknown)), 1)
        for net in nets:
            self.assertEqual(results(net), known[-1])


if __name__ == "__main__":
    unittest.main()
