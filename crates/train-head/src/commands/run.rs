//! `run`: everything on one machine, the roles still apart through files.
//!
//! ```text
//! OUT/client/    the data party's: secret.key, plan.json
//! OUT/server/    the compute party's: eval/ (keys), data.enc, head.enc
//! OUT/           head.safetensors, head.json, predictions.csv, report.json
//! ```
//!
//! The training reads `server/` and nothing else, by the code of `train`.

use std::path::Path;
use std::time::Instant;

use fhe_head::baseline::logistic_regression;
use fhe_head::ckks::SecretKey;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::labels::{Classes, stratified_split};
use fhe_head::metrics::{Metrics, agreement};
use fhe_head::model;
use fhe_head::refresh::contract;
use ndarray::Array1;
use serde_json::json;

use super::estimate::{Planned, memory};
use super::train::{Trained, expect_memory};
use super::{decrypt, encrypt, keygen, train};
use crate::args::{Encoder, HoldOut, PassphraseArgs, RunArgs, Source};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result, training_failure};
use crate::files::folder::OutputFolder;
use crate::files::head::Head;
use crate::files::keys::{self, KeyFolder};
use crate::files::plan::PlanFile;
use crate::files::predictions::{self, Probabilities};
use crate::files::{self, Access, passphrase};
use crate::report::{Bytes, Method, Report, Seconds};
use crate::samples::{self, LoadedEncoder, Matrix, Raw};
use crate::{input, interrupt, resources};

