//! `train`: the compute party's work. It reads ciphertexts and evaluation keys, and nothing else.

use serde_json::json;

use crate::args::TrainArgs;
use crate::compute_party::training::train;
use crate::console::{Console, Outcome};
use crate::crew::Crew;
use crate::exit::Result;
use crate::files::shown;
use crate::progress;
use crate::wording::counted;

/// # Errors
/// Files that are damaged or do not belong together; a failed write; ^C.
pub(super) fn run(arguments: &TrainArgs, crew: &Crew, console: &Console) -> Result<Outcome> {
    let trained = train(arguments, crew, &mut || Ok(()), console)?;
    let text = format!(
        "{}{} in {}; the encrypted head is in {} ({})",
        if trained.iterations < trained.job.iterations() { "stopped by the data party: " } else { "" },
        counted(trained.iterations, "iteration"),
        progress::seconds(trained.seconds),
        arguments.out.display(),
        progress::bytes(trained.bytes),
    );
    let json = json!({
        "iterations": trained.iterations, "bootstraps": trained.bootstraps(),
        "resumed_after": trained.resumed_after, "seconds": trained.seconds,
        "bootstrap_seconds": trained.bootstrap_seconds, "processes": crew.share().ranks, "file": shown(&arguments.out),
        "bytes": trained.bytes,
    });
    Ok(Outcome { json, text })
}
