//! Calls made for contract tests name parameters and types as the generator does, those included that are awkward to name.

use std::collections::BTreeMap;
use std::path::Path;

use backup_sync_codegen::surface::Sort;
use backup_sync_codegen::{Document, emit, load, lower, surface_of};

const DOCUMENT: &str = r##"
openapi: 3.0.3
info: { title: Trials, version: v1, x-vendor: acme }
paths:
  /jobs/{job-id}:
    parameters:
      - { name: job-id, in: path, required: true, schema: { type: string } }
      - { name: X-Wish, in: header, schema: { type: string } }
    post:
      operationId: Jobs_RunOne
      parameters:
        - { name: type, in: query, schema: { type: string } }
        - { name: 2fast, in: query, schema: { type: boolean } }
        - { name: pageSize, in: query, schema: { type: integer, format: int32, minimum: 1 } }
        - { name: ratio, in: query, schema: { type: number } }
        - { name: state, in: query, schema: { $ref: '#/components/schemas/State' } }
        - { name: states, in: query, schema: { type: array, items: { $ref: '#/components/schemas/State' } } }
        - { name: closed, in: query, schema: { $ref: '#/components/schemas/Closed' } }
        - { name: closedOnes, in: query, schema: { type: array, items: { $ref: '#/components/schemas/Closed' } } }
        - { name: order_by, in: query, schema: { type: string, enum: [asc, desc] } }
        - { name: limit-of, in: query, schema: { $ref: '#/components/schemas/Count' } }
        - { name: numbers, in: query, schema: { type: array, items: { type: integer } } }
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: array, items: { $ref: '#/components/schemas/RESTJob' } }
            examples:
              wrong: { summary: Wrong., x-invalid: true, value: 1 }
              right: { summary: Right., value: [{ name: a }] }
      responses:
        '200': { description: Done. }
components:
  schemas:
    Closed: { type: string, description: Closed., enum: [one, two, three] }
    Count: { type: integer, description: A count. }
    RESTJob: { type: object, description: A job., properties: { name: { type: string } } }
    State: { type: string, description: A state., x-extensible-enum: [Up, Down] }
"##;

fn document() -> Result<Document, String> {
    load::text_named(DOCUMENT, "acme-v1.yaml").map_err(|finding| finding.to_string())
}

/// Setters with their types as a made call has them, blanks and paths of modules left out.
fn made(text: &str) -> BTreeMap<String, String> {
    let text: String = text.split_whitespace().collect();
    let call = text.split("api.jobs_run_one()").nth(1).and_then(|rest| rest.split(";read(").next()).unwrap_or_default();
    let setters = call.split(").").filter_map(|setter| {
        let (name, value) = setter.trim_start_matches('.').split_once('(')?;
        let (_, of) = value.split_once("::<")?;
        let (of, _) = of.rsplit_once(">(")?;
        Some((name.to_owned(), of.trim_end_matches(',').replace("client::types::", "").replace("client::open::", "")))
    });
    setters.collect()
}

#[test]
fn types_and_names_are_those_of_the_generator() -> Result<(), String> {
    let document = document()?;
    let text = emit::trials(&document, &lower::run(&document), "acme::v1").map_err(|finding| finding.to_string())?;
    let items = surface_of(&document, &lower::run(&document)).map_err(|error| error.to_string())?;
    let operation = items.into_iter().find(|item| item.sort == Sort::Operation).ok_or("no operation")?;
    let bare = |of: &str| of.replace("types::", "").replace("crate::v1::open::", "");
    let expected: BTreeMap<String, String> =
        operation.parts.iter().map(|part| (part.name.clone(), bare(&part.of))).collect();
    assert_eq!(made(&text), expected, "{text}");
    assert_eq!(expected.len(), 14, "{expected:#?}");
    Ok(())
}

#[test]
fn the_first_right_example_is_the_body() -> Result<(), String> {
    let document = document()?;
    let text = emit::trials(&document, &lower::run(&document), "acme::v1").map_err(|finding| finding.to_string())?;
    assert!(text.contains(r#"[{\"name\":\"a\"}]"#), "{text}");
    assert!(text.contains(r#"given::words::<Vec<client::types::Closed>>(&["one", "two"])"#), "{text}");
    Ok(())
}

/// Every document of the repository can be called; whether the calls compile is seen by the package that includes them.
#[test]
fn calls_can_be_made_of_every_document() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    for path in backup_sync_codegen::documents(&folder).map_err(|error| error.to_string())? {
        let document = load::file(&path, &path.to_string_lossy()).map_err(|finding| finding.to_string())?;
        emit::trials(&document, &lower::run(&document), "acme::v1").map_err(|finding| finding.to_string())?;
    }
    Ok(())
}
