//! CBR and IAM with an access key: what is signed rightly is served, and everything else is refused.

mod common;

use std::time::Duration;

use backup_sync_engine::{Outcome, Provider as _};
use backup_sync_simulator::{Endpoint, Settings, Simulator};
use common::cloud::{Cloud, id};
use common::{Anything, cbr_config, http, only, start, synchronize};
use huawei_cbr::signing::{ToSign, canonical, sign};
use huawei_cbr::{Cbr, Credentials, Keys};
use serde_json::{Value, json};

/// Names and values in the order in which they are sent.
type Headers = Vec<(String, String)>;

/// The time at which the clock of the tests begins.
const NOW: &str = "20260302T090000Z";

fn keys(endpoint: &Endpoint) -> Keys {
    Keys {
        access: endpoint.access_key.clone().unwrap_or_default(),
        secret: endpoint.secret_key.clone().unwrap_or_default().into(),
        security_token: endpoint.security_token.clone().map(Into::into),
    }
}

async fn connect(simulator: &Simulator) -> Result<Cbr, Box<dyn std::error::Error>> {
    let endpoint = only(simulator)?;
    let credentials = Credentials::Keys(keys(endpoint));
    Ok(Cbr::connect(&huawei_cbr::Config { credentials, ..cbr_config(simulator, endpoint) }).await?)
}

#[tokio::test]
async fn keys_find_the_project_and_synchronize() -> Anything {
    let temporary = Settings { cbr_temporary_keys: Some(Duration::from_secs(900)), ..Settings::default() };
    for settings in [Settings::default(), temporary] {
        let simulator = start(Simulator::builder().cbr("cloud").settings(settings)).await?;
        let provider = connect(&simulator).await?;
        assert_eq!(Some(provider.project_id()), only(&simulator)?.project_id.as_deref());
        let story = synchronize(&simulator, &provider, "hybrid-1", 20).await?;
        assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{:?}", story.outcome);
        assert!(!simulator.requests().iter().any(|request| request.path.ends_with("/tokens")), "no token is needed");
    }
    Ok(())
}

#[tokio::test]
async fn temporary_keys_end() -> Anything {
    let settings = Settings { cbr_temporary_keys: Some(Duration::from_secs(900)), ..Settings::default() };
    let simulator = start(Simulator::builder().cbr("cloud").settings(settings)).await?;
    let provider = connect(&simulator).await?;
    simulator.clock().advance(Duration::from_secs(900));
    let error = provider.targets().await.err().ok_or("the key still opens")?;
    assert!(error.to_string().contains("APIGW.0307"), "{error}");
    Ok(())
}

/// A key that somebody asks for opens the same doors, until it ends.
#[tokio::test]
async fn temporary_keys_are_made_of_a_token() -> Anything {
    let cloud = Cloud::new().await?;
    let wanted =
        |seconds: i64| json!({"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": seconds}}}});
    let operation = "CreateTemporaryAccessKeyByToken";
    let answer = cloud.ok(operation, &[], Some(wanted(3600))).await?;
    let credential = &answer["credential"];
    assert_eq!(credential["expires_at"], "2026-03-02T10:00:00.000000Z");
    let [access, secret, token] = ["access", "secret", "securitytoken"].map(|name| id(&credential[name]));
    let connect = async |secret: &str, token: Option<&str>| {
        let keys = Keys {
            access: access.clone(),
            secret: secret.to_owned().into(),
            security_token: token.map(|token| token.to_owned().into()),
        };
        let config = cbr_config(&cloud.simulator, only(&cloud.simulator)?);
        let provider = Cbr::connect(&huawei_cbr::Config { credentials: Credentials::Keys(keys), ..config }).await?;
        Ok::<_, Box<dyn std::error::Error>>(provider.targets().await?.len())
    };
    assert_eq!(connect(&secret, Some(&token)).await?, 1);
    for (secret, token) in [("wrong", Some(token.as_str())), (&secret, None), (&secret, Some("another"))] {
        assert!(connect(secret, token).await.is_err(), "{token:?}");
    }
    // The lasting key of the account does not mind.
    assert_eq!(connect_with_keys(&cloud).await?, 1);
    cloud.pass(3600);
    let error = connect(&secret, Some(&token)).await.err().ok_or("the key still opens")?;
    assert!(error.to_string().contains("APIGW.0307"), "{error}");
    for seconds in [899, 86_401] {
        assert_eq!(cloud.call(operation, &[], Some(wanted(seconds))).await?.0, 400);
    }
    let other = json!({"auth": {"identity": {"methods": ["password"]}}});
    assert_eq!(cloud.call(operation, &[], Some(other)).await?.0, 400);
    let mut stolen = wanted(900);
    stolen["auth"]["identity"]["token"]["id"] = json!("MII0");
    let (status, answer) = cloud.call(operation, &[], Some(stolen)).await?;
    assert_eq!((status, &answer["error"]["code"]), (401, &json!(401)));
    Ok(())
}

