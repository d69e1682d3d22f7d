//! `run`: everything on one machine, the roles still apart through files.
//!
//! ```text
//! OUT/client/    the data party's: secret.key, plan.json
//! OUT/server/    the compute party's: eval/ (keys), data.enc, head.enc; test.enc and scores.enc of encrypted predictions;
//!                validation.enc and validation/ of a training that is followed
//! OUT/           head.safetensors, head.json, predictions.csv, report.json
//! ```
//!
//! The training reads `server/` and nothing else, by the code of `train`.

use std::path::Path;
use std::time::Instant;

use fhe_head::ckks::SecretKey;
use fhe_head::head::Head as _;
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::metrics::same_predictions;
use ndarray::Array2;
use serde_json::json;

use super::estimate::{hidden_layer, memory};
use super::evaluation::Evaluation;
use super::follow::{Follower, line};
use super::planned::Planned;
use super::run_data::Data;
use super::train::{Trained, expect_memory};
use super::{decrypt, encrypt, keygen, predict, score, train, warm_start};
use crate::args::{PassphraseArgs, RunArgs, Source, ValidationArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result};
use crate::files::folder::OutputFolder;
use crate::files::keys::{self, KeyFolder};
use crate::files::plan::PlanFile;
use crate::files::predictions;
use crate::files::validation::ValidationFolder;
use crate::files::{self, Access, passphrase};
use crate::report::{Bytes, Method, Report, Scoring, Seconds};
use crate::{interrupt, resources};

/// Validation samples, and the folder through which the parties talk about them, below the compute party's.
const VALIDATION: &str = "validation.enc";
const VALIDATION_DIR: &str = "validation";

