//! What the daemon makes up and hands to one person once: unlock tokens, and codes that let somebody in, back in or past
//! their second factor. They go by every way they can, good and wrong.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Cage, LOST_VALUE, PASSPHRASE, PASSWORD, WRONG_PASSPHRASE, WRONG_PASSWORD};
use crate::authenticator::code_at;
use crate::harness::http::Http;

const SECOND: &str = "canary8e-second@example.com";

/// Who may not be named in anything that is written down in the open, beside those of the other flows.
pub(super) const NAMES: [&str; 2] = [SECOND, "canary8e-team"];

impl Cage {
    pub(super) async fn codes(&mut self, http: &Http) {
        self.unlock(http).await;
        let second = self.invited(http).await;
        self.joined(http, &second).await;
        self.let_back_in(http, &second).await;
        for path in ["/api/notifications", "/api/profile/sessions"] {
            let reply = http.get(path).await;
            assert!(reply.status.is_success() && reply.text.len() > 100, "{path}: {}", reply.text);
            self.answered(path, &reply);
        }
    }

    async fn unlock(&mut self, http: &Http) {
        let with = |passphrase: &str| json!({ "passphrase": passphrase });
        let put = http.request(reqwest::Method::PUT, "/api/auth/passphrase").json(&with(PASSPHRASE));
        http.send(put).await.expect(200);
        let wrong = http.post("/api/auth/unlock", &with(WRONG_PASSPHRASE)).await;
        assert_eq!(wrong.json()["code"], "wrong_passphrase", "{}", wrong.text);
        self.answered("a wrong unlock passphrase", &wrong);
        let unlocked = http.post("/api/auth/unlock", &with(PASSPHRASE)).await.expect(200);
        self.issued(&unlocked, &["unlock"]);
        let sealed = json!({ "name": "sealed", "service": "X", "apiKey": "v", "custody": "sealed" });
        let key = http.post("/api/keys", &sealed).await.expect(201)["_id"].as_str().unwrap().to_owned();
        let reveal = format!("/api/keys/{key}/reveal");
        for (unlock, opens) in [(unlocked["unlock"].as_str().unwrap(), true), (LOST_VALUE, false)] {
            let request = http.request(reqwest::Method::POST, &reveal).header("x-unlock", unlock);
            let shown = http.send(request.json(&json!({}))).await;
            assert_eq!(shown.status.is_success(), opens, "{}", shown.text);
            self.answered("a reveal with an unlock", &shown);
        }
    }

    /// A second person, who comes with an invitation's code.
    async fn invited(&mut self, http: &Http) -> Http {
        let invited = http.post("/api/admin/invite", &json!({ "email": SECOND })).await.expect(201);
        self.issued(&invited, &["code"]);
        self.answered("open invitations", &http.get("/api/admin/invitations").await);
        let account =
            |code: &Value| json!({ "name": "Second", "email": SECOND, "password": PASSWORD, "code": code });
        let wrong = http.post("/api/auth/register", &account(&LOST_VALUE.into())).await;
        assert!(wrong.status.is_client_error(), "{}", wrong.text);
        self.answered("a registration with a wrong code", &wrong);
        let made = http.post("/api/auth/register", &account(&invited["code"])).await.expect(201);
        self.issued(&made, &["token", "refreshToken"]);
        http.bearer(made["token"].as_str().unwrap())
    }

    async fn joined(&mut self, http: &Http, second: &Http) {
        let team = http.post("/api/teams", &json!({ "name": "canary8e-team" })).await.expect(201);
        let invitations = format!("/api/teams/{}/invitations", team["_id"].as_str().unwrap());
        let code = http.post(&invitations, &json!({ "email": SECOND, "role": "member" })).await.expect(201);
        self.issued(&code, &["code"]);
        let wrong = second.post("/api/teams/join", &json!({ "code": LOST_VALUE })).await;
        assert!(wrong.status.is_client_error(), "{}", wrong.text);
        self.answered("a wrong team code", &wrong);
        self.answered("a team's open invitations", &http.get(&invitations).await);
        let joined = second.post("/api/teams/join", &json!({ "code": code["code"] })).await;
        assert!(joined.status.is_success(), "{}", joined.text);
        self.answered("a team that was joined", &joined);
    }

    /// Past the second factor, and past the password.
    async fn let_back_in(&mut self, http: &Http, second: &Http) {
        let setup = second.post("/api/auth/2fa/setup", &json!({})).await.expect(200);
        let otpauth = setup["otpauth"].as_str().unwrap();
        let secret = otpauth.split(['?', '&']).find_map(|pair| pair.strip_prefix("secret="));
        self.issued.push(secret.unwrap().to_owned());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let enabled =
            second.post("/api/auth/2fa/enable", &json!({ "totp": code_at(otpauth, now) })).await.expect(200);
        let codes = enabled["recoveryCodes"].as_array().unwrap();
        self.issued.extend(codes.iter().map(|code| code.as_str().unwrap().to_owned()));
        let login = |code: &Value| json!({ "email": SECOND, "password": PASSWORD, "totp": code });
        let wrong = http.post("/api/auth/login", &login(&LOST_VALUE.into())).await;
        assert_eq!(wrong.status.as_u16(), 401, "{}", wrong.text);
        self.answered("a wrong recovery code", &wrong);
        let tokens = http.post("/api/auth/login", &login(&codes[0])).await.expect(200);
        self.issued(&tokens, &["token", "refreshToken"]);

        let user = http.bearer(tokens["token"].as_str().unwrap()).get("/api/profile").await.expect(200);
        let path = format!("/api/admin/users/{}/reset-code", user["id"].as_str().unwrap());
        let reset = http.post(&path, &json!({})).await.expect(201);
        self.issued(&reset, &["code"]);
        let new = |code: &Value| json!({ "code": code, "newPassword": WRONG_PASSWORD });
        let wrong = http.post("/api/auth/reset", &new(&LOST_VALUE.into())).await;
        assert!(wrong.status.is_client_error(), "{}", wrong.text);
        self.answered("a wrong reset code", &wrong);
        let done = http.post("/api/auth/reset", &new(&reset["code"])).await;
        assert!(done.status.is_success(), "{}", done.text);
    }
}
