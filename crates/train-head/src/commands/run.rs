//! `run`: everything on one machine, with the roles still apart. The training reads `OUT/server/` and nothing else, by the code of
//! `train`. [`RunFolder`] lists the files.

use std::path::Path;

use serde_json::json;

use crate::args::RunArgs;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files::predictions::Predictions;
use crate::files::{self, Access};
use crate::interrupt;
use crate::run::data::Data;
use crate::run::evaluation::Evaluation;
use crate::run::folder::RunFolder;
use crate::run::page::page;
use crate::run::phases::Run;
use crate::run::report::Report;

/// # Errors
/// Data or a model that cannot be used; parameters that are refused; a training that diverges; a failed write. Nothing is left in
/// the output folder then. ^C, which leaves a training that has begun for `--resume`.
pub(super) fn run(arguments: &RunArgs, console: &Console) -> Result<Outcome> {
    RunFolder::expect_room(arguments)?;
    let mut run = Run::new(arguments, console)?;
    let data = run.read()?;
    let planned = run.plan(&data)?;
    let mut folder = RunFolder::open(&arguments.out, arguments.checkpoints.resume)?;
    let party = run.keys_and_ciphertexts(&folder, &planned, &data)?;
    folder.survive_interrupts();
    let training = run.train(&folder, &party, &data);
    let training = folder.keep_if_interrupted(training)?;
    let decrypted = run.decrypt(&folder, &party, &data)?;
    interrupt::check()?;
    let scores = run.score(&folder, &party, &data)?;
    let evaluation = run.evaluate(&planned, &data, &decrypted)?;
    decrypted.head.write(&folder.path(""))?;
    write_predictions(&folder, &data, &evaluation)?;
    let report = run.report(&planned, &data, training, &evaluation, scores);
    files::write_json(&folder.path("report.json"), Access::Private, &report)?;
    files::write_bytes(&folder.path("report.html"), Access::Private, pages::html(&page(&report)).as_bytes())?;
    folder.commit()?;
    Ok(outcome(&report, &arguments.out, run.has_passphrase()))
}

fn write_predictions(folder: &RunFolder, data: &Data, evaluation: &Evaluation) -> Result<()> {
    let predictions = Predictions {
        vocabulary: &data.vocabulary,
        samples: &data.test_rows,
        carried: &data.test.carried,
        labels: data.test.labels.as_ref(),
        predicted: evaluation.encrypted_predicted.view(),
        cuts: &evaluation.cuts,
        plain: Some(evaluation.plain_predicted.view()),
    };
    predictions.write(&folder.path("predictions.csv"))
}

fn outcome(report: &Report, out: &Path, passphrase: bool) -> Outcome {
    let protection = match passphrase {
        true => "encrypted with the passphrase",
        false => "UNENCRYPTED, readable only by its owner (--passphrase-file encrypts it)",
    };
    let path = |name: &str| out.join(name).display().to_string();
    let files = [
        (path("head.safetensors"), "the decrypted head, with head.json beside it"),
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
