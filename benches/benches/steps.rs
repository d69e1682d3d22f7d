//! Whole training steps at 128-bit parameters, with and without a bootstrap.
#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code, reason = "only the commands of head-bench use all of it")]
#[path = "../src/random.rs"]
mod random;
#[allow(dead_code, reason = "only the commands of head-bench use all of it")]
#[path = "../src/step/workload.rs"]
mod workload;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use workload::{Shape, Workload};

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training steps, N = 2^15");
    group.sample_size(10);
    for (name, samples, features, refresh) in [
        ("step with its bootstrap, 1024 x 256", 1024, 256, true),
        ("forward and backward, 4096 x 256", 4096, 256, false),
    ] {
        let shape = Shape { samples, features, classes: 2, degree: 3, preset: None, refresh };
        let workload = Workload::new(shape).unwrap();
        group.bench_function(name, |b| b.iter(|| black_box(workload.iterate().unwrap())));
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
