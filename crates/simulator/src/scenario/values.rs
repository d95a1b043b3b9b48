//! Numbers and lengths of time that are checked where they are read, so that a message can name the place.

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A whole number within bounds.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident($inner:ty), $least:literal ..= $most:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "i64")]
        pub struct $name($inner);

        impl $name {
            /// The number.
            pub fn get(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = String;

            fn try_from(number: i64) -> Result<Self, String> {
                let within = ($least..=$most).contains(&number).then(|| <$inner>::try_from(number).ok()).flatten();
                within.map(Self).ok_or_else(|| format!("{number} is no {}: {} to {} is possible", $what, $least, $most))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "minimum": $least, "maximum": $most })
            }
        }
    };
}

bounded! {
    /// Percent, 0 to 100.
    Percent(u8), 0..=100, "percentage"
}
bounded! {
    /// Status of an answer, 100 to 599.
    Status(u16), 100..=599, "HTTP status"
}
bounded! {
    /// A number of things, up to 100,000.
    Count(usize), 0..=100_000, "possible number"
}
bounded! {
    /// A number of things, at least one, up to 100,000.
    PositiveCount(usize), 1..=100_000, "possible number"
}
bounded! {
    /// A number of requests, up to 1,000,000.
    Times(u32), 1..=1_000_000, "possible number of times"
}
bounded! {
    /// Seconds, up to a day.
    Seconds(u64), 0..=86_400, "possible number of seconds"
}

/// Simulated seconds in each real second, 0 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Speed(f64);

/// Most simulated seconds in a real one.
const FASTEST: f64 = 1_000_000.0;

impl Speed {
    /// The factor.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Speed {
    type Error = String;

    fn try_from(factor: f64) -> Result<Self, String> {
        let possible = (0.0..=FASTEST).contains(&factor);
        possible.then_some(Self(factor)).ok_or_else(|| format!("{factor} is no speed: 0 to {FASTEST} is possible"))
    }
}

impl JsonSchema for Speed {
    fn schema_name() -> Cow<'static, str> {
        "Speed".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": FASTEST })
    }
}

/// A length of time as text: `90s`, `5m`, `1h 30m`; more than nothing and at most a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Length(Duration);

/// Longest length of time.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

impl Length {
    /// As the clocks know it.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.parse::<SignedDuration>().ok().and_then(|parsed| Duration::try_from(parsed).ok());
        match parsed {
            Some(length) if !length.is_zero() && length <= LONGEST => Ok(Self(length)),
            Some(_) => Err(format!("{text:?} is no possible length of time: more than 0s, at most a year")),
            None => Err(format!("{text:?} is no length of time; write for example 500ms, 90s, 5m or 1h 30m")),
        }
    }
}

impl JsonSchema for Length {
    fn schema_name() -> Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time, for example `500ms`, `90s`, `5m` or `1h 30m`.",
            "examples": ["500ms", "90s", "5m", "1h 30m"]
        })
    }
}
