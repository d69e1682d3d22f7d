//! `completions`: a script that completes commands and flags in a shell.

use serde_json::json;

use crate::args::{self, CompletionsArgs};
use crate::console::Outcome;
use crate::exit::{Failure, Result};

/// # Errors
/// None in practice: the scripts are UTF-8.
pub(super) fn run(arguments: &CompletionsArgs) -> Result<Outcome> {
    let mut command = args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| Failure::unexpected("the completion script is not UTF-8").because(error))?;
    let json = json!({ "shell": arguments.shell.to_string(), "script": script });
    Ok(Outcome { json, text: script.trim_end().to_owned() })
}
