//! Areas under the ROC and the precision-recall curve, with intervals.

use super::descending;
use super::estimate::Estimate;

/// AUROC with DeLong's variance (DeLong, DeLong and Clarke-Pearson 1988, by the ranks of Sun and Xu 2014) on logits. `None` when a
/// class is absent.
///
/// If the classes are separated, the estimated variance is zero, which claims too much. The interval is then Wilson's of a
/// proportion of the smaller class.
pub(super) fn auroc(positive: &[bool], scores: &[f64]) -> Option<Estimate> {
    let of = |class: bool| -> Vec<f64> {
        positive.iter().zip(scores).filter(|(is, _)| **is == class).map(|(_, score)| *score).collect()
    };
    let (positives, negatives) = (of(true), of(false));
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    // share of the other class below each sample, ties half
    let below = |samples: &[f64], others: &[f64]| -> Vec<f64> {
        let mut others = others.to_vec();
        others.sort_by(f64::total_cmp);
        let share = |score: &f64| {
            let less = others.partition_point(|other| other < score);
            let not_more = others.partition_point(|other| other <= score);
            (less + not_more) as f64 / (2.0 * others.len() as f64)
        };
        samples.iter().map(share).collect()
    };
    let (won, lost) = (below(&positives, &negatives), below(&negatives, &positives));
    let area = mean(&won);
    let variance = variance(&won) / won.len() as f64 + variance(&lost) / lost.len() as f64;
    let smaller = positives.len().min(negatives.len());
    Some(interval(area, variance.sqrt() / (area * (1.0 - area)), smaller))
}

/// Average precision with the logit interval of Boyd, Eng and Page (2013). `None` when a class is absent.
pub(super) fn auprc(positive: &[bool], scores: &[f64]) -> Option<Estimate> {
    let positives = positive.iter().filter(|&&is| is).count();
    if positives == 0 || positives == positive.len() {
        return None;
    }
    let (mut hits, mut alarms, mut area) = (0usize, 0usize, 0.0);
    for ties in descending(scores).chunk_by(|&a, &b| scores[a] == scores[b]) {
        let new = ties.iter().filter(|&&i| positive[i]).count();
        hits += new;
        alarms += ties.len();
        area += new as f64 * hits as f64 / alarms as f64;
    }
    let area = area / positives as f64;
    Some(interval(area, (positives as f64 * area * (1.0 - area)).sqrt().recip(), positives))
}

/// The interval of an area on logits; at the ends, where there is no logit, that of a proportion of so many samples.
fn interval(area: f64, error_of_logit: f64, samples: usize) -> Estimate {
    let at_an_end = |hits| Estimate::proportion(hits, samples).map(|p| Estimate { value: area, ..p });
    let certain = Estimate { value: area, low: area, high: area };
    match area {
        _ if error_of_logit > 0.0 && error_of_logit.is_finite() => Estimate::on_logits(area, error_of_logit),
        one if one >= 1.0 => at_an_end(samples).unwrap_or(certain),
        zero if zero <= 0.0 => at_an_end(0).unwrap_or(certain),
        _ => certain,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Unbiased; zero for one value.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let freedom = values.len().saturating_sub(1).max(1) as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / freedom
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::measures::samples::{LABELS, SCORES, close, positives};

    /// DeLong's variance by its definition, summed over pairs in numpy 2.4.6; the area is scikit-learn 1.9.1's `roc_auc_score`.
    #[test]
    fn delong() {
        close(auroc(&positives(&LABELS), &SCORES).unwrap(), AUROC);
    }

    /// The area is scikit-learn 1.9.1's `average_precision_score`; the interval is computed in numpy 2.4.6.
    #[test]
    fn boyd() {
        close(auprc(&positives(&LABELS), &SCORES).unwrap(), AUPRC);
    }

    #[test]
    fn separated_classes_have_an_interval() {
        let area = auroc(&[false, false, true, true], &[0.1, 0.2, 0.8, 0.9]).unwrap();
        assert_eq!((area.value, area.high), (1.0, 1.0));
        assert!((area.low - Estimate::proportion(2, 2).unwrap().low).abs() < 1e-12);
        let area = auroc(&[true, false], &[0.1, 0.2]).unwrap();
        assert_eq!((area.value, area.low), (0.0, 0.0));
        assert!(area.high > 0.7);
    }

    #[test]
    fn an_absent_class_has_no_area() {
        assert_eq!(auroc(&[true, true], &[0.1, 0.2]), None);
        assert_eq!(auprc(&[false, false], &[0.1, 0.2]), None);
    }

    const AUROC: [f64; 3] = [0.866_666_666_666_666_7, 0.650_607_981_307_498_3, 0.957_786_775_291_724];
    const AUPRC: [f64; 3] = [0.830_495_430_495_430_6, 0.462_039_927_946_389_93, 0.965_457_716_155_976_4];
}
