//! A data party that is asked twice, killed, or shown other messages than before.
#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;

use ckks_threshold::{CommonRandomness, Contribution, Protocol, RelinearisationSum, Session};
use fhe_head::Scheme;
use fhe_head::ckks::SecretKey;
use fhe_head::ckks::presets::insecure_joint_for_tests;
use fhe_head::ckks::serial::{FileKind, NewFile, Reader, Writer};
use head_fit::{Classifier, Data};
use head_joint::{
    Choices, Committed, DataParty, Error, InMemory, Joining, Keep, Notes, Step, Terms, ckks_threshold,
    first_sum,
};
use ndarray::{Array1, Array2};

/// Three parties of whom two decrypt.
fn terms() -> &'static Terms {
    static TERMS: OnceLock<Terms> = OnceLock::new();
    TERMS.get_or_init(|| {
        let x = Array2::from_shape_fn((120, 4), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
        let y: Array1<f64> = x.rows().into_iter().map(|row| f64::from(u8::from(row[0] > row[1]))).collect();
        let scheme = Scheme::new(insecure_joint_for_tests(10, 24, 3).unwrap());
        let method = Classifier { max_iter: Some(2), ..Classifier::default() };
        let public = method.prepare_on(&scheme, &Data::new(x.view(), y.view()).unwrap(), None).unwrap();
        let choices = Choices { threshold: Some(2), bits: 30, ..Choices::default() };
        Terms::new(&public, &[50, 40, 30], choices).unwrap()
    })
}

fn session() -> Session {
    terms().session(&[3; 32], 0).unwrap()
}

fn parties(session: &Session) -> Vec<DataParty<'_, InMemory>> {
    (0..3).map(|index| DataParty::new(terms(), session, index, InMemory).unwrap()).collect()
}

