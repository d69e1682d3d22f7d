//! `report.html`: a run for a reader, such as a colleague or an ethics board; and the page of `eval --report`.
//!
//! A page is made from the [`Report`] or an [`Assessed`] head alone, so it cannot hold more than figures of all samples together: no text,
//! no identifier, no value of a single record. Names of files and of features stay out of it, too.
//!
//! - [`assessed`]: what both kinds of pages show of measures;
//! - [`evaluation`]: the page of `eval`;
//! - [`warnings`]: what was warned about;
//! - [`result`]: measures, against plain training;
//! - [`figures`]: plots of curves;
//! - [`numbers`]: measures and plots of a regression;
//! - [`data`]: samples, classes, encoder;
//! - [`method`]: what was trained, in plain words;
//! - [`security`]: who could see what, parameters and what they mean;
//! - [`cost`]: time and size;
//! - [`card`]: limits, and the model card.

mod assessed;
mod card;
mod cost;
mod data;
mod evaluation;
mod figures;
mod method;
mod numbers;
mod result;
mod security;
mod warnings;

pub(crate) use assessed::Assessed;
pub(crate) use evaluation::{Evaluated, page as page_of_evaluation};

use pages::{Page, Property, Section};

use super::report::Report;
use super::words::{day, estimate, percent, rounded, subject, the_same};
use crate::files::head::Secrecy;
use crate::progress::seconds;
use crate::targets::{Scores, Vocabulary};

/// The page of a run.
pub(crate) fn page(report: &Report) -> Page {
    let regression = matches!(report.vocabulary, Vocabulary::Numbers(_));
    let mut sections: Vec<Section> = warnings::section(report.warnings.clone()).into_iter().collect();
    sections.extend([
        match &report.encrypted {
            Scores::Numbers(each) => numbers::section(report, each),
            _ => result::section(report),
        },
        match &report.encrypted {
            Scores::Numbers(each) => numbers::figures(report, each),
            _ => figures::section(report),
        },
        data::section(report),
        method::section(report),
        security::parties(report),
        security::parameters(report),
        cost::section(report),
        card::limits(report),
        card::section(report),
    ]);
    Page {
        title: format!("Encrypted training: {}", subject(&report.vocabulary, &report.label_columns)),
        lead: format!(
            "A {} head was trained on {} samples by a party that never saw one of them in the clear: they were encrypted before it got \
             them, and so is the head that it returned. {}{}This page says \
             what was done, how well the head does on {} test samples, and what can be said about privacy.",
            if regression { "regression" } else { "classification" },
            report.samples,
            match report.on_server {
                true => "In this run that party was a service on a server. ",
                false => "In this run one machine played both parties, with their files apart. ",
            },
            match report.secrecy {
                Secrecy::Private | Secrecy::Joint => "",
                Secrecy::Published =>
                    "The head of this page is the exact twin of that one: the data party trained it by the same method in the clear, and \
                     checked that the decrypted head agrees. It was never encrypted, and no figure here was decrypted. ",
            },
            report.test_samples
        ),
        notice: Some(notice(report.secrecy)),
        headlines: headlines(report),
        sections,
        footer: vec![
            Property::new("program", report.program),
            Property::new("written on", day(report.unix_time)),
        ],
    }
}

/// Who may read the page.
fn notice(secrecy: Secrecy) -> String {
    let first = match secrecy {
        Secrecy::Private => {
            "This page describes a head that is private, as secret as the key, and so is this page."
        }
        Secrecy::Published => {
            "This page describes a head that may be published, and so may this page be as far as the data allow."
        }
        Secrecy::Joint => {
            "This page describes a head that several parties trained and decrypted together. The test samples are those of one of them, \
             who decides about this page."
        }
    };
    let last = match secrecy {
        Secrecy::Private => " It must not go to the party that trained the head.",
        Secrecy::Published | Secrecy::Joint => "",
    };
    format!(
        "{first} It holds no text, no identifier and no value of a single record: every figure is taken over many samples, and curves and \
         bins stand for at least ten records each. Small counts in the tables can still say something about few people, so whoever is \
         responsible for the data should look at them before this page leaves the institution.{last}"
    )
}

fn headlines(report: &Report) -> Vec<Property> {
    let mut tiles = measures(&report.assessed());
    if let Some(agreement) = report.prediction_agreement {
        tiles.push(Property::new(
            format!("of the test samples get {} from plain training", the_same(&report.vocabulary)),
            format!("{:.1} %", 100.0 * agreement),
        ));
    }
    tiles
        .push(Property::new("of security, by published estimates", format!("{} bits", report.security_bits)));
    tiles.push(Property::new("of training on ciphertexts", seconds(report.seconds.train)));
    tiles
}

/// The most important measures.
fn measures(assessed: &Assessed<'_>) -> Vec<Property> {
    let mut tiles = Vec::new();
    let (tile, samples) = (|of: &str, value: String| Property::new(of, value), assessed.samples_called());
    if let [positive] = assessed.head.clinical {
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
    }
    match assessed.scores {
        Scores::Classes(_) if tiles.len() > 1 => {}
        Scores::Classes(m) => {
            tiles.push(tile(
                &format!("accuracy on the {samples}"),
                format!("{:.1} %", 100.0 * m.metrics.accuracy),
            ));
            match m.ordinal {
                Some(ordinal) => {
                    tiles
                        .push(tile("quadratic weighted kappa", rounded(ordinal.quadratic_weighted_kappa, 3)));
                    tiles.push(tile(
                        "of them at most one step off",
                        format!("{:.1} %", 100.0 * ordinal.within_one_step),
                    ));
                }
                None => tiles.push(tile("AUROC, mean of the classes", rounded(m.metrics.auroc, 3))),
            }
        }
        Scores::Labels(m) => {
            let all_right = format!("{:.1} %", 100.0 * m.subset_accuracy);
            tiles.push(tile(&format!("of the {samples} have all labels right"), all_right));
            tiles.push(tile("AUROC, mean of the labels", rounded(m.mean.auroc, 3)));
        }
        Scores::Numbers(each) => {
            for (name, m) in assessed.vocabulary.names().iter().zip(each).take(3) {
                let r2 = m.r2.map_or_else(|| "\u{2013}".into(), |r2| rounded(r2.value, 3));
                tiles.push(tile(&format!("R\u{b2} of {name} on the {samples}"), r2));
            }
        }
    }
    tiles
}
