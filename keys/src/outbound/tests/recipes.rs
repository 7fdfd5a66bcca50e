//! Each recipe of the program against a server that answers as the provider's public reference says: a key is made, tried,
//! found, retired, and every refusal has its class.

mod faults;
pub(crate) mod providers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use secrecy::{ExposeSecret, SecretString};

use crate::outbound::testing::{Asked, Reply, Server, outbound};
use crate::outbound::{CallError, Class, Recipe, RecipeRun};
use providers::{Provider, all};

/// The keys at a provider: id and name.
type Keys = Arc<Mutex<Vec<(String, String)>>>;

struct Stage {
    server: Server,
    keys: Keys,
    recipe: Recipe,
    params: BTreeMap<String, String>,
    credential: SecretString,
}

impl Stage {
    fn run(&self) -> RecipeRun<'_> {
        RecipeRun { recipe: &self.recipe, params: &self.params, credential: &self.credential }
    }
}

/// A provider that works, unless `disturb` answers first.
async fn stage(provider: &Provider, disturb: impl Fn(&Asked) -> Option<Reply> + Send + 'static) -> Stage {
    let keys = Keys::default();
    let (known, provider_) = (Arc::clone(&keys), provider.clone());
    let server = Server::start(move |asked| {
        disturb(asked).unwrap_or_else(|| (provider_.answer)(asked, &mut known.lock().unwrap()))
    })
    .await;
    let mut recipe = Recipe::parse(provider.name, Recipe::shipped(provider.name).unwrap(), &[]).unwrap();
    recipe.settle_seconds = 0;
    let mut params: BTreeMap<String, String> =
        provider.params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for name in recipe.params.keys().filter(|name| name.ends_with("_url")) {
        params.insert(name.clone(), server.url.clone());
    }
    assert_eq!(recipe.check_params(&params), [], "{}", provider.name);
    Stage { server, keys, recipe, params, credential: SecretString::from(provider.credential) }
}

#[tokio::test]
async fn a_key_is_made_tried_found_and_retired() {
    let outbound = outbound();
    for provider in all() {
        let stage = stage(&provider, |_| None).await;
        let (run, name) = (stage.run(), "keyward-ak_prod_x-1");
        let failed = |error: &CallError| format!("{}: {error}; {:?}", provider.name, stage.server.asked());
        let current = SecretString::from("current-value");
        let made = outbound
            .recipe_create(run, name, Some(&current), None)
            .await
            .unwrap_or_else(|error| panic!("{}", failed(&error)));
        assert_eq!(made.value.expose_secret(), provider.value, "{}", provider.name);
        let id = made.provider_id.clone();
        outbound
            .recipe_probe(run, &made.value, id.as_deref())
            .await
            .unwrap_or_else(|error| panic!("{}", failed(&error)));
        if stage.recipe.lists() {
            let listed = outbound
                .recipe_list(run, name)
                .await
                .unwrap_or_else(|error| panic!("{}: {error}", provider.name));
            let found = listed.iter().find(|listed| Some(&listed.id) == id.as_ref()).unwrap();
            assert_eq!(found.name.is_some(), stage.recipe.lists_names(), "{}", provider.name);
            assert!(found.name.as_deref().is_none_or(|found| found == name), "{}", provider.name);
            let id = id.unwrap();
            for _ in 0..2 {
                outbound
                    .recipe_retire(run, &id)
                    .await
                    .unwrap_or_else(|error| panic!("{}: {error}", provider.name));
            }
            assert!(stage.keys.lock().unwrap().is_empty(), "{}", provider.name);
            assert!(outbound.recipe_list(run, name).await.unwrap().is_empty(), "{}", provider.name);
        }
        for asked in stage.server.asked() {
            for secret in [provider.credential, provider.value, "current-value"] {
                assert!(!asked.path.contains(secret), "{}: {}", provider.name, asked.path);
            }
        }
    }
}

