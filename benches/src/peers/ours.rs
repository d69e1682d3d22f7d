//! This library's side of the comparison.

use std::sync::Arc;

use ckks::{
    Ciphertext, Encoder, EvaluationKeys, Evaluator, KeyGenerator, SecretEncryptor, SecretKey, SecureRng,
    presets,
};
use serde_json::{Value, json};

use crate::accuracy::measures::{Predictions, accuracy};
use crate::accuracy::training::Trained;
use crate::accuracy::{Head, train};
use crate::data::Split;
use crate::measure::{Times, itself, time};

/// Measures operations, bootstraps and a training, under the names that the peers' scripts use.
///
/// # Errors
/// The library refuses the work.
pub(super) fn measure(
    split: &Split,
    repeat: usize,
    threads: usize,
    quick: bool,
) -> anyhow::Result<Vec<Value>> {
    let mut rows = operations("n15-l18", repeat)?;
    if !quick {
        rows.extend(operations("n16-l36", repeat)?);
        for preset in ["n16-boot-l15", "n15-boot-l6"] {
            rows.push(bootstrap(preset, repeat, threads)?);
        }
    }
    rows.push(training(split, repeat)?);
    Ok(rows)
}

/// Limbs of the operands, as in the peers' scripts.
const LIMBS: usize = 6;

fn operations(preset: &str, repeat: usize) -> anyhow::Result<Vec<Value>> {
    const STEPS: [i64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
    let level = LIMBS - 1;
    let parameters = presets::by_name(preset)?;
    let secret = SecretKey::generate(&parameters)?;
    let mut generator = KeyGenerator::new(&secret)?;
    let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
    let shape = parameters.key_shape(level);
    keys.insert(generator.relinearisation_key(shape)?)?;
    for steps in STEPS {
        keys.insert(generator.rotation_key(steps, shape)?)?;
    }
    let (evaluator, encoder) = (Evaluator::new(Arc::new(keys)), Encoder::new(&parameters));
    let mut rng = SecureRng::from_os()?;
    let values: Vec<f64> = (0..parameters.slots()).map(|i| (i as f64).sin()).collect();
    let plaintext = encoder.encode(&values, level, &parameters.default_scale())?;
    let mut encrypt = || -> anyhow::Result<Ciphertext> {
        Ok(SecretEncryptor::new(&secret).encrypt(&plaintext, &mut rng)?.expand())
    };
    let (a, b) = (encrypt()?, encrypt()?);
    // operations are short: more runs than the peers get, with the same statistics
    let runs = 10 * repeat;
    let ring = format!("2^{}, {LIMBS} limbs", parameters.literal().log_n);
    let row = |name: &str, times: Times| -> anyhow::Result<Value> {
        let mut row = serde_json::to_value(times)?;
        row["name"] = json!(format!("{name} ({ring})"));
        row["preset"] = json!(preset);
        row["security_bits"] = json!(parameters.security_bits());
        Ok(row)
    };
    Ok(vec![
        row("multiply, relinearise, rescale", time(runs, || Ok(evaluator.mul(&a, &b)?))?)?,
        row("rotate", time(runs, || Ok(evaluator.rotate(&a, 1)?))?)?,
        row("8 hoisted rotations", time(runs, || Ok(evaluator.rotate_many(&a, &STEPS)?))?)?,
    ])
}

/// Measures a bootstrap in a separate process, so that the peak memory is that of the bootstrap.
fn bootstrap(preset: &str, repeat: usize, threads: usize) -> anyhow::Result<Value> {
    let (threads, repeat) = (threads.to_string(), repeat.div_ceil(2).to_string());
    let mut row = itself(&[
        "bootstrap",
        "--json",
        "--slots",
        "512",
        "--preset",
        preset,
        "--threads",
        &threads,
        "--repeat",
        &repeat,
    ])?;
    let name = match preset {
        "n16-boot-l15" => "bootstrap of 2^9 slots",
        _ => "bootstrap of 2^9 slots, N = 2^15",
    };
    row["name"] = json!(name);
    Ok(row)
}

/// Measures the whole encrypted training, from ciphertexts and keys in memory to the encrypted head.
fn training(split: &Split, repeat: usize) -> anyhow::Result<Value> {
    let mut runs =
        (0..=repeat).map(|_| train(split, Head::Logistic, 2, 0, None)).collect::<anyhow::Result<Vec<_>>>()?;
    // the first run is the warm-up
    runs.remove(0);
    runs.sort_by(|a, b| a.facts.seconds.train.total_cmp(&b.facts.seconds.train));
    let median = &runs[runs.len() / 2];
    let right = |predictions: &Predictions| accuracy(&split.test.y, &predictions.classes());
    let seconds = |run: &Trained| run.facts.seconds.train;
    Ok(json!({
        "name": "training",
        "median_s": seconds(median),
        "min_s": runs.first().map(seconds),
        "max_s": runs.last().map(seconds),
        "cpu_s": median.facts.seconds.train_cpu,
        "preset": median.facts.preset,
        "security_bits": median.facts.security_bits,
        "iterations": median.facts.iterations,
        "bootstraps": median.facts.bootstraps,
        "seconds": median.facts.seconds,
        "accuracy": right(&median.predictions.encrypted),
        "plain_accuracy": right(&median.predictions.plain),
    }))
}
