//! Uploads, the files that they consist of, and the chunks of files that have arrived.

use std::collections::HashSet;

use fhe_head::files::Digest;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Member, Store, digest, of_word, word};
use crate::api::{CHUNK_BYTES, MissingChunks, NewUpload, Upload, UploadKind, UploadState};
use crate::digest::{file_digest, upload_id};
use crate::log;
use crate::problem::{Answer, Problem};

/// A file of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) project: i64,
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
    /// Whether all of it is there and was checked.
    pub(crate) whole: bool,
}

/// A file of an upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadedFile {
    pub(crate) name: String,
    pub(crate) blob: Blob,
}

/// A chunk that was announced.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) blob: Blob,
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
    pub(crate) kind: UploadKind,
    /// Whether it has arrived.
    pub(crate) arrived: bool,
}

/// Number of chunks of a file.
fn count(bytes: u64) -> u64 {
    bytes.div_ceil(CHUNK_BYTES)
}

impl Store {
    /// Announces an upload, or finds the one that was announced before.
    pub(crate) fn announce(&self, member: &Member, new: &NewUpload) -> Answer<(Upload, bool)> {
        let id = upload_id(new);
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let is_new = upload(&work, member.project, &id)?.is_none();
        if is_new {
            work.execute(
                "INSERT INTO uploads VALUES (?1, ?2, ?3, ?4, ?5)",
                params![member.project, id, word(new.kind)?, word(UploadState::Arriving)?, log::millis()],
            )?;
            for file in &new.files {
                let name = file_digest(file.bytes, &file.chunks);
                let chunks: Vec<u8> = file.chunks.iter().flat_map(|chunk| chunk.0).collect();
                work.execute(
                    "INSERT INTO blobs VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT DO NOTHING",
                    params![member.project, &name.0[..], file.bytes as i64, chunks],
                )?;
                work.execute(
                    "INSERT INTO files VALUES (?1, ?2, ?3, ?4)",
                    params![member.project, id, file.name, &name.0[..]],
                )?;
            }
            let (used, most): (i64, i64) = work.query_row(
                "SELECT (SELECT sum(bytes) FROM blobs WHERE project = ?1), most_bytes FROM projects WHERE id = ?1",
                [member.project],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if used > most {
                let title = format!("the project's files may take {most} bytes; with these they take {used}");
                return Err(
                    Problem::too_large(title).help("remove what is not needed (`train-head remote rm`)")
                );
            }
        }
        if !is_new {
            // wanted again: it is kept as if it were new
            work.execute(
                "UPDATE uploads SET created = ?3 WHERE project = ?1 AND id = ?2",
                params![member.project, id, log::millis()],
            )?;
        }
        let found = upload(&work, member.project, &id)?.ok_or_else(|| Problem::absent("upload"))?;
        let found = Upload { missing: missing(&work, member.project, &id)?, ..found };
        work.commit()?;
        Ok((found, is_new))
    }

    /// An upload, with what it lacks.
    pub(crate) fn upload(&self, member: &Member, id: &str) -> Answer<Upload> {
        let connection = self.lock();
        let found = upload(&connection, member.project, id)?.ok_or_else(|| Problem::absent("upload"))?;
        Ok(Upload { missing: missing(&connection, member.project, id)?, ..found })
    }

    /// The uploads of a project, the latest first.
    pub(crate) fn uploads(&self, member: &Member) -> Answer<Vec<Upload>> {
        let connection = self.lock();
        let sql = format!("{UPLOAD} WHERE uploads.project = ?1 ORDER BY created DESC LIMIT 1000");
        let mut query = connection.prepare_cached(&sql)?;
        let rows = query.query_map([member.project], of_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The files of an upload.
    pub(crate) fn files(&self, project: i64, id: &str) -> Answer<Vec<UploadedFile>> {
        Ok(files(&self.lock(), project, id)?)
    }

    /// What was announced of a chunk.
    pub(crate) fn expected(&self, member: &Member, id: &str, file: &str, number: u64) -> Answer<Expected> {
        let connection = self.lock();
        let at = i64::try_from(number).map_err(|_| Problem::absent("chunk"))?;
        let mut query = connection.prepare_cached(
            "SELECT blobs.digest, bytes, whole, substr(chunks, 32 * ?4 + 1, 32), kind,
               EXISTS (SELECT 1 FROM arrived WHERE arrived.project = ?1 AND arrived.digest = blobs.digest AND number = ?4)
             FROM uploads
             JOIN files ON files.project = uploads.project AND files.upload = uploads.id
             JOIN blobs ON blobs.project = files.project AND blobs.digest = files.digest
             WHERE uploads.project = ?1 AND uploads.id = ?2 AND files.name = ?3",
        )?;
        let row = query
            .query_row(params![member.project, id, file, at.min(i64::MAX >> 8)], |row| {
                let bytes = row.get::<_, i64>(1)? as u64;
                let blob =
                    Blob { project: member.project, digest: digest(row.get(0)?), bytes, whole: row.get(2)? };
                let chunk: Vec<u8> = row.get(3)?;
                let kind: UploadKind = of_word(row.get(4)?)?;
                Ok((blob, chunk, kind, row.get::<_, bool>(5)?))
            })
            .optional()?;
        let (blob, chunk, kind, arrived) = row.ok_or_else(|| Problem::absent("file of an upload"))?;
        let chunk: [u8; 32] = chunk.try_into().map_err(|_| Problem::absent("chunk"))?;
        let bytes = CHUNK_BYTES.min(blob.bytes.saturating_sub(number.saturating_mul(CHUNK_BYTES)));
        let arrived = arrived || blob.whole;
        Ok(Expected { blob, digest: digest(chunk), bytes, kind, arrived })
    }

    /// Notes that a chunk lies on the disk.
    pub(crate) fn arrived(&self, blob: &Blob, number: u64) -> Answer<()> {
        let changed = self.lock().execute(
            "INSERT INTO arrived SELECT project, digest, ?3 FROM blobs WHERE project = ?1 AND digest = ?2 ON CONFLICT DO NOTHING",
            params![blob.project, &blob.digest.0[..], number as i64],
        )?;
        // none if it had arrived, or if the upload was removed meanwhile
        let _ = changed;
        Ok(())
    }

    /// Notes that a file is whole and checked.
    pub(crate) fn set_whole(&self, blob: &Blob) -> Answer<()> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let name = params![blob.project, &blob.digest.0[..]];
        work.execute("UPDATE blobs SET whole = 1 WHERE project = ?1 AND digest = ?2", name)?;
        work.execute("DELETE FROM arrived WHERE project = ?1 AND digest = ?2", name)?;
        Ok(work.commit()?)
    }

    /// Notes that an upload may be used.
    pub(crate) fn set_ready(&self, member: &Member, id: &str) -> Answer<()> {
        self.lock().execute(
            "UPDATE uploads SET state = ?3 WHERE project = ?1 AND id = ?2",
            params![member.project, id, word(UploadState::Ready)?],
        )?;
        Ok(())
    }

    /// Removes an upload that no job needs any more. Returns the files that belong to no other.
    pub(crate) fn remove_upload(&self, member: &Member, id: &str) -> Answer<Vec<Blob>> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let blobs = remove(&work, member.project, id)?;
        work.commit()?;
        Ok(blobs)
    }

    /// Removes uploads that were announced before a time and never arrived whole. Returns files that belong to no other.
    pub(crate) fn remove_abandoned(&self, before: i64) -> Answer<Vec<Blob>> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let mut blobs = Vec::new();
        let old: Vec<(i64, String)> = {
            let mut query =
                work.prepare("SELECT project, id FROM uploads WHERE state = ?1 AND created < ?2")?;
            let rows = query.query_map(params![word(UploadState::Arriving)?, before], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        for (project, id) in old {
            blobs.extend(remove(&work, project, &id)?);
        }
        work.commit()?;
        Ok(blobs)
    }

    /// The digests of a file's chunks.
    pub(crate) fn chunks(&self, blob: &Blob) -> Answer<Vec<Digest>> {
        let chunks: Vec<u8> = self.lock().query_row(
            "SELECT chunks FROM blobs WHERE project = ?1 AND digest = ?2",
            params![blob.project, &blob.digest.0[..]],
            |row| row.get(0),
        )?;
        Ok(chunks.as_chunks().0.iter().copied().map(digest).collect())
    }

    /// Project and digest, in hexadecimal digits, of all files.
    pub(crate) fn blob_names(&self) -> Answer<HashSet<(i64, String)>> {
        let connection = self.lock();
        let mut query = connection.prepare("SELECT project, digest FROM blobs")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, digest(row.get(1)?).to_hex())))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Bytes of all files.
    pub(crate) fn stored_bytes(&self) -> Answer<u64> {
        let bytes: i64 =
            self.lock().query_row("SELECT coalesce(sum(bytes), 0) FROM blobs", [], |row| row.get(0))?;
        Ok(bytes as u64)
    }
}

