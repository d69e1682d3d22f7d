//! The arrows between crates, as `cargo metadata` and `cargo tree` report them.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::{Dependency, Kind, Metadata, root};

/// Each crate, lowest first, with the crates it may depend on. A crate that the workspace does not have yet does no harm.
const LAYERS: &[(&str, &[&str])] = &[
    ("ckks-math", &[]),
    ("ckks", &["ckks-math"]),
    ("ckks-boot", &["ckks", "ckks-math"]),
    ("ckks-threshold", &["ckks", "ckks-math"]),
    ("fhe-head", &["ckks-boot", "ckks", "ckks-math"]),
    ("head-fit", &["fhe-head", "ckks-boot", "ckks", "ckks-math"]),
    ("head-joint", &["head-fit", "fhe-head", "ckks-threshold", "ckks-boot", "ckks", "ckks-math"]),
    ("text-encoder", &[]),
    ("tables", &[]),
    ("pages", &[]),
    // The compute party as a service: it reaches `ckks` through what `fhe-head` re-exports, and knows no data party.
    ("head-service", &["fhe-head"]),
    // A page for the data party: it starts processes of the command line, and takes from the service how they are kept.
    ("head-studio", &["head-service", "pages", "tables"]),
    // It reaches `ckks` through what `fhe-head` re-exports.
    (
        "train-head",
        &[
            "head-joint",
            "head-studio",
            "head-service",
            "head-fit",
            "fhe-head",
            "ckks-threshold",
            "text-encoder",
            "tables",
            "pages",
        ],
    ),
    // It has the command line in it.
    ("train-head-python", &["train-head", "head-fit", "tables", "text-encoder"]),
    (
        "head-bench",
        &[
            "ckks-math",
            "ckks",
            "ckks-boot",
            "fhe-head",
            "head-fit",
            "text-encoder",
            "tables",
            "pages",
            "train-head",
        ],
    ),
    // Fuzz targets feed the readers of every crate.
    ("head-fuzz", &["ckks", "fhe-head", "head-fit", "head-joint", "text-encoder", "tables", "train-head"]),
    ("xtask", &[]),
];

/// Third-party crates that these of our crates alone may use, by the start of their names.
const KEPT_APART: &[(&str, &[&str])] = &[
    ("candle-", &["text-encoder"]),
    ("tokenizers", &["text-encoder"]),
    ("parquet", &["tables"]),
    ("calamine", &["tables"]),
    ("tokio", &["head-service", "head-studio"]),
    ("axum", &["head-service", "head-studio"]),
    ("hyper", &["head-service", "head-studio"]),
    ("rusqlite", &["head-service"]),
    ("jsonwebtoken", &["head-service"]),
    ("object_store", &["head-service"]),
    ("opentelemetry", &["head-service"]),
    ("utoipa", &["head-service"]),
    ("pyo3", &["train-head-python"]),
    ("numpy", &["train-head-python"]),
];

/// The crates with the compute party's code, each of which is compiled by itself. The last two are its program and its Python package.
pub(super) const COMPUTE_PARTY: [&str; 4] = ["fhe-head", "head-service", "train-head", "train-head-python"];
/// The feature that admits secret keys.
const SECRET_KEY_FEATURE: &str = "client";

/// Every arrow that the tables do not allow, one line each.
pub(super) fn violations(metadata: &Metadata) -> Vec<String> {
    let members: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for package in &metadata.packages {
        let Some(allowed) = may_use(&package.name) else {
            found.push(format!("{} is in no layer: give it one in xtask/src/layers.rs", package.name));
            continue;
        };
        let below = below(&package.name);
        for Dependency { name, kind } in &package.dependencies {
            let fine = if members.contains(name.as_str()) {
                // Tests may reach further down than the crate itself, never up.
                allowed.contains(&name.as_str()) || (*kind == Kind::Dev && below.contains(name.as_str()))
            } else {
                KEPT_APART
                    .iter()
                    .all(|(prefix, owners)| !name.starts_with(prefix) || owners.contains(&&*package.name))
            };
            if !fine {
                found.push(format!("{} -> {name} ({})", package.name, describe(*kind)));
            }
        }
    }
    found
}

