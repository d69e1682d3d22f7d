//! Sums of products, as a sum of lower words and a sum of upper words, reduced once.
//!
//! A product of residues is below 2^100, its lower word below 2^52 and its upper word below 2^48. For
//! [`MAX_PRODUCTS`] = 2^12 products the sums are below 2^64 and 2^60, so no lane overflows. Longer sums are reduced
//! in between.

use std::arch::x86_64::*;

use super::{
    super::{
        packed::Packed,
        terms::{KeyTerm, Plus},
    },
    vector::{
        Factor, LANES, Prime, Unpack, V, add, cut, load, madd_hi, madd_lo, splat, store, vectors, vectors_mut,
    },
};
use crate::Modulus;

/// Number of products before a reduction.
pub(super) const MAX_PRODUCTS: usize = 1 << 12;

/// Up to this many products the upper word stays below 2^52 - 2^50: 11 2^48 + 11.
const FEW_PRODUCTS: usize = 11;

/// Vectors of each output that are summed side by side, to hide the latency of the multiplier.
const WIDE: usize = 4;

pub(super) type Block<const W: usize> = [[u64; LANES]; W];

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn dot(m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    let reduction = Reduction::new(m, terms.len());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (vectors(a), vectors(b))).collect();
    let (wide, narrow) = vectors_mut(out).as_chunks_mut::<WIDE>();
    dot_blocks(&reduction, wide, 0, &terms);
    dot_blocks(&reduction, narrow.as_chunks_mut::<1>().0, wide.len() * WIDE, &terms);
}

