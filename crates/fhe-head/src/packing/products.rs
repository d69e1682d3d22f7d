//! Forward and backward products of a block.

use ckks::threads::try_map;

use super::halves::real_gradient;
use super::layout::{Chunk, Packing};
use crate::engine::Engine;
use crate::error::Result;

/// `rot(W, g m1 c)` for each output, and each giant step `g` of all chunks. `weights` has for each output one vector for each chunk.
/// [`forward`] of all blocks uses the same. No level.
///
/// # Errors
/// Those of the engine.
pub fn rotated_weights<E: Engine>(
    engine: &E,
    packing: &Packing,
    weights: &[E::Value],
) -> Result<Vec<Vec<E::Value>>> {
    let chunks = packing.chunks();
    let rotated = try_map(weights.iter().zip(chunks.iter().cycle()), |(weights, chunk)| {
        let steps = (0..chunk.giant_steps() as isize).map(|g| g * chunk.giant_rotation());
        engine.rotate_many(weights, &steps.collect::<Vec<_>>())
    })?;
    let mut rotated = rotated.into_iter();
    let outputs = weights.len() / chunks.len();
    Ok((0..outputs).map(|_| rotated.by_ref().take(chunks.len()).flatten().collect()).collect())
}

/// Inner products of the samples of a block with the weights of each output `k`, in `column(k)` of each row; other columns hold sums
/// over parts of two rows. Those of a complex block are complex ([`super::split`]). One level; the scale is that of the samples times
/// that of the weights over the prime.
///
/// # Errors
/// Those of the engine.
pub fn forward<E: Engine>(
    engine: &E,
    packing: &Packing,
    block: &[E::Value],
    rotated: &[Vec<E::Value>],
    column: impl Fn(usize) -> usize + Sync,
) -> Result<Vec<E::Value>> {
    let (outputs, giants) = (rotated.len(), packing.giants());
    // outputs in the inner loop, so that they share reads of the samples
    let inner = |i: usize| {
        let (b, weights) = (i / outputs, &rotated[i % outputs]);
        let giants = giants.iter().zip(weights).filter(|(giant, _)| b < giant.baby_steps);
        let terms: Vec<_> = giants.map(|(giant, w)| (&block[giant.first + b], w)).collect();
        engine.finish(engine.accumulate(None, &terms)?)
    };
    let parts = try_map(0..packing.baby_steps() * outputs, inner)?;
    try_map(by_output(parts, outputs).into_iter().enumerate(), |(k, parts)| {
        let sum = horner(engine, parts, packing.columns() as isize)?;
        sum_columns(engine, sum, packing.columns(), column(k))
    })
}

/// Adds the products of a block's samples with the residuals of each output `k` to the sums of the giant steps, in whose list outputs
/// alternate; it is empty for the first block. Residuals are zero outside `column(k)`; those of a complex block are joined
/// ([`super::join_residuals`]). One level, taken by [`finish_backward`].
///
/// # Errors
/// Those of the engine.
pub fn backward<E: Engine>(
    engine: &E,
    packing: &Packing,
    sums: Vec<E::Sum>,
    block: &[E::Value],
    residuals: &[E::Value],
    column: impl Fn(usize) -> usize + Sync,
) -> Result<Vec<E::Sum>> {
    let (columns, outputs, giants) = (packing.columns() as isize, residuals.len(), packing.giants());
    let steps: Vec<isize> = (0..packing.baby_steps() as isize).map(|b| -b * columns).collect();
    let rotated = try_map(residuals.iter().enumerate(), |(k, residual)| {
        let everywhere = spread(engine, residual.clone(), packing.columns(), column(k))?;
        engine.rotate_many(&everywhere, &steps)
    })?;
    let mut sums: Vec<Option<E::Sum>> = sums.into_iter().map(Some).collect();
    sums.resize_with(giants.len() * outputs, || None);
    try_map(sums.into_iter().enumerate(), |(i, sum)| {
        let (giant, residual) = (giants[i / outputs], &rotated[i % outputs]);
        let terms: Vec<_> = block[giant.first..][..giant.baby_steps].iter().zip(residual).collect();
        engine.accumulate(sum, &terms)
    })
}

