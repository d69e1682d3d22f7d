//! The probability above which a sample is called positive, by a stated aim.

use std::fmt;
use std::str::FromStr;

use fhe_head::{Error, Result};
use serde::{Deserialize, Serialize};

use super::clinical::Counts;
use super::estimate::Estimate;
use super::{descending, expect_pairs};

/// What a threshold is chosen for. Written and read as `youden`, `sensitivity=0.95`, `specificity=0.9`, `cost=10:1` (a missed positive
/// to a false alarm) or a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Aim {
    /// The largest sum of sensitivity and specificity (Youden 1950).
    Youden,
    /// At least this sensitivity, and the highest specificity with it.
    Sensitivity(f64),
    /// At least this specificity, and the highest sensitivity with it.
    Specificity(f64),
    /// The least cost.
    Cost {
        /// Cost of a missed positive.
        missed: f64,
        /// Cost of a false alarm.
        alarm: f64,
    },
    /// This very threshold, within (0, 1).
    Given(f64),
}

/// A threshold, and what it achieves on the samples that it was chosen on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Samples above this probability are called positive.
    pub value: f64,
    /// What it was chosen for.
    pub aim: Aim,
    /// Sensitivity on those samples. It is optimistic: the threshold was chosen on them.
    pub sensitivity: Estimate,
    /// Specificity on those samples.
    pub specificity: Estimate,
    /// Number of those samples.
    pub samples: usize,
}

/// Chooses a threshold on `labels` (0 or 1) and probabilities of the positive class, one each. It lies between two probabilities and has
/// as few digits as fit there, so it is no sample's own. Thresholds that serve a least sensitivity or
/// specificity equally well are told apart by that rate; otherwise the lower one is taken, which misses fewer.
///
/// # Errors
/// [`Error::Shape`] if there are not as many probabilities as labels; [`Error::Data`] if a class is absent; [`Error::Parameter`] if no
/// threshold meets the aim and still tells some samples apart.
pub fn choose(labels: &[f64], probabilities: &[f64], aim: Aim) -> Result<Threshold> {
    expect_pairs(labels, probabilities)?;
    let positive: Vec<bool> = labels.iter().map(|&y| y > 0.5).collect();
    let achieved = |value: f64, counts: Counts| {
        let (Some(sensitivity), Some(specificity)) = (counts.sensitivity(), counts.specificity()) else {
            return Err(Error::Data("a threshold needs samples of both classes to be chosen on".into()));
        };
        Ok(Threshold { value, aim, sensitivity, specificity, samples: labels.len() })
    };
    let given = if let Aim::Given(value) = aim { value } else { 0.5 };
    let at_given = achieved(given, Counts::of(&positive, probabilities.iter().map(|&p| p > given)))?;
    if matches!(aim, Aim::Given(_)) {
        return Ok(at_given);
    }
    let mut best: Option<([f64; 2], Threshold)> = None;
    for (value, counts) in cuts(&positive, probabilities) {
        let threshold = achieved(value, counts)?;
        let Some(merit) = merit(aim, &threshold, counts) else { continue };
        // cuts run from the highest threshold down: the lower of equal ones wins
        if best.is_none_or(|(most, _)| merit >= most) {
            best = Some((merit, threshold));
        }
    }
    let tells_apart = |t: &Threshold| match aim {
        Aim::Youden => t.sensitivity.value + t.specificity.value > 1.0,
        _ => t.sensitivity.value > 0.0 && t.specificity.value > 0.0,
    };
    best.map(|(_, threshold)| threshold).filter(tells_apart).ok_or_else(|| Error::Parameter {
        name: "threshold",
        got: aim.to_string(),
        expected: "an aim that some threshold meets on these samples without calling all of them the same"
            .into(),
    })
}

