//! Names of what the studio made: 32 random hexadecimal digits. What a page sends as a name is one of these or is refused, so no text of a page
//! becomes a part of a path.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// A name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Id(String);

/// Digits of a name.
const DIGITS: usize = 32;

impl Id {
    /// A new one, which nobody can guess.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = [0; DIGITS / 2];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// A name as it is written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == DIGITS && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is this name. The time does not tell how much of it is right.
    pub(crate) fn is(&self, text: &str) -> bool {
        let same = self.0.bytes().zip(text.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b));
        self.0.len() == text.len() && same == 0
    }
}

impl TryFrom<String> for Id {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("this is no name of anything here")
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_digits_and_nothing_else() {
        let (one, two) = (Id::random().unwrap(), Id::random().unwrap());
        assert_ne!(one, two);
        assert!(one.is(one.as_str()) && !one.is(two.as_str()) && !one.is(""));
        assert_eq!(Id::parse(one.as_str()), Some(one));
        for text in ["", "..", "../../../../../../etc/passwd00000", "0123456789ABCDEF0123456789ABCDEF"] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
        assert!(serde_json::from_str::<Id>("\"../x\"").is_err());
    }
}
