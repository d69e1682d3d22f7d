//! Secret polynomials. Running time and memory access depend on the degree only, never on the values.

use zerocopy::IntoBytes;
use zeroize::Zeroizing;

use super::SecureRng;

/// Standard deviation of [`gaussian`].
pub(super) const GAUSSIAN_SIGMA: f64 = 3.2;

/// Largest magnitude that [`gaussian`] returns, 9.375 sigma. Larger values have probability 2^-63.
const GAUSSIAN_TAIL: i64 = 30;

/// `n` coefficients, uniform on {-1, 0, 1} up to 2^-62.
pub fn ternary(rng: &mut SecureRng, n: usize) -> Zeroizing<Vec<i64>> {
    Zeroizing::new((0..n).map(|_| below(rng, 3) as i64 - 1).collect())
}

/// `n` coefficients, exactly `h` of which are not zero. Their places are uniform among all subsets and their signs
/// uniform.
///
/// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): each place in turn is taken with probability (still
/// wanted) / (places left). Unlike a shuffle it accesses memory in order.
///
/// # Panics
/// If `h > n`.
pub fn ternary_with_weight(rng: &mut SecureRng, n: usize, h: usize) -> Zeroizing<Vec<i64>> {
    assert!(h <= n, "{h} non-zero coefficients of {n}");
    let mut wanted = h as u64;
    let coefficients = (0..n as u64).map(|i| {
        let taken = less(below(rng, n as u64 - i), wanted);
        wanted -= taken;
        let sign = (rng.next_u64() & 1) as i64;
        taken as i64 * (1 - 2 * sign)
    });
    Zeroizing::new(coefficients.collect())
}

/// `n` coefficients from the discrete Gaussian over the integers with standard deviation 3.2, cut at magnitude 30.
/// The statistical distance is below 2^-57. Every threshold of the cumulative table is compared.
pub fn gaussian(rng: &mut SecureRng, n: usize) -> Zeroizing<Vec<i64>> {
    let mut coefficients = Zeroizing::new(vec![0; n]);
    for chunk in coefficients.chunks_mut(AT_ONCE) {
        chunk.copy_from_slice(&gaussians(rng)[..chunk.len()]);
    }
    coefficients
}

/// Samples that [`gaussian`] draws together, so that the comparisons are made in vectors.
const AT_ONCE: usize = 16;

fn gaussians(rng: &mut SecureRng) -> Zeroizing<[i64; AT_ONCE]> {
    let mut bits = Zeroizing::new([0u64; AT_ONCE]);
    rng.fill(bits.as_mut_bytes());
    // The compiler must not know that these are random bits, or it could branch on them.
    let uniform = Zeroizing::new(std::hint::black_box(bits.map(|word| word >> 1)));
    let mut magnitudes = Zeroizing::new([0u64; AT_ONCE]);
    for threshold in CUMULATIVE {
        for (magnitude, uniform) in magnitudes.iter_mut().zip(uniform.iter()) {
            *magnitude += 1 - (uniform.wrapping_sub(threshold) >> 63);
        }
    }
    let mut samples = Zeroizing::new([0; AT_ONCE]);
    for ((sample, magnitude), word) in samples.iter_mut().zip(magnitudes.iter()).zip(bits.iter()) {
        *sample = *magnitude as i64 * (1 - 2 * (word & 1) as i64);
    }
    samples
}

/// 1 if `a < b`, else 0, for `a, b < 2^63`, without a branch.
fn less(a: u64, b: u64) -> u64 {
    std::hint::black_box(a.wrapping_sub(b)) >> 63
}

/// Uniform below `bound`, up to `bound 2^-64`: the upper word of a product.
fn below(rng: &mut SecureRng, bound: u64) -> u64 {
    crate::modulus::mul_high(rng.next_u64(), bound)
}

