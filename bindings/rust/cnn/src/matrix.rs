//! Matrix forms of convolutions, for looking, teaching and checking.

use std::fmt;
use std::ptr;

use cnn_sys as sys;

use crate::convert::{from_i64, to_i64};
use crate::error::{check, filled};
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{Error, Net, Node, Result};

/// How vectors run through an image `[C, H, W]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum Order {
    /// (c H + y) W + x, as in memory.
    #[default]
    Chw = sys::CNN_ORDER_CHW,
    /// (y W + x) C + c.
    Hwc = sys::CNN_ORDER_HWC,
}

/// How a vector is a matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum VecOrder {
    /// Row after row.
    #[default]
    Rows = sys::CNN_VEC_ROWS,
    /// Column after column.
    Columns = sys::CNN_VEC_COLUMNS,
}

/// A matrix of float32, dense or in compressed sparse rows. It never changes: any number of threads
/// may use it. Products accumulate in double.
///
/// ```
/// use cnn::{Matrix, VecOrder};
///
/// let a = Matrix::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3, VecOrder::Rows)?;
/// let mut y = [0.0; 2];
/// a.multiply(&[1.0, 0.0, -1.0], &mut y)?;
/// assert_eq!(y, [-2.0, -2.0]);
/// # Ok::<(), cnn::Error>(())
/// ```
pub struct Matrix {
    raw: *mut sys::cnn_matrix,
}

// SAFETY: a matrix never changes; the library allows any number of threads to use it.
unsafe impl Send for Matrix {}
// SAFETY: likewise.
unsafe impl Sync for Matrix {}

/// What a [`Matrix`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatrixInfo {
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Entries kept by a sparse one; elements of a dense one that aren't zero.
    pub nonzeros: usize,
    /// Whether it is sparse.
    pub sparse: bool,
}

/// A matrix in compressed sparse rows: row r has the entries `row_offsets[r]` to
/// `row_offsets[r + 1]`, their columns ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csr {
    /// One more than rows, from 0 to the number of entries.
    pub row_offsets: Vec<i64>,
    /// Of each entry.
    pub column_indices: Vec<i64>,
    /// Of each entry.
    pub values: Vec<f32>,
}

impl Matrix {
    /// A dense matrix of a vector of `rows * columns` elements. Both 0: a square.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`] for another count.
    pub fn new(values: &[f32], rows: usize, columns: usize, order: VecOrder) -> Result<Matrix> {
        Matrix::made(|matrix, error| {
            let (rows, columns, order) = (to_i64(rows), to_i64(columns), order as i32);
            let (from, elements) = (values.as_ptr(), to_i64(values.len()));
            // SAFETY: there are as many elements as told.
            unsafe { sys::cnn_matrix_mat(from, elements, rows, columns, order, matrix, error) }
        })
    }

    /// A sparse matrix.
    ///
    /// # Errors
    /// For arrays that aren't one.
    pub fn from_csr(rows: usize, columns: usize, csr: &Csr) -> Result<Matrix> {
        let entries = csr.values.len();
        if csr.row_offsets.len() != rows.saturating_add(1) || csr.column_indices.len() != entries {
            let text = format!(
                "matrix: {} rows with {} entries got {} row offsets and {} column indices",
                rows,
                entries,
                csr.row_offsets.len(),
                csr.column_indices.len()
            );
            return Err(Error::new(Status::ShapeMismatch, text));
        }
        Matrix::made(|matrix, error| {
            // SAFETY: the arrays have as many elements as told.
            unsafe {
                sys::cnn_matrix_csr(
                    to_i64(rows),
                    to_i64(columns),
                    csr.row_offsets.as_ptr(),
                    csr.column_indices.as_ptr(),
                    csr.values.as_ptr(),
                    to_i64(entries),
                    matrix,
                    error,
                )
            }
        })
    }

    fn made(
        make: impl FnOnce(*mut *mut sys::cnn_matrix, *mut sys::cnn_error) -> sys::cnn_status,
    ) -> Result<Matrix> {
        let mut raw = ptr::null_mut();
        check(|error| make(&mut raw, error))?;
        Ok(Matrix { raw })
    }

    /// What it is.
    ///
    /// # Errors
    /// None are known.
    pub fn info(&self) -> Result<MatrixInfo> {
        let raw: sys::cnn_matrix_info = filled(|info, error| {
            // SAFETY: the handle lives as long as `self`.
            unsafe { sys::cnn_matrix_get_info(self.raw, info, error) }
        })?;
        Ok(MatrixInfo {
            rows: from_i64(raw.rows),
            columns: from_i64(raw.columns),
            nonzeros: from_i64(raw.nonzeros),
            sparse: raw.sparse != 0,
        })
    }

