//! What is said when a fault is played, derived from the examples and schemas of the spec.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{BIG, Fault, RETRY_AFTER, UNKNOWN_MEMBER};
use crate::raw::Act;
use crate::sample::{Make, make};
use crate::server::Answer;
use crate::spec::Spec;

/// A page as gateways and login portals send it.
const PAGE: &str = "<html><head><title>502 Bad Gateway</title></head><body><h1>Sorry</h1></body></html>";

/// An operation of a spec, and where a redirect leads.
pub(super) struct Subject<'a> {
    pub(super) spec: &'static Spec,
    pub(super) id: &'a str,
    pub(super) elsewhere: &'a str,
}

impl Subject<'_> {
    /// The first documented success with its first example.
    fn example(&self) -> (u16, Value) {
        let answer = self.spec.successes(self.id).remove(0);
        let value = answer.examples.first().map(|example| example.value.clone());
        (answer.status, value.unwrap_or_else(|| panic!("{} has no example of success", self.id)))
    }

    /// A success made from the schema.
    fn made(&self, what: Make) -> Answer {
        let answer = self.spec.successes(self.id).remove(0);
        let schema = answer.schema.unwrap_or_else(|| panic!("{} answers nothing", self.id));
        Answer::json(answer.status, make(self.spec.root(), &schema, what))
    }

    fn good(&self) -> Answer {
        let (status, value) = self.example();
        Answer::json(status, value)
    }

    /// The documented failure, or one without a body.
    fn refusal(&self, fault: Fault) -> Answer {
        let status = fault.status().unwrap_or_else(|| panic!("{fault:?} has no status"));
        let documented = self.spec.failures(self.id).into_iter().find(|failure| failure.status == status);
        let example = documented.and_then(|failure| failure.examples.into_iter().next());
        example.map_or_else(|| Answer::empty(status), |example| Answer::json(status, example.value))
    }

    /// What is done with the requests of the operation, one act for each; the last one is repeated.
    pub(super) fn acts(&self, fault: Fault) -> Vec<Act> {
        let (status, example) = self.example();
        let text = example.to_string();
        let say = |answer: Answer| vec![Act::Answer(answer)];
        match fault {
            // The server has gone; nobody asks.
            Fault::Refused => say(self.good()),
            Fault::ResetBeforeHeaders => vec![Act::Reset],
            Fault::ResetMidBody => vec![Act::Half(self.good())],
            Fault::Hang => vec![Act::Hang],
            Fault::SlowBody => vec![Act::Trickle(self.good())],
            Fault::UnauthorizedOnce | Fault::UnavailableOnce => {
                vec![Act::Answer(self.refusal(fault)), Act::Answer(self.good())]
            }
            Fault::BadRequest
            | Fault::Unauthorized
            | Fault::UnauthorizedLockedOut
            | Fault::Forbidden
            | Fault::NotFound
            | Fault::Conflict
            | Fault::Throttled
            | Fault::ServerError
            | Fault::GatewayTimeout => say(self.refusal(fault)),
            Fault::ThrottledRetryAfter => say(self.refusal(fault).header("retry-after", &RETRY_AFTER.to_string())),
            Fault::BadGatewayPage => say(Answer::html(502, PAGE)),
            Fault::Redirect => say(Answer::empty(307).header("location", self.elsewhere)),
            Fault::EmptyBody => say(Answer::empty(status)),
            Fault::TruncatedJson => say(Answer::json(status, &text[..text.len() / 2])),
            Fault::WrongTypes => say(Answer::json(status, twisted(&example))),
            Fault::UnknownWords => say(self.made(Make::UnknownWords)),
            Fault::UnknownFields => say(Answer::json(status, grown(&example))),
            Fault::Nulls => say(self.made(Make::NullMembers)),
            Fault::BigBody => say(Answer::json(status, padded(&text))),
            Fault::BigRefusal => say(Answer::json(403, padded(r#"{"message":"No entry"}"#))),
            Fault::JsonAsPage => say(Answer::html(status, &text)),
            Fault::PageAsJson => say(Answer::json(status, PAGE)),
            Fault::Gzip => say(Answer::json(status, "").header("content-encoding", "gzip").body(gzip(text.as_bytes()))),
        }
    }
}

/// Every text, number and truth value becomes an object, which no document says of any of them.
fn twisted(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), twisted(value))).collect(),
        Value::Array(items) => items.iter().map(twisted).collect(),
        Value::Null => Value::Null,
        other => json!({ "was": other }),
    }
}

/// Every object gets a member that no document has.
fn grown(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let grown = members.iter().map(|(name, value)| (name.clone(), grown(value)));
            grown.chain([(UNKNOWN_MEMBER.to_owned(), json!({ "a": [1, null, "x"] }))]).collect()
        }
        Value::Array(items) => items.iter().map(grown).collect(),
        other => other.clone(),
    }
}

/// The JSON object with blanks before its end, until it is [`BIG`] bytes long.
fn padded(object: &str) -> String {
    let (end, blanks) = (object.len() - 1, BIG - object.len());
    format!("{}{}{}", &object[..end], " ".repeat(blanks), &object[end..])
}

/// The bytes compressed as `Content-Encoding: gzip` has them.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}
