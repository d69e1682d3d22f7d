//! Accounts and their tokens, and the projects that they belong to.

use rusqlite::{OptionalExtension, params};

use super::Store;
use crate::api::{Account, Project};
use crate::digest::token_hash;
use crate::log;
use crate::problem::{Answer, Problem};

/// Whose token came with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) account: i64,
    pub(crate) name: String,
    pub(crate) operator: bool,
}

/// A project, to an account that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) project: i64,
    /// Name of the project.
    pub(crate) name: String,
}

/// By what an account is known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential<'a> {
    /// A token of our own.
    Token(&'a str),
    /// The subject of an issuer's tokens.
    Subject(&'a str),
}

impl Credential<'_> {
    /// Refuses a subject that no token has.
    fn expect_valid(self) -> Answer<()> {
        match self {
            Self::Subject(subject) if !(1..=255).contains(&subject.len()) => {
                Err(Problem::malformed("a subject has 1 to 255 bytes"))
            }
            _ => Ok(()),
        }
    }

    /// Hash of the token, and subject.
    fn columns(&self) -> (Option<[u8; 32]>, Option<&str>) {
        match self {
            Self::Token(token) => (Some(token_hash(token)), None),
            Self::Subject(subject) => (None, Some(subject)),
        }
    }
}

/// A subject that another account has.
fn taken(error: rusqlite::Error) -> Problem {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => {
            Problem::conflict("another account has this subject")
        }
        _ => error.into(),
    }
}

/// Names that may stand in paths and logs as they are.
fn expect_name(name: &str) -> Answer<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        return Ok(());
    }
    Err(Problem::malformed("a name has 1 to 64 of the characters a-z, 0-9 and -"))
}

impl Store {
    /// Adds an account with the token or subject. It belongs to the project, which is made with these bounds where there is none; without one, to a new
    /// project of its name.
    pub(crate) fn add_account(
        &self,
        (name, project): (&str, Option<&str>),
        credential: Credential<'_>,
        operator: bool,
        bounds: [u64; 2],
    ) -> Answer<()> {
        expect_name(name)?;
        project.map_or(Ok(()), expect_name)?;
        credential.expect_valid()?;
        let mut connection = self.lock();
        let work = connection.transaction()?;
        let known: bool =
            work.query_row("SELECT EXISTS (SELECT 1 FROM accounts WHERE name = ?1)", [name], |row| {
                row.get(0)
            })?;
        if known {
            return Err(Problem::conflict(format!("there is an account {name}")));
        }
        let (now, (hash, subject)) = (log::millis(), credential.columns());
        let hash = hash.as_ref().map(|hash| &hash[..]);
        work.execute(
            "INSERT INTO accounts (name, token, operator, created, subject) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![name, hash, operator, now, subject],
        )
        .map_err(taken)?;
        let account = work.last_insert_rowid();
        let named: Option<i64> = work
            .query_row("SELECT id FROM projects WHERE name = ?1", [project.unwrap_or(name)], |row| row.get(0))
            .optional()?;
        // nobody gets into another's project by a name alone
        if named.is_some() && project.is_none() {
            return Err(Problem::conflict(format!("there is a project {name}"))
                .help("--project names the project of the account"));
        }
        let [bytes, jobs] = bounds.map(|bound| i64::try_from(bound).unwrap_or(i64::MAX));
        let project = match named {
            Some(project) => project,
            None => {
                work.execute(
                    "INSERT INTO projects (name, most_bytes, most_jobs, created) VALUES (?1, ?2, ?3, ?4)",
                    params![project.unwrap_or(name), bytes, jobs, now],
                )?;
                work.last_insert_rowid()
            }
        };
        work.execute("INSERT INTO members VALUES (?1, ?2)", [project, account])?;
        Ok(work.commit()?)
    }

    /// Name of a project.
    pub(crate) fn project_name(&self, project: i64) -> Answer<String> {
        Ok(self.lock().query_row("SELECT name FROM projects WHERE id = ?1", [project], |row| row.get(0))?)
    }

