//! `joint`: several data parties train one head, and none of them shows the others its data.

use std::path::Path;

use fhe_head::Head as _;
use head_fit::{Classifier, Training};
use head_joint::{Choices, Comparison, Terms, Weighting};
use ndarray::Array1;
use serde_json::json;

use crate::args::{
    JointArgs, JointCreateArgs, JointDecryptArgs, JointEncryptArgs, JointJoinArgs, JointPartyArgs,
    JointStatusArgs, JointStep, JointTrainArgs, WeightingFlag,
};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::folder::OutputFolder;
use crate::files::{Access, shown, size, write_bytes, write_json};
use crate::identity::Identity;
use crate::joint::data::{self, OwnData};
use crate::joint::keys::{self, COMMITTED, JOIN, Join, REVEAL};
use crate::joint::party::Party;
use crate::joint::place::Place;
use crate::joint::session::Participant;
use crate::joint::wait::{Progress, until};
use crate::joint::{Session, message, page, release, training};
use crate::plan::PlanFile;
use crate::progress;
use crate::samples::Matrix;

/// # Errors
/// Those of the step.
pub(super) fn run(arguments: &JointArgs, console: &Console) -> Result<Outcome> {
    match &arguments.step {
        JointStep::Create(arguments) => create(arguments, console),
        JointStep::Join(arguments) => join(arguments, console),
        JointStep::Keys(arguments) => make_keys(arguments, console),
        JointStep::Encrypt(arguments) => encrypt(arguments, console),
        JointStep::Train(arguments) => train(arguments, console),
        JointStep::Decrypt(arguments) => decrypt(arguments, console),
        JointStep::Status(arguments) => status(arguments),
    }
}

fn create(arguments: &JointCreateArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let plan = PlanFile::read(&arguments.plan)?;
    let rows: Vec<usize> = arguments.participants.iter().map(|participant| participant.rows).collect();
    let choices = Choices {
        weighting: match arguments.weighting {
            WeightingFlag::Size => Weighting::Size,
            WeightingFlag::Equal => Weighting::Equal,
        },
        bits: arguments.flooding_bits,
        ..Choices::default()
    };
    let public = public_training(&plan, arguments, console)?;
    let phase = console.phase("terms", 1);
    let terms = Terms::new(&public, &rows, choices)?;
    phase.done();

    let folder = OutputFolder::create(&arguments.out)?;
    let staged = Place::at(&folder.path(""));
    plan.write(&staged.plan())?;
    let participants =
        arguments.participants.iter().map(|p| Participant { name: p.name.clone(), key: p.key }).collect();
    let others = (arguments.compute, arguments.recomputations, arguments.attempt);
    Session::write(&staged, &terms, participants, others, &identity)?;
    folder.commit()?;
    let session = Session::open(&arguments.out)?;
    let described = describe(&session)?;
    let text = format!(
        "a session of {} data parties\n{described}\n  {}: for all parties, who read it and join",
        rows.len(),
        arguments.out.display()
    );
    Ok(Outcome { json: json_of(&session)?, text })
}

/// The training on the public samples that the plan was made from.
fn public_training(plan: &PlanFile, arguments: &JointCreateArgs, console: &Console) -> Result<Training> {
    let samples = plan.samples(&data::by_plan(plan, &arguments.data, console)?)?;
    Ok(Training::new(
        plan.scheme()?,
        plan.options().clone(),
        plan.map().clone(),
        samples,
        plan.plan().clone(),
    ))
}

