//! Readers for values whose form on the wire is disputed.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// Declares a value that comes as a JSON scalar of one type or as text, and goes out as it came.
macro_rules! lenient {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(Value);

        impl $name {
            /// The value as it came.
            pub fn as_value(&self) -> &Value {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match &self.0 {
                    Value::String(text) => f.write_str(text),
                    other => write!(f, "{other}"),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match Value::deserialize(deserializer)? {
                    value @ (Value::String(_) | Value::Number(_) | Value::Bool(_)) => Ok(Self(value)),
                    other => Err(serde::de::Error::custom(format!("a {} where a number or text should be", type_of(&other)))),
                }
            }
        }
    };
}

/// A secret in a request or an answer: it is sent and read, but never shown, and overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
        _ => "value",
    }
}

lenient! {
    /// A whole number that may come as text, with a fraction or a percent sign.
    LenientInteger
}
lenient! {
    /// A number that may come as text.
    LenientNumber
}
lenient! {
    /// Text that may come as a number; `Display` gives the text.
    LenientText
}
lenient! {
    /// A truth value that may come as text.
    LenientBoolean
}
lenient! {
    /// A time in milliseconds since 1970, as number or text, or a time as text with or without offset.
    LenientTime
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_end_matches('%').trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

impl LenientInteger {
    /// The number without its fraction, if it is one.
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-int cast saturates, which is right here")]
    pub fn value(&self) -> Option<i64> {
        self.0.as_i64().or_else(|| number(&self.0).map(|number| number.trunc() as i64))
    }
}

impl From<i64> for LenientInteger {
    fn from(number: i64) -> Self {
        Self(number.into())
    }
}

impl From<i32> for LenientInteger {
    fn from(number: i32) -> Self {
        Self(number.into())
    }
}

impl From<u8> for LenientInteger {
    fn from(number: u8) -> Self {
        Self(number.into())
    }
}

impl LenientNumber {
    /// The number, if it is one.
    pub fn value(&self) -> Option<f64> {
        number(&self.0)
    }
}

impl From<f64> for LenientNumber {
    fn from(number: f64) -> Self {
        Self(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }
}

impl LenientBoolean {
    /// The truth value, if it is one; quotes inside the text are ignored.
    pub fn value(&self) -> Option<bool> {
        match &self.0 {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) => match text.trim().trim_matches('"').to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => Some(true),
                "false" | "0" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<bool> for LenientBoolean {
    fn from(truth: bool) -> Self {
        Self(truth.into())
    }
}

impl LenientTime {
    /// Milliseconds since 1970, if the value can be understood.
    pub fn millis(&self) -> Option<i64> {
        match &self.0 {
            Value::Number(_) => LenientInteger(self.0.clone()).value(),
            Value::String(text) => match text.trim().parse::<i64>() {
                Ok(millis) => Some(millis),
                Err(_) => parse_time(text).map(|time| time.as_millisecond()),
            },
            _ => None,
        }
    }
}

impl From<i64> for LenientTime {
    fn from(millis: i64) -> Self {
        Self(millis.into())
    }
}

/// A list that may come as one bare object, or wrapped into a page with the member `results`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> IntoIterator for OneOrMany<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T> From<Vec<T>> for OneOrMany<T> {
    fn from(items: Vec<T>) -> Self {
        Self(items)
    }
}

impl<T: Serialize> Serialize for OneOrMany<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(items) => items,
            Value::Object(mut members) => match members.remove("results") {
                Some(Value::Array(items)) => items,
                Some(Value::Null) => Vec::new(),
                Some(other) => vec![other],
                None => vec![Value::Object(members)],
            },
            _ => return Err(serde::de::Error::custom("neither a list nor an object")),
        };
        let items = items.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
        items.map(Self).map_err(serde::de::Error::custom)
    }
}

/// A page that may come as a bare list of its items, from versions that knew no pages yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageOrList<P>(pub P);

impl<P> std::ops::Deref for PageOrList<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.0
    }
}

