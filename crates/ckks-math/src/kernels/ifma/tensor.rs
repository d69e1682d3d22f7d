//! Sums of products of ciphertexts, most of which come from memory.
//!
//! A pass over all terms, vector by vector, would read single lines from hundreds of polynomials, which defeats the
//! prefetchers. So a few terms at a time are summed over a page of each. Meanwhile the sums of a tile wait in the
//! level-one cache, and the next terms' pages are prefetched.

use super::{
    super::{lanes::ask_for, terms::TensorTerm},
    dot::{Block, MAX_PRODUCTS, Reduction, Sum, Vectors, block, store_block},
    vector::{LANES, load, store, vectors, vectors_mut},
};
use crate::Modulus;

/// Vectors of a tile, one page.
const TILE: usize = 64;

/// Terms whose products are summed in registers.
const TERMS: usize = 4;

/// Vectors of each output that are summed side by side in registers.
const WIDE: usize = 2;

type TensorVectors<'a> = ([Vectors<'a>; 2], [Vectors<'a>; 2]);

/// Lower and upper words of the three sums of a tile.
type Sums = [[Block<TILE>; 2]; 3];

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn tensor_dot(m: &Modulus, out: [&mut [u64]; 3], terms: &[TensorTerm<'_>]) {
    // The middle sum takes two products per term.
    let reduction = Reduction::new(m, 2 * terms.len());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (a.map(vectors), b.map(vectors))).collect();
    let mut out = out.map(vectors_mut);
    if terms.len() > TERMS {
        let mut sums = [[[[0; LANES]; TILE]; 2]; 3];
        for start in (0..out[0].len()).step_by(TILE) {
            let end = out[0].len().min(start + TILE);
            let tile = out.each_mut().map(|out| &mut out[start..end]);
            tile_of_many(&reduction, &mut sums, tile, start, &terms);
        }
        return;
    }
    let [(wide_0, narrow_0), (wide_1, narrow_1), (wide_2, narrow_2)] =
        out.map(|out| out.as_chunks_mut::<WIDE>());
    let done = wide_0.len() * WIDE;
    blocks_of_few(&reduction, [wide_0, wide_1, wide_2], 0, &terms);
    let narrow = [narrow_0, narrow_1, narrow_2].map(|out| out.as_chunks_mut::<1>().0);
    blocks_of_few(&reduction, narrow, done, &terms);
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
fn blocks_of_few<const W: usize>(
    reduction: &Reduction,
    [out_0, out_1, out_2]: [&mut [Block<W>]; 3],
    start: usize,
    terms: &[TensorVectors<'_>],
) {
    for (i, ((out_0, out_1), out_2)) in out_0.iter_mut().zip(out_1).zip(out_2).enumerate() {
        let mut sums = [Sum::new(), Sum::new(), Sum::new()];
        accumulate(&mut sums, start + i * W, terms);
        for (out, sum) in [out_0, out_1, out_2].into_iter().zip(&sums) {
            let mut total = [reduction.p.zero; W];
            reduction.add_to(&mut total, sum, true);
            store_block(out, &total);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
pub(super) fn accumulate<const W: usize>(sums: &mut [Sum<W>; 3], at: usize, terms: &[TensorVectors<'_>]) {
    for ([a0, a1], [b0, b1]) in terms {
        let (a0, a1, b0, b1) = (block(a0, at), block(a1, at), block(b0, at), block(b1, at));
        sums[0].accumulate(a0, b0);
        sums[1].accumulate(a0, b1);
        sums[1].accumulate(a1, b0);
        sums[2].accumulate(a1, b1);
    }
}

/// Sums the vectors from `start` on, up to one tile. `sums` is scratch space for the sums.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
fn tile_of_many(
    reduction: &Reduction,
    sums: &mut Sums,
    mut out: [&mut [[u64; LANES]]; 3],
    start: usize,
    terms: &[TensorVectors<'_>],
) {
    let count = out[0].len();
    for (part, terms) in terms.chunks(MAX_PRODUCTS / 2).enumerate() {
        let mut groups = terms.chunks(TERMS).enumerate().peekable();
        while let Some((group, few)) = groups.next() {
            let next = groups.peek().map_or(&[][..], |(_, next)| *next);
            for i in 0..count {
                for ([a0, a1], [b0, b1]) in next {
                    [a0, a1, b0, b1].into_iter().for_each(|poly| ask_for(&poly[start + i]));
                }
                let mut sum = [Sum::<1>::new(), Sum::new(), Sum::new()];
                if group > 0 {
                    for (sum, [lo, hi]) in sum.iter_mut().zip(&*sums) {
                        (sum.lo, sum.hi) = ([load(&lo[i])], [load(&hi[i])]);
                    }
                }
                accumulate(&mut sum, start + i, few);
                for (sum, [lo, hi]) in sum.iter().zip(&mut *sums) {
                    store(&mut lo[i], sum.lo[0]);
                    store(&mut hi[i], sum.hi[0]);
                }
            }
        }
        for i in 0..count {
            for (out, [lo, hi]) in out.iter_mut().zip(&*sums) {
                let sum = Sum { lo: [load(&lo[i])], hi: [load(&hi[i])] };
                let mut total = [load(&out[i])];
                reduction.add_to(&mut total, &sum, part == 0);
                store(&mut out[i], total[0]);
            }
        }
    }
}