/// For each output, and for each chunk, the sum over all samples of residual times sample, tiled like the weights, from the sums that
/// [`backward`] made. One level. The scale is that of samples times that of residuals over the prime, doubled
/// [`Packing::gradient_doublings`] times.
///
/// # Errors
/// Those of the engine.
pub fn finish_backward<E: Engine>(engine: &E, packing: &Packing, sums: Vec<E::Sum>) -> Result<Vec<E::Value>> {
    let outputs = sums.len() / packing.giants().len();
    let chunks = packing.chunks();
    let of_output = |sums: Vec<E::Sum>| -> Result<Vec<E::Value>> {
        let mut sums = sums.into_iter();
        let by_chunk: Vec<(_, Vec<_>)> =
            chunks.iter().map(|chunk| (*chunk, sums.by_ref().take(chunk.giant_steps()).collect())).collect();
        let gradient = |(chunk, sums): (Chunk, Vec<E::Sum>)| -> Result<_> {
            let parts = try_map(sums, |sum| engine.finish(sum))?;
            let gradient = horner(engine, parts, -chunk.giant_rotation())?;
            Ok(ChunkGradient { chunk, value: real_gradient(engine, packing, gradient)? })
        };
        over_tiles(engine, packing, &try_map(by_chunk, gradient)?)
    };
    Ok(try_map(by_output(sums, outputs), of_output)?.into_iter().flatten().collect())
}

/// The gradient of a chunk's weights, not yet summed over the tiles.
struct ChunkGradient<V> {
    chunk: Chunk,
    value: V,
}

/// Sums gradients over the tiles. Two chunks share the rotations as real and imaginary part, which a conjugation separates at twice the
/// scale; a chunk without a partner goes through one too, to have the same scale. A single chunk needs none.
fn over_tiles<E: Engine>(
    engine: &E,
    packing: &Packing,
    gradients: &[ChunkGradient<E::Value>],
) -> Result<Vec<E::Value>> {
    let sum =
        |value: E::Value, from: &Chunk, to| add_rotations(engine, value, powers_of_two(from.features, to));
    if let [one] = gradients {
        return Ok(vec![sum(one.value.clone(), &one.chunk, packing.slots())?]);
    }
    // small chunks have the longer sums, so it is the largest that may stay alone
    let of_pair = |pair: &[ChunkGradient<E::Value>]| -> Result<Vec<E::Value>> {
        let [a, b] = pair else {
            let one = |one: &ChunkGradient<E::Value>| {
                engine.real_part(&sum(one.value.clone(), &one.chunk, packing.slots())?)
            };
            return pair.iter().map(one).collect();
        };
        let longer = sum(b.value.clone(), &b.chunk, a.chunk.features)?;
        let both = engine.add(&a.value, &engine.mul_i(&longer)?)?;
        let (a, b) = engine.parts(&sum(both, &a.chunk, packing.slots())?)?;
        Ok(vec![a, b])
    };
    let pairs: Vec<_> = gradients.rchunks(2).collect();
    Ok(try_map(pairs.into_iter().rev(), of_pair)?.into_iter().flatten().collect())
}

/// The sum of each row, in its column `column`; other columns get sums over parts of two rows. `log2 c` rotations, no level.
///
/// A rotation fetches from the right of `column` for a binary digit 0 of its index and from the left for a 1, so that together they
/// reach exactly the columns of the row.
///
/// # Errors
/// Those of the engine.
pub fn sum_columns<E: Engine>(
    engine: &E,
    value: E::Value,
    columns: usize,
    column: usize,
) -> Result<E::Value> {
    add_rotations(engine, value, away_from(column, columns))
}

/// Copies column `column` of each row into all columns of the row. The others must be zero. `log2 c` rotations, no level.
///
/// # Errors
/// Those of the engine.
pub fn spread<E: Engine>(engine: &E, value: E::Value, columns: usize, column: usize) -> Result<E::Value> {
    add_rotations(engine, value, away_from(column, columns).map(|step| -step))
}

fn away_from(column: usize, columns: usize) -> impl Iterator<Item = isize> {
    powers_of_two(1, columns).map(move |step| if column & step as usize == 0 { step } else { -step })
}

