//! `report`: records of a run as one page with tables and plots.

mod html;
mod markdown;
mod page;
mod plots;
mod records;
mod sections;

use std::path::PathBuf;

use anyhow::{Context, ensure};

use page::Page;
use records::Records;

/// Where the records are, and what to write.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Folder of records
    #[arg(long, value_name = "DIR")]
    runs: PathBuf,
    /// The page: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A Markdown file between whose marks the same tables are put, plots in a folder of its name beside it
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Writes the page.
///
/// # Errors
/// A record that cannot be read, a plot that cannot be drawn; those of writing.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let records = Records::read(&arguments.runs)?;
    ensure!(!records.is_empty(), "{} holds no records", arguments.runs.display());
    let page = page(&records)?;
    if let Some(folder) = arguments.out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&arguments.out, html::render(&page))
        .with_context(|| format!("cannot write {}", arguments.out.display()))?;
    println!("{}", arguments.out.display());
    if let Some(path) = &arguments.markdown {
        markdown::insert(&page, path)?;
        println!("{}", path.display());
    }
    Ok(())
}

fn page(records: &Records) -> anyhow::Result<Page> {
    let made = [
        sections::accuracy::section(records)?,
        sections::accuracy::curves(records)?,
        sections::accuracy::calibration(records)?,
        sections::speed::section(records)?,
        sections::speed::phases(records)?,
        sections::scale::section(records)?,
        sections::floor::section(records)?,
        sections::peers::section(records)?,
    ];
    Ok(Page {
        title: "Encrypted training, measured".into(),
        lead: sections::overview::lead(records),
        tiles: sections::overview::tiles(records),
        sections: made.into_iter().flatten().collect(),
        machine: sections::overview::machine(records),
    })
}
