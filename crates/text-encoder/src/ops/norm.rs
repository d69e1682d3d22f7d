//! Layer normalisation, alone and with the residual sum before it.

use super::{math, matrix, slice_mut, with_slice};
use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Result, Tensor};

/// `x -> (x - mean) / sqrt(variance + eps) * gamma + beta` over each row.
pub(crate) struct LayerNorm {
    gamma: Tensor,
    beta: Tensor,
    eps: f32,
}

impl LayerNorm {
    /// `gamma` and `beta` of shape `[width]`; no `beta` means zero.
    pub(crate) fn new(gamma: Tensor, beta: Option<Tensor>, eps: f64) -> Result<Self> {
        let beta = match beta {
            Some(beta) => beta,
            None => Tensor::zeros(gamma.dim(0)?, DType::F32, gamma.device())?,
        };
        Ok(Self { gamma, beta, eps: eps as f32 })
    }

    /// The normalised rows of `x`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.copy()?;
        y.inplace_op1(&Normalise { norm: self, residual: None })?;
        Ok(y)
    }

    /// The normalised rows of `x + residual`, computed in the memory of `x`.
    pub(crate) fn forward_sum(&self, x: Tensor, residual: &Tensor) -> Result<Tensor> {
        x.inplace_op1(&Normalise { norm: self, residual: Some(residual) })?;
        Ok(x)
    }
}

struct Normalise<'a> {
    norm: &'a LayerNorm,
    /// Added to the rows first.
    residual: Option<&'a Tensor>,
}

struct Rows<'a> {
    x: &'a mut [f32],
    residual: Option<&'a [f32]>,
    gamma: &'a [f32],
    beta: &'a [f32],
    eps: f32,
}

impl math::Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.gamma.len();
        for (i, row) in self.x.chunks_exact_mut(width).enumerate() {
            if let Some(residual) = self.residual {
                for (a, b) in row.iter_mut().zip(&residual[i * width..]) {
                    *a += b;
                }
            }
            let mean = math::sum(row) / width as f32;
            let variance = math::sum_of_squares(row, mean) / width as f32;
            let scale = 1.0 / (variance + self.eps).sqrt();
            for ((x, g), b) in row.iter_mut().zip(self.gamma).zip(self.beta) {
                *x = (*x - mean) * scale * g + b;
            }
        }
    }
}

impl InplaceOp1 for Normalise<'_> {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        matrix(self.name(), layout, self.norm.gamma.dim(0)?)?;
        let x = slice_mut(self.name(), x, layout)?;
        let LayerNorm { gamma, beta, eps } = self.norm;
        with_slice(gamma, |gamma| {
            with_slice(beta, |beta| match self.residual {
                None => {
                    math::simd(Rows { x, residual: None, gamma, beta, eps: *eps });
                    Ok(())
                }
                Some(residual) if residual.dims() == layout.dims() => with_slice(residual, |residual| {
                    math::simd(Rows { x, residual: Some(residual), gamma, beta, eps: *eps });
                }),
                Some(residual) => candle_core::bail!(
                    "{}: shape {:?} and a residual of shape {:?}",
                    self.name(),
                    layout.dims(),
                    residual.dims()
                ),
            })
        })??
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use candle_core::Device;

    /// The definition in double precision.
    fn naive(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Tensor {
        let x = x.to_dtype(DType::F64).unwrap();
        let centred = x.broadcast_sub(&x.mean_keepdim(1).unwrap()).unwrap();
        let variance = centred.sqr().unwrap().mean_keepdim(1).unwrap();
        let normal = centred.broadcast_div(&(variance + eps).unwrap().sqrt().unwrap()).unwrap();
        let scaled = normal.broadcast_mul(&gamma.to_dtype(DType::F64).unwrap()).unwrap();
        let shifted = scaled.broadcast_add(&beta.to_dtype(DType::F64).unwrap()).unwrap();
        shifted.to_dtype(DType::F32).unwrap()
    }

    /// Numbers from -1 to 1 around `centre`, `spread` times as far: the same in each run, and no row of almost equal ones, whose
    /// normalisation would magnify every rounding.
    fn numbers(rows: usize, width: usize, centre: f32, spread: f32) -> Tensor {
        let number = |i: usize| centre + spread * ((i * 7919 + 31) % 1009) as f32 / 504.5 - spread;
        Tensor::from_iter((0..rows * width).map(number), &Device::Cpu)
            .unwrap()
            .reshape((rows, width))
            .unwrap()
    }

    #[test]
    fn equals_the_definition() {
        for width in [3, 64, 100, 384] {
            let x = numbers(11, width, 0.5, 3.0);
            let residual = numbers(11, width, 0.0, 1.5);
            let gamma = numbers(1, width, 1.0, 0.2).squeeze(0).unwrap();
            let beta = numbers(1, width, 0.0, 0.2).squeeze(0).unwrap();
            let norm = LayerNorm::new(gamma.clone(), Some(beta.clone()), 1e-5).unwrap();
            let difference = |a: &Tensor, b: &Tensor| -> f32 {
                (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
            };
            assert!(difference(&norm.forward(&x).unwrap(), &naive(&x, &gamma, &beta, 1e-5)) < 2e-6);
            let sum = naive(&(&x + &residual).unwrap(), &gamma, &beta, 1e-5);
            assert!(difference(&norm.forward_sum(x, &residual).unwrap(), &sum) < 2e-6);
        }
    }
}
