//! Every rule has a document in `data/lint/` that breaks it: the rule fires there, at the place that the first line of
//! the document tells, and no other rule does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use backup_sync_codegen::lint::{self, GUARDS, RULES};
use backup_sync_codegen::{Document, Finding, load};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lint")
}

fn open(name: &str) -> Result<Document, Finding> {
    load::file(&data().join(format!("{name}.yaml")), &format!("specs/{name}.yaml"))
}

/// What the first lines of a fixture say: `# Breaks RULE at LINE:COL POINTER: why`, then perhaps `# also: RULE, RULE`.
struct Promise {
    rule: String,
    place: String,
    pointer: String,
    also: BTreeSet<String>,
}

impl Promise {
    fn of(name: &str) -> Result<Self, String> {
        let path = data().join(format!("{name}.yaml"));
        let text = fs::read_to_string(path).map_err(|error| format!("{name} has no fixture: {error}"))?;
        let promise = Self::parse(&text).ok_or_else(|| {
            format!("the first line of {name}.yaml is not `# Breaks RULE at LINE:COL POINTER: what is wrong`")
        })?;
        if promise.rule == name {
            Ok(promise)
        } else {
            Err(format!("{name}.yaml says that it breaks {}", promise.rule))
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (head, _) = lines.next()?.strip_prefix("# Breaks ")?.split_once(": ")?;
        let words: Vec<&str> = head.split(' ').collect();
        let [rule, "at", place, pointer] = words[..] else { return None };
        let also = lines.next().and_then(|line| line.strip_prefix("# also: ")).unwrap_or_default();
        let also = also.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
        Some(Self { rule: rule.to_owned(), place: place.to_owned(), pointer: pointer.to_owned(), also })
    }

    fn is_kept_by(&self, finding: &Finding) -> bool {
        finding.rule == self.rule && finding.place.to_string() == self.place && finding.pointer == self.pointer
    }
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n    {finding}")).collect()
}

/// How the fixture of a rule fails to do what it promises.
fn broken(id: &str, look: fn(&Document) -> Vec<Finding>) -> Result<(), String> {
    let promise = Promise::of(id)?;
    let document = open(id).map_err(|finding| format!("the fixture of {id} cannot be read: {finding}"))?;
    let findings = look(&document);
    if !findings.iter().any(|finding| promise.is_kept_by(finding)) {
        let Promise { place, pointer, .. } = promise;
        return Err(format!("{id} should be found at {place} {pointer}; found:{}", lines(&findings)));
    }
    let others: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| !promise.is_kept_by(finding) && !promise.also.contains(finding.rule))
        .collect();
    if others.is_empty() { Ok(()) } else { Err(format!("{id}.yaml breaks more than it says:{}", lines(&others))) }
}

#[test]
fn the_good_document_is_good() {
    let document = open("good").expect("good.yaml is plain YAML");
    let findings = lint::check(&document);
    assert!(findings.is_empty(), "good.yaml:{}", lines(&findings));
}

#[test]
fn every_rule_fires_on_its_fixture() {
    let told: Vec<String> = RULES.iter().filter_map(|rule| broken(rule.id, lint::check).err()).collect();
    assert!(told.is_empty(), "{} of {} rules:\n{}", told.len(), RULES.len(), told.join("\n"));
}

#[test]
fn every_guard_fires_on_its_fixture() {
    let told: Vec<String> = GUARDS.iter().filter_map(|rule| broken(rule.id, lint::guard).err()).collect();
    assert!(told.is_empty(), "{} of {} guards:\n{}", told.len(), GUARDS.len(), told.join("\n"));
}

#[test]
fn every_fixture_has_a_rule() {
    let known: BTreeSet<String> = lint::all().iter().map(|rule| rule.id).chain(["good"]).map(str::to_owned).collect();
    let found: BTreeSet<String> = fs::read_dir(data())
        .expect("the folder of fixtures can be read")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    let stray: Vec<&String> = found.difference(&known).collect();
    assert!(stray.is_empty(), "no rule has these ids: {stray:?}");
}

#[test]
fn malformed_yaml_is_a_finding_with_its_place() {
    let promise = Promise::of("SPEC000").expect("SPEC000.yaml says where it is broken");
    let finding = open("SPEC000").expect_err("SPEC000.yaml is malformed");
    assert!(promise.is_kept_by(&finding), "expected {} {}, got {finding}", promise.place, promise.pointer);
}

#[test]
fn a_finding_is_one_line_with_place_reason_and_remedy() {
    let document = open("SPEC001").expect("SPEC001.yaml is plain YAML");
    let told: Vec<String> = lint::check(&document).iter().map(ToString::to_string).collect();
    let expected = "specs/SPEC001.yaml:2:1: SPEC001 at /openapi: the document says OpenAPI 3.1.0. Why: the generator \
                    reads 3.0 only and takes 3.1 for something else. Fix: write `openapi: 3.0.3`.";
    assert_eq!(told, [expected]);
}

/// Findings of one rule in a document that may break others.
fn found(rule: &str, schemas: &str) -> Vec<String> {
    let text = format!(
        "paths: {{/a: {{get: {{responses: {{'200': {{content: {{application/json: {{schema: \
         {{$ref: '#/components/schemas/Whole'}}}}}}}}}}}}}}}}\ncomponents:\n  schemas:\n{schemas}"
    );
    match load::text_named(&text, "x.yaml") {
        Ok(document) => lint::check(&document).iter().filter(|f| f.rule == rule).map(|f| f.pointer.clone()).collect(),
        Err(finding) => vec![finding.to_string()],
    }
}

#[test]
fn a_composition_without_a_name_is_an_inline_object() {
    let schemas = "    A: {type: object, properties: {a: {type: string}}}
    B: {type: object, properties: {b: {type: string}}}
    Whole:
      type: object
      properties:
        both: {allOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}
";
    assert_eq!(found("SPEC013", schemas), ["/components/schemas/Whole/properties/both"]);
}

#[test]
fn a_part_may_require_what_another_part_declares() {
    let schemas = "    A: {type: object, properties: {a: {type: string}}}
    Whole:
      allOf:
        - $ref: '#/components/schemas/A'
        - {type: object, required: [a, b], properties: {b: {type: string}}}
";
    assert_eq!(found("SPEC041", schemas), [""; 0]);
}

/// `x-unused` is a claim that is checked too.
#[test]
fn what_is_marked_as_unused_is_unused() {
    let fixture = fs::read_to_string(data().join("SPEC037.yaml")).unwrap_or_default();
    let told = |schema: &str| -> Result<Vec<String>, Finding> {
        let marked = fixture.replace(&format!("    {schema}:\n"), &format!("    {schema}:\n      x-unused: true\n"));
        let document = load::text_named(&marked, "specs/x.yaml")?;
        let all = lint::check(&document).into_iter();
        Ok(all.filter(|finding| finding.rule == "SPEC037").map(|finding| finding.pointer).collect())
    };
    assert_eq!(told("User"), Ok(Vec::new()));
    let user = "/components/schemas/User".to_owned();
    assert_eq!(told("Job"), Ok(vec!["/components/schemas/Job/x-unused".to_owned(), user]));
}
