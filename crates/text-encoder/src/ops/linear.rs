//! Fully connected layers with their activation in one operation.

use super::activation::Activation;
use super::bfloat16;
use super::gemm::{Mat, matmul};
use super::{matrix, output, slice, with_slice};
use crate::dtype::Dtype;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

enum Weight {
    Float32(Tensor),
    Bfloat16(bfloat16::Weights),
}

/// `x -> f(x W^T + b)` on packed rows.
pub(crate) struct Linear {
    /// `[inputs, outputs]`: transposed once at loading, since products with `W^T` read strided memory.
    weight: Weight,
    /// `[outputs]`, zero where the model has none.
    bias: Tensor,
    activation: Activation,
}

impl Linear {
    /// From PyTorch's layout, `weight` of shape `[outputs, inputs]` and `bias` of shape `[outputs]`.
    pub(crate) fn new(weight: &Tensor, bias: Option<Tensor>) -> Result<Self> {
        let bias = match bias {
            Some(bias) => bias,
            None => Tensor::zeros(weight.dim(0)?, weight.dtype(), weight.device())?,
        };
        let weight = Weight::Float32(weight.t()?.contiguous()?);
        Ok(Self { weight, bias, activation: Activation::Identity })
    }

    /// Layers of one input as one layer, with their outputs side by side (query, key and value). They are in float32.
    pub(crate) fn side_by_side(layers: &[Self]) -> Result<Self> {
        let weights = layers.iter().map(|layer| match &layer.weight {
            Weight::Float32(weight) => Ok(weight),
            Weight::Bfloat16(_) => candle_core::bail!("layers are joined before they are rounded"),
        });
        let weights = weights.collect::<Result<Vec<_>>>()?;
        let biases: Vec<&Tensor> = layers.iter().map(|layer| &layer.bias).collect();
        Ok(Self {
            weight: Weight::Float32(Tensor::cat(&weights, 1)?.contiguous()?),
            bias: Tensor::cat(&biases, 0)?,
            activation: Activation::Identity,
        })
    }

    /// The same layer in numbers of this kind, at most as precise as before.
    pub(crate) fn in_dtype(self, dtype: Dtype) -> Result<Self> {
        let weight = match (dtype, &self.weight) {
            (Dtype::Bfloat16, Weight::Float32(weight)) => {
                let (inputs, outputs) = weight.dims2()?;
                Weight::Bfloat16(with_slice(weight, |weight| {
                    bfloat16::Weights::new(weight, inputs, outputs)
                })?)
            }
            _ => self.weight,
        };
        Ok(Self { weight, ..self })
    }

    /// The same layer followed by `activation`.
    pub(crate) fn then(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// `[rows, inputs]` to `[rows, outputs]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.apply_op2_no_bwd(&self.bias, &Fused(self))
    }
}

impl Weight {
    fn inputs(&self) -> usize {
        match self {
            Self::Float32(weight) => weight.dims()[0],
            Self::Bfloat16(weights) => weights.inputs(),
        }
    }

    /// The products of `rows` rows of inputs.
    fn product(&self, x: &[f32], rows: usize, outputs: usize) -> Result<Vec<f32>> {
        let inputs = self.inputs();
        match self {
            Self::Float32(weight) => with_slice(weight, |weight| {
                matmul(Mat::rows(x, rows, inputs, inputs), Mat::rows(weight, inputs, outputs, outputs))
            }),
            Self::Bfloat16(weights) => Ok(weights.product(x)),
        }
    }
}

/// The layer as an operation on rows and bias.
struct Fused<'a>(&'a Linear);

impl CustomOp2 for Fused<'_> {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Linear { weight, activation, .. } = self.0;
        let bias = slice(self.name(), bias, bias_layout)?;
        let (rows, _) = matrix(self.name(), x_layout, weight.inputs())?;
        let mut y = weight.product(slice(self.name(), x, x_layout)?, rows, bias.len())?;
        activation.add_bias_and_apply(&mut y, bias);
        Ok(output(y, rows, bias.len()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use candle_core::{Device, Tensor};

    fn difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    fn equals_candles_composition() {
        let cpu = &Device::Cpu;
        let x = Tensor::randn(0f32, 1.0, (37, 48), cpu).unwrap();
        let w = Tensor::randn(0f32, 0.2, (65, 48), cpu).unwrap();
        let b = Tensor::randn(0f32, 1.0, 65, cpu).unwrap();
        let plain = x.matmul(&w.t().unwrap()).unwrap().broadcast_add(&b).unwrap();
        let fused = Linear::new(&w, Some(b)).unwrap();
        assert!(difference(&fused.forward(&x).unwrap(), &plain) < 1e-5);
        let fused = fused.then(Activation::Gelu);
        assert!(difference(&fused.forward(&x).unwrap(), &plain.gelu_erf().unwrap()) < 1e-5);
    }

    #[test]
    fn side_by_side_is_each_layer_in_turn() {
        let cpu = &Device::Cpu;
        let x = Tensor::randn(0f32, 1.0, (9, 8), cpu).unwrap();
        let layer = |outputs: usize, bias: bool| {
            let w = Tensor::randn(0f32, 1.0, (outputs, 8), cpu).unwrap();
            let b = bias.then(|| Tensor::randn(0f32, 1.0, outputs, cpu).unwrap());
            Linear::new(&w, b).unwrap()
        };
        let layers = [layer(5, true), layer(3, false)];
        let apart: Vec<Tensor> = layers.iter().map(|l| l.forward(&x).unwrap()).collect();
        let joined = Linear::side_by_side(&layers).unwrap().forward(&x).unwrap();
        assert!(difference(&joined, &Tensor::cat(&apart, 1).unwrap()) < 1e-6);
    }

    #[test]
    fn in_bfloat16_it_is_nearly_the_same_layer() {
        let cpu = &Device::Cpu;
        let x = Tensor::randn(0f32, 1.0, (37, 96), cpu).unwrap();
        let w = Tensor::randn(0f32, 0.1, (65, 96), cpu).unwrap();
        let b = Tensor::randn(0f32, 1.0, 65, cpu).unwrap();
        let layer = || Linear::new(&w, Some(b.clone())).unwrap().then(Activation::Gelu);
        let rounded = layer().in_dtype(Dtype::Bfloat16).unwrap().forward(&x).unwrap();
        let off = difference(&rounded, &layer().forward(&x).unwrap());
        // each number loses at most 2^-9 of itself, and 96 products add up
        assert!(off > 1e-5 && off < 0.03, "{off}");
    }

    #[test]
    fn refuses_another_width() {
        let w = Tensor::zeros((4, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let x = Tensor::zeros((2, 5), candle_core::DType::F32, &Device::Cpu).unwrap();
        for dtype in [Dtype::Float32, Dtype::Bfloat16] {
            let layer = Linear::new(&w, None).unwrap().in_dtype(dtype).unwrap();
            let error = layer.forward(&x).unwrap_err().to_string();
            assert!(error.contains("[_, 3]") && error.contains("[2, 5]"), "{error}");
        }
    }
}
