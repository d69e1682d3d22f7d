//! Splitting and joining the halves of complex blocks. Values of real blocks stay as they are.

use ckks::threads::try_map;

use super::layout::Packing;
use crate::engine::Engine;
use crate::error::Result;

/// The values of each half of a block: of a complex block the real parts, then the imaginary parts, at twice the scale, for one
/// conjugation a value and no level; of a real block the values themselves.
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

/// The inverse of [`split`]: `a + i b`. No level, the same scale.
///
/// # Errors
/// Those of the engine.
pub fn join<E: Engine>(engine: &E, halves: Vec<Vec<E::Value>>) -> Result<Vec<E::Value>> {
    combine(halves, |a, b| engine.add(a, &engine.mul_i(b)?))
}

/// Joins the residuals of the halves for [`super::backward`]: `a - i b`, whose product with `x_a + i x_b` has the real part
/// `a x_a + b x_b`. No level, the same scale.
///
/// # Errors
/// Those of the engine.
pub fn join_residuals<E: Engine>(engine: &E, halves: Vec<Vec<E::Value>>) -> Result<Vec<E::Value>> {
    combine(halves, |a, b| engine.sub(a, &engine.mul_i(b)?))
}

/// The gradient in a sum of products of samples and residuals: for complex blocks its real part, at twice the scale. The scale of
/// residuals accounts for that ([`Packing::gradient_doublings`]).
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
