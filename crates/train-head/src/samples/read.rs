//! Reading samples: features or texts, with their labels, weights, groups, and columns that go through.

use std::path::Path;

use tables::{Recipe, Table};

use super::attributes::{carry, groups_in};
use super::raw::{Content, Raw, RawTable};
use super::roles::{Role, expect_one_purpose};
use super::wanted::{Wanted, noted, reading};
use super::{arrays, remarks};
use crate::args::{Columns, Source};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::input::{self, TableOptions};

/// Reads samples.
///
/// # Errors
/// What the readers refuse; missing labels; a number of labels or weights that differs from the number of samples; a column that two
/// flags take for purposes that exclude each other.
pub(crate) fn read(source: &Source, wanted: Wanted<'_>, console: &Console) -> Result<Raw> {
    let raw = match source {
        Source::Texts { path, text_column, columns } => {
            let table = input::open(path, options(columns))?;
            let labels = label_columns(&table, columns, wanted)?;
            let beside = labels.first().filter(|_| labels.len() == 1);
            let text = [input::text(&table, text_column.as_deref(), beside.map(String::as_str))?.to_owned()];
            if labels.contains(&text[0]) {
                return Err(Failure::usage(format!(
                    "column {:?} cannot hold both the texts and the labels",
                    text[0]
                )));
            }
            let attributes = attributes(&table, &labels, &[(Role::Text, &text)], columns, wanted, console)?;
            let at = table.find(&text[0]).map_err(input::table_failure)?;
            let texts = table.column(at).map(str::to_owned).collect();
            Raw { content: Content::Texts(texts), ..attributes }
        }
        Source::Features { path, labels, dropped, columns } => {
            let mut raw = read_features(path, labels.as_deref(), dropped, columns, wanted, console)?;
            if let Some(file) = labels {
                let found = input::read_labels(file, &columns.label_columns, reading(columns, wanted))?;
                raw.labels = Some(noted(found, file, console));
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

fn read_features(
    path: &Path,
    labels: Option<&Path>,
    dropped: &[String],
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<Raw> {
    match arrays::read(path, labels, dropped, columns, wanted, console)? {
        Some(raw) => Ok(raw),
        None => read_table(path, labels.is_some(), dropped, columns, wanted, console),
    }
}

fn read_table(
    path: &Path,
    labels_apart: bool,
    dropped: &[String],
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<Raw> {
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
    let mut overrides = wanted.overrides.cloned().unwrap_or_default();
    for names in [&mut overrides.numeric, &mut overrides.categorical] {
        *names = input::names(&table, names)?;
    }
    let imputed: Vec<String> = overrides.impute_columns.keys().cloned().collect();
    let mut taken = vec![
        (Role::Numeric, &overrides.numeric[..]),
        (Role::Categorical, &overrides.categorical),
        (Role::Impute, &imputed),
    ];
    if wanted.known.is_none() {
        taken.push((Role::Drop, &dropped));
    }
    let raw = attributes(&table, &labels, &taken, columns, wanted_here, console)?;
    let mut exclude = labels.clone();
    exclude.extend([wanted.weights, wanted.groups].into_iter().flatten().map(str::to_owned));
    exclude.extend(raw.carried.iter().map(|column| column.name.clone()));
    if let Some(recipe) = wanted.known.and_then(|known| known.recipe)
        && let Some(name) = dropped.iter().find(|name| recipe.inputs().contains(&name.as_str()))
    {
        return Err(Failure::usage(format!("--drop {name}: the head learnt from this column and needs it")));
    }
    overrides.drop = dropped.into_iter().filter(|name| !exclude.contains(name)).collect();
    if wanted.overrides.is_some() && !labels.is_empty() {
        let mut siblings = input::siblings(&table, &labels);
        siblings.retain(|name| !exclude.iter().chain(&overrides.drop).any(|known| known == name));
        for name in &siblings {
            console.warn(format!(
                "column {name:?} is a feature and named like a label: --drop leaves it out, --label-column takes several columns"
            ));
        }
        if !siblings.is_empty() {
            console.remark(remarks::of_siblings(siblings.len()));
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

/// Labels, weights, groups and columns that go through. `taken` says what other flags take columns for.
///
/// # Errors
/// A column with two purposes that exclude each other; unknown columns; labels, weights or groups that cannot be used.
fn attributes(
    table: &Table,
    labels: &[String],
    taken: &[(Role, &[String])],
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
    let mut roles = vec![(Role::Label, &label_columns[..])];
    let [weight, group] =
        [wanted.weights, wanted.groups].map(|name| name.map(str::to_owned).into_iter().collect::<Vec<_>>());
    let [ids, kept] = [input::names(table, &columns.ids)?, input::names(table, &columns.kept)?];
    roles.extend([(Role::Weight, &weight[..]), (Role::Group, &group), (Role::Id, &ids), (Role::Keep, &kept)]);
    roles.extend_from_slice(taken);
    expect_one_purpose(&roles)?;
    let weights = wanted.weights.map(|column| input::column_weights(table, column)).transpose()?;
    let groups = wanted.groups.map(|column| groups_in(table, column)).transpose()?;
    let mut carried = Vec::new();
    carry(table, ids.into_iter().chain(kept), &mut carried)?;
    Ok(Raw { labels, label_columns, weights, groups, carried, content: Content::Texts(Vec::new()) })
}
