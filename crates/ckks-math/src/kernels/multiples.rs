//! Sums of products and of multiples of ciphertexts. The AVX-512 IFMA kernels sum both in one pass. Other backends
//! sum the products first, then the multiples.

use super::{
    Backend,
    elementwise::{add_assign, mul_scalar_add, mul_scalar_assign},
    sums::{dot, tensor_dot},
    terms::{Multiple, Multiplier, TensorTerm},
};
#[cfg(target_arch = "x86_64")]
use super::{entry::entered, ifma};
use crate::{
    Modulus,
    layout::{GROUP, PATTERN},
};

/// `out = times * sum of (a0 b0, a0 b1 + a1 b0, a1 b1) + sum of (x0 c, x1 c, 0)` over terms `([a0, a1], [b0, b1])`
/// and multiples `([x0, x1], c)`, reduced once. `times` is 2 if `doubled`, else 1.
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
    sum_multiples(backend, m, [first, second], multiples, true);
}

/// `out = sum of (x0 c, x1 c, ..)` over multiples `([x0, x1, ..], c)`, reduced once. With `add` the sum is added to
/// `out`.
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
    sum_multiples(backend, m, out, multiples, add);
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

/// Words for which patterns are written out at a time, whole groups.
const TILE: usize = 4 * GROUP;

/// Multiples by words that are summed at a time.
const TERMS: usize = 8;

/// `out += multiples` with `add`, else `out = multiples`.
fn sum_multiples<const H: usize>(
    backend: Backend,
    m: &Modulus,
    mut out: [&mut [u64]; H],
    multiples: &[Multiple<'_, H>],
    add: bool,
) {
    let products: Vec<_> = multiples.iter().filter(|(_, c)| !matches!(c, Multiplier::Scalar(_))).collect();
    if !add && products.is_empty() {
        out.iter_mut().for_each(|out| out.fill(0));
    }
    let len = out.first().map_or(0, |out| out.len());
    let (mut written, mut partial) = ([[0; TILE]; TERMS], [0; TILE]);
    for (chunk, products) in products.chunks(TERMS).enumerate() {
        for start in (0..len).step_by(TILE) {
            let at = start..len.min(start + TILE);
            for ((_, c), written) in products.iter().zip(&mut written) {
                if let Multiplier::Patterns(patterns) = c {
                    let groups = at.start / GROUP * PATTERN..at.end / GROUP * PATTERN;
                    expand(&patterns[groups], &mut written[..at.len()]);
                }
            }
            let factors = products.iter().zip(&written).map(|((_, c), written)| match c {
                Multiplier::Words(words) => &words[at.clone()],
                _ => &written[..at.len()],
            });
            let factors: Vec<_> = factors.collect();
            for (half, out) in out.iter_mut().enumerate() {
                let values = products.iter().map(|(x, _)| &x[half][at.clone()]);
                let terms: Vec<_> = values.zip(factors.iter().copied()).collect();
                let out = &mut out[at.clone()];
                if add || chunk > 0 {
                    let partial = &mut partial[..at.len()];
                    dot(backend, m, partial, &terms);
                    add_assign(backend, m, out, partial);
                } else {
                    dot(backend, m, out, &terms);
                }
            }
        }
    }
    for (x, c) in multiples {
        let Multiplier::Scalar(c) = c else { continue };
        for (out, x) in out.iter_mut().zip(x) {
            match c {
                1 => add_assign(backend, m, out, x),
                c => mul_scalar_add(backend, m, out, x, *c),
            }
        }
    }
}

/// Writes the words of whole groups from their patterns.
fn expand(patterns: &[u64], out: &mut [u64]) {
    for (pattern, group) in patterns.chunks_exact(PATTERN).zip(out.chunks_exact_mut(GROUP)) {
        // As an array, the pattern is one vector that is stored sixteen times.
        if let Some(&pattern) = pattern.first_chunk::<PATTERN>() {
            group.as_chunks_mut().0.fill(pattern);
        }
    }
}
