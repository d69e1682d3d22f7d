//! Samples in arrays: numbers without names, with columns beside them in a file of embeddings or in the table of labels.

use std::path::Path;

use tables::Table;

use super::attributes::{Groups, carry, groups_in};
use super::raw::{Content, Raw};
use super::roles::{Role, expect_one_purpose};
use super::wanted::{Wanted, noted, reading};
use crate::args::Columns;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::embeddings;
use crate::input::{self, SampleWeights};

/// Reads samples from a NumPy array or a file of embeddings; `None` for a table. `labels` is the file of the labels.
///
/// # Errors
/// What the readers refuse; flags for columns that are not there.
pub(super) fn read(
    path: &Path,
    labels: Option<&Path>,
    dropped: &[String],
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<Option<Raw>> {
    let (raw, kept) = match () {
        () if embeddings::is_safetensors(path) => {
            expect_no_names(path, dropped, wanted)?;
            read_embeddings(path, labels.is_some(), columns, wanted, console)?
        }
        () if input::is_array(path) => {
            expect_no_names(path, dropped, wanted)?;
            let stored = if wanted.stored { input::npy::open_matrix(path)? } else { None };
            let content = match stored {
                Some(array) => Content::Stored { array: array.into(), encoder: None },
                None => Content::Numbers { x: input::read_array(path)?, encoder: None },
            };
            (Raw::of(content), None)
        }
        () => return Ok(None),
    };
    with_columns(raw, path, kept.as_ref(), labels, columns, wanted).map(Some)
}

/// Refuses flags that name features, unless they are repeated from a training on a table.
fn expect_no_names(path: &Path, dropped: &[String], wanted: Wanted<'_>) -> Result<()> {
    let overrides = wanted.overrides;
    let asked = [
        ("--drop", Some(dropped)),
        ("--numeric", overrides.map(|overrides| &overrides.numeric[..])),
        ("--categorical", overrides.map(|overrides| &overrides.categorical[..])),
    ];
    let given = asked.into_iter().find_map(|(flag, names)| Some((flag, names?.first()?)));
    match given.filter(|_| wanted.known.is_none()) {
        Some((flag, name)) => Err(Failure::usage(format!(
            "{flag} {name}: {} is an array, whose columns have no names",
            path.display()
        ))),
        None => Ok(()),
    }
}

/// Embeddings, and the columns that `embed` kept beside them.
fn read_embeddings(
    path: &Path,
    labels_apart: bool,
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<(Raw, Option<Table>)> {
    let (mut content, metadata) = match if wanted.stored { embeddings::open(path)? } else { None } {
        Some((array, metadata)) => (Content::Stored { array: array.into(), encoder: None }, metadata),
        None => {
            let read = embeddings::read(path)?;
            (Content::Numbers { x: read.x, encoder: None }, read.metadata)
        }
    };
    let Some(known) = metadata else { return Ok((Raw::of(content), None)) };
    let kept = match &known.columns[..] {
        [] => None,
        columns => {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let row = |row: usize| columns.iter().map(|column| column.values[row].as_str()).collect();
            let count = columns.first().map_or(0, |column| column.values.len());
            let rows: Vec<Vec<&str>> = (0..count).map(row).collect();
            let table = Table::from_rows(&path.display().to_string(), &names, &rows);
            Some(table.map_err(input::table_failure)?)
        }
    };
    let weights = known.sample_weight.map(|values| SampleWeights { values, column: None });
    let groups = match known.group {
        Some(names) => {
            let gap = |row| Failure::data(format!("{}: sample {row} has no group", path.display()));
            Some(Groups::of(None, names.iter().map(String::as_str)).map_err(gap)?)
        }
        None => None,
    };
    let labels = match known.labels.filter(|_| !labels_apart) {
        Some(texts) => match input::text_labels(path, &texts, reading(columns, wanted)) {
            Ok(found) => Some(noted(found, path, console)),
            // nobody asked for them
            Err(_) if !wanted.labels => None,
            Err(failure) => return Err(failure),
        },
        None => None,
    };
    if let Content::Numbers { encoder, .. } | Content::Stored { encoder, .. } = &mut content {
        *encoder = Some(Box::new(known.encoder));
    }
    Ok((Raw { labels, weights, groups, ..Raw::of(content) }, kept))
}

/// Adds weights, groups and columns that go through to samples that are no table: from the columns that `embed` kept, or from the table of
/// labels.
fn with_columns(
    raw: Raw,
    path: &Path,
    kept: Option<&Table>,
    labels: Option<&Path>,
    columns: &Columns,
    wanted: Wanted<'_>,
) -> Result<Raw> {
    let asked = [&columns.ids[..], &columns.kept[..]].concat();
    let labels = match labels.filter(|file| {
        !input::is_array(file) && (wanted.weights.is_some() || wanted.groups.is_some() || !asked.is_empty())
    }) {
        Some(file) => Some(input::open_labels(file)?),
        None => None,
    };
    let tables: Vec<&Table> = kept.into_iter().chain(&labels).collect();
    let holding = |flag: &str, name: &str| {
        let names = [name.to_owned()];
        let found = tables.iter().find_map(|table| Some((*table, input::names(table, &names).ok()?)));
        found.ok_or_else(|| {
            Failure::usage(format!("{flag} {name}: {} keeps no such column", path.display())).help(
                "`train-head embed` keeps the columns that its --id-column and --keep-columns name (in .safetensors); else name a column of \
                 the table of --labels",
            )
        })
    };
    let mut raw = raw;
    if let Some(column) = wanted.weights {
        match holding("--sample-weight", column) {
            Ok((table, _)) => raw.weights = Some(input::column_weights(table, column)?),
            // `embed` kept the weights themselves
            Err(_) if raw.weights.is_some() => {}
            Err(failure) => return Err(failure),
        }
    }
    if let Some(column) = wanted.groups {
        match holding("--group-column", column) {
            Ok((table, _)) => raw.groups = Some(groups_in(table, column)?),
            Err(_) if raw.groups.is_some() => {}
            Err(failure) => return Err(failure),
        }
    }
    let every = kept.map(|table| table.names().to_vec()).unwrap_or_default();
    let through = if asked.is_empty() { &every } else { &asked };
    for name in through {
        let flag = if columns.ids.contains(name) { "--id-column" } else { "--keep-columns" };
        let (table, names) = holding(flag, name)?;
        carry(table, names, &mut raw.carried)?;
    }
    let list = |name: Option<&str>| name.map(str::to_owned).into_iter().collect::<Vec<_>>();
    let (weight, group) = (list(wanted.weights), list(wanted.groups));
    expect_one_purpose(&[
        (Role::Label, &columns.label_columns),
        (Role::Weight, &weight),
        (Role::Group, &group),
        (Role::Id, &columns.ids),
        (Role::Keep, &columns.kept),
    ])?;
    Ok(raw)
}
