//! What is compiled into a program, as `cargo metadata` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
use crate::workspace::root;

/// The parts of `cargo metadata` that are needed: all packages for this platform, and who depends on whom.
#[derive(Deserialize)]
pub(crate) struct Graph {
    pub(crate) packages: Vec<Package>,
    pub(crate) resolve: Resolve,
    pub(crate) target_directory: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) manifest_path: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

#[derive(Deserialize)]
pub(crate) struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
pub(crate) struct EdgeKind {
    kind: Option<String>,
}

impl Graph {
    /// Asks cargo.
    ///
    /// # Errors
    /// cargo failed, or what it printed cannot be read.
    pub(crate) fn read() -> Result<Self> {
        let target = host()?;
        let metadata = ["metadata", "--format-version", "1", "--locked", "--filter-platform", &target];
        let text = process::output(process::cargo(metadata).current_dir(root()))?;
        serde_json::from_str(&text).context("cannot read what `cargo metadata` printed")
    }

    /// A package by its name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The ids of everything that is compiled into a package or by its build, but not for its tests.
    pub(crate) fn reached<'a>(&'a self, package: &'a Package) -> BTreeSet<&'a str> {
        let nodes: BTreeMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut seen = BTreeSet::new();
        let mut open = vec![package.id.as_str()];
        while let Some(id) = open.pop() {
            open.extend(nodes.get(id).into_iter().flat_map(|node| links(node)).filter(|to| seen.insert(*to)));
        }
        seen
    }
}

/// The platform of this machine, such as `x86_64-unknown-linux-gnu`.
///
/// # Errors
/// rustc failed.
pub(crate) fn host() -> Result<String> {
    Ok(process::output(Command::new("rustc").args(["--print", "host-tuple"]))?.trim().to_owned())
}

/// What a package depends on, but for its tests.
pub(crate) fn links(node: &Node) -> impl Iterator<Item = &str> {
    let built_in = |edge: &&Edge| edge.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"));
    node.deps.iter().filter(built_in).map(|edge| edge.pkg.as_str())
}
