//! The packed kernel against attention written out in double precision.
#![allow(clippy::unwrap_used)]

use super::*;
use candle_core::Device;

/// Row-major `[tokens, 3 width]` of one text to `[tokens, width]`.
fn naive(
    attention: &Attention,
    qkv: &[Vec<f32>],
    bias: impl Fn(usize, isize) -> f32,
    rope: Option<&Rope>,
) -> Vec<Vec<f64>> {
    let Attention { heads, head_dim, window } = *attention;
    let (len, width) = (qkv.len(), heads * head_dim);
    let part = |token: usize, which: usize, head: usize| -> Vec<f32> {
        let start = which * width + head * head_dim;
        let x = &qkv[token][start..start + head_dim];
        let mut rotated = x.to_vec();
        if let (Some(rope), true) = (rope, which < 2) {
            rope.rotate(x, token, &mut rotated);
        }
        rotated
    };
    let mut out = vec![vec![0.0; width]; len];
    for head in 0..heads {
        for (i, row) in out.iter_mut().enumerate() {
            let q = part(i, 0, head);
            let weights: Vec<f64> = (0..len)
                .map(|j| {
                    if window.is_some_and(|w| i.abs_diff(j) > w) {
                        return 0.0;
                    }
                    let product: f64 =
                        q.iter().zip(part(j, 1, head)).map(|(a, b)| f64::from(*a) * f64::from(b)).sum();
                    let distance = j as isize - i as isize;
                    (product / (head_dim as f64).sqrt() + f64::from(bias(head, distance))).exp()
                })
                .collect();
            let total: f64 = weights.iter().sum();
            for (j, weight) in weights.iter().enumerate() {
                for (d, v) in part(j, 2, head).into_iter().enumerate() {
                    row[head * head_dim + d] += weight / total * f64::from(v);
                }
            }
        }
    }
    out
}

fn check(attention: &Attention, lengths: &[usize], bias: bool, rope: bool) {
    let mut offsets = vec![0];
    for len in lengths {
        offsets.push(offsets[offsets.len() - 1] + len);
    }
    let tokens = lengths.iter().sum::<usize>();
    let width = attention.heads * attention.head_dim;
    let score =
        |head: usize, d: isize| if bias { ((d * 7 + head as isize * 3) % 11) as f32 / 5.0 } else { 0.0 };
    let longest = lengths.iter().copied().max().unwrap();
    let table = RelativeBias::new(attention.heads, longest, score);
    let rope = rope.then(|| Rope::new(attention.head_dim, longest, 10_000.0));
    let positions = Positions { rope: rope.as_ref(), bias: bias.then_some(&table) };

    let qkv = Tensor::randn(0f32, 1.5, (tokens, 3 * width), &Device::Cpu).unwrap();
    let got: Vec<Vec<f32>> = attention.forward(&qkv, &offsets, positions).unwrap().to_vec2().unwrap();
    let qkv: Vec<Vec<f32>> = qkv.to_vec2().unwrap();
    for text in offsets.windows(2) {
        let want = naive(attention, &qkv[text[0]..text[1]], score, rope.as_ref());
        for (got, want) in got[text[0]..text[1]].iter().flatten().zip(want.iter().flatten()) {
            assert!((f64::from(*got) - want).abs() < 3e-5, "{lengths:?} bias {bias}: {got} {want}");
        }
    }
}

#[test]
fn texts_of_many_lengths_in_one_pack() {
    let attention = Attention { heads: 3, head_dim: 8, window: None };
    check(&attention, &[1, 2, 17, 127, 128, 129, 300, 0, 5], false, false);
}

#[test]
fn with_rotation_and_bias() {
    let attention = Attention { heads: 2, head_dim: 16, window: None };
    check(&attention, &[140, 3], true, false);
    check(&attention, &[140, 3], false, true);
    check(&attention, &[33], true, true);
}

#[test]
fn sliding_windows_across_blocks() {
    for window in [0, 1, 5, 64, 200] {
        let attention = Attention { heads: 2, head_dim: 4, window: Some(window) };
        check(&attention, &[300, 1, 131], window == 5, false);
    }
}

#[test]
fn large_scores_do_not_overflow() {
    let attention = Attention { heads: 1, head_dim: 4, window: None };
    let qkv = Tensor::full(60f32, (5, 12), &Device::Cpu).unwrap();
    let out: Vec<Vec<f32>> =
        attention.forward(&qkv, &[0, 5], Positions::default()).unwrap().to_vec2().unwrap();
    assert!(out.iter().flatten().all(|&x| (x - 60.0).abs() < 1e-4));
}

#[test]
fn refuses_offsets_that_do_not_fit() {
    let attention = Attention { heads: 1, head_dim: 2, window: None };
    let qkv = Tensor::zeros((4, 6), candle_core::DType::F32, &Device::Cpu).unwrap();
    for offsets in [&[0, 3][..], &[0, 5], &[], &[0, 6, 4]] {
        assert!(attention.forward(&qkv, offsets, Positions::default()).is_err());
    }
}
