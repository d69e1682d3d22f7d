//! `cargo xtask check`: the fast inner loop. Formatting, lints and tests of the crates that changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::process;
use crate::workspace::{Metadata, root};

/// Files whose change can break any crate. They cause lints of the whole workspace and no tests.
const SHARED: &[&str] = &["Cargo.toml", "Cargo.lock", "rustfmt.toml", ".cargo/config.toml"];

/// Checks what differs from the revision `base`, files that git does not track included: formatting of the workspace,
/// lints of the changed crates and of all crates above them, and tests of the changed crates in the release profile.
///
/// # Errors
/// git does not know `base`, or a step failed.
pub(crate) fn run(base: &str) -> Result<()> {
    let scope = Scope::new(&Metadata::read()?, &changed_files(base)?);
    process::step("format", process::cargo(["fmt", "--all", "--check"]).current_dir(root()))?;
    if scope.lint.is_empty() {
        println!("no crate differs from {base}");
        return Ok(());
    }
    let mut lints = process::cargo(["clippy", "--all-targets", "--quiet"]);
    lints.args(select(&scope.lint)).args(["--", "-D", "warnings"]);
    process::step("lints", lints.current_dir(root()))?;
    if scope.test.is_empty() {
        return Ok(());
    }
    let mut tests = process::cargo(["test", "--release", "--quiet"]);
    process::step("tests", tests.args(select(&scope.test)).current_dir(root()))
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

/// The crates to lint and to test.
#[derive(Debug, Default, PartialEq)]
struct Scope {
    lint: BTreeSet<String>,
    test: BTreeSet<String>,
}

impl Scope {
    fn new(metadata: &Metadata, changed: &[String]) -> Self {
        let test: BTreeSet<String> = changed.iter().filter_map(|file| owner(metadata, file)).collect();
        let mut lint = test.clone();
        if changed.iter().any(|file| SHARED.contains(&file.as_str())) {
            lint.extend(metadata.packages.iter().map(|package| package.name.clone()));
        }
        loop {
            let above = metadata.packages.iter().filter(|package| {
                package.dependencies.iter().any(|dependency| lint.contains(&dependency.name))
            });
            let before = lint.len();
            let above: Vec<String> = above.map(|package| package.name.clone()).collect();
            lint.extend(above);
            if lint.len() == before {
                return Self { lint, test };
            }
        }
    }
}

/// The crate that a file belongs to. Prose belongs to none.
fn owner(metadata: &Metadata, file: &str) -> Option<String> {
    let path = root().join(file);
    let folder = |manifest: &Path| manifest.parent().is_some_and(|folder| path.starts_with(folder));
    let package = metadata.packages.iter().find(|package| folder(&package.manifest_path));
    package.filter(|_| !file.ends_with(".md")).map(|package| package.name.clone())
}

fn select(crates: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    crates.iter().flat_map(|name| ["-p", name.as_str()])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn scope(changed: &[&str]) -> Scope {
        let package = |name: &str, folder: &str, below: &str| {
            let dependencies =
                if below.is_empty() { String::new() } else { format!(r#"{{"name": "{below}"}}"#) };
            let manifest = root().join(folder).join("Cargo.toml");
            format!(
                r#"{{"name": "{name}", "manifest_path": {manifest:?}, "dependencies": [{dependencies}]}}"#
            )
        };
        let packages = [
            package("ckks", "crates/ckks", ""),
            package("ckks-boot", "crates/ckks-boot", "ckks"),
            package("fhe-head", "crates/fhe-head", "ckks-boot"),
            package("xtask", "xtask", ""),
        ];
        let text = format!(r#"{{"target_directory": "target", "packages": [{}]}}"#, packages.join(", "));
        let changed: Vec<String> = changed.iter().map(|&file| file.into()).collect();
        Scope::new(&serde_json::from_str(&text).unwrap(), &changed)
    }

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn a_changed_crate_is_tested_and_the_crates_above_it_are_linted() {
        let found = scope(&["crates/ckks-boot/src/cost.rs"]);
        assert_eq!(found, Scope { lint: names(["ckks-boot", "fhe-head"]), test: names(["ckks-boot"]) });
        let found = scope(&["crates/ckks/src/scale.rs", "xtask/src/main.rs"]);
        let all = names(["ckks", "ckks-boot", "fhe-head", "xtask"]);
        assert_eq!(found, Scope { lint: all, test: names(["ckks", "xtask"]) });
    }

    #[test]
    fn prose_needs_no_check_and_the_shared_manifest_lints_everything() {
        assert_eq!(scope(&["README.md", "crates/ckks/README.md", "docs/cli.md"]), Scope::default());
        let found = scope(&["Cargo.lock"]);
        assert_eq!(found, Scope { lint: names(["ckks", "ckks-boot", "fhe-head", "xtask"]), test: names([]) });
    }
}
