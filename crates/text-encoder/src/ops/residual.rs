//! Sums: of rows gathered from embedding tables, and of a residual in place.

use super::{math, matrix, slice_mut, with_slice};
use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Tensor};

/// Row `i` of the result is the sum over the tables of their row `indices[i]`: `[indices, width]`.
///
/// An index beyond its table is an error.
pub(crate) fn gather_sum(tables: &[(&Tensor, &[u32])]) -> Result<Tensor> {
    let Some(&(first, indices)) = tables.first() else { candle_core::bail!("no embedding table") };
    let width = first.dim(1)?;
    let mut out = vec![0.0; indices.len() * width];
    for &(table, indices) in tables {
        let (rows, _) = matrix("embedding", table.layout(), width)?;
        with_slice(table, |table| {
            for (sum, &index) in out.chunks_exact_mut(width).zip(indices) {
                let index = index as usize;
                if index >= rows {
                    candle_core::bail!("embedding: index {index} into a table of {rows} rows");
                }
                for (a, b) in sum.iter_mut().zip(&table[index * width..]) {
                    *a += b;
                }
            }
            Ok(())
        })??;
    }
    Tensor::from_vec(out, (indices.len(), width), &Device::Cpu)
}

/// `x + y` in the memory of `x`.
pub(crate) fn add(x: Tensor, y: &Tensor) -> Result<Tensor> {
    x.inplace_op1(&AddAssign(y))?;
    Ok(x)
}

struct AddAssign<'a>(&'a Tensor);

impl InplaceOp1 for AddAssign<'_> {
    fn name(&self) -> &'static str {
        "add-assign"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        if layout.dims() != self.0.dims() {
            candle_core::bail!("{}: shapes {:?} and {:?}", self.name(), layout.dims(), self.0.dims());
        }
        let x = slice_mut(self.name(), x, layout)?;
        with_slice(self.0, |y| math::simd(Add { x, y }))
    }
}

struct Add<'a> {
    x: &'a mut [f32],
    y: &'a [f32],
}

impl math::Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (a, b) in self.x.iter_mut().zip(self.y) {
            *a += b;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sums_rows_of_tables() {
        let words = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu).unwrap();
        let places = Tensor::new(&[[10f32, 20.0], [30.0, 40.0], [50.0, 60.0]], &Device::Cpu).unwrap();
        let sum = gather_sum(&[(&words, &[1, 0, 1]), (&places, &[0, 1, 2])]).unwrap();
        assert_eq!(sum.to_vec2::<f32>().unwrap(), [[13.0, 24.0], [31.0, 42.0], [53.0, 64.0]]);
        let error = gather_sum(&[(&words, &[2])]).unwrap_err().to_string();
        assert!(error.contains("index 2") && error.contains("2 rows"), "{error}");
    }

    #[test]
    fn adds_in_place() {
        let x = Tensor::new(&[[1f32, 2.0]], &Device::Cpu).unwrap();
        let y = Tensor::new(&[[5f32, -2.0]], &Device::Cpu).unwrap();
        assert_eq!(add(x, &y).unwrap().to_vec2::<f32>().unwrap(), [[6.0, 0.0]]);
    }
}
