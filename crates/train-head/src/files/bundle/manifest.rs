//! The list of what a bundle holds.

use serde::{Deserialize, Serialize};

use crate::exit::{Failure, Result};

/// Name of the list in the archive.
pub(super) const NAME: &str = "manifest.json";
/// More than any list needs: some hundred keys, a line each.
pub(super) const MAX_BYTES: u64 = 1 << 22;
const FORMAT: &str = "train-head bundle 1";

/// The list of what a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Name and version of the format.
    format: String,
    /// The program that made the bundle.
    program: String,
    /// The parameter set of everything in it.
    pub(crate) preset: String,
    /// The key that everything in it is of.
    pub(crate) key_id: String,
    /// What it holds, in the order of the archive.
    pub(crate) entries: Vec<Entry>,
}

/// A file in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its name, with `/`.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) kind: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// Digest of its contents.
    pub(crate) blake3: String,
}

impl Manifest {
    /// The list of these entries.
    pub(super) fn new(preset: String, key_id: String, entries: Vec<Entry>) -> Self {
        let program = concat!("train-head ", env!("CARGO_PKG_VERSION")).into();
        Self { format: FORMAT.into(), program, preset, key_id, entries }
    }

    /// Reads a list, from whomever.
    ///
    /// # Errors
    /// Another format; a name that leads out of the folder, or occurs twice.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("its list is damaged: {error}"))?;
        if manifest.format != FORMAT {
            return Err(format!("format {:?}; this program reads {FORMAT:?}", manifest.format));
        }
        let mut seen = std::collections::HashSet::new();
        // some file systems do not tell capitals apart
        match manifest
            .entries
            .iter()
            .find(|entry| !is_plain(&entry.path) || !seen.insert(entry.path.to_lowercase()))
        {
            Some(entry) => Err(format!("an entry named {:?}", entry.path)),
            None => Ok(manifest),
        }
    }

    /// Size of everything in it.
    pub(crate) fn bytes(&self) -> u64 {
        self.entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.bytes))
    }

    /// How many entries there are of each kind, in words.
    pub(crate) fn summary(&self) -> String {
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.path.ends_with(".json")) {
            match kinds.iter_mut().find(|(kind, _)| *kind == entry.kind) {
                Some((_, count)) => *count += 1,
                None => kinds.push((&entry.kind, 1)),
            }
        }
        kinds.iter().map(|(kind, count)| format!("{count} x {kind}")).collect::<Vec<_>>().join(", ")
    }
}

/// Longest name of an entry in bytes: what a tar header holds.
const LONGEST: usize = 100;

/// Whether a name stays in its folder and means the same file everywhere: `data.enc` or `eval/relinearisation-level-3.key`.
pub(super) fn is_plain(path: &str) -> bool {
    let name = path.strip_prefix("eval/").unwrap_or(path);
    let allowed = |c: char| c.is_alphanumeric() || "-_.+ ".contains(c);
    // Windows takes names like CON and nul.enc for devices, and drops spaces and dots at the end
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = |start: &str| stem.strip_prefix(start).is_some_and(|rest| rest.len() == 1);
    let device = ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT");
    path.len() <= LONGEST
        && name != NAME
        && name.starts_with(char::is_alphanumeric)
        && !name.ends_with(['.', ' '])
        && name.chars().all(allowed)
        && !device
}

/// A failure about a bundle.
pub(super) fn refused(path: &std::path::Path, what: &str) -> Failure {
    Failure::file(format!("{} is not a bundle that can be used: {what}", path.display()))
        .help("ask for it again; `train-head bundle` makes one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        for name in [
            "data.enc",
            "com10",
            "my data+b.enc",
            "eval/rotation-1-level-2.key",
            "eval/keys.json",
            "Käse.enc",
        ] {
            assert!(is_plain(name), "{name}");
        }
        for name in [
            "",
            "../x",
            "/etc/passwd",
            "a/b",
            "eval/../x",
            "eval/",
            "eval/a/b",
            ".partial",
            "manifest.json",
            "c:\\x",
            "-rf",
            "nul.enc",
            "com1",
            "x.",
            "x ",
            "a\u{202e}cne.b",
            "a\nb",
        ] {
            assert!(!is_plain(name), "{name}");
        }
        assert!(is_plain(&"x".repeat(100)) && !is_plain(&"x".repeat(101)));
    }
}
