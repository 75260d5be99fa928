"""Training, optimizers, progress, cancelling."""

from __future__ import annotations

import copy
import inspect
import io
import os
import pickle
import signal
import threading
import time
import traceback
import unittest
from typing import Any, List

import numpy as np

import cnn

from .common import classifier, pictures, random, small_net, xor

OPTIMIZERS = [
    cnn.SGD,
    cnn.Adam,
    cnn.AdamW,
    cnn.AdaGrad,
    cnn.RMSProp,
    cnn.AdamsBashforth,
    cnn.GradientDescent,
    cnn.Heun,
    cnn.NonlinearCG,
    cnn.BFGS,
    cnn.LBFGS,
    cnn.LevenbergMarquardt,
    cnn.GaussNewtonCG,
    cnn.FullAdaGrad,
    cnn.FullRMSProp,
]


def compiled(net: cnn.Net, max_batch: int = 8) -> cnn.Net:
    net.compile("cpu", max_batch=max_batch)
    return net


class OptimizersTest(unittest.TestCase):
    def test_keywords_are_the_librarys_keys_and_defaults(self) -> None:
        self.assertEqual(
            sorted(kind().kind for kind in OPTIMIZERS), sorted(cnn.OptimizerKind)
        )
        for kind in OPTIMIZERS:
            with self.subTest(kind.__name__):
                keywords = list(inspect.signature(kind).parameters)
                described = kind().describe()
                self.assertEqual(keywords, list(described))
                for name, info in described.items():
                    self.assertEqual(info.value, info.default)
                    self.assertIn(name, vars(kind))
                    self.assertLessEqual(info.minimum, info.default)
                    self.assertGreaterEqual(info.maximum, info.default)

    def test_values(self) -> None:
        adam = cnn.Adam(learning_rate=0.25, beta1=0.5)
        self.assertEqual((adam.learning_rate, adam["beta1"]), (0.25, 0.5))
        adam.beta1 = 0.75
        adam["learning_rate"] = 0.5
        self.assertEqual((adam["learning_rate"], adam[cnn.Key.BETA1]), (0.5, 0.75))
        self.assertIn("learning_rate=0.5", repr(adam))
        sgd = cnn.SGD(nesterov=True)
        self.assertIs(sgd.nesterov, True)
        bfgs = cnn.BFGS(line_search="brent", initial_hessian="identity", curvature_guard="damp")
        self.assertIs(bfgs.line_search, cnn.LineSearch.BRENT)
        self.assertIs(bfgs.initial_hessian, cnn.InitialHessian.IDENTITY)
        self.assertIs(bfgs.curvature_guard, cnn.CurvatureGuard.DAMP)
        lbfgs = cnn.Optimizer("lbfgs", history=12, line_search="armijo")
        self.assertEqual((lbfgs["history"], lbfgs["line_search"]), (12, cnn.LineSearch.ARMIJO))
        self.assertEqual(lbfgs.kind, cnn.OptimizerKind.LBFGS)

    def test_errors(self) -> None:
        adam = cnn.Adam()
        with self.assertRaisesRegex(cnn.OutOfRangeError, "beta1"):
            adam.beta1 = 2
        with self.assertRaisesRegex(cnn.NotFoundError, "no hyper-parameter 'speed'"):
            adam["speed"] = 2
        with self.assertRaises(cnn.NotFoundError):
            adam["history"]
        with self.assertRaises(cnn.InvalidArgumentError):
            cnn.Optimizer("adamant")
        with self.assertRaises(cnn.OutOfRangeError):
            cnn.SGD(momentum=-1)

    def test_an_optimizer_binds_to_a_net(self) -> None:
        x, y = xor()
        sgd = cnn.SGD()
        one, two = compiled(small_net()), compiled(small_net())
        one.train_step(sgd, x, y)
        self.assertEqual(sgd.steps, 1)
        with self.assertRaises(cnn.BadStateError):
            two.train_step(sgd, x, y)
        sgd.reset()
        two.train_step(sgd, x, y)
        with self.assertRaises(cnn.UnsupportedError):
            one.train_step(cnn.BFGS(), x, y)


