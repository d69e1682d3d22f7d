//! `presets`: lists the parameter sets with their security figures.

use std::fmt::Write;

use fhe_head::ckks::{ERROR_STD, Parameters, SecretDistribution, presets, security};
use fhe_head::ckks_boot::Contract;
use fhe_head::{RefreshedMessage, Scheme};
use serde_json::json;

use crate::args::PresetsArgs;
use crate::console::Outcome;
use crate::exit::Result;
use crate::preset::preset;

/// # Errors
/// A preset that does not pass its own checks, which would be a bug.
pub(super) fn run(arguments: &PresetsArgs) -> Result<Outcome> {
    // those for several data parties differ in nothing but the number of parties
    let names = presets::NAMES.iter().chain(&["n16-joint2-l25"]);
    let sets = names.map(|name| preset(name)).collect::<Result<Vec<_>>>()?;
    let described = sets.iter().map(describe).collect::<Result<Vec<_>>>()?;
    let json = json!({ "presets": described });
    let text = if arguments.markdown { markdown(&sets)? } else { table(&sets) };
    Ok(Outcome { json, text })
}

/// The contracts of some messages: a state of 2^9 values without and with momentum, one of 2^12 values, and one of all slots, where
/// two halves of samples form a pair too.
fn refreshes(scheme: &Scheme) -> Result<Vec<(RefreshedMessage, Contract)>> {
    if scheme.contract().is_none() {
        return Ok(Vec::new());
    }
    let parameters = scheme.parameters();
    let all = parameters.literal().log_n as usize - 1;
    let states = [(9, false), (9, true), (12, true), (all, false), (all, true)];
    let contract = |(log_period, pair)| {
        let state = RefreshedMessage { log_period, pair };
        Ok((state, state.plan(parameters)?.contract()))
    };
    states.into_iter().map(contract).collect()
}

fn describe(scheme: &Scheme) -> Result<serde_json::Value> {
    let parameters = scheme.parameters();
    let objects: Vec<_> = parameters
        .objects()
        .iter()
        .map(|object| {
            json!({
                "object": object.object, "log_qp": object.log_qp, "secret": secret(object.secret), "limit": object.limit,
            })
        })
        .collect();
    let refreshes: Vec<_> = refreshes(scheme)?
        .iter()
        .map(|(state, contract)| {
            json!({
                "slots": 1 << state.log_period, "momentum": state.pair, "levels": contract.levels(),
                "level_before": contract.level_before, "level_after": contract.level_after,
                "log_scale": contract.scale_after.log2(), "rms_bits": contract.rms_bits,
                "worst_bits": contract.worst_bits, "log2_failure": contract.log2_failure, "keys": contract.keys,
                "key_bytes": contract.key_bytes, "memory_bytes": contract.memory_bytes,
            })
        })
        .collect();
    Ok(json!({
        "name": parameters.name(), "ring_degree": parameters.degree(), "slots": parameters.slots(),
        "levels": parameters.max_level(), "log_qp": parameters.log_qp(), "security_bits": parameters.security_bits(),
        "objects": objects, "refreshes": refreshes,
    }))
}

fn table(sets: &[Scheme]) -> String {
    let mut text = format!(
        "{:<14} {:>4} {:>6} {:>6} {:>9} {:>6} {:>9}",
        "preset", "N", "slots", "levels", "log2(QP)", "limit", "security"
    );
    for parameters in sets.iter().map(Scheme::parameters) {
        let _ = write!(
            text,
            "\n{:<14} {:>4} {:>6} {:>6} {:>9.1} {:>6.0} {:>4} bits",
            parameters.name(),
            format!("2^{}", parameters.literal().log_n),
            parameters.slots(),
            parameters.max_level(),
            parameters.log_qp(),
            limit(parameters),
            parameters.security_bits(),
        );
    }
    text
}

/// `log2` of the modulus of a key of the top level, without that of a bootstrap's raised chain.
fn own_bits(parameters: &Parameters) -> f64 {
    parameters.mean_prime_bits() * (parameters.max_level() + 1 + parameters.literal().special) as f64
}

