//! `cargo xtask check`: the fast inner loop. Formatting, lints and tests of the crates that changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::process;
use crate::workspace::{Metadata, root};

/// Checks what differs from the revision `base`, files that git does not track included: formatting and lints of the
/// workspace, and tests of the changed crates in the release profile.
///
/// cargo lints again only the changed crates and those above them. Tests of crates above are left to `cargo xtask test`.
///
/// # Errors
/// git does not know `base`, or a step failed.
pub(crate) fn run(base: &str) -> Result<()> {
    let changed = changed_crates(&Metadata::read()?, &changed_files(base)?);
    process::step("format", process::cargo(["fmt", "--all", "--check"]).current_dir(root()))?;
    let mut lints = process::cargo(["clippy", "--workspace", "--all-targets", "--quiet"]);
    process::step("lints", lints.args(["--", "-D", "warnings"]).current_dir(root()))?;
    if changed.is_empty() {
        println!("no crate differs from {base}: no tests");
        return Ok(());
    }
    let mut tests = process::cargo(["test", "--release", "--quiet"]);
    tests.args(changed.iter().flat_map(|name| ["-p", name.as_str()]));
    process::step("tests", tests.current_dir(root()))
}

/// Paths from the workspace's root of the files that differ from `base`.
fn changed_files(base: &str) -> Result<Vec<String>> {
    let git = |arguments: &[&str]| {
        process::output(Command::new("git").args(arguments).current_dir(root()).stdin(Stdio::null()))
    };
    let tracked = git(&["diff", "--name-only", "--relative", base, "--"])?;
    let untracked = git(&["ls-files", "--others", "--exclude-standard"])?;
    Ok(tracked.lines().chain(untracked.lines()).map(str::to_owned).collect())
}

fn changed_crates(metadata: &Metadata, changed: &[String]) -> BTreeSet<String> {
    changed.iter().filter_map(|file| owner(metadata, file)).collect()
}

/// The crate that a file belongs to. Prose belongs to none.
fn owner(metadata: &Metadata, file: &str) -> Option<String> {
    let path = root().join(file);
    let folder = |manifest: &Path| manifest.parent().is_some_and(|folder| path.starts_with(folder));
    let package = metadata.packages.iter().find(|package| folder(&package.manifest_path));
    package.filter(|_| !file.ends_with(".md")).map(|package| package.name.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_belong_to_the_crate_of_their_folder_and_prose_to_none() {
        let package = |name: &str, folder: &str| {
            let manifest = root().join(folder).join("Cargo.toml");
            format!(r#"{{"name": "{name}", "manifest_path": {manifest:?}, "dependencies": []}}"#)
        };
        let packages = [package("ckks", "crates/ckks"), package("ckks-boot", "crates/ckks-boot")].join(", ");
        let text = format!(r#"{{"target_directory": "target", "packages": [{packages}]}}"#);
        let metadata = serde_json::from_str(&text).unwrap();
        let changed = |files: &[&str]| {
            changed_crates(&metadata, &files.iter().map(|&file| file.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(changed(&["crates/ckks-boot/src/cost.rs"]), BTreeSet::from(["ckks-boot".to_owned()]));
        assert_eq!(changed(&["crates/ckks-boot/Cargo.toml", "crates/ckks/tests/files.rs"]).len(), 2);
        assert!(changed(&["README.md", "crates/ckks/README.md", "Cargo.lock", "docs/cli.md"]).is_empty());
    }
}
