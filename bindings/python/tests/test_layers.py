"""Layers, activations and losses against NumPy in float64, on every device."""

from __future__ import annotations

import math
import unittest
from typing import Any, Callable, Dict

import numpy as np

import cnn

from .common import DEVICES, random

Array = Any


def conv(x: Array, w: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Cross-correlation of [N, C, H, W] with [O, C, h, w]."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    n, _, height, width = x.shape
    o, _, h, k = w.shape
    rows = (height - dilation * (h - 1) - 1) // stride + 1
    columns = (width - dilation * (k - 1) - 1) // stride + 1
    y = np.zeros((n, o, rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = x[
                :,
                :,
                i * stride : i * stride + dilation * (h - 1) + 1 : dilation,
                j * stride : j * stride + dilation * (k - 1) + 1 : dilation,
            ]
            y[:, :, i, j] = np.einsum("nchw,ochw->no", window, w.astype(np.float64))
    return y + b[None, :, None, None]


def windows(x: Array, size: int, reduce: Callable[..., Array]) -> Array:
    """Pools [N, C, H, W] by non-overlapping windows."""
    n, c, h, w = x.shape
    cut = x[:, :, : h // size * size, : w // size * size].astype(np.float64)
    return reduce(cut.reshape(n, c, h // size, size, w // size, size), axis=(3, 5))


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


ERF = np.vectorize(math.erf)
ACTIVATIONS: Dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "scaled_tanh": lambda x: 1.7159 * np.tanh(2 * x / 3),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "gelu": lambda x: x * (1 + ERF(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "soft_logistic": lambda x: (np.abs(x) + x + 1) / (2 * np.abs(x) + 2),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "algebraic": lambda x: x / np.sqrt(x * x + 1),
}


class LayersTest(unittest.TestCase):
    def one(self, shape: Any, build: Any, expected: Any, seed: int = 3) -> None:
        """A net of one layer on five samples, compared on each device."""
        for spec in DEVICES:
            with self.subTest(spec), cnn.Net(seed=seed) as net:
                build(net, net.input("x", shape))
                net.compile(spec, max_batch=4)
                x = random(5, *shape, seed=seed)
                y = net.run(x)
                want = expected(net, x)
                self.assertEqual(y.dtype, np.float32)
                self.assertEqual(y.shape, want.shape)
                np.testing.assert_allclose(y, want, rtol=1e-4, atol=2e-5)

    def test_conv2d(self) -> None:
        def build(net: cnn.Net, x: cnn.Node) -> None:
            net.conv2d(x, 4, (3, 2), stride=2, padding=1, dilation=2, name="c")

        def expected(net: cnn.Net, x: Array) -> Array:
            p = net.parameters
            return conv(x, p["c/weight"], p["c/bias"], 2, 1, 2)

        self.one((3, 9, 8), build, expected)

    def test_conv2d_same_and_without_bias(self) -> None:
        def expected(net: cnn.Net, x: Array) -> Array:
            return np.maximum(conv(x, net.parameters["c/weight"], np.zeros(2), pad=2), 0)

        self.one(
            (1, 6, 7),
            lambda net, x: net.conv2d(
                x, 2, 5, padding="same", bias=False, activation="relu", name="c"
            ),
            expected,
        )

    def test_conv2d_groups_and_explicit_padding(self) -> None:
        def expected(net: cnn.Net, x: Array) -> Array:
            w, b = net.parameters["c/weight"], net.parameters["c/bias"]
            padded = np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 2)))
            halves = [conv(padded[:, 2 * g : 2 * g + 2], w[g : g + 1], b[g : g + 1]) for g in (0, 1)]
            return np.concatenate(halves, 1)

        self.one(
            (4, 5, 5),
            lambda net, x: net.conv2d(x, 2, 3, groups=2, padding=(1, 0, 0, 2), name="c"),
            expected,
        )

    def test_conv2d_with_connections(self) -> None:
        pairs = np.array([[0, 0], [2, 0], [1, 1]])

        def expected(net: cnn.Net, x: Array) -> Array:
            kernels, b = net.parameters["c/weight"], net.parameters["c/bias"]
            w = np.zeros((2, 3, 2, 2))
            for (i, o), kernel in zip(pairs, kernels):
                w[o, i] = kernel
            return conv(x, w, b)

        self.one(
            (3, 4, 4),
            lambda net, x: net.conv2d(
                x, 2, 2, connections=cnn.Connections(pairs=pairs), name="c"
            ),
            expected,
        )

    def test_connections_of_other_kinds_and_kernel_sizes(self) -> None:
        net = cnn.Net()
        x = net.input("x", (3, 6, 6))
        net.conv2d(x, 3, 3, connections=cnn.Connections("single"), name="single")
        net.conv2d(x, 5, 3, connections=cnn.Connections(fan_in=2, seed=7), name="random")
        net.conv2d(x, 5, 3, connections=cnn.Connections(shared_kernel=True), name="shared")
        sizes = [[1, 1], [3, 2]]
        mixed = cnn.Connections(kernel_sizes=sizes, kernel_sizes_by_map=True)
        net.conv2d(x, 2, connections=mixed, name="mixed")
        self.assertEqual(net.parameters["single/weight"].shape, (3, 3, 3))
        self.assertEqual(net.parameters["random/weight"].shape, (10, 3, 3))
        self.assertEqual(net.parameters["shared/weight"].shape, (5, 3, 3))
        self.assertEqual(net.parameters["mixed/weight"].size, 3 * (1 + 6))

    def test_dense(self) -> None:
        def expected(net: cnn.Net, x: Array) -> Array:
            w, b = net.parameters["d/weight"], net.parameters["d/bias"]
            return np.tanh(x.reshape(5, -1).astype(np.float64) @ w.T + b)

        self.one(
            (2, 3, 4), lambda net, x: net.dense(x, 7, activation="tanh", name="d"), expected
        )

    def test_pools(self) -> None:
        self.one(
            (3, 7, 6), lambda net, x: net.max_pool2d(x, 2), lambda net, x: windows(x, 2, np.max)
        )
        self.one(
            (3, 7, 6),
            lambda net, x: net.average_pool2d(x, 3),
            lambda net, x: windows(x, 3, np.mean),
        )
        self.one(
            (3, 4, 4),
            lambda net, x: net.average_pool2d(
                x, 2, stride=(2, 2), padding=(1, 1), include_padding=True
            ),
            lambda net, x: windows(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), 2, np.mean),
        )
        self.one(
            (3, 7, 6),
            lambda net, x: net.global_average_pool2d(x),
            lambda net, x: x.astype(np.float64).mean((2, 3), keepdims=True),
        )
        net = cnn.Net()
        x = net.input("x", (1, 5, 5))
        self.assertEqual(net.max_pool2d(x, 2, ceil_mode=True).shape, (1, 3, 3))
        self.assertEqual(net.max_pool2d(x, 3, stride=1, padding="same").shape, (1, 5, 5))
        with self.assertRaises(cnn.ShapeMismatchError):
            net.max_pool2d(x, 2, exact=True)

    def test_subsampling(self) -> None:
        self.one(
            (2, 5, 7), lambda net, x: net.subsample2d(x, (2, 3)), lambda net, x: x[:, :, ::2, ::3]
        )

        def expected(net: cnn.Net, x: Array) -> Array:
            alpha, b = net.parameters["s/alpha"], net.parameters["s/bias"]
            sums = windows(x, 2, np.sum)
            z = alpha[None, :, None, None] * sums + b[None, :, None, None]
            return ACTIVATIONS["sigmoid"](z)

        self.one(
            (2, 4, 6),
            lambda net, x: net.weighted_subsample2d(x, 2, activation="sigmoid", name="s"),
            expected,
        )

    def test_radial_basis(self) -> None:
        def expected(net: cnn.Net, x: Array) -> Array:
            c, beta = net.parameters["r/center"], np.exp(net.parameters["r/log_beta"])
            distances = ((x[:, None].astype(np.float64) - c) ** 2).sum(2)
            return np.exp(-beta * distances)

        self.one((4,), lambda net, x: net.radial_basis(x, 3, beta=0.5, name="r"), expected)

    def test_shapes_and_joins(self) -> None:
        self.one((2, 3, 2), lambda net, x: net.flatten(x), lambda net, x: x.reshape(5, -1))
        self.one(
            (2, 3, 2),
            lambda net, x: net.reshape(x, (3, 4)),
            lambda net, x: x.reshape(5, 3, 4),
        )
        self.one((6,), lambda net, x: net.softmax(x), lambda net, x: softmax(x.astype(np.float64)))
        self.one(
            (2, 3, 3),
            lambda net, x: net.add([x, x, "x"], activation="relu"),
            lambda net, x: np.maximum(3 * x, 0),
        )
        self.one(
            (2, 3, 3),
            lambda net, x: net.concat([x, net.activation(x, "tanh")]),
            lambda net, x: np.concatenate([x, np.tanh(x)], 1),
        )
        self.one((8,), lambda net, x: net.dropout(x, 0.5), lambda net, x: x)

    def test_batch_norm(self) -> None:
        def build(net: cnn.Net, x: cnn.Node) -> None:
            net.batch_norm(x, epsilon=1e-3, activation="relu", name="b")
            net.parameters["b/scale"] = [2, -1]
            net.parameters["b/shift"] = [0.5, 0.25]
            net.state["b/running_mean"] = [0.1, 0.2]
            net.state["b/running_variance"] = [1.5, 0.5]

        def expected(net: cnn.Net, x: Array) -> Array:
            def of(values: Any) -> Array:
                return np.array(values)[None, :, None, None]

            z = (x - of([0.1, 0.2])) / np.sqrt(of([1.5, 0.5]) + 1e-3)
            return np.maximum(z * of([2, -1]) + of([0.5, 0.25]), 0)

        self.one((2, 3, 3), build, expected)

    def test_activations(self) -> None:
        self.assertEqual({a.name.lower() for a in cnn.Activation}, set(ACTIVATIONS))
        for name, function in ACTIVATIONS.items():
            with self.subTest(name):
                self.one(
                    (11,),
                    lambda net, x, name=name: net.activation(x, name),
                    lambda net, x, function=function: function(x.astype(np.float64)),
                )
        self.one(
            (11,),
            lambda net, x: net.activation(x, "leaky_relu", slope=0),
            lambda net, x: np.maximum(x, 0),
        )
        self.one(
            (11,),
            lambda net, x: net.activation(x, cnn.Activation.ELU, slope=0.5),
            lambda net, x: np.where(x > 0, x, 0.5 * (np.exp(x) - 1)),
        )

    def test_initializers(self) -> None:
        net = cnn.Net()
        x = net.input("x", (100,))
        net.dense(x, 50, initializer="constant", initializer_scale=0.25, name="constant")
        net.dense(x, 50, initializer="uniform", initializer_scale=2, name="uniform")
        net.dense(x, 50, initializer="normal", initializer_scale=3, name="normal")
        w = net.parameters
        self.assertTrue((w["constant/weight"] == 0.25).all())
        self.assertGreater(np.abs(w["uniform/weight"]).max(), 1.9)
        self.assertAlmostEqual(w["normal/weight"].std(), 3, delta=0.1)
        with self.assertRaises(cnn.InvalidArgumentError):
            net.dense(x, 5, initializer="uniform", initializer_scale=0)


class LossesTest(unittest.TestCase):
    def losses(self, kind: Any, targets: Array, expected: Callable[[Array], Array], **keys: Any) -> None:
        """The mean over samples of expected(y), on each device."""
        for spec in DEVICES:
            with self.subTest(f"{kind} {spec}"), cnn.Net(seed=2) as net:
                x = net.input("x", (4,))
                if "cross_entropy" in kind and not kind.startswith(("softmax", "sigmoid")):
                    x = net.activation(x, "sigmoid")
                net.loss(x, kind, **keys)
                net.compile(spec, max_batch=8)
                inputs = random(6, 4, seed=9)
                y = net.run(inputs).astype(np.float64)
                want = float(np.mean(expected(y)))
                self.assertAlmostEqual(net.evaluate(inputs, targets).loss, want, delta=1e-5)
                self.assertAlmostEqual(net.loss_gradient(inputs, targets), want, delta=1e-5)

    def test_losses(self) -> None:
        t = np.abs(random(6, 4, seed=4)).astype(np.float64)
        p = np.clip(t, 0.01, 0.99)
        self.losses("mse", t, lambda y: ((y - t) ** 2).mean(1))
        self.losses("half_mse", t, lambda y: ((y - t) ** 2).sum(1) / 2)
        self.losses("sum_of_squares", t, lambda y: ((y - t) ** 2).sum(1))
        self.losses(
            "sigmoid_cross_entropy", p, lambda y: (np.log1p(np.exp(y)) - y * p).sum(1)
        )
        self.losses(
            "binary_cross_entropy",
            p,
            lambda y: (-p * np.log(y) - (1 - p) * np.log(1 - y)).sum(1),
        )
        self.losses("cross_entropy", p, lambda y: (-p * np.log(y)).sum(1))
        self.losses(
            "softmax_cross_entropy", p, lambda y: (-p * np.log(softmax(y))).sum(1)
        )
        self.losses("mse", t, lambda y: 0.5 * ((y - t) ** 2).mean(1), weight=0.5)
        self.losses("mse", t, lambda y: 0 * y, weight=0)
        self.losses(
            "half_mse",
            t,
            lambda y: ((y - t) ** 2 @ np.array([1, 2, 0, 1])) / 8,
            output_weights=[1, 2, 0, 1],
            average_outputs=True,
        )

    def test_labels(self) -> None:
        labels = np.array([0, 3, 1, 2, 2, 0])
        for dtype in (np.uint8, np.int16, np.int32, np.int64, np.uint64):
            self.losses(
                "softmax_cross_entropy",
                labels.astype(dtype),
                lambda y: -np.log(softmax(y)[np.arange(6), labels]),
            )

    def test_integers_are_values_for_other_losses(self) -> None:
        t = np.array([[0, 1, 0, 1]] * 6)
        self.losses("mse", t, lambda y: ((y - t) ** 2).mean(1))
        # One-hot integers are a distribution, as they have the output's shape.
        hot = np.eye(4, dtype=int)[[0, 3, 1, 2, 2, 0]]
        self.losses("softmax_cross_entropy", hot, lambda y: -(hot * np.log(softmax(y))).sum(1))

    def test_labels_of_a_map(self) -> None:
        with cnn.Net() as net:
            net.loss(net.input("x", (3, 2, 2)), "softmax_cross_entropy")
            net.compile("cpu", max_batch=2)
            x = random(2, 3, 2, 2)
            labels = np.array([[[0, 1], [2, 0]], [[1, 1], [2, 2]]], np.int32)
            p = np.take_along_axis(softmax(x.astype(np.float64)), labels[:, None], 1)
            result = net.evaluate(x, labels)
            self.assertAlmostEqual(result.loss, float(-np.log(p).mean()), delta=1e-5)
            self.assertEqual(result.correct, int((x.argmax(1) == labels).sum()))

    def test_sample_weights(self) -> None:
        weights = np.array([0, 1, 2, 0.5, 1, 3])
        with cnn.Net() as net:
            net.loss(net.input("x", (4,)), "mse")
            net.compile("cpu", max_batch=8)
            x, t = random(6, 4), random(6, 4, seed=1)
            want = (weights * ((x - t) ** 2).mean(1)).mean()
            self.assertAlmostEqual(net.evaluate(x, t, weights).loss, want, delta=1e-5)


if __name__ == "__main__":
    unittest.main()
