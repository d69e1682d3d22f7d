//! How many stages of the special Fourier transform go into each factor.

/// Costs, in milliseconds at N = 2^15 on one core, of the steps that a factor of CoeffsToSlots takes; only ratios matter.
const RAISED_ROTATION: f64 = 1.1;
const BABY: f64 = 2.6;
const GIANT: f64 = 11.0;
const DIAGONAL: f64 = 0.4;

/// The cheapest division of `log_slots` stages into one factor on the raise and `levels` more.
pub(crate) fn coeffs_to_slots_stages(log_slots: usize, levels: usize) -> Vec<usize> {
    let mut best: Option<(f64, Vec<usize>)> = None;
    // each factor has a stage at least
    for first in 1..=log_slots - levels {
        let rest = crate::linear::split_stages(log_slots - first, levels);
        let cost =
            RAISED_ROTATION * (1usize << first) as f64 + rest.iter().map(|&k| factor_cost(k)).sum::<f64>();
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, [&[first], &rest[..]].concat()));
        }
    }
    best.map(|(_, stages)| stages).unwrap_or_default()
}

/// `2^(stages + 1) - 1` diagonals in the best division into babies and giants.
fn factor_cost(stages: usize) -> f64 {
    let diagonals = 1usize << (stages + 1);
    let steps = (0..=stages + 1).map(|log| {
        let babies = 1usize << log;
        BABY * (babies - 1) as f64 + GIANT * (diagonals / babies - 1) as f64 + DIAGONAL * diagonals as f64
    });
    steps.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheap_first_factor_takes_the_larger_share() {
        assert_eq!(coeffs_to_slots_stages(9, 1), [5, 4]);
        assert_eq!(coeffs_to_slots_stages(14, 1), [7, 7]);
        assert_eq!(coeffs_to_slots_stages(4, 2).iter().sum::<usize>(), 4);
        for log_slots in 4..=15 {
            for levels in 1..=3 {
                let stages = coeffs_to_slots_stages(log_slots, levels);
                assert_eq!((stages.len(), stages.iter().sum::<usize>()), (levels + 1, log_slots));
                assert!(stages.iter().all(|&k| k > 0));
            }
        }
    }
}