class TuneTest(unittest.TestCase):
    def test_tuning(self) -> None:
        net, device = classifier(), cnn.Device("cpu")
        seen: List[cnn.TuneProgress] = []
        report = net.tune(device, max_batch=8, seconds=0.05, progress=seen.append)
        self.assertGreater(report.operations, 0)
        self.assertGreaterEqual(report.measured, report.operations)
        self.assertLessEqual(report.seconds_after, report.seconds_before)
        self.assertTrue(seen and seen[0].name and seen[0].operation == 0)
        net.compile(device, max_batch=8, tune_seconds=0.05)
        net.compile(device, max_batch=8, accept_winograd_4x4=True)

    def test_profile(self) -> None:
        net = classifier()
        net.compile("cpu", max_batch=8)
        rows: List[cnn.NodeTime] = net.profile()
        self.assertTrue(any(row.node is not None and row.flops > 0 for row in rows))
        self.assertTrue(all(row.operation and row.seconds >= 0 and row.bytes > 0 for row in rows))
        step = net.profile(samples=2, runs=3, training=True)
        self.assertTrue(any(row.second_pass for row in step))
        self.assertIsNone(step[0].node)
        with self.assertRaises(cnn.OutOfRangeError):
            net.profile(samples=9)

    def test_stopping(self) -> None:
        with self.assertRaises(cnn.CancelledError):
            classifier().tune(cnn.Device("cpu"), seconds=0.05, progress=lambda p: cnn.STOP)
        with self.assertRaises(ZeroDivisionError):
            classifier().tune(cnn.Device("cpu"), seconds=0.05, progress=lambda p: 1 // 0)


class TrainStepTest(unittest.TestCase):
    def test_a_step_of_gradient_descent(self) -> None:
        net = compiled(small_net())
        x, y = xor()
        before = net.parameters.vector
        want = net.loss_gradient(x, y)
        gradient = net.gradient.vector
        loss = net.train_step(cnn.SGD(learning_rate=0.5, momentum=0), x, y)
        self.assertAlmostEqual(loss or 0, want, places=6)
        np.testing.assert_allclose(net.parameters.vector, before - 0.5 * gradient, atol=1e-6)
        self.assertIsNone(net.train_step(cnn.SGD(), x, y, want_loss=False))

    def test_not_finite_changes_nothing(self) -> None:
        net = compiled(small_net())
        x, y = xor()
        before = net.parameters.vector
        y[2] = np.nan
        with self.assertRaises(cnn.NotFiniteError):
            net.train_step(cnn.SGD(), x, y)
        np.testing.assert_array_equal(net.parameters.vector, before)

    def test_samples_stand_for_their_arrays(self) -> None:
        net = compiled(small_net())
        x, y = xor()
        samples = cnn.Samples(x, y)
        self.assertIs(samples.inputs, x)
        self.assertIs(samples.targets, y)
        self.assertEqual(net.evaluate(samples).loss, net.evaluate(x, y).loss)
        with self.assertRaises(cnn.InvalidArgumentError):
            net.evaluate(samples, y)
        with self.assertRaises(cnn.ShapeMismatchError):
            net.evaluate(x, y[:3])
        with self.assertRaises(cnn.InvalidArgumentError):
            net.evaluate(x)

    def test_samples_may_change_between_calls(self) -> None:
        net, other = compiled(small_net()), compiled(small_net(4))
        x, y = xor()
        view = cnn.View(x)
        plain, viewed = cnn.Samples(x, y), cnn.Samples(view, y)

        def agree(inputs: Any, targets: Any, weights: Any = None, **how: Any) -> None:
            for samples in (plain, viewed):
                for one in (net, other, net):
                    want = one.evaluate(inputs, targets, weights, **how)
                    self.assertEqual(one.evaluate(samples), want)
                    anew = cnn.View(view.array, scale=view.scale, mean=view.mean)
                    np.testing.assert_array_equal(one.run(view), one.run(anew))

        agree(x, y)
        x += 1
        agree(x, y)
        plain.targets = viewed.targets = y = np.flip(y).copy() + 2
        agree(x, y)
        weights = np.array([1, 2, 3, 4], np.float32)
        plain.weights = viewed.weights = weights
        agree(x, y, weights)
        plain.scale = view.scale = (0.5,)
        agree(x, y, weights, scale=0.5)
        plain.mean = view.mean = (1.0,)
        agree(x, y, weights, scale=0.5, mean=1)
        plain.inputs = view.array = x = np.array([[0, 9], [1, 2], [4, 3], [1, 1]], np.uint8)
        agree(x, y, weights, scale=0.5, mean=1)
        plain.weights = viewed.weights = None
        x.resize((2, 2), refcheck=False)
        y.resize((2, 1), refcheck=False)
        agree(x, y, scale=0.5, mean=1)
        for copies in (copy.deepcopy((plain, viewed)), pickle.loads(pickle.dumps((plain, viewed)))):
            for samples in copies:
                want = net.evaluate(x, y, scale=0.5, mean=1)
                self.assertEqual(net.evaluate(samples), want)
        plain.inputs = view.array = random(2, 3)
        for samples in (plain, viewed):
            with self.assertRaises(cnn.ShapeMismatchError):
                net.evaluate(samples)

    def test_targets_that_are_converted_may_change_too(self) -> None:
        net = compiled(small_net())
        x, y = xor()
        labels = y.astype(np.int32)
        samples, listed = cnn.Samples(x, labels), cnn.Samples([x], [y])
        for _ in range(2):
            self.assertEqual(net.evaluate(samples), net.evaluate(x, labels))
            self.assertEqual(net.evaluate(listed), net.evaluate(x, y))
            labels += 3
            listed.inputs[0] = x = x + 1
            samples.inputs = x

    def test_several_losses(self) -> None:
        net = cnn.Net()
        x = net.input("x", (3,))
        net.loss(net.dense(x, 2, name="a"), "mse", name="near", weight=2)
        net.loss(net.dense(x, 4, name="b"), "softmax_cross_entropy", name="class")
        compiled(net)
        inputs, near = random(6, 3), random(6, 2)
        labels = np.array([0, 1, 2, 3, 0, 1], np.uint8)
        one = net.evaluate(inputs, [near, labels]).loss
        self.assertEqual(one, net.evaluate(inputs, {"class": labels, "near": near}).loss)
        p = net.parameters
        a = inputs @ p["a/weight"].T + p["a/bias"]
        b = inputs @ p["b/weight"].T + p["b/bias"]
        softmax = np.exp(b) / np.exp(b).sum(1, keepdims=True)
        want = 2 * ((a - near) ** 2).mean() - np.log(softmax[np.arange(6), labels]).mean()
        self.assertAlmostEqual(one, want, places=5)
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "1 target"):
            net.evaluate(inputs, near)


