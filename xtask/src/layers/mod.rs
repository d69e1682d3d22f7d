//! `cargo xtask layers`: arrows run one way, between crates and between the files of a crate (docs/architecture.md).
//!
//! Four checks:
//! - every dependency of one of our crates on another is in the table of `crates.rs`, and the machinery of texts stays in
//!   `text-encoder`;
//! - no files of a crate use each other in a circle;
//! - no chain of modules in a crate is longer than the table below allows, and no modules use each other in a circle there;
//! - the compute party's code compiles without the feature `client`, that is, without any type or function that could hold
//!   a secret key.

mod crates;
mod graph;
mod source;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::{Metadata, root};
use graph::Graph;
use source::Source;

/// The most levels of top-level modules in a crate, that is, the length of the longest chain in which each module uses the next. A
/// folder is one module; its arrows must not run in a circle either.
const MOST_LEVELS: &[(&str, usize)] = &[("fhe-head", 9)];

/// Runs all checks.
///
/// # Errors
/// An arrow against the table, a circle of files, too many levels, or code of the compute party that needs the feature
/// `client`. Arrows, circles and levels are all reported before the first of them ends the run.
pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::read()?;
    let mut problems = crates::violations(&metadata);
    if problems.is_empty() {
        println!("layers: {} crates, every arrow runs down", metadata.packages.len());
    }
    problems.extend(check_files(&metadata)?);
    if !problems.is_empty() {
        bail!("against the layers (docs/architecture.md):\n  {}", problems.join("\n  "));
    }
    for party in crates::COMPUTE_PARTY {
        crates::refuse_secret_key_feature(party)?;
        process::step(
            "the compute party's code compiles without secret keys",
            process::cargo(["check", "--quiet", "-p", party, "--no-default-features"]).current_dir(root()),
        )?;
    }
    Ok(())
}

/// Circles and excess levels in the libraries and programs of all crates, one entry each.
fn check_files(metadata: &Metadata) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for package in &metadata.packages {
        for target in package.targets.iter().filter(|target| target.is_library_or_program()) {
            let path = target.src_path.strip_prefix(root()).unwrap_or(&target.src_path);
            let graph = Graph::new(Source::read(path, &read)?);
            problems.extend(excess(&package.name, &graph));
        }
    }
    Ok(problems)
}

/// The problems of one crate's files. Also prints the number of levels of a crate that has a limit.
fn excess(name: &str, graph: &Graph) -> Vec<String> {
    let circle = |(files, lines): (usize, Vec<String>)| {
        format!("{name}: a circle of {files} files:\n    {}", lines.join("\n    "))
    };
    let mut problems: Vec<String> = graph.circles().into_iter().map(circle).collect();
    if let Some((_, most)) = MOST_LEVELS.iter().find(|(limited, _)| *limited == name) {
        let modules = graph.of_modules();
        problems.extend(modules.circles().into_iter().map(circle));
        let chain = modules.longest_chain();
        println!("layers: {name} has {} levels of modules, of at most {most}", chain.len());
        if chain.len() > *most {
            let levels = chain.len();
            problems.push(format!(
                "{name}: {levels} levels of modules instead of {most}:\n    {}",
                chain.join("\n    ")
            ));
        }
    }
    problems
}

/// Reads a file by its path from the workspace's root.
fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(root().join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests;
