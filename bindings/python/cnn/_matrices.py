"""Matrix forms of convolutions: for looking, teaching and checking."""

from __future__ import annotations

from ctypes import byref, c_double, c_void_p
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _abi
from ._abi import Order, Status, VecOrder
from ._arrays import FLOAT32, INT64, Array, ArrayLike, Floats, Shape, address, contiguous, floats
from ._arrays import output
from ._base import NetBase, NodeLike
from ._building import literal
from ._enums import OrderLike, VecOrderLike, constant
from ._errors import ShapeMismatchError, call
from ._handles import Handle
from ._library import lib


class Csr(NamedTuple):
    """Compressed sparse rows: row r has the entries offsets[r] to offsets[r + 1]."""

    data: Floats
    indices: npt.NDArray[np.int64]
    """The columns of the entries, ascending in a row."""
    offsets: npt.NDArray[np.int64]


class Matrix(Handle):
    """A matrix of float32, dense or in compressed sparse rows. It never changes: any number of
    threads may use it. Products accumulate in double, in a fixed order.

    Matrix(values) is a dense one of a 2-D array; there are Matrix.mat, of a vector, and Matrix.csr.
    """

    def __init__(self, values: ArrayLike) -> None:
        array = floats(values)
        if array.ndim != 2:
            raise ShapeMismatchError(
                f"a matrix of the shape {array.shape}, but it needs 2 sizes", Status.SHAPE_MISMATCH
            )
        self._make(
            lib.cnn_matrix_mat, address(array), array.size, *array.shape, VecOrder.ROWS
        )

    def _make(self, function: Any, *arguments: Any) -> None:
        handle = c_void_p()
        call(function, *arguments, byref(handle))
        assert handle.value is not None
        self._adopt(handle.value, lib.cnn_matrix_destroy)

    @classmethod
    def mat(
        cls, values: ArrayLike, rows: int = 0, columns: int = 0, order: VecOrderLike = "rows"
    ) -> "Matrix":
        """mat(v), a dense matrix of a vector, by "rows" or by "columns". rows and columns both 0: a
        square, of a perfect square of elements (ShapeMismatchError)."""
        array = floats(values)
        matrix = cls.__new__(cls)
        vec_order = constant(VecOrder, order)
        matrix._make(
            lib.cnn_matrix_mat, address(array), array.size, rows, columns, vec_order
        )
        return matrix

    @classmethod
    def csr(
        cls, data: ArrayLike, indices: ArrayLike, offsets: ArrayLike, shape: Tuple[int, int]
    ) -> "Matrix":
        """A sparse matrix, of what SciPy calls (data, indices, indptr)."""
        values = floats(data)
        columns = contiguous(indices, INT64)
        rows = contiguous(offsets, INT64)
        if rows.size != shape[0] + 1 or columns.size != values.size:
            raise ShapeMismatchError(
                f"{shape[0]} rows with {rows.size} offsets, and {values.size} entries with "
                f"{columns.size} indices",
                Status.SHAPE_MISMATCH,
            )
        matrix = cls.__new__(cls)
        matrix._make(
            lib.cnn_matrix_csr,
            shape[0],
            shape[1],
            address(rows),
            address(columns),
            address(values),
            values.size,
        )
        return matrix

    def _info(self) -> _abi.cnn_matrix_info:
        info = _abi.cnn_matrix_info()
        call(lib.cnn_matrix_get_info, self._handle, byref(info))
        return info

    @property
    def shape(self) -> Tuple[int, int]:
        """(rows, columns)."""
        info = self._info()
        return info.rows, info.columns

    @property
    def nonzeros(self) -> int:
        """Entries kept by a sparse one; elements of a dense one that aren't zero."""
        return self._info().nonzeros

    @property
    def sparse(self) -> bool:
        """Whether it keeps rows of entries."""
        return bool(self._info().sparse)

    def vec(self, order: VecOrderLike = "rows", out: Optional[Floats] = None) -> Floats:
        """vec(A): every element, row after row or column after column."""
        info = self._info()
        values = output(out, (info.rows * info.columns,), FLOAT32, "out")
        vec_order = constant(VecOrder, order)
        call(lib.cnn_matrix_vec, self._handle, vec_order, address(values), values.size)
        return values

    def toarray(self) -> Floats:
        """The dense form, [rows, columns]."""
        return self.vec().reshape(self.shape)

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> Array:
        array = self.toarray()
        return array if dtype is None else array.astype(dtype)

    def to_csr(self) -> Csr:
        """Its rows' entries; of a dense one the elements that aren't zero. SciPy takes them as
        csr_matrix(matrix.to_csr(), shape=matrix.shape)."""
        info = self._info()
        csr = Csr(
            np.empty(info.nonzeros, FLOAT32),
            np.empty(info.nonzeros, INT64),
            np.empty(info.rows + 1, INT64),
        )
        call(
            lib.cnn_matrix_get_csr,
            self._handle,
            address(csr.offsets),
            csr.offsets.size,
            address(csr.indices),
            address(csr.data),
            csr.data.size,
        )
        return csr

    def multiply(
        self, x: ArrayLike, *, transposed: bool = False, out: Optional[Floats] = None
    ) -> Floats:
        """A x, or A' x where transposed, for each vector along the last axis of x, [..., columns]
        (or rows): [..., rows]."""
        vectors = floats(x)
        rows, columns = self.shape
        if transposed:
            rows, columns = columns, rows
        if vectors.ndim == 0 or vectors.shape[-1] != columns:
            raise ShapeMismatchError(
                f"multiply: x has the shape {vectors.shape}, but needs (..., {columns})",
                Status.SHAPE_MISMATCH,
            )
        y = output(out, (*vectors.shape[:-1], rows), FLOAT32, "out")
        call(
            lib.cnn_matrix_multiply,
            self._handle,
            transposed,
            address(vectors),
            vectors.size,
            address(y),
            y.size,
        )
        return y

    def __matmul__(self, x: ArrayLike) -> Floats:
        """A @ x of a vector, or of a matrix whose columns are vectors."""
        array = np.asarray(x)
        return self.multiply(array) if array.ndim < 2 else self.multiply(array.T).T

    def __repr__(self) -> str:
        if self.closed:
            return "<cnn.Matrix, closed>"
        info = self._info()
        kind = f"sparse, {info.nonzeros} entries" if info.sparse else "dense"
        return f"<cnn.Matrix {info.rows} x {info.columns}, {kind}>"


