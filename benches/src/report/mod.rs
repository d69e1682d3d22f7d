//! `report`: makes a page with tables and plots from the records of a run.

mod markdown;
mod sections;

use std::path::PathBuf;

use anyhow::Context;
use pages::{Page, Property};

use crate::records::{self, Records, headlines, machine, summarize};

/// Arguments of `report`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    runs: PathBuf,
    /// The page, a self-contained HTML file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A Markdown file, to insert the same tables between its marks; plots go to the folder of the same name beside it
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Renew summary.md in the folder of the run, after records were edited
    #[arg(long)]
    summary: bool,
}

/// Writes the page.
///
/// # Errors
/// The records cannot be read, a plot cannot be drawn, or a file cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let records = Records::read(&arguments.runs)?;
    if arguments.summary {
        summarize(&arguments.runs, &records)?;
    }
    let page = page(&records)?;
    if let Some(folder) = arguments.out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&arguments.out, pages::html(&page))
        .with_context(|| format!("cannot write {}", arguments.out.display()))?;
    println!("{}", arguments.out.display());
    if let Some(path) = &arguments.markdown {
        markdown::insert(&page, path)?;
        println!("{}", path.display());
    }
    Ok(())
}

fn page(records: &Records) -> anyhow::Result<Page> {
    let sections = [
        sections::accuracy::section(records)?,
        sections::accuracy::curves(records)?,
        sections::accuracy::calibration(records)?,
        sections::speed::section(records)?,
        sections::speed::phases(records)?,
        sections::scale::section(records)?,
        sections::floor::section(records)?,
        sections::peers::section(records)?,
    ];
    let properties =
        |of: Vec<records::Property>| of.into_iter().map(|one| Property::new(one.name, one.value)).collect();
    Ok(Page {
        title: "Measurements of encrypted training".into(),
        lead: sections::overview::lead(records),
        headlines: properties(headlines(records)),
        notice: None,
        sections: sections.into_iter().flatten().collect(),
        footer: properties(machine(records)),
    })
}
