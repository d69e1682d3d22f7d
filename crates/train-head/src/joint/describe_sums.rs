//! A session of sums in words: what is added up, who learns what of whom, and what has come from whom.

use std::collections::BTreeMap;
use std::path::PathBuf;

use head_joint::SumsTerms;
use serde_json::{Map, Value, json};

use super::board::Board;
use super::data::BROUGHT;
use super::keys::{COMMITTED, JOIN, REVEAL};
use super::session::{Participant, Session};
use crate::console::Outcome;
use crate::exit::Result;
use crate::wording::counted;

/// What was agreed on, with what each party gives away by it.
///
/// # Errors
/// None in practice.
pub(crate) fn words(session: &Session<SumsTerms>) -> Result<String> {
    let (terms, agreed) = (&session.terms, &session.contents.agreed);
    let parties: Vec<usize> = (0..terms.parties()).collect();
    let lines = [
        ("parties", format!("{}; each at most {}", session.names(&parties), counted(agreed.most, "sample"))),
        (
            "adds up",
            format!(
                "how many samples, the sum of each of {}, the sum of the product of each with each",
                counted(terms.features(), "feature")
            ),
        ),
        ("for", format!("a feature map by which features are {}", agreed.map)),
        ("parameters", format!("{}: 128 bits of security", session.plan.plan().preset)),
        (
            "decrypted",
            format!(
                "the sums over the samples of all, once, by all parties; noise hides their error with {} bits and is {:.0e} of the largest sum",
                agreed.flooding_bits,
                terms.noise()?
            ),
        ),
        ("learned", learned(session)),
        ("refused", format!("by a party with fewer than {} samples, two a feature", terms.least_samples())),
        ("afterwards", AFTERWARDS.to_owned()),
        ("who leaves", WHO_LEAVES.to_owned()),
    ];
    Ok(lines.iter().map(|(name, value)| format!("{name:<11} {value}")).collect::<Vec<_>>().join("\n"))
}

const AFTERWARDS: &str = "a training behind the map shows means and covariance of all samples to whoever reads its folder, compute parties as well";
const WHO_LEAVES: &str = "nothing is decrypted, and all start a new session";

/// What the parties learn of each other, for a person who is about to agree.
fn learned(session: &Session<SumsTerms>) -> String {
    let others = match session.terms.parties() - 1 {
        1 => "so the other party has this one's count, means and covariance".to_owned(),
        others => {
            format!("any {others} that pool what they have know the last one's count, means and covariance")
        }
    };
    format!("all parties learn the sums, and {others}, exactly: who may not tell these does not join")
}

/// The same for a program.
///
/// # Errors
/// None in practice.
pub(crate) fn json(session: &Session<SumsTerms>) -> Result<Value> {
    let (terms, contents) = (&session.terms, &session.contents);
    Ok(json!({
        "sums": true, "session": session.digest, "attempt": contents.attempt, "preset": session.plan.plan().preset,
        "participants": contents.participants, "features": terms.features(), "most_samples": contents.agreed.most,
        "least_samples": terms.least_samples(), "map": contents.agreed.map, "flooding_bits": contents.agreed.flooding_bits,
        "noise": terms.noise()?, "ciphertexts": terms.ciphertexts(), "learned": learned(session), "afterwards": AFTERWARDS,
    }))
}

/// What has come from whom.
///
/// # Errors
/// None in practice.
pub(crate) fn status(session: &Session<SumsTerms>, board: Option<&Board>) -> Result<Outcome> {
    let mut lines = vec![words(session)?];
    lines.extend(board.map(|board| format!("{:<11} {} as {}", "passed on", board.url(), board.name())));
    let mut parties = Map::new();
    for Participant { name, .. } in &session.contents.participants {
        let steps = steps(session, board, name);
        let of = |(step, done): &(&str, bool)| format!("{step} {}", if *done { "yes" } else { "-" });
        lines.push(format!("{name:<11} {}", steps.iter().map(of).collect::<Vec<_>>().join(", ")));
        parties.insert(name.clone(), json!(steps.into_iter().collect::<BTreeMap<_, _>>()));
    }
    Ok(Outcome { json: json!({ "session": json(session)?, "parties": parties }), text: lines.join("\n") })
}

/// The steps of a party, in order, and whether each is done.
fn steps(session: &Session<SumsTerms>, board: Option<&Board>, name: &str) -> [(&'static str, bool); 7] {
    let place = &session.place;
    let there = |path: PathBuf| path.exists() || board.is_some_and(|board| board.has(&path));
    let has = |kind: &str| there(place.message(name, kind));
    [
        ("joined", has(JOIN)),
        ("revealed", has(REVEAL)),
        ("committed", has(COMMITTED)),
        (
            "first shares",
            session.terms.first_round().iter().all(|protocol| there(place.first(name, protocol))),
        ),
        ("sums committed", has(BROUGHT)),
        ("sums", there(place.data(name))),
        ("decryption", there(place.decryption(name))),
    ]
}
