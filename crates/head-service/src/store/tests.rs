//! The queue and the room of projects, without a server around them.
#![allow(clippy::unwrap_used)]

use fhe_head::files::Tag;

use super::uploads::UploadedFile;
use super::{Credential, Member, Queued, Store};
use crate::api::{CHUNK_BYTES, JobState, NewFile, NewJob, NewUpload, UploadKind};

fn store(folder: &tempfile::TempDir, bytes: u64, jobs: u64) -> (Store, Member) {
    let store = Store::open(&folder.path().join("db")).unwrap();
    store.add_account(("ann", None), Credential::Token("th_ann"), true, [bytes, jobs]).unwrap();
    let who = store.who("th_ann").unwrap().unwrap();
    let member = store.member(&who, "ann").unwrap();
    (store, member)
}

fn asked(data: &str, priority: i32) -> NewJob {
    NewJob { keys: "k".into(), data: data.into(), priority, ..NewJob::default() }
}

fn upload(byte: u8, chunks: u64) -> NewUpload {
    let chunks: Vec<_> = (0..chunks).map(|number| Tag([byte ^ number as u8; 32])).collect();
    let bytes = chunks.len() as u64 * CHUNK_BYTES;
    NewUpload { kind: UploadKind::Data, files: vec![NewFile { name: "a.enc".into(), bytes, chunks }] }
}

#[test]
fn jobs_come_by_priority_and_then_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ann) = store(&folder, 1 << 40, 4);
    for (id, priority) in [("one", 0), ("two", 5), ("three", 0), ("four", 5)] {
        let (job, queued) = store.submit(&ann, &asked(id, priority), id).unwrap();
        assert_eq!((queued, job.state), (Queued::New, JobState::Queued));
    }
    // the same again is the same; a fifth is one too many
    assert_eq!(store.submit(&ann, &asked("three", 9), "other").unwrap().1, Queued::Before);
    assert!(store.submit(&ann, &asked("five", 0), "five").is_err());
    assert_eq!(store.job(&ann, "three").unwrap().job.before, Some(3));
    let mut order = Vec::new();
    while let Some(next) = store.take_next().unwrap() {
        order.push((next.job.id.clone(), next.job.attempts));
        if order.len() == 1 {
            // stopped from outside: its turn comes again, and the start does not count
            store.requeue(&next.job.id, false).unwrap();
        }
    }
    let ids: Vec<&str> = order.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["two", "two", "four", "one", "three"]);
    assert!(order.iter().all(|(_, attempts)| *attempts == 1));
    // what ended is forgotten by the next request for the same
    store.end("one", JobState::Failed, Err(None)).unwrap();
    assert_eq!(store.submit(&ann, &asked("one", 0), "again").unwrap().1, Queued::New);
}

#[test]
fn a_project_has_room_and_files_belong_to_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ann) = store(&folder, 4 * CHUNK_BYTES, 1);
    let (first, is_new) = store.announce(&ann, &upload(1, 3)).unwrap();
    assert!(is_new && first.missing[0].chunks == [0, 1, 2]);
    assert!(!store.announce(&ann, &upload(1, 3)).unwrap().1);
    assert!(store.announce(&ann, &upload(2, 2)).is_err(), "there is room for one chunk more");

    let expected = store.expected(&ann, &first.id, "a.enc", 1).unwrap();
    assert!(!expected.arrived && expected.digest == Tag([0; 32]) && expected.bytes == CHUNK_BYTES);
    assert!(store.expected(&ann, &first.id, "a.enc", 3).is_err());
    store.arrived(&expected.blob, 1).unwrap();
    assert_eq!(store.upload(&ann, &first.id).unwrap().missing[0].chunks, [0, 2]);

    // another tenant announces the same file, and learns nothing
    store.add_account(("bob", None), Credential::Token("th_bob"), false, [1 << 40, 1]).unwrap();
    let who = store.who("th_bob").unwrap().unwrap();
    assert!(store.member(&who, "ann").is_err());
    let bob = store.member(&who, "bob").unwrap();
    let (theirs, _) = store.announce(&bob, &upload(1, 3)).unwrap();
    assert_eq!(theirs.missing[0].chunks, [0, 1, 2]);
    // removing one's own leaves the other's
    assert_eq!(store.remove_upload(&ann, &first.id).unwrap().len(), 1);
    assert!(store.upload(&ann, &first.id).is_err() && store.upload(&bob, &theirs.id).is_ok());
}