/// # Errors
/// Data or a model that cannot be worked with; parameters that are refused; a training that diverges; those of writing.
/// Nothing is left in the output folder then.
pub(super) fn run(arguments: &RunArgs, console: &Console) -> Result<Outcome> {
    let began = Instant::now();
    let mut seconds = Seconds::default();
    let source = arguments.data.resolve()?;
    let mut hyper = arguments.training.resolve()?;
    let hold_out = arguments.test.resolve(&source, hyper.random_state)?;
    let encoder = matches!(source, Source::Texts { .. }).then(|| arguments.encoder.resolve()).transpose()?;
    let passphrase = passphrase::given(&arguments.passphrase)?;

    let start = warm_start::head(&arguments.start)?;
    let mut data = timed(&mut seconds.embed, || {
        let source = (&source, arguments.weights.column());
        let start = start.as_ref().map(|head| &head.description);
        Data::read(source, &hold_out, (arguments.positive_label.as_deref(), start), encoder, console)
    })?;
    if let Some(head) = start {
        hyper.start_from(head.model);
    }
    let share = arguments.stopping.validation_fraction;
    let predicts = hyper.scoring;
    hyper.scoring |= share.is_some();
    let validation = data.hold_out(share, hyper.random_state)?;
    let y = data.training.encode_labels(&data.classes, "the training data")?;
    let mut planned =
        timed(&mut seconds.plan, || Planned::new(&data.training, &y, &data.classes, &hyper, console))?;
    planned.file = planned.file.with_validation(share);
    let planned = planned;
    let plan = &planned.prepared.plan;
    expect_memory(memory(plan), resources::available_memory())?;

    // the data are written last of all that the compute party gets
    let mut out = match arguments.checkpoints.resume {
        true => OutputFolder::reopen(&arguments.out, "server/data.enc")?,
        false => OutputFolder::create(&arguments.out)?,
    };
    let unprotected = passphrase.is_none();
    let (client, server) = (out.subfolder("client")?, out.subfolder("server")?);
    let data_file = server.join("data.enc");
    let mut bytes = Bytes::default();
    let secret = if data_file.exists() {
        take_up(&client, &planned, &arguments.passphrase)?
    } else {
        let secret = keygen::generate_secret(&planned.parameters)?;
        timed(&mut seconds.keygen, || {
            planned.file.write(&client.join("plan.json"))?;
            KeyFolder::at(&client).write_secret(&secret, passphrase)?;
            keys::write_evaluation(&server.join("eval"), &secret, plan, console)
        })?;
        timed(&mut seconds.encrypt, || {
            if let Some(validation) = &validation {
                let x = planned.file.features(validation)?;
                encrypt::write_samples(&server.join(VALIDATION), &secret, plan, &x, console)?;
            }
            let data = (&planned.prepared.samples, planned.file.start());
            encrypt::write_data(&data_file, &secret, plan, data, console)
        })?;
        secret
    };
    bytes.keys = files::size_of_folder(&server.join("eval"))?;
    bytes.data = files::size(&data_file)?;

    out.survive_interrupts();
    let mut follower = match &validation {
        Some(samples) => {
            let folder = ValidationFolder::at(&server.join(VALIDATION_DIR));
            let patience = arguments.stopping.patience();
            Some(Follower::new(folder, &secret, (&planned.file, plan), samples, patience)?)
        }
        None => None,
    };
    let trained = timed(&mut seconds.load, || {
        let head = server.join("head.enc");
        let files = (data_file.as_path(), server.join("eval"));
        let validation = ValidationArgs {
            validation: follower.is_some().then(|| server.join(VALIDATION)),
            validation_every: arguments.stopping.validation_every,
            validation_dir: follower.is_some().then(|| server.join(VALIDATION_DIR)),
        };
        // the data party's part, which `watch` does elsewhere
        let mut look = || match &mut follower {
            Some(follower) => {
                let found = follower.folder().iterations()?;
                follower.look(found, |point| console.note(line(point))).map(|_| ())
            }
            None => Ok(()),
        };
        let validation = (&validation, &mut look as &mut dyn FnMut() -> Result<()>);
        train::train((files.0, &files.1), None, &head, arguments.checkpoints, validation, console)
    });
    let trained = match trained {
        Err(failure) if failure.kind() == Kind::Interrupted => {
            out.keep();
            return Err(failure);
        }
        trained => trained?,
    };
    bytes.head = trained.bytes;
    seconds.train = trained.seconds;
    seconds.bootstrap = trained.bootstrap_seconds;
    seconds.load -= trained.seconds;
    let (iterations, parameters) =
        timed(&mut seconds.decrypt, || decrypt::decrypt(&server.join("head.enc"), &secret, plan))?;
    let head = planned.file.head(&parameters, iterations)?;
    interrupt::check()?;
    let scored = match predicts {
        true => Some(score_test_samples(&planned, &data, &secret, &server, console)?),
        false => None,
    };

    let evaluation = timed(&mut seconds.evaluate, || {
        Evaluation::new(&planned, &data, &y, (&head, &parameters, iterations), console)
    })?;
    head.write(&out.path(""))?;
    write_predictions(&out, &data, &evaluation)?;
    seconds.total = began.elapsed().as_secs_f64();
    let scoring = scored.map(|(probabilities, seconds)| Scoring {
        agreement: same_predictions(&probabilities.view(), &evaluation.probabilities[0].view()),
        seconds,
    });
    let mut report = report(&planned, &data, &evaluation, &trained, seconds, bytes, &hyper.class_weight);
    report.scoring = scoring;
    report.validation = follower.map(|follower| follower.curve().to_vec());
    files::write_json(&out.path("report.json"), Access::Shared, &report)?;
    out.commit()?;
    Ok(outcome(&report, &arguments.out, unprotected))
}

/// The secret key of a run that was interrupted, if it was the same run.
fn take_up(client: &Path, planned: &Planned, passphrase: &PassphraseArgs) -> Result<SecretKey> {
    if PlanFile::read(&client.join("plan.json"))? != planned.file {
        return Err(Failure::usage("the interrupted run was another one: its plan differs")
            .help("repeat its arguments, or leave --resume away to start anew"));
    }
    KeyFolder::at(client).read_secret(passphrase)
}

/// Encrypted predictions for the test samples: their probabilities, and the compute party's seconds.
fn score_test_samples(
    planned: &Planned,
    data: &Data,
    secret: &SecretKey,
    server: &Path,
    console: &Console,
) -> Result<(Array2<f64>, f64)> {
    let (samples, scores) = (server.join("test.enc"), server.join("scores.enc"));
    let plan = &planned.prepared.plan;
    encrypt::write_samples(&samples, secret, plan, &planned.file.features(&data.test)?, console)?;
    let scored = score::score(&server.join("head.enc"), &samples, &server.join("eval"), &scores, console)?;
    let logits = predict::decrypt_scores(&scores, secret, plan, data.test.x.nrows())?;
    Ok((planned.file.probabilities(logits), scored.seconds))
}

