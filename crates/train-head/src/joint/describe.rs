//! A session in words: what was agreed on, for a person who is about to agree, and what has come from whom.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fhe_head::Head as _;
use serde_json::{Map, Value, json};

use super::board::Board;
use super::keys::{COMMITTED, JOIN, REVEAL};
use super::session::{Participant, Session};
use super::set::SET;
use super::{checks, training};
use crate::console::Outcome;
use crate::exit::Result;
use crate::files::size;
use crate::plan::PlanFile;
use crate::wording::counted;

/// What was agreed on.
///
/// # Errors
/// None in practice.
pub(crate) fn words(session: &Session) -> Result<String> {
    let terms = &session.terms;
    let (plan, decryption) = (terms.plan(), terms.agreed().decryption);
    let names: Vec<String> = (0..terms.parties())
        .map(|party| {
            Ok(format!(
                "{} (at most {})",
                session.party(party).0,
                counted(terms.most_samples(party)?, "sample")
            ))
        })
        .collect::<Result<_>>()?;
    let compute: Vec<&str> = session.contents.compute.iter().map(|party| party.name.as_str()).collect();
    let decrypts = match session.protocols.threshold() {
        all if all == terms.parties() => "all parties".to_owned(),
        some => format!("any {some} of the {} parties", terms.parties()),
    };
    let lines = [
        ("parties", names.join(", ")),
        ("compute", compute.join(", ")),
        (
            "head",
            format!(
                "{}, {}",
                counted(plan.job.head().scores(), "score"),
                counted(plan.job.iterations(), "iteration")
            ),
        ),
        ("feature map", feature_map(&session.plan)),
        ("parameters", format!("{}: 128 bits of security", plan.preset)),
        ("secret from", session.secret_from()),
        (
            "decrypted",
            format!(
                "the head, once, by {decrypts}; noise hides its error with {} bits and leaves {:.1e} on a weight",
                decryption.bits,
                terms.weight_noise()?
            ),
        ),
        ("who leaves", session.when_a_party_leaves()),
        (
            "checked by",
            match session.contents.recomputations {
                0 => format!("nobody: {} is trusted to compute what was agreed on", session.computes().0),
                count => {
                    let who: Vec<&str> = session.checkers().map(|checker| checker.name.as_str()).collect();
                    format!("{count} of {}, who compute the training again", who.join(", "))
                }
            },
        ),
    ];
    Ok(lines.iter().map(|(name, value)| format!("{name:<11} {value}")).collect::<Vec<_>>().join("\n"))
}

/// Where the feature map comes from. It stands in the session's folder.
fn feature_map(plan: &PlanFile) -> String {
    match plan.given_map() {
        None => "fitted on public samples".into(),
        Some(given) => {
            let seen = if given.sums.is_some() { "; whoever reads this folder sees it" } else { "" };
            format!("{}{seen}", given.words())
        }
    }
}

/// The same for a program.
///
/// # Errors
/// None in practice.
pub(crate) fn json(session: &Session) -> Result<Value> {
    let terms = &session.terms;
    Ok(json!({
        "session": session.digest, "attempt": session.contents.attempt, "preset": terms.plan().preset,
        "participants": session.contents.participants, "compute": session.contents.compute,
        "threshold": session.protocols.threshold(), "recomputations": session.contents.recomputations,
        "iterations": terms.plan().job.iterations(), "given_map": session.plan.given_map(), "flooding_bits": terms.agreed().decryption.bits,
        "weight_noise": terms.weight_noise()?, "sizes": terms.plan().sizes,
        "when_a_party_leaves": session.when_a_party_leaves(), "secret_from": session.secret_from(),
    }))
}

/// What has come from whom.
///
/// # Errors
/// A message of one who checked that is damaged, or not signed by its party.
pub(crate) fn status(session: &Session, board: Option<&Board>) -> Result<Outcome> {
    let place = &session.place;
    let mark = |done: bool| if done { "yes" } else { "-" };
    let mut lines = vec![words(session)?];
    lines.extend(board.map(|board| format!("{:<11} {} as {}", "passed on", board.url(), board.name())));
    let mut parties = Map::new();
    for (party, Participant { name, .. }) in session.contents.participants.iter().enumerate() {
        let steps = steps(session, board, party);
        let of: Vec<String> = steps.iter().map(|(step, done)| format!("{step} {}", mark(*done))).collect();
        lines.push(format!("{name:<11} {}", of.join(", ")));
        parties.insert(name.clone(), json!(steps.into_iter().collect::<BTreeMap<_, _>>()));
    }
    let has_head = place.head().exists();
    let computes = session.computes().0;
    lines.push(format!("{computes:<11} head {}", mark(has_head)));
    let mut checked = Map::new();
    match has_head.then(|| training::signed_digest(session)) {
        Some(Ok(head)) => {
            for (checker, same) in checks::of(session, &head)? {
                let Some(same) = same else { continue };
                let result = if same { "the same head" } else { "ANOTHER head" };
                lines.push(format!("{:<11} computed again: {result}", checker.name));
                checked.insert(checker.name.clone(), json!(same));
            }
        }
        Some(Err(failure)) => {
            lines.push(format!("{computes:<11} head refused: {}", failure.chain().join(": ")));
        }
        None => {}
    }
    let bytes = if has_head { size(&place.head())? } else { 0 };
    let json = json!({
        "session": json(session)?, "parties": parties, "head": has_head, "head_bytes": bytes, "checked": checked,
    });
    Ok(Outcome { json, text: lines.join("\n") })
}

/// The steps of a data party, in order, and whether each is done.
fn steps(session: &Session, board: Option<&Board>, party: usize) -> Vec<(&'static str, bool)> {
    let (place, name) = (&session.place, session.party(party).0);
    // on the server, if not here: a step fetches what it needs alone
    let there = |path: PathBuf| path.exists() || board.is_some_and(|board| board.has(&path));
    let has = |kind: &str| there(place.message(name, kind));
    let first = session.terms.first_round().iter().all(|protocol| there(place.first(name, protocol)));
    let mut steps = vec![
        ("joined", has(JOIN)),
        ("revealed", has(REVEAL)),
        ("committed", has(COMMITTED)),
        ("first shares", first),
        ("second share", there(place.second(name))),
        ("data", there(place.data(name))),
        ("decryption", there(place.decryption(name))),
    ];
    if session.protocols.threshold() < session.terms.parties() {
        let others = (0..session.terms.parties()).filter(|&other| other != party);
        let dealt = others.map(|other| place.deal(name, session.party(other).0)).all(there);
        steps.insert(5, ("dealt", dealt));
        steps.insert(7, ("set", has(SET)));
    }
    steps
}
