//! The published schemas are those that the program prints.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{call, published, root};

#[test]
fn published_schemas_are_fresh() {
    for document in ["doctor", "plan", "rehearsal", "scenario", "simulate", "status", "survey"] {
        let printed = call(Path::new("."), &["schema", document]);
        assert_eq!((printed.code, printed.err.as_str()), (0, ""));
        let path = format!("docs/schemas/{document}.schema.json");
        // The order of members depends on a feature of serde_json that other crates may switch on.
        let found = fs::read_to_string(root().join(&path)).unwrap_or_default();
        if serde_json::from_str::<Value>(&found).ok() != Some(printed.json()) {
            published(&path, &printed.out);
        }
    }
}
