//! Compares the presets' bootstrap with the alternatives to it, each at 128 bits with a chain and keys of its own:
//! bytes of keys, precision, and time. Times alternate with those of the preset `n15-boot-l6` and are given as ratios
//! to it. Prints the tables of `docs/notes/bootstrap.md`:
//!
//! `RAYON_NUM_THREADS=1 cargo run --release -p ckks-boot --example alternatives [NAME_CONTAINS]`
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Instant;

use ckks::{
    Ciphertext, Complex64, Decryptor, Encoder, EvaluationKeys, Evaluator, KeyGenerator, Parameters,
    ParametersLiteral, RaisedLiteral, Scale, SecretEncryptor, SecretKey, SecureRng, presets,
};
use ckks_boot::Error;
use ckks_boot::linear::{BsgsPlan, DiagonalMatrix, LinearTransform, slots_to_coeffs, split_stages};
use ckks_boot::{BootstrapLiteral, BootstrapPlan, Packing, RealBootstrapper, Values, generate_keys};

const PRESET: &str = "n15-boot-l6";
const LOG_SLOTS: usize = 9;
/// EvalMod's primes in the preset.
const EVAL_MOD: [u32; 8] = [45, 45, 45, 45, 46, 50, 50, 49];
/// Timed refreshes of each kind. The least time counts.
const RUNS: usize = 9;
/// Messages of 2^9 uniform values from which the errors are taken.
const MESSAGES: u64 = 16;

/// One variant of the bootstrap.
struct Alternative {
    name: String,
    chain: ParametersLiteral,
    literal: BootstrapLiteral,
    /// Division of the stages of CoeffsToSlots. `None` is the cheapest one.
    stages: Option<Vec<usize>>,
}

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let preset = Preset::new();
    println!("| alternative | levels | key bytes | time | rms / worst bits | constant 1 | 2^failure |");
    println!("|---|---|---|---|---|---|---|");
    let wanted = |name: &str| name.contains(&wanted);
    for alternative in alternatives().into_iter().filter(|alternative| wanted(&alternative.name)) {
        alternative.measure(&preset);
    }
    for ratio in [7, 8, 10] {
        let name = format!("CoeffsToSlots first, ratio 2^{ratio}");
        if wanted(&name) {
            coeffs_to_slots_first(&name, ratio, &preset);
        }
    }
    if wanted("rotations alone") {
        rotations_alone();
    }
}

/// All variants that the notes compare with the preset.
fn alternatives() -> Vec<Alternative> {
    let chain = presets::by_name(PRESET).unwrap().literal().clone();
    let literal = BootstrapLiteral::of_preset(PRESET).unwrap();
    let base = |name: &str| Alternative {
        name: name.into(),
        chain: ParametersLiteral { name: name.into(), ..chain.clone() },
        literal,
        stages: None,
    };
    let mut all = vec![base("the preset")];

    for (overflow, degree) in [(13, 26), (14, 28), (15, 28), (15, 30), (16, 28)] {
        let mut other = base(&format!("K = {overflow}, degree {degree}"));
        (other.literal.eval_mod.max_overflow, other.literal.eval_mod.degree) = (overflow, degree);
        all.push(other);
    }
    for (double_angles, degree) in [(2, 46), (1, 78)] {
        let mut other = base(&format!("{double_angles} double angles, degree {degree}"));
        (other.literal.eval_mod.double_angles, other.literal.eval_mod.degree) = (double_angles, degree);
        all.push(other);
    }
    let mut other = base("no double angle, degree 126, one level more");
    (other.literal.eval_mod.double_angles, other.literal.eval_mod.degree) = (0, 126);
    other.literal.application = 7;
    other.levels(&[48; 7], &[45, 45, 45, 46, 50, 50, 49], &[42], &[50, 50, 50]);
    all.push(other);
    for ratio in [9, 11] {
        let mut other = base(&format!("ratio 2^{ratio}"));
        other.literal.eval_mod.log_message_ratio = ratio;
        all.push(other);
    }

    for stages in [[3, 6], [4, 5], [6, 3]] {
        let mut other = base(&format!("{} stages on the raise, {} after it", stages[0], stages[1]));
        other.stages = Some(stages.to_vec());
        all.push(other);
    }
    let mut other = base("landing on seven primes");
    other.levels(&[44; 7], &EVAL_MOD, &[42], &[47, 47, 48]);
    all.push(other);
    let mut other = base("no stage on the raise, two levels for the rest, one level less");
    other.stages = Some(vec![0, 4, 5]);
    (other.literal.application, other.literal.coeffs_to_slots) = (5, 2);
    other.levels(&[45; 6], &EVAL_MOD, &[40, 42], &[42, 49, 49]);
    all.push(other);
    let mut other = base("two special primes at the top, one level more");
    other.literal.application = 7;
    other.levels(&[48; 7], &EVAL_MOD, &[42], &[50, 50]);
    all.push(other);
    let mut other = base("four special primes at the top, one level less");
    other.literal.application = 5;
    other.levels(&[45; 6], &EVAL_MOD, &[42], &[45, 45, 45, 45]);
    all.push(other);
    all
}

