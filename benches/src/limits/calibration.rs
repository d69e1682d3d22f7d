//! Rates of this machine: multiplications per second with the kernels' multiplier, bytes per second from memory.
#![allow(unsafe_code)] // Calls of functions compiled for an instruction set; each call states why it is sound.

use std::hint::black_box;
use std::time::Instant;

use ckks_math::Backend;
use rayon::prelude::*;
use serde::Serialize;

use crate::measure::cpu_seconds;

use super::model::{Work, multiplications_of_a_product};

/// Rates, summed over all threads.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Calibration {
    backend: &'static str,
    pub(crate) threads: usize,
    /// Multiplications of words per second.
    pub(crate) multiplications_per_s: f64,
    /// Bytes per second read from an array far larger than the caches.
    pub(crate) stream_bytes_per_s: f64,
    /// Multiplications of words in a modular product.
    multiplications_of_a_product: f64,
}

/// The shortest possible time for some work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    pub(crate) seconds: f64,
    /// What limits it: `multiplications` or `memory`.
    pub(crate) bound: &'static str,
}

/// Number of tries. The fastest counts, as other programs only slow a try down.
const TRIES: usize = 5;
/// Independent chains of multiplications: more than latency times ports.
const CHAINS: usize = 12;
/// Rounds of a try. They take a tenth of a second or more, as the system counts processor time in ticks of some milliseconds.
const ROUNDS: usize = 1 << 25;
/// Words of the streamed array, for all threads together.
const WORDS: usize = 1 << 26;
/// Passes over the streamed array in a try.
const PASSES: usize = 4;

impl Calibration {
    /// Measures with `threads` threads of the current pool.
    ///
    /// # Errors
    /// The environment selects kernels that this machine cannot run.
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

    /// The time of the multiplications or of the memory traffic, whichever is longer.
    pub(crate) fn floor(&self, work: Work) -> Floor {
        let arithmetic = work.multiplications / self.multiplications_per_s;
        let memory = work.bytes / self.stream_bytes_per_s;
        match arithmetic >= memory {
            true => Floor { seconds: arithmetic, bound: "multiplications" },
            false => Floor { seconds: memory, bound: "memory" },
        }
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

/// Seconds of the shortest try: processor time per thread where the system reports it, so that other programs do not count.
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

/// Number of words that one instruction multiplies.
fn lanes(backend: Backend) -> usize {
    match backend.name() {
        "avx512ifma" | "avx512" => 8,
        "avx2" => 4,
        _ => 1,
    }
}

/// Multiplies [`ROUNDS`] times in each chain.
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

/// Products of 64-bit words, both halves.
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

    /// Fused multiply-adds of four doubles.
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

    /// Fused multiply-adds of eight doubles.
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

    /// Multiply-adds of eight 52-bit integers.
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
    fn every_backend_has_a_rate() {
        for backend in Backend::available() {
            let rate = multiplications(backend, 1);
            assert!((1e7..1e13).contains(&rate), "{}: {rate}", backend.name());
        }
    }
}
