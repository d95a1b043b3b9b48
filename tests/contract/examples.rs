//! Every example of every spec, read by the typed client and written out again: nothing may be lost or changed.

use backup_sync_runtime::Connection;
use backup_sync_tests::calls::Api;
use backup_sync_tests::every_document;
use backup_sync_tests::json::differences;
use backup_sync_tests::sample::{self, Make};
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use serde_json::Value;

use crate::coverage::{Ledger, further};

/// One document, a server and a connection to it.
struct Bench {
    api: Api,
    spec: Spec,
    server: Server,
    connection: Connection,
    ledger: Ledger,
}

impl Bench {
    async fn new(api: Api) -> Self {
        let (spec, server) = (Spec::load(api.spec()), Server::start().await);
        Self { api, spec, server, connection: api.connection(), ledger: Ledger::new(api) }
    }

    /// Answers `value` to the operation `id` and compares it with what the client read.
    async fn same(&mut self, id: &str, status: u16, name: &str, value: &Value) {
        self.server.answer(Answer::json(status, value));
        let told = match self.api.call(&self.server.url(""), &self.connection, id).await {
            Ok(read) => {
                assert_eq!(read.status, status, "{id}, {name}");
                differences(value, &read.body)
            }
            Err(error) => vec![error.to_string()],
        };
        self.ledger.enter(id, told.into_iter().map(|what| format!("{name}: {what}")).collect());
    }

    /// Answers nothing, as the document says.
    async fn nothing(&mut self, id: &str, status: u16) {
        self.server.answer(Answer::empty(status));
        let read = self.api.call(&self.server.url(""), &self.connection, id).await.unwrap();
        assert_eq!((read.status, read.body), (status, Value::Null), "{id}");
        self.ledger.enter(id, Vec::new());
    }

    fn assert(self) {
        self.ledger.assert(&self.spec);
    }
}

/// Reads all examples of one document.
async fn examples(api: Api) {
    let mut bench = Bench::new(api).await;
    for id in bench.spec.ids() {
        for answer in bench.spec.successes(&id) {
            if answer.schema.is_none() {
                bench.nothing(&id, answer.status).await;
                continue;
            }
            assert!(!answer.examples.is_empty(), "{api:?} {id}: the answer {} has no example", answer.status);
            for example in answer.examples {
                bench.same(&id, answer.status, &example.name, &example.value).await;
            }
        }
        for value in further(api, "answers", &id) {
            bench.same(&id, 200, "data/members", &value).await;
        }
    }
    bench.assert();
}

/// Reads values made from the schemas of the answers of one document.
async fn made(api: Api, make: Make) {
    let mut bench = Bench::new(api).await;
    for id in bench.spec.ids() {
        for answer in bench.spec.successes(&id) {
            match answer.schema {
                Some(schema) => {
                    let value = sample::make(bench.spec.root(), &schema, make);
                    bench.same(&id, answer.status, &format!("{make:?}"), &value).await;
                }
                None => bench.nothing(&id, answer.status).await,
            }
        }
    }
    bench.assert();
}

/// Declares the tests of one document.
macro_rules! of {
    ($name:ident, $api:expr) => {
        mod $name {
            use backup_sync_tests::sample::Make;

            #[tokio::test]
            async fn every_example_is_read_without_loss() {
                super::examples($api).await;
            }

            #[tokio::test]
            async fn every_member_is_read_without_loss() {
                super::made($api, Make::Everything).await;
            }

            #[tokio::test]
            async fn unknown_words_are_kept_as_text() {
                super::made($api, Make::UnknownWords).await;
            }

            #[tokio::test]
            async fn numbers_and_truth_values_may_be_text_where_sources_disagree() {
                super::made($api, Make::Texts).await;
            }

            #[tokio::test]
            async fn everything_but_keys_may_be_null() {
                super::made($api, Make::NullValues).await;
                super::made($api, Make::NullMembers).await;
            }
        }
    };
}
every_document!(of);

#[test]
fn every_request_example_is_built_without_loss() {
    let mut wrong = Vec::new();
    for api in Api::ALL {
        let spec = Spec::load(api.spec());
        for id in spec.ids().into_iter().filter(|id| spec.request_schema(id).is_some()) {
            let examples: Vec<Value> = spec.requests(&id).into_iter().map(|example| example.value).collect();
            assert!(!examples.is_empty(), "{api:?} {id} has a body and no example of one");
            for value in examples.into_iter().chain(further(api, "requests", &id)) {
                match api.request_again(&id, &value) {
                    Ok(again) => wrong
                        .extend(differences(&value, &again).into_iter().map(|what| format!("{api:?} {id}: {what}"))),
                    Err(cause) => wrong.push(format!("{api:?} {id}: {value} is refused: {cause}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
