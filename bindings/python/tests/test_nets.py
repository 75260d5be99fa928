"""Building, running and looking at nets."""

from __future__ import annotations

import copy
import pickle
import unittest
from typing import Any

import numpy as np

import cnn

from .common import classifier, pictures, random, small_net, xor


def compiled(net: cnn.Net, max_batch: int = 8) -> cnn.Net:
    net.compile("cpu", max_batch=max_batch)
    return net


def two_by_two() -> cnn.Net:
    """Two inputs, and two outputs that aren't in the order of their nodes."""
    net = cnn.Net()
    a = net.input("a", (3,))
    b = net.input("b", (2,))
    first = net.dense(a, 4, name="first")
    second = net.dense(net.concat([a, b]), 5, name="second")
    net.output(second)
    net.output(first)
    return net


class BuildingTest(unittest.TestCase):
    def test_nodes_tell_about_themselves(self) -> None:
        net = classifier()
        node = net.node("conv2d_1")
        self.assertEqual(node.shape, (4, 6, 6))
        self.assertEqual(node.info.kind, "conv2d")
        self.assertEqual(node.info.inputs, (0,))
        self.assertEqual(node.info.parameters, 4 * 2 * 9 + 4)
        self.assertEqual(node, net.node(1))
        self.assertEqual(int(node), 1)
        self.assertIn("conv2d_1", repr(node))
        self.assertEqual([info.index for info in net.nodes], list(range(len(net))))
        self.assertEqual([info.output for info in net.nodes if info.kind == "dense"], [1])
        self.assertIn("softmax_cross_entropy", str(net))
        self.assertIn("not compiled", repr(net))

    def test_mistakes_are_raised_at_once_and_stay(self) -> None:
        net = cnn.Net()
        x = net.input("x", (3, 4, 4))
        with self.assertRaises(cnn.ShapeMismatchError) as raised:
            net.conv2d(x, 4, 3, groups=2, name="stem")
        self.assertIn("stem", str(raised.exception))
        self.assertIn("groups", str(raised.exception))
        self.assertEqual(raised.exception.node, 1)
        self.assertEqual(raised.exception.status, cnn.Status.SHAPE_MISMATCH)
        calls: Any = (net.check, net.compile, lambda: net.dense(x, 3))
        for call in calls:
            with self.assertRaises(cnn.ShapeMismatchError) as again:
                call()
            self.assertIn("stem", str(again.exception))

    def test_mistakes_in_arguments(self) -> None:
        net = cnn.Net()
        x = net.input("x", (3, 4, 4))
        wrong: Any = "reluu"
        with self.assertRaisesRegex(cnn.InvalidArgumentError, 'reluu.*"leaky_relu"'):
            net.dense(x, 3, activation=wrong)
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "3 sizes"):
            net.conv2d(x, 3, (1, 2, 3))
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "padding"):
            net.conv2d(x, 3, 3, padding=(1, 2, 3))
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "slope"):
            net.dense(x, 3, slope=-1)
        with self.assertRaisesRegex(cnn.NotFoundError, '"nobody"'):
            net.dense("nobody", 3)
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "another net"):
            cnn.Net().dense(x, 3)
        net.check()

    def test_a_compiled_net_takes_no_nodes(self) -> None:
        net = compiled(small_net())
        with self.assertRaises(cnn.BadStateError):
            net.dense(0, 3)
        net.run(xor()[0])

    def test_names(self) -> None:
        net = cnn.Net("ünï")
        x = net.input("größe", (2,))
        net.dense(x, 2, name="層")
        self.assertEqual(net.node("層").name, "層")
        self.assertIn("層/weight", net.parameters)
        self.assertIn("ünï", net.summary())
        with self.assertRaises(cnn.InvalidArgumentError):
            net.dense(x, 2, name="層")


