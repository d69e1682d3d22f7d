//! Base conversion: a sum of products with constants for each target.

use super::{
    isa::{Doubles, Isa, Words, each_block},
    sum::{MAX_PRODUCTS, Reduction, Sum},
};
use crate::{
    conversion::{Conversion, FRACTION_BITS, Target},
    kernels::lanes::{LANES, vectors, vectors_mut},
};

/// [`Conversion::quotient`] for vectors of eight coefficients.
#[inline(always)]
pub(crate) fn quotients<S: Isa>(isa: S, conversion: &Conversion, sources: &[&[u64]], out: &mut [u8]) {
    // y 2^shift r 2^-52 is below 2^50.
    let constants = conversion.sources.iter().map(|source| {
        let power = (1u64 << source.shift) as f64 / (1u64 << 52) as f64;
        source.reciprocal as f64 * power
    });
    let sources: Vec<_> = sources.iter().map(|s| vectors(s)).zip(constants).collect();
    for (at, out) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut sum = isa.splat_word(1 << (FRACTION_BITS - 1));
        for &(source, r) in &sources {
            sum = sum + isa.load_residues(&source[at]).floor_of_product(isa.splat(r));
        }
        *out = sum.shift_right(FRACTION_BITS).to_bytes();
    }
}

// A loop, since the closure of an iterator would not be compiled for the instruction set.
#[inline(always)]
pub(crate) fn combine<S: Isa>(
    isa: S,
    targets: &[&Target],
    sources: &[&[u64]],
    quotients: &[u8],
    outs: Vec<&mut [u64]>,
) {
    for (target, out) in targets.iter().zip(outs) {
        combine_one(isa, target, sources, quotients, out);
    }
}

#[inline(always)]
fn combine_one<S: Isa>(isa: S, target: &Target, sources: &[&[u64]], quotients: &[u8], out: &mut [u64]) {
    // Digits are below 2^50, factors below 2^bits.
    let reduction = Reduction::new(isa, &target.modulus, 50 + target.modulus.bits());
    let combination = Combination::new(target, sources, quotients);
    let out = vectors_mut(out);
    each_block!(S, out.len(), 8 or 2, |at, W| combination.block::<S, W>(isa, &reduction, at, out));
}

/// The conversion to one target.
struct Combination<'a> {
    sources: Vec<(&'a [[u64; LANES]], f64)>,
    quotients: &'a [[u8; LANES]],
    quotient_factor: f64,
}

impl<'a> Combination<'a> {
    fn new(target: &'a Target, sources: &[&'a [u64]], quotients: &'a [u8]) -> Self {
        let [factors @ .., quotient_factor] = &target.factors[..] else {
            unreachable!("a target has a factor for the quotient");
        };
        let factors = factors.iter().map(|&factor| factor as f64);
        Self {
            sources: sources.iter().map(|s| vectors(s)).zip(factors).collect(),
            quotients: quotients.as_chunks().0,
            quotient_factor: *quotient_factor as f64,
        }
    }

    #[inline(always)]
    fn block<S: Isa, const W: usize>(
        &self,
        isa: S,
        reduction: &Reduction<S>,
        at: usize,
        out: &mut [[u64; LANES]],
    ) {
        let mut total = [reduction.zero; W];
        // The product with the quotient comes last. It fits because a chunk leaves room for one product.
        let mut groups = self.sources.chunks(MAX_PRODUCTS - 1).peekable();
        while let Some(sources) = groups.next() {
            let mut sums = [Sum::new(reduction); W];
            for &(source, factor) in sources {
                let (words, factor) = (&source[at..][..W], isa.splat(factor));
                for v in 0..W {
                    sums[v].accumulate(isa.load_residues(&words[v]), factor);
                }
            }
            if groups.peek().is_none() {
                let (bytes, factor) = (&self.quotients[at..][..W], isa.splat(self.quotient_factor));
                for v in 0..W {
                    sums[v].accumulate(isa.load_bytes(&bytes[v]).to_doubles(), factor);
                }
            }
            reduction.add_to(&mut total, &sums);
        }
        let out = &mut out[at..][..W];
        for v in 0..W {
            reduction.p.residue_words(total[v]).store(&mut out[v]);
        }
    }
}
