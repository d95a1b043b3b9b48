//! The published schemas are those that the program prints.

use std::path::PathBuf;

use crate::{call, published};

#[test]
fn published_schemas_are_fresh() {
    for document in ["scenario", "simulate"] {
        let printed = call(&PathBuf::from("."), &["schema", document]);
        assert_eq!((printed.code, printed.err.as_str()), (0, ""));
        published(&format!("docs/schemas/{document}.schema.json"), &printed.out);
    }
}
