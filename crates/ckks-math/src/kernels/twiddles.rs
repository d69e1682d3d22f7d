//! Roots of unity of one prime, and the transforms that read them.

use super::{Backend, scalar};
#[cfg(target_arch = "x86_64")]
use super::{
    doubles::{self, Avx2, Avx512},
    entry::{entered, present},
    ifma,
};
use crate::{Modulus, layout::Layout};

/// Precomputed powers of psi of one prime, in the form of its backend.
pub(crate) enum Twiddles {
    Scalar(scalar::ntt::Twiddles),
    #[cfg(target_arch = "x86_64")]
    Avx2(doubles::ntt::Twiddles),
    #[cfg(target_arch = "x86_64")]
    Avx512(doubles::ntt::Twiddles),
    #[cfg(target_arch = "x86_64")]
    Avx512Ifma(ifma::ntt::Twiddles),
}

impl Twiddles {
    /// `psi` is a primitive 2N-th root of unity.
    pub(crate) fn new(backend: Backend, modulus: &Modulus, layout: Layout, psi: u64) -> Self {
        match backend {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => Self::Avx2(doubles::ntt::Twiddles::new(modulus, layout, psi)),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => Self::Avx512(doubles::ntt::Twiddles::new(modulus, layout, psi)),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512Ifma => Self::Avx512Ifma(ifma::ntt::Twiddles::new(modulus, layout, psi)),
            _ => Self::Scalar(scalar::ntt::Twiddles::new(modulus, layout, psi)),
        }
    }

    /// Coefficients to evaluations, in place.
    pub(crate) fn forward(&self, limb: &mut [u64]) {
        match self {
            Self::Scalar(twiddles) => twiddles.forward(limb),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(twiddles) => twiddles.forward(present::<Avx2>(), limb),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(twiddles) => twiddles.forward(present::<Avx512>(), limb),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Ifma(twiddles) => entered!(ifma, twiddles.forward(limb)),
        }
    }

    /// Evaluations to coefficients times `N * scale`, in place. With `scale = N^-1` it inverts [`Twiddles::forward`].
    pub(crate) fn inverse(&self, limb: &mut [u64], scale: u64) {
        self.inverse_of(None, limb, scale);
    }

    /// [`Twiddles::inverse`] of the evaluations in `source`, which are read row by row.
    pub(crate) fn inverse_from(&self, source: &[u64], limb: &mut [u64], scale: u64) {
        assert_eq!(source.len(), limb.len());
        self.inverse_of(Some(source), limb, scale);
    }

    fn inverse_of(&self, source: Option<&[u64]>, limb: &mut [u64], scale: u64) {
        match self {
            Self::Scalar(twiddles) => {
                source.into_iter().for_each(|source| limb.copy_from_slice(source));
                twiddles.inverse(limb, scale);
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(twiddles) => twiddles.inverse(present::<Avx2>(), source, limb, scale),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(twiddles) => twiddles.inverse(present::<Avx512>(), source, limb, scale),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Ifma(twiddles) => entered!(ifma, twiddles.inverse(source, limb, scale)),
        }
    }
}
