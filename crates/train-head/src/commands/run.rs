//! `run`: everything on one machine, with the roles still apart. The training reads `OUT/server/` and nothing else, by the code of
//! `train`. [`RunFolder`] lists the files.

use std::path::Path;

use serde_json::json;

use super::decrypt::published_text;
use crate::args::RunArgs;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files;
use crate::files::folder::OutputFolder;
use crate::files::head::{Head, Secrecy};
use crate::files::predictions::Predictions;
use crate::interrupt;
use crate::plan::Rehearsal;
use crate::planning::Planned;
use crate::run::data::Data;
use crate::run::evaluation::{Evaluation, Judged};
use crate::run::folder::RunFolder;
use crate::run::page::page;
use crate::run::phases::{Party, Run};
use crate::run::report::Report;

/// # Errors
/// Data or a model that cannot be used; parameters that are refused; a training that diverges; a failed write. Nothing is left in
/// the output folder then. ^C, which leaves a training that has begun for `--resume`.
pub(super) fn run(arguments: &RunArgs, console: &Console) -> Result<Outcome> {
    RunFolder::expect_room(arguments)?;
    let mut run = Run::new(arguments, console)?;
    let data = run.read()?;
    let (planned, rehearsal) = run.plan(&data)?;
    let mut folder = RunFolder::open(&arguments.out, arguments.checkpoints.resume)?;
    let published = arguments.publish.as_deref().map(OutputFolder::create).transpose()?;
    let party = run.keys_and_ciphertexts(&folder, &planned, &data)?;
    // from here on nothing is lost: what was sent or trained is taken up again
    folder.survive_interrupts();
    let ended = train_and_judge(
        &mut run,
        (&folder, published.as_ref()),
        (&party, &data),
        (&planned, rehearsal.as_ref()),
    );
    let Ended { report, twin } = folder.keep_if_interrupted(ended, run.is_on_server())?;
    folder.commit()?;
    published.map(OutputFolder::commit).transpose()?;
    let mut outcome = outcome(&report, &arguments.out, run.has_passphrase());
    if let (Some(path), Some(twin)) = (&arguments.publish, &twin) {
        outcome.text.push_str(&published_text(path, twin));
        outcome.json["published"] = json!(path);
    }
    Ok(outcome)
}

/// What came of a run.
struct Ended {
    report: Report,
    /// The head that may leave the data party, with `--publish`.
    twin: Option<Head>,
}

/// From the training to the reports: what `--resume` does again.
fn train_and_judge(
    run: &mut Run<'_>,
    (folder, published): (&RunFolder, Option<&OutputFolder>),
    (party, data): (&Party, &Data),
    (planned, rehearsal): (&Planned, Option<&Rehearsal>),
) -> Result<Ended> {
    let training = run.train(folder, party, data)?;
    let decrypted = run.decrypt(folder, party, data)?;
    interrupt::check()?;
    let scores = run.score(folder, party, data)?;
    let iterations = decrypted.iterations;
    let judged = Judged { head: &decrypted.head, weights: Some(&decrypted.weights), iterations };
    let evaluation = run.evaluate(planned, rehearsal, data, judged)?;
    let report = run.report(planned, data, &training, &evaluation, scores);
    write(&folder.path(""), &decrypted.head, data, &evaluation, &report)?;

    let twin = run.twin(party, data, iterations)?;
    if let (Some(folder), Some(twin)) = (published, &twin) {
        let judged = Judged { head: twin, weights: None, iterations };
        let evaluation = run.evaluate(planned, rehearsal, data, judged)?;
        let report = run.published_report(planned, data, &training, &evaluation);
        write(&folder.path(""), twin, data, &evaluation, &report)?;
    }
    Ok(Ended { report, twin })
}

/// Writes a head, its predictions for the test samples, and the report, all as private as the head.
fn write(folder: &Path, head: &Head, data: &Data, evaluation: &Evaluation, report: &Report) -> Result<()> {
    let secrecy = head.description.secrecy;
    head.write(folder)?;
    let predictions = Predictions {
        vocabulary: &data.vocabulary,
        samples: &data.test_rows,
        carried: &data.test.carried,
        labels: data.test.labels.as_ref(),
        predicted: evaluation.encrypted_predicted.view(),
        cuts: &evaluation.cuts,
        // of the twin's they would be a copy
        plain: (secrecy == Secrecy::Private).then(|| evaluation.plain_predicted.view()),
        secrecy,
    };
    predictions.write(&folder.join("predictions.csv"))?;
    files::write_json(&folder.join("report.json"), secrecy.access(), report)?;
    files::write_bytes(&folder.join("report.html"), secrecy.access(), pages::html(&page(report)).as_bytes())
}

fn outcome(report: &Report, out: &Path, passphrase: bool) -> Outcome {
    let protection = match passphrase {
        true => "encrypted with the passphrase",
        false => "UNENCRYPTED, readable only by its owner (--passphrase-file encrypts it)",
    };
    let path = |name: &str| out.join(name).display().to_string();
    let files = [
        (
            path("head.safetensors"),
            "the decrypted head, with head.json beside it; private, as secret as the key, like all below",
        ),
        (path("predictions.csv"), "predictions for the test samples"),
        (path("report.html"), "the run for a reader: data, method, measures, who could see what, limits"),
        (path("report.json"), "all figures"),
        (path("server"), "the compute party's files: evaluation keys, encrypted data, encrypted head"),
        (path("client"), "the data party's files: plan and secret key"),
    ];
    let mut text = report.text();
    for (at, (file, what)) in files.iter().enumerate() {
        text.push_str(&format!("\n{:<11} {file}: {what}", if at == 0 { "files" } else { "" }));
    }
    text.push_str(&format!("\nsecret key  {}: {protection}", path("client/secret.key")));
    let mut json = json!(report);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("out".into(), files::shown(out).into());
    }
    Outcome { json, text }
}
