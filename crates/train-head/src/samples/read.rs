//! Reading samples: features or texts, with their labels, weights, groups, and columns that go through.

use std::path::Path;

use tables::{Overrides, Recipe, Table};

use super::attributes::{Carried, Groups};
use super::raw::{Content, Raw, RawTable};
use crate::args::{Columns, Source};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::embeddings;
use crate::input::{self, LabelReading, ReadLabels, SampleWeights, TableOptions};
use crate::targets::{Labels, LabelsAs};

/// What to read of samples beside texts or features.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Require labels. Otherwise they are read where there are any.
    pub(crate) labels: bool,
    /// What labels are taken as.
    pub(crate) labels_as: LabelsAs,
    /// Read the sample weights in this column, which is not a feature then.
    pub(crate) weights: Option<&'a str>,
    /// Read the groups of samples in this column, which is not a feature then.
    pub(crate) groups: Option<&'a str>,
    /// How columns are taken, where the data decide what becomes of them.
    pub(crate) overrides: Option<&'a Overrides>,
    /// What an earlier training read, where there was one.
    pub(crate) known: Option<Known<'a>>,
}

/// What an earlier training read of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The columns of its labels; none if they came from elsewhere.
    pub(crate) labels: &'a [String],
    /// The columns of its features.
    pub(crate) recipe: Option<&'a Recipe>,
}

/// Reads samples.
///
/// # Errors
/// What the readers refuse; missing labels; a number of labels or weights that differs from the number of samples.
pub(crate) fn read(source: &Source, wanted: Wanted<'_>, console: &Console) -> Result<Raw> {
    let raw = match source {
        Source::Texts { path, text_column, columns } => {
            let table = input::open(path, options(columns))?;
            let labels = label_columns(&table, columns, wanted)?;
            let beside = labels.first().filter(|_| labels.len() == 1);
            let text = input::text(&table, text_column.as_deref(), beside.map(String::as_str))?.to_owned();
            if labels.contains(&text) {
                return Err(Failure::usage(format!(
                    "column {text:?} cannot hold both the texts and the labels"
                )));
            }
            let at = table.find(&text).map_err(input::table_failure)?;
            let texts = table.column(at).map(str::to_owned).collect();
            Raw { content: Content::Texts(texts), ..attributes(&table, &labels, columns, wanted, console)? }
        }
        Source::Features { path, labels, dropped, columns } => {
            let mut raw = read_features(path, labels.is_some(), dropped, columns, wanted, console)?;
            if let Some(file) = labels {
                let found = input::read_labels(file, &columns.label_columns, reading(columns, wanted))?;
                raw.labels = Some(noted(found, file, console));
                if let Some(column) = wanted.weights.filter(|_| !matches!(raw.content, Content::Table(_))) {
                    raw.weights = Some(input::read_weights(file, TableOptions::default(), column)?);
                }
            }
            if raw.weights.is_none()
                && let Some(column) = wanted.weights
            {
                raw.weights = Some(input::read_weights(path, options(columns), column)?);
            }
            raw
        }
    };
    raw.expect_one_each(source.path(), wanted.labels)?;
    Ok(raw)
}

fn options(columns: &Columns) -> TableOptions<'_> {
    TableOptions { format: columns.format, sheet: columns.sheet.as_deref() }
}

fn reading(columns: &Columns, wanted: Wanted<'_>) -> LabelReading {
    LabelReading { kind: wanted.labels_as, separator: columns.separator }
}

/// The labels, after what is to be known of them was said.
fn noted(found: ReadLabels, path: &Path, console: &Console) -> Labels {
    found.notes.iter().for_each(|note| console.note(format!("{}: {note}", path.display())));
    found.labels
}