/// What was agreed on, for a person who is about to agree.
fn describe(session: &Session) -> Result<String> {
    let terms = &session.terms;
    let (plan, decryption) = (terms.plan(), terms.agreed().decryption);
    let names: Vec<String> = (0..terms.parties())
        .map(|party| {
            Ok(format!("{} (at most {} samples)", session.party(party).0, terms.most_samples(party)?))
        })
        .collect::<Result<_>>()?;
    let noise = terms.weight_noise()?;
    let lines = [
        ("parties", names.join(", ")),
        ("head", format!("{} scores, {} iterations", plan.job.head().scores(), plan.job.iterations())),
        ("parameters", format!("{}: 128 bits of security against all parties but one", plan.preset)),
        (
            "decrypted",
            format!(
                "the head, once, by all parties; noise hides its error with {} bits and leaves {noise:.1e} on a weight",
                decryption.bits
            ),
        ),
        (
            "checked by",
            match session.contents.recomputations {
                0 => "nobody: the compute party is trusted to compute what was agreed on".into(),
                count => format!("{count} who compute the training again"),
            },
        ),
    ];
    Ok(lines.iter().map(|(name, value)| format!("{name:<11} {value}")).collect::<Vec<_>>().join("\n"))
}

fn json_of(session: &Session) -> Result<serde_json::Value> {
    let terms = &session.terms;
    Ok(json!({
        "session": session.digest, "preset": terms.plan().preset,
        "participants": session.contents.participants, "compute": session.contents.compute,
        "recomputations": session.contents.recomputations,
        "iterations": terms.plan().job.iterations(), "flooding_bits": terms.agreed().decryption.bits,
        "weight_noise": terms.weight_noise()?, "sizes": terms.plan().sizes,
    }))
}

fn join(arguments: &JointJoinArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let session = Session::open(&arguments.session)?;
    let index = session.party_of(&identity)?;
    let name = session.party(index).0;
    let path = session.place.message(name, JOIN);
    if path.exists() {
        return Err(Failure::usage(format!("{} exists: {name} has joined", path.display()))
            .help("go on with `train-head joint keys`; who lost the share of the secret starts a new session with the others"));
    }
    console.note(describe(&session)?);
    let party = Party::create(&arguments.keys, &session, index, &arguments.new_key)?;
    let message = Join {
        commitment: fhe_head::files::Tag(party.contribution().commitment(&session.protocols, index).0),
        recipient: party.sealing()?.to_public().to_string(),
    };
    message::write(&path, JOIN, &session.digest, message, &identity)?;
    let text = format!(
        "{name} has joined\n  share of the secret  {}: it never leaves this party\n  message              {}",
        arguments.keys.display(),
        path.display()
    );
    Ok(Outcome { json: json!({ "party": name, "session": session.digest, "file": shown(path) }), text })
}

fn make_keys(arguments: &JointPartyArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let session = Session::open(&arguments.session)?;
    let mut party = Party::open(&arguments.keys, &session)?;
    let progress = until(arguments.wait, console, || {
        keys::advance(&session, &mut party, &arguments.passphrase, &identity, console)
    })?;
    let name = session.party(party.index()).0;
    Ok(match progress {
        Progress::Waiting(what) => waiting(&what),
        Progress::Done(public) => Outcome {
            json: json!({ "party": name, "done": true, "key_id": public.key_id().to_string() }),
            text: format!(
                "{name} has done its part of the keys: key {} of all parties\nnext        `train-head joint encrypt`",
                public.key_id()
            ),
        },
    })
}

fn waiting(what: &str) -> Outcome {
    Outcome {
        json: json!({ "done": false, "waiting_for": what }),
        text: format!(
            "done as far as possible; waiting for {what}: run the same command again when it has come"
        ),
    }
}

