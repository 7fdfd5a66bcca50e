//! A real Chromium without a window, driven by its DevTools protocol: a page is opened, looked at, typed into and resized,
//! and what its policy forbade is counted.

use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{DEADLINE, within};

/// What it is called.
pub(crate) const PROGRAM: &str = "chromium";

/// Keeps what the page's policy forbids, from before its first script on.
const WATCH: &str = "window.forbidden = []; document.addEventListener('securitypolicyviolation', \
                     (event) => window.forbidden.push(`${event.violatedDirective} ${event.blockedURI}`));";

/// One page of a browser of its own; all of it ends with this.
pub(crate) struct Page {
    _browser: Child,
    _profile: TempDir,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Value,
    asked: u64,
}

impl Page {
    /// A browser with one empty page of this size.
    pub(crate) async fn open(width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut browser = Command::new(PROGRAM)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
            ])
            .args(["--remote-debugging-port=0", "--disable-background-networking", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the browser starts");
        let mut lines = BufReader::new(browser.stderr.take().expect("a pipe")).lines();
        let address = within("the browser's address", async {
            loop {
                let line = lines.next_line().await.expect("it goes on").expect("it does not end");
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return address.to_owned();
                }
            }
        });
        let address = address.await;
        // A pipe that nobody reads would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = within("the browser", connect_async(address)).await.expect("it listens");
        let mut page = Self { _browser: browser, _profile: profile, socket, session: Value::Null, asked: 0 };
        let target = page.ask("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        page.session = page.ask("Target.attachToTarget", attach).await["sessionId"].clone();
        page.ask("Page.enable", json!({})).await;
        page.ask("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
        page.ask("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        page.resize(width, height).await;
        page
    }

    /// Asks the browser, and answers what it says.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut asked = json!({ "id": self.asked, "method": method, "params": params });
        if !self.session.is_null() {
            asked["sessionId"] = self.session.clone();
        }
        self.socket.send(Message::text(asked.to_string())).await.expect("the browser is there");
        let id = self.asked;
        within(method, async {
            loop {
                let message = self.socket.next().await.expect("the browser goes on").expect("a message");
                let Message::Text(text) = message else { continue };
                let said: Value = serde_json::from_str(&text).expect("it speaks JSON");
                if said["id"] == id {
                    assert!(said["error"].is_null(), "{method}: {}", said["error"]);
                    return said["result"].clone();
                }
            }
        })
        .await
    }

    pub(crate) async fn go(&mut self, address: &str) {
        let gone = self.ask("Page.navigate", json!({ "url": address })).await;
        assert!(gone["errorText"].is_null(), "{gone}");
    }

    pub(crate) async fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Lets the page read and write the clipboard without asking a person.
    pub(crate) async fn allow_clipboard(&mut self, origin: &str) {
        let permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        self.ask("Browser.grantPermissions", json!({ "origin": origin, "permissions": permissions })).await;
    }

    /// What an expression of JavaScript comes to; of a promise, what it brings.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let said = self.ask("Runtime.evaluate", asked).await;
        assert!(said["exceptionDetails"].is_null(), "{expression}: {}", said["exceptionDetails"]);
        said["result"]["value"].clone()
    }

    /// Puts text into the field that a selector finds, as a person would.
    pub(crate) async fn fill(&mut self, selector: &str, text: &str) {
        self.value(&format!("document.querySelector({}).focus()", json!(selector))).await;
        self.ask("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key that types this character.
    pub(crate) async fn press(&mut self, key: &str) {
        let (name, text) = if key == "\r" { ("Enter", "\r") } else { (key, key) };
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": name, "text": if kind == "keyDown" { text } else { "" } });
            self.ask("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Clicks in the middle of what an expression finds.
    pub(crate) async fn click(&mut self, element: &str) {
        let middle = format!(
            "(() => {{ const b = ({element}).getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        );
        let middle = self.value(&middle).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Waits until an expression is true; fails with what the page shows instead.
    pub(crate) async fn until(&mut self, expression: &str) {
        let started = Instant::now();
        while self.value(expression).await != true {
            if started.elapsed() > DEADLINE {
                let shown = self.value("document.body.innerText").await;
                panic!("waited {DEADLINE:?} in vain: {expression}\n{}", shown.as_str().unwrap_or_default());
            }
            // The protocol tells of no change of a text, so it is asked again.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What its policy forbade so far.
    pub(crate) async fn forbidden(&mut self) -> Value {
        self.value("window.forbidden").await
    }
}