const UPLOAD: &str = "SELECT id, kind, state, created,
   (SELECT coalesce(sum(bytes), 0) FROM files JOIN blobs ON blobs.project = files.project AND blobs.digest = files.digest
    WHERE files.project = uploads.project AND files.upload = uploads.id) FROM uploads";

fn of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        kind: of_word(row.get(1)?)?,
        state: of_word(row.get(2)?)?,
        bytes: row.get::<_, i64>(4)? as u64,
        created: log::time(row.get(3)?),
        missing: Vec::new(),
    })
}

fn upload(connection: &Connection, project: i64, id: &str) -> rusqlite::Result<Option<Upload>> {
    let sql = format!("{UPLOAD} WHERE uploads.project = ?1 AND id = ?2");
    connection.prepare_cached(&sql)?.query_row(params![project, id], of_row).optional()
}

fn files(connection: &Connection, project: i64, id: &str) -> rusqlite::Result<Vec<UploadedFile>> {
    let mut query = connection.prepare_cached(
        "SELECT name, blobs.digest, bytes, whole FROM files
         JOIN blobs ON blobs.project = files.project AND blobs.digest = files.digest
         WHERE files.project = ?1 AND upload = ?2 ORDER BY name",
    )?;
    let rows = query.query_map(params![project, id], |row| {
        let (bytes, whole) = (row.get::<_, i64>(2)? as u64, row.get(3)?);
        Ok(UploadedFile {
            name: row.get(0)?,
            blob: Blob { project, digest: digest(row.get(1)?), bytes, whole },
        })
    })?;
    rows.collect()
}

