//! `look`: what a table holds, before anything is chosen. With a column of texts: how many are longer than an encoder's window.

use serde_json::{Value, json};
use tables::{Description, Kind, LabelColumn, LabelKind, LabelOptions, Overrides, Recipe, Table};

use crate::args::LookArgs;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files;
use crate::input::{self, TableOptions};
use crate::samples::{LoadedEncoder, long_texts};
use crate::wording::counted;

/// Most classes that are counted for a column that may hold labels.
const MOST_CLASSES: usize = 40;

/// # Errors
/// A table that cannot be read; no such column; an encoder that cannot be loaded.
pub(super) fn run(arguments: &LookArgs, console: &Console) -> Result<Outcome> {
    let options = TableOptions { format: None, sheet: arguments.sheet.as_deref() };
    let table = input::open(&arguments.file, options)?;
    match &arguments.text_column {
        Some(column) => texts(arguments, &table, column, console),
        None => columns(arguments, &table),
    }
}

/// All columns, and what they would be as labels. In the table to print, columns of labels stand apart, with their classes.
fn columns(arguments: &LookArgs, table: &Table) -> Result<Outcome> {
    let asked = match &arguments.label_columns[..] {
        [] => input::labels(table, &[]).unwrap_or_default(),
        asked => input::labels(table, asked)?,
    };
    let (recipe, problems) = Recipe::looked_at(table, None, &[], &Overrides::default());
    let described = recipe.describe();
    let label = asked.first().cloned();
    let text = input::text(table, None, label.as_deref()).ok();
    let columns: Vec<Value> = described
        .columns
        .iter()
        .map(|column| {
            let mut shown = json!(column);
            let problem = problems.0.iter().find(|problem| problem.column == column.name);
            shown["problem"] = json!(problem.map(|problem| &problem.what));
            shown["labels"] = as_labels(table, &column.name);
            shown["characters"] = characters(table, &column.name, column.kind);
            shown
        })
        .collect();
    // a column that is read as sentences is the texts, and no other is by its place
    let is_text = |name: &&str| {
        described.columns.iter().any(|column| column.name == *name && column.kind == Kind::Text)
    };
    let only = || {
        described.columns.iter().find(|column| column.kind == Kind::Text).map(|column| column.name.as_str())
    };
    let text = text.filter(is_text).or_else(only);
    let features = Description {
        columns: described.columns.iter().filter(|column| !asked.contains(&column.name)).cloned().collect(),
    };
    let mut lines = vec![format!(
        "{}: {}, {}",
        arguments.file.display(),
        counted(table.rows(), "row"),
        counted(table.names().len(), "column")
    )];
    if !features.columns.is_empty() {
        lines.push(features.to_string().trim_end().to_owned());
    }
    for column in &features.columns {
        let problem = problems.0.iter().find(|problem| problem.column == column.name);
        lines.extend(problem.map(|problem| format!("problem of {:?}: {}", column.name, problem.what)));
    }
    lines.extend(features.columns.iter().filter_map(|column| as_sets(table, &column.name)));
    for name in &asked {
        match tables::labels(table, name, LabelOptions::default()) {
            Ok(found) => lines.extend(label_lines(name, &found)),
            Err(error) if arguments.label_columns.is_empty() => {
                lines.push(format!("column {name:?} cannot be taken as labels: {error}"));
            }
            Err(error) => return Err(input::table_failure(error)),
        }
    }
    if asked.is_empty() {
        lines.push(
            "no column has a usual name of labels: --label-column NAME shows the classes of one".to_owned(),
        );
    }
    let json = json!({
        "file": files::shown(&arguments.file), "rows": table.rows(), "columns": columns, "label": label,
        "label_columns": asked, "text": text, "notes": table.notes(),
    });
    Ok(Outcome { json, text: lines.join("\n") })
}

