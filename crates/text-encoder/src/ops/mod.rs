//! The encoder's fused kernels, as custom operations on candle tensors (CPU, f32).
//!
//! Activations of a batch are one packed matrix: the tokens of all its texts below each other, `[tokens, width]`, and no
//! padding anywhere. Every kernel runs on the calling thread; see [`gemm`] for why.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod bfloat16;
mod gemm;
pub(crate) mod linear;
pub(crate) mod math;
pub(crate) mod norm;
pub(crate) mod residual;
pub(crate) mod rope;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, Error, Layout, Result, Shape, Storage, Tensor};

/// The elements of a contiguous f32 tensor, inside a custom operation.
fn slice<'a>(op: &'static str, storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op })?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The elements of a contiguous f32 tensor that an operation overwrites.
fn slice_mut<'a>(op: &'static str, storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op })?;
    match storage {
        CpuStorage::F32(data) => Ok(&mut data[start..end]),
        other => Err(Error::UnsupportedDTypeForOp(other.dtype(), op)),
    }
}

/// Calls `body` with the elements of a contiguous f32 tensor on the CPU.
pub(crate) fn with_slice<R>(tensor: &Tensor, body: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => Ok(body(slice("read", cpu, layout)?)),
        _ => candle_core::bail!("text-encoder computes on the CPU"),
    }
}

/// Rows and columns of a matrix operand, or an error that names the operation and the columns it needs.
fn matrix(op: &'static str, layout: &Layout, columns: usize) -> Result<(usize, usize)> {
    match layout.dims() {
        &[rows, found] if found == columns => Ok((rows, columns)),
        found => candle_core::bail!("{op}: expected shape [_, {columns}], found {found:?}"),
    }
}

fn output(data: Vec<f32>, rows: usize, cols: usize) -> (CpuStorage, Shape) {
    (CpuStorage::F32(data), Shape::from((rows, cols)))
}
