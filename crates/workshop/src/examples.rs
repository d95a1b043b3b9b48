//! Compares the examples of a document with their schemas.
//!
//! An example marked `x-invalid: true` is wrong on purpose: it says in `x-finding` where and why, and is held to that.

use std::collections::HashMap;

use backup_sync_codegen::document::join;
use backup_sync_codegen::json_schema;
use backup_sync_codegen::lint::{self, EXAMPLE, Role, SchemaSite, Sites};
use backup_sync_codegen::{Document, Finding};
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

/// How many examples were compared, and what is wrong with some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of examples.
    pub checked: usize,
    /// Findings of the rule `SPEC050`.
    pub findings: Vec<Finding>,
}

/// Compares every example of `document` with its schema: of bodies, parameters, headers and schemas.
pub fn check(document: &Document) -> Report {
    let mut found = Found::default();
    for section in ["paths", "components"] {
        if let Some(node) = document.value.get(section) {
            found.walk(node, &join("", section));
        }
    }
    let definitions = json_schema::definitions(&document.value);
    let mut check = Check { document, sites: Vec::new(), report: Report::default() };
    let whole = json_schema::of_values(definitions, found.schemas.iter().copied());
    match compiled(&whole) {
        Ok(validator) => {
            for holder in &found.holders {
                check.examples(&validator, holder.schema, holder);
            }
        }
        // Something in it cannot be used; it is looked for where it stands.
        Err(_) => check.one_by_one(&found),
    }
    check.report
}

fn compiled(schema: &Value) -> Result<Validator, Box<ValidationError<'static>>> {
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(schema).map_err(Box::new)
}

/// What holds examples.
struct Holder<'a> {
    pointer: String,
    /// Which of the schemas the examples have.
    schema: usize,
    single: Option<&'a Value>,
    named: Option<&'a Map<String, Value>>,
}

/// Everything with examples, and each schema of them once.
#[derive(Default)]
struct Found<'a> {
    holders: Vec<Holder<'a>>,
    schemas: Vec<&'a Value>,
    known: HashMap<String, usize>,
}

impl<'a> Found<'a> {
    fn walk(&mut self, node: &'a Value, pointer: &str) {
        let named = pointer.ends_with("/properties");
        if let (Some(members), false) = (node.as_object(), named) {
            let example = members.get("example");
            let examples = members.get("examples").and_then(Value::as_object);
            // Without `schema` beside it, the example is one of this schema.
            let schema = members.get("schema").or_else(|| members.contains_key("type").then_some(node));
            if let Some(schema) = schema.filter(|_| example.is_some() || examples.is_some()) {
                let schema = self.schema(schema);
                self.holders.push(Holder { pointer: pointer.to_owned(), schema, single: example, named: examples });
            }
        }
        for (key, child) in node.as_object().into_iter().flatten() {
            // What stands here is data, unless a property is called so.
            let data = !named && matches!(key.as_str(), "example" | "examples" | "default" | "enum");
            if !data && (child.is_object() || child.is_array()) {
                self.walk(child, &join(pointer, key));
            }
        }
        for (index, child) in node.as_array().into_iter().flatten().enumerate() {
            self.walk(child, &join(pointer, &index.to_string()));
        }
    }

    fn schema(&mut self, schema: &'a Value) -> usize {
        let new = self.schemas.len();
        let index = *self.known.entry(schema.to_string()).or_insert(new);
        if index == new {
            self.schemas.push(schema);
        }
        index
    }
}

struct Check<'a> {
    document: &'a Document,
    /// Where the document has schemas; looked up when the first name has to be guessed.
    sites: Vec<SchemaSite<'a>>,
    report: Report,
}

/// What one example breaks.
struct Breach {
    /// JSON pointer within the value.
    at: String,
    /// The member there that no schema knows.
    member: Option<String>,
    /// The keyword of JSON Schema, or `unknown-member`.
    breaks: String,
    what: String,
}

