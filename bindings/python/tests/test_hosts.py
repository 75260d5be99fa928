"""Hooks of devices; layers and activations that Python computes; threads; lifetimes."""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
import logging
import os
import signal
import sys
import threading
import tracemalloc
import unittest
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Tuple
from unittest import mock

import numpy as np

import cnn
from cnn import _callbacks, _errors
from cnn._library import lib

from .common import classifier, pictures, random, small_net, xor


class Arena:
    """An allocator that counts."""

    def __init__(self) -> None:
        self.blocks: Dict[int, Tuple[int, int, Any]] = {}
        self.peak = 0
        self.lock = threading.Lock()

    def alloc(self, size: int, align: int) -> int:
        memory = ctypes.create_string_buffer(size + align)
        address = (ctypes.addressof(memory) + align - 1) // align * align
        with self.lock:
            self.blocks[address] = (size, align, memory)
            self.peak = max(self.peak, self.bytes())
        return address

    def free(self, address: int, size: int, align: int) -> None:
        with self.lock:
            assert self.blocks.pop(address)[:2] == (size, align)

    def bytes(self) -> int:
        return sum(size for size, _, _ in self.blocks.values())


class DevicesTest(unittest.TestCase):
    def test_what_there_is(self) -> None:
        found = cnn.devices()
        self.assertEqual(found[0].spec, "cpu")
        self.assertEqual(found[0].kind, cnn.DeviceKind.CPU)
        device = cnn.Device("cpu")
        self.assertEqual(device.info.name, found[0].name)
        self.assertIn("cpu", repr(device))
        with device:
            pass
        self.assertIn("closed", repr(device))
        with self.assertRaises(cnn.InvalidArgumentError):
            device.info
        with self.assertRaisesRegex(cnn.NotFoundError, "cpu"):
            cnn.Device("gpu:7")

    def test_an_allocator_serves_all_of_it(self) -> None:
        arena = Arena()
        released: List[int] = []
        device = cnn.Device("cpu", allocator=arena, released=lambda: released.append(1))
        net = classifier()
        net.compile(device, max_batch=8)
        images, labels = pictures(16)
        net.fit(cnn.Adam(), images, labels, epochs=2, scale=1 / 255)
        self.assertGreater(arena.bytes(), net.parameters.elements * 4)
        self.assertEqual(device.info.memory_used, arena.bytes())
        self.assertEqual(device.info.memory_peak, arena.peak)
        device.close()
        net.run(images)
        self.assertEqual(released, [])
        net.close()
        self.assertEqual((released, arena.blocks), ([1], {}))

    def test_an_allocator_without_memory(self) -> None:
        class Empty(Arena):
            full = False

            def alloc(self, size: int, align: int) -> Any:
                return None if self.full else super().alloc(size, align)

        arena = Empty()
        device = cnn.Device("cpu", allocator=arena)
        arena.full = True
        net = classifier()
        with self.assertRaises(cnn.OutOfMemoryError):
            net.compile(device, max_batch=8)
        arena.full = False
        net.compile(device, max_batch=8)

    def test_memory_limit(self) -> None:
        net = classifier()
        with self.assertRaises((cnn.LimitExceededError, cnn.OutOfMemoryError)):
            net.compile(cnn.Device("cpu", memory_limit=100), max_batch=8)

    def test_log(self) -> None:
        heard: List[Tuple[cnn.LogLevel, str]] = []
        device = cnn.Device(
            "cpu", log=lambda level, text: heard.append((level, text)), log_level="debug"
        )
        net = small_net()
        net.compile(device, max_batch=4)
        with self.assertLogs("cnn", logging.DEBUG) as logs:
            logger = logging.getLogger("cnn")
            other = cnn.Device("cpu", log=logger, log_level=cnn.LogLevel.DEBUG)
            logger.debug("at least this")
            small_net().compile(other, max_batch=4)
        self.assertEqual([text for _, text in heard], [r.getMessage() for r in logs.records[1:]])
        for level, text in heard:
            self.assertIsInstance(level, cnn.LogLevel)
            self.assertTrue(text)

    def test_what_a_hook_raises_is_raised(self) -> None:
        class Broken(Arena):
            broken = False

            def alloc(self, size: int, align: int) -> int:
                if self.broken:
                    raise ZeroDivisionError("in the allocator")
                return super().alloc(size, align)

        arena = Broken()
        device = cnn.Device("cpu", allocator=arena)
        arena.broken = True
        with self.assertRaisesRegex(ZeroDivisionError, "in the allocator"):
            small_net().compile(device, max_batch=4)
        self.assertEqual(_errors.pending, {})

    def test_a_task_runner_gives_the_same_bits(self) -> None:
        x = random(64, 2, 24, 24)

        def build() -> cnn.Net:
            net = cnn.Net(seed=4)
            n = net.input("x", (2, 24, 24))
            net.conv2d(net.conv2d(n, 32, 5, padding="same"), 32, 5, padding="same")
            return net

        counts: List[int] = []
        with ThreadPoolExecutor(4) as pool:

            def spread(count: int, task: Any) -> None:
                counts.append(count)
                list(pool.map(task, range(count)))

            def lazy(count: int, task: Any) -> None:
                task(count - 1)

            def broken(count: int, task: Any) -> None:
                task(0)
                raise ZeroDivisionError("in the runner")

            results = []
            for runner in (None, spread, lazy):
                net = build()
                net.compile(cnn.Device("cpu", threads=4, parallel_for=runner), max_batch=64)
                results.append(net.run(x))
            np.testing.assert_array_equal(results[0], results[1])
            np.testing.assert_array_equal(results[0], results[2])
            self.assertGreater(len(counts), 0)
            self.assertLessEqual(max(counts), 4)
            net = build()
            net.compile(cnn.Device("cpu", threads=4, parallel_for=broken), max_batch=64)
            with self.assertRaisesRegex(ZeroDivisionError, "in the runner"):
                net.run(x)

    def test_one_opencl_device(self) -> None:
        found = [device for device in cnn.devices() if device.backend == "opencl"]
        if not found:
            self.skipTest("no OpenCL device")
        x, y = xor()
        net, same = small_net(), small_net()
        same.compile("cpu", max_batch=4)
        net.compile(found[0].spec, max_batch=4)
        np.testing.assert_allclose(net.run(x), same.run(x), atol=1e-5)
        self.assertIn(found[0].spec, repr(net))


