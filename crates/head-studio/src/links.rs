//! Who the page's user is: whoever opened the link that was printed on the terminal, once. The link becomes a cookie.
//!
//! Cookies do not tell ports apart, so another program that listens on this machine could be sent ours. It is sent for a path that the studio
//! draws at random alone, and a browser does not ask others for that.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::id::Id;

/// The link and the cookie.
#[derive(Debug)]
pub(crate) struct Links {
    /// The first part of every path.
    place: Id,
    cookie: Id,
    token: Mutex<Id>,
    /// `127.0.0.1:PORT`, and the same by its other name.
    hosts: [String; 2],
}

/// The name of the cookie.
const COOKIE: &str = "train-head-studio";

impl Links {
    pub(crate) fn new(port: u16) -> io::Result<Self> {
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        Ok(Self { place: Id::random()?, cookie: Id::random()?, token: Mutex::new(Id::random()?), hosts })
    }

    /// The first part of every path.
    pub(crate) fn base(&self) -> String {
        format!("/{}", self.place)
    }

    /// The link to print.
    pub(crate) fn url(&self) -> String {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        format!("http://{}{}/open/{token}", self.hosts[0], self.base())
    }

    /// Takes a token. The next one takes its place, and is for another browser.
    ///
    /// # Errors
    /// No randomness.
    pub(crate) fn take(&self, token: &str) -> io::Result<bool> {
        let mut known = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let right = known.is(token);
        if right {
            *known = Id::random()?;
        }
        Ok(right)
    }

    /// What sets the cookie.
    pub(crate) fn cookie(&self) -> String {
        format!("{COOKIE}={}; Path={}/; HttpOnly; SameSite=Strict", self.cookie, self.base())
    }

    /// Whether a request's cookies have ours.
    pub(crate) fn knows(&self, cookies: &str) -> bool {
        let ours = |pair: &str| {
            pair.trim().split_once('=').is_some_and(|(name, value)| name == COOKIE && self.cookie.is(value))
        };
        cookies.split(';').any(ours)
    }

    /// Whether a request was meant for this machine by its own name. A page from elsewhere whose name was made to lead here has another one.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known == host)
    }

    /// Whether a request comes from a page of ours.
    pub(crate) fn is_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.is_host(host))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_link_is_good_once_and_the_cookie_is_known() {
        let links = Links::new(7844).unwrap();
        let url = links.url();
        let token = url.rsplit_once('/').unwrap().1;
        assert!(!links.take("").unwrap() && !links.take(&"0".repeat(32)).unwrap());
        assert!(links.take(token).unwrap() && !links.take(token).unwrap());
        assert_ne!(links.url(), url);
        let cookie = links.cookie();
        let pair = cookie.split(';').next().unwrap();
        assert!(
            links.knows(&format!("a=b; {pair}")) && !links.knows("train-head-studio=") && !links.knows("")
        );
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    }

    #[test]
    fn other_names_are_refused() {
        let links = Links::new(7844).unwrap();
        assert!(links.is_host("127.0.0.1:7844") && links.is_origin("http://localhost:7844"));
        for host in ["evil.example:7844", "127.0.0.1", "127.0.0.1:7845", "127.0.0.1:7844.evil.example", ""] {
            assert!(!links.is_host(host) && !links.is_origin(&format!("http://{host}")), "{host}");
        }
        assert!(!links.is_origin("null") && !links.is_origin("https://127.0.0.1:7844"));
    }
}
