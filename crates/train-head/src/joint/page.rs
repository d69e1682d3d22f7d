//! The page of a joint training for one party: what it brought, how well the head does on the party's own test samples, who saw what.

use head_joint::Comparison;
use pages::{Block, Page, Property, Section, Table};

use super::session::Session;
use crate::console::Console;
use crate::exit::Result;
use crate::files::head::Head;
use crate::progress;
use crate::run::measured::Measured;
use crate::run::page::{Assessed, Evaluated, page_of_evaluation};
use crate::samples::Matrix;
use crate::targets::Scores;

/// The page about a head on `test`, the party's own samples that no training saw.
///
/// # Errors
/// Samples that the head cannot predict.
pub(crate) fn page(
    session: &Session,
    head: &Head,
    test: &Matrix,
    comparison: &Comparison,
    console: &Console,
) -> Result<Page> {
    let vocabulary = &head.description.vocabulary;
    let y = test.encode_labels(vocabulary, "this party's data")?;
    let predicted = head.predicted(&test.x.view())?;
    let cuts = head.description.cuts();
    let scores = Scores::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?
        .with_order(head.description.is_ordinal());
    let measured = Measured::new(vocabulary.targets(), &y.view(), &predicted.view(), &cuts)?;
    let assessed = Assessed {
        secrecy: head.description.secrecy,
        vocabulary,
        label_columns: &head.description.label_columns,
        in_run: false,
        samples: y.nrows(),
        scores: &scores,
        head: measured.figures(),
        plain: None,
        threshold: None,
        thresholds: &[],
    };
    let mut page =
        page_of_evaluation(&Evaluated::new(assessed, &head.description, &y.view(), console.remarks()));
    page.title = page.title.replacen("Evaluation", "Joint training", 1);
    page.lead = format!(
        "{} institutions trained one head on the samples of all. None of them saw another's samples, and the party that trained saw none in the \
         clear. This page is one institution's: it says what the head brought it, measured on {} of its own samples that no training saw.",
        session.terms.parties(),
        comparison.samples
    );
    let at = page.sections.iter().position(|section| section.title == "Result").unwrap_or_default();
    page.sections.insert(at, brought(comparison));
    page.sections.push(seen(session)?);
    Ok(page)
}

/// The head of all against the party's own.
fn brought(of: &Comparison) -> Section {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let points = |difference: f64| format!("{:+.1} points", 100.0 * difference);
    let mut table = Table::new(&["head", "right"]);
    table.push(["of all institutions".to_owned(), percent(of.joint)]);
    table.push(["of this institution's samples alone, trained in the clear".to_owned(), percent(of.alone)]);
    let [low, high] = of.interval;
    let verdict = match (low > 0.0, high < 0.0) {
        (true, _) => "The head of all is better here than one can explain by chance.",
        (_, true) => "The head of all is worse here than one can explain by chance.",
        _ => "The difference is within what chance explains: more test samples would tell.",
    };
    let text = format!(
        "Both heads saw the same test samples. The head of all alone is right on {} of them, the other alone on {}. The difference is {} (95 % \
         interval {} to {}, Bonett and Price; p = {:.2}, McNemar's exact test). {verdict}",
        of.gained,
        of.lost,
        points(of.difference()),
        points(low),
        points(high),
        of.p_value
    );
    Section { title: "What it brought".into(), blocks: vec![Block::Table(table), Block::Text(text)] }
}

/// Who could see what.
fn seen(session: &Session) -> Result<Section> {
    let decryption = session.terms.agreed().decryption;
    let plan = session.terms.plan();
    let (threshold, parties) = (session.protocols.threshold(), session.terms.parties());
    let decrypted = match threshold == parties {
        true => "its own samples; the head, after all had decrypted it together".to_owned(),
        false => format!("its own samples; the head, after {threshold} had decrypted it together"),
    };
    let mut table = Table::new(&["who", "saw"]);
    let rows = [
        ("this institution", decrypted.as_str()),
        ("the other institutions", "their own samples; the head; sizes as announced"),
        (
            "the party that trained",
            "ciphertexts and public keys: no sample, label, weight or score; sizes as announced",
        ),
    ];
    rows.into_iter().for_each(|row| table.push([row.0, row.1]));
    let facts = vec![
        Property::new(
            "secret key",
            match threshold == parties {
                true => format!("the sum of {parties} shares, which nobody has"),
                false => format!(
                    "the sum of {parties} shares, which nobody has; any {threshold} institutions together could find it"
                ),
            },
        ),
        Property::new(
            "parameters",
            format!(
                "`{}`: 128 bits of security against the party that trained and {} of the institutions, if they follow the protocol",
                plan.preset,
                threshold - 1
            ),
        ),
        Property::new(
            "decrypted",
            format!(
                "{} numbers, once; noise hides what their error says about the key, with {} bits of statistical security, and leaves {:.1e} on a weight",
                decryption.numbers,
                decryption.bits,
                session.terms.weight_noise()?
            ),
        ),
        Property::new(
            "computed again by",
            format!("{} of the others, before anybody decrypted", session.contents.recomputations),
        ),
        Property::new("encrypted samples of all", progress::bytes(plan.sizes.upload_bytes as u64)),
    ];
    Ok(Section {
        title: "Who could see what".into(),
        blocks: vec![Block::Table(table), Block::Definitions(facts)],
    })
}
