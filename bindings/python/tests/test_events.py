"""Asynchronous runs."""

from __future__ import annotations

import asyncio
import gc
import threading
import unittest
from typing import Any, List

import numpy as np

import cnn
from cnn import _errors

from .common import random


def large() -> cnn.Net:
    net = cnn.Net(seed=2)
    x = net.input("x", (3, 24, 24))
    for _ in range(4):
        x = net.conv2d(x, 24, 3, padding="same", activation="relu")
    return net


class EventsTest(unittest.TestCase):
    def test_a_run_beside_the_caller(self) -> None:
        for threads in (1, 2):
            net = large()
            net.compile(cnn.Device("cpu", threads=threads), max_batch=16)
            x = random(40, 3, 24, 24)
            want = net.run(x)
            out = np.empty_like(want)
            event = net.run_async(x, out)
            (result,) = event.result()
            self.assertIs(result, out)
            np.testing.assert_array_equal(out, want)
            self.assertTrue(event.done)
            self.assertTrue(event.wait(0))
            self.assertIs(event.result()[0], out)
            self.assertIn("done", repr(event))
            event.close()
            self.assertIn("closed", repr(event))

    def test_meanwhile_the_net_is_busy(self) -> None:
        net = large()
        net.compile(cnn.Device("cpu", threads=1), max_batch=16)
        x = random(16, 3, 24, 24)
        with net.run_async(x) as event:
            self.assertFalse(event.done)
            with self.assertRaises(cnn.BusyError):
                net.run(x)
            self.assertGreater(net.parameters.vector.size, 0)
        np.testing.assert_array_equal(event.closed, True)
        net.run(x)

    def test_cancelling(self) -> None:
        entered, gate = threading.Event(), threading.Event()

        def wait(call: cnn.HostCall) -> None:
            entered.set()
            gate.wait()
            call.output[...] = call.inputs[0]

        net = cnn.Net()
        n = net.host_layer(net.input("x", (3,)), cnn.HostLayer("gate", wait, wait))
        net.dense(n, 2)
        net.compile(cnn.Device("cpu", threads=2), max_batch=8)
        x = random(20, 3)
        event = net.run_async(x)
        entered.wait()
        self.assertFalse(event.wait(0))
        with self.assertRaises(TimeoutError):
            event.result(1e-6)
        event.cancel()
        gate.set()
        with self.assertRaises(cnn.CancelledError):
            event.result()
        net.run(x)

    def test_mistakes_raise_at_once(self) -> None:
        net = large()
        net.compile("cpu", max_batch=16)
        with self.assertRaises(cnn.ShapeMismatchError):
            net.run_async(random(2, 3, 24, 23))

    def test_awaiting(self) -> None:
        net, other = large(), large()
        for each in (net, other):
            each.compile("cpu", max_batch=16)
        x = random(20, 3, 24, 24)

        async def both() -> Any:
            return await asyncio.gather(run(net), run(other))

        async def run(one: cnn.Net) -> Any:
            return (await one.run_async(x))[0]

        first, second = asyncio.run(both())
        np.testing.assert_array_equal(first, net.run(x))
        np.testing.assert_array_equal(second, first)

    def test_what_the_run_needs_is_kept(self) -> None:
        net = large()
        net.compile("cpu", max_batch=16)
        x = random(64, 3, 24, 24)
        want = net.run(x)
        event = net.run_async(x.astype(np.float64))
        del net
        gc.collect()
        np.testing.assert_array_equal(event.result()[0], want)
        # An event that nobody waits for ends the run before its arrays.
        net = large()
        net.compile("cpu", max_batch=16)
        net.run_async(x.astype(np.float64))
        gc.collect()
        np.testing.assert_array_equal(net.run(x), want)

    def test_what_a_layer_raises_is_raised(self) -> None:
        kept: List[int] = []

        def fail(call: cnn.HostCall) -> None:
            kept.append(call.n)
            raise ZeroDivisionError("in the layer")

        for threads in (1, 2):
            net = cnn.Net()
            net.host_layer(net.input("x", (3,)), cnn.HostLayer("fail", fail, fail))
            net.compile(cnn.Device("cpu", threads=threads), max_batch=8)
            event = net.run_async(random(5, 3))
            for _ in range(2):
                with self.assertRaisesRegex(ZeroDivisionError, "in the layer"):
                    event.result()
        self.assertEqual(kept, [5, 5])
        self.assertEqual(_errors.pending, {})


if __name__ == "__main__":
    unittest.main()
