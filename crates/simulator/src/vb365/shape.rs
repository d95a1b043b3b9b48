//! What a resource has, as data: the members of requests and answers with their kinds, and the versions that know them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Map, Value};

use crate::builder::Vb365Version;

/// One object of JSON.
pub(crate) type Object = Map<String, Value>;

/// Versions, one bit for each.
pub(crate) const V5: u8 = 1;
pub(crate) const V6: u8 = 2;
pub(crate) const V7: u8 = 4;
pub(crate) const V8: u8 = 8;
/// `v6` and `v7`
pub(crate) const V6_V7: u8 = V6 | V7;
/// All but `v5`
pub(crate) const FROM_V6: u8 = V6 | V7 | V8;
/// `v7` and `v8`
pub(crate) const FROM_V7: u8 = V7 | V8;
/// `v5`, `v6` and `v7`
pub(crate) const BEFORE_V8: u8 = ALL & !V8;
/// `v5` and `v6`
pub(crate) const BEFORE_V7: u8 = ALL & !FROM_V7;
/// Every version.
pub(crate) const ALL: u8 = 15;

/// The bit of a version.
pub(crate) const fn bit(version: Vb365Version) -> u8 {
    match version {
        Vb365Version::V5 => V5,
        Vb365Version::V6 => V6,
        Vb365Version::V7 => V7,
        Vb365Version::V8 => V8,
    }
}

/// The kind of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    Uuid,
    Time,
    Whole,
    Number,
    Truth,
    Word(&'static [&'static str]),
    Object(&'static [Member]),
    List(&'static Kind),
}

/// One member of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    kind: Kind,
    versions: u8,
    /// Taken from requests.
    asked: bool,
    /// Shown in answers.
    told: bool,
    needed: bool,
    secret: bool,
}

const fn member(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, versions: ALL, asked: true, told: true, needed: false, secret: false }
}

pub(crate) const fn text(name: &'static str) -> Member {
    member(name, Kind::Text)
}

pub(crate) const fn uuid(name: &'static str) -> Member {
    member(name, Kind::Uuid)
}

pub(crate) const fn time(name: &'static str) -> Member {
    member(name, Kind::Time)
}

pub(crate) const fn whole(name: &'static str) -> Member {
    member(name, Kind::Whole)
}

pub(crate) const fn number(name: &'static str) -> Member {
    member(name, Kind::Number)
}

pub(crate) const fn truth(name: &'static str) -> Member {
    member(name, Kind::Truth)
}

pub(crate) const fn word(name: &'static str, words: &'static [&'static str]) -> Member {
    member(name, Kind::Word(words))
}

pub(crate) const fn object(name: &'static str, members: &'static [Member]) -> Member {
    member(name, Kind::Object(members))
}

pub(crate) const fn list(name: &'static str, of: &'static Kind) -> Member {
    member(name, Kind::List(of))
}

/// A password: it is taken and at once forgotten.
pub(crate) const fn secret(name: &'static str) -> Member {
    let mut secret = text(name).asked();
    secret.secret = true;
    secret
}

impl Member {
    /// Only these versions know it.
    pub(crate) const fn only(mut self, versions: u8) -> Self {
        self.versions = versions;
        self
    }

    /// It stands in requests only.
    pub(crate) const fn asked(mut self) -> Self {
        self.told = false;
        self
    }

    /// It stands in answers only; what a request says of it is passed over.
    pub(crate) const fn told(mut self) -> Self {
        self.asked = false;
        self
    }

    /// A new thing needs it.
    pub(crate) const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }
}

/// What is shown of an object in a version.
pub(crate) fn tell(members: &[Member], version: Vb365Version, mut kept: Object) -> Object {
    let known = members.iter().filter(|member| member.told && member.versions & bit(version) != 0);
    let mut shown = Object::new();
    for member in known {
        if let Some((name, value)) = kept.remove_entry(member.name) {
            shown.insert(name, inner(&member.kind, version, value));
        }
    }
    shown.extend(kept.remove_entry("_links"));
    shown
}

fn inner(kind: &Kind, version: Vb365Version, value: Value) -> Value {
    match (kind, value) {
        (Kind::Object(members), Value::Object(kept)) => Value::Object(tell(members, version, kept)),
        (Kind::List(of @ Kind::Object(_)), Value::Array(items)) => {
            items.into_iter().map(|item| inner(of, version, item)).collect()
        }
        (_, value) => value,
    }
}

/// The members of a request that a version knows; `null` means a member without a value. `Err` says what is wrong.
pub(crate) fn read(members: &[Member], version: Vb365Version, sent: &Object, whole: bool) -> Result<Object, String> {
    let mut taken = Object::new();
    for member in members.iter().filter(|member| member.asked && member.versions & bit(version) != 0) {
        match sent.get(member.name) {
            None | Some(Value::Null) if whole && member.needed => return Err(format!("{} is missing", member.name)),
            None => {}
            Some(Value::Null) => {
                taken.insert(member.name.to_owned(), Value::Null);
            }
            Some(value) => {
                let value = checked(&member.kind, version, value, whole).map_err(|why| nest(member.name, &why))?;
                if !member.secret {
                    taken.insert(member.name.to_owned(), value);
                }
            }
        }
    }
    Ok(taken)
}

fn nest(name: &str, why: &str) -> String {
    format!("{name}: {why}")
}