/// Adds to `value` its rotation by each step in turn: steps `f, 2 f, ..` below `t` sum `t / f` slots at distance `f`. No level.
///
/// # Errors
/// Those of the engine.
pub fn add_rotations<E: Engine>(
    engine: &E,
    mut value: E::Value,
    steps: impl Iterator<Item = isize>,
) -> Result<E::Value> {
    for step in steps {
        value = engine.add(&value, &engine.rotate(&value, step)?)?;
    }
    Ok(value)
}

/// `from, 2 from, ..` below `to`.
pub fn powers_of_two(from: usize, to: usize) -> impl Iterator<Item = isize> {
    std::iter::successors(Some(from), |k| Some(2 * k)).take_while(move |&k| k < to).map(|k| k as isize)
}

/// Separates a list in which outputs alternate into one list for each output.
fn by_output<T>(alternating: Vec<T>, outputs: usize) -> Vec<Vec<T>> {
    let mut lists: Vec<Vec<T>> = (0..outputs).map(|_| Vec::new()).collect();
    for (i, item) in alternating.into_iter().enumerate() {
        lists[i % outputs].push(item);
    }
    lists
}

/// `sum_k rot(parts[k], k step)`, with rotations by `step` alone.
fn horner<E: Engine>(engine: &E, mut parts: Vec<E::Value>, step: isize) -> Result<E::Value> {
    let mut sum = parts.remove(parts.len() - 1);
    while let Some(part) = parts.pop() {
        sum = engine.add(&part, &engine.rotate(&sum, step)?)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Packing, Sizes, join_residuals, split, untile};
    use super::*;
    use crate::engine::{Operations as _, Plain, Slots};
    use ndarray::{Array1, Array2, s};
    use proptest::prelude::*;

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    fn pack(packing: &Packing, x: &Array2<f64>) -> Vec<Vec<Slots>> {
        (0..packing.blocks())
            .map(|block| {
                let [from, to] = [block, block + 1].map(|b| (b * packing.block_samples()).min(x.nrows()));
                (0..packing.diagonals())
                    .map(|i| packing.diagonal_slots(&x.slice(s![from..to, ..]), i))
                    .collect()
            })
            .collect()
    }

    fn shapes() -> impl Strategy<Value = (Sizes, usize, usize, u64)> {
        (4u32..=10).prop_flat_map(|log_slots| {
            // one chunk, and several
            let chunks = prop_oneof![(0..=log_slots).prop_map(|log| 1 << log), 1..2usize << log_slots];
            chunks.prop_flat_map(move |features: usize| {
                let log_largest = features.ilog2();
                (0..=features.trailing_zeros()).prop_flat_map(move |log_columns| {
                    let free = (0..=log_largest - log_columns, 1usize..=3, any::<bool>());
                    free.prop_flat_map(move |(log_baby, blocks, complex)| {
                        let sizes = Sizes {
                            slots: 1 << log_slots,
                            features,
                            separate_intercept: true,
                            columns: 1 << log_columns,
                            baby_steps: 1 << log_baby,
                            blocks,
                            batches: 1,
                            complex,
                        };
                        let rows = Packing::new(sizes).unwrap().block_samples();
                        (Just(sizes), (blocks - 1) * rows + 1..=blocks * rows, 1..=features, any::<u64>())
                    })
                })
            })
        })
    }

    fn noise(seed: u64, i: usize) -> f64 {
        let mixed =
            (seed ^ (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn both_products_agree_with_dense_matrices((sizes, n, d, seed) in shapes()) {
            let packing = Packing::new(sizes).unwrap();
            let engine = Plain::new(sizes.slots);
            let x = Array2::from_shape_fn((n, d), |(i, j)| noise(seed, i * d + j));
            let w = Array1::from_shape_fn(d, |j| noise(!seed, j));
            let e = Array1::from_shape_fn(n, |i| noise(seed ^ 77, i));
            let blocks = pack(&packing, &x);

            let mut padded = vec![0.0; packing.features()];
            padded[..d].copy_from_slice(w.as_slice().unwrap());
            let chunks = packing.chunks();
            prop_assert_eq!(chunks.iter().map(|chunk| chunk.features).sum::<usize>(), packing.features());
            let tiled = |chunk: &Chunk| packing.tile(&padded[chunk.first..][..chunk.features]).into();
            let tiled: Vec<Slots> = chunks.iter().map(tiled).collect();
            let rotated = rotated_weights(&engine, &packing, &tiled).unwrap();
            let column = seed as usize % packing.columns();
            let mut z = Vec::new();
            let mut sums = Vec::new();
            for (i, block) in blocks.iter().enumerate() {
                let logits = forward(&engine, &packing, block, &rotated, |_| column).unwrap();
                let halves = split(&engine, &packing, logits).unwrap();
                prop_assert_eq!(halves.len(), packing.halves());
                let mut residuals = Vec::new();
                for (half, logits) in halves.iter().enumerate() {
                    z.extend(logits[0].real().iter().skip(column).step_by(packing.columns()));
                    let from = (i * packing.halves() + half) * packing.rows();
                    let residual = &e.as_slice().unwrap()[from.min(n)..(from + packing.rows()).min(n)];
                    let residual = packing.row_slots(residual).into();
                    residuals.push(vec![engine.rotate(&residual, -(column as isize)).unwrap()]);
                }
                let residuals = join_residuals(&engine, residuals).unwrap();
                sums = backward(&engine, &packing, sums, block, &residuals, |_| column).unwrap();
            }
            prop_assert!(close(&z[..n], x.dot(&w).as_slice().unwrap()));
            prop_assert!(z[n..].iter().all(|z| *z == 0.0));

            let gradients = finish_backward(&engine, &packing, sums).unwrap();
            prop_assert_eq!(gradients.len(), chunks.len());
            let mut dense = vec![0.0; packing.features()];
            dense[..d].copy_from_slice(x.t().dot(&e).as_slice().unwrap());
            for (chunk, gradient) in chunks.iter().zip(&gradients) {
                prop_assert!(gradient.imaginary().is_none());
                let period = untile(gradient.real(), chunk.features);
                prop_assert!(close(&period, &dense[chunk.first..][..chunk.features]));
                prop_assert!(close(gradient.real(), &packing.tile(&period)));
            }
        }
    }

    /// Chunks of fewer diagonals than baby steps take part in the first baby steps alone.
    #[test]
    fn features_are_cut_at_their_binary_digits() {
        let sizes = Sizes {
            slots: 512,
            features: 384 + 8,
            separate_intercept: false,
            columns: 8,
            baby_steps: 4,
            blocks: 1,
            batches: 1,
            complex: false,
        };
        let packing = Packing::new(sizes).unwrap();
        let cut: Vec<_> =
            packing.chunks().iter().map(|c| (c.first, c.features, c.baby_steps, c.giant_steps())).collect();
        assert_eq!(cut, [(0, 256, 4, 8), (256, 128, 4, 4), (384, 8, 1, 1)]);
        assert_eq!((packing.diagonals(), packing.giants().len()), (49, 13));
        assert_eq!((packing.constant_feature(), packing.most_features()), (Some(391), 391));
        let x = Array2::from_shape_fn((1, 390), |(_, j)| j as f64);
        let last = packing.diagonal_slots(&x.view(), 48);
        assert_eq!(last.real()[..8], [384.0, 385.0, 386.0, 387.0, 388.0, 389.0, 0.0, 1.0]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let good = Sizes {
            slots: 64,
            features: 16,
            separate_intercept: false,
            columns: 4,
            baby_steps: 2,
            blocks: 1,
            batches: 1,
            complex: true,
        };
        assert!(Packing::new(good).is_ok());
        assert!(Packing::new(Sizes { features: 12, ..good }).is_ok());
        for bad in [
            Sizes { slots: 63, ..good },
            Sizes { features: 128, ..good },
            Sizes { features: 14, ..good },
            Sizes { features: 0, ..good },
            Sizes { columns: 32, ..good },
            Sizes { columns: 0, ..good },
            Sizes { baby_steps: 8, ..good },
            Sizes { baby_steps: 0, ..good },
            Sizes { blocks: 0, ..good },
            Sizes { blocks: 3, batches: 2, ..good },
            Sizes { batches: 0, ..good },
            Sizes { slots: 1 << 62, ..good },
            Sizes { features: usize::MAX, ..good },
            Sizes { columns: 1 << 63, ..good },
            Sizes { blocks: 1 << 36, ..good },
        ] {
            assert!(Packing::new(bad).is_err(), "{bad:?}");
        }
    }
}
