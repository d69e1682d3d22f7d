//! `bootstrap`: time, precision and memory of a bootstrap.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use ckks::Cost;
use ckks::{
    Ciphertext, Complex64, Decryptor, Encoder, EvaluationKeys, KeyGenerator, Parameters, SecretEncryptor,
    SecretKey, SecureRng, presets, threads,
};
use ckks_boot::{
    BootstrapLiteral, BootstrapPlan, Packing, RealBootstrapper, StageCosts, Values, generate_keys,
};
use serde::Serialize;

use crate::measure::{Options, Times, cpu_seconds, peak_rss_bytes};

/// Arguments of `bootstrap`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Parameter set
    #[arg(long, default_value = "n15-boot-l6")]
    preset: String,
    /// Period of the message, a power of two; default: all slots
    #[arg(long)]
    slots: Option<usize>,
    /// Use complex values; with all slots in use, EvalMod is then evaluated twice
    #[arg(long)]
    complex: bool,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize)]
struct Record {
    preset: String,
    ring_degree: usize,
    log_qp: f64,
    security_bits: u32,
    slots: usize,
    complex: bool,
    threads: usize,
    #[serde(flatten)]
    times: Times,
    stages: Stages,
    #[serde(flatten)]
    precision: Precision,
    /// Levels left after the bootstrap.
    levels_after: usize,
    /// Number of evaluation keys.
    keys: usize,
    key_bytes: usize,
    keygen_s: f64,
    peak_rss_bytes: Option<u64>,
}

/// The stages of one run.
#[derive(Serialize)]
struct Stages {
    slots_to_coeffs: Stage,
    encapsulate: Stage,
    raise: Stage,
    trace: Stage,
    coeffs_to_slots: Stage,
    eval_mod: Stage,
}

/// A stage: measured seconds, and operations by the plan's counts.
#[derive(Serialize)]
struct Stage {
    s: f64,
    cpu_s: Option<f64>,
    transforms: usize,
    conversions: usize,
    products: usize,
    permutations: usize,
    key_bytes: usize,
    equivalent_transforms: f64,
}

/// Measures the bootstrap of one message.
///
/// # Errors
/// The arguments are invalid, or the library refuses the work.
pub(crate) fn bootstrap(arguments: &Arguments) -> anyhow::Result<()> {
    let record = arguments.options.install(|threads| record(arguments, threads))??;
    arguments.options.print(&record)
}

fn record(arguments: &Arguments, threads: usize) -> anyhow::Result<Record> {
    let parameters = presets::by_name(&arguments.preset)?;
    let literal = BootstrapLiteral::of_preset(&arguments.preset)
        .with_context(|| format!("the parameter set `{}` does not bootstrap", arguments.preset))?;
    let slots = arguments.slots.unwrap_or(parameters.slots());
    ensure!(slots.is_power_of_two(), "--slots {slots} is not a power of two");
    let values = if arguments.complex { Values::Complex } else { Values::Real };
    let plan =
        BootstrapPlan::new(&parameters, literal, Packing { log_slots: slots.ilog2() as usize, values })?;

    let mut rng = SecureRng::from_os()?;
    let secret = SecretKey::generate(&parameters)?;
    let start = Instant::now();
    let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
    let mut generator = KeyGenerator::new(&secret)?;
    generate_keys(&plan.keys(), &secret, &mut generator, &mut rng, |key| {
        keys.insert(key).map_err(ckks_boot::Error::from)
    })?;
    let keygen_s = start.elapsed().as_secs_f64();
    let (key_count, key_bytes) = (keys.iter().count(), keys.memory_bytes());
    let bootstrapper = RealBootstrapper::new(plan, Arc::new(keys))?;

    let encoder = Encoder::new(&parameters);
    let message = random(slots, arguments.complex);
    let plaintext = encoder.encode_complex(&message, literal.input_level(), &parameters.default_scale())?;
    let exhausted = SecretEncryptor::new(&secret).encrypt(&plaintext, &mut rng)?.expand();

    // threads stay awake, as in a training
    let times = arguments.options.time(|| Ok(threads::awake(|| bootstrapper.refresh(&exhausted))?))?;
    let stages = stages(&bootstrapper, &exhausted)?;
    let refreshed = bootstrapper.refresh(&exhausted)?;
    let got = encoder.decode_complex(&Decryptor::new(&secret).decrypt(&refreshed)?, slots)?;
    let precision = Precision::of(&got, &message, arguments.complex);
    Ok(Record {
        preset: parameters.name().to_owned(),
        ring_degree: parameters.degree(),
        log_qp: parameters.log_qp(),
        security_bits: parameters.security_bits(),
        slots,
        complex: arguments.complex,
        threads,
        times,
        stages,
        precision,
        levels_after: literal.application,
        keys: key_count,
        key_bytes,
        keygen_s,
        peak_rss_bytes: peak_rss_bytes(),
    })
}

