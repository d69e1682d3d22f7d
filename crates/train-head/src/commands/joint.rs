//! `joint`: several data parties train one head, and none of them shows the others its data.

use std::path::Path;

use head_fit::{Classifier, Training};
use head_joint::{Choices, Comparison, Terms, Weighting};
use ndarray::Array1;
use serde_json::json;

use super::joint_shared::{expect_not_encrypted, open, publish, waiting};
use super::joint_sums;
use crate::args::{
    ComputeFlag, JointArgs, JointCreateArgs, JointDecryptArgs, JointEncryptArgs, JointJoinArgs,
    JointPartyArgs, JointStatusArgs, JointStep, JointTrainArgs, WeightingFlag,
};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::feature_map::FeatureMapFile;
use crate::files::folder::OutputFolder;
use crate::files::{Access, shown, write_bytes, write_json};
use crate::identity::Identity;
use crate::joint::data::{self, OwnData};
use crate::joint::keys::{self, JOIN, Join};
use crate::joint::needs::Need;
use crate::joint::party::Party;
use crate::joint::place::Place;
use crate::joint::session::Participant;
use crate::joint::site::Site;
use crate::joint::subject::Subject;
use crate::joint::training::Purpose;
use crate::joint::wait::{Progress, ready};
use crate::joint::{
    AnySession, Session, board, describe, describe_sums, message, page, release, set, training,
};
use crate::plan::PlanFile;
use crate::progress;
use crate::samples::Matrix;
use crate::wording::counted;

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
        JointStep::Status(arguments) => status(arguments, console),
    }
}

fn create(arguments: &JointCreateArgs, console: &Console) -> Result<Outcome> {
    expect_nobody_joined(arguments)?;
    match arguments.sums.sums {
        true => joint_sums::create(arguments, console),
        false => create_training(arguments, console),
    }
}

/// Refuses the folder of a session that somebody has joined.
fn expect_nobody_joined(arguments: &JointCreateArgs) -> Result<()> {
    if let Some(name) = Place::at(&arguments.out).someone_joined() {
        return Err(Failure::usage(format!(
            "{} holds a session that {name} has joined: its messages are of no use to another",
            arguments.out.display()
        ))
        .help("each session and attempt has a folder of its own: --out names another"));
    }
    Ok(())
}

fn create_training(arguments: &JointCreateArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let plan = PlanFile::read(&arguments.plan)?;
    let rows: Vec<usize> = arguments.participants.iter().map(|participant| participant.rows).collect();
    let compute = compute_parties(arguments)?;
    let choices = Choices {
        weighting: match arguments.weighting {
            WeightingFlag::Size => Weighting::Size,
            WeightingFlag::Equal => Weighting::Equal,
        },
        bits: arguments.flooding_bits.unwrap_or(Choices::default().bits),
        threshold: arguments.threshold,
        ..Choices::default()
    };
    let public = public_training(&plan, arguments, console)?;
    let phase = console.phase("terms", 1);
    let terms = Terms::new(&public, &rows, choices)?;
    phase.done();

    publish::<Terms>(arguments, &plan, (terms.agreed().clone(), compute), &identity)?;
    let session = Session::<Terms>::open(&arguments.out)?;
    Site::create(&arguments.out, &arguments.board, console)?;
    let described = describe::words(&session)?;
    let text = format!(
        "a session of {} data parties\n{described}\n  {}: for all parties, who read it and join",
        rows.len(),
        arguments.out.display()
    );
    Ok(Outcome { json: describe::json(&session)?, text })
}