/// How good a threshold is for an aim, and what tells equally good ones apart; `None` if it misses the aim.
fn merit(aim: Aim, threshold: &Threshold, counts: Counts) -> Option<[f64; 2]> {
    let (sensitivity, specificity) = (threshold.sensitivity.value, threshold.specificity.value);
    match aim {
        // rounding must not tell equal sums apart
        Aim::Youden => Some([((sensitivity + specificity) * 1e12).round(), sensitivity]),
        Aim::Sensitivity(least) => (sensitivity >= least).then_some([specificity, sensitivity]),
        Aim::Specificity(least) => (specificity >= least).then_some([sensitivity, specificity]),
        Aim::Cost { missed, alarm } => {
            let cost = missed * counts.false_negatives as f64 + alarm * counts.false_positives as f64;
            Some([-cost, sensitivity])
        }
        Aim::Given(_) => None,
    }
}

/// Thresholds from above the highest probability to below the lowest, each with its counts. Ends at 0 or 1 have no threshold beyond.
fn cuts(positive: &[bool], probabilities: &[f64]) -> Vec<(f64, Counts)> {
    let order = descending(probabilities);
    let mut counts = Counts::of(positive, std::iter::repeat_n(false, positive.len()));
    let (mut above, mut cuts) = (1.0, Vec::new());
    for ties in order.chunk_by(|&a, &b| probabilities[a] == probabilities[b]) {
        let below = probabilities[ties[0]];
        cuts.extend(between(below, above).map(|value| (value, counts)));
        for &i in ties {
            match positive[i] {
                true => {
                    (counts.false_negatives, counts.true_positives) =
                        (counts.false_negatives - 1, counts.true_positives + 1);
                }
                false => {
                    (counts.true_negatives, counts.false_positives) =
                        (counts.true_negatives - 1, counts.false_positives + 1);
                }
            }
        }
        above = below;
    }
    cuts.extend(between(0.0, above).map(|value| (value, counts)));
    cuts
}

/// The number nearest to the middle with as few decimals as lie strictly between two numbers; `None` if none does.
fn between(low: f64, high: f64) -> Option<f64> {
    let middle = f64::midpoint(low, high);
    let with_digits = |digits: i32| {
        let scale = 10f64.powi(digits);
        let rounded = (middle * scale).round() / scale;
        (low < rounded && rounded < high).then_some(rounded)
    };
    (1..=15).find_map(with_digits).or_else(|| (low < middle && middle < high).then_some(middle))
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Youden => write!(f, "youden"),
            Self::Sensitivity(least) => write!(f, "sensitivity={least}"),
            Self::Specificity(least) => write!(f, "specificity={least}"),
            Self::Cost { missed, alarm } => write!(f, "cost={missed}:{alarm}"),
            Self::Given(value) => write!(f, "{value}"),
        }
    }
}

impl From<Aim> for String {
    fn from(aim: Aim) -> Self {
        aim.to_string()
    }
}

