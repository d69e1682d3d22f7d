//! `cargo xtask sbom`: the software bill of materials of `train-head`, in CycloneDX (<https://cyclonedx.org/docs/1.6/json/>).
//!
//! cargo says what is compiled into the program for this platform, Cargo.lock has the digests. (`cargo cyclonedx` gives the same list; its
//! build takes longer than everything else that CI needs for it.)

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::dependencies::{Graph, Node, Package, links};
use crate::workspace::root;

const PROGRAM: &str = "train-head";

/// Cargo.lock.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// Writes the list to `target/train-head.cdx.json`.
///
/// # Errors
/// cargo failed, or what it printed cannot be read; a failed write.
pub(crate) fn run() -> Result<()> {
    let graph = Graph::read()?;
    let lock: Lock =
        basic_toml::from_str(&fs::read_to_string(root().join("Cargo.lock"))?).context("Cargo.lock")?;
    let path = graph.target_directory.join(format!("{PROGRAM}.cdx.json"));
    let bill = bill(&graph, &lock).with_context(|| format!("{PROGRAM} is not in the workspace"))?;
    fs::write(&path, format!("{bill:#}\n"))?;
    let count = bill["components"].as_array().map_or(0, Vec::len);
    println!("{}: {count} components", path.display());
    Ok(())
}

fn bill(graph: &Graph, lock: &Lock) -> Option<Value> {
    let packages: BTreeMap<&str, &Package> =
        graph.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let nodes: BTreeMap<&str, &Node> =
        graph.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let program = graph.package(PROGRAM)?;
    let reached = graph.reached(program);
    let component = |id: &&str| {
        let Some(package) = packages.get(*id) else { return Value::Null };
        let sum = lock
            .package
            .iter()
            .find(|locked| locked.name == package.name && locked.version == package.version)
            .and_then(|locked| locked.checksum.as_deref());
        described("library", package, sum)
    };
    let reference = |id: &str| packages.get(id).map(|package| url(package));
    let itself = program.id.as_str();
    let dependencies = reached.iter().chain([&itself]).filter_map(|id| nodes.get(id)).map(|node| {
        let on: Vec<_> = links(node).filter(|to| reached.contains(to)).filter_map(reference).collect();
        json!({ "ref": reference(&node.id), "dependsOn": on })
    });
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": described("application", program, None) },
        "components": reached.iter().map(component).collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    }))
}

fn described(kind: &str, package: &Package, checksum: Option<&str>) -> Value {
    let mut value = json!({
        "type": kind, "bom-ref": url(package), "name": package.name, "version": package.version, "purl": url(package),
    });
    if let Some(license) = &package.license {
        // the form of old manifests: a choice
        value["licenses"] = json!([{ "expression": license.replace(" / ", " OR ").replace('/', " OR ") }]);
    }
    if let Some(description) = &package.description {
        value["description"] = json!(description.trim());
    }
    if let Some(sum) = checksum {
        value["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    value
}

/// The package URL.
fn url(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_built_in_is_listed_once_and_tests_are_not() {
        let graph: Graph = serde_json::from_value(json!({
            "target_directory": "target",
            "packages": [
                { "id": "p", "name": "train-head", "version": "1.0.0", "license": "MIT OR Apache-2.0", "description": null },
                { "id": "a", "name": "a", "version": "0.1.0", "license": "MIT/Apache-2.0", "description": " A. " },
                { "id": "t", "name": "t", "version": "0.2.0", "license": "MIT", "description": null },
            ],
            "resolve": { "nodes": [
                { "id": "p", "deps": [
                    { "pkg": "a", "dep_kinds": [{ "kind": null }, { "kind": "dev" }] },
                    { "pkg": "t", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "a", "deps": [] },
                { "id": "t", "deps": [] },
            ] },
        }))
        .unwrap();
        let lock: Lock =
            basic_toml::from_str("[[package]]\nname = \"a\"\nversion = \"0.1.0\"\nchecksum = \"00ff\"\n")
                .unwrap();
        let bill = bill(&graph, &lock).unwrap();
        assert_eq!(bill["components"].as_array().unwrap().len(), 1);
        assert_eq!(bill["components"][0]["hashes"][0]["content"], "00ff");
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(
            bill["dependencies"][1],
            json!({ "ref": "pkg:cargo/train-head@1.0.0", "dependsOn": ["pkg:cargo/a@0.1.0"] })
        );
    }
}