class FitTest(unittest.TestCase):
    def test_a_classifier_learns(self) -> None:
        net = compiled(classifier(), 16)
        images, labels = pictures(300)
        test = pictures(100, seed=1)
        seen: List[cnn.Progress] = []
        report = net.fit(
            cnn.Adam(learning_rate=3e-3),
            images,
            labels,
            epochs=4,
            batch=16,
            scale=1 / 255,
            validation=test,
            progress=seen.append,
            progress_interval=0,
            schedule="cosine",
        )
        self.assertEqual((report.epochs, report.steps, report.stopped), (4, 76, False))
        self.assertGreater(report.validation_accuracy or 0, 0.9)
        self.assertEqual(sum(p.epoch_ended for p in seen), 4)
        self.assertEqual(seen[-1].fraction, 1)
        self.assertEqual(seen[-1].epochs, 4)
        self.assertIsNone(seen[0].validation_loss)
        self.assertEqual(seen[-1].validation_accuracy, report.validation_accuracy)
        result = net.evaluate(*test, scale=1 / 255)
        self.assertEqual(result.accuracy, report.validation_accuracy)
        self.assertEqual(result.samples, 100)
        other = net.evaluate(cnn.Samples(*test, scale=1 / 255))
        self.assertEqual(other, result)

    def test_the_same_seed_gives_the_same_bits(self) -> None:
        images, labels = pictures(50)
        results = []
        for seed in (1, 1, 2):
            net = compiled(classifier())
            net.fit(cnn.SGD(), images, labels, epochs=2, seed=seed, scale=1 / 255)
            results.append(net.parameters.vector)
        np.testing.assert_array_equal(results[0], results[1])
        self.assertTrue((results[0] != results[2]).any())

    def test_stop_and_resume(self) -> None:
        images, labels = pictures(64)
        whole = compiled(classifier())
        whole.fit(cnn.Adam(), images, labels, epochs=4, scale=1 / 255)

        def stop(progress: cnn.Progress) -> Any:
            return cnn.STOP if progress.step == 11 else None

        net, adam = compiled(classifier()), cnn.Adam()
        report = net.fit(
            adam, images, labels, epochs=4, scale=1 / 255, progress=stop, progress_interval=0
        )
        self.assertTrue(report.stopped)
        self.assertEqual(report.steps, 11)
        net.fit(adam, images, labels, epochs=4, scale=1 / 255, resume=True)
        np.testing.assert_array_equal(net.parameters.vector, whole.parameters.vector)

    def test_a_progress_function_may_look_but_not_touch(self) -> None:
        net, sgd = compiled(small_net()), cnn.SGD()
        x, y = xor()
        seen: List[Any] = []

        def look(progress: cnn.Progress) -> None:
            seen.append(net.parameters.vector.size)
            seen.append(net.evaluate(x, y).loss)
            seen.append(len(net.to_bytes()))
            touches: Any = (
                lambda: net.run(x),
                lambda: net.train_step(sgd, x, y),
                lambda: net.fit(sgd, x, y),
                net.compile,
                net.close,
                sgd.close,
            )
            for touch in touches:
                try:
                    touch()
                except cnn.BusyError:
                    seen.append("busy")

        net.fit(sgd, x, y, progress=look, progress_interval=0)
        self.assertEqual(seen[0], 13)
        self.assertEqual(seen.count("busy"), 6 * len(seen) // 9)
        net.run(x)

    def test_what_progress_raises_is_raised(self) -> None:
        net = compiled(small_net())
        x, y = xor()
        for kind in (ZeroDivisionError, KeyboardInterrupt, SystemExit):

            def fail(progress: cnn.Progress, kind: Any = kind) -> None:
                raise kind("from within")

            try:
                net.fit(cnn.SGD(), x, y, epochs=10**6, progress=fail)
            except kind as exception:
                names = [frame.name for frame in traceback.extract_tb(exception.__traceback__)]
                self.assertIn("fail", names)
            else:
                self.fail("nothing was raised")
        net.run(x)

    def test_cancel_from_another_thread(self) -> None:
        net = compiled(classifier())
        images, labels = pictures(64)
        started = threading.Event()

        def cancel() -> None:
            started.wait()
            net.cancel()

        thread = threading.Thread(target=cancel)
        thread.start()
        with self.assertRaises(cnn.CancelledError) as raised:
            net.fit(
                cnn.SGD(),
                images,
                labels,
                epochs=10**6,
                progress=lambda p: started.set(),
                progress_interval=0,
            )
        thread.join()
        self.assertGreater(raised.exception.report.steps, 0)
        net.cancel()
        net.run(images)

    def test_the_interrupt_key_ends_a_fit(self) -> None:
        images, labels = pictures(64)
        for progress in (None, lambda p: time.sleep(0.001)):
            net = compiled(classifier())
            timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
            handler = signal.getsignal(signal.SIGINT)
            with self.assertRaises(KeyboardInterrupt):
                timer.start()
                net.fit(
                    cnn.SGD(),
                    images,
                    labels,
                    epochs=10**7,
                    progress=progress,
                    progress_interval=0.001,
                )
            timer.join()
            self.assertIs(signal.getsignal(signal.SIGINT), handler)
            net.run(images)

    def test_not_finite_has_a_report(self) -> None:
        net = cnn.Net()
        net.loss(net.dense(net.input("x", (2,)), 1), "mse")
        compiled(net)
        with self.assertRaises(cnn.NotFiniteError) as raised:
            net.fit(cnn.SGD(learning_rate=1e6), *xor(), epochs=1000)
        self.assertIsInstance(raised.exception.report, cnn.Report)
        self.assertIn("step", str(raised.exception))

    def test_regularization_reaches_the_optimizer(self) -> None:
        net = compiled(small_net())
        x, y = xor()
        net.freeze("dense_1")
        net.center = np.ones(13)
        frozen = net.parameters["dense_1/weight"]
        net.fit(cnn.SGD(learning_rate=0.1, momentum=0, l2=5), x, y, epochs=200)
        np.testing.assert_array_equal(net.parameters["dense_1/weight"], frozen)
        np.testing.assert_allclose(net.parameters["dense_2/weight"], 1, atol=0.1)


class ProgressBarTest(unittest.TestCase):
    def fit(self, file: Any) -> None:
        net = compiled(classifier())
        images, labels = pictures(64)
        net.fit(
            cnn.SGD(),
            images,
            labels,
            epochs=2,
            scale=1 / 255,
            validation=(images, labels),
            progress=cnn.ProgressBar(file),
            progress_interval=0,
        )

    def test_lines_into_a_file(self) -> None:
        file = io.StringIO()
        self.fit(file)
        lines = file.getvalue().splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(
            lines[1], r"^epoch 2/2  loss \d.*  validation loss .*  accuracy .* samples/s$"
        )

    def test_a_bar_on_a_terminal(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        file = Terminal()
        self.fit(file)
        self.assertIn("\repoch 1/2 [=", file.getvalue())
        self.assertRegex(file.getvalue(), r"\[=* *\] +\d+%  loss")


if __name__ == "__main__":
    unittest.main()
