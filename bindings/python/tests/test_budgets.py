"""Runs and training in instalments."""

from __future__ import annotations

import math
import unittest

import numpy as np

import cnn

from .common import classifier, pictures, random


class BudgetsTest(unittest.TestCase):
    def test_a_run_in_instalments_gives_the_same_bits(self) -> None:
        net = cnn.Net(seed=2)
        x = net.input("x", (3, 24, 24))
        for _ in range(4):
            x = net.conv2d(x, 24, 3, padding="same", activation="relu")
        net.compile("cpu", max_batch=16)
        samples = random(40, 3, 24, 24)
        want = net.run(samples)
        out = np.empty_like(want)
        run = net.partial_run([samples], [out])
        start = run.run_for(0)
        self.assertFalse(start.done)
        self.assertEqual(start.fraction, 0)
        progress = run.run_for(start.next_microseconds / 1000)
        self.assertEqual((run.done, progress.fraction), (False, 0))
        budget, calls = 1.2 * start.next_microseconds, 0
        while not run.done:
            progress = run.run_for(budget)
            self.assertTrue(0 <= progress.fraction <= 1)
            calls += 1
            self.assertLess(calls, 10000)
            if calls == 2:
                net.run(samples[:3])
            budget = max(budget, 1.2 * progress.next_microseconds)
        self.assertIs(run.outputs[0], out)
        np.testing.assert_array_equal(out, want)
        # It begins anew, here at once and whole.
        out[...] = 0
        self.assertTrue(run.run_for(-1).done)
        np.testing.assert_array_equal(out, want)
        run.restart()
        self.assertFalse(run.done)
        self.assertEqual(run.run_for(-1).next_microseconds, 0)
        with self.assertRaises(cnn.OutOfRangeError):
            run.run_for(math.nan)

    def test_a_fit_in_instalments_gives_the_same_bits(self) -> None:
        images, labels = pictures(70)
        nets = []
        for _ in range(2):
            net = classifier()
            net.compile("cpu", max_batch=16)
            nets.append(net)
        whole, parts = nets
        whole.fit(cnn.Adam(), images, labels, epochs=3, seed=5, scale=1 / 255)
        adam, samples = cnn.Adam(), cnn.Samples(images, labels, scale=1 / 255)
        progress = parts.fit_for(adam, samples, microseconds=0, epochs=3, seed=5)
        self.assertFalse(progress.done)
        before = parts.parameters.vector
        np.testing.assert_array_equal(before, classifier().parameters.vector)
        budget, calls = progress.next_microseconds / 1000, 0
        progress = parts.fit_for(adam, samples, microseconds=budget, epochs=3, seed=5)
        self.assertEqual((progress.done, adam.steps), (False, 0))
        while not progress.done:
            budget = 1.2 * progress.next_microseconds + 20
            progress = parts.fit_for(adam, samples, microseconds=budget, epochs=3, seed=5)
            calls += 1
            self.assertLess(calls, 10000)
        self.assertEqual(adam.steps, 15)
        np.testing.assert_array_equal(parts.parameters.vector, whole.parameters.vector)

    def test_learning_without_end(self) -> None:
        net, sgd = classifier(), cnn.SGD()
        net.compile("cpu", max_batch=8)
        images, labels = pictures(32)
        calls = 0
        while sgd.steps < 10:  # more than an epoch's
            progress = net.fit_for(
                sgd, images, labels, microseconds=3000, scale=1 / 255, validation=(images, labels)
            )
            self.assertFalse(progress.done)
            self.assertEqual(progress.fraction, 0)
            calls += 1
            self.assertLess(calls, 10000)
        progress = net.fit_for(
            sgd, images, labels, microseconds=0, scale=1 / 255, epochs=1, restart=True
        )
        self.assertEqual((progress.done, progress.epoch), (False, 0))
        progress = net.fit_for(sgd, images, labels, microseconds=-1, scale=1 / 255, epochs=1)
        self.assertTrue(progress.done)


if __name__ == "__main__":
    unittest.main()
