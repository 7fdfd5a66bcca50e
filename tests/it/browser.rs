//! The dashboard in a browser: who gets one over the WebSocket and when it ends, and the page in a real Chromium. Without
//! one that test passes without a word, unless `KEYWARD_TEST_REAL_CLIENTS=1` says that it has to be there.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::authenticator::code_at;
use crate::harness::chromium::Page;
use crate::harness::http::Http;
use crate::harness::real::chromium_available;
use crate::harness::{Daemon, within};

const ON: (&str, &str) = ("api.terminal", "true");
const EXEMPT: (&str, &str) = ("limits.exempt", "[\"127.0.0.0/8\"]");

/// A browser's WebSocket, and the terminal behind it.
struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    emulator: vt100::Parser,
}

impl Browser {
    async fn connect(daemon: &Daemon, origin: Option<&str>) -> Result<Self, Error> {
        let mut request = format!("ws://{}/terminal/socket", daemon.api).into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let (socket, _) = within("a WebSocket", connect_async(request)).await?;
        Ok(Self { socket, emulator: vt100::Parser::new(24, 80, 0) })
    }

    /// Connected, with this as the first message.
    async fn saying(daemon: &Daemon, hello: Message) -> Self {
        let mut browser = Self::connect(daemon, None).await.unwrap();
        browser.send(hello).await;
        browser
    }

    /// The dashboard of whoever holds this token.
    async fn dashboard(daemon: &Daemon, http: &Http) -> Self {
        let token = http.bearer.as_deref().unwrap();
        let hello = json!({ "token": token, "cols": 80, "rows": 24 });
        let mut browser = Self::saying(daemon, Message::text(hello.to_string())).await;
        browser.until("the dashboard", |screen| screen.contents().contains("ana@127.0.0.1")).await;
        browser
    }

    async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    async fn press(&mut self, keys: &str) {
        self.send(Message::binary(keys.as_bytes().to_vec())).await;
    }

    async fn until(&mut self, what: &str, shown: impl Fn(&vt100::Screen) -> bool) {
        let waiting = async {
            while !shown(self.emulator.screen()) {
                match self.socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => self.emulator.process(&bytes),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("{other:?} instead of {what}"),
                }
            }
        };
        within(what, waiting).await;
    }

    /// How it is closed: the code, and the reason.
    async fn end(&mut self) -> (u16, String) {
        within("the end", async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return (frame.code.into(), frame.reason.to_string());
                    }
                    Some(Ok(Message::Binary(bytes))) => self.emulator.process(&bytes),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("{other:?} instead of a close frame"),
                }
            }
        })
        .await
    }
}

#[tokio::test]
async fn nothing_is_there_unless_the_settings_ask_for_it() {
    let daemon = Daemon::start().await;
    for path in ["/terminal", "/terminal/start.js", "/terminal/socket"] {
        daemon.http().get(path).await.expect(404);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn the_page_is_whole_and_lets_nothing_inline_in() {
    let daemon = Daemon::with(&[ON, EXEMPT]).await;
    let page = daemon.http().get("/terminal").await;
    assert_eq!((page.status.as_u16(), &page.headers["cache-control"]), (200, &"no-store".parse().unwrap()));
    let policy = page.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.text.contains(&format!("nonce=\"{nonce}\"")) && nonce.len() == 32, "{policy}");
    let again = daemon.http().get("/terminal").await.text;
    assert!(!again.contains(nonce), "a nonce is of one answer");
    assert!(!page.text.contains("://") && !page.text.contains("style=") && !page.text.contains("<style"));
    let starts = daemon.http().get("/terminal/start.js").await.text;
    let named = [&page.text, &starts].into_iter().flat_map(|text| text.split('"'));
    let files: Vec<_> = named.filter(|text| text.starts_with("/terminal/") && text.contains('.')).collect();
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        let reply = daemon.http().get(file).await;
        let kind = reply.headers["content-type"].to_str().unwrap();
        assert!(reply.status == 200 && ["text/javascript", "text/css"].contains(&kind), "{file} is {kind}");
    }
    assert!(daemon.http().get("/terminal/LICENSES").await.text.contains("xterm.js authors"));
    daemon.http().get("/terminal/nothing.js").await.expect(404);
    daemon.stop().await;
}

