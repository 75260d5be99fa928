// Matrices: convolutions as what they are, linear maps.

using System;
using System.Runtime.InteropServices;

namespace CnnSharp
{
    /// <summary>A matrix of float, dense or in compressed sparse rows. It never changes: any number
    /// of threads may use it.</summary>
    public sealed unsafe class Matrix : IDisposable
    {
        internal Matrix(IntPtr native)
        {
            Handle = new MatrixHandle(native);
            cnn_error error;
            cnn_matrix_info info;
            Errors.Check(Native.cnn_matrix_get_info(Handle, &info, &error), &error);
            Rows = info.rows;
            Columns = info.columns;
            NonZeros = info.nonzeros;
            IsSparse = info.sparse != 0;
        }

        /// <summary>Holds the native matrix.</summary>
        public MatrixHandle Handle { get; }

        /// <summary>How many rows.</summary>
        public long Rows { get; }

        /// <summary>How many columns.</summary>
        public long Columns { get; }

        /// <summary>Entries kept by a sparse one; elements of a dense one that aren't zero.</summary>
        public long NonZeros { get; }

        /// <summary>Whether it is kept in compressed sparse rows.</summary>
        public bool IsSparse { get; }

        /// <summary>mat(v), a dense matrix of a vector of rows * columns elements; both 0: a square,
        /// D's sqr.</summary>
        public static Matrix FromVector(ReadOnlySpan<float> values, long rows = 0, long columns = 0,
                                        VecOrder order = VecOrder.Rows)
        {
            cnn_error error;
            IntPtr matrix;
            fixed (float* v = &MemoryMarshal.GetReference(values))
                Errors.Check(Native.cnn_matrix_mat(v, values.Length, rows, columns, order, out matrix,
                                                   &error),
                             &error);
            return new Matrix(matrix);
        }

        /// <summary>A sparse matrix: row r has the entries rowOffsets[r] to rowOffsets[r + 1] (rows + 1
        /// of them, from 0), their columns ascending.</summary>
        public static Matrix FromCsr(long rows, long columns, ReadOnlySpan<long> rowOffsets,
                                     ReadOnlySpan<long> columnIndices, ReadOnlySpan<float> values)
        {
            if (rowOffsets.Length != rows + 1)
                throw new ArgumentException("there are " + rowOffsets.Length + " offsets of " + rows +
                                            " rows: one more than rows is needed");
            if (columnIndices.Length != values.Length)
                throw new ArgumentException("there are " + columnIndices.Length + " columns of " +
                                            values.Length + " values");
            cnn_error error;
            IntPtr matrix;
            fixed (long* offsets = &MemoryMarshal.GetReference(rowOffsets))
            fixed (long* indices = &MemoryMarshal.GetReference(columnIndices))
            fixed (float* v = &MemoryMarshal.GetReference(values))
                Errors.Check(Native.cnn_matrix_csr(rows, columns, offsets, indices, v, values.Length,
                                                   out matrix, &error),
                             &error);
            return new Matrix(matrix);
        }

        /// <summary>vec(A): every element.</summary>
        public float[] ToVector(VecOrder order = VecOrder.Rows)
        {
            cnn_error error;
            float[] values = new float[checked(Rows * Columns)];
            fixed (float* v = values)
                Errors.Check(Native.cnn_matrix_vec(Handle, order, v, values.LongLength, &error),
                             &error);
            return values;
        }

        /// <summary>Its entries in compressed sparse rows, of a dense one for its elements that aren't
        /// zero.</summary>
        public void ToCsr(out long[] rowOffsets, out long[] columnIndices, out float[] values)
        {
            cnn_error error;
            long[] offsets = new long[Rows + 1];
            long[] indices = new long[NonZeros];
            float[] entries = new float[NonZeros];
            fixed (long* o = offsets)
            fixed (long* c = indices)
            fixed (float* v = entries)
                Errors.Check(Native.cnn_matrix_get_csr(Handle, o, offsets.LongLength, c, v, NonZeros,
                                                       &error),
                             &error);
            rowOffsets = offsets;
            columnIndices = indices;
            values = entries;
        }

        /// <summary>y = A x, or A' x where transposed, of each of as many vectors as there are.
        /// </summary>
        public void Multiply(ReadOnlySpan<float> x, Span<float> y, bool transposed = false)
        {
            cnn_error error;
            fixed (float* from = &MemoryMarshal.GetReference(x))
            fixed (float* to = &MemoryMarshal.GetReference(y))
                Errors.Check(Native.cnn_matrix_multiply(Handle, transposed ? 1 : 0, from, x.Length, to,
                                                        y.Length, &error),
                             &error);
        }

        /// <summary>A x, or A' x where transposed.</summary>
        public float[] Multiply(float[] x, bool transposed = false)
        {
            if (x == null) throw new ArgumentNullException(nameof(x));
            long from = transposed ? Rows : Columns, to = transposed ? Columns : Rows;
            float[] y = new float[x.LongLength / from * to];
            Multiply(new ReadOnlySpan<float>(x), new Span<float>(y), transposed);
            return y;
        }

        /// <summary>Ends it.</summary>
        public void Dispose()
        {
            Handle.Dispose();
        }
    }
}
