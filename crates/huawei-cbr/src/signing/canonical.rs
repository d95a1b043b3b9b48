//! The text of a request that both sides build, and its signature: what a signer and a verifier share.

use backup_sync_runtime::{Error, ExposeSecret as _, SecretString};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// The name of the algorithm, with which a signature begins.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";
/// Stands in place of the hash of a body that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Everything but letters, digits, `-`, `_`, `.` and `~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The canonical request. `headers` are those that are signed, in the order in which the signature names them: names in
/// lower case, values without white space around them.
///
/// # Errors
///
/// When the path is not UTF-8 after decoding.
pub fn request(
    method: &str,
    path: &str,
    query_pairs: &[(String, String)],
    headers: &[(String, String)],
    payload_hash: &str,
) -> Result<String, Error> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let parts = [&method.to_uppercase(), &uri(path)?, &query(query_pairs), &lines, &names.join(";"), payload_hash];
    Ok(parts.join("\n"))
}

/// What is signed: algorithm, date (`YYYYMMDDTHHMMSSZ`) and the hash of the canonical request.
pub fn string_to_sign(date: &str, canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{}", hex(&Sha256::digest(canonical_request.as_bytes())))
}

/// The signature itself, in hexadecimal digits.
///
/// # Errors
///
/// When the secret key cannot be used.
pub fn signature(secret: &SecretString, string_to_sign: &str) -> Result<String, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|_| Error::usage("the secret key cannot be used for signing"))?;
    mac.update(string_to_sign.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

/// The hash of a body: the one that a header declares, or its own. That of no body is never declared.
pub fn payload_hash(declared: Option<&str>, body: &[u8]) -> String {
    match declared.filter(|_| !body.is_empty()) {
        Some(declared) => declared.to_owned(),
        None => hex(&Sha256::digest(body)),
    }
}

/// The query: sorted by the raw text, then encoded.
pub fn query(pairs: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = pairs.iter().collect();
    sorted.sort();
    sorted.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// The path: decoded once, split at slashes, encoded again, with a slash at the end that the request itself need not have.
fn uri(path: &str) -> Result<String, Error> {
    let decoded =
        percent_decode_str(path).decode_utf8().map_err(|_| Error::usage("the path of the request is not UTF-8"))?;
    let mut canonical = decoded.split('/').map(encode).collect::<Vec<_>>().join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    Ok(canonical)
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
