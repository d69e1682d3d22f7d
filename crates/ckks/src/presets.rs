//! Named parameter sets. A name stands for a ring degree and a number of levels. Tests recompute every claim.

use crate::error::Error;
use crate::params::{Parameters, ParametersLiteral, RaisedLiteral, SecurityLevel};
use crate::security::{MOST_PARTIES, SecretDistribution};

/// Names of all presets, smallest ring first.
pub const NAMES: [&str; 6] = ["n13-l3", "n14-l8", "n15-l18", "n15-boot-l6", "n16-l36", "n16-boot-l15"];

/// The parameter set with this name.
///
/// # Errors
/// [`Error::InvalidParameters`] for an unknown name. The message lists the known ones.
pub fn by_name(name: &str) -> Result<Parameters, Error> {
    let literal = match name {
        "n13-l3" => leveled(name, 13, 3, 36, &[50], 1),
        "n14-l8" => leveled(name, 14, 8, 36, &[44, 44], 2),
        "n15-l18" => leveled(name, 15, 18, 36, &[&[40, 40, 40, 39][..], &[50; 5]].concat(), 4),
        "n16-l36" => leveled(name, 16, 36, 40, &[&[44, 44, 44, 40, 40, 40][..], &[50; 6]].concat(), 6),
        "n15-boot-l6" => boot_n15(name),
        "n16-boot-l15" => boot_n16(name),
        _ => match joint_parties(name) {
            Some(parties) => joint_n16(parties),
            None => {
                let known = NAMES.join(", ");
                let (fewest, most) = (joint_name(2), joint_name(MOST_PARTIES));
                return Err(Error::InvalidParameters(format!(
                    "no preset is named `{name}`; there are {known}, and {fewest} to {most} for several data parties"
                )));
            }
        },
    };
    literal.check()
}

/// The set for data parties that share the secret key.
///
/// # Errors
/// [`Error::InvalidParameters`] unless there are 2 to [`MOST_PARTIES`].
pub fn joint(parties: u32) -> Result<Parameters, Error> {
    joint_n16(parties).check()
}

fn joint_name(parties: u32) -> String {
    format!("n16-joint{parties}-l25")
}

fn joint_parties(name: &str) -> Option<u32> {
    (2..=MOST_PARTIES).find(|&parties| joint_name(parties) == name)
}

/// For several data parties: a scale as large as primes allow, since what they decrypt together is flooded. Values lie at level 1 or
/// above, where the modulus has room for the noise. `docs/notes/joint.md` has the reasons.
fn joint_n16(parties: u32) -> ParametersLiteral {
    ParametersLiteral {
        name: joint_name(parties),
        log_n: 16,
        log_q: vec![50; 26],
        // Special primes beyond the eighth serve keys of lower levels.
        log_p: vec![50; 12],
        special: 8,
        digit_limbs: 8,
        log_scale: 50,
        secret: SecretDistribution::TernarySum(parties),
        ephemeral_weight: None,
        raised: None,
        security: SecurityLevel::Bits128,
    }
}

/// A chain for circuits of known depth: `levels` primes near the scale above a larger `q_0`, whose ten spare bits
/// leave room for values up to 2^9. Keys of the top level use the first `digit_limbs` special primes and digits of as
/// many primes. Keys of lower levels use other numbers of special primes.
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
        special: digit_limbs,
        digit_limbs,
        log_scale: log_scale as i32,
        secret: SecretDistribution::Ternary,
        ephemeral_weight: None,
        raised: None,
        security: SecurityLevel::Bits128,
    }
}

/// Bootstraps with 6 levels for the application. The chain from the bottom: `q_0`, SlotsToCoeffs, the application. The raised chain: primes
/// with as many bits together, but fewer and larger, then EvalMod and the last CoeffsToSlots factor. EvalMod's first primes are the large
/// ones, since most of its noise arises there. `docs/notes/bootstrap.md` has the reasons.
fn boot_n15(name: &str) -> ParametersLiteral {
    let q0 = [38];
    let slots_to_coeffs = [29; 2];
    let application = [34; 6];
    let landing = [50; 6];
    let eval_mod = [45, 45, 45, 45, 46, 50, 50, 49];
    let coeffs_to_slots = [42];
    ParametersLiteral {
        name: name.to_owned(),
        log_n: 15,
        log_q: [&q0[..], &slots_to_coeffs, &application].concat(),
        // Special primes beyond the third make digits larger: the modulus leaves room for them.
        log_p: vec![47, 47, 48, 42, 49, 50, 50],
        special: 3,
        digit_limbs: 3,
        log_scale: 34,
        secret: SecretDistribution::Ternary,
        ephemeral_weight: Some(32),
        raised: Some(RaisedLiteral {
            log_q: [&landing[..], &eval_mod, &coeffs_to_slots].concat(),
            // Special primes beyond the third serve keys of lower levels.
            log_p: vec![50; 8],
            special: 3,
            digit_limbs: 3,
        }),
        security: SecurityLevel::Bits128,
    }
}

/// Bootstraps with 15 levels for the application, in the order of [`boot_n15`].
fn boot_n16(name: &str) -> ParametersLiteral {
    let q0 = [44];
    let slots_to_coeffs = [30; 3];
    let application = [40; 15];
    let landing = [49; 15];
    let eval_mod = [50; 8];
    let coeffs_to_slots = [45; 2];
    ParametersLiteral {
        name: name.to_owned(),
        log_n: 16,
        log_q: [&q0[..], &slots_to_coeffs, &application].concat(),
        log_p: vec![50; 12],
        special: 10,
        digit_limbs: 10,
        log_scale: 40,
        secret: SecretDistribution::Ternary,
        ephemeral_weight: Some(32),
        raised: Some(RaisedLiteral {
            log_q: [&landing[..], &eval_mod, &coeffs_to_slots].concat(),
            log_p: vec![50; 12],
            special: 10,
            digit_limbs: 10,
        }),
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

/// As [`joint`], on a small ring for fast tests. **Insecure**: the command line refuses it.
///
/// # Errors
/// As [`insecure_for_tests`] and [`joint`].
pub fn insecure_joint_for_tests(log_n: u32, levels: usize, parties: u32) -> Result<Parameters, Error> {
    ParametersLiteral {
        name: format!("insecure-n{log_n}-joint{parties}-l{levels}"),
        log_n,
        log_q: vec![50; levels + 1],
        log_p: vec![50; 4],
        special: 3,
        digit_limbs: 3,
        security: SecurityLevel::Insecure,
        ..joint_n16(parties)
    }
    .check()
}