pub(super) type Vectors<'a> = &'a [[u64; LANES]];

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
fn dot_blocks<const W: usize>(
    reduction: &Reduction,
    out: &mut [Block<W>],
    start: usize,
    terms: &[(Vectors<'_>, Vectors<'_>)],
) {
    for (i, out) in out.iter_mut().enumerate() {
        let at = start + i * W;
        let mut total = [reduction.p.zero; W];
        for (part, terms) in terms.chunks(MAX_PRODUCTS).enumerate() {
            let mut sum = Sum::new();
            for (a, b) in terms {
                sum.accumulate(block(a, at), block(b, at));
            }
            reduction.add_to(&mut total, &sum, part == 0);
        }
        store_block(out, &total);
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512vbmi")]
pub(crate) fn dot2(m: &Modulus, out: [&mut [u64]; 2], terms: &[KeyTerm<'_>], plus: Plus<'_>) {
    key_sums::<false>(m, out, terms, 1, plus);
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512vbmi")]
pub(crate) fn dot2_add(m: &Modulus, out: [&mut [u64]; 2], terms: &[KeyTerm<'_>], c: u64, plus: Plus<'_>) {
    key_sums::<true>(m, out, terms, c, plus);
}

/// Computes `c` times both sums with their addends. With `ADD` the result is added to `out`.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512vbmi")]
fn key_sums<const ADD: bool>(
    m: &Modulus,
    [out_b, out_a]: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    c: u64,
    plus: Plus<'_>,
) {
    let unpack = Unpack::new(m.bits() as usize);
    let reduction = Reduction::times(m, terms.len() + 1, c);
    let terms: Vec<_> = terms.iter().map(|(d, key)| (vectors(d), *key)).collect();
    let (wide_b, narrow_b) = vectors_mut(out_b).as_chunks_mut::<WIDE>();
    let (wide_a, narrow_a) = vectors_mut(out_a).as_chunks_mut::<WIDE>();
    let sums = KeySums {
        reduction,
        unpack,
        terms,
        plus: plus.limbs.map(|limb| limb.map(vectors)),
        factor: splat(plus.factor),
    };
    sums.blocks::<_, ADD>(wide_b, wide_a, 0);
    let (narrow_b, narrow_a) = (narrow_b.as_chunks_mut::<1>().0, narrow_a.as_chunks_mut::<1>().0);
    sums.blocks::<_, ADD>(narrow_b, narrow_a, wide_b.len() * WIDE);
}

/// Sums of products with both halves of a key.
struct KeySums<'a> {
    reduction: Reduction,
    unpack: Unpack,
    terms: Vec<(Vectors<'a>, Packed<'a>)>,
    /// The addends, before their multiplication by `factor`.
    plus: [Option<Vectors<'a>>; 2],
    factor: V,
}

impl KeySums<'_> {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512vbmi")]
    fn blocks<const W: usize, const ADD: bool>(
        &self,
        out_b: &mut [Block<W>],
        out_a: &mut [Block<W>],
        start: usize,
    ) {
        let reduction = &self.reduction;
        for (i, (out_b, out_a)) in out_b.iter_mut().zip(out_a).enumerate() {
            let at = start + i * W;
            let (mut total_b, mut total_a) = ([reduction.p.zero; W], [reduction.p.zero; W]);
            // One product less than fits: the first sum also takes the addend.
            for (part, terms) in self.terms.chunks(MAX_PRODUCTS - 1).enumerate() {
                let (mut sum_b, mut sum_a) = (Sum::new(), Sum::new());
                for (d, key) in terms {
                    let (d, [b, a]) = (block(d, at), self.unpack.blocks(key, at));
                    sum_b.accumulate_words(d, &b);
                    sum_a.accumulate_words(d, &a);
                }
                if part == 0 {
                    for (sum, plus) in [&mut sum_b, &mut sum_a].into_iter().zip(self.plus) {
                        if let Some(plus) = plus {
                            sum.accumulate_words(block(plus, at), &[self.factor; W]);
                        }
                    }
                }
                reduction.add_to(&mut total_b, &sum_b, part == 0);
                reduction.add_to(&mut total_a, &sum_a, part == 0);
            }
            if ADD {
                for v in 0..W {
                    total_b[v] = reduction.p.add(total_b[v], load(&out_b[v]));
                    total_a[v] = reduction.p.add(total_a[v], load(&out_a[v]));
                }
            }
            store_block(out_b, &total_b);
            store_block(out_a, &total_a);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
pub(super) fn block<const W: usize>(words: &[[u64; LANES]], at: usize) -> &Block<W> {
    match words[at..].first_chunk() {
        Some(block) => block,
        None => unreachable!("operands are as long as the output"),
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
pub(super) fn store_block<const W: usize>(out: &mut Block<W>, values: &[V; W]) {
    for (out, &value) in out.iter_mut().zip(values) {
        store(out, value);
    }
}

/// Lower and upper words of a sum of products.
#[derive(Clone, Copy)]
pub(super) struct Sum<const W: usize> {
    pub(super) lo: [V; W],
    pub(super) hi: [V; W],
}

impl<const W: usize> Sum<W> {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    pub(super) fn new() -> Self {
        Self { lo: [splat(0); W], hi: [splat(0); W] }
    }

    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    pub(super) fn accumulate(&mut self, a: &Block<W>, b: &Block<W>) {
        for v in 0..W {
            let (a, b) = (load(&a[v]), load(&b[v]));
            self.lo[v] = madd_lo(self.lo[v], a, b);
            self.hi[v] = madd_hi(self.hi[v], a, b);
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    pub(super) fn accumulate_words(&mut self, a: &Block<W>, b: &[V; W]) {
        for v in 0..W {
            let a = load(&a[v]);
            self.lo[v] = madd_lo(self.lo[v], a, b[v]);
            self.hi[v] = madd_hi(self.hi[v], a, b[v]);
        }
    }
}

/// Reduces sums of products, or a constant times them, to residues.
pub(super) struct Reduction {
    pub(super) p: Prime,
    two_p: V,
    two_52: (V, V),
    two_102: (V, V),
    few: bool,
}

impl Reduction {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(super) fn new(m: &Modulus, products: usize) -> Self {
        Self::times(m, products, 1)
    }

    /// A reduction with the factor `c`.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn times(m: &Modulus, products: usize, c: u64) -> Self {
        let scaled = m.mul(m.two_52(), c);
        let two_52 = Factor::new(m, scaled);
        let two_102 = Factor::new(m, m.mul(scaled, m.reduce(1 << 50)));
        Self {
            p: Prime::new(m),
            two_p: splat(2 * m.value()),
            two_52: two_52.splat(),
            two_102: two_102.splat(),
            few: products <= FEW_PRODUCTS,
        }
    }

    /// `total += sum`, or `total = sum` for the first sum.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    pub(super) fn add_to<const W: usize>(&self, total: &mut [V; W], sum: &Sum<W>, first: bool) {
        for (total, (&lo, &hi)) in total.iter_mut().zip(sum.lo.iter().zip(&sum.hi)) {
            let reduced = self.p.montgomery(lo, hi);
            let value = if self.few { self.below_2_52(reduced) } else { self.below_2_62(reduced) };
            *total = if first { value } else { self.p.add(*total, value) };
        }
    }

    /// `c x 2^52` for x < 2^52.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    fn below_2_52(&self, x: V) -> V {
        self.p.mul(x, self.two_52.0, self.two_52.1)
    }

    /// `c x 2^52` for x < 2^62, from its upper 12 and lower 50 bits.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    fn below_2_62(&self, x: V) -> V {
        let lower = _mm512_and_si512(x, splat((1 << 50) - 1));
        let lower = self.p.mul_lazy(lower, self.two_52.0, self.two_52.1);
        let upper = self.p.mul_lazy(_mm512_srli_epi64::<50>(x), self.two_102.0, self.two_102.1);
        cut(cut(add(lower, upper), self.two_p), self.p.p)
    }
}
