//! The page with a terminal in it, whole without any other server. Its policy lets no script or style in that is written
//! inline; what the terminal writes itself carries a nonce of this one answer (see `policy.js`).

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::HttpDoor;
use crate::listing::kept;
use crate::problem::Problem;
use crate::signed::Stranger;

const PAGE: &str = include_str!("page/index.html");

/// What the page is made of: name, type, text.
const FILES: [(&str, &str, &str); 8] = [
    ("start.js", "text/javascript", include_str!("page/start.js")),
    ("policy.js", "text/javascript", include_str!("page/policy.js")),
    ("look.css", "text/css", include_str!("page/look.css")),
    ("xterm.mjs", "text/javascript", include_str!("vendor/xterm.mjs")),
    ("xterm.css", "text/css", include_str!("vendor/xterm.css")),
    ("addon-fit.mjs", "text/javascript", include_str!("vendor/addon-fit.mjs")),
    ("addon-clipboard.mjs", "text/javascript", include_str!("vendor/addon-clipboard.mjs")),
    ("LICENSES", "text/plain; charset=utf-8", include_str!("vendor/LICENSES")),
];

pub(super) fn routes() -> Router<HttpDoor> {
    Router::new().route("/terminal", get(page)).route("/terminal/{file}", kept(get(file)))
}

async fn page(_: Stranger) -> Result<impl IntoResponse, Problem> {
    let nonce = nonce().ok_or_else(Problem::of_panic)?;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src data:; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let head = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
    ];
    Ok((head, PAGE.replace("{nonce}", &nonce)))
}

/// 128 random bits (CSP level 3, section 7.1), in characters that a policy takes; none where there is no randomness.
fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

async fn file(_: Stranger, name: Result<Path<String>, PathRejection>) -> Result<impl IntoResponse, Problem> {
    let Ok(Path(name)) = name else { return Err(Problem::malformed("the path cannot be read")) };
    let found = FILES.iter().find(|(file, ..)| *file == name);
    let Some((_, kind, text)) = found else { return Err(Problem::of_status(StatusCode::NOT_FOUND)) };
    Ok(([(header::CONTENT_TYPE, *kind)], *text))
}
