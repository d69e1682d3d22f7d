//! The parameter sets to try.

use fhe_head::ckks::Parameters;

use crate::exit::{Failure, Kind, Result, training_failure};
use crate::preset::preset;

/// Parameter sets to try in this order if `--preset` names none. Those with `boot` bootstrap the weights, and where the head allows
/// it also values inside iterations. The larger one is for heads that need more levels between two bootstraps.
const PRESETS: [&str; 4] = ["n15-l18", "n15-boot-l6", "n16-l36", "n16-boot-l15"];

/// Plans with the named preset, or with the first one that has the depth.
///
/// # Errors
/// No such preset; those of `plan`.
pub(super) fn first_that_fits<T>(
    named: Option<&str>,
    plan: impl Fn(&Parameters) -> fhe_head::Result<T>,
) -> Result<(Parameters, T)> {
    let names = named.map_or(PRESETS.to_vec(), |name| vec![name]);
    let mut refusal = None;
    for name in names {
        let parameters = preset(name)?;
        match plan(&parameters).map_err(training_failure) {
            Ok(planned) => return Ok((parameters, planned)),
            Err(failure) if failure.kind() == Kind::Parameters => refusal = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    Err(refusal.unwrap_or_else(|| Failure::unexpected("no parameter set to try")))
}
