"""Minimising functions, sums of squares and nets; linear systems; matrices."""

from __future__ import annotations

import unittest
from typing import Any, List

import numpy as np

import cnn

from .common import random, small_net, xor

# NIST's Misra1a (StRD): a saturating exponential, certified to 11 digits.
MISRA_X = np.array(
    [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0]
)
MISRA_Y = np.array(
    [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78]
)
MISRA = [2.3894212918e02, 5.5015643181e-04]


def misra1a(b: Any) -> Any:
    return b[0] * (1 - np.exp(-b[1] * MISRA_X)) - MISRA_Y


def misra1a_jacobian(b: Any) -> Any:
    e = np.exp(-b[1] * MISRA_X)
    return np.stack([1 - e, b[0] * MISRA_X * e], 1)


def rosenbrock(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def rosenbrock_gradient(x: Any) -> Any:
    return [-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)]


class FunctionsTest(unittest.TestCase):
    def test_misra1a(self) -> None:
        for jacobian in (misra1a_jacobian, None):
            x, report = cnn.least_squares(misra1a, [500, 0.0001], jacobian=jacobian)
            np.testing.assert_allclose(x, MISRA, rtol=1e-9 if jacobian else 1e-6)
            self.assertAlmostEqual(2 * report.value, 1.2455138894e-01, places=9)
            self.assertEqual(report.rank, 2)
        both, _ = cnn.least_squares(
            lambda b: (misra1a(b), misra1a_jacobian(b)),
            [500, 0.0001],
            cnn.LevenbergMarquardt(damping=1),
            jacobian=True,
            count=14,
        )
        np.testing.assert_allclose(both, MISRA, rtol=1e-9)

    def test_rosenbrock_by_every_form_of_gradient(self) -> None:
        for optimizer in (cnn.BFGS(), cnn.LBFGS(), cnn.NonlinearCG()):
            for function, gradient, digits in (
                (rosenbrock, None, 3),
                (rosenbrock, rosenbrock_gradient, 6),
                (lambda x: (rosenbrock(x), rosenbrock_gradient(x)), True, 6),
            ):
                x, report = cnn.minimize(function, [-1.2, 1], optimizer, gradient=gradient)
                np.testing.assert_array_almost_equal(x, [1, 1], digits)
                self.assertLess(report.value, 1e-5)
                self.assertAlmostEqual(report.start_value, 24.2)

    def test_x_has_the_shape_of_the_start_and_may_be_kept(self) -> None:
        kept: List[Any] = []

        def function(x: Any) -> Any:
            kept.append(x)
            return ((x - np.arange(6).reshape(2, 3)) ** 2).sum(), 2 * (
                x - np.arange(6).reshape(2, 3)
            )

        start = np.zeros((2, 3))
        x, report = cnn.minimize(function, start, cnn.BFGS(), gradient=True)
        np.testing.assert_allclose(x, np.arange(6).reshape(2, 3), atol=1e-7)
        self.assertFalse(start.any())
        self.assertEqual({k.shape for k in kept}, {(2, 3)})
        np.testing.assert_array_equal(kept[0], start)
        self.assertEqual(len(kept), report.evaluations)

    def test_options(self) -> None:
        seen: List[cnn.MinimizeProgress] = []
        x, report = cnn.minimize(
            rosenbrock,
            [-1.2, 1],
            cnn.GradientDescent(),
            gradient=rosenbrock_gradient,
            max_iterations=5,
            progress=seen.append,
        )
        self.assertEqual(report.reason, cnn.Stop.ITERATIONS)
        self.assertEqual([p.iteration for p in seen], list(range(6)))
        self.assertIsNone(report.handed_over)
        self.assertIsNone(report.rank)
        _, report = cnn.minimize(
            rosenbrock,
            [-1.2, 1],
            cnn.GradientDescent(),
            gradient=rosenbrock_gradient,
            then=cnn.BFGS(),
            stall_iterations=3,
            stall_tolerance=0.5,
        )
        self.assertIsNotNone(report.handed_over)
        _, report = cnn.minimize(rosenbrock, [-1.2, 1], cnn.BFGS(), max_evaluations=7)
        self.assertEqual(report.reason, cnn.Stop.EVALUATIONS)
        _, report = cnn.minimize(
            lambda x: (x**2).sum(), [3.0], cnn.BFGS(), gradient_tolerance=10
        )
        self.assertEqual((report.reason, report.iterations), (cnn.Stop.GRADIENT, 0))
        with self.assertRaises(cnn.InvalidArgumentError):
            cnn.minimize(rosenbrock, [0, 0], cnn.BFGS(), gradient_tolerance=-1)

    def test_stopping_and_raising(self) -> None:
        def stop(progress: cnn.MinimizeProgress) -> Any:
            return cnn.STOP if progress.iteration == 3 else None

        x, report = cnn.minimize(rosenbrock, [-1.2, 1], cnn.BFGS(), progress=stop)
        self.assertEqual((report.reason, report.iterations), (cnn.Stop.CANCELLED, 3))
        self.assertLess(rosenbrock(x), 24)

        def fail(x: Any) -> float:
            raise ZeroDivisionError("in the function")

        with self.assertRaisesRegex(ZeroDivisionError, "in the function"):
            cnn.minimize(fail, [0, 0], cnn.BFGS())
        with self.assertRaises(cnn.NotFiniteError) as raised:
            cnn.minimize(lambda x: np.nan, [0, 0], cnn.BFGS())
        self.assertEqual(raised.exception.report.reason, cnn.Stop.NOT_FINITE)
        with self.assertRaises(cnn.UnsupportedError):
            cnn.minimize(rosenbrock, [0, 0], cnn.LevenbergMarquardt())
        with self.assertRaisesRegex(cnn.ShapeMismatchError, "gradient"):
            cnn.minimize(rosenbrock, [0, 0], cnn.BFGS(), gradient=lambda x: [1, 2, 3])
        with self.assertRaisesRegex(cnn.ShapeMismatchError, "Jacobian"):
            cnn.least_squares(misra1a, [500, 0.0001], jacobian=lambda x: np.zeros((2, 2)))

    def test_minimising_within_minimising(self) -> None:
        def outer(x: Any) -> Any:
            inner, _ = cnn.minimize(lambda y: ((y - x) ** 2).sum(), [0.0], cnn.BFGS())
            return float((inner[0] - 2) ** 2)

        x, _ = cnn.minimize(outer, [0.0], cnn.BFGS())
        self.assertAlmostEqual(x[0], 2, places=3)

    def test_an_exception_of_an_inner_call_may_be_caught(self) -> None:
        def inner(x: Any) -> Any:
            raise ZeroDivisionError

        def outer(x: Any) -> Any:
            try:
                cnn.minimize(inner, [0.0], cnn.BFGS())
            except ZeroDivisionError:
                pass
            return (x**2).sum()

        x, _ = cnn.minimize(outer, [1.0], cnn.BFGS())
        self.assertAlmostEqual(x[0], 0, places=5)


