//! Matrix products of strided views on one thread: a safe face for the crate `gemm`.
//!
//! One thread, because the encoder gives every core its own batch of texts: no core waits for another inside a layer,
//! and a result depends neither on the number of threads nor on their timing.
#![allow(unsafe_code)] // `gemm::gemm` takes pointers; the bounds of every view are asserted here, in release too.

/// A matrix inside a slice: element `(i, j)` is `data[i * row_stride + j * col_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Mat<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Mat<'a> {
    /// Rows of `cols` adjacent elements, `row_stride` elements apart.
    ///
    /// # Panics
    /// If the last element lies outside `data`.
    pub(crate) fn rows(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert_inside(data.len(), rows, cols, row_stride, 1);
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// The transpose of the same elements.
    pub(crate) fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// The product `a b` as a new row-major matrix.
///
/// # Panics
/// If `a` has not as many columns as `b` has rows.
pub(crate) fn matmul(a: Mat<'_>, b: Mat<'_>) -> Vec<f32> {
    assert_eq!(a.cols, b.rows, "inner dimensions of a matrix product");
    let (m, n) = (a.rows, b.cols);
    if a.cols == 0 {
        return vec![0.0; m * n];
    }
    let mut out = Vec::with_capacity(m * n);
    if m * n > 0 {
        // SAFETY: the views are inside their slices (asserted where they were made; a transpose addresses the same
        // elements), `out` has room for m * n elements with strides (n, 1), and `read_dst = false` makes gemm write
        // every one of them without reading, so that they are initialised before `set_len`.
        unsafe {
            run(a, b, out.as_mut_ptr(), n);
            out.set_len(m * n);
        }
    }
    out
}

/// Writes the product `a b` into rows of `out` that are `row_stride` elements apart.
///
/// # Panics
/// If the inner dimensions differ, or if the last element lies outside `out`.
pub(crate) fn matmul_into(a: Mat<'_>, b: Mat<'_>, out: &mut [f32], row_stride: usize) {
    assert_eq!(a.cols, b.rows, "inner dimensions of a matrix product");
    let (m, n) = (a.rows, b.cols);
    assert!(row_stride >= n || m <= 1, "rows of the result overlap");
    assert_inside(out.len(), m, n, row_stride, 1);
    assert!(a.cols > 0, "empty inner dimension");
    if m * n > 0 {
        // SAFETY: all three matrices are inside their slices, as asserted; `out` is borrowed exclusively.
        unsafe { run(a, b, out.as_mut_ptr(), row_stride) };
    }
}

/// # Safety
/// `out` must be valid for writes of `a.rows` rows of `b.cols` elements, `row_stride` apart.
unsafe fn run(a: Mat<'_>, b: Mat<'_>, out: *mut f32, row_stride: usize) {
    let stride = |s: usize| s as isize; // slices have at most isize::MAX bytes
    // SAFETY: passed on to the caller; gemm computes dst = 0 * dst + 1 * a * b.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out,
            1,
            stride(row_stride),
            false,
            a.data.as_ptr(),
            stride(a.col_stride),
            stride(a.row_stride),
            b.data.as_ptr(),
            stride(b.col_stride),
            stride(b.row_stride),
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

fn assert_inside(len: usize, rows: usize, cols: usize, row_stride: usize, col_stride: usize) {
    if rows > 0 && cols > 0 {
        let last = (rows - 1) * row_stride + (cols - 1) * col_stride;
        assert!(last < len, "matrix of {rows} x {cols} ends at {last}, beyond {len} elements");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(a: Mat<'_>, b: Mat<'_>) -> Vec<f32> {
        let at = |m: &Mat<'_>, i: usize, j: usize| m.data[i * m.row_stride + j * m.col_stride];
        (0..a.rows)
            .flat_map(|i| (0..b.cols).map(move |j| (0..a.cols).map(|k| at(&a, i, k) * at(&b, k, j)).sum()))
            .collect()
    }

    fn ramp(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn equals_the_naive_product() {
        for (m, k, n) in [(1, 1, 1), (1, 7, 5), (3, 4, 2), (17, 33, 9), (64, 32, 65), (5, 384, 16)] {
            let (x, y) = (ramp(m * k), ramp(k * n));
            let (a, b) = (Mat::rows(&x, m, k, k), Mat::rows(&y, k, n, n));
            for (got, want) in matmul(a, b).iter().zip(naive(a, b)) {
                assert!((got - want).abs() < 1e-4, "{m} {k} {n}: {got} {want}");
            }
        }
    }

    #[test]
    fn strides_and_transposes() {
        let (x, y) = (ramp(12 * 10), ramp(20 * 10));
        let (a, b) = (Mat::rows(&x[2..], 12, 5, 10), Mat::rows(&y[3..], 20, 5, 10).t());
        let mut out = vec![9.0; 12 * 30];
        matmul_into(a, b, &mut out, 30);
        for (i, want) in naive(a, b).into_iter().enumerate() {
            assert!((out[i / 20 * 30 + i % 20] - want).abs() < 1e-4);
        }
        assert!(out.chunks(30).all(|row| row[20..].iter().all(|&v| v == 9.0)), "writes outside the result");
    }

    #[test]
    #[should_panic(expected = "beyond")]
    fn refuses_a_view_outside_its_slice() {
        Mat::rows(&[0.0; 9], 2, 5, 5);
    }
}