/// The compute parties, each with a name; the server, if none is given.
fn compute_parties(arguments: &JointCreateArgs) -> Result<Vec<Participant>> {
    if arguments.compute.is_empty() {
        let key = board::identity(&arguments.board.server)?;
        return Ok(vec![Participant { name: "server".to_owned(), key }]);
    }
    let named = |(i, flag): (usize, &ComputeFlag)| {
        let by_place = || if i == 0 { "compute".to_owned() } else { format!("compute-{}", i + 1) };
        Participant { name: flag.name.clone().unwrap_or_else(by_place), key: flag.key }
    };
    Ok(arguments.compute.iter().enumerate().map(named).collect())
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

fn join(arguments: &JointJoinArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let site = Site::enter(&arguments.session, Some(&arguments.board), console)?;
    match AnySession::open(&arguments.session)? {
        AnySession::Training(session) => {
            if let Some(own) = &arguments.feature_map {
                expect_map(&session.plan, own)?;
            }
            join_one(arguments, (&session, site), &identity, &describe::words(&session)?, console)
        }
        AnySession::Sums(_) if arguments.feature_map.is_some() => {
            Err(Failure::usage("--feature-map: a session of sums has none; it ends with one"))
        }
        AnySession::Sums(session) => {
            join_one(arguments, (&session, site), &identity, &describe_sums::words(&session)?, console)
        }
    }
}

/// Refuses a session behind another feature map than the party's own.
///
/// # Errors
/// It is another, or the session's was fitted on the samples of its plan; the party's cannot be read.
fn expect_map(plan: &PlanFile, own: &Path) -> Result<()> {
    let FeatureMapFile { given, .. } = FeatureMapFile::read(own)?;
    let of_session = match plan.given_map() {
        Some(map) if map.file == given.file => return Ok(()),
        Some(map) => map.words(),
        None => "fitted on the samples of the plan".into(),
    };
    let message =
        format!("--feature-map {}: the session trains behind another map, {of_session}", own.display());
    Err(Failure::file(message).help(format!("this one is {}; ask who made the session", given.words())))
}

fn join_one<S: Subject>(
    arguments: &JointJoinArgs,
    (session, mut site): (&Session<S>, Site),
    identity: &Identity,
    described: &str,
    console: &Console,
) -> Result<Outcome> {
    let index = session.party_of(identity)?;
    let name = session.party(index).0;
    let path = session.place.message(name, JOIN);
    if path.exists() {
        return Err(Failure::usage(format!("{} exists: {name} has joined", path.display()))
            .help("go on with `train-head joint keys`; who lost the share of the secret starts a new session with the others"));
    }
    console.note(described.to_owned());
    let party = Party::join(&arguments.keys, session, index, &arguments.new_key)?;
    message::write(&path, JOIN, &session.digest, Join::from(party.joining()?), identity)?;
    site.exchange(Need::Messages, name, console)?;
    let text = format!(
        "{name} has joined\n  share of the secret  {}: it never leaves this party\n  message              {}",
        arguments.keys.display(),
        path.display()
    );
    Ok(Outcome { json: json!({ "party": name, "session": session.digest, "file": shown(path) }), text })
}

fn make_keys(arguments: &JointPartyArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let site = Site::enter(&arguments.session, None, console)?;
    match AnySession::open(&arguments.session)? {
        AnySession::Training(session) => make_keys_of(arguments, (&session, site), &identity, console),
        AnySession::Sums(session) => make_keys_of(arguments, (&session, site), &identity, console),
    }
}

fn make_keys_of<S: Subject>(
    arguments: &JointPartyArgs,
    (session, mut site): (&Session<S>, Site),
    identity: &Identity,
    console: &Console,
) -> Result<Outcome> {
    let mut party = open(arguments, session, identity)?;
    let name = party.name();
    let progress = site.until((arguments.wait, Need::Keys, name), console, |_| {
        keys::advance(&mut party, identity, console)
    })?;
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

fn encrypt(arguments: &JointEncryptArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.party.signer, console)?;
    let mut site = Site::enter(&arguments.party.session, None, console)?;
    let session = match AnySession::open(&arguments.party.session)? {
        AnySession::Training(session) => session,
        AnySession::Sums(session) => {
            return joint_sums::encrypt(arguments, (&session, site), &identity, console);
        }
    };
    let mut party = open(&arguments.party, &session, &identity)?;
    let name = party.name();
    let path = session.place.data(name);
    expect_not_encrypted((&session, name), &path, &mut site, &identity, console)?;
    let held_out = (arguments.test_size, arguments.random_state);
    let own = OwnData::read(&session.plan, &arguments.data, held_out, console)?;
    // before anything leaves: `decrypt` compares heads on what stayed at home
    party.hold_out(held_out)?;
    let encrypted = data::encrypt(&mut party, &own.training, &identity, console)?;
    site.exchange(Need::Messages, name, console)?;
    // whoever is the last to encrypt sets the training going
    let job = site.job(&session)?;
    let text = format!(
        "{} samples of {name} encrypted under the key of all parties; {} stay at home to compare heads on\n  {} ({}): for the compute party",
        encrypted.samples,
        own.test.as_ref().map_or(0, |test| test.x.nrows()),
        path.display(),
        progress::bytes(encrypted.bytes),
    );
    let json = json!({
        "party": name, "samples": encrypted.samples, "test_samples": own.test.as_ref().map_or(0, |test| test.x.nrows()),
        "file": shown(path), "bytes": encrypted.bytes, "job": job.map(|job| job.id),
    });
    Ok(Outcome { json, text })
}

fn train(arguments: &JointTrainArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let mut site = Site::enter(&arguments.session, Some(&arguments.board), console)?;
    let session = match AnySession::open(&arguments.session)? {
        AnySession::Training(session) => session,
        AnySession::Sums(_) => return Err(joint_sums::nothing_to_train(&arguments.session)),
    };
    if !arguments.check
        && let Some(done) = site.train_there(&session, console)?
    {
        return Ok(done);
    }
    let path = arguments.out.clone().unwrap_or_else(|| session.place.head());
    match (arguments.check, path.exists()) {
        (false, true) => {
            return Err(Failure::usage(format!("{} exists: the training is done", path.display()))
                .help("--check computes it again, to compare"));
        }
        (true, false) => return Ok(waiting(&format!("{} (head)", session.computes().0))),
        (true, true) => {}
        (false, false) => training::expect_computes(&session, &identity)?,
    }
    let out = match arguments.check {
        true => session.place.check(&training::checker(&session, &identity)?.name),
        false => path.clone(),
    };
    let (check, checkpoints) = (arguments.check, arguments.checkpoints);
    let purpose = Purpose { out: &out, check, checkpoints, identity: &identity };
    let progress = site.until((arguments.wait, Need::Training, ""), console, |_| {
        training::train(&session, purpose, console)
    })?;
    let trained = match progress {
        // who asks for a file gets it, or hears why not
        Progress::Waiting(what) if arguments.out.is_some() => {
            return Err(Failure::usage(format!("the training cannot begin: waiting for {what}")));
        }
        Progress::Waiting(what) => return Ok(waiting(&what)),
        Progress::Done(trained) => trained,
    };
    let (iterations, resumed_after) = (trained.head.iteration, trained.resumed_after);
    let (took, seconds) = (trained.seconds, progress::seconds(trained.seconds));
    if arguments.check {
        let same = training::check(&session, trained, &identity, console);
        site.exchange(Need::Messages, "", console)?;
        same?;
        let text = format!("computed again in {seconds}: the head is the same, bit by bit; signed");
        return Ok(Outcome {
            json: json!({ "same": true, "seconds": took, "resumed_after": resumed_after }),
            text,
        });
    }
    let bytes = training::write(&session, trained, &identity, console)?;
    site.exchange(Need::Messages, "", console)?;
    let text = format!(
        "{} on the data of {} parties in {seconds}; the encrypted head is in {} ({})",
        counted(iterations, "iteration"),
        session.terms.parties(),
        path.display(),
        progress::bytes(bytes),
    );
    let json = json!({
        "done": true, "iterations": iterations, "resumed_after": resumed_after, "seconds": took, "file": shown(path),
        "bytes": bytes,
    });
    Ok(Outcome { json, text })
}

fn decrypt(arguments: &JointDecryptArgs, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.party.signer, console)?;
    let mut site = Site::enter(&arguments.party.session, None, console)?;
    let session = match AnySession::open(&arguments.party.session)? {
        AnySession::Training(session) => session,
        AnySession::Sums(session) => {
            return joint_sums::decrypt(arguments, (&session, site), &identity, console);
        }
    };
    let mut party = open(&arguments.party, &session, &identity)?;
    let held_out = party.held_out();
    let own = OwnData::read(&session.plan, &arguments.data, held_out, console)?;
    let name = party.name();
    let job = if session.place.head().exists() { None } else { site.job(&session)? };
    let opened = site.until((arguments.party.wait, Need::Decryption, name), console, |board| {
        if let (Some(board), Some(job)) = (board, &job) {
            board.expect_alive(job)?;
        }
        let signed = ready!(release::signed(&session)?);
        let set = ready!(set::fix(&mut party, arguments.set.as_deref(), &identity)?);
        let release = signed.release(&session, &set)?;
        ready!(release::share(&mut party, &release, &identity)?);
        release::open(&party, &release)
    })?;
    let weights = match opened {
        Progress::Waiting(what) => return Ok(waiting(&what)),
        Progress::Done(weights) => weights,
    };
    write_result(&party, &own, &weights, &arguments.out, console)
}

/// Writes the head, and how it does beside one of the party's data alone.
fn write_result(
    party: &Party<'_>,
    own: &OwnData,
    weights: &[Array1<f64>],
    out: &Path,
    console: &Console,
) -> Result<Outcome> {
    let (session, name) = (party.session(), party.name());
    let head = session.plan.joint_head(weights, session.terms.plan().job.iterations())?;
    let comparison = match &own.test {
        Some(test) => Some(compare(session, own, test, &head.model, console)?),
        None => None,
    };
    let folder = OutputFolder::create(out)?;
    head.write(&folder.path(""))?;
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

fn status(arguments: &JointStatusArgs, console: &Console) -> Result<Outcome> {
    let site = Site::enter(&arguments.session, Some(&arguments.board), console)?;
    match AnySession::open(&arguments.session)? {
        AnySession::Training(session) => describe::status(&session, site.board()),
        AnySession::Sums(session) => Ok(describe_sums::status(&session, site.board())?),
    }
}
