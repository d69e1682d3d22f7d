//! Joint trainings: several data parties and a compute party around a shared folder. And sums by consent, before a training.
//!
//! - [`session`]: what all agreed on, and who takes part;
//! - [`subject`]: what a session is for;
//! - [`place`]: where everything lies in the shared folder;
//! - [`board`]: where a server passes it on instead;
//! - [`needs`]: what each step fetches from there;
//! - [`site`]: the one or the other;
//! - [`message`]: small signed messages;
//! - [`sealed`]: messages that only their receivers can read;
//! - [`party`]: what a data party keeps to itself;
//! - [`shares`]: files of shares of keys;
//! - [`keys`]: making keys, step by step;
//! - [`deals`]: shares of shares, where a threshold of the parties decrypts;
//! - [`data`]: a party's own samples;
//! - [`training`]: keys and data of all to an encrypted head;
//! - [`sums`]: sums of the samples of all, and the feature map that is made of them;
//! - [`checks`]: who has computed the training again;
//! - [`set`]: which parties decrypt;
//! - [`release`]: what is decrypted, by whose signatures, and the shares of that;
//! - [`describe`]: a session in words;
//! - [`describe_sums`]: the same of a session of sums;
//! - [`page`]: what a party has of it, for a reader;
//! - [`wait`]: going on when others have.

pub(crate) mod board;
pub(crate) mod checks;
pub(crate) mod data;
pub(crate) mod deals;
pub(crate) mod describe;
pub(crate) mod describe_sums;
pub(crate) mod keys;
pub(crate) mod message;
pub(crate) mod needs;
pub(crate) mod page;
pub(crate) mod party;
pub(crate) mod place;
pub(crate) mod release;
pub(crate) mod sealed;
pub(crate) mod session;
pub(crate) mod set;
pub(crate) mod shares;
pub(crate) mod site;
pub(crate) mod subject;
pub(crate) mod sums;
pub(crate) mod training;
pub(crate) mod wait;

pub(crate) use session::{AnySession, Session};
