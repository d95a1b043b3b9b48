//! Every operation of every document, made from its table and its spec: what the typed client sends, what a call by name
//! sends, and that the answers are still read when they have grown or shrunk. The calls are made from the documents by
//! the build script; what they have to look like is read from the documents here.

use backup_sync_runtime::{Call, Form, Operation, Service};
use backup_sync_tests::calls::Api;
use backup_sync_tests::expected::{self, Expected};
use backup_sync_tests::json::differences;
use backup_sync_tests::server::{Answer, Sent, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{AWKWARD, TEXTS, every_document, sample};
use serde_json::{Value, json};

use crate::coverage::{Ledger, further};

/// Bodies of the operation that are tried: the examples of the spec; once none where it has none.
fn bodies(api: Api, spec: &Spec, id: &str) -> Vec<Option<Value>> {
    let examples: Vec<Option<Value>> = spec.requests(id).into_iter().map(|example| Some(example.value)).collect();
    let more = further(api, "requests", id).into_iter().map(Some);
    let all: Vec<Option<Value>> = examples.into_iter().chain(more).collect();
    if all.is_empty() { vec![None] } else { all }
}

/// A success that the spec shows.
fn success(spec: &Spec, id: &str) -> Answer {
    let answers = spec.successes(id);
    let shown = answers.iter().find_map(|answer| Some((answer.status, answer.examples.first()?)));
    match shown {
        Some((status, example)) => Answer::json(status, &example.value),
        None => Answer::empty(answers[0].status),
    }
}

/// What is wrong with what was sent, whatever the way: line, query, credentials, body.
fn deviations(api: Api, spec: &Spec, row: &Operation, sent: &Sent, with: (&[Expected], Option<&Value>)) -> Vec<String> {
    let (parameters, body) = with;
    let mut wrong = expected::deviations(sent, parameters);
    let (method, path) = spec.call(row.id);
    let lines = expected::lines(method, api.base(), path, parameters);
    if !lines.contains(&sent.line()) {
        wrong.push(format!("{} is none of {lines:?}", sent.line()));
    }
    let credential = match api {
        Api::V5 | Api::V7 | Api::V8 => "authorization",
        Api::Cbr | Api::Iam => "x-auth-token",
        Api::Vr => "x-dr-session",
    };
    if sent.header(credential).is_some() != row.authenticated {
        wrong.push(format!("the header {credential} is {:?}", sent.header(credential).map(|_| "there")));
    }
    if sent.header("accept") != Some("application/json") && sent.header("accept") != Some("*/*") {
        wrong.push(format!("the header accept is {:?}", sent.header("accept")));
    }
    let kind = sent.header("content-type");
    match (row.body.map(|body| body.form), body) {
        (None, _) if sent.body.is_empty() && kind.is_none() => {}
        (Some(Form::Json), Some(body)) if kind == Some("application/json") => {
            wrong.extend(differences(body, &sent.json()).into_iter().map(|what| format!("body: {what}")));
        }
        (Some(Form::Fields), Some(body)) if kind == Some("application/x-www-form-urlencoded") => {
            let fields = sent.form().into_iter().map(|(name, value)| (name, json!(value))).collect();
            let told = differences(&as_texts(body), &Value::Object(fields));
            wrong.extend(told.into_iter().map(|what| format!("form: {what}")));
        }
        _ => wrong.push(format!("the body is {:?} of the type {kind:?}", sent.body)),
    }
    wrong
}

/// The fields of a form: whatever they hold is sent as text.
fn as_texts(body: &Value) -> Value {
    let text = |value: &Value| if value.is_string() { value.clone() } else { json!(value.to_string()) };
    let fields = body.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    Value::Object(fields.map(|(name, value)| (name.clone(), text(value))).collect())
}

/// What the typed client sends.
async fn typed(api: Api) {
    let (spec, server, connection) = (Spec::load(api.spec()), Server::start().await, api.connection());
    let mut ledger = Ledger::new(api);
    for row in api.operations() {
        let parameters = expected::parameters(&spec, row.id);
        for body in bodies(api, &spec, row.id) {
            server.answer(success(&spec, row.id));
            let url = server.url("");
            let called = match &body {
                Some(body) => api.call_with(&url, &connection, row.id, body).await,
                None => api.call(&url, &connection, row.id).await,
            };
            let mut told = deviations(api, &spec, row, &server.only(), (&parameters, body.as_ref()));
            told.extend(called.err().map(|error| error.to_string()));
            ledger.enter(row.id, told);
        }
    }
    ledger.assert(&spec);
}

/// The parameters of a call by name, which takes any text for any of them.
fn by_text(spec: &Spec, row: &Operation) -> Vec<Expected> {
    let mut parameters = expected::parameters(spec, row.id);
    for one in &mut parameters {
        let list = row.parameter(&one.name).is_some_and(|parameter| parameter.list);
        one.values = if list { TEXTS.map(str::to_owned).to_vec() } else { vec![AWKWARD.to_owned()] };
    }
    parameters
}

/// What a call by name sends, with every parameter that there is.
async fn by_name(api: Api) {
    let (spec, server) = (Spec::load(api.spec()), Server::start().await);
    let service = Service::new(api.connection(), server.url(api.base()));
    let mut ledger = Ledger::new(api);
    for row in api.operations() {
        let parameters = by_text(&spec, row);
        let named = parameters.iter().flat_map(|one| one.values.iter().map(|value| (one.name.clone(), value.clone())));
        let named: Vec<(String, String)> = named.collect();
        for body in bodies(api, &spec, row.id) {
            server.answer(success(&spec, row.id));
            let call = Call { operation: row, parameters: named.clone(), body: body.clone() };
            let called = service.send(&call).await;
            let mut told = deviations(api, &spec, row, &server.only(), (&parameters, body.as_ref()));
            told.extend(called.err().map(|error| error.to_string()));
            ledger.enter(row.id, told);
        }
    }
    ledger.assert(&spec);
}

/// A member that no document has.
const FRESH: &str = "brand_new_member";

/// Takes out what was put into places that keep whatever comes.
fn shrunk(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove(FRESH);
            members.values_mut().for_each(shrunk);
        }
        Value::Array(items) => items.iter_mut().for_each(shrunk),
        _ => {}
    }
}