/// What the files of an upload lack.
fn missing(connection: &Connection, project: i64, id: &str) -> rusqlite::Result<Vec<MissingChunks>> {
    let mut query = connection
        .prepare_cached("SELECT number FROM arrived WHERE project = ?1 AND digest = ?2 ORDER BY number")?;
    let mut all = Vec::new();
    for UploadedFile { name, blob } in files(connection, project, id)? {
        if blob.whole {
            continue;
        }
        let rows = query.query_map(params![project, &blob.digest.0[..]], |row| row.get::<_, i64>(0))?;
        let there: HashSet<u64> =
            rows.map(|row| row.map(|number| number as u64)).collect::<Result<_, _>>()?;
        let chunks: Vec<u64> = (0..count(blob.bytes)).filter(|number| !there.contains(number)).collect();
        if !chunks.is_empty() {
            all.push(MissingChunks { file: name, chunks });
        }
    }
    Ok(all)
}

/// Removes an upload that no job needs any more. Gives the files that belong to no other.
pub(super) fn remove(work: &Transaction<'_>, project: i64, id: &str) -> Answer<Vec<Blob>> {
    let used: bool = work.query_row(
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE project = ?1 AND state IN ('queued', 'running')
           AND (asked ->> 'keys' = ?2 OR asked ->> 'data' = ?2 OR asked ->> 'validation' = ?2))",
        params![project, id],
        |row| row.get(0),
    )?;
    if used {
        return Err(
            Problem::conflict("a job that has not ended needs this upload").help("cancel the job first")
        );
    }
    let files = files(work, project, id)?;
    if work.execute("DELETE FROM uploads WHERE project = ?1 AND id = ?2", params![project, id])? == 0 {
        return Err(Problem::absent("upload"));
    }
    let mut gone = Vec::new();
    for UploadedFile { blob, .. } in files {
        if remove_unused(work, &blob)? {
            gone.push(blob);
        }
    }
    Ok(gone)
}

/// Removes the row of a file that belongs to nothing any more. Returns whether it did.
pub(super) fn remove_unused(work: &Transaction<'_>, blob: &Blob) -> Answer<bool> {
    let removed = work.execute(
        "DELETE FROM blobs WHERE project = ?1 AND digest = ?2
           AND NOT EXISTS (SELECT 1 FROM files WHERE project = ?1 AND digest = ?2)
           AND NOT EXISTS (SELECT 1 FROM messages WHERE project = ?1 AND digest = ?2)",
        params![blob.project, &blob.digest.0[..]],
    )?;
    Ok(removed > 0)
}
