//! The parts of a training, each measured and modelled.

use std::sync::Arc;

use anyhow::Context;
use ckks::{
    Ciphertext, Digits, Encoder, EvaluationKeys, Evaluator, KeyGenerator, KeyShape, SecretEncryptor,
    SecretKey, SecureRng, presets,
};
use ckks_boot::Cost;
use ckks_boot::bootstrap::{BootstrapLiteral, BootstrapPlan, Packing, Values};
use ckks_math::{Backend, Basis, PackedPair, Poly, Ring, primes, sample};

use super::Row;
use super::calibration::Calibration;
use super::model::{Model, Work};
use crate::measure::{Common, Times, time};
use crate::step;

/// Measures every part.
///
/// # Errors
/// What the library refuses.
pub(super) fn measure(
    common: &Common,
    threads: usize,
    calibration: &Calibration,
    quick: bool,
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut add = |(name, work, times): Part| rows.push(Row::new(name, work, times, calibration));
    for log_n in [15, 16] {
        transforms(log_n, common.repeat)?.into_iter().for_each(&mut add);
    }
    kernels(common.repeat)?.into_iter().for_each(&mut add);
    operations(common.repeat)?.into_iter().for_each(&mut add);
    if !quick {
        bootstrap(threads, common.repeat)?.into_iter().for_each(&mut add);
        for refresh in [true, false] {
            add(step::part(threads, common.repeat, refresh)?);
        }
    }
    Ok(rows)
}

/// Name, model, measurement.
pub(crate) type Part = (String, Work, Times);

/// Seconds of a counted run at least: the system counts processor time in ticks of some milliseconds.
const LONG_ENOUGH: f64 = 0.1;

