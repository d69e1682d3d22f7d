//! A page on the data party's own machine: from a table to a head and its report.
//!
//! The studio answers on loopback alone, to the one browser that had its one-time link. The work is done by processes of the command line,
//! which goes on where the studio ends, and continues what was stopped. So the studio knows no encryption and no flags.
//!
//! - [`studio`]: all of it, until it is asked to stop;
//! - [`Commands`]: how the processes are started, which the command line knows.
//!
//! ```text
//! FOLDER/data/ID/        an uploaded table, what was found in it, embeddings of its texts
//! FOLDER/work/ID/        an estimate or a run: what was chosen, what its processes say
//! FOLDER/work/ID/result/ the output folder of a run
//! ```

mod choices;
mod commands;
mod files;
mod http;
mod id;
mod links;
mod listen;
mod options;
mod place;
mod problem;
mod rows;
mod run;
mod said;
mod service;
mod table;
mod work;

pub use commands::{Commands, EncoderChoice, Goal, Samples, ServerChoice, TextsOf};
pub use options::{Limits, Options};
pub use run::{Error, studio};
