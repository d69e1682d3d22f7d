//! `data`: lists the data sets of the manifest, which of them are present, and how to get the others.

use std::path::PathBuf;

use super::manifest::Manifest;
use super::place::Place;

/// Arguments of `data`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Folder of third-party data sets; default: the environment variable HEAD_BENCH_DATA
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Prints a line for each set, and two for each missing file: the reason, and the command that fetches it.
///
/// # Errors
/// The manifest cannot be read.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let place = Place::new(arguments.data.clone(), None);
    for entry in Manifest::read()?.dataset {
        let rows: usize = entry.files.iter().map(|file| file.rows).sum();
        println!("{:<18} {} ({rows} rows, {}; {})", entry.name, entry.title, entry.licence, entry.source);
        for file in entry.all_files() {
            let Err(reason) = place.read(&entry, file) else { continue };
            println!("{:<18} missing: {reason}", "");
            if let Some(url) = &file.url {
                println!("{:<18} curl -L --create-dirs -o DIR/{} {url}", "", file.path);
            }
        }
    }
    Ok(())
}