#[tokio::test]
async fn every_refusal_has_its_class() {
    let outbound = outbound();
    for provider in all() {
        let value = SecretString::from(provider.value);
        let current = SecretString::from("current-value");
        for (reply, class) in [
            (provider.unauthorized.clone(), Class::Auth),
            (Reply::status(429).with("retry-after", 30), Class::Transient),
            (Reply::status(500), Class::Transient),
            (Reply::json(200, "{}"), Class::Config),
            (Reply::json(200, "<html>not what you think</html>"), Class::Config),
        ] {
            let shown = format!("{}: {reply:?}", provider.name);
            let stage = stage(&provider, move |_| Some(reply.clone())).await;
            let error = outbound.recipe_create(stage.run(), "n", Some(&current), None).await.unwrap_err();
            assert_eq!(error.class, class, "{shown}: {error}");
            assert!(!error.detail.contains(provider.credential), "{error}");
        }
        let refused = provider.refused.clone();
        let stage = stage(&provider, move |_| Some(refused.clone())).await;
        let error = outbound.recipe_probe(stage.run(), &value, Some("id")).await.unwrap_err();
        assert_eq!(error.class, Class::Refused, "{}: {error}", provider.name);
        assert!(!error.detail.contains(provider.value));
    }
}

#[tokio::test]
async fn a_provider_that_is_full_is_not_asked_for_more() {
    let outbound = outbound();
    for (name, most) in [("aws-iam", 2), ("sendgrid", 100)] {
        let provider = all().into_iter().find(|provider| provider.name == name).unwrap();
        let stage = stage(&provider, |_| None).await;
        stage.keys.lock().unwrap().extend((0..most).map(|n| (format!("k{n}"), format!("n{n}"))));
        let error = outbound.recipe_create(stage.run(), "n", None, None).await.unwrap_err();
        assert_eq!(error.class, Class::Quota, "{error}");
        assert!(!error.maybe_done);
        assert_eq!(stage.keys.lock().unwrap().len(), most);
    }
}