fn read_features(
    path: &Path,
    labels_apart: bool,
    dropped: &[String],
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<Raw> {
    if embeddings::is_safetensors(path) {
        let read = embeddings::read(path)?;
        let Some(known) = read.metadata else {
            return Ok(Raw::of(Content::Numbers { x: read.x, encoder: None }));
        };
        let weights = known.sample_weight.map(|values| SampleWeights { values, column: None });
        let groups = match known.group {
            Some(names) => {
                let gap = |row| Failure::data(format!("{}: sample {row} has no group", path.display()));
                Some(Groups::of(None, names.iter().map(String::as_str)).map_err(gap)?)
            }
            None => None,
        };
        let encoder = Some(Box::new(known.encoder));
        let content = Content::Numbers { x: read.x, encoder };
        let labels = match known.labels.filter(|_| !labels_apart) {
            Some(texts) => match input::text_labels(path, &texts, reading(columns, wanted)) {
                Ok(found) => Some(noted(found, path, console)),
                // nobody asked for them
                Err(_) if !wanted.labels => None,
                Err(failure) => return Err(failure),
            },
            None => None,
        };
        return Ok(Raw { labels, weights, groups, ..Raw::of(content) });
    }
    if input::is_array(path) {
        return Ok(Raw::of(Content::Numbers { x: input::read_array(path)?, encoder: None }));
    }
    let table = input::open(path, options(columns))?;
    for note in table.notes() {
        console.note(format!("{}: {note}", path.display()));
    }
    let asked = if labels_apart { Vec::new() } else { columns.label_columns.clone() };
    let columns = &Columns { label_columns: asked, ..columns.clone() };
    let wanted_here = Wanted { labels: wanted.labels && !labels_apart, ..wanted };
    let labels = match labels_apart {
        true => Vec::new(),
        false => label_columns(&table, columns, wanted_here)?,
    };
    let dropped = match wanted.known {
        // a test table need not have the columns that the training leaves out
        Some(_) => dropped.iter().filter(|name| table.names().contains(name)).cloned().collect(),
        None => input::names(&table, dropped)?,
    };
    let raw = attributes(&table, &labels, columns, wanted_here, console)?;
    let mut exclude = labels.clone();
    exclude.extend([wanted.weights, wanted.groups].into_iter().flatten().map(str::to_owned));
    exclude.extend(raw.carried.iter().map(|column| column.name.clone()));
    let mut overrides = wanted.overrides.cloned().unwrap_or_default();
    for names in [&mut overrides.numeric, &mut overrides.categorical] {
        *names = input::names(&table, names)?;
    }
    for (flag, names) in
        [("--drop", &dropped), ("--numeric", &overrides.numeric), ("--categorical", &overrides.categorical)]
    {
        if let Some(name) = names.iter().find(|name| exclude.contains(name) && wanted.known.is_none()) {
            return Err(Failure::usage(format!(
                "{flag} {name}: the column is no feature already: it holds labels, weights, groups, or goes through"
            ))
            .help("name it for one purpose"));
        }
    }
    if let Some(recipe) = wanted.known.and_then(|known| known.recipe)
        && let Some(name) = dropped.iter().find(|name| recipe.inputs().contains(&name.as_str()))
    {
        return Err(Failure::usage(format!("--drop {name}: the head learnt from this column and needs it")));
    }
    overrides.drop = dropped.into_iter().filter(|name| !exclude.contains(name)).collect();
    if wanted.overrides.is_some() && !labels.is_empty() {
        for name in input::siblings(&table, &labels) {
            if !exclude.iter().chain(&overrides.drop).any(|known| known == name) {
                console.warn(format!(
                    "column {name:?} is a feature and named like a label: --drop leaves it out, --label-column takes several columns"
                ));
            }
        }
    }
    Ok(Raw { content: Content::Table(Box::new(RawTable { table, exclude, overrides })), ..raw })
}

/// The columns of labels, if there are some or must be.
fn label_columns(table: &Table, columns: &Columns, wanted: Wanted<'_>) -> Result<Vec<String>> {
    let asked = &columns.label_columns;
    if let Some(known) = wanted.known.filter(|known| asked.is_empty() && !known.labels.is_empty()) {
        let lacking = known.labels.iter().find(|name| !table.names().contains(name));
        let Some(lacking) = lacking else { return Ok(known.labels.to_vec()) };
        if !wanted.labels {
            return Ok(Vec::new());
        }
        if input::labels(table, asked).is_err() {
            return Err(Failure::data(format!(
                "{}: no column {lacking:?}, which the training took as labels",
                table.input()
            ))
            .help("name the column of labels with --label-column"));
        }
    }
    let found = match input::labels(table, asked) {
        Err(_) if !wanted.labels && asked.is_empty() => return Ok(Vec::new()),
        found => found?,
    };
    // a column that the head learns from is no label, whatever its name
    let learnt = wanted.known.and_then(|known| known.recipe).map(Recipe::inputs).unwrap_or_default();
    match found.iter().find(|name| asked.is_empty() && learnt.contains(&name.as_str())) {
        None => Ok(found),
        Some(_) if !wanted.labels => Ok(Vec::new()),
        Some(name) => Err(Failure::data(format!(
            "{}: which column holds the labels? {name:?} is a feature of the head",
            table.input()
        ))
        .help("name it with --label-column")),
    }
}

/// Labels, weights, groups and columns that go through.
fn attributes(
    table: &Table,
    labels: &[String],
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<Raw> {
    if let [guessed] = labels
        && columns.label_columns.is_empty()
        && wanted.overrides.is_some()
        && wanted.known.is_none()
    {
        console.note(format!(
            "{}: column {guessed:?} is taken as the labels, by its name; --label-column names another",
            table.input()
        ));
    }
    let label_columns = labels.to_vec();
    let labels = match labels {
        [] => None,
        named => match input::column_labels(table, named, reading(columns, wanted)) {
            Ok(found) => Some(noted(found, Path::new(table.input()), console)),
            // nobody asked for them
            Err(_) if !wanted.labels && columns.label_columns.is_empty() => None,
            Err(failure) => return Err(failure),
        },
    };
    let weights = wanted.weights.map(|column| input::column_weights(table, column)).transpose()?;
    let groups = match wanted.groups {
        Some(column) => {
            let at = table.find(column).map_err(input::table_failure)?;
            let gap = |row| {
                Failure::data(format!(
                    "{}: {}, column {column:?}: the sample has no group",
                    table.input(),
                    table.place(row)
                ))
                .help(
                    "fill it in: samples of one patient on both sides of a split would tell about each other",
                )
            };
            Some(Groups::of(Some(column.to_owned()), table.column(at)).map_err(gap)?)
        }
        None => None,
    };
    let mut carried = Vec::new();
    let mut through = input::names(table, &[&columns.ids[..], &columns.kept[..]].concat())?;
    let mut seen = std::collections::HashSet::new();
    through.retain(|name| seen.insert(name.clone()));
    for name in through {
        let at = table.find(&name).map_err(input::table_failure)?;
        carried.push(Carried { name, values: table.column(at).map(str::to_owned).collect() });
    }
    Ok(Raw { labels, label_columns, weights, groups, carried, content: Content::Texts(Vec::new()) })
}
