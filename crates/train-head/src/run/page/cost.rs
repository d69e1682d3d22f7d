//! Time and memory.

use pages::{Block, Section, Table};

use crate::progress::{bytes, seconds};
use crate::run::report::Report;
use crate::wording::counted;

/// The section.
pub(super) fn section(report: &Report) -> Section {
    let s = report.seconds;
    let mut table = Table::new(&["phase", "party", "time"]);
    let mut row =
        |phase: &str, party: &str, took: f64| table.push([phase.to_owned(), party.to_owned(), seconds(took)]);
    row(
        if report.encoder.is_some() { "read and embed the samples" } else { "read the samples" },
        "data",
        s.embed,
    );
    row("choose the method, plan", "data", s.plan);
    row("make keys", "data", s.keygen);
    row("encrypt", "data", s.encrypt);
    row("read keys and ciphertexts", "compute", s.load);
    row("train on ciphertexts", "compute", s.train);
    if report.bootstraps > 0 {
        row("of which bootstraps", "compute", s.bootstrap);
    }
    row("decrypt the head", "data", s.decrypt);
    row("train the twins, measure", "data", s.evaluate);
    row("all", "", s.total);
    let memory = report.peak_rss_bytes.map_or_else(|| "an unknown amount".to_owned(), bytes);
    let blocks = vec![
        Block::Table(table),
        Block::Text(format!(
            "On {}; at most {memory} of memory, both parties in one process.",
            counted(report.threads, "thread")
        )),
    ];
    Section { title: "Time".into(), blocks }
}
