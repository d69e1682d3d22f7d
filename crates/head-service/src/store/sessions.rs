//! Sessions of several data parties: files that one account delivers and the others of the project fetch.

use fhe_head::files::Digest;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::uploads::{Blob, remove_unused};
use super::{Member, Store, digest};
use crate::api::{Message, Session};
use crate::log;
use crate::problem::{Answer, Problem};

/// Most messages of a project's sessions: some hundred for each party.
const MOST_MESSAGES: i64 = 100_000;
/// Who delivers what comes from the service itself.
const SERVER: &str = "server";

/// A message with the number of its project.
const MESSAGE: &str =
    "SELECT session, name, bytes, messages.digest, account, time, messages.project FROM messages
   JOIN blobs ON blobs.project = messages.project AND blobs.digest = messages.digest";

impl Store {
    /// Delivers the files of an upload to a session, all or none, and uses the upload up. What is there already, from whomever, must be the same.
    /// The first who delivers something of a party delivers all of it.
    pub(crate) fn deliver(&self, member: &Member, session: &str, from: &str, upload: &str) -> Answer<()> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        for (name, digest) in uploaded(&work, member.project, upload)? {
            put(&work, member.project, session, (&name, &digest), from)?;
        }
        work.execute("DELETE FROM uploads WHERE project = ?1 AND id = ?2", params![member.project, upload])?;
        expect_room(&work, member.project)?;
        Ok(work.commit()?)
    }

    /// Delivers a file of the service itself, whose blob lies in its place.
    pub(crate) fn deliver_own(
        &self,
        project: i64,
        session: &str,
        name: &str,
        blob: (&Blob, &[Digest]),
    ) -> Answer<()> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let (blob, chunks) = (blob.0, blob.1.iter().flat_map(|chunk| chunk.0).collect::<Vec<u8>>());
        work.execute(
            "INSERT INTO blobs VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT DO NOTHING",
            params![project, &blob.digest.0[..], blob.bytes as i64, chunks],
        )?;
        put(&work, project, session, (name, &blob.digest), SERVER)?;
        Ok(work.commit()?)
    }

    /// A session of a project.
    pub(crate) fn session(&self, member: &Member, name: &str) -> Answer<Session> {
        let connection = self.lock();
        let sql = format!("{MESSAGE} WHERE messages.project = ?1 AND session = ?2 ORDER BY name");
        let mut query = connection.prepare_cached(&sql)?;
        let rows = query.query_map(params![member.project, name], of_row)?;
        let mut all = gathered(rows.collect::<Result<_, _>>()?);
        all.pop().map(|(_, session)| session).ok_or_else(|| Problem::absent("session"))
    }

    /// The sessions of a project, or of all with the project's number, the latest first.
    pub(crate) fn sessions(&self, member: Option<&Member>) -> Answer<Vec<(i64, Session)>> {
        let connection = self.lock();
        let sql = format!(
            "{MESSAGE} WHERE ?1 IS NULL OR messages.project = ?1 ORDER BY messages.project, session, name"
        );
        let mut query = connection.prepare_cached(&sql)?;
        let rows = query.query_map([member.map(|member| member.project)], of_row)?;
        let mut all = gathered(rows.collect::<Result<_, _>>()?);
        all.sort_by(|(_, a), (_, b)| b.created.cmp(&a.created));
        Ok(all)
    }

    /// The file of a message.
    pub(crate) fn message(&self, member: &Member, session: &str, name: &str) -> Answer<Blob> {
        let sql = format!("{MESSAGE} WHERE messages.project = ?1 AND session = ?2 AND name = ?3");
        let connection = self.lock();
        let found =
            connection.prepare_cached(&sql)?.query_row(params![member.project, session, name], of_row);
        let found = found.optional()?.ok_or_else(|| Problem::absent("message"))?.message;
        Ok(Blob { project: member.project, digest: found.digest, bytes: found.bytes, whole: true })
    }

    /// Removes a session, unless a job that has not ended works on it. Returns the files that belong to nothing else.
    pub(crate) fn remove_session(&self, member: &Member, name: &str) -> Answer<Vec<Blob>> {
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let used: bool = work.query_row(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE project = ?1 AND state IN ('queued', 'running')
               AND asked ->> 'kind' = 'joint' AND asked ->> 'data' = ?2)",
            params![member.project, name],
            |row| row.get(0),
        )?;
        if used {
            let problem = Problem::conflict("a job that has not ended works on this session");
            return Err(problem.help("cancel the job first"));
        }
        let sql = format!("{MESSAGE} WHERE messages.project = ?1 AND session = ?2");
        let all: Vec<Row> = work
            .prepare(&sql)?
            .query_map(params![member.project, name], of_row)?
            .collect::<Result<_, _>>()?;
        if all.is_empty() {
            return Err(Problem::absent("session"));
        }
        work.execute(
            "DELETE FROM messages WHERE project = ?1 AND session = ?2",
            params![member.project, name],
        )?;
        let mut gone = Vec::new();
        for Row { message, .. } in all {
            let blob =
                Blob { project: member.project, digest: message.digest, bytes: message.bytes, whole: true };
            if remove_unused(&work, &blob)? {
                gone.push(blob);
            }
        }
        work.commit()?;
        Ok(gone)
    }
}

