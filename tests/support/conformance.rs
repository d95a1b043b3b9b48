//! Compares every answer of a simulator with its document: status, headers and body. A deviation fails the test.
//!
//! Included by the tests of the simulator and of the program, which is why it is not a part of the library of tests.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use backup_sync_codegen::document::{operations, resolve};
use backup_sync_codegen::{Document, load};
use backup_sync_conformance::{Came, Difference, answer};
use backup_sync_simulator::{Builder, Exchange, FaultKind, Simulator, StartError};
use serde_json::Value;

/// The documents, each read once.
static DOCUMENTS: LazyLock<Mutex<HashMap<&'static str, Arc<Spec>>>> = LazyLock::new(Mutex::default);

struct Spec(Document);

impl Spec {
    fn get(name: &'static str) -> Result<Arc<Self>, String> {
        let mut documents = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spec) = documents.get(name) {
            return Ok(spec.clone());
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../specs/{name}.yaml"));
        let spec = Arc::new(Self(load::file(&path, name).map_err(|finding| finding.to_string())?));
        documents.insert(name, spec.clone());
        Ok(spec)
    }

    /// What is wrong with an answer.
    fn deviations(&self, exchange: &Exchange, operation: &str) -> Vec<String> {
        let root = &self.0.value;
        let Some(node) = operations(root).into_iter().find(|node| node.id() == operation) else {
            return vec!["the operation is not documented".to_owned()];
        };
        let headers: Vec<&str> = exchange.headers.iter().map(|(name, _)| name.as_str()).collect();
        let body = match exchange.body.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&exchange.body),
        };
        let body = match body {
            Ok(body) => body,
            Err(error) => return vec![format!("the body is no JSON: {error}")],
        };
        let came = Came { status: exchange.status, headers: &headers, body: Some(&body) };
        let mut found = answer(root, node.path, node.method, came);
        // What servers put around an answer is not the document's business.
        found.retain(|one| one.difference != Difference::UndeclaredHeader);
        let told =
            found.into_iter().map(|one| format!("{} (spec at {}, answer at {})", one.what, one.spec, one.answer));
        told.chain(media(root, node.node, exchange)).collect()
    }
}

/// The content type, where the document names one.
fn media(root: &Value, operation: &Value, exchange: &Exchange) -> Option<String> {
    let answers = operation.get("responses")?;
    let keys = [exchange.status.to_string(), format!("{}XX", exchange.status / 100), "default".to_owned()];
    let content = resolve(root, keys.iter().find_map(|key| answers.get(key))?)?.get("content")?;
    let sent = exchange.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let bare = sent.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
    let known = content.get(bare).is_some() || content.get("*/*").is_some();
    (!known).then(|| format!("the content type {bare:?} is not documented"))
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    /// Answers that were found right, by their content.
    right: HashSet<u64>,
    deviations: BTreeSet<String>,
    /// What a test says about deviations that it makes itself, and how many there were.
    allowed: BTreeMap<(&'static str, u16), (&'static str, usize)>,
}

/// Sees all answers of one simulator.
#[derive(Default)]
pub struct Conformance(Mutex<Seen>);

impl Conformance {
    fn see(&self, exchange: &Exchange) {
        // A connection that is closed, and what a fault of the test itself puts in place of the vendor's answer.
        let replaced = exchange.fault.as_ref().is_some_and(|fault| {
            !matches!(fault, FaultKind::Delay(_) | FaultKind::Truncated | FaultKind::ApplyThenReset)
        });
        let Some(operation) = exchange.operation.filter(|_| !replaced && exchange.status != 0) else { return };
        let mut hasher = DefaultHasher::new();
        (exchange.document, operation, exchange.status, &exchange.headers, &exchange.body).hash(&mut hasher);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.right.contains(&hasher.finish()) {
            return;
        }
        let wrong = match Spec::get(exchange.document) {
            Ok(spec) => spec.deviations(exchange, operation),
            Err(why) => vec![why],
        };
        if wrong.is_empty() {
            seen.right.insert(hasher.finish());
        } else if let Some((_, count)) = seen.allowed.get_mut(&(operation, exchange.status)) {
            *count += 1;
        } else {
            let what = format!("{} of {}, status {}", operation, exchange.document, exchange.status);
            seen.deviations.extend(wrong.into_iter().map(|wrong| format!("{what}: {wrong}")));
        }
    }
}

/// A simulator whose answers are compared with the documents; the test fails at its end if one deviates.
pub struct Checked {
    simulator: Option<Simulator>,
    conformance: Arc<Conformance>,
}

impl Checked {
    /// Starts a simulator and sees all its answers.
    pub async fn start(builder: Builder) -> Result<Self, StartError> {
        let conformance = Arc::new(Conformance::default());
        let observer = conformance.clone();
        let simulator = builder.observe(move |exchange| observer.see(exchange)).start().await?;
        Ok(Self { simulator: Some(simulator), conformance })
    }

    /// Permits deviations of one operation with one status, because of what this test does. There has to be one.
    pub fn allow(&self, operation: &'static str, status: u16, why: &'static str) -> &Self {
        let mut seen = self.conformance.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.allowed.insert((operation, status), (why, 0));
        self
    }

    /// Stops the servers and waits until they have.
    pub async fn shutdown(mut self) {
        if let Some(simulator) = self.simulator.take() {
            simulator.shutdown().await;
        }
    }
}

impl Deref for Checked {
    type Target = Simulator;

    fn deref(&self) -> &Simulator {
        self.simulator.as_ref().expect("a checked simulator is there until it is shut down")
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let seen = self.conformance.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(seen.deviations.is_empty(), "answers deviate from the documents: {:#?}", seen.deviations);
        for ((operation, status), (why, count)) in &seen.allowed {
            assert!(*count > 0, "no answer of {operation} with {status} deviates, but one may because {why}");
        }
    }
}
