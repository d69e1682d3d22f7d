//! A rule on one column: a threshold between classes, or the most frequent class of each value if there are few values that recur.

use std::collections::HashMap;

/// Fewest rows that leaks are looked for in.
const MIN_ROWS: usize = 40;
/// Fewest rows of a class that counts.
const MIN_CLASS: usize = 6;
/// Most different values for a rule that looks at each.
const FEW_VALUES: usize = 50;

/// Balanced accuracy of the rule on the rows that it was not fitted on; `None` if there are too few.
pub(super) fn told(values: &[Option<f64>], codes: &[usize]) -> Option<f64> {
    let mut rows_of: HashMap<usize, usize> = HashMap::new();
    codes.iter().for_each(|code| *rows_of.entry(*code).or_default() += 1);
    let mut classes: Vec<usize> =
        rows_of.iter().filter(|(_, rows)| **rows >= MIN_CLASS).map(|(class, _)| *class).collect();
    classes.sort_unstable();
    if values.len() < MIN_ROWS || classes.len() < 2 {
        return None;
    }
    // Half of each class, by multiples of the golden ratio: they spread evenly and follow no period of the table.
    let mut seen: HashMap<usize, u64> = HashMap::new();
    let (mut fitted, mut judged) = (Vec::new(), Vec::new());
    for (value, code) in values.iter().zip(codes) {
        let nth = seen.entry(*code).or_default();
        *nth = nth.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let side = if *nth >> 63 == 1 { &mut fitted } else { &mut judged };
        if classes.contains(code) {
            side.push((*value, *code));
        }
    }
    let rule = Rule::fit(&fitted, &classes)?;
    let mut right: HashMap<usize, (usize, usize)> = HashMap::new();
    for (value, code) in judged {
        let (hits, all) = right.entry(code).or_default();
        *all += 1;
        *hits += usize::from(rule.class(value) == Some(code));
    }
    let recalls = right.values().map(|(hits, all)| *hits as f64 / *all as f64);
    Some(recalls.sum::<f64>() / classes.len() as f64)
}

/// A rule on one value. A missing value is none of the classes.
enum Rule {
    /// The class of each value, by its bits.
    Values(HashMap<u64, usize>),
    /// Classes from low to high values, with the thresholds between them.
    Thresholds(Vec<usize>, Vec<f64>),
}

impl Rule {
    fn fit(rows: &[(Option<f64>, usize)], classes: &[usize]) -> Option<Self> {
        let mut counts: HashMap<u64, HashMap<usize, usize>> = HashMap::new();
        for (value, code) in rows {
            if let Some(value) = value {
                *counts.entry(value.to_bits()).or_default().entry(*code).or_default() += 1;
            }
        }
        if counts.len() < 2 {
            return None;
        }
        if counts.len() <= FEW_VALUES && counts.len() * 2 <= rows.len() {
            let most = |counts: HashMap<usize, usize>| {
                counts.into_iter().max_by_key(|(code, rows)| (*rows, *code)).map_or(0, |(code, _)| code)
            };
            return Some(Self::Values(
                counts.into_iter().map(|(value, counts)| (value, most(counts))).collect(),
            ));
        }
        let of = |class: usize| {
            let mut values: Vec<f64> =
                rows.iter().filter(|(_, code)| *code == class).filter_map(|(value, _)| *value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let mut sorted: Vec<(usize, Vec<f64>)> = classes.iter().map(|class| (*class, of(*class))).collect();
        if sorted.iter().any(|(_, values)| values.is_empty()) {
            return None;
        }
        sorted.sort_by(|a, b| a.1[a.1.len() / 2].total_cmp(&b.1[b.1.len() / 2]));
        let thresholds = sorted.windows(2).map(|pair| threshold(&pair[0].1, &pair[1].1)).collect();
        Some(Self::Thresholds(sorted.into_iter().map(|(class, _)| class).collect(), thresholds))
    }

    fn class(&self, value: Option<f64>) -> Option<usize> {
        let value = value?;
        match self {
            Self::Values(classes) => classes.get(&value.to_bits()).copied(),
            Self::Thresholds(classes, thresholds) => {
                classes.get(thresholds.iter().filter(|threshold| value > **threshold).count()).copied()
            }
        }
    }
}

/// The threshold that separates sorted low from sorted high values best, classes counted equally.
fn threshold(low: &[f64], high: &[f64]) -> f64 {
    let mut candidates: Vec<f64> = low.iter().chain(high).copied().collect();
    candidates.sort_by(f64::total_cmp);
    candidates.dedup();
    let below =
        |values: &[f64], at: f64| values.partition_point(|value| *value <= at) as f64 / values.len() as f64;
    let score = |at: f64| below(low, at) - below(high, at);
    let middles = candidates.windows(2).map(|pair| pair[0] / 2.0 + pair[1] / 2.0);
    middles.max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap_or(0.0)
}
