//! Taking what belongs to complex blocks apart and putting it together. What belongs to real blocks stays as it is.

use ckks::threads::try_map;

use super::layout::Packing;
use crate::engine::Engine;
use crate::error::Result;

/// What values say of each half of a block: the values themselves, or their real and their imaginary parts, for one conjugation a
/// value.
///
/// # Errors
/// Those of the engine.
pub fn split<E: Engine>(engine: &E, packing: &Packing, values: Vec<E::Value>) -> Result<Vec<Vec<E::Value>>> {
    if !packing.is_complex() {
        return Ok(vec![values]);
    }
    let parts = try_map(&values, |value| engine.parts(value))?;
    let (first, second) = parts.into_iter().unzip();
    Ok(vec![first, second])
}

/// The inverse of [`split`]: `a + i b`.
///
/// # Errors
/// Those of the engine.
pub fn join<E: Engine>(engine: &E, halves: Vec<Vec<E::Value>>) -> Result<Vec<E::Value>> {
    combine(halves, |a, b| engine.add(a, &engine.mul_i(b)?))
}

/// Residuals of each half as [`super::backward`] wants them: `a - i b`, whose product with `x_a + i x_b` has the real part
/// `a x_a + b x_b`.
///
/// # Errors
/// Those of the engine.
pub fn join_residuals<E: Engine>(engine: &E, halves: Vec<Vec<E::Value>>) -> Result<Vec<E::Value>> {
    combine(halves, |a, b| engine.sub(a, &engine.mul_i(b)?))
}

/// The gradient in a sum over blocks of products of samples and residuals: of complex ones the real part, at twice the scale of the
/// sum, which the scale of residuals allows for.
///
/// # Errors
/// Those of the engine.
pub(super) fn real_gradient<E: Engine>(engine: &E, packing: &Packing, sum: E::Value) -> Result<E::Value> {
    if packing.is_complex() { engine.real_part(&sum) } else { Ok(sum) }
}

fn combine<V: Sync + Send>(
    mut halves: Vec<Vec<V>>,
    both: impl Fn(&V, &V) -> Result<V> + Sync,
) -> Result<Vec<V>> {
    let last = halves.pop().unwrap_or_default();
    match halves.pop() {
        Some(first) => try_map(first.iter().zip(&last), |(a, b)| both(a, b)),
        None => Ok(last),
    }
}
