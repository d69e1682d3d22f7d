//! The inner loops, one implementation a backend, all bit-identical.
//!
//! Words at this boundary are residues in `[0, p)`. Every kernel maps zeros to zeros, so that it may run
//! over whole limbs, padding included. Lengths are asserted here, in release builds too.

#![allow(unsafe_code)] // Entry into functions compiled for an instruction set, after asking for it: `entered`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod lanes;
pub(crate) mod packed;
mod scalar;
mod tree;

use packed::Packed;

use crate::{Backend, Modulus, layout::Layout, rns::Conversion};

/// Whether this machine can run a backend.
pub(crate) fn is_available(backend: Backend) -> bool {
    match backend {
        Backend::Scalar => true,
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => avx2::is_available(),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512Ifma => ifma::is_available(),
        #[cfg(not(target_arch = "x86_64"))]
        _ => false,
    }
}

/// Calls a function of a module that is compiled for its own instruction set.
macro_rules! entered {
    ($module:ident, $call:expr) => {{
        assert!($module::is_available(), "a ring refuses backends that the machine lacks");
        // SAFETY: the machine has the instructions that the function is compiled for.
        unsafe { $call }
    }};
}

/// Calls a backend's kernel.
macro_rules! on_backend {
    ($backend:expr, $scalar:expr, $avx2:expr, $ifma:expr) => {
        match $backend {
            Backend::Scalar => $scalar,
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => entered!(avx2, $avx2),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512Ifma => entered!(ifma, $ifma),
            #[cfg(not(target_arch = "x86_64"))]
            _ => unreachable!("a ring refuses backends that the machine lacks"),
        }
    };
}

/// Precomputed powers of psi of one prime, in the form its backend wants.
pub(crate) enum Twiddles {
    Scalar(scalar::ntt::Twiddles),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::ntt::Twiddles),
    #[cfg(target_arch = "x86_64")]
    Avx512Ifma(ifma::ntt::Twiddles),
}

impl Twiddles {
    /// `psi`: a primitive 2N-th root of unity.
    pub(crate) fn new(backend: Backend, modulus: &Modulus, layout: Layout, psi: u64) -> Self {
        match backend {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => Self::Avx2(avx2::ntt::Twiddles::new(modulus, layout, psi)),
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
            Self::Avx2(twiddles) => entered!(avx2, twiddles.forward(limb)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Ifma(twiddles) => entered!(ifma, twiddles.forward(limb)),
        }
    }

    /// Evaluations to coefficients times `N * scale`, in place: with `scale = N^-1` the inverse of
    /// [`Twiddles::forward`].
    pub(crate) fn inverse(&self, limb: &mut [u64], scale: u64) {
        match self {
            Self::Scalar(twiddles) => twiddles.inverse(limb, scale),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(twiddles) => entered!(avx2, twiddles.inverse(limb, scale)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Ifma(twiddles) => entered!(ifma, twiddles.inverse(limb, scale)),
        }
    }
}

/// Defines `fn $name(backend, ...)` that asserts equal lengths and calls the backend's kernel.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*); equal $first:ident $(, $other:ident)*) => {
        $(#[$doc])*
        pub(crate) fn $name(backend: Backend, $($arg: $ty),*) {
            $(assert_eq!($first.len(), $other.len());)*
            let _ = $first.len();
            on_backend!(
                backend,
                scalar::$name($($arg),*),
                avx2::elementwise::$name($($arg),*),
                ifma::elementwise::$name($($arg),*)
            );
        }
    };
}

dispatch!(
    /// `a += b`.
    add_assign(m: &Modulus, a: &mut [u64], b: &[u64]); equal a, b
);
dispatch!(
    /// `a -= b`.
    sub_assign(m: &Modulus, a: &mut [u64], b: &[u64]); equal a, b
);
dispatch!(
    /// `a = -a`.
    neg_assign(m: &Modulus, a: &mut [u64]); equal a
);
dispatch!(
    /// `out = a + b`.
    add(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]); equal out, a, b
);
dispatch!(
    /// `out = a - b`.
    sub(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]); equal out, a, b
);
dispatch!(
    /// `a *= b`.
    mul_assign(m: &Modulus, a: &mut [u64], b: &[u64]); equal a, b
);
dispatch!(
    /// `out = a * b`.
    mul(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]); equal out, a, b
);
dispatch!(
    /// `acc += a * b`.
    mul_add_assign(m: &Modulus, acc: &mut [u64], a: &[u64], b: &[u64]); equal acc, a, b
);
dispatch!(
    /// `a *= c`.
    mul_scalar_assign(m: &Modulus, a: &mut [u64], c: u64); equal a
);
dispatch!(
    /// `out = a * c`.
    mul_scalar(m: &Modulus, out: &mut [u64], a: &[u64], c: u64); equal out, a
);
dispatch!(
    /// `t = (a - t) * c`: the last step of a division by dropped primes.
    sub_from_mul_scalar(m: &Modulus, t: &mut [u64], a: &[u64], c: u64); equal t, a
);
dispatch!(
    /// `out` = the representative in `(-from/2, from/2)` of `x`, modulo `m`.
    lift_centred(m: &Modulus, out: &mut [u64], from: &Modulus, x: &[u64]); equal out, x
);

