//! The report in Markdown, inserted between two marks of a hand-written page.

use std::path::Path;

use anyhow::Context;
use pages::{Block, Figure, Matrix, Page, Property, Section, Table};

const BEGIN: &str = "<!-- written by `head-bench report`: begin -->";
const END: &str = "<!-- written by `head-bench report`: end -->";

/// Replaces the text between the marks, and writes plots into the folder of the same name beside the file.
///
/// # Errors
/// The file has no marks, or a file cannot be read or written.
pub(crate) fn insert(page: &Page, path: &Path) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let missing = || format!("{}: there is no line `{BEGIN}` with `{END}` after it", path.display());
    let (before, rest) = old.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    let folder = path.with_extension("");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for section in &page.sections {
        for figure in section.blocks.iter().flat_map(figures) {
            let file = folder.join(format!("{}.svg", figure.name));
            std::fs::write(&file, &figure.plot.svg)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = format!("{before}{BEGIN}\n\n{}\n{END}{after}", render(page, &folder));
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn figures(block: &Block) -> &[Figure] {
    match block {
        Block::Figures(figures) => figures,
        _ => &[],
    }
}

fn render(page: &Page, folder: &str) -> String {
    let mut out = format!("{}\n\n", page.lead);
    let mut overview = Table::new(&["", ""]);
    let properties = page.headlines.iter().chain(&page.footer);
    overview.rows = properties.map(|property| vec![property.name.clone(), property.value.clone()]).collect();
    out += &table(&overview);
    for section in &page.sections {
        out += &self::section(section, folder);
    }
    out
}

fn section(section: &Section, folder: &str) -> String {
    let mut out = format!("\n## {}\n\n", section.title);
    for block in &section.blocks {
        out += &match block {
            Block::Text(text) | Block::Notice(text) => format!("{text}\n\n"),
            Block::Heading(text) => format!("### {text}\n\n"),
            Block::List(items) => items.iter().map(|item| format!("- {item}\n")).collect::<String>() + "\n",
            Block::Definitions(properties) => {
                let line = |property: &Property| format!("- {}: {}\n", property.name, property.value);
                properties.iter().map(line).collect::<String>() + "\n"
            }
            Block::Table(table) => self::table(table) + "\n",
            Block::Matrix(matrix) => self::matrix(matrix) + "\n",
            Block::Figures(figures) => {
                figures
                    .iter()
                    .map(|figure| format!("![{}]({folder}/{}.svg)\n", figure.caption, figure.name))
                    .collect::<String>()
                    + "\n"
            }
            Block::Command(command) => format!("```sh\n{command}\n```\n\n"),
        };
    }
    out.trim_end().to_owned() + "\n"
}

/// Rows are true classes.
fn matrix(matrix: &Matrix) -> String {
    let classes: Vec<&str> = matrix.classes.iter().map(String::as_str).collect();
    let mut table = Table::new(&[&[matrix.caption.as_str()][..], &classes].concat());
    for (class, counts) in classes.iter().zip(&matrix.counts) {
        table.push(std::iter::once(format!("true: {class}")).chain(counts.iter().map(u64::to_string)));
    }
    self::table(&table)
}

fn table(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ").replace('\n', " "));
    let numbers =
        |column: usize| !table.rows.is_empty() && table.rows.iter().all(|row| Table::is_number(&row[column]));
    let rule: Vec<String> =
        (0..table.head.len()).map(|column| if numbers(column) { "--:" } else { "---" }.to_owned()).collect();
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    line(&table.head) + &line(&rule) + &rows
}
