//! The token of an account. One that a command prints, such as a short-lived one of single sign-on, is asked for again when the server takes it no
//! more: a training lasts longer.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::exit::{Failure, Result};

/// Longest token.
const LONGEST: usize = 8 << 10;

/// A token, and what prints the next.
#[derive(Clone)]
pub(crate) struct Token {
    now: Arc<Mutex<String>>,
    command: Option<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// A token that stays.
    pub(crate) fn fixed(token: String) -> Self {
        Self { now: Arc::new(Mutex::new(token)), command: None }
    }

    /// The token that a command prints.
    ///
    /// # Errors
    /// The command fails, or prints none.
    pub(crate) fn of_command(command: &str) -> Result<Self> {
        let now = Arc::new(Mutex::new(printed(command)?));
        Ok(Self { now, command: Some(command.to_owned()) })
    }

    /// The token.
    pub(crate) fn now(&self) -> String {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another one in place of `refused`; `false` if there is none. Requests that were refused together ask once.
    ///
    /// # Errors
    /// The command fails, or prints none.
    pub(crate) fn renew(&self, refused: &str) -> Result<bool> {
        let Some(command) = &self.command else { return Ok(false) };
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == refused {
            *now = printed(command)?;
        }
        Ok(*now != refused)
    }
}

/// The first line that a command prints.
fn printed(command: &str) -> Result<String> {
    let failed = |what: String| {
        Failure::usage(format!("--token-command: {what}"))
            .help("`train-head remote login --token-command` sets another")
    };
    let output = Command::new("sh").args(["-c", command]).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| failed("cannot start a shell".into()).because(error))?;
    if !output.status.success() {
        return Err(failed(format!("the command failed ({})", output.status)));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let token = said.lines().next().unwrap_or_default().trim();
    // what it printed instead may be a secret as well
    expect_token(token).map_err(|()| failed("the command printed no token".into()))?;
    Ok(token.to_owned())
}

/// Refuses what no header can carry.
pub(crate) fn expect_token(token: &str) -> Result<(), ()> {
    let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && (1..=LONGEST).contains(&token.len()) { Ok(()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_command_is_asked_again_when_its_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let command = format!("echo x >> {0}; wc -l < {0} | tr -d ' '", count.display());
        let token = Token::of_command(&command).unwrap();
        assert_eq!(token.now(), "1");
        assert!(token.renew("1").unwrap());
        // two that were refused together ask once
        assert!(token.renew("1").unwrap());
        assert_eq!(token.now(), "2");
        assert!(!Token::fixed("th_x".into()).renew("th_x").unwrap());
        // the same token again is none
        assert!(!Token::of_command("echo same").unwrap().renew("same").unwrap());
    }

    #[test]
    fn a_command_that_prints_no_token_is_refused_without_its_words() {
        for command in
            ["exit 3", "true", "echo two words", "printf '\\001'", "head -c 9000 /dev/zero | tr '\\0' x"]
        {
            let failure = Token::of_command(command).unwrap_err();
            assert!(!failure.to_string().contains("two words"), "{failure}");
        }
    }
}
