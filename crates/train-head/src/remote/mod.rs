//! A compute party that is a service: the data party's side.
//!
//! - [`book`]: the servers that this user knows;
//! - [`token`]: tokens, and commands that print them;
//! - [`pin`]: connections to a certificate that was pinned;
//! - [`client`]: requests, tried again while a server cannot be reached;
//! - [`push`]: uploads in chunks;
//! - [`follow`]: waiting for a job, and fetching what came of it;
//! - [`validation`]: the validation of a training that goes on.

mod book;
mod client;
mod follow;
mod pin;
mod push;
mod token;
mod validation;

pub(crate) use book::{Book, ClientCertificate, Kept, Remote, expect_url};
pub(crate) use client::Client;
pub(crate) use follow::{failure, fetch, wait, wait_with};
pub(crate) use pin::shown_certificate;
pub(crate) use push::{push, push_messages};
pub(crate) use token::{Token, expect_token};
pub(crate) use validation::Talk;
