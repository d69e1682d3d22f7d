//! Joint trainings: several data parties and a compute party around a shared folder.
//!
//! - [`session`]: what all agreed on, and who takes part;
//! - [`place`]: where everything lies in the shared folder;
//! - [`message`]: small signed messages;
//! - [`party`]: what a data party keeps to itself;
//! - [`shares`]: files of shares of keys;
//! - [`keys`]: making keys, step by step;
//! - [`data`]: a party's own samples;
//! - [`training`]: keys and data of all to an encrypted head;
//! - [`release`]: what is decrypted, by whose signatures, and the shares of that;
//! - [`page`]: what a party has of it, for a reader;
//! - [`wait`]: going on when others have.

pub(crate) mod data;
pub(crate) mod keys;
pub(crate) mod message;
pub(crate) mod page;
pub(crate) mod party;
pub(crate) mod place;
pub(crate) mod release;
pub(crate) mod session;
pub(crate) mod shares;
pub(crate) mod training;
pub(crate) mod wait;

pub(crate) use session::Session;
