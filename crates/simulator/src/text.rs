//! Texts of requests: percent-encoding, queries and forms, the header of a Basic login.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Resolves percent-encoding; `None` for what is not encoded rightly.
pub(crate) fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'%' => 16 * digit(rest.next()?)? + digit(rest.next()?)?,
            other => other,
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The pairs of a query or form, in order; what is not encoded rightly is left out.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    split(text, |part| decode(&part.replace('+', " ")))
}

/// The pairs of a query in which `+` is no blank.
pub(crate) fn raw_pairs(text: &str) -> Vec<(String, String)> {
    split(text, decode)
}

fn split(text: &str, field: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((field(name)?, field(value)?))
    };
    text.split('&').filter(|part| !part.is_empty()).filter_map(pair).collect()
}

/// User and password of a Basic login.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Compares secrets in a time that does not depend on where they differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    let differ = left.bytes().zip(right.bytes()).fold(0, |differ, (left, right)| differ | (left ^ right));
    left.len() == right.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_texts_are_read() {
        assert_eq!(decode("HmsGroup%3AGID-1%2fx"), Some("HmsGroup:GID-1/x".to_owned()));
        assert_eq!(decode("100%"), None);
        let read = pairs("filter=a&filter=b+c&username=EXAMPLE%5Cuser&x&&bad=%zz");
        let expected = [("filter", "a"), ("filter", "b c"), ("username", "EXAMPLE\\user"), ("x", "")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(raw_pairs("a=b+c%20d"), [("a".to_owned(), "b+c d".to_owned())]);
    }

    #[test]
    fn only_a_whole_basic_header_is_taken() {
        let mut headers = HeaderMap::new();
        assert_eq!(basic(&headers), None);
        for (header, read) in
            [("Basic dTpwOnE=", Some(("u".into(), "p:q".into()))), ("Basic !", None), ("Bearer x", None)]
        {
            headers.insert(AUTHORIZATION, axum::http::HeaderValue::from_static(header));
            assert_eq!(basic(&headers), read, "{header}");
        }
    }
}