/// Runs one phase and adds its time.
fn timed<T>(seconds: &mut f64, phase: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = phase();
    *seconds += start.elapsed().as_secs_f64();
    result
}

fn write_predictions(out: &OutputFolder, data: &Data, evaluation: &Evaluation) -> Result<()> {
    let [encrypted, plain] = &evaluation.probabilities;
    let labels = data.test.labels.as_deref();
    let (path, rows) = (out.path("predictions.csv"), &data.test_rows);
    predictions::write(&path, &data.classes, rows, labels, &encrypted.view(), Some(&plain.view()))
}

fn report(
    planned: &Planned,
    data: &Data,
    evaluation: &Evaluation,
    trained: &Trained,
    seconds: Seconds,
    bytes: Bytes,
    class_weight: &fhe_head::labels::ClassWeight,
) -> Report {
    let (parameters, prepared) = (&planned.parameters, &planned.prepared);
    let head = &prepared.request.head;
    let sigmoid_degree = match head {
        BuiltIn::Logistic(Logistic { sigmoid, .. }) => Some(sigmoid.degree().value()),
        _ => None,
    };
    let [encrypted, plain] = &evaluation.probabilities;
    Report {
        program: concat!("train-head ", env!("CARGO_PKG_VERSION")),
        preset: parameters.name().to_owned(),
        ring_degree: parameters.degree(),
        log_qp: parameters.log_qp(),
        security_bits: parameters.security_bits(),
        samples: data.training.x.nrows(),
        test_samples: data.test.x.nrows(),
        features: data.training.x.ncols(),
        classes: data.classes.count(),
        labels: data.classes.names().to_vec(),
        iterations: trained.iterations,
        bootstraps: trained.bootstraps(),
        method: Method {
            solver: prepared.request.optimizer,
            learning_rate: prepared.request.learning_rates.first().copied().unwrap_or_default(),
            alpha: prepared.request.alpha,
            class_weight: *class_weight,
            preprocessing: prepared.preprocessing,
            learning_rates: prepared.request.learning_rates.clone(),
            batches: prepared.request.batches,
            hidden: hidden_layer(head),
            sigmoid_degree,
            sigmoid_interval: head.score_unit(),
        },
        encoder: data.training.encoder.as_ref().map(|encoder| json!(encoder)),
        plain: evaluation.plain.clone(),
        simulate: evaluation.simulate.clone(),
        encrypted: evaluation.encrypted.clone(),
        logistic_regression: evaluation.logistic_regression.clone(),
        max_weight_error: evaluation.max_weight_error,
        max_weight_error_simulate: evaluation.max_weight_error_simulate,
        scoring: None,
        validation: None,
        prediction_agreement: same_predictions(&encrypted.view(), &plain.view()),
        seconds,
        bytes,
        peak_rss_bytes: resources::peak_memory(),
        threads: rayon::current_num_threads(),
    }
}

fn outcome(report: &Report, out: &Path, unprotected: bool) -> Outcome {
    let protection = match unprotected {
        true => "UNENCRYPTED, readable by its owner alone (--passphrase-file encrypts it)",
        false => "encrypted with the passphrase",
    };
    let path = |name: &str| out.join(name).display().to_string();
    let files = [
        (path("head.safetensors"), "the decrypted head, with head.json beside it"),
        (path("predictions.csv"), "predictions for the test samples"),
        (path("report.json"), "all figures"),
        (path("server"), "what the compute party had: evaluation keys, encrypted data, encrypted head"),
        (path("client"), "what stays with the data party: plan and secret key"),
    ];
    let mut text = report.text();
    for (at, (file, what)) in files.iter().enumerate() {
        text.push_str(&format!("\n{:<11} {file}: {what}", if at == 0 { "files" } else { "" }));
    }
    text.push_str(&format!("\nsecret key  {}: {protection}", path("client/secret.key")));
    let mut json = json!(report);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("out".into(), json!(out));
    }
    Outcome { json, text }
}