class RunningTest(unittest.TestCase):
    def test_out_is_filled_in_place(self) -> None:
        net = compiled(small_net())
        x, _ = xor()
        out = np.full((4, 1), np.nan, np.float32)
        result = net.run(x, out)
        self.assertIs(result, out)
        np.testing.assert_array_equal(out, net.run(x))
        flat = np.empty(4, np.float32)
        self.assertIs(net.run(x, out=flat), flat)
        np.testing.assert_array_equal(flat, out[:, 0])

    def test_out_is_checked(self) -> None:
        net = compiled(small_net())
        x, _ = xor()
        wrong: Any
        for wrong, message in (
            (np.empty((4, 1)), "float64"),
            (np.empty((4, 2), np.float32)[:, :1], "contiguous"),
            (np.empty((3, 1), np.float32), r"\(3, 1\)"),
            ([0, 0, 0, 0], "list"),
            (np.broadcast_to(np.float32(0), (4, 1)), "writeable"),
        ):
            with self.subTest(message), self.assertRaisesRegex(cnn.Error, message):
                net.run(x, wrong)

    def test_shapes_are_checked(self) -> None:
        net = compiled(classifier())
        images, _ = pictures(4)
        floats = images.astype(np.float32)
        want = net.run(floats)
        np.testing.assert_array_equal(net.run(floats.reshape(4, -1)), want)
        for wrong in (
            floats[0],
            floats.transpose(0, 2, 3, 1),
            floats[:, :1],
            floats.reshape(2, 4, 36),
            np.float32(3),
        ):
            with self.subTest(np.shape(wrong)), self.assertRaises(cnn.ShapeMismatchError):
                net.run(wrong)
        with self.assertRaises(cnn.ShapeMismatchError):
            net.run(floats[:0])

    def test_sizes_of_one_may_be_left_out(self) -> None:
        net = cnn.Net()
        net.flatten(net.input("x", (1, 4, 5)))
        compiled(net)
        x = random(3, 4, 5)
        np.testing.assert_array_equal(net.run(x), x.reshape(3, -1))
        np.testing.assert_array_equal(net.run(x[:, None]), x.reshape(3, -1))
        with self.assertRaises(cnn.ShapeMismatchError):
            net.run(x.transpose(0, 2, 1))

    def test_other_types_and_orders_are_converted(self) -> None:
        net = compiled(small_net())
        x, _ = xor()
        want = net.run(x)
        for other in (
            x.astype(np.float64),
            x.astype(int),
            x.astype(bool),
            x.astype(np.float16),
            x.astype(">f4"),
            np.asfortranarray(x),
            np.repeat(x, 2, 0)[::2],
            x.tolist(),
            x.astype(np.uint8),
        ):
            np.testing.assert_array_equal(net.run(other), want)
        odd = np.empty(4 * 2 * 4 + 1, np.uint8)[1:].view(np.float32).reshape(4, 2)
        odd[...] = x
        self.assertFalse(odd.flags.aligned)
        np.testing.assert_array_equal(net.run(odd), want)

    def test_bytes_with_channels_last(self) -> None:
        net = cnn.Net()
        net.reshape(net.input("image", (3, 4, 5)), (60,))
        compiled(net)
        image = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(np.uint8)
        mean, scale = [10, 20, 30], [0.5, 0.25, 2]
        want = (image.astype(np.float64) - mean) * scale
        view = cnn.View(image, scale=scale, mean=mean, layout="nhwc")
        self.assertIs(view.array, image)
        np.testing.assert_allclose(
            net.run(view), want.transpose(0, 3, 1, 2).reshape(2, -1), rtol=1e-6
        )
        one = cnn.View(image.transpose(0, 3, 1, 2), scale=1 / 255)
        np.testing.assert_allclose(
            net.run(one), image.transpose(0, 3, 1, 2).reshape(2, -1) / 255, rtol=1e-6
        )
        with self.assertRaises(cnn.ShapeMismatchError):
            net.run(cnn.View(image))
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "2 values"):
            net.run(cnn.View(image, scale=[1, 2], layout="nhwc"))
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "zero"):
            cnn.View(image, scale=0)

    def test_a_mean_of_zero_is_meant(self) -> None:
        net = cnn.Net()
        net.flatten(net.input("x", (3, 1, 1)))
        compiled(net)
        x = np.ones((1, 3), np.float32)
        y = net.run(cnn.View(x, mean=[0.5, 0, 0]))
        np.testing.assert_array_equal(y, [[0.5, 1, 1]])
        np.testing.assert_array_equal(net.run(cnn.View(x, mean=0.5)), [[0.5, 0.5, 0.5]])

    def test_several_inputs_and_outputs(self) -> None:
        net = two_by_two()
        self.assertEqual([info.output for info in net.nodes], [0, 0, 2, 0, 1])
        for other in (net, cnn.Net.load(net.to_bytes())):
            compiled(other)
            a, b = random(3, 3), random(3, 2, seed=1)
            second, first = other.run_many([a, b])
            p = other.parameters
            np.testing.assert_allclose(
                first, a @ p["first/weight"].T + p["first/bias"], atol=1e-6
            )
            np.testing.assert_allclose(
                second,
                np.concatenate([a, b], 1) @ p["second/weight"].T + p["second/bias"],
                atol=1e-6,
            )
            out = np.empty((3, 4), np.float32)
            results = other.run_many({"b": b, "a": a}, {"first": out})
            self.assertIs(results[1], out)
            np.testing.assert_array_equal(out, first)
            soft = other.run_many([a, b], softmax=True)[1]
            np.testing.assert_allclose(soft.sum(1), 1, atol=1e-6)
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "run_many"):
            net.run(random(3, 3))
        with self.assertRaisesRegex(cnn.InvalidArgumentError, '"b"'):
            net.run_many({"a": random(3, 3)})
        with self.assertRaisesRegex(cnn.InvalidArgumentError, "1 input"):
            net.run_many([random(3, 3)])

    def test_softmax_and_training(self) -> None:
        net = cnn.Net()
        net.dropout(net.input("x", (50,)), 0.5)
        compiled(net)
        x = np.ones((2, 50), np.float32)
        np.testing.assert_array_equal(net.run(x), x)
        self.assertEqual(set(np.unique(net.run(x, training=True))), {0, 2})
        np.testing.assert_allclose(net.run(x, softmax=True), 1 / 50, rtol=1e-5)

    def test_more_than_max_batch(self) -> None:
        net = compiled(small_net(), 3)
        x = random(10, 2)
        np.testing.assert_allclose(net.run(x), compiled(small_net(), 10).run(x), atol=1e-6)
        with self.assertRaises(cnn.LimitExceededError):
            net.loss_gradient(x, random(10, 1))

    def test_before_compile_and_after_close(self) -> None:
        net = small_net()
        with self.assertRaises(cnn.BadStateError):
            net.run(xor()[0])
        with net:
            pass
        self.assertTrue(net.closed)
        net.close()
        calls: Any = (
            lambda: net.run(xor()[0]),
            lambda: net.input("x", (2,)),
            lambda: net.node("x"),
            net.summary,
            net.compile,
            net.to_bytes,
            lambda: net.parameters["dense_1/weight"],
        )
        for call in calls:
            with self.assertRaisesRegex(cnn.InvalidArgumentError, "NULL"):
                call()
        self.assertIn("closed", repr(net))


