//! `man`: manual pages of the program and of each command.

use serde_json::json;

use crate::args::{self, ManArgs};
use crate::console::Outcome;
use crate::exit::{Failure, Kind, Result};
use crate::files::{Access, shown, write_bytes};

/// # Errors
/// A failed write.
pub(super) fn run(arguments: &ManArgs) -> Result<Outcome> {
    let pages = pages()?;
    let Some(folder) = &arguments.folder else {
        let main = pages.into_iter().next().map(|page| page.roff).unwrap_or_default();
        return Ok(Outcome { json: json!({ "page": main }), text: main.trim_end().to_owned() });
    };
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("create", folder, Kind::Usage, error))?;
    let mut files = Vec::new();
    for page in pages {
        let path = folder.join(format!("{}.1", page.name));
        write_bytes(&path, Access::Shared, page.roff.as_bytes())?;
        files.push(path);
    }
    let text = format!("{} manual pages in {}", files.len(), folder.display());
    Ok(Outcome { json: json!({ "files": files.iter().map(shown).collect::<Vec<_>>() }), text })
}

/// A manual page.
struct Page {
    /// `train-head`, or `train-head-COMMAND`.
    name: String,
    roff: String,
}

/// The page of the program, then one per command.
fn pages() -> Result<Vec<Page>> {
    let mut program = args::command().disable_help_subcommand(true);
    // hands the global flags down to the commands
    program.build();
    let mut pages = vec![page(program.get_name().to_owned(), program.clone())?];
    for command in program.get_subcommands() {
        let name = format!("{}-{}", program.get_name(), command.get_name());
        pages.push(page(name, command.clone())?);
    }
    Ok(pages)
}

fn page(name: String, command: clap::Command) -> Result<Page> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Failure::unexpected(format!("cannot write the manual page of {name}")).because(error)
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(command).title(&name).render(&mut roff).map_err(|error| failed(error.into()))?;
    let roff = String::from_utf8(roff).map_err(|error| failed(error.into()))?;
    Ok(Page { name, roff })
}