/// # Errors
/// Data or a model that cannot be worked with; parameters that are refused; a training that diverges; those of writing.
/// Nothing is left in the output folder then.
pub(super) fn run(arguments: &RunArgs, console: &Console) -> Result<Outcome> {
    let start = Instant::now();
    let mut seconds = Seconds::default();
    let source = arguments.data.resolve()?;
    let hyper = arguments.training.resolve()?;
    let hold_out = arguments.test.resolve(&source, hyper.random_state)?;
    let encoder = matches!(source, Source::Texts { .. }).then(|| arguments.encoder.resolve()).transpose()?;
    let passphrase = passphrase::given(&arguments.passphrase)?;

    let data = timed(&mut seconds.embed, || {
        Data::read(&source, &hold_out, arguments.positive_label.as_deref(), encoder, console)
    })?;
    let y = data.training.encode_labels(&data.classes, "the training data")?;
    let planned =
        timed(&mut seconds.plan, || Planned::new(&data.training, &y, &data.classes, &hyper, console))?;
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
            encrypt::write_data(&data_file, &secret, plan, &planned.prepared.samples, console)
        })?;
        secret
    };
    bytes.keys = files::size_of_folder(&server.join("eval"))?;
    bytes.data = files::size(&data_file)?;

    out.survive_interrupts();
    let trained = timed(&mut seconds.load, || {
        let head = server.join("head.enc");
        train::train(&data_file, &server.join("eval"), &head, arguments.checkpoints, console)
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
    let head = timed(&mut seconds.decrypt, || {
        planned.file.head(&decrypt::decrypt(&server.join("head.enc"), &secret, plan)?)
    })?;
    interrupt::check()?;

    let evaluation = timed(&mut seconds.evaluate, || Evaluation::new(&planned, &data, &y, &head, console))?;
    head.write(&out.path(""))?;
    write_predictions(&out, &data, &evaluation)?;
    seconds.total = start.elapsed().as_secs_f64();
    let report = report(&planned, &data, &evaluation, &trained, seconds, bytes, &hyper.class_weight);
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

/// Runs one phase and adds its time.
fn timed<T>(seconds: &mut f64, phase: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = phase();
    *seconds += start.elapsed().as_secs_f64();
    result
}

/// The samples of a run.
struct Data {
    training: Matrix,
    test: Matrix,
    /// Where each test sample stands in the file that it comes from.
    test_rows: Vec<usize>,
    classes: Classes,
}

impl Data {
    /// Reads everything and checks it before any text is embedded.
    fn read(
        source: &Source,
        hold_out: &HoldOut,
        positive: Option<&str>,
        encoder: Option<Encoder>,
        console: &Console,
    ) -> Result<Self> {
        let training = samples::read(source, true, None)?;
        let classes = input::fit_classes(training.labels().unwrap_or_default(), positive)?;
        let test = match hold_out {
            HoldOut::Source(test) => {
                let wanted = match &training {
                    Raw::Features(features, _) => features.names.clone(),
                    Raw::Texts(_) => None,
                };
                let raw = samples::read(test, true, wanted.as_deref())?;
                let what = test.path().display().to_string();
                input::encode_labels(&classes, raw.labels().unwrap_or_default(), &what)?;
                Some(raw)
            }
            HoldOut::Share { .. } => None,
        };
        let encoder = encoder.map(|encoder| LoadedEncoder::load(encoder, console)).transpose()?;
        let training = training.embed(encoder.as_ref(), console)?;
        let test = test.map(|raw| raw.embed(encoder.as_ref(), console)).transpose()?;
        match (test, hold_out) {
            (Some(test), _) => {
                let test_rows = (0..test.x.nrows()).collect();
                Ok(Self { training, test, test_rows, classes })
            }
            (None, HoldOut::Share { test_size, random_state }) => {
                let y = training.encode_labels(&classes, "the data")?;
                let split = stratified_split(&y, *test_size, *random_state).map_err(training_failure)?;
                let (train, test) = (training.select(&split.train), training.select(&split.test));
                Ok(Self { training: train, test, test_rows: split.test, classes })
            }
            (None, HoldOut::Source(_)) => unreachable!("a file to test on was read"),
        }
    }
}

/// The head beside its twins, on the test samples.
struct Evaluation {
    encrypted: Metrics,
    plain: Metrics,
    simulate: Metrics,
    logistic_regression: Option<Metrics>,
    /// Probabilities of the encrypted head and of the plain twin.
    probabilities: [Vec<f64>; 2],
    max_weight_error: f64,
    max_weight_error_simulate: f64,
}

impl Evaluation {
    fn new(planned: &Planned, data: &Data, y: &Array1<f64>, head: &Head, console: &Console) -> Result<Self> {
        let labels = data.test.encode_labels(&data.classes, "the test data")?.to_vec();
        let probabilities = |head: &model::Head| {
            head.predict_proba(&data.test.x.view()).map(|p| p.to_vec()).map_err(training_failure)
        };
        let progress = console.phase("evaluate", 3);
        let plain = planned.prepared.train_plain().map_err(training_failure)?;
        progress.step();
        let (simulated, _) = planned
            .prepared
            .train_simulated(&planned.parameters, contract(&planned.parameters).as_ref())
            .map_err(training_failure)?;
        progress.step();
        let converged = converged(&data.training, y, planned);
        progress.done();
        let encrypted = probabilities(&head.model)?;
        let of_plain = probabilities(&plain)?;
        Ok(Self {
            encrypted: Metrics::new(&labels, &encrypted),
            plain: Metrics::new(&labels, &of_plain),
            simulate: Metrics::new(&labels, &probabilities(&simulated)?),
            logistic_regression: converged
                .map(|head| Ok(Metrics::new(&labels, &probabilities(&head)?)))
                .transpose()?,
            probabilities: [encrypted, of_plain],
            max_weight_error: head.model.max_weight_error(&plain),
            max_weight_error_simulate: head.model.max_weight_error(&simulated),
        })
    }
}

/// Logistic regression to convergence with C = 1, on embeddings as they are and on standardised features of a table.
fn converged(training: &Matrix, y: &Array1<f64>, planned: &Planned) -> Option<model::Head> {
    let weight = planned.file.sample_weights(y).ok()?;
    let preprocessing =
        if training.encoder.is_some() { Preprocessing::Center } else { Preprocessing::Standardize };
    let x = training.x.view();
    let fit = || {
        let map = FeatureMap::fit(&x, &weight.view(), preprocessing, x.ncols())?;
        let fit = logistic_regression(&map.apply(&x)?.view(), &y.view(), &weight.view(), 1.0)?;
        let (coef, intercept) = map.pull_back(&fit.coef.view(), fit.intercept)?;
        Ok(model::Head { coef, intercept })
    };
    let fitted: fhe_head::Result<_> = fit();
    // a yardstick, no part of the work: the report goes without it
    fitted.inspect_err(|error| tracing::warn!("no plain logistic regression to compare with: {error}")).ok()
}

fn write_predictions(out: &OutputFolder, data: &Data, evaluation: &Evaluation) -> Result<()> {
    let [encrypted, plain] = &evaluation.probabilities;
    let columns = [
        Probabilities { name: "probability", values: encrypted },
        Probabilities { name: "plain_probability", values: plain },
    ];
    let labels = data.test.labels.as_deref();
    predictions::write(&out.path("predictions.csv"), &data.classes, &data.test_rows, labels, &columns)
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
    let choice = &prepared.choice;
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
        classes: 2,
        labels: [data.classes.negative.clone(), data.classes.positive.clone()],
        iterations: trained.job.iterations(),
        bootstraps: trained.job.spec().refresh_before.len(),
        method: Method {
            solver: choice.optimizer,
            learning_rate: choice.learning_rate,
            alpha: prepared.request.alpha,
            class_weight: *class_weight,
            preprocessing: choice.preprocessing,
            sigmoid_degree: choice.sigmoid.degree().value(),
            sigmoid_interval: choice.sigmoid.half_width(),
        },
        encoder: data.training.encoder.as_ref().map(|encoder| json!(encoder)),
        plain: evaluation.plain,
        simulate: evaluation.simulate,
        encrypted: evaluation.encrypted,
        logistic_regression: evaluation.logistic_regression,
        max_weight_error: evaluation.max_weight_error,
        max_weight_error_simulate: evaluation.max_weight_error_simulate,
        prediction_agreement: agreement(encrypted, plain),
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
