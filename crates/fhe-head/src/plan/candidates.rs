//! The packings that a plan chooses from.

use ckks::Parameters;

use super::request::Request;
use crate::error::Result;
use crate::heads::Head;
use crate::packing::{Packing, Sizes};
use crate::samples::padded_features;

/// The smallest chunk of features, and its smallest share of the power of two that holds them all. The compute party learns the
/// number of features from the cut, up to that share.
const SMALLEST_CHUNK: usize = 16;
const FINEST_CUT: usize = 8;

/// Every packing that holds the data and that the head accepts, with any columns and baby steps, and with pairs as requested. There is one
/// list for each way to cut the features; that of a single chunk comes first.
pub(super) fn candidates<H: Head>(
    parameters: &Parameters,
    request: &Request<H>,
) -> Result<Vec<Vec<Packing>>> {
    let lists = cuts(request.features).into_iter().map(|cut| of_cut(parameters, request, cut));
    let lists = lists.collect::<Result<Vec<_>>>()?;
    Ok(lists.into_iter().filter(|packings| !packings.is_empty()).collect())
}

/// How features are padded, and where their intercept is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    padded: usize,
    separate_intercept: bool,
}

/// The ways to cut this number of features. The first is one chunk for all of them and the constant one; the others pad as little as is
/// allowed. A padded feature that is free serves as the constant one, at no cost.
fn cuts(features: usize) -> Vec<Cut> {
    let mut cuts = vec![Cut { padded: padded_features(features), separate_intercept: false }];
    for (needed, separate_intercept) in [(features + 1, false), (features, true)] {
        let whole = needed.next_power_of_two();
        let chunk = (whole / FINEST_CUT).max(SMALLEST_CHUNK).min(whole);
        let cut = Cut { padded: needed.next_multiple_of(chunk), separate_intercept };
        let has_free = separate_intercept && cut.padded > features;
        if !has_free && !cuts.contains(&cut) {
            cuts.push(cut);
        }
    }
    cuts
}

fn of_cut<H: Head>(parameters: &Parameters, request: &Request<H>, cut: Cut) -> Result<Vec<Packing>> {
    let (slots, features, batches) = (parameters.slots(), cut.padded, request.batches);
    let (largest, smallest) = (1 << features.ilog2(), 1 << features.trailing_zeros());
    let mut packings = Vec::new();
    if largest > slots {
        return Ok(packings);
    }
    for &complex in request.complex() {
        for columns in powers(1, smallest) {
            for baby_steps in powers(1, largest / columns) {
                let separate_intercept = cut.separate_intercept;
                let blocks = batches;
                let sizes = Sizes {
                    slots,
                    features,
                    separate_intercept,
                    columns,
                    baby_steps,
                    blocks,
                    batches,
                    complex,
                };
                let blocks = request.blocks(Packing::new(sizes)?.block_samples());
                let packing = Packing::new(Sizes { blocks: batches * blocks, ..sizes })?;
                if request.head.accepts(&packing) && request.holds_earlier_weights(&packing) {
                    packings.push(packing);
                }
            }
        }
    }
    Ok(packings)
}

/// Powers of two from `from`, which is one, to `to`.
fn powers(from: usize, to: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(from), |k| Some(2 * k)).take_while(move |&k| k <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constant_feature_takes_a_free_place_and_no_other() {
        let of = |features| {
            let cuts = cuts(features).into_iter();
            cuts.map(|cut| (cut.padded, cut.separate_intercept)).collect::<Vec<_>>()
        };
        assert_eq!(of(30), [(32, false)]);
        assert_eq!(of(196), [(256, false), (224, false)]);
        assert_eq!(of(255), [(256, false)]);
        assert_eq!(of(64), [(128, false), (80, false), (64, true)]);
        assert_eq!(of(384), [(512, false), (448, false), (384, true)]);
        // never more exactly than to an eighth
        assert_eq!(of(1000), [(1024, false)]);
        assert_eq!(of(5), [(8, false)]);
    }
}