class OpenCl:
    """As much of an OpenCL host as lends a context and a queue, by ctypes."""

    def __init__(self) -> None:
        found = ctypes.util.find_library("OpenCL")
        if found is None:
            raise unittest.SkipTest("no OpenCL library")
        self.cl = ctypes.CDLL(found)
        for name in ("clCreateContext", "clCreateCommandQueue", "clCreateBuffer"):
            getattr(self.cl, name).restype = ctypes.c_void_p
        platform, self.device = ctypes.c_void_p(), ctypes.c_void_p()
        if self.cl.clGetPlatformIDs(1, ctypes.byref(platform), None):
            raise unittest.SkipTest("no OpenCL platform")
        every = ctypes.c_uint64(0xFFFFFFFF)
        if self.cl.clGetDeviceIDs(platform, every, 1, ctypes.byref(self.device), None):
            raise unittest.SkipTest("no OpenCL device")
        self.context = self.cl.clCreateContext(
            None, 1, ctypes.byref(self.device), None, None, None
        )
        self.queue = self.cl.clCreateCommandQueue(
            ctypes.c_void_p(self.context), self.device, ctypes.c_uint64(0), None
        )

    def buffer(self, array: Any) -> int:
        """A buffer with the array's contents."""
        copied = ctypes.c_uint64(1 << 5 | 1)  # CL_MEM_COPY_HOST_PTR and read-write
        made: int = self.cl.clCreateBuffer(
            ctypes.c_void_p(self.context),
            copied,
            ctypes.c_size_t(array.nbytes),
            ctypes.c_void_p(array.ctypes.data),
            None,
        )
        return made

    def read(self, memory: int, array: Any) -> Any:
        """The buffer's contents."""
        code = self.cl.clEnqueueReadBuffer(
            ctypes.c_void_p(self.queue),
            ctypes.c_void_p(memory),
            1,
            ctypes.c_size_t(0),
            ctypes.c_size_t(array.nbytes),
            ctypes.c_void_p(array.ctypes.data),
            0,
            None,
            None,
        )
        assert code == 0
        return array