class GradientTest(unittest.TestCase):
    def test_gradient_against_numpy(self) -> None:
        net = cnn.Net()
        net.loss(net.dense(net.input("x", (3,)), 2, name="d"), "half_mse")
        compiled(net)
        x, t = random(5, 3), random(5, 2, seed=1)
        p = net.parameters
        error = x.astype(np.float64) @ p["d/weight"].T + p["d/bias"] - t
        loss = net.loss_gradient(x, t)
        self.assertAlmostEqual(loss, (error**2).sum() / 2 / 5, places=6)
        np.testing.assert_allclose(net.gradient["d/weight"], error.T @ x / 5, atol=1e-6)
        np.testing.assert_allclose(net.gradient["d/bias"], error.mean(0), atol=1e-6)

    def test_backward(self) -> None:
        net = cnn.Net()
        net.dense(net.input("x", (3,)), 2, name="d")
        compiled(net)
        x, dy = random(5, 3), random(5, 2, seed=1)
        (dx,) = net.backward(x, dy)
        w = net.parameters["d/weight"]
        np.testing.assert_allclose(dx, dy @ w, atol=1e-6)
        np.testing.assert_allclose(net.gradient["d/weight"], dy.T @ x, atol=1e-5)
        out = np.empty((5, 3), np.float32)
        (same,) = net.backward(x, dy, [2, 2, 2, 2, 2], input_gradients=[out])
        self.assertIs(same, out)
        np.testing.assert_allclose(out, 2 * dx, atol=1e-6)
        self.assertEqual(net.backward(x, dy, input_gradients=False), [])
        with self.assertRaises(cnn.ShapeMismatchError):
            net.backward(x, dy[:4])

    def test_backward_with_several(self) -> None:
        net = two_by_two()
        compiled(net)
        a, b = random(4, 3), random(4, 2)
        second, first = random(4, 5), random(4, 4)
        da, db = net.backward([a, b], [second, first])
        p = net.parameters
        through = second @ p["second/weight"]
        np.testing.assert_allclose(da, first @ p["first/weight"] + through[:, :3], atol=1e-6)
        np.testing.assert_allclose(db, through[:, 3:], atol=1e-6)
        (only,) = net.backward([a, b], [second, first], input_gradients=[None, db.copy()])
        np.testing.assert_array_equal(only, db)

    def test_check_gradient(self) -> None:
        net = compiled(small_net())
        report = net.check_gradient(*xor(), tolerance=1e-2)
        self.assertEqual(report.entries, 13)
        self.assertLess(report.error, 1e-2)
        self.assertIn(report.tensor, net.parameters)
        none = net.check_gradient(*xor(), entries=0, directions=2)
        self.assertEqual((none.entries, none.directions, none.index), (0, 2, -1))
        with self.assertRaises(cnn.OutOfRangeError) as raised:
            net.check_gradient(*xor(), tolerance=1e-30)
        self.assertGreater(raised.exception.report.error, 0)

    def test_error_curve(self) -> None:
        net = compiled(small_net())
        x, y = xor()
        start = net.evaluate(x, y).loss
        values = net.error_curve(x, y, alphas=[0, 0.01])
        self.assertAlmostEqual(values[0], start, places=6)
        self.assertLess(values[1], start)
        net.loss_gradient(x, y)
        along = net.error_curve(x, y, alphas=[0, 0.01], direction=-net.gradient.vector)
        np.testing.assert_allclose(along, values, atol=1e-7)
        with self.assertRaises(cnn.OutOfRangeError):
            net.error_curve(x, y, alphas=[np.inf])