#[tokio::test]
async fn full_as_the_provider_says_it_is_a_quota() {
    let outbound = outbound();
    let aws = all().into_iter().find(|provider| provider.name == "aws-iam").unwrap();
    let mut stage = stage(&aws, |_| None).await;
    // Somebody else made the second one since the keys were counted.
    stage.recipe.most = None;
    stage.keys.lock().unwrap().extend([1, 2].map(|n| (format!("AKID{n}"), String::new())));
    let error = outbound.recipe_create(stage.run(), "n", None, None).await.unwrap_err();
    assert!(error.class == Class::Quota && !error.maybe_done, "{error}");
    assert_eq!(stage.keys.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_that_may_not_do_what_is_tried_is_known_all_the_same() {
    let only = r#"{"statusCode":401,"message":"This API key is restricted to only send emails","name":"restricted_api_key"}"#;
    let no_role = r#"{"message":"You'll need additional permissions to perform this action"}"#;
    let no_repositories = r#"{"message":"Resource not accessible by integration"}"#;
    for (name, answer) in [
        ("resend", Reply::json(401, only)),
        ("grafana", Reply::json(403, no_role)),
        ("github-app", Reply::json(403, no_repositories)),
    ] {
        let provider = all().into_iter().find(|provider| provider.name == name).unwrap();
        let stage = stage(&provider, move |_| Some(answer.clone())).await;
        outbound().recipe_probe(stage.run(), &SecretString::from("v"), None).await.unwrap();
    }
}

#[tokio::test]
async fn what_else_providers_answer_has_its_class() {
    let outbound = outbound();
    let cloudflare = |code: u32| serde_json::json!({ "success": false, "errors": [{ "code": code, "message": "no" }], "result": null });
    for (name, answer, class) in [
        ("openai", Reply::json(429, r#"{"error":{"code":"insufficient_quota"}}"#), Class::Quota),
        ("openai", Reply::json(429, r#"{"error":{"code":"rate_limit_exceeded"}}"#), Class::Transient),
        ("cloudflare", Reply::json(400, cloudflare(6003)), Class::Auth),
        ("cloudflare", Reply::json(400, cloudflare(1001)), Class::Config),
        ("resend", Reply::json(401, r#"{"statusCode":401,"name":"missing_api_key"}"#), Class::Auth),
        ("resend", Reply::json(403, r#"{"statusCode":403,"name":"invalid_api_key"}"#), Class::Auth),
        ("resend", Reply::json(422, r#"{"statusCode":422,"name":"missing_required_field"}"#), Class::Config),
        ("openrouter", Reply::json(403, r#"{"error":{"code":403}}"#), Class::Auth),
        ("grafana", Reply::json(409, r#"{"message":"exists"}"#), Class::Config),
        ("aws-iam", providers::aws_error(403, "SignatureDoesNotMatch"), Class::Auth),
        ("aws-iam", providers::aws_error(403, "AccessDenied"), Class::Auth),
        ("aws-iam", providers::aws_error(403, "ExpiredToken"), Class::Auth),
        ("aws-iam", providers::aws_error(409, "LimitExceeded"), Class::Quota),
        ("aws-iam", providers::aws_error(409, "ConcurrentModification"), Class::Config),
        ("aws-iam", providers::aws_error(400, "RequestThrottled"), Class::Transient),
        ("aws-iam", providers::aws_error(400, "IncompleteSignature"), Class::Config),
        ("aws-iam", providers::aws_error(404, "NoSuchEntity"), Class::Config),
        ("aws-iam", providers::aws_error(400, "Throttling"), Class::Transient),
        ("aws-iam", providers::aws_error(400, "RequestExpired"), Class::Transient),
        ("aws-iam", providers::aws_error(500, "ServiceFailure"), Class::Transient),
        ("gitlab", Reply::json(403, r#"{"message":"403 Forbidden"}"#), Class::Auth),
        ("gitlab", Reply::json(405, r#"{"message":"405 Method Not Allowed"}"#), Class::Config),
        ("github-app", Reply::json(404, r#"{"message":"Not Found"}"#), Class::Config),
        (
            "github-app",
            Reply::json(403, r#"{"message":"This installation has been suspended"}"#),
            Class::Auth,
        ),
        ("github-app", Reply::json(422, r#"{"message":"Validation Failed"}"#), Class::Config),
        (
            "github-app",
            Reply::json(403, r#"{"message":"API rate limit exceeded"}"#).with("x-ratelimit-remaining", 0),
            Class::Transient,
        ),
        (
            "github-app",
            Reply::json(403, r#"{"message":"You have exceeded a secondary rate limit. Please wait"}"#),
            Class::Transient,
        ),
        ("twilio", Reply::json(400, providers::twilio_error(70151, 400)), Class::Quota),
        ("twilio", Reply::json(400, providers::twilio_error(20001, 400)), Class::Config),
        ("twilio", Reply::json(429, providers::twilio_error(20429, 429)), Class::Transient),
    ] {
        let provider = all().into_iter().find(|provider| provider.name == name).unwrap();
        let shown = format!("{name}: {answer:?}");
        let mut stage = stage(&provider, move |_| Some(answer.clone())).await;
        stage.recipe.most = None;
        let current = SecretString::from("current-value");
        let error = outbound.recipe_create(stage.run(), "n", Some(&current), None).await.unwrap_err();
        assert_eq!(error.class, class, "{shown}: {error}");
    }
}

#[tokio::test]
async fn whoever_counts_calls_is_left_alone_until_it_counts_anew() {
    let outbound = outbound();
    // The clock stands at 2026-11-26T00:00:00Z.
    let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes."}"#;
    for (name, answer, seconds) in [
        (
            "github-app",
            Reply::status(403).with("x-ratelimit-remaining", 0).with("x-ratelimit-reset", 1_795_652_100),
            900,
        ),
        ("github-app", Reply::status(403).with("retry-after", 120), 120),
        ("github-app", Reply::json(403, secondary), 60),
        ("datadog", Reply::status(429).with("x-ratelimit-reset", 17), 17),
        ("openrouter", Reply::status(429).with("x-ratelimit-reset", 1_795_651_230_000_u64), 30),
        ("gitlab", Reply::status(429).with("ratelimit-reset", 1_795_651_260), 60),
        ("resend", Reply::status(429).with("ratelimit-reset", 9).with("retry-after", 1), 1),
    ] {
        let provider = all().into_iter().find(|provider| provider.name == name).unwrap();
        let shown = format!("{name}: {answer:?}");
        let stage = stage(&provider, move |_| Some(answer.clone())).await;
        // Too often says nothing of a value either.
        let error = outbound.recipe_probe(stage.run(), &SecretString::from("v"), None).await.unwrap_err();
        let waits = error.retry_after.map(|wait| wait.as_secs());
        assert_eq!((error.class, waits), (Class::Transient, Some(seconds)), "{shown}: {error}");
    }
}

#[tokio::test]
async fn an_expiring_value_says_until_when() {
    for (name, until) in [("github-app", "2026-11-26T01:00:00Z"), ("gitlab", "2027-02-24T00:00:00Z")] {
        let provider = all().into_iter().find(|provider| provider.name == name).unwrap();
        let stage = stage(&provider, |_| None).await;
        let current = SecretString::from("current-value");
        let made = outbound().recipe_create(stage.run(), "n", Some(&current), None).await.unwrap();
        assert_eq!(made.expires_at.unwrap().to_string(), until, "{name}");
    }
}

#[tokio::test]
async fn a_new_value_is_tried_until_it_is_known_everywhere() {
    let openrouter = all().into_iter().find(|provider| provider.name == "openrouter").unwrap();
    let tries = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&tries);
    let mut stage = stage(&openrouter, move |_| {
        let mut tries = counted.lock().unwrap();
        *tries += 1;
        Some(Reply::status(if *tries < 2 { 401 } else { 200 }))
    })
    .await;
    stage.recipe.settle_seconds = 10;
    outbound().recipe_probe(stage.run(), &SecretString::from("v"), None).await.unwrap();
    assert_eq!(*tries.lock().unwrap(), 2);
}

#[tokio::test]
async fn long_lists_are_read_to_their_end_and_loops_are_seen() {
    let outbound = outbound();
    for name in ["openai", "openrouter", "cloudflare", "datadog", "twilio", "resend"] {
        let provider = all().into_iter().find(|provider| provider.name == name).unwrap();
        let stage = stage(&provider, |_| None).await;
        stage.keys.lock().unwrap().extend((0..250).map(|n| (format!("k{n:03}"), format!("n{n}"))));
        let found = outbound.recipe_list(stage.run(), "n").await.unwrap();
        assert_eq!(found.len(), 250, "{name}");
    }
    let openai = all().into_iter().find(|provider| provider.name == "openai").unwrap();
    let page = r#"{"object":"list","data":[{"id":"a","name":"b"}],"last_id":"a","has_more":true}"#;
    let stage = stage(&openai, move |_| Some(Reply::json(200, page))).await;
    let error = outbound.recipe_list(stage.run(), "n").await.unwrap_err();
    assert!(error.class == Class::Config && error.detail.contains("loop"), "{error}");
    assert!(stage.server.asked().len() <= 3);
}

#[tokio::test]
async fn the_operator_s_own_recipes_come_first_and_work_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        crate::outbound::OutboundSettings { folder: Some(folder.path().to_owned()), ..Default::default() };
    let outbound = crate::outbound::Outbound::new(settings, crate::clock::Clock::system());
    assert_eq!(outbound.recipe("resend").await.unwrap().title, "Resend: API keys");
    assert!(outbound.recipe("nobody").await.is_err());
    std::fs::create_dir(folder.path().join("recipes")).unwrap();
    let own = Recipe::shipped("resend").unwrap().replace("Resend: API keys", "Mine");
    for (name, text) in [("resend", own.as_str()), ("mine", own.as_str()), ("broken", "mode = 7")] {
        std::fs::write(folder.path().join(format!("recipes/{name}.toml")), text).unwrap();
    }
    assert_eq!(outbound.recipe("resend").await.unwrap().title, "Mine");
    assert_eq!(outbound.recipe("mine").await.unwrap().name, "mine");
    assert!(outbound.recipe("broken").await.unwrap_err().to_string().contains("mode"));
    for wrong in ["../resend", "", "A", "a/b"] {
        assert!(outbound.recipe(wrong).await.is_err(), "{wrong}");
    }
    let all = outbound.recipes().await;
    assert_eq!(all.len(), 14);
    let broken = all.iter().find(|entry| entry.name == "broken").unwrap();
    assert!(broken.own && broken.recipe.is_err());
}
