//! The page of `eval`: a head that was trained before, measured on other samples.

use ndarray::ArrayView2;
use pages::{Block, Page, Property, Section, Table};

use super::assessed::Assessed;
use super::{card, data, figures, measures, notice, numbers, result, warnings};
use crate::files::head::Description;
use crate::run::report::{PROGRAM, unix_time};
use crate::run::words::{day, subject};
use crate::targets::Scores;
use crate::wording::counted;

/// What `eval` found out.
pub(crate) struct Evaluated<'a> {
    /// The head and its measures.
    assessed: Assessed<'a>,
    /// What `head.json` says.
    description: &'a Description,
    /// Samples of each class, or with each label; empty of numbers.
    counts: Vec<usize>,
    /// What was warned about.
    warnings: Vec<String>,
    /// Name and version of the program.
    program: &'static str,
    /// Seconds since 1970.
    unix_time: u64,
}

impl<'a> Evaluated<'a> {
    /// What is to be said of a head on samples with these encoded labels, today.
    pub(crate) fn new(
        assessed: Assessed<'a>,
        description: &'a Description,
        y: &ArrayView2<'_, f64>,
        warnings: Vec<String>,
    ) -> Self {
        let counts = assessed.vocabulary.counts(y);
        Self { assessed, description, counts, warnings, program: PROGRAM, unix_time: unix_time() }
    }
}

/// The page.
pub(crate) fn page(evaluated: &Evaluated<'_>) -> Page {
    let assessed = &evaluated.assessed;
    let mut sections: Vec<Section> = warnings::section(evaluated.warnings.clone()).into_iter().collect();
    sections.extend([
        result_section(assessed),
        curves_section(assessed),
        data_section(evaluated),
        head_section(evaluated),
        limits_section(assessed),
    ]);
    Page {
        title: format!("Evaluation: {}", subject(assessed.vocabulary, assessed.label_columns)),
        lead: format!(
            "A head that was trained before was measured on {} labelled samples, in the clear, at the data party. This page says how well \
             it does on them.",
            assessed.samples
        ),
        notice: Some(notice(assessed.secrecy)),
        headlines: measures(assessed),
        sections,
        footer: vec![
            Property::new("program", evaluated.program),
            Property::new("written on", day(evaluated.unix_time)),
        ],
    }
}

fn result_section(assessed: &Assessed<'_>) -> Section {
    let (chosen, about) = match assessed.scores {
        Scores::Numbers(_) => ("", numbers::MEASURES),
        Scores::Classes(_) if assessed.vocabulary.names().len() > 2 => ("", result::INTERVALS),
        _ => (" or its threshold chosen", result::INTERVALS),
    };
    let mut blocks = vec![Block::Text(format!(
        "Measured on the {} samples that `eval` was given. If the head was trained{chosen} on some of them, the measures are \
         better than they will be on new samples: the program cannot know. {about}",
        assessed.samples
    ))];
    match assessed.scores {
        Scores::Numbers(each) => {
            blocks.push(Block::Table(numbers::measures(assessed.vocabulary.names(), each)));
        }
        _ => blocks.extend(result::measures(assessed)),
    }
    Section { title: "Result".into(), blocks }
}

fn curves_section(assessed: &Assessed<'_>) -> Section {
    let (text, figures) = match assessed.scores {
        Scores::Numbers(each) => {
            (numbers::PLOTS.to_owned(), numbers::figures_of_head(assessed.vocabulary.names(), each))
        }
        _ => (figures::text(assessed), figures::curves(assessed)),
    };
    Section { title: "Curves".into(), blocks: vec![Block::Text(text), Block::Figures(figures)] }
}

fn data_section(evaluated: &Evaluated<'_>) -> Section {
    let assessed = &evaluated.assessed;
    let mut facts = vec![Property::new("samples", assessed.samples.to_string())];
    let names = assessed.vocabulary.names();
    facts.push(data::to_predict(assessed.vocabulary, assessed.label_columns));
    facts.extend(evaluated.description.is_ordinal().then(|| data::order(names)));
    let blocks = match assessed.scores {
        Scores::Numbers(_) => vec![Block::Definitions(facts)],
        scores => {
            let of = if matches!(scores, Scores::Labels(_)) { "label" } else { "class" };
            let mut table = Table::new(&[of, "samples", "share"]);
            for (name, &count) in names.iter().zip(&evaluated.counts) {
                let [count, share] = data::with_share(count, assessed.samples);
                table.push([name.clone(), count, share]);
            }
            vec![Block::Definitions(facts), Block::Table(table)]
        }
    };
    Section { title: "Data".into(), blocks }
}

/// What `head.json` says of the training.
fn head_section(evaluated: &Evaluated<'_>) -> Section {
    let Description { training, encoder, features, .. } = evaluated.description;
    let how = if training.encrypted { "on ciphertexts" } else { "in the clear" };
    let mut facts = vec![
        Property::new("head", subject(evaluated.assessed.vocabulary, evaluated.assessed.label_columns)),
        Property::new("features", format!("{} for each sample", counted(*features, "number"))),
        Property::new(
            "training",
            format!(
                "{} {how}, parameter set `{}`",
                counted(training.iterations, "iteration"),
                training.preset
            ),
        ),
    ];
    if let Some(encoder) = encoder {
        let (family, weights) = (&encoder.info.architecture, &encoder.info.weights_sha256);
        facts.push(Property::new(
            "encoder",
            format!("a transformer of the family {family}; SHA-256 of its weights `{weights}`"),
        ));
    }
    Section { title: "Head".into(), blocks: vec![Block::Definitions(facts)] }
}

fn limits_section(assessed: &Assessed<'_>) -> Section {
    let mut limits = card::of_samples(assessed.secrecy);
    limits.extend(card::of_measures(assessed));
    Section { title: "Limits".into(), blocks: vec![Block::List(limits)] }
}
