//! Files in a bucket, which here is a map, and what becomes of them without the disk.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::digest::{chunk_digest, file_digest};
use crate::store::{Credential, Store};

/// A bucket in memory, which may be out of reach.
#[derive(Clone, Debug, Default)]
struct Map(Arc<Mutex<BTreeMap<String, Bytes>>>, Arc<AtomicBool>);

impl Map {
    fn expect_reach(&self) -> io::Result<()> {
        let is_out = self.1.load(std::sync::atomic::Ordering::Relaxed);
        if is_out { Err(io::ErrorKind::HostUnreachable.into()) } else { Ok(()) }
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl objects::Objects for Map {
    fn put(&self, name: &str, content: Bytes) -> io::Result<()> {
        self.expect_reach()?;
        self.0.lock().unwrap().insert(name.to_owned(), content);
        Ok(())
    }

    fn get(&self, name: &str) -> io::Result<Bytes> {
        self.expect_reach()?;
        self.0.lock().unwrap().get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn remove(&self, names: Vec<String>) -> io::Result<()> {
        self.expect_reach()?;
        names.iter().for_each(|name| drop(self.0.lock().unwrap().remove(name)));
        Ok(())
    }

    fn list(&self, folder: &str, found: &mut dyn FnMut(&str)) -> io::Result<()> {
        self.expect_reach()?;
        let folder = format!("{}/", folder.trim_end_matches('/'));
        self.names().iter().filter(|name| name.starts_with(&folder)).for_each(|name| found(name));
        Ok(())
    }
}

/// A service's files in a bucket, in a folder of their own.
fn blobs(map: &Map, most: Option<u64>) -> (Blobs, Place, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::open(folder.path()).unwrap();
    let bucket = Some(Copied::new(Far(Box::new(map.clone())), most));
    (Blobs { files: Files::new(&place), bucket }, place, folder)
}

/// A file of two chunks and a bit.
fn file(byte: u8) -> (Blob, Vec<Vec<u8>>, Vec<Digest>) {
    let chunk = crate::api::CHUNK_BYTES as usize;
    let chunks = vec![vec![byte; chunk], vec![byte ^ 1; chunk], vec![byte; 5]];
    let digests: Vec<Digest> = chunks.iter().map(|chunk| chunk_digest(chunk)).collect();
    let bytes = 2 * chunk as u64 + 5;
    (Blob { project: 1, digest: file_digest(bytes, &digests), bytes, whole: false }, chunks, digests)
}

#[test]
fn a_file_survives_the_folder_and_a_damaged_object_is_seen() {
    let map = Map::default();
    let (blob, chunks, digests) = file(7);
    // half of it arrives while there is one folder, the rest with another
    for numbers in [vec![2], vec![0, 1]] {
        let (blobs, ..) = blobs(&map, None);
        numbers.iter().for_each(|&n| blobs.write(&blob, n, chunks[n as usize].clone()).unwrap());
    }
    let (blobs, place, _folder) = blobs(&map, None);
    let path = blobs.obtain(&blob, || Ok(digests.clone()), &|| true).unwrap();
    assert_eq!(fs::read(&path).unwrap(), chunks.concat());
    // the copy is taken again without asking for the digests of the chunks
    map.1.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(blobs.obtain(&blob, || Err(Problem::absent("chunk")), &|| true).unwrap(), path);
    assert!(
        blobs.write(&blob, 0, chunks[0].clone()).is_err(),
        "nothing is answered that is not in the bucket"
    );
    map.1.store(false, std::sync::atomic::Ordering::Relaxed);
    fs::remove_file(&path).unwrap();
    assert!(blobs.obtain(&blob, || Ok(digests.clone()), &|| false).is_err(), "nobody wants it");
    map.0.lock().unwrap().insert(chunk_name_of(&blob, 1), Bytes::from_static(b"other"));
    fs::remove_dir_all(place.arriving()).unwrap();
    fs::create_dir(place.arriving()).unwrap();
    assert!(blobs.obtain(&blob, || Ok(digests.clone()), &|| true).is_err());
    assert!(!path.exists());
    blobs.remove(&blob).unwrap();
    assert_eq!(map.names(), Vec::<String>::new());
}

fn chunk_name_of(blob: &Blob, number: usize) -> String {
    format!("blobs/{}/{}/{number}", blob.project, blob.digest.to_hex())
}

#[test]
fn copies_go_by_least_recent_want_and_not_while_they_are_held() {
    let map = Map::default();
    let (one, two) = (file(1), file(2));
    let (blobs, _, _folder) = blobs(&map, Some(one.0.bytes));
    for (blob, chunks, _) in [&one, &two] {
        (0..3).for_each(|n| blobs.write(blob, n, chunks[n as usize].clone()).unwrap());
    }
    let obtain = |(blob, _, digests): &(Blob, Vec<Vec<u8>>, Vec<Digest>)| {
        blobs.obtain(blob, || Ok(digests.clone()), &|| true).unwrap()
    };
    let (first, second) = (obtain(&one), obtain(&two));
    File::open(&first).unwrap().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    let held = blobs.hold();
    blobs.trim(0).unwrap();
    assert!(first.exists() && second.exists());
    drop(held);
    blobs.trim(0).unwrap();
    assert!(!first.exists() && second.exists());
    assert_eq!(fs::read(obtain(&one)).unwrap(), one.1.concat());
    // the second goes for what a job still lacks, and what it has stays
    fs::remove_file(&first).unwrap();
    obtain(&two);
    blobs.make_room([&one.0].into_iter()).unwrap();
    assert!(!second.exists());
    obtain(&one);
    blobs.make_room([&one.0].into_iter()).unwrap();
    assert!(first.exists());
}

#[test]
fn results_and_states_of_jobs_come_back() {
    let map = Map::default();
    let (blobs, place, _folder) = blobs(&map, None);
    let job = JobName { project: 3, id: "ab12".into() };
    let (before, after) = (place.jobs().join("before"), place.jobs().join("after"));
    fs::create_dir(&before).unwrap();
    let state = before.join("out.enc.0a1b2c3d.checkpoint");
    assert_eq!(blobs.keep_state(&job, &before, None).unwrap(), None);
    fs::write(&state, "after one iteration").unwrap();
    let kept = blobs.keep_state(&job, &before, None).unwrap();
    fs::write(&state, "after two iterations").unwrap();
    File::open(&state).unwrap().set_modified(SystemTime::now() + Duration::from_secs(1)).unwrap();
    let kept_again = blobs.keep_state(&job, &before, kept).unwrap();
    assert!(kept_again > kept);
    assert_eq!(blobs.keep_state(&job, &before, kept_again).unwrap(), kept_again);
    assert_eq!(map.names().iter().filter(|name| name.contains("states")).count(), 1);
    blobs.obtain_state(&job, &after).unwrap();
    assert_eq!(fs::read(after.join("out.enc.0a1b2c3d.checkpoint")).unwrap(), b"after two iterations");
    // a bucket in other hands names no file of its own choice
    let pointer = String::from_utf8(map.0.lock().unwrap()["jobs/3/ab12/checkpoint"].to_vec()).unwrap();
    let elsewhere = pointer.replace("out.enc.0a1b2c3d.checkpoint", "out.enc./../../x.checkpoint");
    map.0.lock().unwrap().insert("jobs/3/ab12/checkpoint".into(), Bytes::from(elsewhere));
    assert!(blobs.obtain_state(&job, &place.jobs().join("other")).is_err());

    let out = before.join("out.enc");
    fs::write(&out, vec![9; 9 << 20]).unwrap();
    blobs.keep_result(&job, &out).unwrap();
    blobs.keep_stop(&job, b"{}").unwrap();
    assert_eq!(blobs.stop(&job).unwrap().as_deref(), Some(&b"{}"[..]));
    blobs.keep_result_alone(&job).unwrap();
    assert_eq!(blobs.stop(&job).unwrap(), None);
    let digest = crate::digest::content_digest(File::open(&out).unwrap()).unwrap();
    let fetched = after.join("out.enc");
    blobs.obtain_result(&job, (9 << 20, &digest), &fetched).unwrap();
    assert_eq!(fs::read(&fetched).unwrap(), fs::read(&out).unwrap());
    fs::remove_file(&fetched).unwrap();
    assert!(blobs.obtain_result(&job, (9 << 20, &chunk_digest(b"other")), &fetched).is_err());
    blobs.remove_stray_jobs(|project, id| (project, id) == (3, "ab12")).unwrap();
    assert_eq!(map.names().len(), 2);
    blobs.remove_stray_jobs(|_, _| false).unwrap();
    assert_eq!(map.names(), Vec::<String>::new());
}

#[test]
fn a_bucket_belongs_to_one_service_and_what_it_does_not_know_goes() {
    let map = Map::default();
    let (one, _, folder) = blobs(&map, None);
    let (other, _, other_folder) = blobs(&map, None);
    let store = Store::open(&folder.path().join("db")).unwrap();
    one.claim(&store, "first").unwrap();
    one.claim(&store, "second").unwrap();
    assert_eq!(store.bucket().unwrap().as_deref(), Some("first"));
    let stranger = Store::open(&other_folder.path().join("db")).unwrap();
    assert!(other.claim(&stranger, "third").is_err());
    // the service without its bucket, and with another one once it has files
    let plain = Blobs { files: Files::new(&Place::open(folder.path()).unwrap()), bucket: None };
    assert!(plain.claim(&store, "fourth").is_err());
    plain.claim(&stranger, "fifth").unwrap();
    store.add_account(("ann", None), Credential::Token("t"), true, [1 << 40, 4]).unwrap();
    let (blob, chunks, digests) = file(5);
    let file = crate::api::NewFile { name: "a.enc".into(), bytes: blob.bytes, chunks: digests.clone() };
    let new = crate::api::NewUpload { kind: crate::api::UploadKind::Data, files: vec![file] };
    let ann = store.member(&store.who("t").unwrap().unwrap(), "ann").unwrap();
    store.announce(&ann, &new).unwrap();
    assert_eq!(store.chunks(&Blob { project: ann.project, ..blob }).unwrap(), digests);
    let (empty, ..) = blobs(&Map::default(), None);
    assert!(empty.claim(&store, "sixth").is_err());

    one.write(&blob, 0, chunks[0].clone()).unwrap();
    one.remove_strays(|_, _| true).unwrap();
    assert_eq!(map.names(), [chunk_name_of(&blob, 0), "owner".to_owned()]);
    one.remove_strays(|project, name| (project, name) != (1, blob.digest.to_hex().as_str())).unwrap();
    assert_eq!(map.names(), ["owner"]);
}
