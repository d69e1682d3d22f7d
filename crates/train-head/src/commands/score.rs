//! `score`: the compute party's predictions. It reads an encrypted head, encrypted samples and evaluation keys, and learns nothing
//! of the scores.

use serde_json::json;

use crate::args::ScoreArgs;
use crate::compute_party::scoring::score;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files::shown;
use crate::progress;
use crate::wording::counted;

/// # Errors
/// Files that are damaged or do not belong together; a failed write.
pub(super) fn run(arguments: &ScoreArgs, console: &Console) -> Result<Outcome> {
    let scored = score(arguments, console)?;
    let text = format!(
        "scores of at most {} in {}; they are in {} ({})",
        counted(scored.most_samples, "sample"),
        progress::seconds(scored.seconds),
        arguments.out.display(),
        progress::bytes(scored.bytes),
    );
    let json = json!({
        "blocks": scored.blocks, "most_samples": scored.most_samples, "seconds": scored.seconds,
        "file": shown(&arguments.out), "bytes": scored.bytes,
    });
    Ok(Outcome { json, text })
}
