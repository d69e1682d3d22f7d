//! Reading samples: features or texts, with their labels, weights, groups, and columns that go through.

use std::path::Path;

use tables::{Overrides, Recipe, Table};

use super::attributes::{Carried, Groups};
use super::raw::{Content, Raw, RawTable};
use super::remarks;
use super::roles::{Role, expect_one_purpose};
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
    labels: Option<&Path>,
    dropped: &[String],
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<Raw> {
    let array = embeddings::is_safetensors(path) || input::is_array(path);
    if array && wanted.known.is_none() {
        let overrides = wanted.overrides;
        let asked = [
            ("--drop", Some(dropped)),
            ("--numeric", overrides.map(|overrides| &overrides.numeric[..])),
            ("--categorical", overrides.map(|overrides| &overrides.categorical[..])),
        ];
        for (flag, names) in asked {
            if let Some(name) = names.and_then(<[String]>::first) {
                return Err(Failure::usage(format!(
                    "{flag} {name}: {} is an array, whose columns have no names",
                    path.display()
                )));
            }
        }
    }
    if embeddings::is_safetensors(path) {
        let (raw, kept) = read_embeddings(path, labels.is_some(), columns, wanted, console)?;
        return beside_numbers(raw, path, kept.as_ref(), labels, columns, wanted);
    }
    if input::is_array(path) {
        let raw = Raw::of(Content::Numbers { x: input::read_array(path)?, encoder: None });
        return beside_numbers(raw, path, None, labels, columns, wanted);
    }
    read_table(path, labels.is_some(), dropped, columns, wanted, console)
}

/// Embeddings, and the columns that `embed` kept beside them.
fn read_embeddings(
    path: &Path,
    labels_apart: bool,
    columns: &Columns,
    wanted: Wanted<'_>,
    console: &Console,
) -> Result<(Raw, Option<Table>)> {
    let read = embeddings::read(path)?;
    let Some(known) = read.metadata else {
        return Ok((Raw::of(Content::Numbers { x: read.x, encoder: None }), None));
    };
    let kept = match &known.columns[..] {
        [] => None,
        columns => {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let row = |row: usize| columns.iter().map(|column| column.values[row].as_str()).collect();
            let rows: Vec<Vec<&str>> = (0..read.x.nrows()).map(row).collect();
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
    let content = Content::Numbers { x: read.x, encoder: Some(Box::new(known.encoder)) };
    Ok((Raw { labels, weights, groups, ..Raw::of(content) }, kept))
}

/// Adds weights, groups and columns that go through to samples that are no table: from the columns that `embed` kept, or from the table of
/// labels.
fn beside_numbers(
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

/// The groups in a column.
fn groups_in(table: &Table, column: &str) -> Result<Groups> {
    let at = table.find(column).map_err(input::table_failure)?;
    let gap = |row| {
        Failure::data(format!(
            "{}: {}, column {column:?}: the sample has no group",
            table.input(),
            table.place(row)
        ))
        .help("fill it in: samples of one patient on both sides of a split would tell about each other")
    };
    Groups::of(Some(column.to_owned()), table.column(at)).map_err(gap)
}

/// Adds columns that go through, each once.
fn carry(table: &Table, names: impl IntoIterator<Item = String>, carried: &mut Vec<Carried>) -> Result<()> {
    for name in names {
        if !carried.iter().any(|column| column.name == name) {
            let at = table.find(&name).map_err(input::table_failure)?;
            carried.push(Carried { name, values: table.column(at).map(str::to_owned).collect() });
        }
    }
    Ok(())
}