impl Check<'_> {
    /// Compiles each schema alone and says which ones cannot be used.
    fn one_by_one(&mut self, found: &Found<'_>) {
        let definitions = json_schema::definitions(&self.document.value);
        for holder in &found.holders {
            let schema = found.schemas[holder.schema];
            match compiled(&json_schema::of_values(definitions.clone(), std::iter::once(schema))) {
                Ok(validator) => self.examples(&validator, 0, holder),
                Err(why) => self.add(&holder.pointer, format!("the schema cannot be used: {why}")),
            }
        }
    }

    /// Compares the examples of `holder`, whose schema is the one for the member `index`.
    fn examples(&mut self, validator: &Validator, index: usize, holder: &Holder<'_>) {
        let pointer = &holder.pointer;
        let validator = Member { validator, name: index.to_string() };
        if let Some(value) = holder.single {
            self.report.checked += 1;
            if let Some(breach) = validator.breaches(value).into_iter().next() {
                self.breach(&join(pointer, "example"), breach);
            }
        }
        for (name, example) in holder.named.into_iter().flatten() {
            let at = join(&join(pointer, "examples"), name);
            self.report.checked += 1;
            match example.get("value") {
                None => self.add(&at, "the example has no value".to_owned()),
                Some(value) => self.named(&validator, &at, example, value),
            }
        }
    }

    fn named(&mut self, validator: &Member<'_>, at: &str, example: &Value, value: &Value) {
        let found = validator.breaches(value);
        if example.get("x-invalid") != Some(&Value::Bool(true)) {
            if let Some(breach) = found.into_iter().next() {
                self.breach(&format!("{at}/value"), breach);
            }
            return;
        }
        let Some(first) = found.first() else {
            return self.add(at, "the example is marked x-invalid, but it is valid".to_owned());
        };
        let expected = |key: &str| example.get("x-finding").and_then(|node| node.get(key)).and_then(Value::as_str);
        let (place, keyword) = (expected("at"), expected("breaks"));
        let met = found.iter().any(|breach| Some(&*breach.at) == place && Some(&*breach.breaks) == keyword);
        if !met {
            let said =
                example.get("x-finding").map_or_else(|| "does not say".to_owned(), |said| format!("says {said}"));
            let what = format!(
                "the example is marked x-invalid and {said} what is wrong with it; what is: x-finding: {{at: {:?}, \
                 breaks: {}}} ({})",
                first.at, first.breaks, first.what
            );
            self.add(at, what);
        }
    }

    fn breach(&mut self, value: &str, breach: Breach) {
        let at = format!("{value}{}", breach.at);
        match breach.member {
            None => self.add(&at, breach.what),
            Some(member) => {
                if self.sites.is_empty() {
                    self.sites = Sites::of(&self.document.value).schemas;
                }
                let known = self.sites.iter().filter_map(|site| match &site.role {
                    Role::Property(name) => Some(name.as_str()),
                    _ => None,
                });
                let hint = lint::nearest(&member, known).map(|name| format!("; perhaps {name} is meant"));
                self.add(&join(&at, &member), breach.what + &hint.unwrap_or_default());
            }
        }
    }

    fn add(&mut self, pointer: &str, what: String) {
        self.report.findings.push(Finding::in_document(&EXAMPLE, self.document, pointer, what));
    }
}

/// The validator of one member of the objects that the compiled schema describes.
struct Member<'a> {
    validator: &'a Validator,
    name: String,
}

impl Member<'_> {
    /// What `value` breaks, what says most first.
    fn breaches(&self, value: &Value) -> Vec<Breach> {
        let whole = Value::Object(Map::from_iter([(self.name.clone(), value.clone())]));
        let mut found = Vec::new();
        for error in self.validator.iter_errors(&whole) {
            collect(&error, &mut found);
        }
        for breach in &mut found {
            breach.at = breach.at.get(self.name.len() + 1..).unwrap_or_default().to_owned();
        }
        // A member that does not fit also counts as one that no schema knows; the deepest error says more.
        found.sort_by_key(|breach: &Breach| {
            (breach.breaks == "unknown-member", usize::MAX - breach.at.matches('/').count())
        });
        found
    }
}

