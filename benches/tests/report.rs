//! The report on the newest committed run: its contents, and in a real browser (Chromium) that it is drawn without errors.
#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code)]
mod webdriver;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use webdriver::Browser;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The newest committed run.
fn run() -> PathBuf {
    let folders = std::fs::read_dir(project().join("benches/runs")).unwrap();
    folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).max().unwrap()
}

fn report(out: &Path) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_head-bench"))
        .args(["report", "--runs"])
        .arg(run())
        .arg("--out")
        .arg(out)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read_to_string(out).unwrap()
}

#[test]
fn the_page_needs_nothing_but_itself_and_shows_every_plot() {
    let folder = tempfile::tempdir().unwrap();
    let page = report(&folder.path().join("report.html"));
    for outside in ["<script", "<link rel=\"stylesheet", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    for plot in ["accuracy", "differences", "phases", "bytes", "memory", "bootstrap-stages"] {
        assert!(page.contains(&format!("id=\"figure-{plot}\"")), "{plot}");
    }
    assert!(page.contains("id=\"figure-curve-") && page.contains("id=\"figure-scale-"));
    assert!(page.contains("id=\"figure-peers-"));
    assert!(!page.contains("NaN") && !page.contains("null"), "a figure is missing");
}

#[test]
#[ignore = "needs Chromium with its driver: .ci/run installs it and runs this every fourth day (by day of the year), step `turn of browser`, and whenever CI_WHOLE=1"]
fn a_browser_draws_every_plot_without_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let page = report(&path);
    let plots = page.matches("<figure ").count();
    let browser = Browser::start(folder.path());
    browser.open(&path);
    let drawn = browser.evaluate(
        "return [...document.querySelectorAll('figure svg')].filter(svg => {
            const box = svg.getBoundingClientRect();
            const marks = svg.querySelectorAll('circle, polyline, rect, path, polygon').length;
            return box.width > 200 && box.height > 80 && marks > 3 && svg.querySelectorAll('text').length > 2;
        }).length;",
    );
    assert_eq!(drawn, json!(plots));
    assert!(plots >= 12, "{plots} plots");
    let wide = browser.evaluate("return document.documentElement.scrollWidth - window.innerWidth;");
    assert!(wide.as_i64().unwrap() <= 0, "the page is wider than the window by {wide} pixels");
    let complaints = browser.console();
    assert!(complaints.is_empty(), "{complaints:?}");
}
