//! What the user chose, and bounds on what the page may ask for.

use std::path::PathBuf;
use std::time::Duration;

/// What the user chose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of everything.
    pub folder: PathBuf,
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds on what the page may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a table.
    pub table_bytes: u64,
    /// Bytes of other requests.
    pub body_bytes: usize,
    /// Connections at a time.
    pub connections: usize,
    /// Tables that are looked at at a time.
    pub looks: usize,
    /// How long the head of a request may take, and each part of a body.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            table_bytes: 4 << 30,
            body_bytes: 1 << 20,
            connections: 64,
            looks: 2,
            patience: Duration::from_secs(20),
        }
    }
}
