//! `predict`: predicts with a decrypted head, or from encrypted scores.

use std::path::Path;

use fhe_head::Head as _;
use serde_json::json;

use crate::args::PredictArgs;
use crate::console::{Console, Outcome};
use crate::data_party::predict::{Predicted, predict};
use crate::data_party::{DataParty, DecryptedScores};
use crate::exit::{Failure, Result};
use crate::files::head::{EVEN, Head, Secrecy};
use crate::files::keys::KeyFolder;
use crate::files::predictions::Predictions;
use crate::files::shown;
use crate::identity::Trust;
use crate::plan::PlanFile;
use crate::run::threshold::{in_words, named};
use crate::samples::{self, Content, Wanted};
use crate::targets::{Vocabulary, extend};
use crate::wording::counted;

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
        secrecy: head.description.secrecy,
    };
    let mut outcome = write(&arguments.out, &table, matrix.long_texts())?;
    let description = &head.description;
    if let Some(words) = in_words(description) {
        outcome.text.push_str(&format!("\ncalled: {words}"));
        match description.vocabulary {
            Vocabulary::Labels(_) => {
                let names = description.vocabulary.names();
                outcome.json["thresholds"] = json!(named(names, &description.thresholds));
            }
            _ => outcome.json["threshold"] = json!(description.threshold),
        }
    }
    Ok(outcome)
}

/// Predicts from encrypted scores. The data must be those that were scored; they give the labels, if they have any.
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
    if matches!(raw.content, Content::Texts(_)) {
        return Err(Failure::usage(
            "--scores: the embeddings are needed that were encrypted, not their texts",
        )
        .help("give the file that `train-head embed` wrote: --features FILE"));
    }
    let matrix = raw.matrix(None, file.recipe(), console)?;
    let trust = Trust::open(&arguments.trust, None, console)?;
    let party = DataParty::unlock(file, keys, &arguments.passphrase)?;
    let DecryptedScores { scores, iteration } = party.decrypt_scores(scores, &matrix, &trust)?;
    let twin = arguments.publish.as_ref().map(|_| party.file.exact_twin(iteration)).transpose()?;
    let half_width = party.file.job().head().score_unit().value();
    let outside = scores.outer_iter().filter(|row| row.iter().any(|z| z.abs() > half_width)).count();
    if outside > 0 {
        console.warn(format!(
            "{outside} of {} samples have scores outside [-{half_width}, {half_width}], the interval of the training",
            matrix.x.nrows()
        ));
    }
    let predicted = party.file.predicted(scores);
    let samples: Vec<usize> = (0..predicted.nrows()).collect();
    let vocabulary = party.file.vocabulary();
    let table = Predictions {
        vocabulary,
        samples: &samples,
        carried: &matrix.carried,
        labels: matrix.labels.as_ref(),
        predicted: predicted.view(),
        cuts: &vec![EVEN; vocabulary.names().len()],
        plain: None,
        secrecy: Secrecy::Private,
    };
    let mut outcome = write(&arguments.out, &table, None)?;
    if let (Some(path), Some(twin)) = (&arguments.publish, twin) {
        let predicted = twin.predicted(&matrix.x.view())?;
        let published = Predictions { predicted: predicted.view(), secrecy: Secrecy::Published, ..table };
        let Outcome { text, .. } = write(path, &published, None)?;
        outcome.text.push_str(&format!("\n{text}"));
        outcome.json["published"] = json!(path);
    }
    Ok(outcome)
}

/// Writes the table of predictions, and counts those of each class or label. `long_texts` is the number of texts beyond the encoder's window.
fn write(path: &Path, table: &Predictions<'_>, long_texts: Option<usize>) -> Result<Outcome> {
    table.write(path)?;
    let Predictions { vocabulary, samples, secrecy, .. } = *table;
    let counts = table.counts();
    let listed = match vocabulary {
        Vocabulary::Numbers(_) => vocabulary.described(),
        _ => {
            let names = counts.iter().zip(vocabulary.names());
            names.map(|(count, name)| format!("{count} {name:?}")).collect::<Vec<_>>().join(", ")
        }
    };
    let shared = match secrecy {
        Secrecy::Private => "private, as secret as the key: they come of decrypted numbers",
        Secrecy::Published => "of a head that was never encrypted; they may leave as far as the data allow",
        Secrecy::Joint => {
            "of a head that several parties decrypted together; they may leave as far as the data allow"
        }
    };
    let text = format!("{}: {listed}\n{}: {shared}", counted(samples.len(), "sample"), path.display());
    let mut json = json!({
        "samples": samples.len(), "long_texts": long_texts, "predicted": counts, "file": shown(path),
        "secrecy": secrecy,
    });
    extend(&mut json, vocabulary);
    Ok(Outcome { json, text })
}