fn stages(bootstrapper: &RealBootstrapper, a: &Ciphertext) -> anyhow::Result<Stages> {
    let StageCosts { slots_to_coeffs, encapsulate, raise, trace, coeffs_to_slots, eval_mod } =
        bootstrapper.plan().costs();
    let (parameters, raised) = (bootstrapper.plan().parameters(), bootstrapper.plan().raised());
    let (slots_to_coeffs, a) = stage(parameters, slots_to_coeffs, || bootstrapper.slots_to_coeffs(a))?;
    let (encapsulate, a) = stage(parameters, encapsulate, || bootstrapper.encapsulate(&a))?;
    let (raise, a) = stage(raised, raise, || bootstrapper.raise(&a))?;
    let (trace, a) = stage(raised, trace, || bootstrapper.trace(&a))?;
    let (coeffs_to_slots, parts) = stage(raised, coeffs_to_slots, || bootstrapper.coeffs_to_slots(&a))?;
    let (eval_mod, ()) = stage(raised, eval_mod, || {
        parts.into_iter().try_for_each(|x| bootstrapper.land(&bootstrapper.eval_mod(x)?).map(drop))
    })?;
    Ok(Stages { slots_to_coeffs, encapsulate, raise, trace, coeffs_to_slots, eval_mod })
}

fn stage<T>(
    parameters: &Parameters,
    cost: Cost,
    work: impl FnOnce() -> Result<T, ckks_boot::Error>,
) -> anyhow::Result<(Stage, T)> {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let result = work()?;
    let stage = Stage {
        s: start.elapsed().as_secs_f64(),
        cpu_s: cpu.zip(cpu_seconds()).map(|(before, after)| after - before),
        transforms: cost.transforms,
        conversions: cost.conversions,
        products: cost.products,
        permutations: cost.permutations,
        key_bytes: cost.key_bytes(parameters),
        equivalent_transforms: cost.equivalent_transforms(),
    };
    Ok((stage, result))
}

/// Values uniform in [-1, 1], on both axes if complex.
fn random(n: usize, complex: bool) -> Vec<Complex64> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..n).map(|_| Complex64::new(uniform(), if complex { uniform() } else { 0.0 })).collect()
}

/// Precision of the refreshed message, as `-log2` of its error.
#[derive(Serialize)]
struct Precision {
    /// Of the largest error.
    worst_bits: f64,
    /// Of the root mean square error.
    rms_bits: f64,
}

impl Precision {
    /// Errors of real parts, and of imaginary parts if the message is complex.
    fn of(got: &[Complex64], want: &[Complex64], complex: bool) -> Self {
        let parts = if complex { 2 } else { 1 };
        let errors = || {
            got.iter()
                .zip(want)
                .flat_map(|(g, w)| [(g.re - w.re).abs(), (g.im - w.im).abs()].into_iter().take(parts))
        };
        let rms = (errors().map(|e| e * e).sum::<f64>() / (parts * got.len()) as f64).sqrt();
        Self { worst_bits: -errors().fold(0.0, f64::max).log2(), rms_bits: -rms.log2() }
    }
}
