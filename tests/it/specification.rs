//! The specification's "API Documentation", word for word: what it sends is sent as it stands there, and what it shows
//! must be in the answer, under the same names and of the same types.

use serde_json::{Value, json};

use crate::harness::Daemon;

const OPEN: [(&str, &str); 2] = [("auth.registration", "open"), ("limits.exempt", "[\"127.0.0.0/8\"]")];

const REGISTER: &str = r#"{
  "name": "John Doe",
  "email": "john@example.com",
  "password": "securePassword123"
}"#;
const REGISTERED: &str = r#"{
  "message": "User created successfully",
  "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
  "user": {
    "id": "64f8a1b2c3d4e5f6a7b8c9d0",
    "name": "John Doe",
    "email": "john@example.com",
    "subscription": {
      "plan": "free",
      "limits": {
        "apiKeys": 5,
        "monthlyRequests": 1000
      }
    }
  }
}"#;
const LOGIN: &str = r#"{
  "email": "john@example.com",
  "password": "securePassword123"
}"#;
const LOGGED_IN: &str = r#"{
  "message": "Login successful",
  "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
  "user": {
    "id": "64f8a1b2c3d4e5f6a7b8c9d0",
    "name": "John Doe",
    "email": "john@example.com"
  }
}"#;
const KEYS: &str = r#"{
  "keys": [
    {
      "_id": "64f8a1b2c3d4e5f6a7b8c9d1",
      "name": "OpenAI Production Key",
      "service": "OpenAI",
      "keyId": "ak_prod_abc123",
      "environment": "production",
      "status": "active",
      "lastUsed": "2024-01-15T10:30:00Z",
      "usageCount": 1250,
      "monthlyLimit": 10000,
      "currentMonthUsage": 3420,
      "createdAt": "2024-01-01T00:00:00Z"
    }
  ],
  "pagination": {
    "page": 1,
    "limit": 20,
    "total": 1,
    "pages": 1
  }
}"#;
const CREATE: &str = r#"{
  "name": "OpenAI Development Key",
  "service": "OpenAI",
  "apiKey": "sk-1234567890abcdef...",
  "passphrase": "mySecurePassphrase123",
  "description": "Development environment key for testing",
  "environment": "development",
  "monthlyLimit": 5000,
  "tags": ["development", "openai", "testing"]
}"#;
const CREATED: &str = r#"{
  "_id": "64f8a1b2c3d4e5f6a7b8c9d2",
  "name": "OpenAI Development Key",
  "service": "OpenAI",
  "keyId": "ak_dev_xyz789",
  "environment": "development",
  "status": "active",
  "monthlyLimit": 5000,
  "tags": ["development", "openai", "testing"],
  "createdAt": "2024-01-15T12:00:00Z"
}"#;
const USAGE: &str = r#"{
  "keyId": "ak_prod_abc123",
  "timeframe": "week",
  "summary": {
    "totalRequests": 1250,
    "successfulRequests": 1180,
    "failedRequests": 70,
    "successRate": 94.4,
    "averageResponseTime": 245
  },
  "dailyBreakdown": [
    {
      "date": "2024-01-15",
      "requests": 180,
      "errors": 12,
      "avgResponseTime": 230
    }
  ],
  "topEndpoints": [
    {
      "endpoint": "/v1/chat/completions",
      "requests": 850,
      "percentage": 68.0
    }
  ]
}"#;
const TRACK: &str = r#"{
  "endpoint": "/v1/chat/completions",
  "method": "POST",
  "statusCode": 200,
  "responseTime": 245,
  "requestSize": 1024,
  "responseSize": 2048,
  "metadata": {
    "model": "gpt-3.5-turbo",
    "tokens": 150
  }
}"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Everything that is shown is there, of the same type; a list's items are all like the one that is shown.
#[track_caller]
fn is_shaped(at: &str, shown: &Value, ours: &Value) {
    match (shown, ours) {
        (Value::Object(shown), Value::Object(ours)) => {
            for (name, shown) in shown {
                let ours = ours.get(name).unwrap_or_else(|| panic!("{at}/{name} is missing"));
                is_shaped(&format!("{at}/{name}"), shown, ours);
            }
        }
        (Value::Array(shown), Value::Array(ours)) => {
            assert!(!ours.is_empty(), "{at} is empty");
            for (index, ours) in ours.iter().enumerate() {
                is_shaped(&format!("{at}/{index}"), &shown[0], ours);
            }
        }
        (Value::String(shown), Value::String(ours)) => {
            let is_time = |text: &str| text.parse::<jiff::Timestamp>().is_ok();
            assert!(!is_time(shown) || is_time(ours), "{at} is no time: {ours}");
        }
        (Value::Number(_), Value::Number(_)) => {}
        _ => panic!("{at}: {shown} is shown, and this came: {ours}"),
    }
}

