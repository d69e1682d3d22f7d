//! The studio: from a table to its result by clicks, by the keyboard, and again from the list of runs.

use serde_json::{Value, json};

use crate::looks::{expect_fit, expect_quiet, until};
use crate::site::Studio;
use crate::util::Dir;
use crate::webdriver::Browser;

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';

fn data(name: &str) -> String {
    std::fs::canonicalize(format!("{}/../../data/{name}", env!("CARGO_MANIFEST_DIR")))
        .unwrap()
        .display()
        .to_string()
}

/// Opens the link of a studio.
fn opened(studio: &Studio<'_>, dir: &Dir) -> Browser {
    let browser = Browser::start(&dir.path(""));
    browser.show_as(1280, 1000, false);
    browser.go(&format!("http://{}{}", studio.host, studio.link));
    until(&browser, "document.getElementById('program') && document.getElementById('program').textContent");
    browser
}

#[test]
#[ignore = "needs Chromium with its driver: .ci/run installs it and runs this every fourth day (by day of the year), step `turn of browser`, and whenever CI_WHOLE=1"]
fn from_a_table_to_its_result() {
    let dir = Dir::new();
    let studio = Studio::unopened(&dir);
    let browser = opened(&studio, &dir);
    expect_fit(&browser, "studio-new");

    browser.type_into("#file", &data("iris/iris.csv"));
    until(
        &browser,
        "!document.getElementById('columns-part').hidden && document.querySelectorAll('#classes li').length === 3",
    );
    assert_eq!(browser.evaluate("return document.getElementById('label').value;"), json!("label"));
    assert_eq!(browser.evaluate("return document.activeElement.id;"), json!("columns-title"));
    assert_eq!(browser.evaluate("return document.querySelectorAll('#columns-body tr').length;"), json!(5));
    expect_fit(&browser, "studio-columns");

    browser.click("#estimate");
    until(&browser, "!document.getElementById('estimate-result').hidden");
    let said = browser.evaluate("return document.getElementById('estimate-result').innerText;");
    for part in ["to train on one core", "to send", "of memory", "plain logistic regression", "accuracy"] {
        assert!(said.as_str().unwrap().contains(part), "{part}\n{said}");
    }
    expect_fit(&browser, "studio-estimate");

    browser.click("#start");
    until(&browser, "document.querySelector('.flow .running')");
    let sides = browser.evaluate(
        "return ['own', 'cross', 'theirs'].map(side => document.querySelectorAll('.flow .' + side).length);",
    );
    assert_eq!(sides, json!([4, 2, 2]));
    expect_fit(&browser, "studio-progress");
    until(
        &browser,
        "document.querySelector('#report figure svg') && document.querySelector('#rows details')",
    );
    assert_eq!(
        browser.evaluate("return document.getElementById('status').textContent;"),
        json!("The training is done.")
    );
    let drawn = browser.evaluate(
        "return [...document.querySelectorAll('#report figure svg')].filter(svg => svg.getBoundingClientRect().width > 200
            && svg.querySelectorAll('polyline, circle, rect').length > 3).length;",
    );
    assert!(drawn.as_u64() >= Some(4), "{drawn}");
    let shaded = browser.evaluate(
        "const cells = [...document.querySelectorAll('#report .matrix td')]; return new Set(cells.map(one => getComputedStyle(one).backgroundColor)).size;",
    );
    assert!(shaded.as_u64() >= Some(2), "{shaded}");
    browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; });");
    expect_fit(&browser, "studio-result");

    // the list, and the run opened again
    browser.click("nav a[href='#runs']");
    until(&browser, "document.querySelectorAll('#runs tr').length === 1");
    expect_fit(&browser, "studio-runs");
    browser.click("#runs a");
    until(&browser, "document.querySelector('#report figure svg')");
    expect_quiet(&browser, "studio");
}

/// Everything that can be done is reached by the keyboard, in the order of the page.
#[test]
#[ignore = "needs Chromium with its driver: .ci/run installs it and runs this every fourth day (by day of the year), step `turn of browser`, and whenever CI_WHOLE=1"]
fn the_keyboard_is_enough() {
    let dir = Dir::new();
    let studio = Studio::unopened(&dir);
    let browser = opened(&studio, &dir);
    browser.type_into("#file", &data("iris/iris.csv"));
    until(&browser, "document.querySelectorAll('#classes li').length === 3");
    browser.evaluate(
        "document.activeElement.blur(); window.scrollTo(0, 0); document.querySelector('.skip').focus();",
    );
    let mut seen: Vec<String> = Vec::new();
    while seen.last().is_none_or(|last| last != "estimate") {
        browser.press(TAB);
        let at: Value =
            browser.evaluate("return document.activeElement.id || document.activeElement.tagName;");
        seen.push(at.as_str().unwrap().to_owned());
        assert!(seen.len() < 60, "{seen:?}");
    }
    let places: Vec<usize> = ["file", "label", "estimate"]
        .iter()
        .map(|id| seen.iter().position(|one| one == id).unwrap())
        .collect();
    assert!(places.is_sorted(), "{seen:?}");
    browser.press(ENTER);
    until(&browser, "!document.getElementById('estimate-result').hidden");
    expect_quiet(&browser, "keyboard");
}

/// A name of a column or a class is text, wherever it stands.
#[test]
#[ignore = "needs Chromium with its driver: .ci/run installs it and runs this every fourth day (by day of the year), step `turn of browser`, and whenever CI_WHOLE=1"]
fn markup_in_data_stays_text() {
    let dir = Dir::new();
    let evil = "<img src=x onerror=document.title=1>";
    let rows: String = (0..60).map(|at| format!("{at},{},\"{evil} {}\"\n", at % 7, at % 2)).collect();
    dir.write("<b>evil.csv", format!("\"{evil}\",\"a<script>alert(1)</script>\",\"<i>label\"\n{rows}"));
    let studio = Studio::unopened(&dir);
    let browser = opened(&studio, &dir);
    browser.type_into("#file", &dir.path("<b>evil.csv").display().to_string());
    until(&browser, "document.querySelectorAll('#classes li').length === 2");
    assert_eq!(
        browser.evaluate("return document.querySelectorAll('main img, main script, main i').length;"),
        json!(0)
    );
    browser.click("#start");
    until(
        &browser,
        "document.querySelector('#report figure svg') || document.getElementById('problem').textContent",
    );
    assert_eq!(
        browser.evaluate(
            "return [document.querySelectorAll('main img, main script, main i').length, document.title];"
        ),
        json!([0, "train-head studio"])
    );
    expect_fit(&browser, "studio-evil");
}
