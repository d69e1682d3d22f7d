//! The choice of kernels, made once for the process.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::{
    doubles::{Avx2, Avx512, isa::Isa},
    ifma,
};
use crate::Error;

/// A set of kernels. All give bit-identical results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// Portable 64-bit arithmetic.
    Scalar,
    /// 256-bit vectors of doubles with fused multiply-add (x86-64: AVX2, FMA).
    Avx2,
    /// 512-bit vectors of doubles with fused multiply-add (x86-64: AVX-512 F, DQ, BW, VL).
    Avx512,
    /// 512-bit vectors with 52-bit multiply-add (x86-64: AVX-512 F, DQ, VL, IFMA, VBMI).
    Avx512Ifma,
}

/// Environment variable that overrides the choice: `scalar`, `avx2`, `avx512` or `avx512ifma`.
const BACKEND_VARIABLE: &str = "CKKS_BACKEND";

impl Backend {
    /// Every backend, slowest first.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Avx2, Self::Avx512, Self::Avx512Ifma];

    /// The name that selects it in the environment variable `CKKS_BACKEND`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Ifma => "avx512ifma",
        }
    }

    /// Whether this machine can run it.
    fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Ifma => ifma::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The backends that this machine can run.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|b| b.is_available())
    }

    /// The backend with this name, or the fastest available one without a name.
    ///
    /// # Errors
    /// [`Error::Backend`] if the name is unknown or this machine cannot run that backend.
    pub fn select(name: Option<&str>) -> Result<Self, Error> {
        match name {
            None => Ok(Self::available().last().unwrap_or(Self::Scalar)),
            Some(name) => Self::available().find(|b| b.name() == name).ok_or_else(|| Error::Backend {
                expected: Self::available().map(Self::name).collect::<Vec<_>>().join(", "),
                got: name.to_owned(),
            }),
        }
    }

    /// The backend of this process: the one that `CKKS_BACKEND` names, or the fastest available one if it is not set.
    ///
    /// # Errors
    /// [`Error::Backend`] if `CKKS_BACKEND` names one that is unknown or not available.
    pub fn active() -> Result<Self, Error> {
        static ACTIVE: OnceLock<Result<Backend, Error>> = OnceLock::new();
        ACTIVE
            .get_or_init(|| {
                let name = std::env::var_os(BACKEND_VARIABLE).map(|v| v.to_string_lossy().into_owned());
                Self::select(name.as_deref().filter(|n| !n.is_empty()))
            })
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_and_unknown_ones_are_refused() {
        for backend in Backend::available() {
            assert_eq!(Backend::select(Some(backend.name())), Ok(backend));
        }
        let refused = Backend::select(Some("neon512")).map_err(|e| e.to_string());
        assert!(refused.is_err_and(|text| text.contains("scalar") && text.contains("neon512")));
        assert!(Backend::select(None).is_ok_and(Backend::is_available));
    }
}