impl Alternative {
    /// Both chains, for the literal's number of levels: the primes on which EvalMod ends, those of EvalMod and CoeffsToSlots, and the special
    /// primes at the top of the raised chain.
    fn levels(&mut self, landing: &[u32], eval_mod: &[u32], coeffs_to_slots: &[u32], special: &[u32]) {
        self.chain.log_q = [&[38, 29, 29][..], &vec![34; self.literal.application]].concat();
        self.chain.raised = Some(RaisedLiteral {
            log_q: [landing, eval_mod, coeffs_to_slots].concat(),
            log_p: [special, &[49, 50, 50, 50]].concat(),
            special: special.len(),
            digit_limbs: special.len() - 1,
        });
    }

    /// Measures it and prints its row.
    fn measure(self, preset: &Preset) {
        let mut party = Party::new(&self.chain.check().unwrap());
        let packing = Packing { log_slots: LOG_SLOTS, values: Values::Real };
        let plan = match self.stages {
            Some(stages) => BootstrapPlan::with_stages(&party.parameters, self.literal, packing, &stages),
            None => BootstrapPlan::new(&party.parameters, self.literal, packing),
        };
        let bootstrapper = party.bootstrapper(plan.unwrap(), &[]);
        let scale = party.parameters.default_scale();
        let input = self.literal.input_level();
        let refresh = |a: &Ciphertext| bootstrapper.refresh(a).unwrap();
        let exhausted = |party: &mut Party, message: &[Complex64]| party.encrypt(message, input, &scale);
        party.row(&self.name, &bootstrapper, preset, refresh, exhausted);
    }
}

