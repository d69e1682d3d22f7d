//! Whether the time of what touches secrets depends on them: the statistics of Reparaz, Balasch and Verbauwhede, *Dude, is my code
//! constant time?* (DATE 2017).
//!
//! Each operation runs on a fixed secret and on random ones, in random order. Welch's t compares the two means, on all measurements and on
//! those below some quantiles, since interrupts make long tails. |t| above 4.5 is a hint, above 10 a leak; a value below tells that none was
//! seen on this machine in so many measurements, no more.
//!
//! ```text
//! cargo bench -p ckks --bench constant_time                    10^5 measurements an operation
//! cargo bench -p ckks --bench constant_time -- 1000000 --json  more of them, for programs
//! ```
//!
//! With `--test` it runs once, as cargo's other benches do. It fails on no value of t: a busy machine would fail it.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Instant;

use ckks::{Encoder, SecretEncryptor, SecretKey, SecureRng, presets};
use ckks_math::sample;

/// Above this |t| the means differ, says the paper.
const HINT: f64 = 4.5;
/// Above this there is no doubt.
const LEAK: f64 = 10.0;
/// Shares of the fastest measurements that are looked at, beside all.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];
/// Coefficients that are drawn at once.
const DRAWN: usize = 256;
const WARM_UP: usize = 100;

/// An operation on a secret of 32 bytes: prepared outside the clock, then run.
struct Operation {
    name: &'static str,
    run: Box<dyn FnMut([u8; 32]) -> u64>,
    /// Relative to the number of measurements asked for: slow ones have fewer.
    share: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let count: usize = match arguments.iter().find_map(|argument| argument.parse().ok()) {
        _ if has("--test") => 100,
        count => count.unwrap_or(100_000),
    };
    let mut results = Vec::new();
    for operation in operations() {
        let Operation { name, mut run, share } = operation;
        let samples = measure(&mut *run, count.div_ceil(share).max(WARM_UP));
        let t = largest_t(&samples);
        results.push(serde_json::json!({ "operation": name, "measurements": samples.len(), "t": t }));
        if !has("--json") {
            let verdict = match t.abs() {
                t if t > LEAK => "depends on the secret",
                t if t > HINT => "a hint: measure again, on a quiet machine",
                _ => "no dependence seen",
            };
            println!("{name:<24} {:>8} measurements   t {t:>7.2}   {verdict}", samples.len());
        }
    }
    if has("--json") {
        println!("{}", serde_json::json!({ "hint": HINT, "leak": LEAK, "operations": results }));
    }
}

fn operations() -> Vec<Operation> {
    let drawn = |name, draw: fn(&mut SecureRng) -> i64| Operation {
        name,
        share: 1,
        run: Box::new(move |secret| {
            let mut rng = SecureRng::from_seed(secret);
            time(|| draw(&mut rng))
        }),
    };
    vec![
        drawn("ternary", |rng| sample::ternary(rng, DRAWN)[0]),
        drawn("ternary of weight 32", |rng| sample::ternary_with_weight(rng, DRAWN, 32)[0]),
        drawn("gaussian", |rng| sample::gaussian(rng, DRAWN)[0]),
        reduction(),
        encryption(),
        known_to_leak(),
    ]
}

/// Residues of secret words, of both signs.
fn reduction() -> Operation {
    let parameters = presets::insecure_for_tests(10, 1).unwrap();
    let modulus = parameters.q(0);
    let run = move |secret| {
        let mut rng = SecureRng::from_seed(secret);
        let words: Vec<i64> = (0..DRAWN).map(|_| rng.next_u64().cast_signed()).collect();
        time(|| {
            words
                .iter()
                .fold(0, |sum, &word| sum ^ modulus.reduce_i64(word) ^ modulus.reduce(word.cast_unsigned()))
        })
    };
    Operation { name: "reduce", share: 1, run: Box::new(run) }
}

/// An encryption, whose secret is the key. The message is the same each time, the randomness is not: the public half is drawn by rejection
/// from a seed that travels, and so its time tells that seed. With the same randomness for the fixed key each time, that one seed would be
/// held against many others.
fn encryption() -> Operation {
    let parameters = presets::insecure_for_tests(10, 1).unwrap();
    let scale = parameters.default_scale();
    let plaintext = Encoder::new(&parameters).encode(&[0.5, -0.25], 1, &scale).unwrap();
    let run = move |secret| {
        let key = SecretKey::generate_with(&parameters, &mut SecureRng::from_seed(secret));
        let mut rng = SecureRng::from_os().unwrap();
        let encryptor = SecretEncryptor::new(&key);
        time(|| encryptor.encrypt(&plaintext, &mut rng))
    };
    Operation { name: "encryption", share: 10, run: Box::new(run) }
}

/// What the statistics must see, or they see nothing: a comparison that stops at the first difference.
fn known_to_leak() -> Operation {
    let reference = [0u8; 32];
    let run = move |secret: [u8; 32]| {
        let secret = secret.repeat(64);
        time(|| secret.iter().zip(reference.iter().cycle()).position(|(a, b)| black_box(a) != black_box(b)))
    };
    Operation { name: "leaks, for comparison", share: 1, run: Box::new(run) }
}

/// Nanoseconds of an operation.
fn time<T>(operation: impl FnOnce() -> T) -> u64 {
    let began = Instant::now();
    black_box(operation());
    began.elapsed().as_nanos() as u64
}

/// Nanoseconds on the fixed secret (true) and on random ones, in random order.
fn measure(run: &mut dyn FnMut([u8; 32]) -> u64, count: usize) -> Vec<(bool, u64)> {
    let mut rng = SecureRng::from_os().unwrap();
    let one = |_| {
        // both classes do the same before the clock starts
        let mut secret = [0; 32];
        rng.fill(&mut secret);
        let fixed = rng.next_u64() & 1 == 1;
        let mask = u8::from(fixed).wrapping_sub(1);
        (fixed, run(black_box(secret.map(|byte| byte & mask))))
    };
    (0..WARM_UP + count).map(one).skip(WARM_UP).collect()
}

/// The t of largest magnitude among those of all measurements and of the fastest shares.
fn largest_t(samples: &[(bool, u64)]) -> f64 {
    let mut times: Vec<u64> = samples.iter().map(|sample| sample.1).collect();
    times.sort_unstable();
    let limits = QUANTILES.map(|share| times[((times.len() - 1) as f64 * share) as usize]);
    let t = limits
        .into_iter()
        .chain([u64::MAX])
        .map(|limit| welch_t(samples.iter().filter(|sample| sample.1 <= limit)));
    t.fold(0.0, |largest, t| if t.abs() > f64::abs(largest) { t } else { largest })
}

/// Welch's t of the two classes; 0 where one has too few measurements or nothing varies.
fn welch_t<'a>(samples: impl Iterator<Item = &'a (bool, u64)>) -> f64 {
    let mut classes = [Moments::default(); 2];
    samples.for_each(|&(fixed, time)| classes[usize::from(fixed)].add(time as f64));
    let [a, b] = classes;
    let error = (a.variance() / a.count + b.variance() / b.count).sqrt();
    if a.count < 2.0 || b.count < 2.0 || error == 0.0 { 0.0 } else { (a.mean - b.mean) / error }
}

/// Mean and variance, updated one by one (Welford 1962).
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}
