//! What every page must be: no wider than its window, named for screen readers, without complaints in the console.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::webdriver::Browser;

/// A wide window, and the narrowest that is supported.
const WIDTHS: [u32; 2] = [1280, 375];

/// Waits until a script says true.
#[track_caller]
pub(crate) fn until(browser: &Browser, script: &str) {
    let begun = Instant::now();
    while browser.evaluate(&format!("return Boolean({script});")) != json!(true) {
        let page = browser.evaluate("return document.body.innerText;");
        assert!(
            begun.elapsed() < Duration::from_secs(240),
            "{script}\n{}",
            page.as_str().unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Checks the page as it is, in light and dark, wide and narrow. With the variable `TRAIN_HEAD_SCREENSHOTS` pictures go to that folder.
#[track_caller]
pub(crate) fn expect_fit(browser: &Browser, name: &str) {
    for width in WIDTHS {
        for dark in [false, true] {
            browser.show_as(width, 900, dark);
            let over = browser.evaluate("return document.documentElement.scrollWidth - window.innerWidth;");
            let widest = browser.evaluate(WIDEST);
            assert!(over.as_i64().unwrap() <= 0, "{name} at {width} px is too wide by {over} px: {widest}");
            if let Some(folder) = std::env::var_os("TRAIN_HEAD_SCREENSHOTS").map(PathBuf::from) {
                let colours = if dark { "dark" } else { "light" };
                std::fs::write(folder.join(format!("{name}-{width}-{colours}.b64")), browser.screenshot())
                    .unwrap();
            }
        }
    }
    browser.show_as(WIDTHS[0], 1000, false);
    let nameless = browser.evaluate(NAMELESS);
    assert_eq!(nameless, json!([]), "{name}: a screen reader has no name for these");
    expect_quiet(browser, name);
}

/// Nothing was complained about in the console: no error, nothing that the policy of the page refused.
#[track_caller]
pub(crate) fn expect_quiet(browser: &Browser, name: &str) {
    let complaints: Vec<Value> = browser.console();
    assert!(complaints.is_empty(), "{name}: {complaints:?}");
}

/// Elements beyond the right edge that no scrolling part holds.
const WIDEST: &str = "return [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > window.innerWidth + 1
    && !one.closest('.wide, .plot, .scroll, pre')).slice(0, 5).map(one => one.outerHTML.slice(0, 120));";

/// Fields, buttons, links, pictures and tables without a name or a heading.
const NAMELESS: &str = "
    const named = one => one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || (one.labels && one.labels.length > 0)
        || (one.matches('a, button, summary') && one.textContent.trim());
    const seen = [...document.querySelectorAll('input, select, textarea, button, a, summary, progress, meter, svg[role=img]')];
    const tables = [...document.querySelectorAll('table')].filter(one => !one.querySelector('th[scope]'));
    const levels = [...document.querySelectorAll('h1, h2, h3')].filter(one => one.checkVisibility()).map(one => Number(one.tagName[1]));
    const jumps = levels.filter((level, at) => at > 0 && level > levels[at - 1] + 1);
    return [...seen.filter(one => one.checkVisibility() && !named(one)), ...tables].map(one => one.outerHTML.slice(0, 160)).concat(jumps);";