/// A message and where it is.
struct Row {
    project: i64,
    session: String,
    message: Message,
    time: i64,
}

fn of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let time = row.get(5)?;
    let message = Message {
        name: row.get(1)?,
        bytes: row.get::<_, i64>(2)? as u64,
        digest: digest(row.get(3)?),
        from: row.get(4)?,
        time: log::time(time),
    };
    Ok(Row { project: row.get(6)?, session: row.get(0)?, message, time })
}

/// Sessions from rows that are in their order.
fn gathered(rows: Vec<Row>) -> Vec<(i64, Session)> {
    let mut all: Vec<(i64, Session)> = Vec::new();
    let mut first = 0;
    for Row { project, session, message, time } in rows {
        if all.last().is_none_or(|(known, last)| (*known, &last.name) != (project, &session)) {
            first = i64::MAX;
            all.push((
                project,
                Session { name: session, created: String::new(), bytes: 0, messages: Vec::new() },
            ));
        }
        let Some((_, last)) = all.last_mut() else { continue };
        if time < first {
            first = time;
            last.created = log::time(time);
        }
        last.bytes += message.bytes;
        last.messages.push(message);
    }
    all
}

/// Names and digests of the files of an upload.
fn uploaded(work: &Connection, project: i64, upload: &str) -> rusqlite::Result<Vec<(String, Digest)>> {
    let mut query =
        work.prepare_cached("SELECT name, digest FROM files WHERE project = ?1 AND upload = ?2")?;
    let rows = query.query_map(params![project, upload], |row| Ok((row.get(0)?, digest(row.get(1)?))))?;
    rows.collect()
}

/// Notes a message.
fn put(
    work: &Transaction<'_>,
    project: i64,
    session: &str,
    (name, digest): (&str, &Digest),
    from: &str,
) -> Answer<()> {
    let there: Option<[u8; 32]> = work
        .query_row(
            "SELECT digest FROM messages WHERE project = ?1 AND session = ?2 AND name = ?3",
            params![project, session, name],
            |row| row.get(0),
        )
        .optional()?;
    match there {
        Some(there) if there == digest.0 => return Ok(()),
        Some(_) => {
            return Err(Problem::conflict(format!("{name}: the session has another file of this name"))
                .help("what was delivered is not changed: all start a new session"));
        }
        None => {}
    }
    if let Some((party, _)) = name.split_once('_').filter(|(party, _)| *party != "checks") {
        let others = format!("{party}_");
        let owner: Option<String> = work
            .query_row(
                "SELECT account FROM messages WHERE project = ?1 AND session = ?2 AND substr(name, 1, ?3) = ?4 LIMIT 1",
                params![project, session, others.len() as i64, others],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(owner) = owner.filter(|owner| owner != from) {
            return Err(Problem::conflict(format!(
                "{name}: the account {owner} delivers what {party} has to say"
            )));
        }
    }
    work.execute(
        "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![project, session, name, &digest.0[..], from, log::millis()],
    )?;
    Ok(())
}

/// Refuses one message too many.
fn expect_room(work: &Connection, project: i64) -> Answer<()> {
    let count: i64 =
        work.query_row("SELECT count(*) FROM messages WHERE project = ?1", [project], |row| row.get(0))?;
    match count <= MOST_MESSAGES {
        true => Ok(()),
        false => {
            Err(Problem::conflict(format!("the sessions of a project have at most {MOST_MESSAGES} messages"))
                .help("remove a session that is over (`train-head remote rm`)"))
        }
    }
}