    /// Gives an account another token or subject in place of the one that it has; with `None` takes both.
    pub(crate) fn set_credential(&self, name: &str, credential: Option<Credential<'_>>) -> Answer<()> {
        credential.map_or(Ok(()), Credential::expect_valid)?;
        let (hash, subject) = credential.as_ref().map_or((None, None), Credential::columns);
        let change = match credential {
            Some(Credential::Token(_)) => "UPDATE accounts SET token = ?2 WHERE name = ?1 AND ?3 IS NULL",
            Some(Credential::Subject(_)) => "UPDATE accounts SET subject = ?3 WHERE name = ?1 AND ?2 IS NULL",
            None => "UPDATE accounts SET token = ?2, subject = ?3 WHERE name = ?1",
        };
        let hash = hash.as_ref().map(|hash| &hash[..]);
        match self.lock().execute(change, params![name, hash, subject]).map_err(taken)? {
            0 => Err(Problem::absent("account")),
            _ => Ok(()),
        }
    }

    /// Whether there is any account.
    pub(crate) fn has_accounts(&self) -> Answer<bool> {
        Ok(self.lock().query_row("SELECT EXISTS (SELECT 1 FROM accounts)", [], |row| row.get(0))?)
    }

    /// Names of all accounts, and whether each has a token or a subject.
    pub(crate) fn accounts(&self) -> Answer<Vec<(String, bool)>> {
        let connection = self.lock();
        let mut query = connection
            .prepare("SELECT name, token IS NOT NULL OR subject IS NOT NULL FROM accounts ORDER BY id")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whose token this is.
    pub(crate) fn who(&self, token: &str) -> Answer<Option<Who>> {
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Who { account: row.get(0)?, name: row.get(1)?, operator: row.get(2)? })
        };
        let connection = self.lock();
        let mut query =
            connection.prepare_cached("SELECT id, name, operator FROM accounts WHERE token = ?1")?;
        Ok(query.query_row([&token_hash(token)[..]], row).optional()?)
    }

    /// Whose subject this is.
    pub(crate) fn of_subject(&self, subject: &str) -> Answer<Option<Who>> {
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Who { account: row.get(0)?, name: row.get(1)?, operator: row.get(2)? })
        };
        let connection = self.lock();
        let mut query =
            connection.prepare_cached("SELECT id, name, operator FROM accounts WHERE subject = ?1")?;
        Ok(query.query_row([subject], row).optional()?)
    }

    /// The project of this name, if the account belongs to it.
    pub(crate) fn member(&self, who: &Who, project: &str) -> Answer<Member> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT projects.id FROM projects JOIN members ON members.project = projects.id
             WHERE projects.name = ?1 AND members.account = ?2",
        )?;
        let id = query.query_row(params![project, who.account], |row| row.get(0)).optional()?;
        let id = id.ok_or_else(|| Problem::absent("project"))?;
        Ok(Member { project: id, name: project.to_owned() })
    }

    /// An account with its projects.
    pub(crate) fn account(&self, who: &Who) -> Answer<Account> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT name, (SELECT coalesce(sum(bytes), 0) FROM blobs WHERE project = projects.id), most_bytes,
               (SELECT count(*) FROM jobs WHERE project = projects.id AND state IN ('queued', 'running')), most_jobs
             FROM projects JOIN members ON members.project = projects.id WHERE members.account = ?1 ORDER BY projects.id",
        )?;
        let number =
            |row: &rusqlite::Row<'_>, at: usize| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(at)? as u64);
        let rows = query.query_map([who.account], |row| {
            Ok(Project {
                name: row.get(0)?,
                bytes: number(row, 1)?,
                most_bytes: number(row, 2)?,
                jobs: number(row, 3)?,
                most_jobs: number(row, 4)?,
            })
        })?;
        let projects = rows.collect::<Result<_, _>>()?;
        Ok(Account { name: who.name.clone(), operator: who.operator, projects })
    }
}