#[tokio::test]
async fn whoever_does_not_say_who_they_are_is_told_why_they_get_none() {
    let daemon = Daemon::with(&[ON, EXEMPT, ("api.header_timeout_seconds", "1")]).await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let key = json!({ "name": "k", "service": "S", "apiKey": "sk-1", "custody": "automation" });
    let key = http.post("/api/keys", &key).await.expect(201);
    let app = json!({ "name": "app", "keys": [key["_id"]], "scopes": ["fetch"] });
    let app = http.post("/api/tokens", &app).await.expect(201)["token"].as_str().unwrap().to_owned();
    let hello = |token: &str| Message::text(json!({ "token": token, "cols": 80, "rows": 24 }).to_string());
    let own = http.bearer.clone().unwrap();
    for (first, code, reason) in [
        (hello("nonsense"), 4401, ""),
        (hello(&app), 4429, "a service token has none"),
        (Message::binary(b"q".to_vec()), 4429, "the first message"),
        (Message::text("{"), 4429, ""),
        (Message::text(json!({ "cols": 80 }).to_string()), 4429, ""),
        (Message::text(json!({ "token": own, "cols": "wide" }).to_string()), 4429, ""),
        // Silent: a ping says nothing.
        (Message::Ping("x".into()), 4408, ""),
    ] {
        let (closed, why) = Browser::saying(&daemon, first.clone()).await.end().await;
        assert!(closed == code && why.contains(reason) && !why.is_empty(), "{first:?}: {closed} {why}");
    }
    let foreign = Browser::connect(&daemon, Some("https://evil.example")).await;
    assert!(matches!(foreign, Err(Error::Http(answer)) if answer.status() == 403));
    assert!(Browser::connect(&daemon, Some(&format!("http://{}", daemon.api))).await.is_ok());
    daemon.stop().await;
}

#[tokio::test]
async fn it_is_the_dashboard_of_ssh_and_follows_its_window() {
    let daemon = Daemon::with(&[ON, EXEMPT]).await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let mut browser = Browser::dashboard(&daemon, &http).await;
    let listed = http.get("/api/profile/sessions").await.expect(200);
    let here =
        listed["sessions"].as_array().unwrap().iter().find(|open| open["kind"] == "dashboard").unwrap();
    assert_eq!(here["door"], "websocket");
    browser.press("2").await;
    browser.until("the keys", |screen| screen.contents().contains("No API keys yet")).await;
    browser.emulator.screen_mut().set_size(40, 120);
    browser.send(Message::text(json!({ "cols": 120, "rows": 40 }).to_string())).await;
    browser
        .until("the last row of a taller one", |screen| {
            !screen.rows(0, 120).last().unwrap().trim().is_empty()
                && screen.contents().contains("No API keys yet")
        })
        .await;
    browser.press("\x1b[200~\x1b]52;c;?\x07 pasted\x1b[201~").await;
    browser.press("q").await;
    assert_eq!(browser.end().await, (1000, "You left.".to_owned()));
    assert!(!browser.emulator.screen().alternate_screen(), "the terminal is given back");
    daemon.stop().await;
}

#[tokio::test]
async fn it_ends_with_what_it_was_opened_with_and_opens_where_it_was() {
    let daemon = Daemon::with(&[ON, EXEMPT]).await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let mut browser = Browser::dashboard(&daemon, &http).await;
    browser.press("2").await;
    browser.until("the keys", |screen| screen.contents().contains("No API keys yet")).await;
    drop(browser);
    // Cut off without a word, it opens there again, whichever door it is opened by.
    within("the end of the first", async {
        while !http.get("/metrics").await.text.contains("keyward_sessions{kind=\"dashboard\"} 0") {}
    })
    .await;
    let mut browser = Browser::dashboard(&daemon, &http).await;
    browser.until("the keys", |screen| screen.contents().contains("No API keys yet")).await;
    http.post("/api/auth/logout", &json!({})).await.expect(200);
    let (code, why) = browser.end().await;
    assert!(code == 4401 && why.contains("no longer good"), "{code} {why}");
    daemon.stop().await;
}

