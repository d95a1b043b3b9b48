//! Strikes out secrets that a vendor repeats in what it says of a failure.
//!
//! The connection knows its secrets: those it was configured with, those that logins have given, and those that the
//! refused request itself carried. Only the words for people are changed, never an answer of success.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{HeaderMap, SET_COOKIE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Request;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::auth::{base64, unbase64};
use crate::operation::Operation;

/// What stands where a secret stood.
pub(crate) const STRUCK: &str = "[redacted]";
/// Shorter values are left: striking them out would garble the sentence and so tell what they are.
const SHORTEST: usize = 4;
/// So many tokens of the past are remembered.
const REMEMBERED: usize = 64;
/// Everything but letters, digits, `-`, `_`, `.` and `~`.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

type Secret = Zeroizing<String>;

/// The secrets of a connection, shared by all connections made from it.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    configured: Arc<[SecretString]>,
    given: Arc<Mutex<VecDeque<SecretString>>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    pub(crate) fn new(configured: Vec<SecretString>) -> Self {
        Self { configured: configured.into(), given: Arc::default() }
    }

    /// Remembers the tokens that an answer of success gives.
    pub(crate) fn learn(&self, operation: &Operation, headers: &HeaderMap, body: &[u8]) {
        if operation.secrets.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for value in operation.secrets.iter().filter_map(|name| headers.get(*name)) {
            found.extend(value.to_str().ok().map(|text| Secret::new(text.to_owned())));
        }
        if let Ok(value) = serde_json::from_slice(body) {
            members(&value, operation.secrets, &mut found);
        }
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in found {
            if !given.iter().any(|known| known.expose_secret() == secret.as_str()) {
                given.push_back(SecretString::from(secret.as_str()));
            }
        }
        while given.len() > REMEMBERED {
            given.pop_front();
        }
    }

    /// Everything to strike out of the answer to `carried`, in all forms in which servers repeat things, longest first.
    pub(crate) fn strike_list(&self, carried: &Carried, answer: &HeaderMap) -> StrikeList {
        let mut secrets = carried.secrets();
        secrets.extend(answer.get_all(SET_COOKIE).iter().filter_map(|cookie| {
            let pair = cookie.to_str().ok()?.split(';').next()?;
            Some(Secret::new(pair.split_once('=')?.1.trim().to_owned()))
        }));
        let copy = |secret: &SecretString| Secret::new(secret.expose_secret().to_owned());
        secrets.extend(self.configured.iter().map(copy));
        secrets.extend(self.given.lock().unwrap_or_else(PoisonError::into_inner).iter().map(copy));
        let mut forms: Vec<Secret> =
            secrets.iter().filter(|secret| secret.len() >= SHORTEST).flat_map(|secret| forms(secret)).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        StrikeList(forms)
    }
}

/// What has to be struck out of one answer.
#[derive(Default)]
pub(crate) struct StrikeList(Vec<Secret>);

impl StrikeList {
    pub(crate) fn strike(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for form in self.0.iter().filter(|form| form.len() >= SHORTEST) {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), STRUCK);
            }
        }
        text
    }
}

/// The parts of a request that may hold secrets. Taken before it is sent, looked into only when it is refused.
pub(crate) struct Carried {
    /// Mostly there is one, and no list is needed.
    first: Option<http::HeaderValue>,
    further: Vec<http::HeaderValue>,
    body: Zeroizing<Vec<u8>>,
    names: &'static [&'static str],
}

impl Carried {
    pub(crate) fn by(request: &Request, operation: &Operation) -> Self {
        let mut sensitive = request.headers().values().filter(|value| value.is_sensitive()).cloned();
        let (first, further) = (sensitive.next(), sensitive.collect());
        let body = request.body().and_then(reqwest::Body::as_bytes).filter(|_| !operation.secrets.is_empty());
        let body = Zeroizing::new(body.map(<[u8]>::to_vec).unwrap_or_default());
        Self { first, further, body, names: operation.secrets }
    }

    fn secrets(&self) -> Vec<Secret> {
        let mut found = Vec::new();
        for text in self.first.iter().chain(&self.further).filter_map(|value| value.to_str().ok()) {
            found.push(Secret::new(text.to_owned()));
            let Some((scheme, credentials)) = text.split_once(' ') else { continue };
            found.push(Secret::new(credentials.to_owned()));
            if scheme.eq_ignore_ascii_case("basic")
                && let Some(plain) = unbase64(credentials)
                && let Some((_, password)) = plain.split_once(':')
            {
                found.push(Secret::new(password.to_owned()));
            }
        }
        match serde_json::from_slice(&self.body) {
            Ok(value) => members(&value, self.names, &mut found),
            Err(_) => form(&self.body, self.names, &mut found),
        }
        found
    }
}

/// The values of the members called `names`, at any depth.
fn members(value: &Value, names: &[&str], found: &mut Vec<Secret>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| members(item, names, found)),
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if names.contains(&name.as_str()) => found.push(Secret::new(text.clone())),
                    other => members(other, names, found),
                }
            }
        }
        _ => {}
    }
}

