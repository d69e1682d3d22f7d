//! What the machine can do: multiplications a second by the kernels' own multiplier, bytes a second from memory.
#![allow(unsafe_code)] // Entry into functions compiled for an instruction set; each says why it may.

use std::hint::black_box;
use std::time::Instant;

use ckks_math::Backend;
use rayon::prelude::*;
use serde::Serialize;

use crate::measure::cpu_seconds;

use super::model::{Work, multiplications_of_a_product};

/// Rates of all threads together.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Calibration {
    backend: &'static str,
    pub(super) threads: usize,
    /// Words multiplied in a second.
    pub(crate) multiplications_per_s: f64,
    /// Bytes read in a second from an array far larger than the caches.
    pub(crate) stream_bytes_per_s: f64,
    multiplications_of_a_product: f64,
}

/// The best of so many: other programs only make it slower.
const TRIES: usize = 5;
/// Chains that do not depend on one another: more than latency times ports.
const CHAINS: usize = 12;
/// A tenth of a second and more: the system counts processor time in ticks of some milliseconds.
const ROUNDS: usize = 1 << 25;
/// Words of the array that is streamed, of all threads together, and how often.
const WORDS: usize = 1 << 26;
const PASSES: usize = 4;

impl Calibration {
    /// Measures on `threads` threads of the present pool.
    ///
    /// # Errors
    /// The environment names kernels that this machine cannot run.
    pub(crate) fn measure(threads: usize) -> anyhow::Result<Self> {
        let backend = Backend::active()?;
        Ok(Self {
            backend: backend.name(),
            threads,
            multiplications_per_s: multiplications(backend, threads),
            stream_bytes_per_s: stream(threads),
            multiplications_of_a_product: multiplications_of_a_product(backend),
        })
    }

    /// The longer of both times, and which it is.
    pub(crate) fn floor(&self, work: Work) -> (f64, &'static str) {
        let arithmetic = work.multiplications / self.multiplications_per_s;
        let memory = work.bytes / self.stream_bytes_per_s;
        if arithmetic >= memory { (arithmetic, "multiplications") } else { (memory, "memory") }
    }
}

fn multiplications(backend: Backend, threads: usize) -> f64 {
    let lanes = lanes(backend);
    let work = (threads * CHAINS * ROUNDS * lanes) as f64;
    work / best(threads, || {
        (0..threads).into_par_iter().with_max_len(1).for_each(|_| chains(backend));
    })
}

fn stream(threads: usize) -> f64 {
    let words = vec![1u64; WORDS];
    let part = WORDS / threads;
    let seconds = best(threads, || {
        for _ in 0..PASSES {
            let sum: u64 = black_box(&words)
                .par_chunks(part)
                .map(|part| part.iter().fold(0, |sum: u64, word| sum.wrapping_add(*word)))
                .sum();
            black_box(sum);
        }
    });
    (PASSES * WORDS * size_of::<u64>()) as f64 / seconds
}

/// The shortest run: processor time by thread where the system tells, so that other programs do not count.
fn best(threads: usize, mut work: impl FnMut()) -> f64 {
    (0..TRIES)
        .map(|_| {
            let (start, before) = (Instant::now(), cpu_seconds());
            work();
            let elapsed = start.elapsed().as_secs_f64();
            before.zip(cpu_seconds()).map_or(elapsed, |(before, after)| (after - before) / threads as f64)
        })
        .fold(f64::INFINITY, f64::min)
}

/// Words that one instruction multiplies.
fn lanes(backend: Backend) -> usize {
    match backend.name() {
        "avx512ifma" | "avx512" => 8,
        "avx2" => 4,
        _ => 1,
    }
}

/// Multiplies in chains, as often as [`ROUNDS`] says.
fn chains(backend: Backend) {
    match backend.name() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the backend is available, so the processor has AVX-512 F and IFMA.
        "avx512ifma" => unsafe { vector::ifma() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the backend is available, so the processor has AVX-512 F.
        "avx512" => unsafe { vector::wide_doubles() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the backend is available, so the processor has AVX2 and FMA.
        "avx2" => unsafe { vector::doubles() },
        _ => scalar(),
    }
}

/// 64-bit words, both halves of each product.
fn scalar() {
    let mut words: [u64; CHAINS] = std::array::from_fn(|i| black_box(0x9e37_79b9_7f4a_7c15 + i as u64));
    for _ in 0..ROUNDS {
        for word in &mut words {
            let product = u128::from(*word) * 0xd134_2543_de82_ef95;
            *word = (product >> 64) as u64 ^ product as u64;
        }
    }
    black_box(words);
}

#[cfg(target_arch = "x86_64")]
mod vector {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    use super::{CHAINS, ROUNDS};

    /// Fused multiply-adds of doubles.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn doubles() {
        let (factor, term) = (_mm256_set1_pd(black_box(0.999_999)), _mm256_set1_pd(black_box(1e-6)));
        let mut sums = [_mm256_set1_pd(black_box(1.0)); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_pd(*sum, factor, term);
            }
        }
        black_box(sums);
    }

    /// Fused multiply-adds of doubles, eight at a time.
    #[target_feature(enable = "avx512f")]
    pub(super) fn wide_doubles() {
        let (factor, term) = (_mm512_set1_pd(black_box(0.999_999)), _mm512_set1_pd(black_box(1e-6)));
        let mut sums = [_mm512_set1_pd(black_box(1.0)); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_pd(*sum, factor, term);
            }
        }
        black_box(sums);
    }

    /// Multiply-adds of 52 bits.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn ifma() {
        let (a, b) = (_mm512_set1_epi64(black_box(0x000f_1234_5678_9abc)), _mm512_set1_epi64(black_box(3)));
        let mut sums = [_mm512_set1_epi64(black_box(1)); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_madd52lo_epu64(*sum, a, b);
            }
        }
        black_box(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_set_has_a_rate() {
        for backend in Backend::available() {
            let rate = multiplications(backend, 1);
            assert!((1e7..1e13).contains(&rate), "{}: {rate}", backend.name());
        }
    }
}
