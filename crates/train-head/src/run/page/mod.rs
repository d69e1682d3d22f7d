//! `report.html`: a run for a reader, such as a colleague or an ethics board.
//!
//! A page is made from the [`Report`] alone, so it cannot hold more than figures of all samples together: no text, no identifier, no
//! value of a single record. Names of files and of features stay out of it, too.
//!
//! - [`result`]: measures, against plain training;
//! - [`figures`]: plots of curves;
//! - [`data`]: samples, classes, encoder;
//! - [`method`]: what was trained, in plain words;
//! - [`security`]: who could see what, parameters and what they mean;
//! - [`cost`]: time and size;
//! - [`card`]: limits, and the model card.

mod card;
mod cost;
mod data;
mod figures;
mod method;
mod result;
mod security;

use pages::{Page, Property};

use super::report::Report;
use super::words::{day, estimate, percent, subject};
use crate::progress::seconds;

/// The page of a run.
pub(crate) fn page(report: &Report) -> Page {
    let sections = [
        result::section(report),
        figures::section(report),
        data::section(report),
        method::section(report),
        security::parties(report),
        security::parameters(report),
        cost::section(report),
        card::limits(report),
        card::section(report),
    ];
    Page {
        title: format!("Encrypted training: {}", subject(&report.labels)),
        lead: format!(
            "A classification head was trained on {} samples without the machine that trained it seeing any of them in the clear: \
             they were encrypted before they reached it, and so is the head that it returned. This page says what was done, how well the \
             head does on {} test samples, and what can be said about privacy.",
            report.samples, report.test_samples
        ),
        notice: Some(
            "This page describes a head that is private and has not been published. It holds no text, no identifier and no value of a \
             single record: every figure is taken over many samples, and curves and bins stand for at least ten records each. Small \
             counts in the tables can still say something about few people, so whoever is responsible for the data should look at them \
             before this page leaves the institution. It must not go to the party that trained the head."
                .into(),
        ),
        headlines: headlines(report),
        sections: sections.into_iter().collect(),
        footer: vec![
            Property::new("program", report.program),
            Property::new("written on", day(report.unix_time)),
        ],
    }
}

fn headlines(report: &Report) -> Vec<Property> {
    let mut tiles = Vec::new();
    if let [positive] = &report.clinical.encrypted[..] {
        let interval = |of: &str, text: String| {
            let (value, interval) =
                text.split_once(" (").map_or((text.as_str(), ""), |(value, rest)| (value, rest));
            let interval = interval.trim_end_matches(')');
            let with =
                if interval.is_empty() { String::new() } else { format!(", 95 % interval {interval}") };
            Property::new(format!("{of}{with}"), value)
        };
        tiles.push(interval("sensitivity", percent(positive.sensitivity)));
        tiles.push(interval("specificity", percent(positive.specificity)));
        tiles.push(interval("AUROC", estimate(positive.auroc)));
    } else {
        tiles.push(Property::new(
            "accuracy on the test samples",
            format!("{:.1} %", 100.0 * report.encrypted.accuracy),
        ));
        tiles.push(Property::new("AUROC, mean of the classes", format!("{:.3}", report.encrypted.auroc)));
    }
    tiles.push(Property::new(
        "of the test samples get the same class from plain training",
        format!("{:.1} %", 100.0 * report.prediction_agreement),
    ));
    tiles
        .push(Property::new("of security, by published estimates", format!("{} bits", report.security_bits)));
    tiles.push(Property::new("of training on ciphertexts", seconds(report.seconds.train)));
    tiles
}
