//! That a new address is verified by mail, as a client of the API sees it, with a mail server of the test.

use keyward_keys::outbound::{MailSettings, MailTls};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::harness::{PASSWORD, Server};

/// Takes one mail after another, and tells of the code in the last.
async fn take(stream: TcpStream, codes: &watch::Sender<String>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await?;
    let (mut line, mut in_data) = (String::new(), false);
    while stream.read_line(&mut line).await? > 0 {
        if let Some((_, code)) = line.trim_end().split_once("Your code is ") {
            codes.send_replace(code.to_owned());
        }
        let word = line.split([' ', '\r']).next().unwrap_or_default();
        let reply = match word {
            "." => Some("250 taken"),
            _ if in_data => None,
            "DATA" => Some("354 go on"),
            "QUIT" => Some("221 bye"),
            _ => Some("250 ok"),
        };
        in_data = word == "DATA" || in_data && word != ".";
        if let Some(reply) = reply {
            stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        }
        line.clear();
    }
    Ok(())
}

#[tokio::test]
async fn whoever_registers_is_signed_in_at_once_and_verifies_their_address_with_a_mailed_code() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mail = MailSettings {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        tls: MailTls::None,
        login: None,
        from: "keyward@example.com".to_owned(),
        domains: Vec::new(),
        verify: true,
    };
    let (codes, mut code) = watch::channel(String::new());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = take(stream, &codes).await;
        }
    });
    let server = Server::start_mailing(mail).await;
    let ana = server.person("ana@example.com").await;
    let login = json!({"email": "ana@example.com", "password": PASSWORD});
    let signed_in = server.send(server.request("POST", "/api/auth/login").json(&login)).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
    assert_eq!(server.get(&ana, "/api/profile").await.body["emailVerified"], false);
    code.changed().await.unwrap();
    let first = code.borrow_and_update().clone();
    server.post(&ana, "/api/auth/verify-email", &json!({"code": "wrong"})).await.is_problem(422, "invalid");
    let sent = server.post(&ana, "/api/auth/verify-email/send", &json!({})).await;
    assert_eq!((sent.status, &sent.body["mailed"]), (202, &json!(true)), "{}", sent.body);
    code.changed().await.unwrap();
    server.post(&ana, "/api/auth/verify-email", &json!({"code": first})).await.is_problem(422, "invalid");
    let second = code.borrow().clone();
    let verified = server.post(&ana, "/api/auth/verify-email", &json!({"code": second})).await;
    assert_eq!((verified.status, &verified.body["emailVerified"]), (200, &json!(true)), "{}", verified.body);
    server.post(&ana, "/api/auth/verify-email/send", &json!({})).await.is_problem(409, "conflict");
}
