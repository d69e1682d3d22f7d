//! Files of the data party that are not encrypted. Only its own program reads them.

use std::path::Path;

use serde_json::json;

use super::facts::Facts;
use crate::exit::{Failure, Kind, Result};
use crate::files::embeddings;
use crate::files::feature_map::FeatureMapFile;
use crate::files::head::Head;
use crate::joint::{AnySession, describe, describe_sums};
use crate::plan::PlanFile;

/// A plan.
pub(super) fn plan(path: &Path) -> Result<Facts> {
    Ok(vec![("kind", json!("plan")), ("plan", PlanFile::read(path)?.summary())])
}

/// A feature map.
pub(super) fn feature_map(path: &Path) -> Result<Facts> {
    Ok(vec![("kind", json!("feature map")), ("map", FeatureMapFile::read(path)?.summary())])
}

/// A session of several data parties, with the plan beside it.
pub(super) fn session(path: &Path) -> Result<Facts> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(match AnySession::open(folder)? {
        AnySession::Training(session) => {
            vec![("kind", json!("session of a joint training")), ("session", describe::json(&session)?)]
        }
        AnySession::Sums(session) => {
            vec![("kind", json!("session of sums")), ("session", describe_sums::json(&session)?)]
        }
    })
}

/// What is known of a head by its folder or either of its files.
pub(super) fn head(path: &Path) -> Result<Facts> {
    Ok(vec![("description", Head::described(path)?)])
}

/// Embeddings.
pub(super) fn embeddings(path: &Path) -> Result<Facts> {
    let read = embeddings::read(path).map_err(|failure| match failure.kind() {
        Kind::Data => Failure::file(failure.to_string()),
        _ => failure,
    })?;
    let known = read.metadata.as_ref();
    Ok(vec![
        ("kind", json!("embeddings")),
        ("samples", json!(read.x.nrows())),
        ("features", json!(read.x.ncols())),
        ("labels", json!(known.is_some_and(|known| known.labels.is_some()))),
        ("encoder", json!(known.map(|known| &known.encoder))),
    ])
}
