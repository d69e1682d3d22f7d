//! The kernel for AVX512-BF16.
#![allow(unsafe_code)] // vectors are read and written through pointers; the bounds of every panel and row are asserted, in release too

use std::arch::x86_64::{
    __m512bh, __m512i, _mm512_castsi512_ps, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mask_storeu_ps, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::rounding::bits;

/// Outputs of a vector.
const LANES: usize = 16;
/// Vectors of outputs that a tile has.
const VECTORS: usize = 3;
const WIDTH: usize = LANES * VECTORS;
/// Rows that a tile has: with three vectors each they fill 24 of 32 registers.
const ROWS: usize = 8;
/// Rows that pass all panels before the next do: they stay in the first-level cache with a panel.
const BLOCK: usize = 64;

/// Whether this processor has it.
pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512bf16")
}

/// Weights in panels of 48 outputs. A panel has, for each pair of inputs, a word for each output: the pair's two weights. What is
/// beyond the last output or input is zero.
pub(super) struct Panels {
    words: Vec<u32>,
    inputs: usize,
    outputs: usize,
}

impl Panels {
    pub(super) fn new(weights: &[f32], inputs: usize, outputs: usize) -> Self {
        let pairs = inputs.div_ceil(2);
        let at = |input: usize, output: usize| match input < inputs && output < outputs {
            true => u32::from(bits(weights[input * outputs + output])),
            false => 0,
        };
        let mut words = Vec::with_capacity(outputs.div_ceil(WIDTH) * WIDTH * pairs);
        for first in (0..outputs).step_by(WIDTH) {
            for pair in 0..pairs {
                words.extend(
                    (first..first + WIDTH)
                        .map(|output| at(2 * pair, output) | at(2 * pair + 1, output) << 16),
                );
            }
        }
        Self { words, inputs, outputs }
    }

    pub(super) fn product(&self, x: &[f32]) -> Vec<f32> {
        let rows = x.len() / self.inputs.max(1);
        let mut out = vec![0.0; rows * self.outputs];
        if self.inputs > 0 && !out.is_empty() {
            assert!(is_here(), "panels are made where the processor has the kernel");
            // SAFETY: the processor has the features, as just asserted.
            unsafe { self.multiply(x, rows, &mut out) }
        }
        out
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn multiply(&self, x: &[f32], rows: usize, out: &mut [f32]) {
        let pairs = self.inputs.div_ceil(2);
        let mut rounded = vec![0; BLOCK.min(rows) * pairs];
        for (x, out) in x.chunks(BLOCK * self.inputs).zip(out.chunks_mut(BLOCK * self.outputs)) {
            let rows = x.len() / self.inputs;
            x.chunks_exact(self.inputs).zip(rounded.chunks_exact_mut(pairs)).for_each(|(x, to)| round(x, to));
            for (panel, words) in self.words.chunks_exact(pairs * WIDTH).enumerate() {
                let first = panel * WIDTH;
                let mut row = 0;
                while row < rows {
                    let (x, out) = (&rounded[row * pairs..], &mut out[row * self.outputs + first..]);
                    let tile =
                        Tile { words, pairs, outputs: self.outputs, width: WIDTH.min(self.outputs - first) };
                    row += match rows - row {
                        ROWS.. => tile.run::<ROWS>(x, out),
                        4.. => tile.run::<4>(x, out),
                        2.. => tile.run::<2>(x, out),
                        _ => tile.run::<1>(x, out),
                    };
                }
            }
        }
    }
}

/// Rounds a row to pairs.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn round(x: &[f32], to: &mut [u32]) {
    let (whole, rest) = x.as_chunks::<{ 2 * LANES }>();
    let (vectors, last) = to.split_at_mut(whole.len() * LANES);
    for (x, to) in whole.iter().zip(vectors.as_chunks_mut::<LANES>().0) {
        // SAFETY: 32 numbers are read, 16 words are written.
        unsafe {
            let [low, high] = [_mm512_loadu_ps(x.as_ptr()), _mm512_loadu_ps(x.as_ptr().add(LANES))];
            let pairs: __m512bh = _mm512_cvtne2ps_pbh(high, low);
            _mm512_storeu_ps(to.as_mut_ptr().cast(), _mm512_castsi512_ps(words(pairs)));
        }
    }
    for (x, to) in rest.chunks(2).zip(last) {
        *to = u32::from(bits(x[0])) | u32::from(x.get(1).map_or(0, |&x| bits(x))) << 16;
    }
}

fn words(pairs: __m512bh) -> __m512i {
    // SAFETY: both are 64 bytes of which every value is valid.
    unsafe { std::mem::transmute(pairs) }
}

fn pairs(words: __m512i) -> __m512bh {
    // SAFETY: both are 64 bytes of which every value is valid.
    unsafe { std::mem::transmute(words) }
}

/// A panel, and where its products go: rows of `outputs`, of which it has `width`.
struct Tile<'a> {
    words: &'a [u32],
    pairs: usize,
    outputs: usize,
    width: usize,
}

impl Tile<'_> {
    /// Multiplies `M` rows of pairs. Returns `M`.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    #[inline]
    fn run<const M: usize>(&self, x: &[u32], out: &mut [f32]) -> usize {
        let Self { words, pairs: count, outputs, width } = *self;
        assert!(words.len() >= count * WIDTH && x.len() >= M * count && width > 0);
        assert!(out.len() >= (M - 1) * outputs + width && width <= WIDTH);
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; M];
        let (mut panel, x) = (words.as_ptr(), x.as_ptr());
        for pair in 0..count {
            // SAFETY: `count` times 48 words of the panel are read, and of each of the `M` rows `count` words; asserted above.
            unsafe {
                let weights: [__m512bh; VECTORS] =
                    std::array::from_fn(|vector| pairs(_mm512_loadu_si512(panel.add(vector * LANES).cast())));
                panel = panel.add(WIDTH);
                for (row, sums) in sums.iter_mut().enumerate() {
                    let two = pairs(_mm512_set1_epi32(x.add(row * count + pair).read() as i32));
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        *sum = _mm512_dpbf16_ps(*sum, two, weights);
                    }
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (vector, &sum) in sums.iter().enumerate() {
                let lanes = width.saturating_sub(vector * LANES).min(LANES);
                if lanes > 0 {
                    let mask = (u32::MAX >> (32 - lanes)) as u16;
                    // SAFETY: `lanes` numbers are written, the last of them inside `out`, as asserted above.
                    unsafe {
                        _mm512_mask_storeu_ps(
                            out.as_mut_ptr().add(row * outputs + vector * LANES),
                            mask,
                            sum,
                        );
                    }
                }
            }
        }
        M
    }
}
