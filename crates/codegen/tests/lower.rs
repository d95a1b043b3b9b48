//! Every pass does to `data/lower/PASS.before.yaml` what `data/lower/PASS.after.yaml` shows, and what comes out of all
//! passes together breaks no guard.

use std::path::{Path, PathBuf};

use backup_sync_codegen::document::join;
use backup_sync_codegen::lower::{self, Alias, Lowered, OpenEnum, PASSES, Plan, Replacement};
use backup_sync_codegen::{Document, Finding, documents, lint, load};
use serde_json::{Value, json};

fn golden(name: &str, side: &str) -> Result<Document, String> {
    let file = format!("{name}.{side}.yaml");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lower").join(&file);
    load::file(&path, &file).map_err(|finding| format!("the pass {name} has no golden: {finding}"))
}

/// The first place where two values differ, with both values there.
fn difference(pointer: &str, got: &Value, wanted: &Value) -> Option<String> {
    match (got, wanted) {
        (Value::Object(has), Value::Object(wants)) => {
            let missing = wants.iter().find(|(key, _)| !has.contains_key(*key));
            if let Some((key, value)) = missing {
                return Some(format!("{} is missing; wanted {value}", join(pointer, key)));
            }
            has.iter().find_map(|(key, value)| match wants.get(key) {
                Some(wanted) => difference(&join(pointer, key), value, wanted),
                None => Some(format!("{} should not be there; it is {value}", join(pointer, key))),
            })
        }
        (Value::Array(has), Value::Array(wants)) if has.len() == wants.len() => {
            let mut pairs = has.iter().zip(wants).enumerate();
            pairs.find_map(|(index, (has, wants))| difference(&join(pointer, &index.to_string()), has, wants))
        }
        _ if got == wanted => None,
        _ => Some(format!("{pointer} is {got}; wanted {wanted}")),
    }
}

/// Runs one pass over its golden and tells how the outcome differs.
fn compare(name: &str, run: impl FnOnce(Document) -> Value) -> Result<(), String> {
    let got = run(golden(name, "before")?);
    let wanted = golden(name, "after")?.value;
    difference("", &got, &wanted).map_or(Ok(()), |told| Err(format!("the pass {name}: {told}")))
}

/// The plan that a pass makes of its golden.
fn plan_of(name: &str) -> Result<Plan, String> {
    let (_, pass) = PASSES.into_iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no pass {name}"))?;
    let mut plan = Plan::default();
    pass(&mut golden(name, "before")?.value, &mut plan);
    Ok(plan)
}

