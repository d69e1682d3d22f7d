//! The data of a run, as counts.

use pages::{Block, Property, Section, Table};

use crate::run::report::Report;
use crate::run::words::{rounded, subject};
use crate::targets::Vocabulary;
use crate::wording::{counted, in_order};

/// The section.
pub(super) fn section(report: &Report) -> Section {
    let of_encoder = |field: &str| report.encoder.as_ref().map(|encoder| encoder[field].clone());
    let text = |field: &str| of_encoder(field).and_then(|value| value.as_str().map(str::to_owned));
    let mut facts = vec![
        Property::new(
            "samples",
            format!(
                "{} to train on, {} held out for validation, {} to test on",
                report.samples, report.validation_samples, report.test_samples
            ),
        ),
        Property::new(
            "features",
            match &report.encoder {
                Some(_) => {
                    format!("{} numbers for each text, the embedding of a frozen encoder", report.features)
                }
                None => match &report.columns {
                    Some(columns) => {
                        format!(
                            "{} for each sample, made of {}",
                            counted(report.features, "number"),
                            columns.words()
                        )
                    }
                    None => format!("{} for each sample", counted(report.features, "number")),
                },
            },
        ),
    ];
    if let Some(weights) = text("weights_sha256") {
        // no name: it may be a folder of somebody's machine
        let architecture = text("architecture").unwrap_or_default();
        let window = of_encoder("max_seq_length").unwrap_or_default();
        facts.push(Property::new("encoder", format!(
            "a transformer of the family {architecture} that takes {window} tokens at once; SHA-256 of its weights `{weights}`. It was used as \
             published, in the clear, on the data party's machine"
        )));
    }
    facts.push(to_predict(&report.vocabulary, &report.label_columns));
    facts.extend(report.method.ordinal.then(|| order(&report.labels)));
    let mut blocks = match report.vocabulary {
        Vocabulary::Numbers(_) => vec![Block::Definitions(facts)],
        _ => vec![Block::Definitions(facts), Block::Table(classes(report))],
    };
    blocks.extend(long_texts(report).map(Block::Text));
    Section { title: "Data".into(), blocks }
}

/// What is predicted, by the column that it comes from.
pub(super) fn to_predict(vocabulary: &Vocabulary, columns: &[String]) -> Property {
    let what = match vocabulary {
        Vocabulary::Numbers(names) => names.join(", "),
        _ => subject(vocabulary, columns),
    };
    Property::new("to predict", what)
}

/// The order of the classes of an ordinal head.
pub(super) fn order(names: &[String]) -> Property {
    Property::new("order of the classes", in_order(names))
}

/// Samples of each class.
fn classes(report: &Report) -> Table {
    let of = if matches!(report.vocabulary, Vocabulary::Labels(_)) { "label" } else { "class" };
    let mut table = Table::new(&[of, "to train on", "share", "to test on", "share"]);
    let counts = report.class_counts.iter().zip(&report.test_class_counts);
    for (label, (&trained, &tested)) in report.labels.iter().zip(counts) {
        let ([trained, of_trained], [tested, of_tested]) =
            (with_share(trained, report.samples), with_share(tested, report.test_samples));
        table.push([label.clone(), trained, of_trained, tested, of_tested]);
    }
    table
}

/// A count and its share of all.
pub(super) fn with_share(count: usize, all: usize) -> [String; 2] {
    [count.to_string(), format!("{} %", rounded(100.0 * count as f64 / all.max(1) as f64, 1))]
}

/// What became of texts that the encoder does not take at once.
fn long_texts(report: &Report) -> Option<String> {
    let (train, test) = (report.long_texts?, report.long_test_texts.unwrap_or_default());
    if train + test == 0 {
        return Some("No text was longer than the encoder takes at once.".into());
    }
    let encoder = report.encoder.as_ref()?;
    let done = match encoder["long_text"].as_str() {
        Some("truncate") => "what lay beyond was cut off, and the head never saw it",
        Some("head-tail") => "their middle was left out, and the head never saw it",
        _ => "they were read in overlapping windows, whose embeddings were averaged",
    };
    Some(format!(
        "{train} texts to train and validate on and {test} to test on have more tokens than the encoder takes at once: {done}. What stands in a \
         long text counts for less in its mean than the same words in a short one."
    ))
}