class LinearTest(unittest.TestCase):
    def test_conjugate_gradient(self) -> None:
        generator = np.random.default_rng(0)
        a = generator.normal(size=(20, 20))
        a = a @ a.T + 20 * np.eye(20)
        b = generator.normal(size=20)
        want = np.linalg.solve(a, b)
        products: Any = (a, lambda v: a @ v)
        for product in products:
            x, report = cnn.conjugate_gradient(product, b)
            np.testing.assert_allclose(x, want, rtol=1e-7)
            self.assertGreater(report.products, 0)
        x, better = cnn.conjugate_gradient(
            a, b, x0=want + 1e-3, preconditioner=lambda v: v / np.diag(a)
        )
        np.testing.assert_allclose(x, want, rtol=1e-7)
        x, report = cnn.conjugate_gradient(a, b.reshape(4, 5), max_iterations=1)
        self.assertEqual((x.shape, report.iterations), ((4, 5), 1))
        _, report = cnn.conjugate_gradient(-a, b)
        self.assertEqual(report.reason, cnn.Stop.NO_DECREASE)


class NetTest(unittest.TestCase):
    def test_xor_by_levenberg_marquardt(self) -> None:
        x, y = xor()
        net = small_net(8)
        net.compile("cpu", max_batch=4)
        seen: List[cnn.MinimizeProgress] = []
        report = net.minimize(cnn.LevenbergMarquardt(), x, y, progress=seen.append)
        self.assertLess(report.value, 1e-6)
        np.testing.assert_allclose(net.run(x), y, atol=0.01)
        self.assertEqual(seen[-1].iteration, report.iterations)

    def test_chosen_tensors(self) -> None:
        x, y = xor()
        net = small_net()
        net.compile("cpu", max_batch=4)
        before = net.parameters["dense_1/weight"]
        net.minimize(cnn.LBFGS(), cnn.Samples(x, y), tensors=["dense_2"], max_iterations=5)
        np.testing.assert_array_equal(net.parameters["dense_1/weight"], before)
        with self.assertRaises(cnn.NotFoundError):
            net.minimize(cnn.LBFGS(), x, y, tensors=["nobody"])

    def test_stopping(self) -> None:
        x, y = xor()
        net = small_net()
        net.compile("cpu", max_batch=4)
        report = net.minimize(cnn.BFGS(), x, y, progress=lambda p: cnn.STOP)
        self.assertEqual(report.reason, cnn.Stop.CANCELLED)
        with self.assertRaises(KeyError):
            net.minimize(cnn.BFGS(), x, y, progress=lambda p: dict[str, int]()["missing"])


class MatricesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.net = cnn.Net(seed=3)
        x = self.net.input("x", (2, 5, 4))
        self.node = self.net.conv2d(x, 3, (3, 2), stride=(2, 1), padding=1, bias=False, name="c")
        self.net.compile("cpu", max_batch=4)

    def test_matrix_of_a_convolution(self) -> None:
        x = random(4, 2, 5, 4)
        y = self.net.run(x)
        info = self.net.describe_convolution("c")
        self.assertEqual(info.output, y.shape[1:])
        self.assertEqual((info.kernel, info.stride, info.padding), ((3, 2), (2, 1), (1, 1, 1, 1)))
        matrix = self.net.conv_matrix(self.node)
        self.assertTrue(matrix.sparse)
        self.assertEqual(matrix.shape, (y[0].size, x[0].size))
        np.testing.assert_allclose(
            matrix.multiply(x.reshape(4, -1)), y.reshape(4, -1), atol=1e-5
        )
        np.testing.assert_allclose(matrix @ x[1].ravel(), y[1].ravel(), atol=1e-5)
        np.testing.assert_allclose(
            matrix @ x.reshape(4, -1).T, y.reshape(4, -1).T, atol=1e-5
        )
        dense = self.net.conv_matrix("c", dense=True)
        self.assertFalse(dense.sparse)
        np.testing.assert_array_equal(np.asarray(dense), matrix.toarray())
        v = random(y[0].size)
        np.testing.assert_allclose(
            matrix.multiply(v, transposed=True), matrix.toarray().T @ v, atol=1e-5
        )

    def test_patches(self) -> None:
        x = random(4, 2, 5, 4)
        phi = self.net.patches("c", x)
        weight = self.net.parameters["c/weight"].reshape(3, -1)
        np.testing.assert_allclose(
            weight @ phi, self.net.run(x).reshape(4, 3, -1), atol=1e-5
        )
        operator = self.net.patch_matrix("c")
        np.testing.assert_array_equal(operator @ x[0].ravel(), phi[0].ravel())

    def test_kernel_from_a_matrix(self) -> None:
        weight = self.net.parameters["c/weight"]
        matrix = self.net.conv_matrix("c")
        self.net.parameters["c/weight"] = np.zeros_like(weight)
        self.assertLess(self.net.set_conv_matrix("c", matrix), 1e-6)
        np.testing.assert_allclose(self.net.parameters["c/weight"], weight, atol=1e-6)
        counts = self.net.conv_positions("c")
        self.assertEqual(counts.shape, weight.shape)
        self.assertEqual(counts.sum(), matrix.nonzeros)
        noisy = cnn.Matrix(matrix.toarray() + random(*matrix.shape))
        with self.assertRaises(cnn.OutOfRangeError):
            self.net.set_conv_matrix("c", noisy)
        self.assertGreater(self.net.set_conv_matrix("c", noisy, unchecked=True), 0.1)

    def test_a_convolution_as_a_dense_layer(self) -> None:
        unrolled = self.net.unroll_conv2d("c")
        unrolled.compile("cpu", max_batch=4)
        x = random(4, 2, 5, 4)
        np.testing.assert_allclose(unrolled.run(x), self.net.run(x), atol=1e-5)
        self.assertEqual(unrolled.node("c").info.kind, "dense")

    def test_mat_vec_and_rows(self) -> None:
        values = np.arange(6, dtype=np.float32)
        matrix = cnn.Matrix.mat(values, 2, 3, "columns")
        np.testing.assert_array_equal(matrix.toarray(), values.reshape(3, 2).T)
        np.testing.assert_array_equal(matrix.vec("columns"), values)
        self.assertEqual(cnn.Matrix.mat(range(9)).shape, (3, 3))
        with self.assertRaises(cnn.ShapeMismatchError):
            cnn.Matrix.mat(range(8))
        csr = matrix.to_csr()
        np.testing.assert_array_equal(csr.offsets, [0, 2, 5])
        again = cnn.Matrix.csr(*csr, shape=(2, 3))
        self.assertTrue(again.sparse)
        np.testing.assert_array_equal(again.toarray(), matrix.toarray())
        self.assertIn("2 x 3", repr(again))
        with self.assertRaises(cnn.ShapeMismatchError):
            again.multiply([1, 2])
        with self.assertRaises(cnn.InvalidArgumentError):
            self.net.conv_matrix("x")


if __name__ == "__main__":
    unittest.main()