/// The textbook's order of the same steps, on a chain of the same size: the message is raised as it is, and
/// SlotsToCoeffs follows EvalMod. The coefficients of real values are complex numbers, so EvalMod works on twice as
/// many slots.
fn coeffs_to_slots_first(name: &str, log_message_ratio: u32, preset: &Preset) {
    let chain = presets::by_name(PRESET).unwrap().literal().clone();
    let log_q = [&[38][..], &[34; 6], &[29; 2]].concat();
    let mut literal = BootstrapLiteral::of_preset(PRESET).unwrap();
    literal.eval_mod.log_message_ratio = log_message_ratio;
    let mut party = Party::new(&ParametersLiteral { name: name.to_owned(), log_q, ..chain }.check().unwrap());
    let parameters = party.parameters.clone();
    let packing = Packing { log_slots: LOG_SLOTS, values: Values::Complex };
    let plan = BootstrapPlan::new(&parameters, literal, packing).unwrap();

    let cost = |plan: &BsgsPlan| {
        plan.baby_key_switches() as f64
            + 2.0 * plan.giant_key_switches() as f64
            + 0.1 * plan.products() as f64
    };
    let order = |m: &DiagonalMatrix| {
        let rotations: Vec<usize> = m.diagonals().keys().copied().collect();
        BsgsPlan::cheapest(&rotations, m.period(), cost)
    };
    let matrices = slots_to_coeffs(LOG_SLOTS, &split_stages(LOG_SLOTS, literal.slots_to_coeffs));
    let levels = (0..=literal.output_level()).rev();
    let orders: Vec<_> = matrices.iter().zip(levels).map(|(m, l)| (m, order(m), l)).collect();
    let rotations = orders.iter().flat_map(|(_, order, level)| {
        let giants = order.giants().iter().map(|giant| giant.rotation);
        order.babies().iter().copied().chain(giants).filter(|&steps| steps != 0).map(|steps| (steps, *level))
    });
    let rotations = rotations.chain([(1 << LOG_SLOTS, literal.output_level())]);
    let bootstrapper = party.bootstrapper(plan, &rotations.collect::<Vec<_>>());
    let after: Vec<_> = orders
        .into_iter()
        .map(|(matrix, order, level)| {
            let (special, scale) = (parameters.key_shape(level).special, parameters.rescale_factor(level));
            LinearTransform::encode(&party.encoder, matrix, order, level, special, &scale).unwrap()
        })
        .collect();

    let evaluator = party.evaluator.clone().unwrap();
    let refresh = |a: &Ciphertext| {
        let raised = bootstrapper.raise(&bootstrapper.encapsulate(a).unwrap()).unwrap();
        let mut parts = bootstrapper.coeffs_to_slots(&bootstrapper.trace(&raised).unwrap()).unwrap();
        let halves = bootstrapper.land(&bootstrapper.eval_mod(parts.remove(0)).unwrap()).unwrap();
        let swapped = evaluator.rotate(&halves, 1 << LOG_SLOTS).unwrap();
        let coefficients = evaluator.add(&halves, &swapped).unwrap();
        after.iter().fold(coefficients, |a, factor| factor.apply(&evaluator, &a).unwrap())
    };
    // A rescale reaches the last prime, as after the last product of an application.
    let arrival = parameters.rescale_factor(0).mul_power_of_two(-(log_message_ratio as i32));
    let before = arrival.mul(&parameters.rescale_factor(1));
    let exhausted = |party: &mut Party, message: &[Complex64]| {
        let a = party.encrypt(message, 1, &before);
        party.evaluator.as_ref().unwrap().rescale(&a).unwrap()
    };
    party.row(name, &bootstrapper, preset, refresh, exhausted);
}

/// The cost of rotation keys for powers of two only. Such rotations are taken one after the other, each with a
/// decomposition and a division of its own. Compared with rotations that share one decomposition.
fn rotations_alone() {
    let whole = Party::new(&presets::by_name(PRESET).unwrap());
    let parameters = whole.parameters.raised().unwrap().clone();
    let mut party = Party::of(whole.secret.raised().unwrap());
    let top = parameters.max_level();
    let steps: Vec<i64> = (1..=7).collect();
    let mut keys = EvaluationKeys::new(&parameters, party.secret.key_id());
    let mut generator = KeyGenerator::new(&party.secret).unwrap();
    for &steps in &steps {
        keys.insert(generator.rotation_key(steps, parameters.key_shape(top)).unwrap()).unwrap();
    }
    let evaluator = Evaluator::new(Arc::new(keys));
    let a = party.encrypt(&random(1), top, &parameters.default_scale());
    let one = || drop(evaluator.rotate(&a, 1).unwrap());
    let seven = || drop(evaluator.rotate_many(&a, &steps).unwrap());
    let [alone, hoisted] = least_seconds([&one, &seven]);
    let (alone, hoisted) = (alone * 1e3, hoisted * 1e3 / 7.0);
    println!("rotation at the top: alone {alone:.1} ms, one of seven hoisted {hoisted:.1} ms");
}

/// Both parties in one.
struct Party {
    parameters: Parameters,
    secret: SecretKey,
    encoder: Encoder,
    rng: SecureRng,
    evaluator: Option<Evaluator>,
}

impl Party {
    fn new(parameters: &Parameters) -> Self {
        Self::of(SecretKey::generate(parameters).unwrap())
    }

    fn of(secret: SecretKey) -> Self {
        let (rng, parameters) = (SecureRng::from_os().unwrap(), secret.parameters().clone());
        Self { encoder: Encoder::new(&parameters), secret, rng, parameters, evaluator: None }
    }