/// Runs short work as often as makes a counted run long enough.
fn many(repeat: usize, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Times> {
    let once = time(3, &mut work)?.min_s;
    let inner = (LONG_ENOUGH / once.max(1e-6)).ceil().max(1.0);
    let times = time(repeat, || (0..inner as usize).try_for_each(|_| work()))?;
    let share = |seconds: f64| seconds / inner;
    Ok(Times {
        median_s: share(times.median_s),
        min_s: share(times.min_s),
        max_s: share(times.max_s),
        cpu_s: times.cpu_s.map(share),
    })
}

/// Eight limbs there and back, so that all threads have some.
fn transforms(log_n: u32, repeat: usize) -> anyhow::Result<Vec<Part>> {
    const LIMBS: usize = 8;
    let model = Model::new(log_n, Backend::active()?, 50.0);
    let q = primes::ntt_primes(log_n + 1, 50, LIMBS, &[])?;
    let ring = Ring::new(log_n, &q, &[])?;
    let mut held = Some(sample::uniform(&ring, Basis::of_q(LIMBS), &[1; 32], b"floor"));
    // there and back: neither direction alone leaves an operand for the next run
    let times = many(repeat, || {
        held = held.take().map(|poly| poly.into_coeff().into_ntt());
        Ok(())
    })?;
    let name = format!("NTT and its inverse, {LIMBS} limbs, N = 2^{log_n}");
    Ok(vec![(name, model.transforms(2 * LIMBS), times)])
}

/// What a key switch is made of, at N = 2^15 with six limbs and three special primes.
fn kernels(repeat: usize) -> anyhow::Result<Vec<Part>> {
    const LOG_N: u32 = 15;
    let shape = KeyShape { level: 5, special: 3, digits: Digits::uniform(3) };
    let (q, p) = (primes::ntt_primes(LOG_N + 1, 36, 6, &[])?, primes::ntt_primes(LOG_N + 1, 48, 3, &[])?);
    let model = Model::new(LOG_N, Backend::active()?, (6.0 * 36.0 + 3.0 * 48.0) / 9.0);
    let ring = Ring::new(LOG_N, &q, &p)?;
    let draw = |basis, label: &[u8]| sample::uniform(&ring, basis, &[2; 32], label);
    let (c, raised) = (draw(Basis { q: 6, p: 0 }, b"c"), draw(ring.full_basis(), b"raised"));
    let keys = [[b"k0", b"k2"], [b"k1", b"k3"]];
    let keys =
        keys.map(|halves| PackedPair::new(halves.map(|label| draw(ring.full_basis(), label)).each_ref()));
    let digits = c.decompose(3, 3);
    let run = |work: &dyn Fn()| {
        many(repeat, || {
            work();
            Ok(())
        })
    };
    let cached = |work: Work| Work { bytes: 0.0, ..work };
    let part = |name: &str, work: Work, times: Times| (format!("{name}, N = 2^15, 6 + 3 limbs"), work, times);
    Ok(vec![
        part(
            "digits (base conversion and transforms)",
            model.decompose(shape, 6),
            run(&|| drop(c.decompose(3, 3)))?,
        ),
        part(
            "inner products with a key, from the cache",
            cached(model.inner_products(shape, 6)),
            run(&|| drop(Poly::dot2(&digits, &keys)))?,
        ),
        part("ModDown with rescale", model.mod_down(3, 6, true), run(&|| drop(raised.mod_down_rescale()))?),
        part("rescale", model.mod_down(0, 6, true), run(&|| drop(c.rescale()))?),
    ])
}

/// Operations on ciphertexts.
fn operations(repeat: usize) -> anyhow::Result<Vec<Part>> {
    const LEVEL: usize = 5;
    const TERMS: usize = 64;
    let limbs = LEVEL + 1;
    let parameters = presets::by_name("n15-l18")?;
    let model = Model::of(&parameters, Backend::active()?);
    let shape = parameters.key_shape(LEVEL);
    let secret = SecretKey::generate(&parameters)?;
    let mut generator = KeyGenerator::new(&secret)?;
    let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
    keys.insert(generator.relinearisation_key(shape)?)?;
    keys.insert(generator.rotation_key(1, shape)?)?;
    let evaluator = Evaluator::new(Arc::new(keys));
    let encoder = Encoder::new(&parameters);
    let plaintext = encoder.encode(&[0.5], LEVEL, &parameters.default_scale())?;
    let mut rng = SecureRng::from_os()?;
    let ciphertexts = (0..TERMS)
        .map(|_| Ok(SecretEncryptor::new(&secret).encrypt(&plaintext, &mut rng)?.expand()))
        .collect::<anyhow::Result<Vec<Ciphertext>>>()?;
    let a = ciphertexts.first().context("no ciphertext")?;
    let terms: Vec<_> = ciphertexts.iter().map(|x| (x, a)).collect();
    let switch = model.decompose(shape, limbs);
    let special = shape.special;
    let part = |name: &str, work: Work, times: Times| {
        (format!("{name}, N = 2^15, {limbs} + {special} limbs"), work, times)
    };
    let multiply = model.words_of_one_product(limbs) + switch + model.switch(shape, limbs, true);
    Ok(vec![
        part(
            "key switch (rotation)",
            switch + model.switch(shape, limbs, false),
            many(repeat, || Ok(evaluator.rotate(a, 1).map(drop)?))?,
        ),
        part(
            "multiply, relinearise, rescale",
            multiply,
            many(repeat, || Ok(evaluator.mul(a, a).map(drop)?))?,
        ),
        part(
            "sum of 64 products (tensor), data from memory",
            model.tensor(limbs) * TERMS as f64 + model.close_tensor(limbs),
            many(repeat, || Ok(evaluator.tensor_sum(&terms).map(drop)?))?,
        ),
    ])
}

/// The refresh, in a process of its own.
fn bootstrap(threads: usize, repeat: usize) -> anyhow::Result<Vec<Part>> {
    const PRESET: &str = "n15-boot-l6";
    const LOG_SLOTS: usize = 9;
    let parameters = presets::by_name(PRESET)?;
    let literal = BootstrapLiteral::of_preset(PRESET).context("the set does not bootstrap")?;
    let packing = Packing { log_slots: LOG_SLOTS, values: Values::Real };
    let plan = BootstrapPlan::new(&parameters, literal, packing)?;
    let record = crate::measure::itself(&[
        "bootstrap",
        "--json",
        "--preset",
        PRESET,
        "--slots",
        &(1 << LOG_SLOTS).to_string(),
        "--threads",
        &threads.to_string(),
        "--repeat",
        &repeat.to_string(),
    ])?;
    let seconds = |name: &str| record[name].as_f64().with_context(|| format!("no `{name}`"));
    let times = Times {
        median_s: seconds("median_s")?,
        min_s: seconds("min_s")?,
        max_s: seconds("max_s")?,
        cpu_s: seconds("cpu_s").ok(),
    };
    let model = Model::of(&parameters, Backend::active()?);
    let costs = plan.costs();
    let stage = |name: &str, cost: &Cost| {
        let part =
            |figure: &str| record["stages"][name][figure].as_f64().with_context(|| format!("no {name}"));
        let (once, cpu_s) = (part("s")?, part("cpu_s").ok());
        let times = Times { median_s: once, min_s: once, max_s: once, cpu_s };
        Ok((format!("stage {name} of it"), model.stage(&parameters, cost), times))
    };
    let stages = [
        ("raise", &costs.raise),
        ("coeffs_to_slots", &costs.coeffs_to_slots),
        ("eval_mod", &costs.eval_mod),
        ("slots_to_coeffs", &costs.slots_to_coeffs),
    ];
    let whole = ("bootstrap of 2^9 slots, N = 2^15".into(), model.bootstrap(&plan), times);
    let stages = stages.into_iter().map(|(name, cost)| stage(name, cost));
    std::iter::once(Ok(whole)).chain(stages).collect()
}