fn checked(kind: &Kind, version: Vb365Version, value: &Value, whole: bool) -> Result<Value, String> {
    let wrong = |expected: &str| Err(format!("it has to be {expected}"));
    match (kind, value) {
        (Kind::Text, Value::String(_)) | (Kind::Truth, Value::Bool(_)) | (Kind::Number, Value::Number(_)) => {
            Ok(value.clone())
        }
        (Kind::Whole, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (Kind::Uuid, Value::String(text)) if is_uuid(text) => Ok(text.to_ascii_lowercase().into()),
        (Kind::Time, Value::String(text)) if moment(text).is_some() => Ok(value.clone()),
        (Kind::Word(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(value.clone()),
        (Kind::Object(members), Value::Object(sent)) => {
            let mut taken = read(members, version, sent, whole)?;
            taken.retain(|_, value| !value.is_null());
            Ok(Value::Object(taken))
        }
        (Kind::List(of), Value::Array(items)) => {
            items.iter().map(|item| checked(of, version, item, whole)).collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        (Kind::Text, _) => wrong("text"),
        (Kind::Truth, _) => wrong("true or false"),
        (Kind::Whole, _) => wrong("a whole number"),
        (Kind::Number, _) => wrong("a number"),
        (Kind::Uuid, _) => wrong("a UUID"),
        (Kind::Time, _) => wrong("a time as in 2026-03-02T09:00:00Z"),
        (Kind::Word(words), _) => wrong(&format!("one of {}", words.join(", "))),
        (Kind::Object(_), _) => wrong("an object"),
        (Kind::List(_), _) => wrong("a list"),
    }
}

/// Gives `kept` what a request has said; what it gave no value is gone.
pub(crate) fn amend(kept: &mut Object, taken: Object) {
    for (name, value) in taken {
        if value.is_null() {
            kept.remove(&name);
        } else {
            kept.insert(name, value);
        }
    }
}

/// Whether a text has the form of a UUID.
pub(crate) fn is_uuid(text: &str) -> bool {
    let dash = |place: usize| matches!(place, 8 | 13 | 18 | 23);
    let fits = |(place, byte): (usize, u8)| if dash(place) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// A moment, in the forms that the vendor's pages show; without a zone it is UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let without_zone = || text.parse::<DateTime>().ok().and_then(|time| Offset::UTC.to_timestamp(time).ok());
    text.parse().ok().or_else(without_zone)
}

/// A text member.
pub(crate) fn string<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a member is true.
pub(crate) fn is_true(object: &Object, name: &str) -> bool {
    object.get(name) == Some(&Value::Bool(true))
}

/// An object of `json!`.
pub(crate) fn members_of(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INNER: &[Member] = &[text("user"), secret("password")];
    const THING: &[Member] = &[
        uuid("id").told(),
        text("name").needed(),
        word("size", &["Small", "Large"]).only(FROM_V7),
        object("login", INNER),
        list("parts", &Kind::Whole),
        time("since"),
        secret("key"),
    ];

    fn sent(value: Value, version: Vb365Version) -> Result<Value, String> {
        read(THING, version, &members_of(value), true).map(Value::Object)
    }

    #[test]
    fn a_request_is_read_by_version_and_its_secrets_are_not_kept_inside() {
        let body = json!({"id": "x", "name": "a", "size": "Large", "login": {"user": "u", "password": "p"}, "odd": 1});
        let seven = json!({"name": "a", "size": "Large", "login": {"user": "u"}});
        assert_eq!(sent(body.clone(), Vb365Version::V7), Ok(seven));
        assert_eq!(sent(body, Vb365Version::V6), Ok(json!({"name": "a", "login": {"user": "u"}})));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let wrong = |value: Value| sent(value, Vb365Version::V8).unwrap_err();
        assert_eq!(wrong(json!({})), "name is missing");
        assert_eq!(wrong(json!({"name": 1})), "name: it has to be text");
        assert_eq!(wrong(json!({"name": "a", "size": "Huge"})), "size: it has to be one of Small, Large");
        assert_eq!(wrong(json!({"name": "a", "login": {"user": 1}})), "login: user: it has to be text");
        assert_eq!(wrong(json!({"name": "a", "parts": [1, 2.5]})), "parts: it has to be a whole number");
        assert!(wrong(json!({"name": "a", "since": "yesterday"})).starts_with("since: it has to be a time"));
    }

    #[test]
    fn an_answer_has_what_its_version_knows() {
        let kept = members_of(json!({"id": "1", "size": "Small", "key": "k", "login": {"user": "u"}, "own": true}));
        assert_eq!(
            Value::Object(tell(THING, Vb365Version::V5, kept.clone())),
            json!({"id": "1", "login": {"user": "u"}})
        );
        let eight = json!({"id": "1", "size": "Small", "login": {"user": "u"}});
        assert_eq!(Value::Object(tell(THING, Vb365Version::V8, kept)), eight);
    }

    #[test]
    fn moments_are_read_with_and_without_a_zone() {
        let same = moment("2026-03-02T09:00:00Z");
        assert!(same.is_some());
        for text in ["2026-03-02T09:00:00.0000000Z", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00"] {
            assert_eq!(moment(text), same, "{text}");
        }
        assert_eq!(moment("tomorrow"), None);
        assert!(is_uuid("c0ffee00-0000-4000-8000-000000000001") && !is_uuid("c0ffee00"));
    }
}
