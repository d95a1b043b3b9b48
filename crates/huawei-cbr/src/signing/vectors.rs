//! Reads files of signing cases and compares what they expect with what this crate makes of them.

use backup_sync_runtime::SecretString;
use serde::Deserialize;

use super::{Keys, ToSign, sign};

/// One case.
#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    method: String,
    host: String,
    path: String,
    query: Vec<(String, String)>,
    headers: serde_json::Map<String, serde_json::Value>,
    body: String,
    ak: String,
    sk: String,
    sdk_date: String,
    canonical_request: String,
    string_to_sign: String,
    signed_headers: Vec<String>,
    authorization: String,
    wire_uri: String,
}

/// How many cases there were, and each difference as a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Number of cases.
    pub cases: usize,
    /// Differences.
    pub differences: Vec<String>,
}

/// Compares every case of a JSON text.
///
/// # Errors
///
/// When the text is not a list of cases.
pub fn compare(text: &str) -> Result<Comparison, serde_json::Error> {
    let cases: Vec<Case> = serde_json::from_str(text)?;
    let differences = cases.iter().flat_map(differences).collect();
    Ok(Comparison { cases: cases.len(), differences })
}

fn differences(case: &Case) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let headers: Vec<(String, String)> = case.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let to_sign = ToSign {
        method: &case.method,
        host: &case.host,
        path: &case.path,
        query: &case.query,
        headers: &headers,
        body: case.body.as_bytes(),
    };
    let keys = Keys { access: case.ak.clone(), secret: SecretString::from(case.sk.clone()), security_token: None };
    let signed = match sign(&to_sign, &keys, &case.sdk_date) {
        Ok(signed) => signed,
        Err(error) => return vec![format!("{}: {error}", case.name)],
    };
    let wire = case.wire_uri.split_once('?').map_or("", |(_, query)| query);
    [
        ("canonical request", &case.canonical_request, &signed.canonical_request),
        ("string to sign", &case.string_to_sign, &signed.string_to_sign),
        ("signed headers", &case.signed_headers.join(";"), &signed.signed_headers.join(";")),
        ("authorization", &case.authorization, &signed.authorization),
        ("query on the wire", &wire.to_owned(), &signed.query),
    ]
    .into_iter()
    .filter(|(_, expected, found)| expected != found)
    .map(|(what, expected, found)| format!("{}: {what} differs: expected {expected:?}, found {found:?}", case.name))
    .collect()
}
