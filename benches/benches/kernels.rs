//! Kernels of the ring with every backend, and the transform compared with the crate `tfhe-ntt`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use ckks_math::{Backend, Basis, PackedPair, Poly, Ring, primes, sample};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};

/// Forward and inverse transform of one limb, with every backend available on this machine.
///
/// `tfhe-ntt` transforms modulo the same 50-bit prime with its 64-bit plan, which uses AVX-512 IFMA for primes below 2^51.
/// It does not normalise; our inverse transform does. Neither of the two bit-reverses.
fn transforms(criterion: &mut Criterion) {
    for log_n in 13..=16 {
        let mut group = criterion.benchmark_group(format!("transform of one limb, N = 2^{log_n}"));
        let prime = primes::ntt_primes(log_n + 1, 50, 1, &[]).unwrap();
        for backend in Backend::available() {
            let ring = Ring::with_backend(log_n, &prime, &[], backend).unwrap();
            let values = sample::uniform(&ring, ring.full_basis(), &[1; 32], b"bench");
            let coefficients = values.clone().into_coeff();
            let copy = |poly: &Poly<_>| poly.clone();
            group.bench_function(BenchmarkId::new("forward", backend.name()), |b| {
                b.iter_batched(
                    || copy(&coefficients),
                    |poly| black_box(poly.into_ntt()),
                    BatchSize::SmallInput,
                );
            });
            group.bench_function(BenchmarkId::new("inverse", backend.name()), |b| {
                b.iter_batched(|| values.clone(), |poly| black_box(poly.into_coeff()), BatchSize::SmallInput);
            });
        }
        let plan = tfhe_ntt::prime64::Plan::try_new(1 << log_n, prime[0]).unwrap();
        let mut words: Vec<u64> = (0..1u64 << log_n).collect();
        group.bench_function(BenchmarkId::new("forward", "tfhe-ntt"), |b| {
            b.iter(|| plan.fwd(black_box(&mut words)));
        });
        group.bench_function(BenchmarkId::new("inverse", "tfhe-ntt"), |b| {
            b.iter(|| plan.inv(black_box(&mut words)));
        });
        group.finish();
    }
}

/// The parts of a key switch at N = 2^15, with six limbs and three special primes.
fn key_switch_parts(criterion: &mut Criterion) {
    const LOG_N: u32 = 15;
    let (q, p) = (
        primes::ntt_primes(LOG_N + 1, 36, 6, &[]).unwrap(),
        primes::ntt_primes(LOG_N + 1, 48, 3, &[]).unwrap(),
    );
    for backend in Backend::available() {
        let mut group = criterion.benchmark_group("parts of a key switch, N = 2^15, 6 + 3 limbs");
        group.sample_size(20);
        let ring = Ring::with_backend(LOG_N, &q, &p, backend).unwrap();
        let (small, full) = (Basis { q: 6, p: 0 }, ring.full_basis());
        let draw = |basis, label: &[u8]| sample::uniform(&ring, basis, &[2; 32], label);
        let (c, raised) = (draw(small, b"c"), draw(full, b"raised"));
        let keys = [[b"k0", b"k2"], [b"k1", b"k3"]];
        let keys = keys.map(|halves| PackedPair::new(halves.map(|label| draw(full, label)).each_ref()));
        let digits = c.decompose(3, 3);
        let table = ring.automorphism(5);
        let id = |part: &str| BenchmarkId::new(part, backend.name());
        group.bench_function(id("decompose in 2 digits"), |b| b.iter(|| black_box(c.decompose(3, 3))));
        group.bench_function(id("inner products"), |b| {
            b.iter(|| black_box(Poly::dot2(&digits, &keys)));
        });
        // an inner product would do this first if the public halves of keys were not stored
        group.bench_function(id("public halves of two digits, from their seed"), |b| {
            b.iter(|| [b"k2", b"k3"].map(|label| drop(black_box(draw(full, label)))));
        });
        group.bench_function(id("mod down"), |b| b.iter(|| black_box(raised.mod_down())));
        group.bench_function(id("mod down and rescale"), |b| b.iter(|| black_box(raised.mod_down_rescale())));
        group.bench_function(id("automorphism"), |b| b.iter(|| black_box(c.automorphism(&table))));
        group.bench_function(id("rescale"), |b| b.iter(|| black_box(c.rescale())));
        group.finish();
    }
}

/// The main part of a pass over the data: products of many ciphertexts, more than fit into a cache, with the same one.
fn sums_of_products(criterion: &mut Criterion) {
    const LOG_N: u32 = 15;
    const TERMS: usize = 64;
    let q = primes::ntt_primes(LOG_N + 1, 45, 5, &[]).unwrap();
    for backend in Backend::available() {
        let mut group = criterion.benchmark_group("sum of 64 products of ciphertexts, N = 2^15, 5 limbs");
        group.sample_size(10);
        let ring = Ring::with_backend(LOG_N, &q, &[], backend).unwrap();
        let draw = |label: &[u8]| sample::uniform(&ring, Basis::of_q(5), &[3; 32], label);
        let (a, b) = ([draw(b"a0"), draw(b"a1")], [draw(b"b0"), draw(b"b1")]);
        let data: Vec<_> = (0..TERMS).map(|_| a.clone()).collect();
        let terms: Vec<_> = data.iter().map(|a| (a.each_ref(), b.each_ref())).collect();
        group.bench_function(BenchmarkId::new("from memory", backend.name()), |t| {
            t.iter(|| black_box(Poly::tensor_dot(&terms)));
        });
        group.finish();
    }
}

criterion_group!(benches, transforms, key_switch_parts, sums_of_products);
criterion_main!(benches);