/// What an example gives back of what it was sent is exactly that.
#[track_caller]
fn gives_back(sent: &Value, ours: &Value, names: &[&str]) {
    for name in names {
        assert_eq!(ours[name], sent[name], "{name}");
    }
}

#[tokio::test]
async fn every_example_is_answered_as_it_is_shown() {
    let daemon = Daemon::with(&OPEN).await;
    let joined = daemon.http().post("/api/auth/register", &json(REGISTER)).await.expect(201);
    is_shaped("", &json(REGISTERED), &joined);
    assert_eq!(joined["message"], "User created successfully");
    assert_eq!(joined["user"]["subscription"], json(REGISTERED)["user"]["subscription"]);

    let back = daemon.http().post("/api/auth/login", &json(LOGIN)).await.expect(200);
    is_shaped("", &json(LOGGED_IN), &back);
    assert_eq!(back["message"], "Login successful");
    gives_back(&joined["user"], &back["user"], &["id", "name", "email"]);
    let http = daemon.http().bearer(back["token"].as_str().unwrap());

    let made = http.post("/api/keys", &json(CREATE)).await.expect(201);
    is_shaped("", &json(CREATED), &made);
    gives_back(&json(CREATE), &made, &["name", "service", "environment", "monthlyLimit", "tags"]);
    assert_eq!(made["status"], "active");
    let key = made["keyId"].as_str().unwrap();
    assert!(key.starts_with("ak_dev_"), "{key}");

    let tracked = http.post(&format!("/api/usage/{key}/track"), &json(TRACK)).await.expect(201);
    assert_eq!(tracked["accepted"], 1);

    for query in ["", "?page=1&limit=20&search=OpenAI&status=active&environment=development"] {
        let list = http.get(&format!("/api/keys{query}")).await.expect(200);
        is_shaped("", &json(KEYS), &list);
        assert_eq!(list["pagination"], json(KEYS)["pagination"]);
        assert_eq!(
            (&list["keys"][0]["usageCount"], &list["keys"][0]["currentMonthUsage"]),
            (&json!(1), &json!(1))
        );
    }
    for query in ["status=inactive", "status=expired", "environment=production", "search=nothing-like-it"] {
        let list = http.get(&format!("/api/keys?{query}")).await.expect(200);
        assert_eq!(list["keys"], json!([]), "{query}");
    }

    for timeframe in ["day", "week", "month", "year"] {
        for id in [key, made["_id"].as_str().unwrap()] {
            let report = http.get(&format!("/api/usage/{id}?timeframe={timeframe}")).await.expect(200);
            is_shaped("", &json(USAGE), &report);
            assert_eq!((&report["keyId"], &report["timeframe"]), (&json!(key), &json!(timeframe)));
            assert_eq!(report["summary"]["averageResponseTime"], json!(245.0));
            assert_eq!(
                report["topEndpoints"],
                json!([{ "endpoint": "/v1/chat/completions", "requests": 1, "percentage": 100.0 }])
            );
        }
    }
    let now = jiff::Timestamp::now();
    for (from, to) in [("2024-01-01", "2024-01-31"), ("2024-01-01T00:00:00Z", "2024-01-31T23:59:59.999Z")] {
        let path = format!("/api/usage/{key}?startDate={from}&endDate={to}");
        let report = http.get(&path).await.expect(200);
        assert_eq!(report["dailyBreakdown"].as_array().map(Vec::len), Some(31), "both days count");
        assert_eq!(report["summary"]["totalRequests"], 0);
    }
    let report = http.get(&format!("/api/usage/{key}?startDate={now}")).await.expect(200);
    assert_eq!(report["summary"]["totalRequests"], 1);
    daemon.stop().await;
}
