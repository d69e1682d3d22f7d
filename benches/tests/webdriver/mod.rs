//! Controls a browser by the WebDriver protocol, as far as a test of a page needs it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

pub(crate) struct Browser {
    driver: Child,
    /// Kept open because the driver may write to it.
    _output: BufReader<ChildStdout>,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts headless Chromium with its profile in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts (Debian: chromium-driver)");
        let mut output = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "chromedriver names its port");
            let named =
                line.split("on port ").nth(1).and_then(|rest| rest.trim().trim_end_matches('.').parse().ok());
            if let Some(port) = named.filter(|port| *port != 0) {
                break port;
            }
        };
        let mut browser = Self { driver, _output: output, port, session: String::new() };
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,1000",
            &format!("--user-data-dir={}", folder.join("profile").display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            // a server's own certificate, which programs pin
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let session = browser.call("POST", "/session", Some(&wanted));
        browser.session = session["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// Opens a file and waits until it is loaded.
    pub(crate) fn open(&self, path: &Path) {
        self.go(&format!("file://{}", path.display()));
    }

    /// Opens an address and waits until it is loaded.
    pub(crate) fn go(&self, url: &str) {
        self.call("POST", &self.of_session("url"), Some(&json!({ "url": url })));
    }

    /// Sets the width and height of the page, and whether its user prefers dark colours.
    pub(crate) fn show_as(&self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &media);
    }

    /// Types into the first element of a selector as a user would; into a field for files the path of one.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        self.call("POST", &format!("{}/value", self.element(selector)), Some(&json!({ "text": text })));
    }

    /// Clicks the first element of a selector, which must be in view.
    pub(crate) fn click(&self, selector: &str) {
        self.call("POST", &format!("{}/click", self.element(selector)), Some(&json!({})));
    }

    /// Presses a key, such as `\u{e004}` for the tabulator.
    pub(crate) fn press(&self, key: char) {
        let keys = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }));
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": keys }] });
        self.call("POST", &self.of_session("actions"), Some(&actions));
    }

    /// The whole page as a PNG in Base64.
    pub(crate) fn screenshot(&self) -> String {
        let whole = json!({ "captureBeyondViewport": true, "format": "png" });
        self.devtools("Page.captureScreenshot", &whole)["data"].as_str().expect("a picture").to_owned()
    }

    fn element(&self, selector: &str) -> String {
        let asked = json!({ "using": "css selector", "value": selector });
        let found = self.call("POST", &self.of_session("element"), Some(&asked));
        let id = found.as_object().and_then(|found| found.values().next()?.as_str()).expect("an element");
        self.of_session(&format!("element/{id}"))
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let asked = json!({ "cmd": command, "params": parameters });
        self.call("POST", &self.of_session("goog/cdp/execute"), Some(&asked))
    }

    /// Runs the body of a function in the page and returns its result.
    pub(crate) fn evaluate(&self, script: &str) -> Value {
        self.call("POST", &self.of_session("execute/sync"), Some(&json!({ "script": script, "args": [] })))
    }

    /// All messages in the console.
    pub(crate) fn console(&self) -> Vec<Value> {
        let log = self.call("POST", &self.of_session("se/log"), Some(&json!({ "type": "browser" })));
        log.as_array().expect("a log").clone()
    }

    fn of_session(&self, what: &str) -> String {
        format!("/session/{}/{what}", self.session)
    }

    /// Sends a request and returns the value of the answer.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver listens");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let header = line.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{method} {path}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &format!("/session/{}", self.session), None);
        }
        // the driver ends the browser as well
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
