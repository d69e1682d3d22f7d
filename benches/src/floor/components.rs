//! The components of a training, each measured and modelled.

use std::sync::Arc;

use anyhow::Context;
use ckks::Cost;
use ckks::{
    Ciphertext, Digits, Encoder, EvaluationKeys, Evaluator, KeyGenerator, KeyShape, SecretEncryptor,
    SecretKey, SecureRng, presets,
};
use ckks_boot::{BootstrapLiteral, BootstrapPlan, Packing, Values};
use ckks_math::{Backend, Basis, PackedPair, Poly, Ring, primes, sample};

use crate::limits::{Model, Work};
use crate::measure::{Times, itself, time};
use crate::step::{self, Runs, Shape};

/// A component of a training.
pub(super) struct Component {
    pub(super) name: String,
    /// The work by the cost model.
    pub(super) work: Work,
    pub(super) times: Times,
}

/// Measures all components on the `threads` threads of the current pool; with `quick`, without bootstraps and training steps.
///
/// # Errors
/// The library refuses the work.
pub(super) fn measure(threads: usize, repeat: usize, quick: bool) -> anyhow::Result<Vec<Component>> {
    let mut all = transforms(15, repeat)?;
    all.extend(transforms(16, repeat)?);
    all.extend(kernels(repeat)?);
    all.extend(operations(repeat)?);
    if !quick {
        all.extend(bootstrap(threads, repeat)?);
        for refresh in [true, false] {
            all.push(iteration(threads, repeat, refresh)?);
        }
    }
    Ok(all)
}

/// Shortest measured run in seconds: the system counts processor time in ticks of some milliseconds.
const LONG_ENOUGH: f64 = 0.1;

/// Times short work, repeated within each run so that the run is long enough. Times are those of one repetition.
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

/// Transforms of eight limbs and their inverses, so that all threads are busy.
fn transforms(log_n: u32, repeat: usize) -> anyhow::Result<Vec<Component>> {
    const LIMBS: usize = 8;
    let model = Model::new(log_n, Backend::active()?, 50.0);
    let q = primes::ntt_primes(log_n + 1, 50, LIMBS, &[])?;
    let ring = Ring::new(log_n, &q, &[])?;
    let mut held = Some(sample::uniform(&ring, Basis::of_q(LIMBS), &[1; 32], b"floor"));
    // both directions: one alone would leave no operand for the next run
    let times = many(repeat, || {
        held = held.take().map(|poly| poly.into_coeff().into_ntt());
        Ok(())
    })?;
    let name = format!("NTT and its inverse, {LIMBS} limbs, N = 2^{log_n}");
    Ok(vec![Component { name, work: model.transforms(2 * LIMBS), times }])
}

/// The parts of a key switch at N = 2^15, with six limbs and three special primes.
fn kernels(repeat: usize) -> anyhow::Result<Vec<Component>> {
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
    let component = |name: &str, work: Work, times: Times| Component {
        name: format!("{name}, N = 2^15, 6 + 3 limbs"),
        work,
        times,
    };
    Ok(vec![
        component(
            "digits (base conversion and transforms)",
            model.decompose(shape, 6),
            run(&|| drop(c.decompose(3, 3)))?,
        ),
        component(
            "inner products with a key, from the cache",
            cached(model.inner_products(shape, 6)),
            run(&|| drop(Poly::dot2(&digits, &keys)))?,
        ),
        component(
            "ModDown with rescale",
            model.mod_down(3, 6, true),
            run(&|| drop(raised.mod_down_rescale()))?,
        ),
        component("rescale", model.mod_down(0, 6, true), run(&|| drop(c.rescale()))?),
    ])
}

/// Operations on ciphertexts.
fn operations(repeat: usize) -> anyhow::Result<Vec<Component>> {
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
    let component = |name: &str, work: Work, times: Times| Component {
        name: format!("{name}, N = 2^15, {limbs} + {special} limbs"),
        work,
        times,
    };
    let multiply = model.cached_product(limbs) + switch + model.switch(shape, limbs, true);
    Ok(vec![
        component(
            "key switch (rotation)",
            switch + model.switch(shape, limbs, false),
            many(repeat, || Ok(evaluator.rotate(a, 1).map(drop)?))?,
        ),
        component(
            "multiply, relinearise, rescale",
            multiply,
            many(repeat, || Ok(evaluator.mul(a, a).map(drop)?))?,
        ),
        component(
            "sum of 64 products (tensor), data from memory",
            model.tensor(limbs) * TERMS as f64 + model.close_tensor(limbs),
            many(repeat, || Ok(evaluator.tensor_sum(&terms).map(drop)?))?,
        ),
    ])
}

/// A bootstrap and its stages, measured in a separate process.
fn bootstrap(threads: usize, repeat: usize) -> anyhow::Result<Vec<Component>> {
    const PRESET: &str = "n15-boot-l6";
    const LOG_SLOTS: usize = 9;
    let parameters = presets::by_name(PRESET)?;
    let literal = BootstrapLiteral::of_preset(PRESET).context("the set does not bootstrap")?;
    let packing = Packing { log_slots: LOG_SLOTS, values: Values::Real };
    let plan = BootstrapPlan::new(&parameters, literal, packing)?;
    let record = itself(&[
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
    let model = Model::of(plan.raised(), Backend::active()?);
    let costs = plan.costs();
    let stage = |name: &str, cost: &Cost| {
        let value = |field: &str| {
            record["stages"][name][field].as_f64().with_context(|| format!("no stage `{name}`"))
        };
        let (once, cpu_s) = (value("s")?, value("cpu_s").ok());
        let times = Times { median_s: once, min_s: once, max_s: once, cpu_s };
        Ok(Component { name: format!("stage {name} of it"), work: model.stage(plan.raised(), cost), times })
    };
    let stages = [
        ("raise", &costs.raise),
        ("coeffs_to_slots", &costs.coeffs_to_slots),
        ("eval_mod", &costs.eval_mod),
        ("slots_to_coeffs", &costs.slots_to_coeffs),
    ];
    let name = "bootstrap of 2^9 slots, N = 2^15".into();
    let whole = Component { name, work: model.bootstrap(&plan), times };
    let stages = stages.into_iter().map(|(name, cost)| stage(name, cost));
    std::iter::once(Ok(whole)).chain(stages).collect()
}

/// A training step with its bootstrap, or a pass over more data without one.
fn iteration(threads: usize, repeat: usize, refresh: bool) -> anyhow::Result<Component> {
    let (samples, features) = if refresh { (1024, 256) } else { (16_384, 512) };
    let shape = Shape { samples, features, classes: 2, degree: 3, preset: None, refresh };
    let measured = step::measure(shape, Runs { threads, repeat: repeat.min(3), speedup: false })?;
    let what = if refresh { "training step with its bootstrap" } else { "pass, forward and backward" };
    let name = format!("{what}, {samples} x {features}");
    Ok(Component { name, work: measured.work, times: measured.times })
}