async fn connect_with_keys(cloud: &Cloud) -> Result<usize, Box<dyn std::error::Error>> {
    Ok(connect(&cloud.simulator).await?.targets().await?.len())
}

/// A request in the making, for one that goes wrong in a single place.
struct Draft {
    path: String,
    query: Vec<(String, String)>,
    headers: Headers,
    body: String,
    date: String,
    keys: Keys,
}

impl Draft {
    /// `ListVault`, with a query that has to be encoded.
    fn new(endpoint: &Endpoint) -> Self {
        let query = [("name", "a+b c/ä~"), ("limit", "10")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            path: format!("/v3/{}/vaults", endpoint.project_id.clone().unwrap_or_default()),
            query: query.to_vec(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: String::new(),
            date: NOW.to_owned(),
            keys: keys(endpoint),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Signs and sends; `spoil` changes the headers after that.
    async fn send(
        &self,
        endpoint: &Endpoint,
        spoil: impl Fn(&mut Headers),
    ) -> Result<(u16, Value), Box<dyn std::error::Error>> {
        let host = endpoint.url.trim_start_matches("http://");
        let to_sign = ToSign {
            method: if self.body.is_empty() { "GET" } else { "POST" },
            host,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_bytes(),
        };
        let signed = sign(&to_sign, &self.keys, &self.date)?;
        let mut headers = self.headers.clone();
        headers.extend(signed.added.iter().filter(|(name, _)| name != "Host").cloned());
        headers.push(("authorization".to_owned(), signed.authorization.clone()));
        spoil(&mut headers);
        let url = format!("{}{}?{}", endpoint.url, self.path, signed.query);
        let method = reqwest::Method::from_bytes(to_sign.method.as_bytes())?;
        let mut request = http()?.request(method, url).body(self.body.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }
}

fn untouched(_: &mut Headers) {}

/// Replaces the first occurrence in the header of this name.
fn replace(name: &'static str, from: &'static str, to: &'static str) -> impl Fn(&mut Headers) {
    move |headers| {
        for (_, value) in headers.iter_mut().filter(|(header, _)| header.eq_ignore_ascii_case(name)) {
            *value = value.replacen(from, to, 1);
        }
    }
}

#[tokio::test]
async fn right_signatures_are_accepted_in_every_documented_form() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let endpoint = only(&simulator)?;
    let project = endpoint.project_id.clone().unwrap_or_default();
    let edges = [("20260302T084500Z", "15 minutes old"), ("20260302T091500Z", "15 minutes early")];
    for (date, what) in edges {
        let draft = Draft { date: date.to_owned(), ..Draft::new(endpoint) };
        assert_eq!(draft.send(endpoint, untouched).await?.0, 200, "{what}");
    }
    let named = Draft::new(endpoint).with("x-project-id", &project);
    assert_eq!(named.send(endpoint, untouched).await?.0, 200, "its own project is named");
    // Unsigned body, and one whose hash is declared.
    let login = Draft { path: format!("/v3/{project}/checkpoints/sync"), query: Vec::new(), ..Draft::new(endpoint) };
    let vault = &endpoint.targets.first().ok_or("no vault")?.id;
    let body = json!({"sync": {"vault_id": vault, "auto_trigger": false}}).to_string();
    let unsigned = Draft { body: body.clone(), ..login }.with("x-sdk-content-sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(unsigned.send(endpoint, untouched).await?.0, 200, "an unsigned body");
    Ok(())
}

#[tokio::test]
async fn signed_headers_may_be_named_in_any_order() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let endpoint = only(&simulator)?;
    let host = endpoint.url.trim_start_matches("http://").to_owned();
    let path = format!("/v3/{}/vaults", endpoint.project_id.clone().unwrap_or_default());
    let headers = [("x-sdk-date".to_owned(), NOW.to_owned()), ("host".to_owned(), host)];
    let text = canonical::request("GET", &path, &[], &headers, &canonical::payload_hash(None, b""))?;
    let signature = canonical::signature(&keys(endpoint).secret, &canonical::string_to_sign(NOW, &text))?;
    let access = endpoint.access_key.clone().unwrap_or_default();
    let authorization =
        format!("SDK-HMAC-SHA256 Access={access}, SignedHeaders=x-sdk-date;host, Signature={signature}");
    let request = http()?.get(format!("{}{path}", endpoint.url)).header("x-sdk-date", NOW);
    assert_eq!(request.header("authorization", authorization).send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn wrong_signatures_are_refused_in_the_words_of_the_gateway() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let endpoint = only(&simulator)?;
    let fail = "verify aksk signature fail";
    let expect = async |draft: Draft, spoil: &dyn Fn(&mut Headers), message: &str| -> Anything {
        let (status, body) = draft.send(endpoint, spoil).await?;
        let told = body["error_msg"].as_str().unwrap_or_default();
        assert_eq!((status, &body["error_code"]), (401, &json!("APIGW.0301")), "{body}");
        assert!(told.contains(message) && body["request_id"].is_string(), "{body} lacks {message}");
        // A right one in between keeps the key from being locked.
        assert_eq!(Draft::new(endpoint).send(endpoint, untouched).await?.0, 200);
        Ok(())
    };
    let wrong = Keys { secret: "planted".to_owned().into(), ..keys(endpoint) };
    expect(Draft { keys: wrong, ..Draft::new(endpoint) }, &untouched, fail).await?;
    let stranger = Keys { access: "STRANGER".to_owned(), ..keys(endpoint) };
    expect(Draft { keys: stranger, ..Draft::new(endpoint) }, &untouched, "ak not exist").await?;
    for date in ["20260302T084459Z", "20260302T091501Z", "20260302T0900Z", "2026-03-02T09:00Z"] {
        expect(Draft { date: date.to_owned(), ..Draft::new(endpoint) }, &untouched, fail).await?;
    }
    expect(Draft::new(endpoint), &replace("content-type", "json", "jsonx"), fail).await?;
    expect(Draft::new(endpoint), &replace("authorization", "host;", ""), fail).await?;
    expect(Draft::new(endpoint), &replace("authorization", "content-type;", "content-type;x-none;"), fail).await?;
    expect(Draft::new(endpoint), &replace("authorization", "Signature=", "Signatur="), fail).await?;
    expect(Draft::new(endpoint), &replace("authorization", "SDK-HMAC-SHA256", "SDK-HMAC-SM3"), fail).await?;
    expect(Draft::new(endpoint).with("x-security-token", "t"), &untouched, "security token").await?;
    let hash = canonical::payload_hash(None, b"other");
    let path = format!("/v3/{}/backups/sync", endpoint.project_id.clone().unwrap_or_default());
    let body = Draft { path, body: "{}".to_owned(), ..Draft::new(endpoint) };
    expect(body.with("x-sdk-content-sha256", &hash), &untouched, "hash of the body").await?;
    Ok(())
}

#[tokio::test]
async fn another_project_is_not_usable() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let endpoint = only(&simulator)?;
    let draft = Draft::new(endpoint).with("x-project-id", "0123456789abcdef0123456789abcdef");
    let (status, body) = draft.send(endpoint, untouched).await?;
    assert_eq!((status, &body["error_code"]), (403, &json!("APIGW.0310")));
    Ok(())
}

#[tokio::test]
async fn six_failures_lock_the_key_for_five_minutes() -> Anything {
    let simulator = start(Simulator::builder().cbr("cloud")).await?;
    let endpoint = only(&simulator)?;
    for _ in 0..6 {
        let wrong = Keys { secret: "planted".to_owned().into(), ..keys(endpoint) };
        let draft = Draft { keys: wrong, ..Draft::new(endpoint) };
        assert!(draft.send(endpoint, untouched).await?.1.to_string().contains("signature fail"));
    }
    let (status, body) = Draft::new(endpoint).send(endpoint, untouched).await?;
    let told = body["error_msg"].as_str().unwrap_or_default();
    assert!(status == 401 && told.contains("AK access failed to reach the limit,forbidden"), "{body}");
    simulator.clock().advance(Duration::from_secs(300));
    let draft = Draft { date: "20260302T090500Z".to_owned(), ..Draft::new(endpoint) };
    assert_eq!(draft.send(endpoint, untouched).await?.0, 200);
    Ok(())
}
