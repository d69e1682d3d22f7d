//! The data of a run, as counts.

use head_fit::measures::FEWEST_RECORDS;
use pages::{Block, Property, Section, Table};

use crate::run::report::Report;
use crate::run::words::{few, rounded};
use crate::targets::Vocabulary;

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
                        format!("{} numbers for each sample, made of {}", report.features, columns.words())
                    }
                    None => format!("{} numbers for each sample", report.features),
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
    let mut blocks = match report.vocabulary {
        Vocabulary::Numbers(_) => {
            facts.push(Property::new("to predict", report.labels.join(", ")));
            vec![Block::Definitions(facts)]
        }
        _ => vec![Block::Definitions(facts), Block::Table(classes(report))],
    };
    blocks.extend(long_texts(report).map(Block::Text));
    Section { title: "Data".into(), blocks }
}

/// Samples of each class.
fn classes(report: &Report) -> Table {
    let of = if matches!(report.vocabulary, Vocabulary::Labels(_)) { "label" } else { "class" };
    let mut table = Table::new(&[of, "to train on", "share", "to test on", "share"]);
    let counts = report.class_counts.iter().zip(&report.test_class_counts);
    for (label, (&trained, &tested)) in report.labels.iter().zip(counts) {
        let ([trained, of_trained], [tested, of_tested]) =
            (counted(trained, report.samples), counted(tested, report.test_samples));
        table.push([label.clone(), trained, of_trained, tested, of_tested]);
    }
    table
}

/// A count and its share of all, unless it is so small that it tells of few people.
pub(super) fn counted(count: usize, all: usize) -> [String; 2] {
    let share = match count < FEWEST_RECORDS {
        true => "\u{2013}".to_owned(),
        false => format!("{} %", rounded(100.0 * count as f64 / all.max(1) as f64, 1)),
    };
    [few(count), share]
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
