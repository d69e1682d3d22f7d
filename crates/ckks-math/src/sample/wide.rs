//! Discrete Gaussians of any deviation, for flooding.
//!
//! `x + z y`, for independent discrete Gaussians of deviations `a` and `b`, is one of deviation `sqrt(a^2 + z^2 b^2)`, up to the
//! smoothing of the lattice `{(u, v): u + z v = 0}` (Micciancio, Walter, *Gaussian Sampling over the Integers*, CRYPTO 2017,
//! ePrint 2017/259, section 4): a relative error of 2^-57 where `(z / a)^2 + (1 / b)^2 <= 1 / 1.43^2`. So `x_0 + 2 x_1 + 4 x_2 + ..`
//! of `L` samples of deviation 3.2 has the deviation `3.2 sqrt((4^L - 1) / 3)`, and a last term with another factor brings it to
//! what is asked for. Nothing depends on the values: neither the time nor the places in memory.

use zeroize::Zeroizing;

use super::SecureRng;
use super::secret::{GAUSSIAN_SIGMA, gaussian};

/// How a wide sample is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideGaussian {
    /// Terms with the factors 1, 2, 4, ..
    doublings: u32,
    /// The factor of the last term. 0 if there is none.
    last: i128,
}

impl WideGaussian {
    /// The largest supported `log2` of the deviation.
    pub const MAX_LOG2: f64 = 110.0;

    /// The sampler of the least deviation that is not below `deviation`. `None` beyond [`Self::MAX_LOG2`] bits or for what
    /// is not a positive number.
    #[must_use]
    pub fn new(deviation: f64) -> Option<Self> {
        let positive = deviation > 0.0 && deviation.log2() <= Self::MAX_LOG2;
        positive.then_some(())?;
        let mut doublings = 1;
        while spread(doublings + 1) <= deviation {
            doublings += 1;
        }
        let rest = (deviation.powi(2) - spread(doublings).powi(2)).max(0.0).sqrt() / GAUSSIAN_SIGMA;
        Some(Self { doublings, last: rest.ceil() as i128 })
    }

    /// The standard deviation.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        spread(self.doublings).hypot(self.last as f64 * GAUSSIAN_SIGMA)
    }

    /// `log2` of a bound on the statistical distance of one sample from the discrete Gaussian: 2^-57 for each term, and for
    /// each sum.
    #[must_use]
    pub fn log2_distance(&self) -> f64 {
        f64::from(2 * self.doublings + 1).log2() - 57.0
    }

    /// `n` samples.
    #[must_use]
    pub fn sample(&self, rng: &mut SecureRng, n: usize) -> Zeroizing<Vec<i128>> {
        let mut sums = Zeroizing::new(vec![0i128; n]);
        let powers = (0..self.doublings).map(|i| 1i128 << i);
        for factor in powers.chain(std::iter::once(self.last)) {
            let terms = gaussian(rng, n);
            sums.iter_mut().zip(terms.iter()).for_each(|(sum, &term)| *sum += factor * i128::from(term));
        }
        sums
    }
}

/// The deviation of `terms` terms with the factors 1, 2, 4, ..
fn spread(terms: u32) -> f64 {
    GAUSSIAN_SIGMA * ((4f64.powi(terms as i32) - 1.0) / 3.0).sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn deviations_are_the_least_that_suffice() {
        for wanted in [0.5, 3.2, 3.3, 10.0, 1e3, 1e6 + 0.5, 2f64.powi(60), 2f64.powi(109)] {
            let got = WideGaussian::new(wanted).unwrap();
            let excess = got.deviation() / wanted;
            assert!(excess >= 1.0 - 1e-12, "{wanted}: {excess}");
            assert!(wanted < 30.0 || excess < 1.2, "{wanted}: {excess}");
            assert!(wanted < 1e6 || excess < 1.0 + 1e-5, "{wanted}: {excess}");
            let length = (got.last as f64 / spread(got.doublings)).hypot(1.0 / GAUSSIAN_SIGMA);
            assert!(length * 1.43 <= 1.0, "{got:?}: not smooth");
        }
        assert!([0.0, -1.0, f64::NAN, f64::INFINITY].iter().all(|&bad| WideGaussian::new(bad).is_none()));
    }

    /// The smoothing parameter of the integers for a relative error of 2^-57, as a deviation, and the doublings within it.
    #[test]
    fn doublings_are_smooth() {
        let epsilon = 2f64.powi(-57);
        let eta = ((2.0 * (1.0 + 1.0 / epsilon)).ln() / std::f64::consts::PI).sqrt();
        assert!(eta / std::f64::consts::TAU.sqrt() < 1.43);
        assert!(2f64.hypot(1.0) / GAUSSIAN_SIGMA * 1.43 <= 1.0);
    }

    #[test]
    fn moments_are_those_of_a_gaussian() {
        let mut rng = SecureRng::from_seed([5; 32]);
        for wanted in [3.2, 20.0, 12345.0, 2f64.powi(70)] {
            let sampler = WideGaussian::new(wanted).unwrap();
            let n = 1 << 18;
            let x = sampler.sample(&mut rng, n);
            let sigma = sampler.deviation();
            let moment = |e: i32| x.iter().map(|&v| (v as f64 / sigma).powi(e)).sum::<f64>() / n as f64;
            assert!(moment(1).abs() < 5.0 / (n as f64).sqrt());
            assert!((moment(2) - 1.0).abs() < 0.015, "{wanted}: {}", moment(2));
            assert!((moment(4) / 3.0 - 1.0).abs() < 0.04, "{wanted}: {}", moment(4));
        }
    }

    /// Chi-square of small values against the probabilities: the sum covers every integer evenly.
    #[test]
    fn a_sum_is_the_discrete_gaussian() {
        let sampler = WideGaussian::new(7.155).unwrap();
        let (sigma, n) = (sampler.deviation(), 1 << 20);
        let x = sampler.sample(&mut SecureRng::from_seed([6; 32]), n);
        let rho = |k: i128| (-((k * k) as f64) / (2.0 * sigma * sigma)).exp();
        let total: f64 = (-200..=200).map(rho).sum();
        let cells = -16i128..=16;
        let chi2: f64 = cells
            .map(|k| {
                let expected = n as f64 * rho(k) / total;
                let seen = x.iter().filter(|&&v| v == k).count() as f64;
                (seen - expected).powi(2) / expected
            })
            .sum();
        // 33 degrees of freedom; 72 is beyond the 1 - 10^-4 quantile.
        assert!(chi2 < 72.0, "chi-square {chi2}");
    }
}
