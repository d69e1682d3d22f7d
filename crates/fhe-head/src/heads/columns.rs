//! One number for each row, of many values side by side: value `k` in column `k`.

use crate::engine::Engine;
use crate::error::Result;
use crate::packing::Packing;

/// Values that are zero outside column 0 in one vector, each in a column of its own. There are at most as many as there are columns. One
/// rotation by one slot for each but the first, no level.
pub(super) fn side_by_side<E: Engine>(engine: &E, values: &[E::Value]) -> Result<E::Value> {
    let (last, others) = (&values[values.len() - 1], &values[..values.len() - 1]);
    others.iter().rev().try_fold(last.clone(), |sum, value| engine.add(value, &engine.rotate(&sum, -1)?))
}

/// The same real numbers for the samples of both halves.
pub(super) fn for_both_halves<E: Engine>(engine: &E, packing: &Packing, value: E::Value) -> Result<E::Value> {
    if packing.is_complex() { engine.add(&value, &engine.mul_i(&value)?) } else { Ok(value) }
}
