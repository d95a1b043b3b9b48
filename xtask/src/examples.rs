//! Validates the examples of a document against their schemas.

use backup_sync_codegen::Document;
use backup_sync_codegen::document::{join, operations, resolve};
use backup_sync_codegen::json_schema::{self, Words};
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// A wrong example: where it stands and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongExample {
    /// JSON pointer of the example.
    pub pointer: String,
    /// What is wrong.
    pub what: String,
}

/// How many examples were checked, and those that are wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of examples.
    pub checked: usize,
    /// Wrong ones.
    pub wrong: Vec<WrongExample>,
}

/// Checks every example of `document`.
pub fn check(document: &Document) -> Report {
    let root = &document.value;
    let definitions = json_schema::definitions(root, Words::Open);
    let mut report = Report::default();
    for operation in operations(root) {
        let at = operation.pointer();
        if let Some(body) = operation.node.get("requestBody").and_then(|node| resolve(root, node)) {
            contents(&definitions, &join(&at, "requestBody"), body, &mut report);
        }
        for (status, node) in operation.node.get("responses").and_then(Value::as_object).into_iter().flatten() {
            let at = join(&join(&at, "responses"), status);
            let (at, answer) = match node.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#')) {
                Some(target) => (target.to_owned(), resolve(root, node).unwrap_or(node)),
                None => (at, node),
            };
            contents(&definitions, &at, answer, &mut report);
        }
    }
    // Shared answers are seen once for each use.
    report.wrong.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    report.wrong.dedup();
    report
}

fn contents(definitions: &Value, pointer: &str, holder: &Value, report: &mut Report) {
    for (media, content) in holder.get("content").and_then(Value::as_object).into_iter().flatten() {
        let at = join(&join(pointer, "content"), media);
        let Some(schema) = content.get("schema") else { continue };
        let validator = validator(definitions, schema);
        for (name, example) in content.get("examples").and_then(Value::as_object).into_iter().flatten() {
            let at = join(&join(&at, "examples"), name);
            report.checked += 1;
            let told = match (&validator, example.get("value")) {
                (_, None) => Some("the example has no value".to_owned()),
                (Err(why), _) => Some(format!("the schema cannot be used: {why}")),
                (Ok(validator), Some(value)) => {
                    let wrong = example.get("x-invalid") == Some(&Value::Bool(true));
                    // A member that does not fit also counts as one that no schema knows; the deepest error says more.
                    let unknown =
                        |kind: &ValidationErrorKind| matches!(kind, ValidationErrorKind::UnevaluatedProperties { .. });
                    let depth = |path: &str| path.matches('/').count();
                    let error = validator
                        .iter_errors(value)
                        .max_by_key(|error| (!unknown(error.kind()), depth(error.instance_path().as_str())));
                    match (error, wrong) {
                        (Some(error), false) => Some(format!("at {:?}: {error}", error.instance_path().to_string())),
                        (None, true) => Some("the example is marked x-invalid but is valid".to_owned()),
                        _ => None,
                    }
                }
            };
            report.wrong.extend(told.map(|what| WrongExample { pointer: at, what }));
        }
    }
}

fn validator(definitions: &Value, schema: &Value) -> Result<jsonschema::Validator, String> {
    let whole = json_schema::of_value(definitions, schema, Words::Open);
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&whole).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use backup_sync_codegen::load;

    use super::*;

    const DOCUMENT: &str = "
paths:
  /a:
    get:
      operationId: a
      responses:
        '200':
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Whole'}
              examples:
                EXAMPLE
components:
  schemas:
    Base: {type: object, properties: {id: {type: string}, when: {type: integer, x-wire-types: [integer, string]}}}
    Part: {type: object, properties: {n: {type: integer, nullable: true}}}
    Whole:
      type: object
      allOf: [{$ref: '#/components/schemas/Base'}]
      properties: {part: {nullable: true, allOf: [{$ref: '#/components/schemas/Part'}]}, free: {type: object}}
";

    fn wrong(example: &str) -> Vec<String> {
        let document = load::text_named(&DOCUMENT.replace("EXAMPLE", example), "x.yaml");
        let report = document.map(|document| check(&document)).unwrap_or_default();
        assert_eq!(report.checked, 1, "{example}");
        report.wrong.into_iter().map(|wrong| wrong.what).collect()
    }

    #[test]
    fn examples_that_fit_pass() {
        for example in [
            "e: {value: {id: x, when: 1, part: {n: null}, free: {any: [1]}}}",
            "e: {value: {id: x, when: '2020', part: null}}",
            "e: {value: {id: 1}, x-invalid: true}",
        ] {
            assert_eq!(wrong(example), Vec::<String>::new(), "{example}");
        }
    }

    #[test]
    fn examples_that_do_not_fit_are_told() {
        for (example, part) in [
            ("e: {value: {id: 1}}", "is not of type"),
            ("e: {value: {idd: x}}", "'idd' was unexpected"),
            ("e: {value: {part: {n: 1, m: 2}}}", "not valid"),
            ("e: {value: {when: true}}", "is not of type"),
            ("e: {value: {id: x}, x-invalid: true}", "marked x-invalid but is valid"),
            ("e: {summary: none}", "has no value"),
        ] {
            let told = wrong(example);
            assert!(told.iter().any(|what| what.contains(part)), "{example}: {told:?}");
        }
    }
}
