//! The inner loops, one implementation a backend, all bit-identical.
//!
//! Words at this boundary are residues in `[0, p)`. Every kernel maps zeros to zeros, so that it may run
//! over whole limbs, padding included. Lengths are asserted here, in release builds too.

#![allow(unsafe_code)] // Entry into functions compiled for an instruction set, after asking for it: `entered`.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod block;
#[cfg(target_arch = "x86_64")]
mod doubles;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod lanes;
mod multiples;
pub(crate) mod packed;
mod scalar;
#[cfg(test)]
mod tests;
mod tree;

#[cfg(target_arch = "x86_64")]
use doubles::{Avx2, Avx512, isa::Isa};
use packed::Packed;

use crate::{
    Backend, Modulus,
    layout::{GROUP, Layout, PATTERN},
    rns::{Conversion, Target},
};

/// Whether this machine can run a backend.
pub(crate) fn is_available(backend: Backend) -> bool {
    match backend {
        Backend::Scalar => true,
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => Avx2::detect().is_some(),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512 => Avx512::detect().is_some(),
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

/// The instruction set of a backend.
#[cfg(target_arch = "x86_64")]
fn present<S: Isa>() -> S {
    match S::detect() {
        Some(isa) => isa,
        None => unreachable!("a ring refuses backends that the machine lacks"),
    }
}

/// Calls a kernel for doubles, compiled for an instruction set.
macro_rules! compiled {
    ($set:ty, |$isa:ident| $call:expr) => {{
        let $isa = present::<$set>();
        $isa.call(
            #[inline(always)]
            move || $call,
        )
    }};
}

/// Calls a backend's kernel.
macro_rules! on_backend {
    ($backend:expr, $scalar:expr, |$isa:ident| $doubles:expr, $ifma:expr) => {
        match $backend {
            Backend::Scalar => $scalar,
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => compiled!(Avx2, |$isa| $doubles),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => compiled!(Avx512, |$isa| $doubles),
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
    Avx2(doubles::ntt::Twiddles),
    #[cfg(target_arch = "x86_64")]
    Avx512(doubles::ntt::Twiddles),
    #[cfg(target_arch = "x86_64")]
    Avx512Ifma(ifma::ntt::Twiddles),
}

impl Twiddles {
    /// `psi`: a primitive 2N-th root of unity.
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

    /// Evaluations to coefficients times `N * scale`, in place: with `scale = N^-1` the inverse of
    /// [`Twiddles::forward`].
    pub(crate) fn inverse(&self, limb: &mut [u64], scale: u64) {
        self.inverse_of(None, limb, scale);
    }

    /// As [`Twiddles::inverse`], of the evaluations in `source`, which are brought in row by row.
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
                |isa| doubles::elementwise::$name(isa, $($arg),*),
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
    /// `out += a * c`.
    mul_scalar_add(m: &Modulus, out: &mut [u64], a: &[u64], c: u64); equal out, a
);
dispatch!(
    /// `out` = `c` times the representative in `(-from/2, from/2)` of `x`, modulo `m`.
    lift_centred(m: &Modulus, out: &mut [u64], from: &Modulus, x: &[u64], c: u64); equal out, x
);

/// `out = sum of a * b` over all terms, reduced once.
pub(crate) fn dot(backend: Backend, m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    for (a, b) in terms {
        assert!(a.len() == out.len() && b.len() == out.len());
    }
    on_backend!(
        backend,
        scalar::dot(m, out, terms),
        |isa| doubles::dot::dot(isa, m, out, terms),
        ifma::dot::dot(m, out, terms)
    );
}

/// Terms of [`dot2`]: a digit, and the two halves of its key.
pub(crate) type KeyTerm<'a> = (&'a [u64], Packed<'a>);

/// What is added to the sums of [`dot2`] and [`dot2_add`]: limbs times a factor; nothing is zero.
#[derive(Clone, Copy)]
pub(crate) struct Plus<'a> {
    pub(crate) limbs: [Option<&'a [u64]>; 2],
    pub(crate) factor: u64,
}

impl Plus<'_> {
    pub(crate) const NONE: Self = Self { limbs: [None; 2], factor: 1 };
}

/// `out = [sum of d * b, sum of d * a] + plus` over terms `(d, [b, a])`, reduced once.
pub(crate) fn dot2(
    backend: Backend,
    m: &Modulus,
    out: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    plus: Plus<'_>,
) {
    check_key_terms(m, &out, terms, plus);
    on_backend!(
        backend,
        scalar::dot2(m, out, terms, plus),
        |isa| doubles::dot::dot2(isa, m, out, terms, plus),
        ifma::dot::dot2(m, out, terms, plus)
    );
}

/// `out += c * ([sum of d * b, sum of d * a] + plus)` over terms `(d, [b, a])`, reduced once.
pub(crate) fn dot2_add(
    backend: Backend,
    m: &Modulus,
    out: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    c: u64,
    plus: Plus<'_>,
) {
    check_key_terms(m, &out, terms, plus);
    on_backend!(
        backend,
        scalar::dot2_add(m, out, terms, c, plus),
        |isa| doubles::dot::dot2_add(isa, m, out, terms, c, plus),
        ifma::dot::dot2_add(m, out, terms, c, plus)
    );
}

fn check_key_terms(m: &Modulus, out: &[&mut [u64]; 2], terms: &[KeyTerm<'_>], plus: Plus<'_>) {
    assert!(!terms.is_empty(), "a key switch has a digit");
    assert!(plus.limbs.iter().zip(out).all(|(limb, o)| limb.is_none_or(|limb| limb.len() == o.len())));
    for (d, key) in terms {
        assert!(out.iter().all(|o| [d.len(), key.words()] == [o.len(); 2]));
        assert!(key.bits() == m.bits() as usize);
    }
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
        |isa| doubles::dot::tensor_dot(isa, m, out, terms),
        ifma::tensor::tensor_dot(m, out, terms)
    );
}

/// What a ciphertext of two components is multiplied by.
#[derive(Clone, Copy)]
pub(crate) enum Multiplier<'a> {
    /// A residue.
    Scalar(u64),
    /// A word for each word.
    Words(&'a [u64]),
    /// For each group of 128 words a vector, sixteen times.
    Patterns(&'a [u64]),
}

/// A multiple of a ciphertext of two components, or of another number.
pub(crate) type Multiple<'a, const H: usize = 2> = ([&'a [u64]; H], Multiplier<'a>);

/// `out = times * sum of (a0 b0, a0 b1 + a1 b0, a1 b1) + sum of (x0 c, x1 c, 0)` over terms `([a0, a1], [b0, b1])`, `times` 1 or,
/// if they are doubled, 2, and multiples `([x0, x1], c)`; reduced once.
pub(crate) fn product_sum(
    backend: Backend,
    m: &Modulus,
    mut out: [&mut [u64]; 3],
    terms: &[TensorTerm<'_>],
    doubled: bool,
    multiples: &[Multiple<'_>],
) {
    let len = out[0].len();
    assert!(out.iter().all(|o| o.len() == len));
    assert!(terms.iter().all(|(a, b)| a.iter().chain(b).all(|x| x.len() == len)));
    check_multiples(m, len, multiples);
    #[cfg(target_arch = "x86_64")]
    if backend == Backend::Avx512Ifma {
        return entered!(ifma, ifma::sums::product_sum(m, out, terms, doubled, multiples));
    }
    tensor_dot(backend, m, out.each_mut().map(|out| &mut **out), terms);
    if doubled {
        out.iter_mut().for_each(|out| mul_scalar_assign(backend, m, out, 2));
    }
    let [first, second, _] = out;
    multiples::sum_multiples(backend, m, [first, second], multiples, true);
}

/// `out = sum of (x0 c, x1 c, ..)` over multiples `([x0, x1, ..], c)`, added to what is there with `add`; reduced once.
pub(crate) fn multiple_sum<const H: usize>(
    backend: Backend,
    m: &Modulus,
    out: [&mut [u64]; H],
    multiples: &[Multiple<'_, H>],
    add: bool,
) {
    let len = out.first().map_or(0, |out| out.len());
    assert!(out.iter().all(|o| o.len() == len));
    check_multiples(m, len, multiples);
    #[cfg(target_arch = "x86_64")]
    if backend == Backend::Avx512Ifma {
        return entered!(ifma, ifma::sums::multiple_sum(m, out, multiples, add));
    }
    multiples::sum_multiples(backend, m, out, multiples, add);
}

fn check_multiples<const H: usize>(m: &Modulus, len: usize, multiples: &[Multiple<'_, H>]) {
    for (x, c) in multiples {
        assert!(x.iter().all(|x| x.len() == len));
        match c {
            Multiplier::Scalar(c) => assert!(*c < m.value(), "residue {c} of {m:?}"),
            Multiplier::Words(c) => assert_eq!(c.len(), len),
            Multiplier::Patterns(c) => assert_eq!(c.len() * (GROUP / PATTERN), len),
        }
    }
}

/// The quotients u of one stretch of words of a base conversion: `sources` are the digits `x (Q/q_i)^-1 mod q_i`. None is
/// larger than the number of sources.
pub(crate) fn quotients(backend: Backend, conversion: &Conversion, sources: &[&[u64]], out: &mut [u8]) {
    assert!(sources.len() == conversion.sources.len() && sources.len() <= usize::from(u8::MAX));
    assert!(sources.iter().all(|s| s.len() == out.len()));
    on_backend!(
        backend,
        scalar::quotients(conversion, sources, out),
        |isa| doubles::convert::quotients(isa, conversion, sources, out),
        ifma::convert::quotients(conversion, sources, out)
    );
}

/// Base conversion of one stretch of words, from digits and their [`quotients`]: an output for each target.
pub(crate) fn combine(
    backend: Backend,
    targets: &[&Target],
    sources: &[&[u64]],
    quotients: &[u8],
    outs: Vec<&mut [u64]>,
) {
    assert!(targets.iter().all(|target| sources.len() + 1 == target.factors.len()));
    assert_eq!(targets.len(), outs.len());
    let len = quotients.len();
    assert!(sources.iter().all(|s| s.len() == len) && outs.iter().all(|out| out.len() == len));
    on_backend!(
        backend,
        scalar::combine(targets, sources, quotients, outs),
        |isa| doubles::convert::combine(isa, targets, sources, quotients, outs),
        ifma::convert::combine(targets, sources, quotients, outs)
    );
}

/// The permutations of a group of evaluations that an automorphism is, by offset.
pub(crate) enum Permutations {
    Scalar(scalar::permute::Permutations),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::permute::Permutations),
}

impl Permutations {
    /// Of X -> X^g.
    pub(crate) fn new(backend: Backend, g: usize) -> Self {
        match backend {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 | Backend::Avx512Ifma => Self::Avx512(avx512::permute::Permutations::new(g)),
            _ => Self::Scalar(scalar::permute::Permutations::new(g)),
        }
    }

    /// One group of 128 evaluations with that offset.
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