/// The values of the fields called `names` of a form.
fn form(body: &[u8], names: &[&str], found: &mut Vec<Secret>) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let Ok(mut url) = reqwest::Url::parse("form:/") else { return };
    url.set_query(Some(text));
    let pairs = url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref()));
    found.extend(pairs.map(|(_, value)| Secret::new(value.into_owned())));
}

/// The same with the digits of `%7E` in lower case.
fn lower_percent(text: &str) -> String {
    let mut after = 0;
    text.chars()
        .map(|character| {
            after = if character == '%' { 3 } else { usize::saturating_sub(after, 1) };
            if after > 0 { character.to_ascii_lowercase() } else { character }
        })
        .collect()
}

/// A secret as it is, percent-encoded, as part of a form, inside a JSON text, and in base64.
fn forms(secret: &str) -> Vec<Secret> {
    let quoted = Secret::new(Value::from(secret).to_string());
    let percent = utf8_percent_encode(secret, RESERVED).to_string();
    let lower = Secret::new(lower_percent(&percent));
    vec![
        Secret::new(secret.to_owned()),
        Secret::new(lower.replace("%20", "+")),
        lower,
        Secret::new(percent.replace("%20", "+")),
        Secret::new(percent),
        Secret::new(quoted.trim_matches('"').to_owned()),
        // Without the padding, which is the part that depends on what follows.
        Secret::new(base64(secret.as_bytes()).trim_end_matches('=').to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use http::Method;
    use http::header::{AUTHORIZATION, HeaderValue};

    use super::*;

    const LOGIN: Operation = Operation {
        id: "Login",
        function: "login",
        method: "POST",
        path: "/login",
        summary: "",
        idempotent: true,
        starts_job: false,
        authenticated: false,
        secrets: &["password", "access_token", "x-subject-token"],
        ..Operation::BLANK
    };

    fn request(body: &str) -> Request {
        let mut request = Request::new(Method::POST, "http://127.0.0.1/login".parse().unwrap());
        *request.body_mut() = Some(body.to_owned().into());
        request
    }

    fn struck(redactor: &Redactor, request: &Request, text: &str) -> String {
        redactor.strike_list(&Carried::by(request, &LOGIN), &HeaderMap::new()).strike(text)
    }

    #[test]
    fn configured_secrets_are_struck_out_in_every_form() {
        let redactor = Redactor::new(vec![SecretString::from("pl@nted \"word\"")]);
        for text in [
            "pl@nted \"word\"",
            r#"pl@nted \"word\""#,
            "pl%40nted%20%22word%22",
            "pl%40nted+%22word%22",
            "cGxAbnRlZCAid29yZCI=",
        ] {
            let told = struck(&redactor, &request(""), &format!("no: {text} is wrong"));
            assert!(told.starts_with("no: [redacted]") && told.ends_with(" is wrong"), "{text}: {told}");
        }
        assert!(!format!("{redactor:?}").contains("pl@nted"));
    }

    #[test]
    fn what_the_request_carried_is_struck_out() {
        let redactor = Redactor::default();
        for body in ["username=sync&password=planted+one", r#"{"auth":{"user":{"password":"planted one"}}}"#] {
            assert_eq!(struck(&redactor, &request(body), "sync: planted one"), "sync: [redacted]", "{body}");
        }
        let mut basic = request("");
        let mut value = HeaderValue::from_static("Basic c3luYzpwbGFudGVk");
        value.set_sensitive(true);
        basic.headers_mut().insert(AUTHORIZATION, value);
        assert_eq!(struck(&redactor, &basic, "Basic c3luYzpwbGFudGVk: planted"), "[redacted]: [redacted]");
    }

    #[test]
    fn what_a_login_gave_is_struck_out_of_later_answers() {
        let redactor = Redactor::default();
        let mut headers = HeaderMap::new();
        headers.insert("x-subject-token", HeaderValue::from_static("planted-subject"));
        redactor.learn(&LOGIN, &headers, br#"{"access_token":"planted-access","expires_in":3600}"#);
        let told = struck(&redactor, &request(""), "planted-access planted-subject 3600");
        assert_eq!(told, "[redacted] [redacted] 3600");
        for index in 0..200 {
            redactor.learn(&LOGIN, &HeaderMap::new(), format!(r#"{{"access_token":"token-{index}"}}"#).as_bytes());
        }
        assert_eq!(redactor.given.lock().unwrap().len(), REMEMBERED);
    }

    #[test]
    fn cookies_that_came_with_the_answer_are_struck_out_and_short_values_left() {
        let mut headers = HeaderMap::new();
        headers.insert(SET_COOKIE, HeaderValue::from_static("sid=planted-cookie; Path=/; HttpOnly"));
        let redactor = Redactor::new(vec![SecretString::from("no")]);
        let list = redactor.strike_list(&Carried::by(&request(""), &LOGIN), &headers);
        assert_eq!(list.strike("no: sid=planted-cookie; Path=/"), "no: sid=[redacted]; Path=/");
    }
}
