//! MPNet's relative position bias, in the logarithmic buckets of T5 (Raffel et al., arXiv:1910.10683).

use super::config::Config;
use crate::error::Result;
use crate::ops::attention::RelativeBias;
use crate::ops::with_slice;
use crate::weights::Scope;

/// Distances from here on share the last bucket.
const MAX_DISTANCE: f32 = 128.0;

/// Loads the table of buckets and spreads it over all distances within `positions`.
pub(super) fn load(encoder: &Scope<'_>, config: &Config, positions: usize) -> Result<RelativeBias> {
    let (buckets, heads) = (config.relative_attention_num_buckets, config.num_attention_heads);
    let table = encoder.tensor("relative_attention_bias.weight", &[buckets, heads])?;
    Ok(with_slice(&table, |table| {
        // The reference cuts distances into 32 buckets whatever the size of the table.
        RelativeBias::new(heads, positions, |head, distance| {
            table[bucket(distance, 32).min(buckets - 1) * heads + head]
        })
    })?)
}

/// Bucket of `distance` = key - query: half of them for each direction, exact up to a quarter, then logarithmic.
fn bucket(distance: isize, buckets: usize) -> usize {
    let half = buckets / 2;
    let direction = if distance > 0 { half } else { 0 };
    let n = distance.unsigned_abs();
    let exact = half / 2;
    if n < exact {
        return direction + n;
    }
    let far = (n as f32 / exact as f32).ln() / (MAX_DISTANCE / exact as f32).ln() * (half - exact) as f32;
    direction + (exact + far as usize).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn buckets_grow_with_the_distance() {
        let of = |d| bucket(d, 32);
        assert_eq!([of(0), of(-1), of(-7), of(-8), of(-15), of(-16)], [0, 1, 7, 8, 9, 10]);
        assert_eq!(
            [of(1), of(7), of(8), of(32), of(64), of(127), of(128), of(5000)],
            [17, 23, 24, 28, 30, 31, 31, 31]
        );
    }
}