/// Answers of newer servers, with members that nobody knows, and of older ones, without those that are null.
async fn newer_and_older(api: Api) {
    let (spec, server, connection) = (Spec::load(api.spec()), Server::start().await, api.connection());
    let mut ledger = Ledger::new(api);
    for id in spec.ids() {
        if spec.successes(&id).iter().all(|answer| answer.schema.is_none()) {
            ledger.enter(&id, Vec::new());
        }
        for answer in spec.successes(&id) {
            for example in answer.examples {
                let schema = answer.schema.as_ref().unwrap();
                let grown = sample::grow(spec.root(), schema, &example.value, FRESH);
                server.answer(Answer::json(answer.status, grown));
                let told = match api.call(&server.url(""), &connection, &id).await {
                    Ok(mut read) => {
                        shrunk(&mut read.body);
                        differences(&example.value, &read.body)
                    }
                    Err(error) => vec![error.to_string()],
                };
                ledger.enter(&id, told.into_iter().map(|what| format!("{}: {what}", example.name)).collect());
            }
        }
    }
    ledger.assert(&spec);
}

/// Declares the tests of one document.
macro_rules! of {
    ($name:ident, $api:expr) => {
        mod $name {
            #[tokio::test]
            async fn every_typed_call_is_sent_as_the_spec_says() {
                super::typed($api).await;
            }

            #[tokio::test]
            async fn every_call_by_name_is_sent_as_the_spec_says() {
                super::by_name($api).await;
            }

            #[tokio::test]
            async fn every_answer_may_grow_and_shrink() {
                super::newer_and_older($api).await;
            }
        }
    };
}
every_document!(of);
