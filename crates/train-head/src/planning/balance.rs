//! Whether there are samples enough of each class or label, and what weights of the classes would do.

use head_fit::{ClassWeight, Classifier};
use ndarray::{Array1, Array2};

use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::targets::Vocabulary;
use crate::wording;

/// Share of the samples below which a class is rare, unless there are so many classes that this is usual: then half of an even share.
const RARE: f64 = 0.1;

/// Whether a class of `count` of `all` samples is rare among so many classes.
pub(crate) fn is_rare(count: usize, all: usize, classes: usize) -> bool {
    let share = count as f64 / all as f64;
    share < RARE.min(0.5 / classes as f64)
}

/// Refuses a class with fewer training samples than a training needs, or a label that too few samples have or lack, by name. Samples of
/// weight 0 do not count.
///
/// # Errors
/// The first such class or label, with its count.
pub(super) fn expect_members(
    vocabulary: &Vocabulary,
    y: &Array2<f64>,
    weight: &Array1<f64>,
    least: usize,
) -> Result<()> {
    let counted: Vec<usize> = (0..y.nrows()).filter(|&row| weight[row] > 0.0).collect();
    let counts = vocabulary.counts(&y.select(ndarray::Axis(0), &counted).view());
    let zero = if counted.len() < y.nrows() { " with a weight above 0" } else { "" };
    for (name, &count) in vocabulary.names().iter().zip(&counts) {
        let refuse = |what: String| {
            Err(Failure::data(what)
                .help("merge it with another one, leave it out, or get more samples of it"))
        };
        match vocabulary {
            Vocabulary::Classes(_) if count < least => {
                return refuse(format!(
                    "class {name:?} has {}{zero}: training needs at least {least} of each",
                    wording::counted(count, "training sample")
                ));
            }
            Vocabulary::Labels(_) if count.min(counted.len() - count) < least => {
                return refuse(format!(
                    "label {name:?}: {}{zero} have it and {} do not; training needs at least {least} of each",
                    wording::counted(count, "training sample"),
                    counted.len() - count
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Says which classes are rare, and what `--class-weight balanced` would do about it.
pub(super) fn note(vocabulary: &Vocabulary, y: &Array2<f64>, asked: &Classifier, console: &Console) {
    let Vocabulary::Classes(classes) = vocabulary else { return };
    if asked.class_weight == ClassWeight::Uniform
        && let Some(text) = imbalance(classes.names(), &vocabulary.counts(&y.view()))
    {
        console.note(text);
    }
}

fn imbalance(names: &[String], counts: &[usize]) -> Option<String> {
    let all: usize = counts.iter().sum();
    let of = |&(_, &count): &(&String, &usize)| is_rare(count, all, counts.len());
    let rare: Vec<_> = names.iter().zip(counts).filter(of).collect();
    let listed: Vec<String> =
        rare.iter().map(|(name, count)| format!("{name:?} ({count} of {all} training samples)")).collect();
    let fewest = rare.iter().map(|&(_, &count)| count).min()?;
    let most = counts.iter().copied().max()?;
    let weight = |count: usize| all as f64 / (counts.len() * count.max(1)) as f64;
    Some(format!(
        "rare: {}. With --class-weight balanced each sample of the rarest class would count {:.1} times and each of the largest {:.2} times: \
         more of the rare ones are found, for more false alarms",
        listed.join(", "),
        weight(fewest),
        weight(most)
    ))
}

/// What rare classes mean for the measures, without their names.
pub(crate) fn remark(counts: &[usize], weight: &ClassWeight) -> Option<String> {
    let all: usize = counts.iter().sum();
    let who = match counts.iter().filter(|&&count| is_rare(count, all, counts.len())).count() {
        0 => return None,
        1 => "one of the classes is".to_owned(),
        several => format!("{several} of the classes are"),
    };
    let advice = match weight {
        ClassWeight::Uniform => " `--class-weight balanced` makes classes count the same in training.",
        ClassWeight::Balanced | ClassWeight::Given(..) => "",
    };
    Some(format!(
        "The classes are not equally frequent: {who} rare, below a tenth of the training samples. Accuracy alone then says little, since a head that never calls a rare \
         class is right most of the time; sensitivity, predictive values and the precision-recall curve say more, and intervals are wide where few \
         samples are.{advice}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_classes_are_named_with_what_weights_would_do() {
        let names = ["sick".to_owned(), "well".into()];
        let text = imbalance(&names, &[5, 95]).unwrap_or_default();
        assert!(
            text.contains("\"sick\" (5 of 100") && text.contains("10.0 times") && text.contains("0.53"),
            "{text}"
        );
        assert_eq!(imbalance(&names, &[10, 90]), None);
        // of ten classes, a tenth is no rarity
        let ten: Vec<String> = (0..10).map(|k| k.to_string()).collect();
        assert_eq!(imbalance(&ten, &[99, 101, 98, 102, 100, 100, 100, 100, 100, 100]), None);
        assert!(imbalance(&ten, &[30, 140, 100, 100, 100, 100, 100, 100, 100, 130]).is_some());
    }
}
