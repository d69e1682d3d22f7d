//! Homomorphic operations at 128-bit parameters.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use ckks::{
    Ciphertext, Encoder, EvaluationKeys, Evaluator, KeyGenerator, Parameters, SecretEncryptor, SecretKey,
    SecureRng, presets,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const ROTATIONS: [i64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

struct Bench {
    parameters: Parameters,
    evaluator: Evaluator,
    encoder: Encoder,
    secret: SecretKey,
    rng: SecureRng,
}

impl Bench {
    fn new(preset: &str, level: usize) -> Self {
        let parameters = presets::by_name(preset).unwrap();
        let secret = SecretKey::generate(&parameters).unwrap();
        let mut generator = KeyGenerator::new(&secret).unwrap();
        let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
        let shape = parameters.key_shape(level);
        keys.insert(generator.relinearisation_key(shape).unwrap()).unwrap();
        for steps in ROTATIONS {
            keys.insert(generator.rotation_key(steps, shape).unwrap()).unwrap();
        }
        let (evaluator, encoder) = (Evaluator::new(Arc::new(keys)), Encoder::new(&parameters));
        Self { parameters, evaluator, encoder, secret, rng: SecureRng::from_os().unwrap() }
    }

    fn encrypt(&mut self, level: usize) -> Ciphertext {
        let values: Vec<f64> = (0..self.parameters.slots()).map(|i| (i as f64).sin()).collect();
        let plaintext = self.encoder.encode(&values, level, &self.parameters.default_scale()).unwrap();
        SecretEncryptor::new(&self.secret).encrypt(&plaintext, &mut self.rng).unwrap().expand()
    }
}

fn operations(criterion: &mut Criterion) {
    for (preset, level) in [("n15-l18", 5), ("n15-l18", 18), ("n16-l36", 5), ("n16-l36", 36)] {
        let mut bench = Bench::new(preset, level);
        let (a, b) = (bench.encrypt(level), bench.encrypt(level));
        let ev = &bench.evaluator;
        let mut group = criterion.benchmark_group("operations");
        group.sample_size(10);
        let id = |operation: &str| BenchmarkId::new(operation, format!("{preset}/{} limbs", level + 1));
        group.bench_function(id("multiply, relinearise, rescale"), |t| {
            t.iter(|| black_box(ev.mul(&a, &b).unwrap()));
        });
        group.bench_function(id("tensor"), |t| t.iter(|| black_box(ev.tensor(&a, &b).unwrap())));
        group.bench_function(id("rescale"), |t| t.iter(|| black_box(ev.rescale(&a).unwrap())));
        group.bench_function(id("rotate"), |t| t.iter(|| black_box(ev.rotate(&a, 1).unwrap())));
        group.bench_function(id("8 hoisted rotations"), |t| {
            t.iter(|| black_box(ev.rotate_many(&a, &ROTATIONS).unwrap()));
        });
        group.finish();
        let plaintext = bench.encoder.encode(&[0.5], level, &bench.parameters.default_scale()).unwrap();
        let mut group = criterion.benchmark_group("encryption");
        group.sample_size(10);
        let id = |operation: &str| BenchmarkId::new(operation, format!("{preset}/{} limbs", level + 1));
        group.bench_function(id("symmetric"), |t| {
            t.iter(|| {
                black_box(SecretEncryptor::new(&bench.secret).encrypt(&plaintext, &mut bench.rng).unwrap())
            });
        });
        group.finish();
    }
}

criterion_group!(benches, operations);
criterion_main!(benches);
