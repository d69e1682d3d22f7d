//! Parameter sets to try where nobody names one.

use fhe_head::{Error, Result, Scheme};

/// Parameter sets in the order in which a training is tried for its depth; the plan may then be cheaper on another. Those with `boot` in
/// their name bootstrap; the larger one is for trainings that take more levels between two bootstraps than the smaller one leaves.
pub const PRESETS: [&str; 4] = ["n15-l18", "n15-boot-l6", "n16-l36", "n16-boot-l15"];

/// Those of [`PRESETS`] that bootstrap.
pub(crate) const BOOTSTRAPPED: [&str; 2] = ["n15-boot-l6", "n16-boot-l15"];

/// Whether a refusal is about the parameter set, so that another one may do.
pub fn needs_other_parameters(error: &Error) -> bool {
    use fhe_head::ckks::Error::{Insecure, InvalidParameters};
    match error {
        Error::Parameter { name, .. } => ["preset", "features"].contains(name),
        Error::Ckks(inner) => matches!(inner, Insecure { .. } | InvalidParameters(_)),
        Error::NeedsBootstrapping { .. } | Error::NoBootstrapping { .. } | Error::Precision { .. } => true,
        _ => false,
    }
}

/// What `attempt` gives on the first of these parameter sets that it accepts.
///
/// # Errors
/// The last refusal, or the first error that no other set would mend; [`Error::Ckks`] on an unknown name.
pub(crate) fn on_first<T>(names: &[&str], attempt: impl Fn(&Scheme) -> Result<T>) -> Result<T> {
    let mut refusal = Error::Data("there is no parameter set to try".into());
    for name in names {
        match attempt(&Scheme::by_name(name)?) {
            Err(error) if needs_other_parameters(&error) => refusal = error,
            outcome => return outcome,
        }
    }
    Err(refusal)
}

/// All parameter sets of one data party.
pub(crate) fn all_schemes() -> Result<Vec<Scheme>> {
    fhe_head::ckks::presets::NAMES.iter().map(|name| Scheme::by_name(name)).collect()
}
