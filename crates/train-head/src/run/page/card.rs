//! What a run does not show, and the card of its model.

use head_fit::measures::Regression;
use pages::{Block, Property, Section};

use super::assessed::Assessed;
use crate::files::head::Secrecy;
use crate::run::report::Report;
use crate::run::words::{estimate, figure, percent, subject};
use crate::targets::{Scores, Vocabulary};
use crate::wording::counted;

/// What holds of measures on any samples.
pub(super) fn of_samples(secrecy: Secrecy) -> Vec<String> {
    let about_the_key = match secrecy {
        Secrecy::Private => {
            "This head, and every figure derived from it, must not reach whoever has the ciphertexts: exact decrypted values beside \
             them can reveal the key, and rounding does not prevent that."
        }
        Secrecy::Published => {
            "This head was never encrypted, so it and its figures say nothing about the key."
        }
        Secrecy::Joint => "This head was decrypted with noise that hides what its error says about the key.",
    };
    let privacy = format!(
        "Encryption protects the data from the party that trains. A head that is published, like any trained model, says something about \
         its training data; there is no differential privacy here. {about_the_key}"
    );
    SAMPLES.map(str::to_owned).into_iter().chain([privacy]).collect()
}

const SAMPLES: [&str; 3] = [
    "Intervals cover the chance of the draw of the samples that were measured. They do not cover the draw of training samples, and they take \
     samples for independent: several records of one person make them too narrow, and records of one person on both sides of the split \
     make the measures too good.",
    "No groups of people were compared (by age, sex, language, site): whether errors fall on some more than on others is unknown.",
    "Labels are taken as true. Errors and doubts in them bound what any measure here can mean.",
];

/// What holds of these measures.
pub(super) fn of_measures(assessed: &Assessed<'_>) -> Vec<String> {
    let mut limits = Vec::new();
    if !matches!(assessed.vocabulary, Vocabulary::Numbers(_)) {
        limits.push(
            "Predictive values hold at the prevalence of these samples. Where the condition is rarer, the PPV is lower."
                .to_owned(),
        );
    }
    if assessed.samples < 200 {
        limits.push(format!(
            "{} {} are few: the intervals are wide, and differences within them mean nothing.",
            assessed.samples,
            assessed.samples_called()
        ));
    }
    if !matches!(assessed.vocabulary, Vocabulary::Numbers(_)) {
        limits.push(
            "Counts of classes below ten are shown as they are, in the tables and in the confusion matrix. Whoever shares this page outside \
             the institution checks them against the disclosure rules of the house."
                .to_owned(),
        );
    }
    let two = assessed.vocabulary.classes().is_some_and(|classes| classes.count() == 2);
    if assessed.threshold.is_none() && two {
        limits.push("The threshold of 0.5 was not chosen for any clinical aim.".to_owned());
    }
    limits
}

/// What the page of a run does not show.
pub(super) fn limits(report: &Report) -> Section {
    let mut limits = vec![
        "The test samples were given beside the training samples or split off them: this is no external validation. Other institutions, \
         other years and other ways of recording can give other results."
            .to_owned(),
    ];
    limits.extend(of_samples(report.secrecy));
    limits.extend(of_measures(&report.assessed()));
    if report.encoder.is_some() {
        limits.push("The encoder was trained by others on text of theirs; what it knows and what biases it has enter every prediction.".to_owned());
    }
    Section { title: "Limits".into(), blocks: vec![Block::List(limits)] }
}

/// The model card.
pub(super) fn section(report: &Report) -> Section {
    let counts: Vec<String> = report
        .labels
        .iter()
        .zip(&report.class_counts)
        .map(|(label, count)| format!("{count} of {label}"))
        .collect();
    let input = match &report.encoder {
        Some(_) => {
            format!("the embedding of a text, {} numbers, by the encoder named under Data", report.features)
        }
        None => {
            format!(
                "{}, the features of the table in the order of `head.json`",
                counted(report.features, "number")
            )
        }
    };
    let measures = match (&report.encrypted, &report.clinical.encrypted[..]) {
        (Scores::Classes(_), [one]) => format!(
            "on {} test samples: sensitivity {}, specificity {}, AUROC {}",
            report.test_samples,
            percent(one.sensitivity),
            percent(one.specificity),
            estimate(one.auroc)
        ),
        (Scores::Classes(m), _) => format!(
            "on {} test samples: accuracy {:.1} %, mean AUROC {:.3}",
            report.test_samples,
            100.0 * m.metrics.accuracy,
            m.metrics.auroc
        ),
        (Scores::Labels(m), _) => format!(
            "on {} test samples: all labels right for {:.1} %, mean AUROC {:.3}",
            report.test_samples,
            100.0 * m.subset_accuracy,
            m.mean.auroc
        ),
        (Scores::Numbers(each), _) => {
            let of = |(name, m): (&String, &Regression)| {
                format!("{name}: R\u{b2} {}, mean absolute error {}", estimate(m.r2), figure(Some(m.mae)))
            };
            let each: Vec<String> = report.labels.iter().zip(each).map(of).collect();
            format!("on {} test samples: {}", report.test_samples, each.join("; "))
        }
    };
    let output = match (&report.vocabulary, report.labels.last()) {
        (Vocabulary::Classes(_), Some(positive)) if report.classes == Some(2) => {
            format!("the probability of {positive}")
        }
        (Vocabulary::Classes(_), _) => "a probability for each class".to_owned(),
        (Vocabulary::Labels(_), _) => "a probability for each label".to_owned(),
        (Vocabulary::Numbers(_), _) => {
            format!("{}, in the unit of the training data", report.labels.join(", "))
        }
    };
    let training_data = match counts[..] {
        [] => format!("{} samples", report.samples),
        _ => format!("{}: {}", counted(report.samples, "sample"), counts.join(", ")),
    };
    let facts = vec![
        Property::new(
            "model",
            format!(
                "head for {}, {}",
                subject(&report.vocabulary, &report.label_columns),
                match report.secrecy {
                    Secrecy::Private => "trained on encrypted samples; private, not published",
                    Secrecy::Published => "the exact twin of one trained on encrypted samples; published",
                    Secrecy::Joint =>
                        "trained on encrypted samples of several parties, who decrypted it together",
                }
            ),
        ),
        Property::new(
            "intended use",
            "to be filled in by those responsible: for whom, for which decision, with which human check. Until then: research on this method and these data, no use in the care of patients",
        ),
        Property::new(
            "not intended",
            "decisions without a human; other populations, and other ways of recording, than those of the training; finding out whether somebody is in the training data",
        ),
        Property::new("input", input),
        Property::new("output", output),
        Property::new("training data", training_data),
        Property::new(
            "training",
            format!(
                "{} under CKKS at {} bits of security, by {}",
                counted(report.iterations, "iteration"),
                report.security_bits,
                report.program
            ),
        ),
        Property::new("measures", measures),
        Property::new(
            "caveats",
            "see Limits; measures on these samples do not carry over to others without a check there",
        ),
    ];
    Section { title: "Model card".into(), blocks: vec![Block::Definitions(facts)] }
}