/// The crates that `name` may depend on, or `None` for a crate in no layer.
fn may_use(name: &str) -> Option<&'static [&'static str]> {
    LAYERS.iter().find(|(layer, _)| *layer == name).map(|(_, below)| *below)
}

/// All crates below `name`, direct and indirect.
fn below(name: &str) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let mut open = may_use(name).unwrap_or_default().to_vec();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(may_use(next).unwrap_or_default());
        }
    }
    seen
}

/// Refuses manifests that turn the feature `client` on although a crate of the compute party is compiled without default features.
/// Such a compilation would prove nothing.
///
/// # Errors
/// `cargo tree` failed, or the feature is on; the error names the crates.
pub(super) fn refuse_secret_key_feature(compute_party: &str) -> Result<()> {
    let mut tree = process::cargo([
        "tree",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}\t{f}",
        "--no-default-features",
        "--package",
        compute_party,
    ]);
    let text = process::output(tree.current_dir(root()))?;
    let guilty = with_secret_key_feature(&text);
    if !guilty.is_empty() {
        bail!(
            "`{compute_party} --no-default-features` still turns on the feature `{SECRET_KEY_FEATURE}` of: {}",
            guilty.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// Our crates that have the feature on. A line of `tree` is `name version (path)\tfeature,feature`.
fn with_secret_key_feature(tree: &str) -> BTreeSet<&str> {
    tree.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(_, features)| features.split(',').any(|feature| feature.trim() == SECRET_KEY_FEATURE))
        .filter_map(|(package, _)| package.split_whitespace().next())
        .filter(|name| may_use(name).is_some())
        .collect()
}

fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Normal => "dependency",
        Kind::Dev => "dev-dependency",
        Kind::Build => "build-dependency",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A workspace of `ckks-math`, `ckks-boot`, `text-encoder` and `ckks`, the last with the given dependencies.
    fn workspace(dependencies: &str) -> Metadata {
        let leaf = |name| format!(r#"{{"name": "{name}", "dependencies": []}}"#);
        let text = format!(
            r#"{{"target_directory": "target", "packages": [{}, {}, {}, {{"name": "ckks", "dependencies": [{dependencies}]}}]}}"#,
            leaf("ckks-math"),
            leaf("ckks-boot"),
            leaf("text-encoder"),
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_arrow_down_is_fine() {
        let fine = workspace(r#"{"name": "ckks-math", "kind": null}, {"name": "blake3", "kind": null}"#);
        assert!(violations(&fine).is_empty());
    }

    #[test]
    fn an_arrow_up_or_sideways_is_named_whatever_its_kind() {
        for (kind, word) in
            [("null", "dependency"), (r#""dev""#, "dev-dependency"), (r#""build""#, "build-dependency")]
        {
            for to in ["ckks-boot", "text-encoder"] {
                let found = violations(&workspace(&format!(r#"{{"name": "{to}", "kind": {kind}}}"#)));
                assert_eq!(found, [format!("ckks -> {to} ({word})")]);
            }
        }
    }

    #[test]
    fn candle_stays_in_the_encoder() {
        let found = violations(&workspace(r#"{"name": "candle-core", "kind": null}"#));
        assert_eq!(found, ["ckks -> candle-core (dependency)"]);
    }

    #[test]
    fn a_crate_in_no_layer_is_refused() {
        let text = r#"{"target_directory": "target", "packages": [{"name": "helpers", "dependencies": []}]}"#;
        let found = violations(&serde_json::from_str(text).unwrap());
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("helpers is in no layer"));
    }

    #[test]
    fn dev_dependencies_reach_all_layers_below() {
        assert_eq!(
            below("train-head"),
            BTreeSet::from([
                "ckks",
                "ckks-boot",
                "ckks-math",
                "ckks-threshold",
                "fhe-head",
                "head-fit",
                "head-joint",
                "head-service",
                "head-studio",
                "pages",
                "tables",
                "text-encoder"
            ])
        );
        assert!(below("ckks-math").is_empty());
    }

    #[test]
    fn the_secret_key_feature_is_seen_in_the_tree() {
        let tree = "fhe-head v0.1.0 (/w)\t\nckks v0.1.0 (/w)\tclient,default\nclient v1.0.0\tclient\n";
        assert_eq!(with_secret_key_feature(tree), BTreeSet::from(["ckks"]));
    }
}
