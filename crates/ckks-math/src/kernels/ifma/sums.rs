//! Sums of products and multiples of ciphertexts. Each operand is read once and each result written once.

use super::{
    super::terms::{Multiple, Multiplier, TensorTerm},
    dot::{Block, MAX_PRODUCTS, Reduction, Sum, Vectors, block, store_block},
    tensor::accumulate,
    vector::{add, load, splat, vectors, vectors_mut},
};
use crate::{Modulus, kernels::block::GROUP_VECTORS};

/// Vectors of each of the three outputs that are summed side by side.
const PRODUCTS_WIDE: usize = 2;

/// Vectors of each output that are summed side by side. They share a pattern.
const MULTIPLES_WIDE: usize = 4;

/// Multiples of ciphertexts of `H` components by integers and by words.
struct Multiples<'a, const H: usize> {
    scalars: Vec<([Vectors<'a>; H], u64)>,
    words: Vec<([Vectors<'a>; H], Vectors<'a>)>,
    patterns: Vec<([Vectors<'a>; H], Vectors<'a>)>,
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn product_sum(
    m: &Modulus,
    out: [&mut [u64]; 3],
    terms: &[TensorTerm<'_>],
    doubled: bool,
    multiples: &[Multiple<'_>],
) {
    // The middle sum takes two products per term, and four if products are doubled.
    let products = 2 * terms.len() * if doubled { 2 } else { 1 } + multiples.len();
    assert!(products <= MAX_PRODUCTS, "{products} products in one sum");
    let (reduction, multiples) = (Reduction::new(m, products), Multiples::new(multiples));
    let terms: Vec<_> = terms.iter().map(|(a, b)| (a.map(vectors), b.map(vectors))).collect();
    let [(wide_0, narrow_0), (wide_1, narrow_1), (wide_2, narrow_2)] =
        out.map(|out| vectors_mut(out).as_chunks_mut::<PRODUCTS_WIDE>());
    let done = wide_0.len() * PRODUCTS_WIDE;
    product_blocks(&reduction, [wide_0, wide_1, wide_2], 0, &terms, doubled, &multiples);
    let narrow = [narrow_0, narrow_1, narrow_2].map(|out| out.as_chunks_mut::<1>().0);
    product_blocks(&reduction, narrow, done, &terms, doubled, &multiples);
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
fn product_blocks<const W: usize>(
    reduction: &Reduction,
    [out_0, out_1, out_2]: [&mut [Block<W>]; 3],
    start: usize,
    terms: &[([Vectors<'_>; 2], [Vectors<'_>; 2])],
    doubled: bool,
    multiples: &Multiples<'_, 2>,
) {
    for (i, ((out_0, out_1), out_2)) in out_0.iter_mut().zip(out_1).zip(out_2).enumerate() {
        let at = start + i * W;
        let mut sums = [Sum::new(); 3];
        accumulate(&mut sums, at, terms);
        if doubled {
            for word in sums.iter_mut().flat_map(|sum| sum.lo.iter_mut().chain(&mut sum.hi)) {
                *word = add(*word, *word);
            }
        }
        if let Some(first_two) = sums.first_chunk_mut() {
            multiples.accumulate(first_two, at);
        }
        for (out, sum) in [out_0, out_1, out_2].into_iter().zip(&sums) {
            let mut total = [reduction.p.zero; W];
            reduction.add_to(&mut total, sum, true);
            store_block(out, &total);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn multiple_sum<const H: usize>(
    m: &Modulus,
    out: [&mut [u64]; H],
    multiples: &[Multiple<'_, H>],
    add: bool,
) {
    assert!(multiples.len() < MAX_PRODUCTS, "{} products in one sum", multiples.len());
    let (reduction, multiples) = (Reduction::new(m, multiples.len() + 1), Multiples::new(multiples));
    let (mut narrow, mut halves) = ([const { None }; H], 0..);
    let mut wide = out.map(|out| {
        let (wide, rest) = vectors_mut(out).as_chunks_mut::<MULTIPLES_WIDE>();
        let half = halves.next().unwrap_or_default();
        narrow[half] = Some(rest);
        wide
    });
    let done = wide.first().map_or(0, |wide| wide.len()) * MULTIPLES_WIDE;
    multiple_blocks(&reduction, &mut wide, 0, &multiples, add);
    let mut narrow = narrow.map(|out| out.unwrap_or_default().as_chunks_mut::<1>().0);
    multiple_blocks(&reduction, &mut narrow, done, &multiples, add);
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
fn multiple_blocks<const W: usize, const H: usize>(
    reduction: &Reduction,
    out: &mut [&mut [Block<W>]; H],
    start: usize,
    multiples: &Multiples<'_, H>,
    add: bool,
) {
    for i in 0..out.first().map_or(0, |out| out.len()) {
        let mut sums = [Sum::new(); H];
        if add {
            for half in 0..H {
                for (lo, out) in sums[half].lo.iter_mut().zip(&out[half][i]) {
                    *lo = load(out);
                }
            }
        }
        multiples.accumulate(&mut sums, start + i * W);
        for half in 0..H {
            let mut total = [reduction.p.zero; W];
            reduction.add_to(&mut total, &sums[half], true);
            store_block(&mut out[half][i], &total);
        }
    }
}

impl<'a, const H: usize> Multiples<'a, H> {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn new(multiples: &[Multiple<'a, H>]) -> Self {
        let (mut scalars, mut words, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for (x, c) in multiples {
            match c {
                Multiplier::Scalar(c) => scalars.push((x.map(vectors), *c)),
                Multiplier::Words(c) => words.push((x.map(vectors), vectors(c))),
                Multiplier::Patterns(c) => patterns.push((x.map(vectors), vectors(c))),
            }
        }
        Self { scalars, words, patterns }
    }

    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    fn accumulate<const W: usize>(&self, sums: &mut [Sum<W>; H], at: usize) {
        for (x, c) in &self.scalars {
            let c = [splat(*c); W];
            for half in 0..H {
                sums[half].accumulate_words(block(x[half], at), &c);
            }
        }
        for (x, c) in &self.words {
            let mut loaded = [splat(0); W];
            for (loaded, c) in loaded.iter_mut().zip(block::<W>(c, at)) {
                *loaded = load(c);
            }
            for half in 0..H {
                sums[half].accumulate_words(block(x[half], at), &loaded);
            }
        }
        for (x, c) in &self.patterns {
            let c = [load(&c[at / GROUP_VECTORS]); W];
            for half in 0..H {
                sums[half].accumulate_words(block(x[half], at), &c);
            }
        }
    }
}