/// floor(2^63 P(|x| <= k)) for k = 0, 1, ..
const CUMULATIVE: [u64; GAUSSIAN_TAIL as usize] = [
    0x0ff52b4064a1f258,
    0x2e5a25d4026fff6d,
    0x489ae2682e3db9bb,
    0x5d2bc20de6f95105,
    0x6bc8694a862fcdce,
    0x7532d898e9d195d9,
    0x7ab396c980f5facb,
    0x7d9e4e8f6717ea70,
    0x7f054956150a592b,
    0x7fa1ce99f8dbf691,
    0x7fdfb3f00a8f3398,
    0x7ff5e6f7c97d68d8,
    0x7ffd1f95b372bd35,
    0x7fff40f7f7aedc63,
    0x7fffd2e62d057ef0,
    0x7ffff6503aaa2874,
    0x7ffffe1bab99a743,
    0x7fffffaa0140ce52,
    0x7ffffff21f8a3a77,
    0x7ffffffdf72301f4,
    0x7fffffffba9fd472,
    0x7ffffffff79b78ce,
    0x7fffffffff13f6f9,
    0x7fffffffffe87489,
    0x7ffffffffffdde23,
    0x7fffffffffffd31f,
    0x7ffffffffffffca6,
    0x7fffffffffffffc5,
    0x7ffffffffffffffc,
    0x7fffffffffffffff,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> SecureRng {
        SecureRng::from_seed([7; 32])
    }

    #[test]
    fn table_is_the_discrete_gaussian() {
        let rho = |k: f64| (-k * k / (2.0 * GAUSSIAN_SIGMA * GAUSSIAN_SIGMA)).exp();
        let total: f64 = 1.0 + 2.0 * (1..60).map(|k| rho(f64::from(k))).sum::<f64>();
        let mut below = 0.0;
        for (k, &threshold) in CUMULATIVE.iter().enumerate() {
            below += if k == 0 { 1.0 } else { 2.0 * rho(k as f64) } / total;
            assert!((threshold as f64 / 2f64.powi(63) - below).abs() < 1e-15, "threshold {k}");
            // Far out only the differences from 1 matter.
            let tail = 2.0 * (k + 1..60).map(|j| rho(j as f64)).sum::<f64>() / total;
            let table = ((1u64 << 63) - threshold) as f64 / 2f64.powi(63);
            assert!((table - tail).abs() <= 1e-9 * tail + 2f64.powi(-62), "tail {k}");
        }
    }

    #[test]
    fn gaussian_moments() {
        let n = 1 << 20;
        let x = gaussian(&mut rng(), n);
        let moment = |e: i32| x.iter().map(|&v| (v as f64).powi(e)).sum::<f64>() / n as f64;
        let sigma2 = GAUSSIAN_SIGMA * GAUSSIAN_SIGMA;
        assert!(moment(1).abs() < 5.0 * GAUSSIAN_SIGMA / (n as f64).sqrt());
        assert!((moment(2) / sigma2 - 1.0).abs() < 0.01);
        assert!((moment(4) / (3.0 * sigma2 * sigma2) - 1.0).abs() < 0.03);
        assert!(x.iter().all(|v| v.abs() <= GAUSSIAN_TAIL));
        // Chi-square over |x| <= 8: 17 cells, 16 degrees of freedom; 45 is beyond the 1 - 10^-4 quantile.
        let total: f64 = (-60..=60).map(|k| (-f64::from(k * k) / (2.0 * sigma2)).exp()).sum();
        let chi2: f64 = (-8i64..=8)
            .map(|k| {
                let expected = n as f64 * (-((k * k) as f64) / (2.0 * sigma2)).exp() / total;
                let seen = x.iter().filter(|&&v| v == k).count() as f64;
                (seen - expected).powi(2) / expected
            })
            .sum();
        assert!(chi2 < 45.0, "chi-square {chi2}");
    }

    #[test]
    fn ternary_is_balanced() {
        let n = 1 << 18;
        let x = ternary(&mut rng(), n);
        for value in [-1, 0, 1] {
            let count = x.iter().filter(|&&v| v == value).count() as f64;
            assert!((count - n as f64 / 3.0).abs() < 5.0 * (n as f64 * 2.0 / 9.0).sqrt());
        }
    }

    #[test]
    fn weight_is_exact_and_places_are_uniform() {
        let (n, h, runs) = (64, 8, 4000);
        let mut rng = rng();
        let mut hits = vec![0u32; n];
        let mut signs = 0;
        for _ in 0..runs {
            let x = ternary_with_weight(&mut rng, n, h);
            assert_eq!(x.iter().filter(|&&v| v != 0).count(), h);
            assert!(x.iter().all(|v| v.abs() <= 1));
            signs += x.iter().sum::<i64>();
            x.iter().zip(&mut hits).for_each(|(&v, hit)| *hit += u32::from(v != 0));
        }
        let expected = f64::from(runs) * h as f64 / n as f64;
        assert!(hits.iter().all(|&hit| (f64::from(hit) - expected).abs() < 5.0 * expected.sqrt()));
        assert!((signs as f64).abs() < 5.0 * (f64::from(runs) * h as f64).sqrt());
        assert_eq!(ternary_with_weight(&mut rng, 32, 32).iter().filter(|&&v| v == 0).count(), 0);
        assert_eq!(ternary_with_weight(&mut rng, 32, 0).iter().filter(|&&v| v != 0).count(), 0);
    }

    #[test]
    fn the_systems_entropy_differs_each_time() {
        let draw = || SecureRng::from_os().map(|mut rng| rng.next_u64());
        assert_ne!(draw(), draw());
    }
}
