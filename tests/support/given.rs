//! What is given to typed calls for their parameters, in the types of the typed client.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{NUMBERS, TEXTS};

fn value<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a value of its type")
}

/// A text.
pub fn text<T: DeserializeOwned>() -> T {
    value(json!(TEXTS[0]))
}

/// A list of texts.
pub fn texts<T: DeserializeOwned>() -> T {
    value(json!(TEXTS))
}

/// A word of a closed set of values.
pub fn word<T: DeserializeOwned>(word: &str) -> T {
    value(json!(word))
}

/// Words of a closed set of values.
pub fn words<T: DeserializeOwned>(words: &[&str]) -> T {
    value(json!(words))
}

/// A number.
pub fn number<T: DeserializeOwned>() -> T {
    value(json!(NUMBERS[0]))
}

/// A list of numbers.
pub fn numbers<T: DeserializeOwned>() -> T {
    value(json!(NUMBERS))
}

/// A truth value.
pub fn truth<T: DeserializeOwned>() -> T {
    value(json!(true))
}
