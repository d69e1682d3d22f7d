//! Accounts, uploads and jobs in SQLite: one file, written ahead (WAL), synced at each commit.
//!
//! - this file: the database;
//! - [`accounts`]: accounts, tokens, projects;
//! - [`uploads`]: files and their chunks;
//! - [`jobs`]: the queue;
//! - [`sessions`]: files that the data parties of a joint training pass on to each other.

mod accounts;
mod jobs;
mod retention;
mod sessions;
mod uploads;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fhe_head::files::{Digest, Tag};
use rusqlite::{Connection, OptionalExtension};

use crate::problem::Answer;

pub(crate) use accounts::{Credential, Member, Who};
pub(crate) use jobs::{Queued, StoredJob};
pub(crate) use uploads::Blob;

/// Version of the tables.
const VERSION: i32 = 4;
/// The first with subjects of accounts.
const WITH_SUBJECTS: i32 = 3;

/// The database.
#[derive(Debug)]
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    /// Opens the database in a file, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let words = |error: rusqlite::Error| error.to_string();
        let connection = Connection::open(path).map_err(words)?;
        // a command of the operator may write at the same time
        connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(words)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(words)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(words)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(words)?;
        let version: i32 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(words)?;
        if version > VERSION {
            return Err(format!(
                "it was made by a later version (tables {version}, this program reads {VERSION})"
            ));
        }
        connection.execute_batch(include_str!("schema.sql")).map_err(words)?;
        // a new database has version 0, and the column
        if (1..WITH_SUBJECTS).contains(&version) {
            connection.execute_batch("ALTER TABLE accounts ADD COLUMN subject TEXT").map_err(words)?;
        }
        connection
            .execute_batch("CREATE UNIQUE INDEX IF NOT EXISTS accounts_by_subject ON accounts (subject)")
            .map_err(words)?;
        connection.pragma_update(None, "user_version", VERSION).map_err(words)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// The connection. What a panicking thread began was rolled back when its transaction was dropped.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the database answers.
    pub(crate) fn expect_health(&self) -> Answer<()> {
        Ok(self.lock().query_row("SELECT 1", [], |_| Ok(()))?)
    }

    /// Number and digest of the last entry of the audit log.
    pub(crate) fn audit_end(&self) -> Answer<Option<(u64, Digest)>> {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)? as u64, digest(row.get(1)?)));
        Ok(self.lock().query_row("SELECT number, digest FROM audit_end", [], row).optional()?)
    }

    /// Leaves word of what a command of the operator does, before it is done.
    pub(crate) fn leave_word(&self, action: &str, object: &str) -> Answer<()> {
        self.lock().execute("INSERT INTO unnoted (action, object) VALUES (?1, ?2)", [action, object])?;
        Ok(())
    }

    /// The id of the bucket that has the files.
    pub(crate) fn bucket(&self) -> Answer<Option<String>> {
        Ok(self.lock().query_row("SELECT id FROM bucket", [], |row| row.get(0)).optional()?)
    }

    /// Notes that a bucket of this id has the files.
    pub(crate) fn set_bucket(&self, id: &str) -> Answer<()> {
        self.lock().execute("INSERT INTO bucket VALUES (1, ?1) ON CONFLICT DO NOTHING", [id])?;
        Ok(())
    }

    /// What commands of the operator left word of: number, action, object.
    pub(crate) fn words_left(&self) -> Answer<Vec<(i64, String, String)>> {
        let connection = self.lock();
        let mut query =
            connection.prepare_cached("SELECT number, action, object FROM unnoted ORDER BY number")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets one, which stands in the audit log.
    pub(crate) fn forget_word(&self, number: i64) -> Answer<()> {
        self.lock().execute("DELETE FROM unnoted WHERE number = ?1", [number])?;
        Ok(())
    }

    /// Remembers them.
    pub(crate) fn set_audit_end(&self, number: u64, digest: &Digest) -> Answer<()> {
        self.lock().execute(
            "INSERT INTO audit_end VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET number = ?1, digest = ?2",
            (number as i64, &digest.0[..]),
        )?;
        Ok(())
    }
}

/// A digest from a column.
fn digest(bytes: [u8; 32]) -> Digest {
    Tag(bytes)
}

/// A value of an enum as its word in JSON.
fn word(value: impl serde::Serialize) -> Answer<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

/// A value of an enum from its word.
fn of_word<T: serde::de::DeserializeOwned>(word: String) -> rusqlite::Result<T> {
    let failed =
        |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    serde_json::from_value(serde_json::Value::String(word)).map_err(failed)
}

/// A value from JSON in a column.
fn of_json<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    let failed =
        |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    serde_json::from_str(text).map_err(failed)
}

#[cfg(test)]
mod tests;