    /// Every element.
    ///
    /// # Errors
    /// [`Status::OutOfMemory`].
    pub fn to_vec(&self, order: VecOrder) -> Result<Vec<f32>> {
        let info = self.info()?;
        let mut values = vec![0.0; info.rows * info.columns];
        // SAFETY: there are as many elements as told.
        check(|error| unsafe {
            let (to, elements) = (values.as_mut_ptr(), to_i64(values.len()));
            sys::cnn_matrix_vec(self.raw, order as i32, to, elements, error)
        })?;
        Ok(values)
    }

    /// The entries; of a dense matrix the elements that aren't zero.
    ///
    /// # Errors
    /// [`Status::OutOfMemory`].
    pub fn to_csr(&self) -> Result<Csr> {
        let info = self.info()?;
        let mut csr = Csr {
            row_offsets: vec![0; info.rows + 1],
            column_indices: vec![0; info.nonzeros],
            values: vec![0.0; info.nonzeros],
        };
        // SAFETY: the arrays have as many elements as told.
        check(|error| unsafe {
            sys::cnn_matrix_get_csr(
                self.raw,
                csr.row_offsets.as_mut_ptr(),
                to_i64(csr.row_offsets.len()),
                csr.column_indices.as_mut_ptr(),
                csr.values.as_mut_ptr(),
                to_i64(csr.values.len()),
                error,
            )
        })?;
        Ok(csr)
    }

    /// y = A x for each of as many vectors x as there are, one after the other.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`].
    pub fn multiply(&self, x: &[f32], y: &mut [f32]) -> Result<()> {
        self.product(false, x, y)
    }

    /// y = A' x, likewise.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`].
    pub fn multiply_transposed(&self, x: &[f32], y: &mut [f32]) -> Result<()> {
        self.product(true, x, y)
    }

    fn product(&self, transposed: bool, x: &[f32], y: &mut [f32]) -> Result<()> {
        // SAFETY: the arrays have as many elements as told.
        check(|error| unsafe {
            let (from, x_elements) = (x.as_ptr(), to_i64(x.len()));
            let (to, y_elements) = (y.as_mut_ptr(), to_i64(y.len()));
            let transposed = transposed.into();
            sys::cnn_matrix_multiply(self.raw, transposed, from, x_elements, to, y_elements, error)
        })
    }
}

impl Drop for Matrix {
    fn drop(&mut self) {
        // SAFETY: it is this handle's only end.
        unsafe { sys::cnn_matrix_destroy(self.raw) }
    }
}

impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matrix").field("info", &self.info().ok()).finish_non_exhaustive()
    }
}

/// The convolution that a conv2d node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConvolutionInfo {
    /// C, H, W.
    pub input: [usize; 3],
    /// Filters, H', W'.
    pub output: [usize; 3],
    /// Height, width; so below.
    pub kernel: [usize; 2],
    /// Between positions.
    pub stride: [usize; 2],
    /// Between taps.
    pub dilation: [usize; 2],
    /// Top, left, bottom, right, also of [`PaddingMode::Same`](crate::PaddingMode::Same).
    pub padding: [usize; 4],
    /// Of channels and filters.
    pub groups: usize,
    /// Of the patches: C * kernel height * kernel width.
    pub patch_rows: usize,
    /// Their columns: H' W'.
    pub positions: usize,
}

/// How [`Net::conv_matrix`] gives, and [`Net::set_conv_matrix`] takes, a matrix.
#[derive(Clone, Copy, Debug)]
pub struct ConvMatrix {
    /// Of set: the largest residual; by default 1e-5.
    pub tolerance: f64,
    /// Of set: any residual will do.
    pub unchecked: bool,
    /// Of get: all elements, not a sparse matrix.
    pub dense: bool,
    /// Of both vectors.
    pub order: Order,
}

impl Default for ConvMatrix {
    fn default() -> Self {
        ConvMatrix { tolerance: 1e-5, unchecked: false, dense: false, order: Order::Chw }
    }
}

impl ConvMatrix {
    fn raw(self) -> sys::cnn_conv_matrix {
        sys::cnn_conv_matrix {
            tolerance: crate::convert::or_negative(self.tolerance),
            unchecked: self.unchecked.into(),
            dense: self.dense.into(),
            order: self.order as i32,
            ..Default::default()
        }
    }
}