fn encrypt(arguments: &JointEncryptArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.party.signer, console)?;
    let session = Session::open(&arguments.party.session)?;
    let mut party = Party::open(&arguments.party.keys, &session)?;
    let name = session.party(party.index()).0;
    let path = session.place.data(name);
    if path.exists() {
        return Err(Failure::usage(format!("{} exists: {name} has encrypted its samples", path.display()))
            .help("remove it to encrypt others, as long as nobody has trained on it"));
    }
    let held_out = (arguments.test_size, arguments.random_state);
    let own = OwnData::read(&session, &arguments.data, held_out, console)?;
    // before anything leaves: `decrypt` compares heads on what stayed at home
    party.notes.held_out = Some(held_out);
    party.keep()?;
    let encrypted = data::encrypt(&session, &party, &own.training, &identity, console)?;
    let text = format!(
        "{} samples of {name} encrypted under the key of all parties; {} stay at home to compare heads on\n  {} ({}): for the compute party",
        encrypted.samples,
        own.test.as_ref().map_or(0, |test| test.x.nrows()),
        path.display(),
        progress::bytes(encrypted.bytes),
    );
    let json = json!({
        "party": name, "samples": encrypted.samples, "test_samples": own.test.as_ref().map_or(0, |test| test.x.nrows()),
        "file": shown(path), "bytes": encrypted.bytes,
    });
    Ok(Outcome { json, text })
}

fn train(arguments: &JointTrainArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let session = Session::open(&arguments.session)?;
    let path = session.place.head();
    match (arguments.check, path.exists()) {
        (false, true) => {
            return Err(Failure::usage(format!("{} exists: the training is done", path.display()))
                .help("--check computes it again, to compare"));
        }
        (true, false) => return Ok(waiting("the compute party (head)")),
        _ => {}
    }
    let progress = until(arguments.wait, console, || training::train(&session, console))?;
    let trained = match progress {
        Progress::Waiting(what) => return Ok(waiting(&what)),
        Progress::Done(trained) => trained,
    };
    let iterations = trained.head.iteration;
    let seconds = progress::seconds(trained.seconds);
    if arguments.check {
        training::check(&session, &trained, &identity)?;
        let text = format!("computed again in {seconds}: the head is the same, bit by bit; signed");
        return Ok(Outcome { json: json!({ "same": true, "seconds": trained.seconds }), text });
    }
    let bytes = training::write(&session, &trained, &identity)?;
    let text = format!(
        "{iterations} iterations on the data of {} parties in {seconds}; the encrypted head is in {} ({})",
        session.terms.parties(),
        path.display(),
        progress::bytes(bytes),
    );
    let json = json!({
        "done": true, "iterations": iterations, "seconds": trained.seconds, "file": shown(path), "bytes": bytes,
    });
    Ok(Outcome { json, text })
}

fn decrypt(arguments: &JointDecryptArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.party.signer, console)?;
    let session = Session::open(&arguments.party.session)?;
    let mut party = Party::open(&arguments.party.keys, &session)?;
    let held_out = party.notes.held_out.unwrap_or((0.0, 0));
    let own = OwnData::read(&session, &arguments.data, held_out, console)?;
    let opened = until(arguments.party.wait, console, || {
        let release = match release::of_head(&session)? {
            Progress::Done(release) => release,
            Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
        };
        release::share(&session, &mut party, &release, &arguments.party.passphrase, &identity)?;
        release::open(&session, &party, &release)
    })?;
    let weights = match opened {
        Progress::Waiting(what) => return Ok(waiting(&what)),
        Progress::Done(weights) => weights,
    };
    write_result(&session, &party, &own, &weights, &arguments.out, console)
}