class LentTest(unittest.TestCase):
    def test_buffers_of_the_hosts(self) -> None:
        cl = OpenCl()
        released: List[int] = []
        assert cl.device.value is not None
        device = cnn.Device.from_opencl(
            cl.context, cl.device.value, cl.queue, released=lambda: released.append(1)
        )
        self.assertEqual(device.info.backend, "opencl")
        x, y = random(6, 2), np.abs(random(6, 1))
        net, same = small_net(), small_net()
        same.compile("cpu", max_batch=8)
        net.compile(device, max_batch=8)
        want = same.run(x)
        a, b = cl.buffer(x), cl.buffer(np.zeros((6, 1), np.float32))
        out = cnn.Memory(b, 6)
        self.assertIs(net.run(cnn.Memory(a, 12), out), out)
        np.testing.assert_allclose(cl.read(b, np.empty((6, 1), np.float32)), want, atol=1e-5)
        np.testing.assert_allclose(net.run(cnn.Memory(a, 12)), want, atol=1e-5)
        np.testing.assert_allclose(
            net.run(cnn.Memory(a, 4, offset=16, scale=1)), want[2:4], atol=1e-5
        )
        loss = same.loss_gradient(x, y)
        on_device = cnn.Samples(cnn.Memory(a, 12), cnn.Memory(cl.buffer(y), 6))
        self.assertAlmostEqual(net.loss_gradient(on_device), loss, places=5)
        np.testing.assert_allclose(net.gradient.vector, same.gradient.vector, atol=1e-5)
        with self.assertRaises(cnn.ShapeMismatchError):
            net.run(cnn.Memory(a, 11))
        with self.assertRaises(cnn.Error):
            same.run(cnn.Memory(a, 12))
        net.close()
        device.close()
        self.assertEqual(released, [1])
        with self.assertRaises(cnn.InvalidArgumentError):
            cnn.Device.from_opencl(0, cl.device.value)


class Scale(cnn.HostLayer):
    """y = w x + b, in NumPy."""

    def __init__(self, size: int) -> None:
        super().__init__(
            "scale",
            self.compute,
            self.differentiate,
            parameters=[
                cnn.HostParameter("weight", (size,), initializer="constant", initializer_scale=2),
                cnn.HostParameter("bias", (size,), initializer="constant"),
            ],
        )
        self.calls = 0

    def compute(self, call: cnn.HostCall) -> None:
        self.calls += 1
        w, b = call.parameters
        call.output[...] = w * call.inputs[0] + b

    def differentiate(self, call: cnn.HostCall) -> None:
        dy, (x,), (w, _) = call.output_gradient, call.inputs, call.parameters
        assert dy is not None
        for array, value in zip(
            call.input_gradients + call.parameter_gradients, (w * dy, (dy * x).sum(0), dy.sum(0))
        ):
            if array is not None:
                array[...] = value


def scaled(layer: cnn.HostLayer) -> cnn.Net:
    net = cnn.Net(seed=1)
    x = net.dense(net.input("x", (3,)), 4)
    x = net.host_layer(x, layer, name="scale")
    net.loss(net.dense(x, 2), "mse")
    return net


