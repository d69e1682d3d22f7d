//! The servers that this user knows, with tokens, in a file for the user alone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::token::Token;
use crate::exit::{Failure, Kind, Result};
use crate::files::{Access, read_json, write_json};
use crate::identity::home;

const FORMAT: &str = "train-head remotes 1";
/// The environment variable with a token, for machines where none is kept.
const TOKEN: &str = "TRAIN_HEAD_TOKEN";

/// The servers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Book {
    format: String,
    remotes: BTreeMap<String, Remote>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// Its address, without a path.
    pub(crate) url: String,
    /// SHA-256 of its certificate; `None` if the system's certificates decide.
    pub(crate) fingerprint: Option<String>,
    /// Certificate and key of this client, where the server asks for one: absolute paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<ClientCertificate>,
    /// The account's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// What prints one instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_command: Option<String>,
}

/// What is kept of an account.
pub(crate) enum Kept {
    /// A token.
    Token(String),
    /// A command that prints one.
    Command(String),
}

/// Files in PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClientCertificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Book {
    fn path() -> Result<PathBuf> {
        Ok(home()?.join("remotes.json"))
    }

    /// Reads the file, which need not exist.
    ///
    /// # Errors
    /// It holds something else; there is no folder for it.
    pub(crate) fn read() -> Result<Self> {
        let path = Self::path()?;
        if !path.exists() {
            return Ok(Self { format: FORMAT.into(), remotes: BTreeMap::new() });
        }
        let book: Self = read_json(&path, "a list of servers")?;
        match book.format == FORMAT {
            true => Ok(book),
            false => Err(Failure::file(format!(
                "{}: format {:?}; this program reads {FORMAT:?}",
                path.display(),
                book.format
            ))),
        }
    }

    fn write(&self) -> Result<()> {
        let path = Self::path()?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        }
        write_json(&path, Access::Private, self)
    }

    /// Adds a server.
    ///
    /// # Errors
    /// The name is known, unless it may be replaced; a failed write.
    pub(crate) fn add(&mut self, name: &str, remote: Remote, replace: bool) -> Result<()> {
        if self.remotes.contains_key(name) && !replace {
            return Err(Failure::usage(format!("there is a server {name}"))
                .help("choose another name; --overwrite replaces it"));
        }
        self.remotes.insert(name.to_owned(), remote);
        self.write()
    }

    /// The server of a name or an address; the only one where neither is given. Returns its name, too.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub(crate) fn find(&self, named: Option<&str>) -> Result<(String, Remote)> {
        let found = |(name, remote): (&String, &Remote)| (name.clone(), remote.clone());
        let all = || self.remotes.keys().cloned().collect::<Vec<_>>().join(", ");
        let add = "`train-head remote add NAME URL` remembers a server";
        let Some(named) = named else {
            let mut remotes = self.remotes.iter();
            return match (remotes.next(), remotes.next()) {
                (Some(only), None) => Ok(found(only)),
                (None, _) => Err(Failure::usage("no server is known").help(add)),
                (Some(_), Some(_)) => Err(Failure::usage("several servers are known")
                    .help(format!("name one with --server: {}", all()))),
            };
        };
        let address = named.trim_end_matches('/');
        let one = self.remotes.iter().find(|(name, remote)| *name == named || remote.url == address);
        one.map(found).ok_or_else(|| {
            let failure = Failure::usage(format!("no server {named} is known"));
            if self.remotes.is_empty() {
                failure.help(add)
            } else {
                failure.help(format!("{add}; known are {}", all()))
            }
        })
    }

    /// Names and addresses of all servers.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        self.remotes.iter().map(|(name, remote)| (name.clone(), remote.url.clone())).collect()
    }

    /// Keeps a token, or what prints one.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn keep(&mut self, name: &str, kept: Kept) -> Result<()> {
        if let Some(remote) = self.remotes.get_mut(name) {
            (remote.token, remote.token_command) = match kept {
                Kept::Token(token) => (Some(token), None),
                Kept::Command(command) => (None, Some(command)),
            };
        }
        self.write()
    }
}

impl Remote {
    /// A server without a token.
    pub(crate) fn new(url: String, fingerprint: Option<String>, client: Option<ClientCertificate>) -> Self {
        Self { url, fingerprint, client, token: None, token_command: None }
    }

    /// The token: the environment's, else that of the command or the one that is kept.
    ///
    /// # Errors
    /// There is none; the command fails.
    pub(crate) fn token(&self) -> Result<Token> {
        let given =
            std::env::var(TOKEN).ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        if let (None, Some(command)) = (&given, &self.token_command) {
            return Token::of_command(command);
        }
        given.or_else(|| self.token.clone()).map(Token::fixed).ok_or_else(|| {
            Failure::usage(format!("there is no token for {}", self.url))
                .help(format!("`train-head remote login` keeps one; or set {TOKEN}"))
        })
    }
}

/// An address as it is kept: `https`, a host, perhaps a port, and no more.
///
/// # Errors
/// Anything else.
pub(crate) fn expect_url(text: &str) -> Result<String> {
    let refused = || {
        Failure::usage(format!("{text} is not the address of a server"))
            .help("give it as `serve` prints it: https://cloud.example:7843")
    };
    let url = text.trim_end_matches('/');
    let parsed: ureq::http::Uri = url.parse().map_err(|_| refused())?;
    let plain = parsed.scheme_str() == Some("https") && parsed.path() == "/" && parsed.query().is_none();
    let host = parsed.host().is_some_and(|host| !host.is_empty()) && !url.contains('@');
    if plain && host { Ok(url.to_owned()) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_checked() {
        assert_eq!(expect_url("https://a.example:7843/").unwrap(), "https://a.example:7843");
        assert_eq!(expect_url("https://[::1]:7843").unwrap(), "https://[::1]:7843");
        for wrong in [
            "http://a.example",
            "a.example",
            "https://",
            "https://a/b",
            "https://a?x",
            "https://me@a",
            "https://a b",
        ] {
            assert!(expect_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_are_found_by_name_or_address_or_because_there_is_one() {
        let remote = |url: &str| Remote::new(url.to_owned(), None, None);
        let mut book = Book { format: FORMAT.into(), remotes: BTreeMap::new() };
        assert!(book.find(None).unwrap_err().advice().unwrap().contains("remote add"));
        book.remotes.insert("one".into(), remote("https://one:1"));
        assert_eq!(book.find(None).unwrap().0, "one");
        book.remotes.insert("two".into(), remote("https://two:2"));
        assert!(book.find(None).is_err() && book.find(Some("three")).is_err());
        assert_eq!(book.find(Some("https://two:2/")).unwrap().0, "two");
    }
}
