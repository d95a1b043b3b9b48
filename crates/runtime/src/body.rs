//! Reads what vendors say about a failure, whatever shape it has.

use serde_json::{Map, Value};

use crate::redact::StrikeList;

/// Pairs of member names under which a code and a message are found, in the order in which they are tried.
const PAIRS: [(&str, &str); 7] = [
    ("error_code", "error_msg"),
    ("error_code", "message"),
    ("errorCode", "errorMsg"),
    ("errorCode", "message"),
    ("code", "message"),
    ("error", "error_description"),
    ("title", "detail"),
];

/// Longest vendor message that is shown.
const LONGEST: usize = 500;
/// Longest code or id that is shown.
const LONGEST_WORD: usize = 100;

/// What a vendor said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// Reads an error body, without the secrets that the vendor repeats in it.
pub(crate) fn told(bytes: &[u8], content_type: Option<&str>, secrets: &StrikeList) -> Told {
    let said = said(bytes, content_type);
    // Cut after striking out: half a secret would not be recognized.
    let shown = |text: Option<String>, longest| {
        text.map(|text| shorten(&secrets.strike(&text), longest)).filter(|text| !text.is_empty())
    };
    Told {
        code: shown(said.code, LONGEST_WORD),
        message: shown(said.message, LONGEST),
        request_id: shown(said.request_id, LONGEST_WORD),
    }
}

fn said(bytes: &[u8], content_type: Option<&str>) -> Told {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.is_empty() {
        return Told::default();
    }
    let parsed = serde_json::from_str::<Value>(text);
    if let Ok(Value::Object(members)) = parsed {
        let mut told = Told { request_id: scalar(&members, "request_id"), ..Told::default() };
        if let Some((code, message)) = pair(&members, 0) {
            told.code = code;
            told.message = message;
        }
        return told;
    }
    let html = content_type.is_some_and(|kind| kind.contains("html")) || text.starts_with('<');
    let message = match parsed {
        Ok(Value::String(text)) => Some(text),
        // Written anew: escapes would hide what is looked for in it.
        Ok(value) => Some(value.to_string()),
        // The beginning of something long or broken says nothing, and may hide a secret in its escapes.
        Err(_) if text.starts_with(['{', '[']) => None,
        Err(_) if html => Some(unescape(&title(text))),
        Err(_) => Some(text.to_owned()),
    };
    Told { message, ..Told::default() }
}

/// The first pair in an object, else in the objects inside it.
fn pair(members: &Map<String, Value>, depth: usize) -> Option<(Option<String>, Option<String>)> {
    let pairs = || PAIRS.iter().map(|(code, message)| (scalar(members, code), scalar(members, message)));
    let whole = pairs().find(|(code, message)| code.is_some() && message.is_some());
    let message_only = || pairs().find(|(_, message)| message.is_some());
    let code_only = || pairs().take(4).find(|(code, _)| code.is_some());
    if let Some(found) = whole.or_else(message_only).or_else(code_only) {
        return Some(found);
    }
    if depth < 4 {
        for child in members.values() {
            let inner = match child {
                Value::Object(inner) => pair(inner, depth + 1),
                Value::Array(items) => {
                    items.iter().filter_map(Value::as_object).find_map(|inner| pair(inner, depth + 1))
                }
                _ => None,
            };
            if inner.is_some() {
                return inner;
            }
        }
    }
    None
}

fn scalar(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The title of an HTML page, or its text without tags.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let inside = lower.find("<title>").and_then(|start| {
        let from = start + "<title>".len();
        lower[from..].find("</title>").map(|length| page[from..from + length].trim().to_owned())
    });
    inside.filter(|title| !title.is_empty()).unwrap_or_else(|| {
        let mut text = String::new();
        let mut tag = false;
        for character in page.chars() {
            match character {
                '<' => tag = true,
                '>' => tag = false,
                other if !tag => text.push(other),
                _ => {}
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

/// The characters that pages write as entities.
const ENTITIES: [(&str, &str); 7] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&#34;", "\""), ("&amp;", "&")];

fn unescape(text: &str) -> String {
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

pub(crate) fn shorten(text: &str, longest: usize) -> String {
    // Control characters could move the cursor of a terminal.
    let printable = text.replace(|character: char| character.is_control(), " ");
    let folded = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    match folded.char_indices().nth(longest) {
        Some((cut, _)) => format!("{}…", &folded[..cut]),
        None => folded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8], content_type: Option<&str>) -> Told {
        super::told(bytes, content_type, &StrikeList::default())
    }

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let told = told(body.as_bytes(), Some("application/json"));
        (told.code, told.message)
    }

    fn both(code: &str, message: &str) -> (Option<String>, Option<String>) {
        (Some(code.to_owned()), Some(message.to_owned()))
    }

    #[test]
    fn every_documented_shape_is_read() {
        assert_eq!(read(r#"{"error_code":"B.6500","error_msg":"gone"}"#), both("B.6500", "gone"));
        assert_eq!(read(r#"{"error":{"code":400,"message":"bad","title":"Bad Request"}}"#), both("400", "bad"));
        assert_eq!(read(r#"{"errorCode":"X","errorMsg":"m"}"#), both("X", "m"));
        assert_eq!(read(r#"{"a":{"b":{"code":"E","message":"deep"}}}"#), both("E", "deep"));
        assert_eq!(read(r#"{"message":"only text","errorCode":null}"#), (None, Some("only text".to_owned())));
        assert_eq!(read(r#"{"error":"invalid_grant","error_description":"no"}"#), both("invalid_grant", "no"));
        assert_eq!(read(r#"[1,2]"#), (None, Some("[1,2]".to_owned())));
        assert_eq!(read(""), (None, None));
    }

    #[test]
    fn pages_give_their_title_and_long_texts_are_cut() {
        let page = told(b"<html><head><title> 502 Bad Gateway </title></head><body>x</body></html>", Some("text/html"));
        assert_eq!(page.message.as_deref(), Some("502 Bad Gateway"));
        let bare = told(b"<h1>No</h1> entry", None);
        assert_eq!(bare.message.as_deref(), Some("No entry"));
        let long = told("ä".repeat(5000).as_bytes(), Some("text/plain"));
        assert_eq!(long.message.map(|message| message.chars().count()), Some(LONGEST + 1));
    }

    #[test]
    fn the_request_id_of_the_body_is_kept() {
        let gateway = told(br#"{"error_msg":"m","error_code":"APIGW.0301","request_id":"r-1"}"#, None);
        assert_eq!(gateway.request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn codes_and_ids_cannot_move_the_cursor_and_are_cut() {
        let body = format!(
            r#"{{"error_code":"X\u001b[2J{}","error_msg":"m","request_id":"r\nerror: forged"}}"#,
            "y".repeat(500)
        );
        let told = told(body.as_bytes(), None);
        let code = told.code.unwrap();
        assert!(code.starts_with("X [2Jyy") && code.chars().count() == LONGEST_WORD + 1, "{code}");
        assert_eq!(told.request_id.as_deref(), Some("r error: forged"));
    }

    #[test]
    fn broken_json_is_not_shown_and_entities_are_read() {
        for broken in [r#"{"password":"x"#, r#"[{"a":"#] {
            assert_eq!(read(broken), (None, None), "{broken}");
        }
        let page = told(b"<title>a &amp; b &lt;c&gt;</title>", Some("text/html"));
        assert_eq!(page.message.as_deref(), Some("a & b <c>"));
        assert_eq!(read(r#"["\u0061\u0026b"]"#), (None, Some(r#"["a&b"]"#.to_owned())));
    }
}