impl<P: Serialize> Serialize for PageOrList<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, P: DeserializeOwned> Deserialize<'de> for PageOrList<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = match Value::deserialize(deserializer)? {
            Value::Null => serde_json::json!({ "results": [] }),
            list @ Value::Array(_) => serde_json::json!({ "results": list }),
            page => page,
        };
        serde_json::from_value(page).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Reads a time as text: RFC 3339 with any fraction, with `Z`, with an offset (`+00:00`, `+0000`), or without one,
/// which is taken as UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let zoned = text.parse::<Timestamp>();
    zoned.ok().or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp()))
}

/// Reads the date of an HTTP header.
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn integer(value: Value) -> Option<i64> {
        from_value::<LenientInteger>(value).ok()?.value()
    }

    #[test]
    fn whole_numbers_come_in_many_clothes() {
        let forms = [json!(42), json!("42"), json!(" 42 % "), json!("42.0"), json!(42.9), json!("42%")];
        for form in forms {
            assert_eq!(integer(form.clone()), Some(42), "{form}");
        }
        assert_eq!(integer(json!("string")), None);
        assert_eq!(integer(json!("")), None);
        assert!(from_value::<LenientInteger>(json!([])).is_err());
        assert_eq!(from_value::<Option<LenientInteger>>(json!(null)).ok(), Some(None));
    }

    #[test]
    fn a_value_goes_out_as_it_came() {
        for form in [json!(0), json!("0"), json!("0 %")] {
            let read: LenientInteger = from_value(form.clone()).unwrap_or_else(|_| LenientInteger::from(-1));
            assert_eq!(serde_json::to_value(read).ok(), Some(form));
        }
    }

    #[test]
    fn times_with_and_without_offset_agree() {
        let expected = Some(1_553_587_260_123);
        for form in [
            json!(1_553_587_260_123_i64),
            json!("1553587260123"),
            json!("2019-03-26T08:01:00.123Z"),
            json!("2019-03-26T08:01:00.123"),
            json!("2019-03-26T08:01:00.1230000+00:00"),
            json!("2019-03-26T10:01:00.123+0200"),
        ] {
            let read = from_value::<LenientTime>(form.clone()).ok().and_then(|time| time.millis());
            assert_eq!(read, expected, "{form}");
        }
        assert_eq!(from_value::<LenientTime>(json!("string")).ok().and_then(|time| time.millis()), None);
    }

    #[test]
    fn truth_values_come_quoted() {
        let truth = |value: Value| from_value::<LenientBoolean>(value).ok().and_then(|value| value.value());
        assert_eq!(truth(json!(true)), Some(true));
        assert_eq!(truth(json!("\"false\"")), Some(false));
        assert_eq!(truth(json!("maybe")), None);
    }

    #[test]
    fn a_list_may_be_one_object_or_a_page() {
        let list = |value: Value| from_value::<OneOrMany<Value>>(value).ok().map(|list| list.0.len());
        assert_eq!(list(json!([{"a":1},{"a":2}])), Some(2));
        assert_eq!(list(json!({"a":1})), Some(1));
        assert_eq!(list(json!({"results":[{"a":1}],"offset":0})), Some(1));
        assert_eq!(list(json!(null)), Some(0));
        assert_eq!(list(json!("x")), None);
    }

    #[test]
    fn a_page_may_be_a_list() {
        #[derive(Deserialize)]
        struct Page {
            results: Vec<Value>,
        }
        let page = |value: Value| from_value::<PageOrList<Page>>(value).ok().map(|page| page.results.len());
        assert_eq!(page(json!({"results":[1],"offset":0})), Some(1));
        assert_eq!(page(json!([1, 2])), Some(2));
        assert_eq!(page(json!(null)), Some(0));
        assert_eq!(page(json!("x")), None);
    }

    #[test]
    fn http_dates_are_read() {
        let date = parse_http_date("Tue, 26 Mar 2019 08:01:00 GMT").map(|time| time.as_second());
        assert_eq!(date, Some(1_553_587_260));
    }
}
