//! The readers of files that this crate alone knows, for the fuzz targets of `fuzz/`. Each reads what a path names, drops it, and tells
//! in words why it refused.

use std::path::Path;
use std::sync::OnceLock;

use crate::console::Console;
use crate::exit::Failure;
use crate::files::validation::ValidationFolder;
use crate::files::{bundle, embeddings, evaluation_keys, head};
use crate::input::npy;
use crate::plan::PlanFile;

type Refused = Result<(), String>;

/// `plan.json`, and `plan.safetensors` beside it.
///
/// # Errors
/// Why it was refused.
pub fn plan(path: &Path) -> Refused {
    of(PlanFile::read(path).and_then(|plan| plan.scheme().map(|_| plan.summary())))
}

/// A folder with `head.json` and `head.safetensors`.
///
/// # Errors
/// Why it was refused.
pub fn head(folder: &Path) -> Refused {
    of(head::Head::read(folder))
}

/// A safetensors file of embeddings.
///
/// # Errors
/// Why it was refused.
pub fn embeddings(path: &Path) -> Refused {
    of(embeddings::read(path))
}

/// A NumPy array.
///
/// # Errors
/// Why it was refused.
pub fn npy(path: &Path) -> Refused {
    of(npy::read(path))
}

/// A bundle, unpacked into a folder that does not exist.
///
/// # Errors
/// Why it was refused.
pub fn bundle(path: &Path, out: &Path) -> Refused {
    static CONSOLE: OnceLock<Console> = OnceLock::new();
    let console = CONSOLE.get_or_init(|| Console::start(false, true, 0));
    of(bundle::unpack(path, out, console))
}

/// `keys.json` of a folder of evaluation keys.
///
/// # Errors
/// Why it was refused.
pub fn key_list(folder: &Path) -> Refused {
    of(evaluation_keys::listed(folder))
}

/// `stop.json` of a folder of validation.
///
/// # Errors
/// Why it was refused.
pub fn stop(folder: &Path) -> Refused {
    of(ValidationFolder::at(folder).asked_to_stop_at())
}

fn of<T>(read: Result<T, Failure>) -> Refused {
    read.map(drop).map_err(|failure| failure.chain().join(": "))
}
