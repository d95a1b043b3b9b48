//! One entry of a list as people write it.

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// The members that an entry may have.
pub(super) const MEMBERS: [&str; 8] = [
    "backup_id",
    "backup_name",
    "bucket_name",
    "image_path",
    "resource_id",
    "resource_name",
    "resource_type",
    "created_at",
];

/// The one that may be left out.
pub(super) const OPTIONAL: &str = "resource_type";

/// One entry; a misspelt member is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a backup")]
pub(super) struct Entry {
    pub(super) backup_id: String,
    pub(super) backup_name: String,
    pub(super) bucket_name: String,
    pub(super) image_path: String,
    pub(super) resource_id: String,
    pub(super) resource_name: String,
    #[serde(default)]
    pub(super) resource_type: Option<String>,
    #[serde(deserialize_with = "seconds")]
    pub(super) created_at: i64,
}

/// Seconds since 1970. Tables and many exports write numbers as text.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    struct Seconds;

    impl Visitor<'_> for Seconds {
        type Value = i64;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("whole seconds since 1970 in created_at")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
            // Whoever checks the range says what is wrong with it.
            Ok(i64::try_from(number).unwrap_or(i64::MAX))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
            text.trim().parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    from.deserialize_any(Seconds)
}