#[test]
fn every_pass_does_what_its_golden_shows() {
    let passes = PASSES.into_iter().map(|(name, pass)| {
        compare(name, |mut document| {
            pass(&mut document.value, &mut Plan::default());
            document.value
        })
    });
    let mocks =
        compare("mocks", |document| lower::for_mocks(&Lowered { document, plan: Plan::default() }).document.value);
    let told: Vec<String> = passes.chain([mocks]).filter_map(Result::err).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn wire_replaces_readers_and_lists() {
    let of = |schema: &str, rust: &str| Replacement {
        schema: schema.to_owned(),
        rust: format!("::backup_sync_runtime::wire::{rust}"),
    };
    let wanted = Plan {
        open_enums: Vec::new(),
        replacements: vec![
            of("LenientBoolean", "LenientBoolean"),
            of("LenientInteger", "LenientInteger"),
            of("LenientNumber", "LenientNumber"),
            of("LenientText", "LenientText"),
            of("LenientTime", "LenientTime"),
            of("Sites", "OneOrMany<types::SiteInfo>"),
            of("PageOrList", "PageOrList<types::Page>"),
        ],
        aliases: Vec::new(),
    };
    assert_eq!(plan_of("wire"), Ok(wanted));
}

#[test]
fn secrets_replaces_the_secret_type_once() {
    let secret =
        Replacement { schema: "SecretText".to_owned(), rust: "::backup_sync_runtime::wire::SecretText".to_owned() };
    assert_eq!(plan_of("secrets"), Ok(Plan { replacements: vec![secret], ..Plan::default() }));
}

#[test]
fn aliases_keeps_other_spellings() {
    let names = ["licenseId", "LicenseId"].map(str::to_owned).to_vec();
    let alias = Alias { schema: "License".to_owned(), member: "licenseID".to_owned(), names };
    assert_eq!(plan_of("aliases"), Ok(Plan { aliases: vec![alias], ..Plan::default() }));
}

#[test]
fn enums_keeps_values_with_their_meanings() {
    let of = |schema: &str, description: &str, values: &[(&str, &str)]| OpenEnum {
        schema: schema.to_owned(),
        description: description.to_owned(),
        values: values.iter().map(|(value, meaning)| ((*value).to_owned(), (*meaning).to_owned())).collect(),
    };
    let wanted = Plan {
        open_enums: vec![
            of("Kind", "", &[("full", "")]),
            of("State", "State of a job.", &[("DONE", "Nothing is left to do."), ("RUNNING", "")]),
        ],
        ..Plan::default()
    };
    assert_eq!(plan_of("enums"), Ok(wanted));
}

/// A document with one answer of the schema `Whole`.
fn answering(schemas: &Value) -> Result<Document, Finding> {
    let answer = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Whole" } } } });
    let text = json!({
        "paths": { "/a": { "get": { "operationId": "a", "responses": { "200": answer } } } },
        "components": { "schemas": schemas },
    });
    load::text_named(&text.to_string(), "x.yaml")
}

#[test]
fn a_key_behind_a_wrapper_stays_a_key() {
    let wrapper = json!({ "x-key": true, "allOf": [{ "$ref": "#/components/schemas/Part" }] });
    let document = answering(&json!({
        "Base": { "type": "object", "properties": { "based": wrapper } },
        "Part": { "type": "object", "properties": { "a": { "type": "string" } } },
        "Whole": {
            "allOf": [{ "$ref": "#/components/schemas/Base" }],
            "properties": { "own": wrapper, "plain": { "type": "string" } },
        },
    }));
    let lowered = lower::run(&document.expect("JSON is YAML"));
    let whole = &lowered.document.value["components"]["schemas"]["Whole"];
    assert_eq!(whole["required"], json!(["based", "own"]), "{whole}");
}

#[test]
fn a_secret_of_disputed_type_stays_secret() {
    let document = answering(&json!({
        "Whole": {
            "type": "object",
            "properties": { "pin": { "type": "string", "format": "password", "x-wire-types": ["string", "integer"] } },
        },
    }));
    let lowered = lower::run(&document.expect("JSON is YAML"));
    let pin = &lowered.document.value["components"]["schemas"]["Whole"]["properties"]["pin"];
    assert_ne!(pin["$ref"], "#/components/schemas/LenientText", "LenientText shows itself in logs");
}

#[test]
fn wrappers_below_the_members_of_a_base_are_lowered() {
    let wrapper = json!({ "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Part" }] });
    let document = answering(&json!({
        "Base": { "type": "object", "properties": { "list": { "type": "array", "items": wrapper } } },
        "Part": { "type": "object", "properties": { "a": { "type": "string" } } },
        "Whole": { "allOf": [{ "$ref": "#/components/schemas/Base" }], "properties": { "b": { "type": "string" } } },
    }));
    let lowered = lower::run(&document.expect("JSON is YAML"));
    let findings: Vec<String> = lint::guard(&lowered.document).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn reviewed_documents_lower_alike_each_time_and_break_no_guard() {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "specs"].iter().collect();
    let paths = documents(&folder).expect("the folder of specs can be read");
    assert!(!paths.is_empty(), "{} holds no document", folder.display());
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let document = load::file(&path, &name).unwrap_or_else(|finding| panic!("{finding}"));
        let lowered = lower::run(&document);
        let again = lower::run(&document);
        let text = |lowered: &Lowered| lowered.document.value.to_string();
        assert_eq!(lowered.plan, again.plan, "{name}");
        assert!(text(&lowered) == text(&again), "lowering {name} twice gives two documents");
        for outcome in [&lowered, &lower::for_mocks(&lowered)] {
            let findings: Vec<String> = lint::guard(&outcome.document).iter().map(ToString::to_string).collect();
            assert!(findings.is_empty(), "{}", findings.join("\n"));
        }
    }
}