#[tokio::test]
async fn limits_and_times_are_those_of_ssh() {
    let daemon =
        Daemon::with(&[ON, ("limits.ssh_sessions_per_account", "1"), ("ssh.idle_seconds", "2")]).await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let ssh = daemon.ssh(&ana).await;
    let mut screen = ssh.dashboard(80, 24).await;
    screen.wait_text("ana@localhost").await;
    let hello = json!({ "token": http.bearer, "cols": 80, "rows": 24 });
    let mut second = Browser::saying(&daemon, Message::text(hello.to_string())).await;
    assert_eq!(second.end().await, (4429, "Too many sessions are open; close one and try again.".to_owned()));
    screen.press("q").await;
    screen.wait_end().await;
    let mut browser = Browser::dashboard(&daemon, &http).await;
    assert_eq!(browser.end().await, (4408, "No key was pressed for a long time.".to_owned()));
    daemon.stop().await;
}

#[tokio::test]
async fn it_is_told_when_the_daemon_goes_down() {
    let daemon = Daemon::with(&[ON, EXEMPT]).await;
    let ana = daemon.person("ana@example.com").await;
    let mut browser = Browser::dashboard(&daemon, &daemon.http().login(&ana).await).await;
    daemon.shutdown.drain.cancel();
    assert_eq!(browser.end().await, (1012, "Keyward is restarting.".to_owned()));
    assert!(browser.emulator.screen().contents().contains("Come back with: ssh"));
    drop(browser);
    daemon.stop().await;
}

/// The text of the terminal in the page.
const TEXT: &str = "(document.querySelector('.xterm-rows')?.innerText ?? '').replaceAll('\\u00a0', ' ')";

