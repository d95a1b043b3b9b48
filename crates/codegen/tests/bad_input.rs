//! Documents that nobody should have to meet: each ends in one sentence with its place, before it costs time or memory.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::fs;

use backup_sync_codegen::{Document, lint, load};

/// The one sentence about a text that cannot be read, without reason and remedy.
fn refused(text: &str) -> String {
    let finding = load::text_named(text, "x.yaml").expect_err("the text is refused");
    assert_eq!(finding.rule, "SPEC000");
    format!("{}: {}", finding.place, finding.what)
}

/// The same about the bytes of a file.
fn refused_file(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, bytes).unwrap();
    let finding = load::file(&path, "x.yaml").expect_err("the file is refused");
    format!("{}: {}", finding.place, finding.what)
}

/// Findings of one rule in a text that can be read: place, pointer and what is wrong.
fn found(rule: &str, text: &str) -> Vec<String> {
    let document: Document = load::text_named(text, "x.yaml").unwrap();
    let all = lint::check(&document).into_iter().filter(|finding| finding.rule == rule);
    all.map(|finding| format!("{} {}: {}", finding.place, finding.pointer, finding.what)).collect()
}

#[test]
fn tabs_are_refused_where_they_stand() {
    let told = refused("info:\n\ttitle: x\n");
    assert!(told.starts_with("2:") && told.contains("tab"), "{told}");
}

#[test]
fn what_hides_or_repeats_a_part_is_refused() {
    for (text, expected) in [
        ("a: 1\nb: {c: 1, c: 2}\n", "2:11: the key \"c\" stands twice in one mapping (/b/c)"),
        ("a: &x 1\nb: *x\n", "1:4: the document uses an anchor"),
        ("a:\n  <<: {b: 1}\n", "2:3: the document uses a merge key"),
        ("a: 1\nb: *x\n", "2:4: "),
        ("a: !!binary x\n", "1:4: the document uses a tag"),
    ] {
        let told = refused(text);
        assert!(told.starts_with(expected), "{text:?}: {told}");
    }
    // Quoted it is a key like others.
    assert!(load::text_named("'<<': 1\n", "x.yaml").is_ok());
}

#[test]
fn aliases_of_aliases_are_refused_before_they_grow() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    assert!(refused(&text).starts_with("1:5: the document uses an anchor"), "{}", refused(&text));
}

#[test]
fn ten_thousand_levels_are_refused_at_the_first_that_is_too_many() {
    let flow = refused(&format!("a: {}", "[".repeat(10_000)));
    assert!(flow.starts_with("1:") && flow.contains("the document has more than 100 levels"), "{flow}");
    let closed = refused(&format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000)));
    assert_eq!(closed, flow);
    let maps = refused(&"{a: ".repeat(10_000));
    assert!(maps.starts_with("1:") && maps.contains("more than 100 levels"), "{maps}");
    let block = refused(&format!("{}x", "- ".repeat(10_000)));
    assert!(block.starts_with("1:201: the document has more than 100 levels"), "{block}");
    // 900 levels take 400 kB of blanks.
    let lines: String = (0..900).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(refused(&lines).starts_with("100:"), "{}", refused(&lines));
}

#[test]
fn a_hundred_levels_are_none_too_many() {
    let text = format!("a: {}{}", "[".repeat(98), "]".repeat(98));
    assert!(load::text_named(&text, "x.yaml").is_ok(), "{}", refused(&text));
}

#[test]
fn twenty_megabytes_are_refused_unread() {
    let line = "a: 'some text that makes the file long'\n";
    let told = refused_file(line.repeat(20_000_000 / line.len()).as_bytes());
    assert_eq!(told, "1:1: the document has more than 1048576 bytes; describe only the operations that are needed");
    assert!(refused(&"#".repeat(5 << 20)).starts_with("1:1: the document has more than"));
}

#[test]
fn long_keys_above_many_nodes_are_refused() {
    let key = "k".repeat(1000);
    let told = refused(&format!("{key}:\n {key}:\n  {key}:\n   {key}: [{}]\n", "1, ".repeat(20_000)));
    assert!(told.starts_with("4:") && told.contains("too many nodes with too long keys"), "{told}");
}

#[test]
fn other_encodings_are_told_with_the_byte() {
    assert_eq!(refused_file(b"info:\n  title: caf\xe9\n"), "2:13: the byte 0xe9 is not UTF-8; save the file as UTF-8");
    let utf16: Vec<u8> = "\u{feff}a: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused_file(&utf16), "1:1: the byte 0xff is not UTF-8; save the file as UTF-8");
}

#[test]
fn other_versions_are_told_at_their_place() {
    for (text, expected) in [
        ("info: {}\nopenapi: 3.1.0\n", "2:1 /openapi: the document says OpenAPI 3.1.0"),
        ("openapi: 3.0\n", "1:1 /openapi: the version 3.0 is not text of three numbers"),
        ("a: 1\nswagger: '2.0'\n", "2:1 /swagger: the document is Swagger 2.0, not OpenAPI"),
        ("a: 1\n", "1:1 /openapi: the document does not say which OpenAPI version it uses"),
        ("[]\n", "1:1 /openapi: the document does not say which OpenAPI version it uses"),
    ] {
        assert_eq!(found("SPEC001", text), [expected], "{text:?}");
    }
}

#[test]
fn references_out_of_the_document_are_told_and_not_followed() {
    let schemas = "components:\n  schemas:\n    A: {$ref: 'http://127.0.0.1:1/a.yaml'}\n    B: {$ref: /etc/passwd}\n";
    let told = found("SPEC004", schemas);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("3:9 /components/schemas/A/$ref: "), "{told:?}");
}

#[test]
fn schemas_without_end_are_told_once_each() {
    let schemas = "components:
  schemas:
    A: {$ref: '#/components/schemas/B'}
    B: {$ref: '#/components/schemas/A'}
    C: {allOf: [{$ref: '#/components/schemas/D'}]}
    D: {allOf: [{$ref: '#/components/schemas/C'}, {$ref: '#/components/schemas/Nowhere'}]}
    E: {type: object, properties: {e: {$ref: '#/components/schemas/E'}}}
";
    let told = found("SPEC048", schemas);
    let pointers: Vec<&str> = told.iter().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(
        pointers,
        [
            "3:5 /components/schemas/A",
            "4:5 /components/schemas/B",
            "5:5 /components/schemas/C",
            "6:5 /components/schemas/D"
        ]
    );
}
