//! What was warned about, in plain words.

use head_fit::ClassWeight;
use pages::{Block, Section};

use crate::planning::balance::is_rare;
use crate::run::report::Report;

/// The section; none if nothing was warned about.
pub(super) fn section(warnings: Vec<String>) -> Option<Section> {
    (!warnings.is_empty()).then(|| Section { title: "Warnings".into(), blocks: vec![Block::List(warnings)] })
}

/// The warnings of a run.
pub(super) fn of_run(report: &Report) -> Vec<String> {
    report.warnings.iter().cloned().chain(imbalance(report)).collect()
}

/// What rare classes mean for the measures.
fn imbalance(report: &Report) -> Option<String> {
    report.vocabulary.classes()?;
    let rare: Vec<&str> = report
        .labels
        .iter()
        .zip(&report.class_counts)
        .filter(|&(_, &count)| is_rare(count, report.samples, report.class_counts.len()))
        .map(|(label, _)| label.as_str())
        .collect();
    let names = match rare[..] {
        [] => return None,
        [one] => format!("{one} is"),
        _ => format!("{} of the classes are", rare.len()),
    };
    let advice = match report.method.class_weight {
        ClassWeight::Uniform => " `--class-weight balanced` makes classes count the same in training.",
        ClassWeight::Balanced | ClassWeight::Given(..) => "",
    };
    Some(format!(
        "The classes are not equally frequent: {names} rare, below a tenth of the training samples. Accuracy alone then says little, since a head that never calls a rare \
         class is right most of the time; sensitivity, predictive values and the precision-recall curve say more, and intervals are wide where few \
         samples are.{advice}"
    ))
}