fn shows(text: &str) -> String {
    format!("{TEXT}.includes({})", json!(text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_signs_in_types_resizes_copies_and_comes_back() {
    if !chromium_available() {
        return;
    }
    // A port that it can have again after a restart.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = port.to_string();
    let daemon = Daemon::with(&[ON, EXEMPT, ("api.listen", &listen)]).await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let key = json!({ "name": "billing-worker", "service": "Stripe", "apiKey": "sk-1" });
    http.post("/api/keys", &key).await.expect(201);
    let origin = format!("http://{}", daemon.api);
    let mut page = Page::open(900, 500).await;
    page.allow_clipboard(&origin).await;
    page.go(&format!("{origin}/terminal")).await;
    page.until("document.forms.length === 1 && document.readyState === 'complete'").await;

    page.fill("[name=email]", &ana.user.email).await;
    page.fill("[name=password]", "not the password").await;
    page.press("\r").await;
    page.until("document.getElementById('said').textContent.startsWith('E-mail or password is wrong.')")
        .await;
    // What is typed now takes the place of what was wrong.
    page.fill("[name=password]", &ana.password).await;
    page.press("\r").await;
    page.until(&shows("ana@127.0.0.1")).await;

    page.press("2").await;
    page.until(&shows("billing-worker")).await;
    // Colours that the terminal writes as attributes and as style elements are there.
    let colours = "new Set([...document.querySelectorAll('.xterm-rows span')].map((e) => getComputedStyle(e).color)).size > 2";
    page.until(colours).await;
    let rows = page.value("document.querySelectorAll('.xterm-rows > div').length").await.as_u64().unwrap();
    page.resize(1400, 900).await;
    page.until(&format!("document.querySelectorAll('.xterm-rows > div').length > {rows} + 10")).await;
    page.until(&format!("{TEXT}.trimEnd().split('\\n').length > {rows} + 10")).await;

    // Paste, into the filter.
    page.press("/").await;
    let paste = "(() => { const data = new DataTransfer(); data.setData('text/plain', 'nothing-of-this-name'); \
                 document.querySelector('.xterm-helper-textarea').dispatchEvent(new ClipboardEvent('paste', \
                 { clipboardData: data, bubbles: true, cancelable: true })); })()";
    page.value(paste).await;
    page.until(&format!("{} && !{}", shows("nothing-of-this-name"), shows("billing-worker"))).await;
    page.press("\u{1b}").await;

    // The mouse, on a tab.
    let tab =
        "[...document.querySelectorAll('.xterm-rows span')].find((e) => e.textContent.includes('Home'))";
    page.until(&format!("!!{tab}")).await;
    page.click(tab).await;
    page.until(&shows("requests a second")).await;

    // Copying goes through the clipboard of the browser, and what is there can't be asked for.
    page.press(":").await;
    page.until(&shows("ssh -p")).await;
    for char in "api".chars() {
        page.press(&char.to_string()).await;
    }
    page.press("\r").await;
    page.until(&shows("/api/keys")).await;
    page.press("y").await;
    page.until("navigator.clipboard.readText().then((text) => text.includes('curl'))").await;

    // The daemon is restarted under the open page, which comes back by itself.
    let daemon = daemon.restart().await;
    page.until(&format!("{} && document.getElementById('state').hidden", shows("ana@127.0.0.1"))).await;
    assert_eq!(page.forbidden().await, json!([]));
    assert_eq!(
        page.value("[location.href, localStorage.length, sessionStorage.length, document.cookie]").await,
        json!([format!("{origin}/terminal"), 0, 0, ""])
    );

    // Leaving signs the page out.
    page.press("q").await;
    page.until("!document.getElementById('door').hidden && document.getElementById('said').textContent === 'You left.'").await;
    let apps = async || {
        let listed = http.get("/api/profile/sessions").await.expect(200);
        listed["sessions"].as_array().unwrap().iter().filter(|open| open["kind"] == "app").count()
    };
    within("the page is signed out", async { while apps().await > 1 {} }).await;
    assert_eq!(page.forbidden().await, Value::Array(Vec::new()));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_asks_for_the_second_factor_of_who_has_one() {
    if !chromium_available() {
        return;
    }
    let daemon = Daemon::with(&[ON, EXEMPT]).await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let setup = http.post("/api/auth/2fa/setup", &json!({})).await.expect(200);
    let code = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        code_at(setup["otpauth"].as_str().unwrap(), now)
    };
    http.post("/api/auth/2fa/enable", &json!({ "totp": code() })).await.expect(200);
    let mut page = Page::open(900, 500).await;
    page.go(&format!("http://{}/terminal", daemon.api)).await;
    page.until("document.forms.length === 1 && document.readyState === 'complete'").await;
    assert_eq!(page.value("document.getElementById('second').hidden").await, json!(true));

    page.fill("[name=email]", &ana.user.email).await;
    page.fill("[name=password]", &ana.password).await;
    page.press("\r").await;
    // Asked for, with the keys going there; nothing is lost that was typed, and a wrong one is told.
    page.until("document.activeElement.name === 'totp' && !document.getElementById('second').hidden").await;
    page.fill("[name=totp]", "not a code").await;
    page.press("\r").await;
    page.until("document.getElementById('said').textContent.length > 0").await;
    assert_eq!(page.value("document.getElementById('door').hidden").await, json!(false));
    page.value("document.forms[0].elements.totp.value = ''").await;
    page.fill("[name=totp]", &format!(" {} ", code())).await;
    page.press("\r").await;
    page.until(&shows("ana@127.0.0.1")).await;
    // Neither is kept in the page once somebody is in.
    let kept = "[...document.forms[0].elements].map((field) => field.value).join('')";
    assert_eq!(page.value(kept).await, json!(""));
    assert_eq!(page.forbidden().await, json!([]));
    daemon.stop().await;
}