fn joined(parties: &[DataParty<'_, InMemory>]) -> Vec<Joining> {
    parties.iter().map(|party| party.joining(format!("key of {}", party.index()))).collect()
}

fn agreed(parties: &mut [DataParty<'_, InMemory>]) -> CommonRandomness {
    let joined = joined(parties);
    let revealed: Vec<Contribution> =
        parties.iter_mut().map(|party| party.reveal(&joined).unwrap().clone()).collect();
    parties[0].common(&joined, &revealed).unwrap()
}

fn committed(parties: &[DataParty<'_, InMemory>], common: &CommonRandomness) -> Vec<Committed> {
    parties.iter().map(|party| party.committed(common).unwrap()).collect()
}

fn relinearisation(parties: &[DataParty<'_, InMemory>], common: &CommonRandomness) -> RelinearisationSum {
    let session = session();
    let first = terms().first_round();
    let protocol = first.into_iter().find(|one| matches!(one, Protocol::RelinearisationOne { .. })).unwrap();
    let share = |party: usize| parties[party].first_share(common, protocol);
    let committed = committed(parties, common);
    RelinearisationSum::finish(first_sum(terms(), &session, &committed, protocol, share).unwrap()).unwrap()
}

#[track_caller]
fn changed<T>(result: Result<T, Error>, step: Step) {
    match result {
        Err(Error::Changed(got)) => assert_eq!(got, step),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a second answer"),
    }
}

#[test]
fn messages_that_change_after_the_answer_are_refused() {
    let session = session();
    let mut parties = parties(&session);
    let joined = joined(&parties);
    let common = agreed(&mut parties);
    // whom messages are sealed to is a part of who joined
    for change in [
        |joined: &mut Vec<Joining>| joined[1].recipient.push('x'),
        |joined: &mut Vec<Joining>| joined[2].commitment = joined[1].commitment,
        |joined: &mut Vec<Joining>| drop(joined.pop()),
    ] {
        let mut others = joined.clone();
        change(&mut others);
        changed(parties[0].reveal(&others).cloned(), Step::CommonRandomness);
        changed(parties[0].common(&others, &[]), Step::CommonRandomness);
    }

    let all = committed(&parties, &common);
    parties[0].show(&all).unwrap();
    parties[0].show(&all).unwrap();
    let mut others = all;
    others[2].0[0][0] ^= 1;
    changed(parties[0].show(&others), Step::FirstShares);

    // a share that is not the one that was committed to does not come into a sum
    let public = Protocol::PublicKey;
    let share = |party: usize| parties[party].first_share(&common, public);
    let refused = first_sum::<Error>(terms(), &session, &others, public, share).err().unwrap();
    let Error::Threshold(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused.party(), Some(2));

    let sum = relinearisation(&parties, &common);
    let second = parties[0].second_share(&common, &sum).unwrap();
    assert_eq!(parties[0].second_share(&common, &sum).unwrap().digest(), second.digest());
    let mut strangers = self::parties(&session);
    let others = agreed(&mut strangers);
    let other = relinearisation(&strangers, &others);
    changed(parties[0].second_share(&common, &other), Step::Relinearisation);

    let deals = |of: &[DataParty<'_, InMemory>]| [1, 2].map(|from: usize| of[from].deal(&common, 0).unwrap());
    let ours = deals(&parties);
    parties[0].collect(&common, &ours).unwrap();
    let mixed = [ours[0].clone(), deals(&strangers)[1].clone()];
    changed(parties[0].collect(&common, &mixed), Step::Deals);
    let missing = parties[0].collect(&common, &ours[..1]).unwrap_err();
    assert!(missing.to_string().contains("party 2"), "{missing}");
    // in any order
    parties[0].collect(&common, &[ours[1].clone(), ours[0].clone()]).unwrap();
}

/// Why a step failed, in words.
#[derive(Debug, PartialEq)]
struct Why(String);

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Keeps notes, or fails to.
struct Disk<'a> {
    full: &'a Cell<bool>,
    kept: &'a RefCell<String>,
}

impl Keep for Disk<'_> {
    type Error = Why;

    fn keep(&mut self, notes: &Notes) -> Result<(), Why> {
        if self.full.get() {
            return Err(full_disk());
        }
        *self.kept.borrow_mut() = serde_json::to_string(notes).unwrap();
        Ok(())
    }
}

/// A key that was written and read again.
fn kept_key(key: &SecretKey) -> SecretKey {
    let (kind, parameters, key_id) = (FileKind::SECRET_KEY, key.parameters(), key.key_id());
    let file = NewFile { kind, parameters, key_id, items: 1, metadata: b"" };
    let mut writer = Writer::new(Vec::new(), "memory", file).unwrap();
    writer.write_secret_key(key).unwrap();
    let bytes = writer.finish().unwrap();
    Reader::new(&bytes[..], "memory").unwrap().read_secret_key(parameters).unwrap()
}

fn full_disk() -> Why {
    Why("the disk is full".into())
}

/// An answer does not leave unless it is noted; a party that is taken up again gives the same ones.
#[test]
fn answers_leave_when_they_are_kept() {
    let session = session();
    let mut parties = parties(&session);
    let (full, kept) = (Cell::new(true), RefCell::new("{}".to_owned()));
    let disk = || Disk { full: &full, kept: &kept };
    let resumed = |of: &DataParty<'_, InMemory>| {
        let key = kept_key(of.secret().key());
        let secret = ckks_threshold::SecretShare::from_key(&session, 0, key).unwrap();
        let notes = serde_json::from_str(&kept.borrow()).unwrap();
        DataParty::resume(terms(), &session, (secret, of.contribution().clone()), notes, disk())
    };
    let joined = joined(&parties);
    let mut party = resumed(&parties[0]);
    assert_eq!(party.reveal(&joined).unwrap_err(), full_disk());
    full.set(false);
    let mut party = resumed(&parties[0]);
    party.reveal(&joined).unwrap();
    let common = agreed(&mut parties);

    let sum = relinearisation(&parties, &common);
    full.set(true);
    assert_eq!(party.second_share(&common, &sum).err().unwrap(), full_disk());
    full.set(false);
    let mut party = resumed(&parties[0]);
    let share = party.second_share(&common, &sum).unwrap();
    let mut again = resumed(&parties[0]);
    assert_eq!(again.second_share(&common, &sum).unwrap().digest(), share.digest());
    assert_eq!(party.notes(), again.notes());
    let mut strangers = self::parties(&session);
    let others = agreed(&mut strangers);
    let other = relinearisation(&strangers, &others);
    let Why(refused) = again.second_share(&common, &other).err().unwrap();
    assert!(refused.contains("the relinearisation key has changed"), "{refused}");
}
