//! `predict`: predicts with a decrypted head, or from encrypted scores.

use std::path::Path;

use fhe_head::Head as _;
use serde_json::json;

use crate::args::PredictArgs;
use crate::console::{Console, Outcome};
use crate::data_party::DataParty;
use crate::data_party::predict::{Predicted, predict};
use crate::exit::{Failure, Result};
use crate::files::head::{EVEN, Head};
use crate::files::keys::KeyFolder;
use crate::files::predictions::Predictions;
use crate::files::shown;
use crate::plan::PlanFile;
use crate::samples::{self, Wanted};
use crate::targets::{Vocabulary, extend};

/// # Errors
/// A head or data that cannot be used; a failed write.
pub(super) fn run(arguments: &PredictArgs, console: &Console) -> Result<Outcome> {
    if let (Some(scores), Some(plan), Some(keys)) = (&arguments.scores, &arguments.plan, &arguments.keys) {
        return from_scores(arguments, scores, plan, &KeyFolder::at(keys), console);
    }
    let Some(head) = &arguments.head else {
        return Err(Failure::usage(
            "nothing to predict with: give --head, or --scores with --plan and --keys",
        ));
    };
    let head = Head::read(head)?;
    let Predicted { matrix, predicted } =
        predict(&head, &arguments.data, &arguments.encoder, false, console)?;
    let samples: Vec<usize> = (0..predicted.nrows()).collect();
    let table = Predictions {
        vocabulary: &head.description.vocabulary,
        samples: &samples,
        carried: &matrix.carried,
        labels: matrix.labels.as_ref(),
        predicted: predicted.view(),
        cuts: &head.description.cuts(),
        plain: None,
    };
    write(&arguments.out, &table, matrix.long_texts())
}

/// Predicts from encrypted scores. The data give the number of samples, and their labels if they have any.
fn from_scores(
    arguments: &PredictArgs,
    scores: &Path,
    plan: &Path,
    keys: &KeyFolder,
    console: &Console,
) -> Result<Outcome> {
    let file = PlanFile::read(plan)?;
    let wanted =
        Wanted { labels_as: file.vocabulary().labels_as(), known: Some(file.known()), ..Wanted::default() };
    let raw = samples::read(&arguments.data.resolve()?, wanted, console)?;
    let party = DataParty::unlock(file, keys, &arguments.passphrase)?;
    let scores = party.decrypt_scores(scores, raw.len())?;
    let half_width = party.file.job().head().score_unit().value();
    let outside = scores.outer_iter().filter(|row| row.iter().any(|z| z.abs() > half_width)).count();
    if outside > 0 {
        console.warn(format!(
            "{outside} of {} samples have scores outside [-{half_width}, {half_width}], the interval of the training",
            raw.len()
        ));
    }
    let predicted = party.file.predicted(scores);
    let samples: Vec<usize> = (0..predicted.nrows()).collect();
    let vocabulary = party.file.vocabulary();
    let table = Predictions {
        vocabulary,
        samples: &samples,
        carried: &raw.carried,
        labels: raw.labels.as_ref(),
        predicted: predicted.view(),
        cuts: &vec![EVEN; vocabulary.names().len()],
        plain: None,
    };
    write(&arguments.out, &table, None)
}

/// Writes the table of predictions, and counts those of each class or label. `long_texts` is the number of texts beyond the encoder's window.
fn write(path: &Path, table: &Predictions<'_>, long_texts: Option<usize>) -> Result<Outcome> {
    table.write(path)?;
    let (vocabulary, samples) = (table.vocabulary, table.samples);
    let counts = table.counts();
    let listed = match vocabulary {
        Vocabulary::Numbers(_) => vocabulary.described(),
        _ => {
            let names = counts.iter().zip(vocabulary.names()).rev();
            names.map(|(count, name)| format!("{count} {name:?}")).collect::<Vec<_>>().join(", ")
        }
    };
    let text = format!("{} samples: {listed}\n{}", samples.len(), path.display());
    let mut json = json!({
        "samples": samples.len(), "long_texts": long_texts, "predicted": counts, "file": shown(path),
    });
    extend(&mut json, vocabulary);
    Ok(Outcome { json, text })
}
