//! Products of rows with a matrix of weights in bfloat16, summed in f32.
//!
//! Both operands are rounded to bfloat16 (8 bits of precision, ties to even); products and sums are f32. Processors with AVX512-BF16 multiply two
//! pairs in a lane at once, twice as many as in f32. On others the rounded numbers are multiplied in f32, which gives the same up
//! to the order of the sums. So an encoder in bfloat16 gives the same embeddings everywhere (1e-5), and is worth it on some machines.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod rounding;

use super::gemm::{Mat, matmul};
use rounding::rounded;

/// A matrix of weights, `[inputs, outputs]`, rounded.
pub(crate) struct Weights {
    inputs: usize,
    outputs: usize,
    kernel: Kernel,
}

enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Panels),
    /// The rounded weights.
    Float32(Vec<f32>),
}

/// Whether this processor multiplies numbers in bfloat16 faster than in f32.
pub(crate) fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return avx512::is_here();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl Weights {
    /// Rounds the weights: `inputs` rows of `outputs` numbers.
    ///
    /// # Panics
    /// If there are not as many.
    pub(crate) fn new(weights: &[f32], inputs: usize, outputs: usize) -> Self {
        assert_eq!(weights.len(), inputs * outputs, "weights");
        #[cfg(target_arch = "x86_64")]
        if avx512::is_here() {
            let kernel = Kernel::Avx512(avx512::Panels::new(weights, inputs, outputs));
            return Self { inputs, outputs, kernel };
        }
        Self::portable(weights, inputs, outputs)
    }

    fn portable(weights: &[f32], inputs: usize, outputs: usize) -> Self {
        let rounded = weights.iter().map(|&x| rounded(x)).collect();
        Self { inputs, outputs, kernel: Kernel::Float32(rounded) }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The product of rows of `inputs` numbers with the weights, row by row.
    ///
    /// # Panics
    /// If `x` has no whole number of rows.
    pub(crate) fn product(&self, x: &[f32]) -> Vec<f32> {
        assert!(x.len().is_multiple_of(self.inputs.max(1)), "rows of {} numbers", self.inputs);
        match &self.kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(panels) => panels.product(x),
            Kernel::Float32(weights) => {
                let rows = x.len() / self.inputs.max(1);
                let x: Vec<f32> = x.iter().map(|&x| rounded(x)).collect();
                let weights = Mat::rows(weights, self.inputs, self.outputs, self.outputs);
                matmul(Mat::rows(&x, rows, self.inputs, self.inputs), weights)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(n: usize, step: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * step + 11) % 1009) as f32 / 500.0 - 1.0).collect()
    }

    #[test]
    fn every_kernel_is_the_product_of_the_rounded_numbers() {
        for (rows, inputs, outputs) in [
            (1, 1, 1),
            (3, 7, 5),
            (8, 64, 48),
            (9, 33, 49),
            (23, 96, 112),
            (130, 384, 100),
            (0, 4, 4),
            (2, 2, 16),
        ] {
            let (x, w) = (ramp(rows * inputs, 37), ramp(inputs * outputs, 53));
            let (portable, here) = (
                Weights::portable(&w, inputs, outputs).product(&x),
                Weights::new(&w, inputs, outputs).product(&x),
            );
            assert_eq!((portable.len(), here.len()), (rows * outputs, rows * outputs));
            for (at, (a, b)) in portable.iter().zip(&here).enumerate() {
                let (row, column) = (at / outputs, at % outputs);
                let exact: f64 = (0..inputs)
                    .map(|k| {
                        f64::from(rounded(x[row * inputs + k])) * f64::from(rounded(w[k * outputs + column]))
                    })
                    .sum();
                let near = |value: f32| (f64::from(value) - exact).abs() < 1e-5 * (inputs as f64).sqrt();
                assert!(near(*a) && near(*b), "{rows} {inputs} {outputs}: {a} {b} {exact}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        let w = ramp(32 * 20, 53);
        let mut x = ramp(5 * 32, 37);
        x[2 * 32 + 3] = f32::NAN;
        let y = Weights::new(&w, 32, 20).product(&x);
        assert!(y[40..60].iter().all(|value| value.is_nan()));
        assert!(y[..40].iter().chain(&y[60..]).all(|value| value.is_finite()));
    }
}
