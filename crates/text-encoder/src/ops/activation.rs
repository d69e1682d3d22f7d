//! Activation functions by the names that model configurations give them.

use super::{math, matrix, output, slice};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// A function applied to every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Identity,
    Gelu,
    GeluTanh,
    Relu,
    Silu,
    Tanh,
    Sigmoid,
}

impl Activation {
    /// Names that [`Activation::from_name`] knows, for error messages.
    pub(crate) const NAMES: &'static str =
        "gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, silu, swish, tanh, sigmoid, linear";

    /// The function of a transformers configuration (`hidden_act`, `activation`, `hidden_activation`).
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "gelu" => Self::Gelu,
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Self::GeluTanh,
            "relu" => Self::Relu,
            "silu" | "swish" => Self::Silu,
            "tanh" => Self::Tanh,
            "sigmoid" => Self::Sigmoid,
            "linear" => Self::Identity,
            _ => return None,
        })
    }

    /// The function of a PyTorch class name (`activation_function` of a sentence-transformers Dense module).
    pub(crate) fn from_torch_class(class: &str) -> Option<Self> {
        Some(match class.strip_prefix("torch.nn.modules.")?.rsplit('.').next()? {
            "Identity" => Self::Identity,
            "GELU" => Self::Gelu,
            "ReLU" => Self::Relu,
            "SiLU" => Self::Silu,
            "Tanh" => Self::Tanh,
            "Sigmoid" => Self::Sigmoid,
            _ => return None,
        })
    }

    /// Replaces each row `x` of width `bias.len()` by `f(x + bias)`.
    pub(super) fn add_bias_and_apply(self, rows: &mut [f32], bias: &[f32]) {
        match self {
            Self::Identity => math::simd(BiasThen { rows, bias, f: |x| x }),
            Self::Gelu => math::simd(BiasThen { rows, bias, f: math::gelu }),
            Self::GeluTanh => math::simd(BiasThen { rows, bias, f: math::gelu_tanh }),
            Self::Relu => math::simd(BiasThen { rows, bias, f: |x: f32| x.max(0.0) }),
            Self::Silu => math::simd(BiasThen { rows, bias, f: math::silu }),
            Self::Tanh => math::simd(BiasThen { rows, bias, f: f32::tanh }),
            Self::Sigmoid => math::simd(BiasThen { rows, bias, f: |x: f32| 1.0 / (1.0 + math::exp(-x)) }),
        }
    }

    /// Gated linear unit: `[rows, 2 width]` to `[rows, width]`, `f(first half) * second half`.
    pub(crate) fn gate(self, x: &Tensor) -> Result<Tensor> {
        x.apply_op1_no_bwd(&Gate(self))
    }
}

struct BiasThen<'a, F> {
    rows: &'a mut [f32],
    bias: &'a [f32],
    f: F,
}

impl<F: Fn(f32) -> f32> math::Kernel for BiasThen<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for row in self.rows.chunks_exact_mut(self.bias.len()) {
            for (x, b) in row.iter_mut().zip(self.bias) {
                *x = (self.f)(*x + b);
            }
        }
    }
}

struct Gate(Activation);

impl CustomOp1 for Gate {
    fn name(&self) -> &'static str {
        "gated-linear-unit"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = layout.dims().last().copied().unwrap_or(0) / 2;
        let (rows, _) = matrix(self.name(), layout, 2 * width)?;
        let x = slice(self.name(), storage, layout)?;
        let zeros = vec![0.0; width];
        let mut out = Vec::with_capacity(rows * width);
        for row in x.chunks_exact(2 * width) {
            let (value, gate) = row.split_at(width);
            let start = out.len();
            out.extend_from_slice(value);
            let row = &mut out[start..];
            self.0.add_bias_and_apply(row, &zeros);
            for (v, g) in row.iter_mut().zip(gate) {
                *v *= g;
            }
        }
        Ok(output(out, rows, width))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use candle_core::Device;

    #[test]
    fn gate_multiplies_the_activated_first_half_with_the_second() {
        let x = Tensor::new(&[[1.0f32, -2.0, 3.0, 0.5], [0.0, 4.0, 7.0, -1.0]], &Device::Cpu).unwrap();
        let y: Vec<Vec<f32>> = Activation::Relu.gate(&x).unwrap().to_vec2().unwrap();
        assert_eq!(y, [[3.0, 0.0], [0.0, -4.0]]);
    }

    #[test]
    fn names() {
        assert_eq!(Activation::from_name("gelu_new"), Some(Activation::GeluTanh));
        assert_eq!(Activation::from_name("mish"), None);
        let class = Activation::from_torch_class;
        assert_eq!(class("torch.nn.modules.activation.Tanh"), Some(Activation::Tanh));
        assert_eq!(class("torch.nn.modules.linear.Identity"), Some(Activation::Identity));
        assert_eq!(class("evil.module.Tanh"), None);
    }
}