class HostLayersTest(unittest.TestCase):
    def test_a_layer(self) -> None:
        layer = Scale(4)
        net = scaled(layer)
        net.compile("cpu", max_batch=8)
        x, y = random(5, 3), random(5, 2)
        p = net.parameters
        h = 2 * (x @ p["dense_1/weight"].T + p["dense_1/bias"])
        np.testing.assert_allclose(
            net.run(x), h @ p["dense_2/weight"].T + p["dense_2/bias"], atol=1e-5
        )
        self.assertEqual(layer.calls, 1)
        report = net.check_gradient(x, y)
        self.assertLess(report.error, 1e-2)
        first = net.evaluate(x, y).loss
        net.fit(cnn.SGD(learning_rate=0.05), x, y, epochs=30)
        self.assertLess(net.evaluate(x, y).loss, first)
        self.assertTrue((p["scale/weight"] != 2).any())

    def test_arrays_are_the_librarys_memory(self) -> None:
        seen: List[Any] = []

        def forward(call: cnn.HostCall) -> None:
            (x,) = call.inputs
            seen.append((x.shape, x.flags.writeable, x.flags.owndata, call.output.flags.writeable))
            self.assertIsNone(call.output_gradient)
            self.assertEqual(call.input_gradients, [None])
            self.assertFalse(call.output.any())
            call.output[...] = x[:, ::-1]

        net = cnn.Net()
        net.host_layer(net.input("x", (2, 3)), cnn.HostLayer("flip", forward, forward))
        net.compile("cpu", max_batch=8)
        x = random(5, 2, 3)
        np.testing.assert_array_equal(net.run(x), x[:, ::-1])
        self.assertEqual(seen, [((5, 2, 3), False, False, True)])

    def test_several_inputs_and_another_shape(self) -> None:
        def forward(call: cnn.HostCall) -> None:
            a, b = call.inputs
            call.output[...] = np.einsum("ni,nj->nij", a, b)[:, None]

        net = cnn.Net()
        nodes = [net.input("a", (2,)), net.input("b", (3,))]
        layer = cnn.HostLayer("outer", forward, forward, output_shape=(1, 2, 3))
        node = net.host_layer(nodes, layer)
        self.assertEqual(node.shape, (1, 2, 3))
        net.compile("cpu", max_batch=4)
        a, b = random(4, 2), random(4, 3)
        (y,) = net.run_many([a, b])
        np.testing.assert_array_equal(y[:, 0], np.einsum("ni,nj->nij", a, b))

    def test_an_activation(self) -> None:
        cube = cnn.HostActivation("cube", lambda x: x**3, lambda x, y, dy: 3 * x**2 * dy)
        net = cnn.Net()
        net.loss(net.host_activation(net.input("x", (3,)), cube, name="cube"), "mse")
        net.compile("cpu", max_batch=8)
        x, t = random(5, 3), random(5, 3, seed=2)
        np.testing.assert_allclose(net.run(x), x**3, rtol=1e-6)
        (dx,) = net.backward(x, t)
        np.testing.assert_allclose(dx, 3 * x**2 * t, rtol=1e-5)

    def test_what_a_layer_raises_is_raised(self) -> None:
        class Broken(Scale):
            broken: Any = None

            def compute(self, call: cnn.HostCall) -> None:
                if self.broken:
                    raise self.broken("in the layer")
                super().compute(call)

        layer = Broken(4)
        net = scaled(layer)
        net.compile("cpu", max_batch=8)
        x, y = random(5, 3), random(5, 2)
        before = net.parameters.vector
        for kind in (ZeroDivisionError, KeyboardInterrupt):
            layer.broken = kind
            calls: Any = (
                lambda: net.run(x),
                lambda: net.evaluate(x, y),
                lambda: net.train_step(cnn.SGD(), x, y),
                lambda: net.fit(cnn.SGD(), x, y),
            )
            for call in calls:
                with self.assertRaisesRegex(kind, "in the layer"):
                    call()
        np.testing.assert_array_equal(net.parameters.vector, before)
        layer.broken = None
        net.run(x)
        self.assertEqual(_errors.pending, {})

    def test_within_a_layer_the_net_is_busy(self) -> None:
        said: List[str] = []

        class Curious(Scale):
            net: Any = None

            def compute(self, call: cnn.HostCall) -> None:
                touches: Any = (self.net.close, lambda: self.net.run(x))
                for touch in touches:
                    try:
                        touch()
                    except cnn.BusyError:
                        said.append("busy")
                super().compute(call)

        layer = Curious(4)
        net = layer.net = scaled(layer)
        net.compile("cpu", max_batch=8)
        x = random(5, 3)
        net.run(x)
        self.assertEqual(said, ["busy"] * 2)
        layer.net = None

    def test_files_and_clones(self) -> None:
        layer = Scale(4)
        net = scaled(layer)
        x = random(5, 3)
        clone = net.clone()
        clone.compile("cpu", max_batch=8)
        want = clone.run(x)
        loaded = cnn.Net.load(net.to_bytes())
        with self.assertRaises(cnn.Error):
            loaded.compile("cpu", max_batch=8)
        with self.assertRaises(cnn.ShapeMismatchError):
            loaded.bind_host_layer("scale", Scale(5))
        with self.assertRaises(cnn.NotFoundError):
            loaded.bind_host_layer("nobody", layer)
        loaded.bind_host_layer("scale", layer)
        loaded.compile("cpu", max_batch=8)
        np.testing.assert_array_equal(loaded.run(x), want)
        with_activation = cnn.Net()
        twice = cnn.HostActivation("twice", lambda x: 2 * x, lambda x, y, dy: 2 * dy)
        with_activation.host_activation(with_activation.input("x", (2,)), twice, name="a")
        loaded = cnn.Net.load(with_activation.to_bytes())
        loaded.bind_host_activation("a", twice)
        loaded.compile("cpu", max_batch=8)
        np.testing.assert_array_equal(loaded.run([[1, 2]]), [[2, 4]])

    def test_functions_live_as_long_as_a_net_holds_them(self) -> None:
        held = _callbacks.registered_count()
        layer = Scale(4)
        watch = weakref.ref(layer)
        net = scaled(layer)
        del layer
        gc.collect()
        self.assertIsNotNone(watch())
        clone = net.clone()
        net.close()
        gc.collect()
        self.assertIsNotNone(watch())
        clone.close()
        gc.collect()
        self.assertIsNone(watch())
        # One that couldn't be added isn't held.
        layer = Scale(4)
        net = cnn.Net()
        with self.assertRaises(cnn.Error):
            net.host_layer(net.input("x", (3,)), layer, name="x")
        self.assertEqual(_callbacks.registered_count(), held)

    def test_the_interrupt_key_within_a_layer(self) -> None:
        # The layer itself takes next to no time, so the signal comes while C computes, and Python
        # sees it on entering the layer.
        net = cnn.Net()
        n = net.dense(net.input("x", (64,)), 2048)
        n = net.host_layer(net.dense(net.dense(n, 2048), 4), Scale(4))
        net.loss(n, "mse")
        net.compile("cpu", max_batch=16)
        x, y = random(20000, 64), random(20000, 4)
        for _ in range(3):
            timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
            with mock.patch("sys.unraisablehook") as hook, self.assertRaises(KeyboardInterrupt):
                timer.start()
                while True:  # however fast the machine is
                    net.evaluate(x, y)
            timer.join()
            hook.assert_not_called()


