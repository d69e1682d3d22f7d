//! Permutations inside a group of evaluations.

use super::{Backend, scalar};
#[cfg(target_arch = "x86_64")]
use super::{avx512, entry::entered};

/// The permutations of a group of evaluations under an automorphism, by offset.
pub(crate) enum Permutations {
    Scalar(scalar::permute::Permutations),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::permute::Permutations),
}

impl Permutations {
    /// The permutations for X -> X^g.
    pub(crate) fn new(backend: Backend, g: usize) -> Self {
        match backend {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 | Backend::Avx512Ifma => Self::Avx512(avx512::permute::Permutations::new(g)),
            _ => Self::Scalar(scalar::permute::Permutations::new(g)),
        }
    }

    /// Permutes one group of 128 evaluations with this offset.
    pub(crate) fn permute(&self, offset: usize, out: &mut [u64], source: &[u64]) {
        let (Ok(out), Ok(source)) = (out.try_into(), source.try_into()) else {
            unreachable!("a group has 128 words");
        };
        match self {
            Self::Scalar(permutations) => permutations.permute(offset, out, source),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(permutations) => entered!(avx512, permutations.permute(offset, out, source)),
        }
    }
}