/// A column of labels: what they are, and each class or label with its rows.
fn label_lines(name: &str, found: &LabelColumn) -> Vec<String> {
    let LabelColumn { kind, counts, notes, numbers, .. } = found;
    let different = counts.len();
    let mut lines = vec![format!(
        "labels in column {name:?}: {}",
        match kind {
            LabelKind::Classes => counted(different, "class"),
            LabelKind::MultiLabel(_) => format!("any number of {}", counted(different, "label")),
            LabelKind::Numbers => {
                let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                format!("{}, {least} to {most}", counted(different, "different number"))
            }
        }
    )];
    if *kind != LabelKind::Numbers {
        let shown = &counts[..different.min(MOST_CLASSES)];
        let wide = shown.iter().map(|(class, _)| class.chars().count()).max().unwrap_or(0).min(40);
        lines.extend(shown.iter().map(|(class, rows)| {
            let class: String = class.chars().take(40).collect();
            format!("  {class:<wide$}  {rows}")
        }));
        if different > shown.len() {
            lines.push(format!("  and {} more", different - shown.len()));
        }
    }
    // the first line says the same of numbers
    let notes = notes.iter().filter(|_| *kind != LabelKind::Numbers);
    lines.extend(notes.map(|note| format!("  {note}")));
    lines
}

/// A remark on a column that would be sets of labels: as a feature each combination is a category.
fn as_sets(table: &Table, name: &str) -> Option<String> {
    let found = tables::labels(table, name, LabelOptions::default()).ok()?;
    matches!(found.kind, LabelKind::MultiLabel(_)).then(|| {
        format!(
            "note on {name:?}: with --label-column any number of {}; as a feature each combination is a category",
            counted(found.counts.len(), "label")
        )
    })
}

/// What a column would be as labels; null if it would be none.
fn as_labels(table: &Table, name: &str) -> Value {
    let Ok(found) = tables::labels(table, name, LabelOptions::default()) else { return Value::Null };
    let LabelColumn { kind, counts, notes, .. } = found;
    let different = counts.len();
    // a class for nearly each row is no class
    let many = different > MOST_CLASSES || different * 2 > table.rows();
    let kind = match kind {
        LabelKind::Classes if many || different < 2 => return Value::Null,
        LabelKind::Classes => "classes",
        LabelKind::MultiLabel(_) => "labels",
        LabelKind::Numbers => "numbers",
    };
    let counts = if kind == "numbers" { &counts[..0] } else { &counts[..different.min(MOST_CLASSES)] };
    json!({ "kind": kind, "different": different, "counts": counts, "notes": notes })
}

/// The lengths of sentences; null for other columns.
fn characters(table: &Table, name: &str, kind: Kind) -> Value {
    let Some(at) = table.names().iter().position(|known| known == name).filter(|_| kind == Kind::Text) else {
        return Value::Null;
    };
    let mut lengths: Vec<usize> = table.column(at).map(|cell| cell.chars().count()).collect();
    lengths.sort_unstable();
    let (median, longest) = (lengths.get(lengths.len() / 2), lengths.last());
    json!({ "median": median, "longest": longest })
}

/// How many texts of a column are longer than the encoder's window.
fn texts(arguments: &LookArgs, table: &Table, column: &str, console: &Console) -> Result<Outcome> {
    let at = table.find(column).map_err(input::table_failure)?;
    let texts: Vec<String> = table.column(at).map(str::to_owned).collect();
    let encoder = LoadedEncoder::load(arguments.encoder.resolve()?, console)?;
    let used = encoder.used();
    let long = long_texts(&encoder, &texts, console)?;
    let window = used.info.max_seq_length;
    Ok(Outcome {
        text: format!(
            "{long} of {} texts have more than the {window} tokens that {} embeds at once",
            texts.len(),
            used.info.model
        ),
        json: json!({
            "texts": texts.len(), "long": long, "window": window, "model": used.info.model, "dimension": used.info.dimension,
        }),
    })
}
