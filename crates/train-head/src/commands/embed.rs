//! `embed`: turns texts into embeddings, on the data party's machine.

use fhe_head::ckks::serial::AtomicFile;
use serde_json::json;

use crate::args::{EmbedArgs, Source};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::embedded;
use crate::files::embeddings::{self, KeptColumn, Metadata};
use crate::files::{self, Access};
use crate::progress;
use crate::samples::{self, Carried, Content, Embedded, LoadedEncoder, Wanted};
use crate::targets::LabelsAs;

/// # Errors
/// Data or a model that cannot be used; a failed write.
pub(super) fn run(arguments: &EmbedArgs, console: &Console) -> Result<Outcome> {
    embeddings::expect_known_format(&arguments.out)?;
    let source = arguments.data.resolve()?;
    expect_room_beside(arguments, &source)?;
    embedded::expect_wanted(&arguments.out, arguments.resume, arguments.overwrite.overwrite)?;
    let encoder = arguments.encoder.resolve()?;
    let (weights, groups) = (arguments.weights.column(), arguments.weights.groups());
    // what numbers stand for is asked when a head is trained
    let labels_as = LabelsAs::ClassesOrSets;
    let wanted = Wanted { labels_as, weights, groups, ..Wanted::default() };
    let raw = samples::read(&source, wanted, console)?;
    let Content::Texts(texts) = raw.content else {
        return Err(Failure::unexpected("the texts were read as numbers"));
    };
    let encoder = LoadedEncoder::load(encoder, console)?;
    let encoder = match AtomicFile::writes_through(&arguments.out) {
        true => encoder,
        false => encoder.keeping(&arguments.out, arguments.resume)?,
    };
    let Embedded { x, long } = samples::embed(&encoder, &texts, console)?;
    let sample_weight = raw.weights.map(|weights| weights.values);
    let group = raw.groups.map(|groups| groups.of.iter().map(|&group| groups.names[group].clone()).collect());
    let labels = match &raw.labels {
        Some(labels) => Some(labels.texts().ok_or_else(|| {
            Failure::usage("--label-column: a file of embeddings keeps one number a sample")
                .help("keep several in a table of their own, for --labels")
        })?),
        None => None,
    };
    let kept = |Carried { name, values }| KeptColumn { name, values };
    let columns: Vec<KeptColumn> = raw.carried.into_iter().map(kept).collect();
    let metadata = Metadata { encoder: encoder.used(), labels, sample_weight, group, columns };
    embeddings::write(&arguments.out, Access::Private, &x.view(), &metadata)?;
    encoder.forget();

    let (rows, columns) = x.dim();
    let bytes = files::size(&arguments.out)?;
    let text = format!(
        "{rows} embeddings of {columns} components by {} in {} ({})",
        metadata.encoder.info.model,
        arguments.out.display(),
        progress::bytes(bytes)
    );
    let json = json!({
        "samples": rows, "features": columns, "encoder": metadata.encoder, "labels": metadata.labels.is_some(),
        "sample_weight": metadata.sample_weight.is_some(),
        "columns": metadata.columns.iter().map(|column| &column.name).collect::<Vec<_>>(),
        "long_texts": long.iter().filter(|&&long| long).count(), "file": files::shown(&arguments.out), "bytes": bytes,
    });
    Ok(Outcome { json, text })
}

/// Refuses flags whose columns an array has no place for.
fn expect_room_beside(arguments: &EmbedArgs, source: &Source) -> Result<()> {
    if embeddings::is_safetensors(&arguments.out) {
        return Ok(());
    }
    let columns = source.columns();
    let flags = [
        ("--sample-weight", arguments.weights.column().is_some()),
        ("--group-column", arguments.weights.groups().is_some()),
        ("--id-column", !columns.ids.is_empty()),
        ("--keep-columns", !columns.kept.is_empty()),
    ];
    match flags.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => {
            let message = format!("{flag}: {} would hold numbers alone", arguments.out.display());
            Err(Failure::usage(message)
                .help("name the file .safetensors, which keeps columns beside the embeddings"))
        }
        None => Ok(()),
    }
}
