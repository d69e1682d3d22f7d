//! Single sign-on: bearer tokens of an OpenID Connect issuer (signed JWTs, RFC 7519) in place of tokens of our own. An account has them by its
//! subject, which the operator notes; nobody gets an account by a token alone.
//!
//! - this file: what a token must say;
//! - [`keys`]: the issuer's keys, from a file or from the issuer, reread as they change;
//! - [`fetch`]: requests to the issuer;
//! - [`signatures`]: the three kinds of signatures, by the library that TLS uses.

mod fetch;
mod keys;
mod signatures;

use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::options::Oidc;
use keys::Keys;

/// Longest token that is looked at.
pub(crate) const LONGEST: usize = 8 << 10;
/// Seconds that clocks may differ by.
const LEEWAY: u64 = 30;
/// Longest subject (OpenID Connect Core, section 2).
const LONGEST_SUBJECT: usize = 255;

/// Verifies tokens of an issuer.
#[derive(Debug)]
pub(crate) struct Verifier {
    settings: Oidc,
    keys: Keys,
}

impl Verifier {
    /// Reads the issuer's keys.
    ///
    /// # Errors
    /// A file of keys that cannot be used, or an issuer that is no address. One that cannot be reached is asked again later.
    pub(crate) fn open(settings: &Oidc) -> Result<Self, String> {
        signatures::install();
        Ok(Self { keys: Keys::open(settings)?, settings: settings.clone() })
    }

    /// The subject of a token that is valid now. May wait for the issuer.
    ///
    /// # Errors
    /// Why it is not valid, for the log; nothing of the token stands in it.
    pub(crate) fn subject(&self, token: &str) -> Result<String, String> {
        let words = |error: jsonwebtoken::errors::Error| error.to_string();
        if token.len() > LONGEST {
            return Err("it is too long".to_owned());
        }
        let header = decode_header(token).map_err(words)?;
        let kid = header.kid.ok_or("it names no key")?;
        // the key says which algorithm it is for: what the token says must be the same, and chooses nothing
        let key = self.keys.find(&kid).ok_or("its key is not known")?;
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let claims: Map<String, Value> = decode(token, &key.key, &validation).map_err(words)?.claims;
        let subject = claims.get(&self.settings.claim).and_then(Value::as_str);
        let subject = subject.filter(|subject| (1..=LONGEST_SUBJECT).contains(&subject.len()));
        subject.map(str::to_owned).ok_or_else(|| format!("its claim {} is no subject", self.settings.claim))
    }
}

#[cfg(test)]
mod tests;