    /// The bootstrap of a plan. `rotations` are further keys: steps and level.
    fn bootstrapper(&mut self, plan: BootstrapPlan, rotations: &[(usize, usize)]) -> RealBootstrapper {
        let mut keys = EvaluationKeys::new(&self.parameters, self.secret.key_id());
        let mut generator = KeyGenerator::new(&self.secret).unwrap();
        generate_keys(&plan.keys(), &self.secret, &mut generator, &mut self.rng, |key| {
            keys.insert(key).map_err(Error::from)
        })
        .unwrap();
        for &(steps, level) in rotations {
            let shape = self.parameters.key_shape(level);
            keys.insert(generator.rotation_key(steps as i64, shape).unwrap()).unwrap();
        }
        let bootstrapper = RealBootstrapper::new(plan, Arc::new(keys)).unwrap();
        self.evaluator = Some(bootstrapper.evaluator().clone());
        bootstrapper
    }

    fn encrypt(&mut self, message: &[Complex64], level: usize, scale: &Scale) -> Ciphertext {
        let plaintext = self.encoder.encode_complex(message, level, scale).unwrap();
        SecretEncryptor::new(&self.secret).encrypt(&plaintext, &mut self.rng).unwrap().expand()
    }

    /// `-log2` of the rms and of the largest error of the real parts.
    fn precision(&self, refreshed: &Ciphertext, message: &[Complex64]) -> (f64, f64) {
        let plaintext = Decryptor::new(&self.secret).decrypt(refreshed).unwrap();
        let got = self.encoder.decode_complex(&plaintext, message.len()).unwrap();
        let errors = || got.iter().zip(message).map(|(got, want)| (got.re - want.re).abs());
        let mean = errors().map(|e| e * e).sum::<f64>() / message.len() as f64;
        (-mean.sqrt().log2(), -errors().fold(0.0, f64::max).log2())
    }

    fn row(
        &mut self,
        name: &str,
        bootstrapper: &RealBootstrapper,
        preset: &Preset,
        refresh: impl Fn(&Ciphertext) -> Ciphertext,
        exhausted: impl Fn(&mut Self, &[Complex64]) -> Ciphertext,
    ) {
        let (mut rms, mut worst) = (0.0, f64::MAX);
        for seed in 1..=MESSAGES {
            let message = random(seed);
            let a = exhausted(self, &message);
            let (own_rms, own_worst) = self.precision(&refresh(&a), &message);
            rms += (-2.0 * own_rms).exp2() / MESSAGES as f64;
            worst = worst.min(own_worst);
        }
        let constant = vec![Complex64::ONE; 1 << LOG_SLOTS];
        let a = exhausted(self, &constant);
        let of_constant = self.precision(&refresh(&a), &constant).1;
        let [own, presets] = least_seconds([&|| drop(refresh(&a)), &|| preset.refresh()]);
        let bytes = bootstrapper.contract().key_bytes;
        let contract = bootstrapper.contract();
        println!(
            "| {name} | {} | {:.2} GB | {:.2} | {:.1} / {worst:.1} | {of_constant:.1} | {:.0} |",
            contract.levels(),
            bytes as f64 * 1e-9,
            own / presets,
            -rms.sqrt().log2(),
            contract.log2_failure,
        );
    }
}

/// The preset's refresh, timed beside the others.
struct Preset {
    bootstrapper: RealBootstrapper,
    exhausted: Ciphertext,
}

impl Preset {
    fn new() -> Self {
        let mut party = Party::new(&presets::by_name(PRESET).unwrap());
        let literal = BootstrapLiteral::of_preset(PRESET).unwrap();
        let packing = Packing { log_slots: LOG_SLOTS, values: Values::Real };
        let plan = BootstrapPlan::new(&party.parameters, literal, packing).unwrap();
        let bootstrapper = party.bootstrapper(plan, &[]);
        let scale = party.parameters.default_scale();
        Self { bootstrapper, exhausted: party.encrypt(&random(1), literal.input_level(), &scale) }
    }

    fn refresh(&self) {
        drop(self.bootstrapper.refresh(&self.exhausted).unwrap());
    }
}

/// The least time of each, all run in turns.
fn least_seconds<const N: usize>(runs: [&dyn Fn(); N]) -> [f64; N] {
    let mut least = [f64::MAX; N];
    for _ in 0..RUNS {
        for (least, run) in least.iter_mut().zip(runs) {
            let start = Instant::now();
            run();
            *least = least.min(start.elapsed().as_secs_f64());
        }
    }
    least
}

/// Reproducible values, uniform in [-1, 1].
fn random(seed: u64) -> Vec<Complex64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..1 << LOG_SLOTS).map(|_| Complex64::from(next())).collect()
}