#[test]
fn messages_of_a_session_are_delivered_once_and_by_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ann) = store(&folder, 1 << 40, 1);
    store.add_account(("bob", Some("ann")), Credential::Token("th_bob"), false, [1, 1]).unwrap();
    // a name alone lets nobody into a project
    store.add_account(("eve", Some("shared")), Credential::Token("th_eve"), false, [1, 1]).unwrap();
    assert!(store.add_account(("shared", None), Credential::Token("th_x"), false, [1, 1]).is_err());

    let deliver = |name: &str, byte: u8, from: &str| {
        let file = NewFile { name: name.into(), bytes: CHUNK_BYTES, chunks: vec![Tag([byte; 32])] };
        let new = NewUpload { kind: UploadKind::Messages, files: vec![file] };
        let upload = store.announce(&ann, &new).unwrap().0;
        store.deliver(&ann, "s", from, &upload.id)
    };
    deliver("north_join.json", 1, "ann").unwrap();
    deliver("south_join.json", 2, "bob").unwrap();
    // the same again is nothing new; another under its name is refused, and so is another's word for a party
    deliver("north_join.json", 1, "bob").unwrap();
    assert!(deliver("north_join.json", 3, "ann").is_err());
    assert!(deliver("north_data.enc", 4, "bob").is_err());
    deliver("checks_north.json", 5, "ann").unwrap();
    deliver("checks_south.json", 6, "bob").unwrap();
    let session = store.session(&ann, "s").unwrap();
    let names: Vec<(&str, &str)> =
        session.messages.iter().map(|message| (message.name.as_str(), message.from.as_str())).collect();
    let expected = [
        ("checks_north.json", "ann"),
        ("checks_south.json", "bob"),
        ("north_join.json", "ann"),
        ("south_join.json", "bob"),
    ];
    assert_eq!(names, expected);
    assert_eq!(session.bytes, 4 * CHUNK_BYTES);

    // a message keeps its file, whatever becomes of uploads
    assert!(store.blob_names().unwrap().len() >= 4);
    let eve = store.member(&store.who("th_eve").unwrap().unwrap(), "shared").unwrap();
    assert!(store.session(&eve, "s").is_err() && store.message(&eve, "s", "north_join.json").is_err());
    assert_eq!(store.remove_session(&ann, "s").unwrap().len(), 4);
    assert!(store.session(&ann, "s").is_err());
}

#[test]
fn what_was_kept_long_enough_goes_and_what_is_needed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ann) = store(&folder, 1 << 40, 9);
    let ready = |byte: u8| {
        let upload = store.announce(&ann, &upload(byte, 1)).unwrap().0;
        for UploadedFile { blob, .. } in store.files(ann.project, &upload.id).unwrap() {
            store.set_whole(&blob).unwrap();
        }
        store.set_ready(&ann, &upload.id).unwrap();
        upload.id
    };
    let [old, needed, idle] = [1, 2, 3].map(ready);
    let later = || crate::log::millis() + 1;
    let submit = |data: &str, head: Option<&str>, id: &str| {
        let new = NewJob { head: head.map(str::to_owned), ..asked(data, 0) };
        store.submit(&ann, &new, id).unwrap();
    };
    submit(&old, None, "first");
    submit(&needed, None, "second");
    submit("x", Some("second"), "scores");
    for id in ["first", "second"] {
        store.end(id, JobState::Done, Err(None)).unwrap();
    }
    // nothing is old yet
    let none = store.remove_expired(0).unwrap();
    assert!(none.jobs.is_empty() && none.uploads.is_empty(), "{none:?}");
    // the second one's head is needed by the job that waits, and so is its row, which names its data
    let gone = store.remove_expired(later()).unwrap();
    let ids = |all: &[(i64, String)]| all.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&gone.jobs), ["first"]);
    let mut uploads = ids(&gone.uploads);
    uploads.sort();
    let mut expected = [old, idle];
    expected.sort();
    assert_eq!(uploads, expected);
    assert_eq!(gone.blobs.len(), 2);
    assert!(store.upload(&ann, &needed).is_ok() && store.job(&ann, "second").is_ok());

    store.end("scores", JobState::Failed, Err(None)).unwrap();
    let gone = store.remove_expired(later()).unwrap();
    assert_eq!((gone.jobs.len(), ids(&gone.uploads)), (2, vec![needed]));
}

#[test]
fn an_account_is_known_by_its_token_or_its_subject() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = store(&folder, 1, 1);
    store.add_account(("bob", None), Credential::Subject("b|1"), false, [1, 1]).unwrap();
    assert_eq!(store.of_subject("b|1").unwrap().unwrap().name, "bob");
    assert!(store.who("b|1").unwrap().is_none() && store.of_subject("th_ann").unwrap().is_none());
    // a subject is one account's
    for _ in 0..2 {
        let taken = store.add_account(("eve", None), Credential::Subject("b|1"), false, [1, 1]);
        assert!(taken.unwrap_err().words().contains("another account"));
        assert!(store.set_credential("ann", Some(Credential::Subject("b|1"))).is_err());
    }
    assert!(store.add_account(("eve", None), Credential::Subject(""), false, [1, 1]).is_err());
    // both, and none
    store.set_credential("ann", Some(Credential::Subject("a|1"))).unwrap();
    let names = [store.who("th_ann").unwrap().unwrap().name, store.of_subject("a|1").unwrap().unwrap().name];
    assert_eq!(names, ["ann", "ann"]);
    store.set_credential("ann", None).unwrap();
    assert!(store.who("th_ann").unwrap().is_none() && store.of_subject("a|1").unwrap().is_none());
    assert_eq!(store.accounts().unwrap(), [("ann".to_owned(), false), ("bob".to_owned(), true)]);
}

#[test]
fn a_database_without_subjects_gets_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let old = rusqlite::Connection::open(&path).unwrap();
    let schema = include_str!("schema.sql")
        .replace("  created INTEGER NOT NULL,\n  subject TEXT", "  created INTEGER NOT NULL\n -- ");
    old.execute_batch(&schema).unwrap();
    assert!(old.execute_batch("SELECT subject FROM accounts").is_err(), "{schema}");
    old.pragma_update(None, "user_version", 2).unwrap();
    old.execute("INSERT INTO accounts VALUES (1, 'ann', NULL, 1, 0)", []).unwrap();
    drop(old);
    for _ in 0..2 {
        let store = Store::open(&path).unwrap();
        store.set_credential("ann", Some(Credential::Subject("a|1"))).unwrap();
        assert_eq!(store.of_subject("a|1").unwrap().unwrap().name, "ann");
    }
}
