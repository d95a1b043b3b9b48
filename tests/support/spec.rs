//! The specs as the tests need them: operations, examples, documented failures.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use backup_sync_codegen::document::{OperationNode, operations, resolve};
use backup_sync_codegen::{Document, load};
use serde_json::{Map, Value};

/// The statuses of failure that are tried where a spec says "any".
pub const FAILURES: [u16; 8] = [400, 401, 403, 404, 409, 429, 500, 503];

/// A named example.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// An answer that a spec documents.
#[derive(Clone, Debug)]
pub struct Documented {
    /// The status, as a number.
    pub status: u16,
    /// Its examples.
    pub examples: Vec<Example>,
    /// Its schema.
    pub schema: Option<Value>,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Spec(Arc<Document>);

impl Spec {
    /// Reads `specs/NAME.yaml`, once for all tests of a program.
    pub fn load(name: &str) -> Self {
        static READ: Mutex<BTreeMap<String, Arc<Document>>> = Mutex::new(BTreeMap::new());
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = read.get(name) {
            return Self(Arc::clone(document));
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../specs/{name}.yaml"));
        let document = Arc::new(load::file(&path, name).unwrap_or_else(|finding| panic!("{finding}")));
        read.insert(name.to_owned(), Arc::clone(&document));
        Self(document)
    }

    /// The whole document.
    pub fn root(&self) -> &Value {
        &self.0.value
    }

    /// Ids of all operations.
    pub fn ids(&self) -> Vec<String> {
        operations(self.root()).iter().map(|operation| operation.id().to_owned()).collect()
    }

    fn operation(&self, id: &str) -> OperationNode<'_> {
        let mut all = operations(self.root()).into_iter();
        all.find(|operation| operation.id() == id).unwrap_or_else(|| panic!("no operation {id}"))
    }

    fn responses(&self, id: &str) -> &Map<String, Value> {
        self.operation(id).node["responses"].as_object().unwrap()
    }

    fn documented(&self, status: u16, node: &Value) -> Documented {
        let node = resolve(self.root(), node).unwrap();
        let content = first_content(node);
        let schema = content.and_then(|content| content.get("schema")).cloned();
        Documented { status, examples: content.map(examples).unwrap_or_default(), schema }
    }

    /// The examples of the request body that are not deliberately wrong.
    pub fn requests(&self, id: &str) -> Vec<Example> {
        let body = self.operation(id).node.get("requestBody").and_then(|node| resolve(self.root(), node));
        body.and_then(first_content).map(examples).unwrap_or_default()
    }

    /// The schema of the request body.
    pub fn request_schema(&self, id: &str) -> Option<Value> {
        let body = self.operation(id).node.get("requestBody").and_then(|node| resolve(self.root(), node))?;
        first_content(body)?.get("schema").cloned()
    }

    /// The parameters of the operation, those of its path included; references are followed.
    pub fn parameters(&self, id: &str) -> Vec<&Value> {
        self.operation(id).parameters(self.root())
    }

    /// Method in lower case, and path template.
    pub fn call(&self, id: &str) -> (&str, &str) {
        let operation = self.operation(id);
        (operation.method, operation.path)
    }

    /// Whether the document lets the operation be sent again after it may have arrived.
    pub fn idempotent(&self, id: &str) -> bool {
        let operation = self.operation(id);
        let usual = ["get", "head", "put", "delete"].contains(&operation.method);
        operation.node.get("x-idempotent").and_then(Value::as_bool).unwrap_or(usual)
    }

    /// Whether the document says that the operation starts work.
    pub fn starts_job(&self, id: &str) -> bool {
        self.operation(id).node.get("x-starts-job") == Some(&Value::Bool(true))
    }

    /// All answers of success.
    pub fn successes(&self, id: &str) -> Vec<Documented> {
        let all = self.responses(id).iter().filter_map(|(status, node)| Some((status.parse().ok()?, node)));
        all.filter(|(status, _)| (200..300).contains(status))
            .map(|(status, node)| self.documented(status, node))
            .collect()
    }

    /// The example of this name among the answers of success.
    pub fn success(&self, id: &str, name: &str) -> Value {
        let examples = self.successes(id).into_iter().flat_map(|answer| answer.examples);
        examples
            .into_iter()
            .find(|example| example.name == name)
            .unwrap_or_else(|| panic!("no example {name} of {id}"))
            .value
    }

    /// The first status of success that is documented.
    pub fn success_status(&self, id: &str) -> u16 {
        self.successes(id).iter().map(|answer| answer.status).min().unwrap()
    }

    /// Those of [`FAILURES`] that are documented, by their number, their hundred, or `default`.
    pub fn failures(&self, id: &str) -> Vec<Documented> {
        let responses = self.responses(id);
        let find = |status: u16| {
            let range = format!("{}XX", status / 100);
            [status.to_string(), range, "default".to_owned()].iter().find_map(|key| responses.get(key))
        };
        FAILURES.iter().filter_map(|status| Some(self.documented(*status, find(*status)?))).collect()
    }

    /// All schemas that travel in requests or answers of success, each with its operation and its examples.
    pub fn bodies(&self) -> Vec<(String, Value, Vec<Example>)> {
        let mut all = Vec::new();
        for id in self.ids() {
            all.extend(self.request_schema(&id).map(|schema| (id.clone(), schema, self.requests(&id))));
            let answers = self.successes(&id).into_iter();
            all.extend(answers.filter_map(|answer| Some((id.clone(), answer.schema?, answer.examples))));
        }
        all
    }
}

fn first_content(node: &Value) -> Option<&Value> {
    node.get("content")?.as_object()?.values().next()
}

fn examples(content: &Value) -> Vec<Example> {
    let all = content.get("examples").and_then(Value::as_object).into_iter().flatten();
    let right = all.filter(|(_, node)| node.get("x-invalid") != Some(&Value::Bool(true)));
    right.map(|(name, node)| Example { name: name.clone(), value: node["value"].clone() }).collect()
}