class ThreadsTest(unittest.TestCase):
    def test_other_threads_run_meanwhile(self) -> None:
        net = classifier()
        net.compile("cpu", max_batch=64)
        images, labels = pictures(640)
        stop = threading.Event()
        count = [0]

        def work() -> None:
            while not stop.is_set():
                count[0] += 1

        thread = threading.Thread(target=work)
        thread.start()
        before = count[0]
        net.fit(cnn.Adam(), images, labels, epochs=1000, progress_interval=1000)
        after = count[0]
        stop.set()
        thread.join()
        self.assertGreater(after - before, 1000)

    def test_eight_threads_on_one_device(self) -> None:
        device = cnn.Device("cpu")
        x, y = xor()

        def work(seed: int) -> Any:
            net = small_net(8, seed=seed)
            net.compile(device, max_batch=4)
            net.fit(cnn.Adam(), x, y, epochs=50, progress=lambda p: None, progress_interval=0)
            return net.run(x)

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(work, [1, 2] * 8))
        for i, result in enumerate(results):
            np.testing.assert_array_equal(result, results[i % 2])
        self.assertTrue((results[0] != results[1]).any())

    def test_exceptions_stay_in_their_threads(self) -> None:
        def work(i: int) -> Any:
            def fail(x: Any) -> float:
                raise KeyError(i)

            try:
                cnn.minimize(fail, [0.0], cnn.BFGS())
            except KeyError as error:
                return error.args[0]

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(work, range(100))), list(range(100)))