/// The text of `docs/parameters.md`.
fn markdown(sets: &[Scheme]) -> Result<String> {
    let mut text = format!(
        "# Parameter sets\n\n\
         Written by `train-head presets --markdown`; a test compares it with the program. Every set is within the table\n\
         for 128 classical bits below, with error deviation {ERROR_STD} and uniform ternary secrets. `log2(QP)` counts all\n\
         primes, special ones included. `n16-joint2-l25` is for two data parties that share the secret key; there are sets of the\n\
         same primes for up to ten, `n16-joint10-l25`.\n\n\
         | preset | N | slots | levels | bits of the primes q_0, q_1 .. | special primes | primes a digit | log2(QP) | limit |\n\
         |---|---|---|---|---|---|---|---|---|\n"
    );
    for parameters in sets.iter().map(Scheme::parameters) {
        let literal = parameters.literal();
        let _ = writeln!(
            text,
            "| `{}` | 2^{} | {} | {} | {} | {} | {} | {:.1} | {:.0} |",
            parameters.name(),
            literal.log_n,
            parameters.slots(),
            parameters.max_level(),
            runs(&literal.log_q),
            runs(&literal.log_p),
            literal.digit_limbs,
            own_bits(parameters),
            limit(parameters),
        );
        if let Some(raised) = parameters.raised() {
            let literal = raised.literal();
            let _ = writeln!(
                text,
                "| raised by its bootstrap | | | {} | {} | {} | {} | {:.1} | {:.0} |",
                raised.max_level(),
                runs(&literal.log_q),
                runs(&literal.log_p),
                literal.digit_limbs,
                raised.log_qp(),
                limit(raised),
            );
        }
    }
    text.push_str(
        "\n## Objects\n\nEach object counts with the primes it uses, under the secret that hides it.\n\n\
         | object | log2 of its modulus | secret | limit |\n|---|---|---|---|\n",
    );
    for object in sets.iter().flat_map(|scheme| scheme.parameters().objects()) {
        let limit = object.limit.map_or_else(|| "none".to_owned(), |limit| format!("{limit:.0}"));
        let _ = writeln!(
            text,
            "| {} | {:.1} | {} | {limit} |",
            object.object,
            object.log_qp,
            secret(object.secret)
        );
    }
    text.push_str(
        "\n## Refreshes\n\n\
         What a bootstrap promises: `slots` values that repeat, at most 1 in magnitude, without or with imaginary parts (the\n\
         momenta of a state; second samples of the slots, inside iterations, where all slots are in use). Precision is `-log2` of the error over uniform values, root mean square and worst\n\
         of 2^15; failure is that of one bootstrap, by a coefficient beyond the range of the modular reduction. Keys are counted in memory, in files they take half; `memory` adds the encoded\n\
         diagonals. Tests hold every set to its line; [notes/bootstrap.md](notes/bootstrap.md) has what was measured, and why these\n\
         sets and not others.\n\n\
         | preset | slots | imaginary parts | level before | after | scale | rms | worst | failure | keys | key bytes | memory |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for scheme in sets {
        for (state, contract) in refreshes(scheme)? {
            let _ = writeln!(
                text,
                "| `{}` | 2^{} | {} | {} | {} | 2^{:.0} | {:.1} bits | {:.1} bits | {} | {} | {:.2} GB | {:.2} GB |",
                contract.preset,
                state.log_period,
                if state.pair { "with" } else { "without" },
                contract.level_before,
                contract.level_after,
                contract.scale_after.log2(),
                contract.rms_bits,
                contract.worst_bits,
                failure(contract.log2_failure),
                contract.keys,
                contract.key_bytes as f64 * 1e-9,
                contract.memory_bytes as f64 * 1e-9,
            );
        }
    }
    text.push_str(
        "\n## Security table\n\nLargest `log2(QP)` at 128 classical bits. Uniform ternary: Bossuat et al., *Security\n\
         Guidelines for Implementing Homomorphic Encryption* (ePrint 2024/463), Table 5.2. Weight 32, of the ephemeral secrets\n\
         of bootstraps: what these need, far inside of what attacks that guess with Meet-LWE leave ([security.md](security.md)).\n\n\
         | N | uniform ternary | weight 32 |\n|---|---|---|\n",
    );
    for row in security::TABLE {
        let _ = writeln!(
            text,
            "| 2^{} | {:.0} | {} |",
            row.log_n,
            row.ternary,
            row.weight_32.map_or_else(|| "none".to_owned(), |limit| format!("{limit:.0}"))
        );
    }
    text.pop();
    Ok(text)
}

fn limit(parameters: &Parameters) -> f64 {
    let literal = parameters.literal();
    security::max_log_qp(literal.log_n, literal.secret).unwrap_or(0.0)
}

/// A probability, or that it is none at all.
fn failure(log2: f64) -> String {
    if log2 == f64::NEG_INFINITY { "never".into() } else { format!("2^{log2:.1}") }
}

fn secret(distribution: SecretDistribution) -> String {
    match distribution {
        SecretDistribution::Ternary => "uniform ternary".into(),
        SecretDistribution::SparseTernary(weight) => format!("ternary of weight {weight}"),
        SecretDistribution::TernarySum(parties) => {
            format!("sum of {parties} uniform ternary, as one of them")
        }
    }
}

/// Bit sizes, with repetitions as factors: `46, 18 x 36`.
fn runs(bits: &[u32]) -> String {
    let runs: Vec<String> = bits
        .chunk_by(|a, b| a == b)
        .map(|run| if run.len() == 1 { run[0].to_string() } else { format!("{} x {}", run.len(), run[0]) })
        .collect();
    runs.join(", ")
}