/// Writes the head, and how it does beside one of the party's data alone.
fn write_result(
    session: &Session,
    party: &Party,
    own: &OwnData,
    weights: &[Array1<f64>],
    out: &Path,
    console: &Console,
) -> Result<Outcome> {
    let head = session.plan.joint_head(weights, session.terms.plan().job.iterations())?;
    let comparison = match &own.test {
        Some(test) => Some(compare(session, own, test, &head.model, console)?),
        None => None,
    };
    let folder = OutputFolder::create(out)?;
    head.write(&folder.path(""))?;
    let name = session.party(party.index()).0;
    let report = json!({
        "party": name, "session": session.digest, "weight_noise": session.terms.weight_noise()?,
        "samples": own.training.x.nrows(), "comparison": comparison,
    });
    write_json(&folder.path("report.json"), Access::Private, &report)?;
    if let (Some(test), Some(comparison)) = (&own.test, &comparison) {
        let page = page::page(session, &head, test, comparison, console)?;
        write_bytes(&folder.path("report.html"), Access::Private, pages::html(&page).as_bytes())?;
    }
    folder.commit()?;
    let mut text = format!(
        "the head of {} parties\n  {}\n  {}",
        session.terms.parties(),
        out.join("head.safetensors").display(),
        out.join("head.json").display()
    );
    if let Some(of) = &comparison {
        text.push_str(&format!("\n  {}", out.join("report.html").display()));
        let [low, high] = of.interval.map(|x| 100.0 * x);
        text.push_str(&format!(
            "\non {} test samples of {name}, which no training saw:\n  head of all            {:.4}\n  head of {name}'s data alone {:.4}\n  difference             {:+.1} points (95 % interval {low:+.1} to {high:+.1}; p = {:.2}, McNemar)",
            of.samples,
            of.joint,
            of.alone,
            100.0 * of.difference(),
            of.p_value,
        ));
    }
    let json = json!({ "done": true, "party": name, "folder": shown(out), "report": report });
    Ok(Outcome { json, text })
}

/// The head of all against one that the party trains on its own data in the clear, with everything chosen from them.
fn compare(
    session: &Session,
    own: &OwnData,
    test: &Matrix,
    joint: &head_fit::Model,
    console: &Console,
) -> Result<Comparison> {
    let vocabulary = session.plan.vocabulary();
    let labels = |matrix: &Matrix| matrix.encode_labels(vocabulary, "this party's data");
    let (y, tested) = (labels(&own.training)?, labels(test)?);
    let phase = console.phase("train alone", 1);
    let data = data::of_session(session, &own.training, &y)?;
    let alone = Classifier::default().prepare(&data, None)?.plain_model()?;
    phase.done();
    let classes: Vec<usize> = tested.column(0).iter().map(|&class| class as usize).collect();
    let x = test.x.view();
    Ok(Comparison::new(&classes, &joint.predict(&x)?, &alone.predict(&x)?))
}

fn status(arguments: &JointStatusArgs) -> Result<Outcome> {
    let session = Session::open(&arguments.session)?;
    let place = &session.place;
    let steps: Vec<_> = session
        .contents
        .participants
        .iter()
        .map(|participant| {
            let name = &participant.name;
            let has = |kind: &str| place.message(name, kind).exists();
            let first =
                session.terms.first_round().iter().all(|protocol| place.first(name, protocol).exists());
            let done = [
                ("joined", has(JOIN)),
                ("revealed", has(REVEAL)),
                ("committed", has(COMMITTED)),
                ("first shares", first),
                ("second share", place.second(name).exists()),
                ("data", place.data(name).exists()),
                ("decryption", place.decryption(name).exists()),
            ];
            (name.clone(), done)
        })
        .collect();
    let head = place.head().exists();
    let mark = |done: bool| if done { "yes" } else { "-" };
    let mut lines = vec![describe(&session)?];
    for (name, done) in &steps {
        let of =
            done.iter().map(|(step, done)| format!("{step} {}", mark(*done))).collect::<Vec<_>>().join(", ");
        lines.push(format!("{name:<11} {of}"));
    }
    lines.push(format!("{:<11} head {}", "compute", mark(head)));
    let parties: serde_json::Map<String, serde_json::Value> = steps
        .into_iter()
        .map(|(name, done)| (name, json!(done.into_iter().collect::<std::collections::BTreeMap<_, _>>())))
        .collect();
    let bytes = if head { size(&place.head())? } else { 0 };
    let json =
        json!({ "session": json_of(&session)?, "parties": parties, "head": head, "head_bytes": bytes });
    Ok(Outcome { json, text: lines.join("\n") })
}