@dataclass(frozen=True)
class ConvolutionInfo:
    """The convolution that a conv2d node is; sizes are (height, width)."""

    input: Shape
    """C, H, W."""
    output: Shape
    """filters, H', W'."""
    kernel: Tuple[int, int]
    stride: Tuple[int, int]
    dilation: Tuple[int, int]
    padding: Tuple[int, int, int, int]
    """Top, left, bottom, right, also of "same"."""
    groups: int
    patch_rows: int
    """Of phi: C * kernel height * kernel width."""
    positions: int
    """Its columns: H' W'."""


def _adopted(handle: c_void_p) -> Matrix:
    assert handle.value is not None
    matrix = Matrix.__new__(Matrix)
    matrix._adopt(handle.value, lib.cnn_matrix_destroy)
    return matrix


class MatrixForms(NetBase):
    """A convolution as a matrix. Every method takes a conv2d node, before or after compile();
    InvalidArgumentError for another. order is that of vectors through an image: "chw", as in memory,
    or "hwc"."""

    def describe_convolution(self, node: NodeLike) -> ConvolutionInfo:
        """What the node computes."""
        info = _abi.cnn_convolution_info()
        call(lib.cnn_net_describe_convolution, self._handle, self._index(node), byref(info))
        return ConvolutionInfo(
            input=tuple(info.input),
            output=tuple(info.output),
            kernel=(info.kernel[0], info.kernel[1]),
            stride=(info.stride[0], info.stride[1]),
            dilation=(info.dilation[0], info.dilation[1]),
            padding=(info.padding[0], info.padding[1], info.padding[2], info.padding[3]),
            groups=info.groups,
            patch_rows=info.patch_rows,
            positions=info.positions,
        )

    def patches(self, node: NodeLike, z: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """phi(Z) of each of n samples z, [n, C, H, W]: [n, patch_rows, positions], a column for each
        place of the kernel, with the sub-image that it meets there."""
        info = self.describe_convolution(node)
        images = floats(z)
        sample = int(np.prod(info.input))
        phi = output(
            out, (images.size // sample, info.patch_rows, info.positions), FLOAT32, "out"
        )
        call(
            lib.cnn_net_patches,
            self._handle,
            self._index(node),
            address(images),
            images.size,
            address(phi),
            phi.size,
        )
        return phi

    def patch_matrix(self, node: NodeLike, order: OrderLike = "chw") -> Matrix:
        """The sparse 0/1 matrix P with vec(phi(Z)) = P vec(Z). Its transposed product adds patches
        up into an image."""
        handle = c_void_p()
        index = self._index(node)
        call(
            lib.cnn_net_patch_matrix, self._handle, index, constant(Order, order), byref(handle)
        )
        return _adopted(handle)

    def conv_matrix(
        self, node: NodeLike, *, dense: bool = False, order: OrderLike = "chw"
    ) -> Matrix:
        """The matrix M with vec(Y) = M vec(X), Y the convolution of X without bias and
        activation."""
        options = _abi.cnn_conv_matrix(dense=dense, order=constant(Order, order))
        handle = c_void_p()
        index = self._index(node)
        call(lib.cnn_net_conv_matrix, self._handle, index, byref(options), byref(handle))
        return _adopted(handle)

    def conv_positions(self, node: NodeLike) -> npt.NDArray[np.int64]:
        """In how many places of M each entry of the node's weight is, in the weight's shape."""
        info = self._weight_shape(node)
        counts = np.empty(info, INT64)
        call(
            lib.cnn_net_conv_positions,
            self._handle,
            self._index(node),
            address(counts),
            counts.size,
        )
        return counts

    def _weight_shape(self, node: NodeLike) -> Shape:
        """The shape of a node's weight."""
        index = self._index(node)
        name = self.describe(index).name + "/weight"
        for place in range(lib.cnn_net_tensor_count(self._handle, _abi.Vector.PARAMETERS)):
            info = _abi.cnn_tensor_info()
            call(
                lib.cnn_net_describe_tensor,
                self._handle,
                _abi.Vector.PARAMETERS,
                place,
                byref(info),
            )
            if info.node == index and info.name.decode("utf-8", "replace") == name:
                return tuple(info.shape[: info.rank])
        self.describe_convolution(index)
        return ()

    def set_conv_matrix(
        self,
        node: NodeLike,
        matrix: Matrix,
        *,
        tolerance: Optional[float] = None,
        unchecked: bool = False,
        order: OrderLike = "chw",
    ) -> float:
        """Sets the node's weight to the kernel whose matrix is nearest to M in the sum of squares.
        Returns |M - M(K)| / |M|. One above the tolerance (default 1e-5) raises OutOfRangeError,
        the net unchanged, unless unchecked."""
        options = _abi.cnn_conv_matrix(
            tolerance=literal(tolerance, "tolerance"),
            unchecked=unchecked,
            order=constant(Order, order),
        )
        residual = c_double()
        call(
            lib.cnn_net_set_conv_matrix,
            self._handle,
            self._index(node),
            matrix.handle,
            byref(options),
            byref(residual),
        )
        return residual.value


__all__ = ["ConvolutionInfo", "Csr", "Matrix", "MatrixForms"]