/// Of conv2d nodes, before or after compile; [`Status::InvalidArgument`] for others.
impl Net {
    /// The convolution that a node is.
    ///
    /// # Errors
    /// For a node that is none.
    pub fn convolution(&self, node: Node) -> Result<ConvolutionInfo> {
        let raw: sys::cnn_convolution_info = filled(|info, error| {
            // SAFETY: the handle lives as long as `self`; so below.
            unsafe { sys::cnn_net_describe_convolution(self.raw(), node.0, info, error) }
        })?;
        Ok(ConvolutionInfo {
            input: raw.input.map(from_i64),
            output: raw.output.map(from_i64),
            kernel: raw.kernel.map(from_i64),
            stride: raw.stride.map(from_i64),
            dilation: raw.dilation.map(from_i64),
            padding: raw.padding.map(from_i64),
            groups: from_i64(raw.groups),
            patch_rows: from_i64(raw.patch_rows),
            positions: from_i64(raw.positions),
        })
    }

    /// phi(Z) of each of the samples z, `[n, C, H, W]`, as `[n, patch_rows, positions]`: a column
    /// is the sub-image that the kernel meets there.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`] for no whole number of samples.
    pub fn patches(&self, node: Node, z: &[f32]) -> Result<Vec<f32>> {
        let info = self.convolution(node)?;
        let image: usize = info.input.iter().product();
        let samples = z.len() / image.max(1);
        let mut phi = vec![0.0; samples * info.patch_rows * info.positions];
        // SAFETY: the arrays have as many elements as told.
        check(|error| unsafe {
            let (from, z_elements) = (z.as_ptr(), to_i64(z.len()));
            let (to, phi_elements) = (phi.as_mut_ptr(), to_i64(phi.len()));
            sys::cnn_net_patches(self.raw(), node.0, from, z_elements, to, phi_elements, error)
        })?;
        Ok(phi)
    }

    /// The sparse 0/1 matrix P with vec(phi(Z)) = P vec(Z).
    ///
    /// # Errors
    /// For a node that is no convolution.
    pub fn patch_matrix(&self, node: Node, order: Order) -> Result<Matrix> {
        Matrix::made(|matrix, error| {
            // SAFETY: as above.
            unsafe { sys::cnn_net_patch_matrix(self.raw(), node.0, order as i32, matrix, error) }
        })
    }

    /// The matrix M with vec(Y) = M vec(X), Y the convolution of X without bias and activation.
    ///
    /// # Errors
    /// For a node that is no convolution.
    pub fn conv_matrix(&self, node: Node, options: ConvMatrix) -> Result<Matrix> {
        let options = options.raw();
        Matrix::made(|matrix, error| {
            // SAFETY: as above.
            unsafe { sys::cnn_net_conv_matrix(self.raw(), node.0, &options, matrix, error) }
        })
    }

    /// In how many places of M each entry of the node's weight is.
    ///
    /// # Errors
    /// For a node that is no convolution.
    pub fn conv_positions(&self, node: Node) -> Result<Vec<usize>> {
        let weight = self
            .tensors(crate::Vector::Parameters)?
            .into_iter()
            .find(|tensor| tensor.node == node)
            .map_or(0, |tensor| tensor.elements);
        let mut counts = vec![0_i64; weight];
        // SAFETY: the array has as many elements as told.
        check(|error| unsafe {
            let (to, elements) = (counts.as_mut_ptr(), to_i64(counts.len()));
            sys::cnn_net_conv_positions(self.raw(), node.0, to, elements, error)
        })?;
        Ok(counts.into_iter().map(from_i64).collect())
    }

    /// Sets the node's weight to the kernel whose matrix is nearest to M in the sum of squares, and
    /// gives the residual |M - M(K)| / |M|.
    ///
    /// # Errors
    /// [`Status::OutOfRange`] for a residual above the tolerance.
    pub fn set_conv_matrix(
        &mut self,
        node: Node,
        matrix: &Matrix,
        options: ConvMatrix,
    ) -> Result<f64> {
        let options = options.raw();
        filled(|residual, error| {
            // SAFETY: as above.
            unsafe {
                let (net, matrix) = (self.raw(), matrix.raw);
                sys::cnn_net_set_conv_matrix(net, node.0, matrix, &options, residual, error)
            }
        })
    }

    /// A new net, not compiled, with that convolution as the dense layer it is a special case of,
    /// followed by a reshape `"<name>_image"`. All else is cloned.
    ///
    /// # Errors
    /// For a node that is no convolution.
    pub fn unroll_conv2d(&self, node: Node) -> Result<Net> {
        let mut unrolled = ptr::null_mut();
        // SAFETY: as above.
        check(|error| unsafe {
            sys::cnn_net_unroll_conv2d(self.raw(), node.0, &mut unrolled, error)
        })?;
        Ok(Net::from_raw(unrolled))
    }
}
