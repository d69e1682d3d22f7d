//! The dashboard of a service: it asks for a token, and shows jobs and the audit log.

use serde_json::json;

use crate::looks::{expect_fit, until};
use crate::server::Server;
use crate::util::{Dir, FAST, table};
use crate::webdriver::Browser;

#[test]
#[ignore = "needs Chromium with its driver: .ci/run installs it and runs this every fourth day (by day of the year), step `turn of browser`, and whenever CI_WHOLE=1"]
fn the_dashboard_asks_for_a_token_and_shows_jobs() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    dir.write("table.csv", table(200));
    server.ok(&format!("run --server here --features table.csv --out out {FAST}"));
    let browser = Browser::start(&dir.path(""));
    browser.go(&format!("https://{}/", server.address));
    until(&browser, "!document.getElementById('login').hidden");
    assert_eq!(browser.evaluate("return document.getElementById('shown').hidden;"), json!(true));
    expect_fit(&browser, "dashboard-login");

    browser.type_into("#token", &server.token);
    browser.click("#login button");
    until(&browser, "document.querySelectorAll('#jobs tr').length === 1");
    let row = browser.evaluate("return document.querySelector('#jobs tr').innerText;");
    assert!(row.as_str().unwrap().contains("done"), "{row}");
    assert_eq!(browser.evaluate("return document.getElementById('who').textContent;"), json!("operator"));
    assert!(browser.evaluate("return document.querySelectorAll('#audit tr').length;").as_u64() > Some(3));
    expect_fit(&browser, "dashboard");

    // a token that the server does not know is refused, which the browser notes in its console
    browser.click("#leave");
    browser.type_into("#token", "wrong");
    browser.click("#login button");
    until(&browser, "document.getElementById('problem').textContent");
    assert_eq!(browser.evaluate("return document.getElementById('shown').hidden;"), json!(true));
}
