//! Prints the tables of `docs/notes/bootstrap.md`: the failure probability of the raise, and precision, depth and key
//! switches of EvalMod for several shapes and chains.
//!
//! `cargo run --release -p ckks-boot --example parameter_study`

use std::f64::consts::TAU;

use ckks::Scale;
use ckks_boot::Simulation;
use ckks_boot::polynomial::Coefficient;
use ckks_boot::{EvalMod, EvalModLiteral, log2_overflow_probability};
use num_complex::Complex64;

/// Number of slots that a row is measured on.
const SAMPLES: usize = 1 << 17;
/// Weight of the ephemeral secret.
const WEIGHT: u32 = 32;

/// A chain for EvalMod.
struct Chain {
    log_degree: usize,
    /// `log2` of the primes, in the order of their use
    primes: &'static [u32],
    /// `log2` of the scale of the argument
    argument: i32,
    /// `log2` of the scale after the polynomial
    polynomial: i32,
}

fn main() {
    println!("log2 P(some |I| > K), h = {WEIGHT}");
    for overflow in 12..=16 {
        let [small, large] = [15, 16].map(|log_n| log2_overflow_probability(WEIGHT, overflow, 1 << log_n));
        println!("K {overflow}: N = 2^15 {small:6.1}, N = 2^16 {large:6.1}");
    }

    println!("\nshapes, 8 x 46 (r = 0: 7 x 46), N = 2^15");
    let flat = Chain { log_degree: 15, primes: &[46; 8], argument: 46, polynomial: 46 };
    let short = Chain { log_degree: 15, primes: &[46; 7], argument: 46, polynomial: 46 };
    for ratio in [9, 10, 11] {
        for (double_angles, degree) in [(3, 28), (3, 30), (2, 46), (1, 78)] {
            row(&flat, ratio, double_angles, degree);
        }
        row(&short, ratio, 0, 126);
    }

    println!("\nchains, r = 3, degree 30, ratio 2^10, N = 2^15");
    for (primes, argument, polynomial) in [
        (&[46, 46, 46, 46, 46, 46, 46, 46], 46, 46),
        (&[48, 48, 48, 48, 48, 48, 48, 48], 48, 48),
        (&[50, 50, 50, 50, 50, 50, 50, 50], 50, 50),
        (&[50, 50, 46, 46, 46, 46, 46, 46], 49, 46),
        (&[49, 50, 50, 46, 46, 46, 46, 46], 49, 46),
        (&[49, 50, 50, 46, 45, 45, 45, 45], 49, 45),
        (&[49, 50, 50, 46, 44, 44, 44, 44], 49, 44),
    ] {
        row(&Chain { log_degree: 15, primes, argument, polynomial }, 10, 3, 30);
    }

    println!("\nchains, N = 2^16");
    for (degree, ratio) in [(28, 10), (30, 10), (30, 11)] {
        let chain = Chain { log_degree: 16, primes: &[50; 8], argument: 50, polynomial: 50 };
        row(&chain, ratio, 3, degree);
    }
}

/// Simulates slots `I + m` with the distribution of a raised ciphertext and prints one line.
fn row(chain: &Chain, log_message_ratio: u32, double_angles: u32, degree: usize) {
    let literal = EvalModLiteral { max_overflow: 16, log_message_ratio, double_angles, degree };
    let Ok(eval_mod) = EvalMod::new(literal, &Coefficient::real(literal.slope() / TAU)) else {
        return println!("degree {degree} leaves nothing to evaluate");
    };
    let ring_degree = 1 << chain.log_degree;
    let noise = Simulation::rounding_noise(ring_degree, 2 * ring_degree / 3);
    let primes = Simulation::odd_numbers(std::iter::once(30).chain(chain.primes.iter().rev().copied()));
    let simulation = Simulation::new(primes, noise, 7);

    let bound = (-f64::from(log_message_ratio)).exp2();
    let messages: Vec<f64> = (0..SAMPLES).map(|_| simulation.uniform(-1.0, 1.0)).collect();
    let slots = messages.iter().map(|m| {
        let overflow: f64 = (0..=WEIGHT).map(|_| simulation.uniform(-0.5, 0.5)).sum();
        Complex64::new((overflow.round() + m * bound) / literal.half_width(), 0.0)
    });
    let mut x = simulation.value(slots.collect(), chain.primes.len(), Scale::power_of_two(chain.argument));
    simulation.add_rounding_noise(&mut x);
    let y = match eval_mod.evaluate(&simulation, x, &Scale::power_of_two(chain.polynomial)) {
        Ok(y) => y,
        Err(never) => match never {},
    };

    let errors = || y.slots.iter().zip(&messages).map(|(y, m)| (y.re / bound - m).abs());
    let rms = (errors().map(|e| e * e).sum::<f64>() / SAMPLES as f64).sqrt();
    println!(
        "ratio 2^{log_message_ratio:<2} r {double_angles} degree {degree:3} levels {} ({:?}, {} bits) key switches {:2} \
         scale after 2^{:.0} approximation 2^{:.1}: rms {:.1}, worst {:.1} bits",
        literal.depth(),
        chain.primes,
        chain.primes.iter().sum::<u32>(),
        eval_mod.key_switches(),
        y.scale.log2() - f64::from(log_message_ratio),
        literal.approximation_error().log2(),
        -rms.log2(),
        -errors().fold(0.0, f64::max).log2(),
    );
}
