//! The readers of files that this crate alone knows, for the fuzz targets of `fuzz/`. Each reads what a path names, drops it, and tells
//! in words why it refused.

pub mod joint;

use std::path::Path;
use std::sync::OnceLock;

use fhe_head::files::RunId;

use crate::args::TrustArgs;
use crate::console::Console;
use crate::exit::Failure;
use crate::files::feature_map::FeatureMapFile;
use crate::files::validation::ValidationFolder;
use crate::files::{bundle, embeddings, evaluation_keys, head};
use crate::identity::Trust;
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

/// A file of a feature map, and the map for its features.
///
/// # Errors
/// Why it was refused.
pub fn feature_map(path: &Path) -> Refused {
    let read = || {
        let file = FeatureMapFile::read(path)?;
        let inputs = file.summary()["inputs"].as_u64().unwrap_or_default() as usize;
        file.of_features(inputs, None, None)
    };
    of(read())
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
    of(anyone().and_then(|trust| bundle::unpack(path, out, &trust, console())))
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
    let read = |trust| ValidationFolder::at(folder).asked_to_stop_at(RunId::default(), &trust);
    of(anyone().and_then(read))
}

fn console() -> &'static Console {
    static CONSOLE: OnceLock<Console> = OnceLock::new();
    CONSOLE.get_or_init(|| Console::start(false, true, 0, crate::args::ProgressForm::Bar))
}

/// Takes files from anyone, so that reading goes on behind a signature that does not fit.
fn anyone() -> Result<Trust, Failure> {
    let arguments = TrustArgs { peer: None, allow_unverified: true };
    Trust::open(&arguments, Some(Path::new("identity-of-nobody")), console())
}

fn of<T>(read: Result<T, Failure>) -> Refused {
    read.map(drop).map_err(|failure| failure.chain().join(": "))
}