impl TryFrom<String> for Aim {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl FromStr for Aim {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = |expected: &str| Error::Parameter {
            name: "threshold",
            got: text.to_owned(),
            expected: expected.to_owned(),
        };
        let number = |word: &str| word.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        let rate = |word: &str| {
            number(word)
                .filter(|rate| *rate > 0.0 && *rate <= 1.0)
                .ok_or_else(|| refuse("a share above 0 and at most 1, such as sensitivity=0.95"))
        };
        match text.trim().split_once('=') {
            None if text.trim() == "youden" => Ok(Self::Youden),
            None => number(text).filter(|value| *value > 0.0 && *value < 1.0).map(Self::Given).ok_or_else(|| {
                refuse("youden, sensitivity=SHARE, specificity=SHARE, cost=MISSED:ALARM or a number between 0 and 1")
            }),
            Some(("sensitivity", share)) => rate(share).map(Self::Sensitivity),
            Some(("specificity", share)) => rate(share).map(Self::Specificity),
            Some(("cost", costs)) => {
                let positive = |word: &str| number(word).filter(|cost| *cost > 0.0);
                let costs = costs.split_once(':').map(|(missed, alarm)| (positive(missed), positive(alarm)));
                match costs {
                    Some((Some(missed), Some(alarm))) => Ok(Self::Cost { missed, alarm }),
                    _ => Err(refuse("the costs of a missed positive and of a false alarm, both positive, such as cost=10:1")),
                }
            }
            Some(_) => Err(refuse("youden, sensitivity=, specificity=, cost= or a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const Y: [f64; 8] = [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0];
    const P: [f64; 8] = [0.05, 0.12, 0.21, 0.33, 0.48, 0.55, 0.71, 0.93];

    fn value(aim: &str) -> Result<f64> {
        choose(&Y, &P, aim.parse()?).map(|threshold| threshold.value)
    }

    #[test]
    fn each_aim_finds_its_threshold() {
        // three cuts share the largest sum, 1.5: above 0.12, above 0.33 and above 0.55
        assert_eq!(value("youden").unwrap(), 0.2);
        assert_eq!(value("sensitivity=1").unwrap(), 0.2);
        assert_eq!(value("sensitivity=0.75").unwrap(), 0.4);
        assert_eq!(value("specificity=1").unwrap(), 0.6);
        assert_eq!(value("cost=10:1").unwrap(), 0.2);
        assert_eq!(value("cost=1:10").unwrap(), 0.6);
        assert_eq!(value("0.25").unwrap(), 0.25);
        let t = choose(&Y, &P, Aim::Sensitivity(0.75)).unwrap();
        assert_eq!((t.sensitivity.value, t.specificity.value, t.samples), (0.75, 0.75, 8));
    }

    #[test]
    fn separated_classes_are_cut_between_them() {
        let (y, p) = ([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [1e-14, 0.1, 0.2, 0.8, 0.9, 0.95]);
        for aim in ["youden", "sensitivity=0.6", "specificity=0.6", "cost=1:1"] {
            assert_eq!(choose(&y, &p, aim.parse().unwrap()).unwrap().value, 0.5, "{aim}");
        }
    }

    #[test]
    fn no_threshold_is_a_samples_own_probability() {
        assert_eq!(between(0.3, 0.4), Some(0.35));
        assert_eq!(between(0.371_283, 0.371_91), Some(0.3716));
        assert_eq!(between(0.5, 0.5), None);
        assert_eq!(between(0.0, f64::MIN_POSITIVE), Some(f64::MIN_POSITIVE / 2.0));
    }

    #[test]
    fn what_cannot_be_met_is_refused() {
        // the lowest score is a positive's: full sensitivity would call everything positive
        let reversed: Vec<f64> = P.iter().map(|p| 1.0 - p).collect();
        assert!(choose(&Y, &reversed, Aim::Sensitivity(1.0)).is_err());
        assert!(choose(&[0.0, 1.0], &[0.9, 0.1], Aim::Youden).is_err());
        // so rare an alarm is worth nothing
        let all_alike = choose(&[0.0, 1.0, 0.0], &[0.4; 3], Aim::Cost { missed: 1.0, alarm: 1.0 });
        assert!(all_alike.unwrap_err().to_string().contains("cost=1:1"));
        for aim in [Aim::Youden, Aim::Given(0.5)] {
            assert!(choose(&[1.0, 1.0], &[0.2, 0.9], aim).unwrap_err().to_string().contains("both classes"));
        }
        assert!(choose(&[1.0], &[0.2, 0.9], Aim::Youden).is_err());
    }

    #[test]
    fn aims_are_read_as_they_are_written() {
        for text in ["youden", "sensitivity=0.95", "specificity=0.9", "cost=10:1", "0.3"] {
            assert_eq!(text.parse::<Aim>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "best",
            "sensitivity=0",
            "sensitivity=95",
            "cost=10",
            "cost=0:1",
            "cost=1:-1",
            "1.5",
            "0",
            "nan",
            "f1=2",
        ] {
            assert!(bad.parse::<Aim>().is_err(), "{bad}");
        }
    }
}
