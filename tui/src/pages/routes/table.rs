//! The routes of the HTTP door that are worth a line here, and the command over SSH that does the same. A test holds each
//! against the served document.

/// A route.
pub struct Route {
    /// What it is about: routes of one subject stand together.
    pub subject: &'static str,
    /// `GET`, …
    pub method: &'static str,
    /// As in the document, with its parameters in braces.
    pub path: &'static str,
    /// What it does.
    pub about: &'static str,
    /// A body that works once it is filled in; empty where there is none.
    pub body: &'static str,
    /// What follows `ssh HOST` to do the same; empty where nothing does.
    pub ssh: &'static str,
}

const fn route(
    subject: &'static str,
    method: &'static str,
    path: &'static str,
    about: &'static str,
    body: &'static str,
    ssh: &'static str,
) -> Route {
    Route { subject, method, path, about, body, ssh }
}

/// All of them, in the order of the page.
pub const ROUTES: &[Route] = &[
    route("keys", "GET", "/api/keys", "List, search, filter", "", "keys ls"),
    route(
        "keys",
        "POST",
        "/api/keys",
        "Add a key",
        r#"{"name":"NAME","service":"SERVICE","environment":"development","apiKey":"VALUE"}"#,
        "keys add --name NAME --service SERVICE < value.txt",
    ),
    route("keys", "GET", "/api/keys/{id}", "One key, without its value", "", "keys show KEY"),
    route(
        "keys",
        "PATCH",
        "/api/keys/{id}",
        "Change what is named",
        r#"{"monthlyLimit":50000}"#,
        "keys edit KEY --monthly-limit 50000",
    ),
    route("keys", "DELETE", "/api/keys/{id}", "Move it to the bin for 30 days", "", "keys rm KEY"),
    route("keys", "POST", "/api/keys/{id}/reveal", "Its value, for a person", "{}", "keys get KEY"),
    route("keys", "GET", "/api/keys/{id}/access", "Who may do what with it, and why", "", "keys access KEY"),
    route("keys", "GET", "/api/keys/{id}/versions", "Its versions and their labels", "", ""),
    route("keys", "POST", "/api/keys/{id}/versions", "A new value by hand", r#"{"apiKey":"VALUE"}"#, ""),
    route("keys", "GET", "/api/keys/{id}/audit", "What was done to it", "", "audit KEY"),
    route(
        "apps",
        "GET",
        "/api/fetch/{environment}/{name}",
        "A value, for an app with a service token",
        "",
        "",
    ),
    route("apps", "GET", "/api/keys/{id}/value", "The same by id", "", ""),
    route(
        "apps",
        "POST",
        "/api/tokens",
        "A service token, shown once",
        r#"{"name":"NAME","keys":["ID"],"scopes":["fetch","track"]}"#,
        "tokens add --name NAME --key KEY --scope fetch",
    ),
    route("apps", "GET", "/api/tokens", "Your service tokens", "", "tokens ls"),
    route("apps", "DELETE", "/api/tokens/{id}", "Revoke one", "", "tokens rm TOKEN"),
    route(
        "usage",
        "POST",
        "/api/usage/{id}/track",
        "Report a call; 201 once it is durable",
        r#"{"endpoint":"/v1/chat","method":"POST","statusCode":200,"responseTime":84}"#,
        "",
    ),
    route(
        "usage",
        "POST",
        "/api/usage/track",
        "Report many, an array or a line each",
        r#"[{"key":"ID","endpoint":"/v1/chat","method":"POST","statusCode":200,"responseTime":84}]"#,
        "",
    ),
    route("usage", "GET", "/api/usage/{id}", "Calls, errors, response times of a key", "", "usage KEY"),
    route("usage", "GET", "/api/usage", "Of all keys together", "", "usage"),
    route(
        "usage",
        "POST",
        "/api/usage/what-if",
        "Try a limit or a budget on the past month",
        r#"{"apiKeyId":"ID","monthlyBudget":50}"#,
        "what-if KEY --budget 50",
    ),
    route(
        "usage",
        "POST",
        "/api/budgets",
        "What the keys with a tag may cost a month",
        r#"{"tag":"TAG","monthlyBudget":120}"#,
        "budgets set TAG --budget 120",
    ),
    route("move", "GET", "/api/keys/export", "Keys with their values, as .env", "", "export"),
    route(
        "move",
        "POST",
        "/api/keys/import",
        "Bring keys in: all or none",
        r#"{"format":"env","content":"NAME=VALUE"}"#,
        "import < .env",
    ),
    route("team", "GET", "/api/teams", "Your teams", "", "team ls"),
    route("team", "POST", "/api/teams", "Make one", r#"{"name":"NAME"}"#, "team create NAME"),
    route("team", "GET", "/api/teams/{id}/members", "Who belongs to it", "", "team members"),
    route(
        "team",
        "POST",
        "/api/teams/{id}/invitations",
        "Invite somebody; answers the code",
        r#"{"email":"EMAIL","role":"member"}"#,
        "team invite EMAIL",
    ),
    route(
        "team",
        "POST",
        "/api/teams/join",
        "Join with a code",
        r#"{"code":"CODE"}"#,
        "team join < code.txt",
    ),
    route("team", "DELETE", "/api/teams/{id}/members/{userId}", "Remove a member", "", "team remove PERSON"),
    route(
        "you",
        "POST",
        "/api/auth/login",
        "A token for an hour",
        r#"{"email":"EMAIL","password":"PASSWORD"}"#,
        "",
    ),
    route(
        "you",
        "POST",
        "/api/auth/unlock",
        "Open your own key for a while",
        r#"{"passphrase":"PASSPHRASE"}"#,
        "unlock",
    ),
    route("you", "GET", "/api/profile", "Your account", "", "profile show"),
    route(
        "you",
        "PUT",
        "/api/profile",
        "Change your account",
        r#"{"timeZone":"Europe/Berlin"}"#,
        "profile edit --time-zone Europe/Berlin",
    ),
    route("you", "GET", "/api/profile/ssh-keys", "Your SSH keys", "", ""),
    route("you", "GET", "/api/profile/sessions", "What you have open", "", "sessions ls"),
    route("you", "GET", "/api/notifications", "What you are told", "", "notifications ls"),
    route("you", "GET", "/api/billing", "Plan, use, budgets and forecast", "", "budgets"),
    route("audit", "GET", "/api/audit", "What was done, by whom", "", "audit"),
    route("audit", "GET", "/api/audit/verify", "Check the whole chain, for operators", "", ""),
    route("live", "GET", "/api/events", "What happens, as it happens (server-sent)", "", ""),
    route("live", "GET", "/ws", "The same over a WebSocket", "", ""),
    route("instance", "GET", "/health", "How the daemon is", "", ""),
    route("instance", "GET", "/metrics", "For Prometheus", "", ""),
    route("instance", "GET", "/openapi.json", "The whole document", "", ""),
];
