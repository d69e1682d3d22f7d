//! Multiples of ciphertexts, by the kernels for sums of products: for backends that do not sum them on the way.

use super::{Multiple, Multiplier, add_assign, dot, mul_scalar_add};
use crate::{
    Backend, Modulus,
    layout::{GROUP, PATTERN},
};

/// Words for which patterns are written out at once: whole groups.
const TILE: usize = 4 * GROUP;

/// Multiples by words that are summed at once.
const TERMS: usize = 8;

/// `out += multiples`, or with `add` unset `out = multiples`.
pub(super) fn sum_multiples<const H: usize>(
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

/// The words of whole groups from their patterns.
fn expand(patterns: &[u64], out: &mut [u64]) {
    for (pattern, group) in patterns.chunks_exact(PATTERN).zip(out.chunks_exact_mut(GROUP)) {
        // as an array: one vector, stored sixteen times
        if let Some(&pattern) = pattern.first_chunk::<PATTERN>() {
            group.as_chunks_mut().0.fill(pattern);
        }
    }
}
