//! `look`: what a table holds, before anything is chosen. With a column of texts: how many are longer than an encoder's window.

use serde_json::{Value, json};
use tables::{Kind, LabelColumn, LabelKind, LabelOptions, Overrides, Recipe, Table};

use crate::args::LookArgs;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files;
use crate::input::{self, TableOptions};
use crate::samples::{LoadedEncoder, long_texts};

/// Most classes that are counted for a column that may hold labels.
const MOST_CLASSES: usize = 40;

/// # Errors
/// A table that cannot be read; no such column; an encoder that cannot be loaded.
pub(super) fn run(arguments: &LookArgs, console: &Console) -> Result<Outcome> {
    let options = TableOptions { format: None, sheet: arguments.sheet.as_deref() };
    let table = input::open(&arguments.file, options)?;
    match &arguments.text_column {
        Some(column) => texts(arguments, &table, column, console),
        None => Ok(columns(arguments, &table)),
    }
}

/// All columns, and what they would be as labels.
fn columns(arguments: &LookArgs, table: &Table) -> Outcome {
    let (recipe, problems) = Recipe::looked_at(table, None, &[], &Overrides::default());
    let described = recipe.describe();
    let label = input::labels(table, &[]).ok().and_then(|names| names.into_iter().next());
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
    let lines = [
        format!("{}: {} rows, {} columns", arguments.file.display(), table.rows(), table.names().len()),
        described.to_string().trim_end().to_owned(),
    ];
    let json = json!({
        "file": files::shown(&arguments.file), "rows": table.rows(), "columns": columns, "label": label, "text": text,
        "notes": table.notes(),
    });
    Outcome { json, text: lines.join("\n") }
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