/// `out = sum of a * b` over all terms, reduced once.
pub(crate) fn dot(backend: Backend, m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    for (a, b) in terms {
        assert!(a.len() == out.len() && b.len() == out.len());
    }
    on_backend!(
        backend,
        scalar::dot(m, out, terms),
        avx2::dot::dot(m, out, terms),
        ifma::dot::dot(m, out, terms)
    );
}

/// Terms of [`dot2`]: a digit, and the two halves of a key.
pub(crate) type KeyTerm<'a> = (&'a [u64], Packed<'a>, Packed<'a>);

/// `out = [sum of d * b, sum of d * a]` over terms `(d, b, a)`, reduced once.
pub(crate) fn dot2(backend: Backend, m: &Modulus, out: [&mut [u64]; 2], terms: &[KeyTerm<'_>]) {
    for (d, b, a) in terms {
        assert!(out.iter().all(|o| [d.len(), b.words(), a.words()] == [o.len(); 3]));
        assert!([a, b].iter().all(|key| key.bits() == m.bits() as usize));
    }
    on_backend!(
        backend,
        scalar::dot2(m, out, terms),
        avx2::dot::dot2(m, out, terms),
        ifma::dot::dot2(m, out, terms)
    );
}

/// Terms of [`tensor_dot`]: pairs of two-component ciphertexts.
pub(crate) type TensorTerm<'a> = ([&'a [u64]; 2], [&'a [u64]; 2]);

/// `out = sum of (a0 b0, a0 b1 + a1 b0, a1 b1)` over terms `([a0, a1], [b0, b1])`, reduced once.
pub(crate) fn tensor_dot(backend: Backend, m: &Modulus, out: [&mut [u64]; 3], terms: &[TensorTerm<'_>]) {
    for (a, b) in terms {
        assert!(out.iter().all(|o| a.iter().chain(b).all(|x| x.len() == o.len())));
    }
    on_backend!(
        backend,
        scalar::tensor_dot(m, out, terms),
        avx2::dot::tensor_dot(m, out, terms),
        ifma::dot::tensor_dot(m, out, terms)
    );
}

/// Base conversion of one stretch of words: `sources` are the digits `x (Q/q_i)^-1 mod q_i`, `targets[j]`
/// receives the centred x modulo the j-th target prime.
pub(crate) fn convert(
    backend: Backend,
    conversion: &Conversion,
    sources: &[&[u64]],
    targets: &mut [&mut [u64]],
) {
    assert_eq!(sources.len(), conversion.sources.len());
    assert_eq!(targets.len(), conversion.targets.len());
    let len = targets.first().map_or(0, |t| t.len());
    assert!(sources.iter().all(|s| s.len() == len) && targets.iter().all(|t| t.len() == len));
    on_backend!(
        backend,
        scalar::convert(conversion, sources, targets),
        avx2::convert::convert(conversion, sources, targets),
        ifma::convert::convert(conversion, sources, targets)
    );
}

/// `out[i] = source[inner[i]]` within one group of 128 evaluations.
pub(crate) fn permute_group(out: &mut [u64], source: &[u64], inner: &[u8; crate::layout::GROUP]) {
    let source: &[u64; crate::layout::GROUP] = match source.try_into() {
        Ok(group) => group,
        Err(_) => unreachable!("a group has 128 words"),
    };
    for (o, &i) in out.iter_mut().zip(inner) {
        *o = source[usize::from(i & 127)];
    }
}