class MemoryTest(unittest.TestCase):
    def test_arrays_go_in_and_out_without_copies(self) -> None:
        net = small_net()
        net.compile("cpu", max_batch=8)
        x = random(6, 2)
        out = np.empty((6, 1), np.float32)
        given: List[Any] = []
        real = lib.cnn_net_run

        def spy(handle: Any, *arguments: Any) -> Any:
            given.append(arguments[:4])
            return real(handle, *arguments)

        with mock.patch.object(lib, "cnn_net_run", spy):
            net.run(x, out)
        self.assertEqual(given, [(x.ctypes.data, 12, out.ctypes.data, 6)])

    def test_samples_point_at_the_arrays(self) -> None:
        from cnn._samples import Bound

        net = classifier()
        images, labels = pictures(8)
        weights = np.ones(8, np.float32)
        ports = net._interface()
        struct = Bound(cnn.Samples(images, labels, weights), ports.inputs, ports.losses).struct
        self.assertEqual(struct.inputs, images.ctypes.data)
        self.assertEqual(struct.labels, labels.ctypes.data)
        self.assertEqual(struct.weights, weights.ctypes.data)
        self.assertEqual(struct.input_type, cnn._abi.Type.UINT8)
        targets = random(8, 3)
        struct = Bound(cnn.Samples(images, targets), ports.inputs, ports.losses).struct
        self.assertEqual(struct.targets, targets.ctypes.data)
        view = cnn.View(images.transpose(0, 2, 3, 1).copy(), layout="nhwc")
        struct = Bound(cnn.Samples(view, labels), ports.inputs, ports.losses).struct
        self.assertEqual(struct.inputs, view.array.ctypes.data)

    def test_handles_end_with_their_last_reference(self) -> None:
        released: List[str] = []
        device = cnn.Device("cpu", released=lambda: released.append("device"))
        net = small_net()
        net.compile(device, max_batch=4)
        del device
        gc.collect()
        self.assertEqual(released, [])
        del net
        gc.collect()
        self.assertEqual(released, ["device"])

    def test_nodes_keep_their_net(self) -> None:
        net = small_net()
        node, parameters = net.node("dense_1"), net.parameters
        del net
        gc.collect()
        self.assertEqual(node.name, "dense_1")
        self.assertEqual(len(parameters), 4)

    def test_calls_leave_nothing_behind(self) -> None:
        x, y = xor()
        layer = Scale(1)

        def work() -> None:
            with cnn.Net() as net, cnn.Adam() as adam, cnn.Device("cpu") as device:
                n = net.host_layer(net.input("x", (2,)), Scale(2))
                net.loss(net.dense(n, 1), "mse")
                net.compile(device, max_batch=4)
                net.fit(adam, x, y, epochs=2, progress=lambda p: None, validation=(x, y))
                net.run(x)
                net.minimize(cnn.BFGS(), x, y, max_iterations=2)
                try:
                    net.run(x[:, :1])
                except cnn.Error:
                    pass
                cnn.Net.load(net.to_bytes()).close()
                net.clone().close()

        for _ in range(3):
            work()
        gc.collect()
        objects, held = len(gc.get_objects()), _callbacks.registered_count()
        counts = [sys.getrefcount(thing) for thing in (x, y, layer)]
        for _ in range(20):
            work()
        gc.collect()
        self.assertLess(len(gc.get_objects()) - objects, 20)
        tracemalloc.start()
        for _ in range(150):
            work()
        gc.collect()
        before = tracemalloc.take_snapshot()
        for _ in range(20):
            work()
        gc.collect()
        after = tracemalloc.take_snapshot()
        tracemalloc.stop()
        self.assertEqual(_callbacks.registered_count(), held)
        now = [sys.getrefcount(thing) for thing in (x, y, layer)]
        self.assertEqual(counts, now)
        grown = sum(
            difference.size_diff
            for difference in after.compare_to(before, "filename")
            if "/cnn/" in difference.traceback[0].filename
        )
        # NumPy and ctypes keep a little for reuse, of which there is soon enough.
        self.assertLess(grown, 4000)


if __name__ == "__main__":
    unittest.main()