fn collect(error: &ValidationError<'_>, found: &mut Vec<Breach>) {
    match error.kind() {
        // Made by us for what may be null or comes in two forms: the first branch is what the document declares.
        Kind::AnyOf { context } if context.first().is_some_and(|branch| !branch.is_empty()) => {
            context[0].iter().for_each(|error| collect(error, found));
        }
        kind => {
            let member = match kind {
                Kind::UnevaluatedProperties { unexpected } | Kind::AdditionalProperties { unexpected } => {
                    unexpected.first().cloned()
                }
                _ => None,
            };
            let breaks = if member.is_some() { "unknown-member" } else { kind.keyword() }.to_owned();
            found.push(Breach { at: error.instance_path().to_string(), member, breaks, what: sentence(error) });
        }
    }
}

fn sentence(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::UnevaluatedProperties { unexpected } | Kind::AdditionalProperties { unexpected } => {
            format!("no schema knows the member {}", unexpected.join(", "))
        }
        _ => format!("the example does not fit its schema: {}", shortened(&error.to_string())),
    }
}

/// Messages repeat the value; a long one hides what is said about it.
fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    let Some((cut, _)) = text.char_indices().nth(MOST) else { return text.to_owned() };
    let tail = text.char_indices().rev().nth(MOST / 3).map_or("", |(at, _)| &text[at.max(cut)..]);
    format!("{} … {tail}", &text[..cut])
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

    fn findings(example: &str) -> Vec<(String, String)> {
        let document = load::text_named(&DOCUMENT.replace("EXAMPLE", example), "x.yaml");
        let report = document.map(|document| check(&document)).unwrap_or_default();
        assert_eq!(report.checked, 1, "{example}");
        report.findings.into_iter().map(|finding| (finding.pointer, finding.what)).collect()
    }

    #[test]
    fn examples_that_fit_pass() {
        for example in [
            "e: {value: {id: x, when: 1, part: {n: null}, free: {any: [1]}}}",
            "e: {value: {id: x, when: '2020', part: null}}",
            "e: {value: {id: 1}, x-invalid: true, x-finding: {at: /id, breaks: type}}",
            "e: {value: {part: {m: 2}}, x-invalid: true, x-finding: {at: /part, breaks: unknown-member}}",
        ] {
            assert_eq!(findings(example), [], "{example}");
        }
    }

    #[test]
    fn examples_that_do_not_fit_are_told_with_their_place() {
        for (example, at, part) in [
            ("e: {value: {id: 1}}", "/value/id", "is not of type"),
            ("e: {value: {idd: x}}", "/value/idd", "no schema knows the member idd; perhaps id is meant"),
            ("e: {value: {part: {n: 1, m: 2}}}", "/value/part/m", "no schema knows the member m"),
            ("e: {value: {part: {n: x}}}", "/value/part/n", "is not of type"),
            ("e: {value: {when: true}}", "/value/when", "is not of type"),
            ("e: {value: {id: x}, x-invalid: true}", "", "marked x-invalid, but it is valid"),
            ("e: {value: {id: 1}, x-invalid: true}", "", "x-finding: {at: \"/id\", breaks: type}"),
            ("e: {value: {id: 1}, x-invalid: true, x-finding: {at: /id, breaks: enum}}", "", "breaks: type"),
            ("e: {summary: none}", "", "has no value"),
        ] {
            let told = findings(example);
            let met = told.iter().any(|(pointer, what)| pointer.ends_with(&format!("e{at}")) && what.contains(part));
            assert!(met, "{example}: {told:?}");
        }
    }

    #[test]
    fn examples_of_parameters_are_compared() {
        let text = "paths: {/a: {get: {parameters: [{name: n, in: query, example: many, schema: {type: integer}}]}}}";
        let report = load::text_named(text, "x.yaml").map(|document| check(&document)).unwrap_or_default();
        let pointers: Vec<&str> = report.findings.iter().map(|finding| finding.pointer.as_str()).collect();
        assert_eq!(pointers, ["/paths/~1a/get/parameters/0/example"]);
    }
}
