//! The initial state of a training, on the data party's side.

use ckks::Scale;
use ndarray::Array1;
use rayon::prelude::*;

use crate::engine::Slots;
use crate::error::{Error, Result};
use crate::heads::Head;
use crate::job::Job;
use crate::trainer::State;

/// Largest initial weight in its unit: the planner leaves room for no more.
const LARGEST_START: f64 = 8.0;

/// The initial state with these weights, or the zero state without any. `encode` makes each vector from slots, level and scale.
///
/// # Errors
/// [`Error::Shape`] if the weights are not those of the head ([`Job::to_vectors`]); [`Error::OutsideInterval`] if one exceeds eight times its unit;
/// errors of `encode`.
pub(super) fn starting_state<H: Head, V: Send>(
    job: &Job<H>,
    start: Option<&[Array1<f64>]>,
    encode: impl Fn(Slots, usize, Scale) -> Result<V> + Sync,
) -> Result<State<V>> {
    let Some(start) = start else { return Ok(State::default()) };
    let (vectors, spec) = (job.weights(), job.spec());
    let start = job.to_vectors(start)?;
    let encoded = vectors.par_iter().zip(&start).map(|(vector, weights)| {
        let unit = vector.unit.value();
        let largest =
            weights.fold(0.0, |max: f64, w| if w.is_nan() { f64::INFINITY } else { max.max(w.abs()) });
        let half_width = LARGEST_START * unit.abs();
        if largest > half_width {
            let when = format!("in the initial {}", vector.name);
            return Err(Error::OutsideInterval { logit: largest, half_width, when });
        }
        let slots = spec.packing.tile(&(weights / unit).to_vec());
        encode(slots.into(), spec.entry_level, Scale::power_of_two(spec.state_scale))
    });
    Ok(State::from_weights(encoded.collect::<Result<_>>()?))
}