class ParametersTest(unittest.TestCase):
    def test_tensors_are_a_dict(self) -> None:
        net = small_net()
        p = net.parameters
        names = ["dense_1/weight", "dense_1/bias", "dense_2/weight", "dense_2/bias"]
        self.assertEqual(list(p), names)
        self.assertEqual(len(p), 4)
        self.assertEqual(p.elements, 13)
        self.assertEqual({k: v.shape for k, v in p.items()}["dense_1/weight"], (3, 2))
        vector = p.vector
        np.testing.assert_array_equal(vector, np.concatenate([v.ravel() for v in p.values()]))
        p["dense_1/bias"] = [1, 2, 3]
        p["dense_1/bias"] *= 2
        np.testing.assert_array_equal(p["dense_1/bias"], [2, 4, 6])
        p.vector = vector
        np.testing.assert_array_equal(p["dense_1/bias"], 0)
        out = np.empty(13, np.float32)
        self.assertIs(p.read_vector(out), out)
        info = p.info()["dense_2/weight"]
        self.assertEqual((info.offset, info.elements, info.shape), (9, 3, (1, 3)))
        with self.assertRaises(KeyError):
            p["dense_3/weight"]
        with self.assertRaises(cnn.NotFoundError):
            p["dense_3/weight"] = 1
        with self.assertRaises(cnn.ShapeMismatchError):
            p["dense_1/bias"] = [1, 2]
        with self.assertRaises(cnn.ShapeMismatchError):
            p.vector = vector[1:]
        self.assertNotIn("x", p)
        self.assertIsNone(p.get("x"))
        with self.assertRaises(cnn.BadStateError):
            net.gradient.vector

    def test_rates_regularization_and_center(self) -> None:
        net = small_net()
        net.freeze("dense_1")
        net.set_rate("dense_2/weight", 0.5)
        net.set_regularization("dense_2", 3)
        info = net.parameters.info()
        self.assertEqual([i.rate for i in info.values()], [0, 0, 0.5, 1])
        self.assertEqual([i.regularization for i in info.values()], [1, 0, 3, 3])
        net.thaw("dense_1", "dense_2")
        self.assertEqual({i.rate for i in net.parameters.info().values()}, {1})
        np.testing.assert_array_equal(net.center, np.zeros(13))
        net.center = net.parameters.vector
        np.testing.assert_array_equal(net.center, net.parameters.vector)
        net.center = None
        self.assertFalse(net.center.any())
        with self.assertRaises(cnn.NotFoundError):
            net.set_rate("nobody", 1)

    def test_clones_and_copies(self) -> None:
        net = small_net()
        net.parameters["dense_1/bias"] = [1, 2, 3]
        for other in (net.clone(), copy.copy(net), copy.deepcopy(net)):
            self.assertIsNot(other, net)
            np.testing.assert_array_equal(other.parameters.vector, net.parameters.vector)
            other.parameters["dense_1/bias"] = 0, 0, 0
        self.assertEqual(net.parameters["dense_1/bias"][2], 3)
        other = small_net(seed=5)
        other.copy_parameters(net)
        np.testing.assert_array_equal(other.parameters.vector, net.parameters.vector)
        with self.assertRaises(cnn.ShapeMismatchError):
            other.copy_parameters(small_net(4))

    def test_radial_basis_from_data(self) -> None:
        net = cnn.Net()
        net.radial_basis(net.input("x", (2,)), 3, name="r")
        compiled(net)
        centers = np.array([[0, 0], [5, 5], [-5, 5]], np.float32)
        x = np.repeat(centers, 10, 0) + random(30, 2) * 0.1
        net.init_radial_basis("r", x, seed=1)
        found = net.parameters["r/center"]
        for center in centers:
            self.assertLess(np.abs(found - center).sum(1).min(), 0.2)
        with self.assertRaises(cnn.OutOfRangeError):
            net.init_radial_basis("r", x[:2])

    def test_nets_are_pickled(self) -> None:
        net = compiled(small_net())
        again = pickle.loads(pickle.dumps(net))
        np.testing.assert_array_equal(again.parameters.vector, net.parameters.vector)
        for other in (cnn.Adam(), cnn.Device("cpu")):
            with self.assertRaises(TypeError):
                pickle.dumps(other)
            with self.assertRaises(TypeError):
                copy.copy(other)


if __name__ == "__main__":
    unittest.main()
