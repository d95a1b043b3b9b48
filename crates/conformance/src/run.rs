//! Makes the calls, one after the other, and compares.

use std::collections::HashMap;

use backup_sync_runtime::{Call, Error, Operation, Service};
use serde::Serialize;
use serde_json::Value;

use crate::compare::{Came, Deviation, answer};
use crate::plan::{Plan, needed, source};

/// One call and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Called {
    /// The vendor's name.
    pub operation: &'static str,
    /// Whether it was sent; it is not when nothing is known for a part of its path.
    pub sent: bool,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Why nothing could be compared, if so.
    pub trouble: Option<String>,
    /// What differs.
    pub deviations: Vec<Deviation>,
    /// The answer without any text of the server's.
    pub capture: Option<Value>,
}

/// All calls of one API.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Title and version of the document.
    pub document: String,
    /// The calls in their order.
    pub calls: Vec<Called>,
}

impl Report {
    /// How many deviations there are.
    pub fn deviations(&self) -> usize {
        self.calls.iter().map(|call| call.deviations.len()).sum()
    }
}

/// Calls what is planned and compares each answer with `document`.
pub async fn run(service: &Service, document: &Value, plan: &Plan, told: impl Fn(&Called)) -> Report {
    let given: Vec<&str> = service.given().collect();
    let mut answers: HashMap<&str, Value> = HashMap::new();
    // What was found out for a part of a path serves the calls after it.
    let mut values: HashMap<&str, String> = HashMap::new();
    let mut calls = Vec::new();
    for operation in &plan.calls {
        let mut parameters = Vec::new();
        let mut missing = None;
        for name in needed(operation, &given) {
            let list = source(&plan.calls, operation.path, name);
            let found = values.get(name).cloned().or_else(|| first(list?, answers.get(list?.id)?, name));
            match found {
                Some(value) => {
                    values.insert(name, value.clone());
                    parameters.push((name.to_owned(), value));
                }
                None => missing = Some(format!("{} lists nothing that gives {name}", list.map_or("", |row| row.id))),
            }
        }
        let called = match missing {
            Some(trouble) => not_compared(operation.id, false, None, trouble),
            None => {
                let call = Call { operation, parameters, body: None };
                let (called, body) = one(service, document, operation, &call).await;
                answers.extend(body.map(|body| (operation.id, body)));
                called
            }
        };
        told(&called);
        calls.push(called);
    }
    let info = |key: &str| document.pointer(&format!("/info/{key}")).and_then(Value::as_str).unwrap_or_default();
    Report { document: format!("{} {}", info("title"), info("version")), calls }
}

fn not_compared(operation: &'static str, sent: bool, status: Option<u16>, trouble: String) -> Called {
    Called { operation, sent, status, trouble: Some(trouble), deviations: Vec::new(), capture: None }
}

async fn one(
    service: &Service,
    document: &Value,
    operation: &'static Operation,
    call: &Call,
) -> (Called, Option<Value>) {
    let method = operation.method.to_lowercase();
    match service.send(call).await {
        Ok(came) => {
            let names: Vec<&str> = came.headers(false).map(|(name, _)| name).collect();
            let seen = Came { status: came.status, headers: &names, body: Some(&came.body) };
            let deviations = answer(document, operation.path, &method, seen);
            let capture = Some(crate::capture(document, operation.secrets, &came.body));
            let called = Called {
                operation: operation.id,
                sent: true,
                status: Some(came.status),
                trouble: None,
                deviations,
                capture,
            };
            (called, Some(came.body))
        }
        Err(error) => (refused(document, operation, &method, &error), None),
    }
}

/// A failure has a status that can be compared, and its words are told; its body is not kept.
fn refused(document: &Value, operation: &'static Operation, method: &str, error: &Error) -> Called {
    let mut called = not_compared(operation.id, true, error.status(), error.to_string());
    if let Some(status) = error.status() {
        let compared = answer(document, operation.path, method, Came { status, headers: &[], body: None });
        let status_only = compared.into_iter().filter(|one| one.difference == crate::Difference::UndeclaredStatus);
        called.deviations = status_only.collect();
    }
    called
}

/// The value of a part of a path, from the first item of a list: the member of that name, or the item's id.
fn first(list: &Operation, answer: &Value, name: &str) -> Option<String> {
    let items = match list.paging {
        Some(paging) => paging.items.split('.').try_fold(answer, |node, member| node.get(member))?,
        None => answer,
    };
    let array = items.as_array().or_else(|| items.as_object()?.values().find_map(Value::as_array))?;
    let item = array.first()?;
    match item.get(name).or_else(|| item.get("id"))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_gives_the_parts_of_paths() {
        let plain = Operation::BLANK;
        assert_eq!(first(&plain, &json!([{ "id": "7" }]), "x_id").as_deref(), Some("7"));
        assert_eq!(first(&plain, &json!({ "vaults": [{ "x_id": 8, "id": "7" }] }), "x_id").as_deref(), Some("8"));
        assert_eq!(first(&plain, &json!([]), "x_id"), None);
    }
}
