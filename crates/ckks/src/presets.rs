//! Named parameter sets. A name is a contract: ring degree and levels; tests recompute every claim.

use crate::error::Error;
use crate::params::{Parameters, ParametersLiteral, SecurityLevel};
use crate::security::SecretDistribution;

/// Names of all presets, smallest ring first.
pub const NAMES: [&str; 4] = ["n13-l3", "n14-l8", "n15-l18", "n16-l36"];

/// The parameter set of that name.
///
/// # Errors
/// [`Error::InvalidParameters`] for an unknown name; the message lists the known ones.
pub fn by_name(name: &str) -> Result<Parameters, Error> {
    let literal = match name {
        "n13-l3" => leveled(name, 13, 3, 36, &[50], 1),
        "n14-l8" => leveled(name, 14, 8, 36, &[44, 44], 2),
        "n15-l18" => leveled(name, 15, 18, 36, &[39, 39, 39, 39], 4),
        "n16-l36" => leveled(name, 16, 36, 40, &[42, 42, 42, 42, 42, 42], 6),
        _ => {
            let known = NAMES.join(", ");
            return Err(Error::InvalidParameters(format!("no preset is named `{name}`; there are {known}")));
        }
    };
    literal.check()
}

/// A chain for circuits of a known depth: `levels` primes near the scale on top of a larger `q_0`, whose ten spare bits
/// leave room for values up to 2^9.
fn leveled(
    name: &str,
    log_n: u32,
    levels: usize,
    log_scale: u32,
    log_p: &[u32],
    digit_limbs: usize,
) -> ParametersLiteral {
    let mut log_q = vec![log_scale + 10];
    log_q.extend(std::iter::repeat_n(log_scale, levels));
    ParametersLiteral {
        name: name.to_owned(),
        log_n,
        log_q,
        log_p: log_p.to_vec(),
        special: log_p.len(),
        digit_limbs,
        log_scale: log_scale as i32,
        secret: SecretDistribution::Ternary,
        ephemeral_weight: None,
        security: SecurityLevel::Bits128,
    }
}

/// A small ring for fast tests. **Insecure**: the command line refuses it.
///
/// # Errors
/// [`Error::InvalidParameters`] if the sizes are out of range.
pub fn insecure_for_tests(log_n: u32, levels: usize) -> Result<Parameters, Error> {
    ParametersLiteral {
        name: format!("insecure-n{log_n}-l{levels}"),
        security: SecurityLevel::Insecure,
        ..leveled("", log_n, levels, 40, &[50, 50], 2)
    }
    .check()
}
