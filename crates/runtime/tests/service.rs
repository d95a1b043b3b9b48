//! Calls by name: what goes where, what is refused before anything is sent, and how lists of every kind end.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::{
    Body, Call, Connection, Delivery, Form, Kind, Operation, Paging, Parameter, Place, Service, Style,
};
use httpmock::{MockServer, Then, When};
use serde_json::{Value, json};

const PAGES: Paging = Paging {
    style: Style::Offset,
    start: "offset",
    size: "limit",
    most: 100,
    items: "items",
    total: Some("meta.total"),
    next: Some("meta.next"),
    used: Some("meta.size"),
};

static OPERATIONS: &[Operation] = &[
    Operation {
        id: "List",
        function: "list",
        path: "/things",
        idempotent: true,
        parameters: &[Parameter::query("kind").list(), Parameter::query("limit"), Parameter::query("offset")],
        paging: Some(PAGES),
        ..Operation::BLANK
    },
    Operation {
        id: "Numbered",
        function: "numbered",
        path: "/numbered",
        idempotent: true,
        parameters: &[Parameter::query("page"), Parameter::query("size")],
        paging: Some(Paging { style: Style::Page, start: "page", size: "size", total: None, ..PAGES }),
        ..Operation::BLANK
    },
    Operation {
        id: "Put",
        function: "put",
        method: "POST",
        path: "/boxes/{box}/things/{thing}",
        secrets: &["key"],
        parameters: &[
            Parameter::path("box"),
            Parameter::path("thing"),
            Parameter::header("x-mode"),
            Parameter::query("reason").required(),
        ],
        body: Some(Body { form: Form::Fields, required: true }),
        ..Operation::BLANK
    },
];

fn service(server: &MockServer) -> Service {
    let connection = Connection::builder(OPERATIONS).to(&server.base_url()).retry(Policy::never()).build().unwrap();
    Service::new(connection, server.url("/base")).give("box", "a b")
}

fn call(id: &str, parameters: &[(&str, &str)], body: Option<Value>) -> Call {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Call { operation: Operation::of_id(OPERATIONS, id).unwrap(), parameters, body }
}

#[tokio::test]
async fn everything_goes_where_the_document_says() {
    let server = MockServer::start_async().await;
    let put = server
        .mock_async(|when: When, then: Then| {
            when.method("POST")
                .header("x-mode", "fast")
                .header("accept", "application/json")
                .query_param("reason", "a&b=c d")
                .form_urlencoded_tuple("n", "1")
                .form_urlencoded_tuple("t", "ä ö")
                .path("/base/boxes/a%20b/things/x%2F..%3Fy");
            then.status(201)
                .header("x-request-id", "r-1")
                .header("x-key", "planted")
                .body(r#"{"b":1,"key":"planted"}"#);
        })
        .await;
    let given = [("thing", "x/..?y"), ("x-mode", "fast"), ("reason", "a&b=c d")];
    let put_it = call("put", &given, Some(json!({"n": 1, "t": "ä ö"})));
    let mut answer = service(&server).send(&put_it).await.unwrap();
    put.assert_async().await;
    assert_eq!((answer.status, &answer.body["key"]), (201, &json!("planted")));
    put_it.operation.redact(&mut answer.body);
    assert_eq!(answer.body, json!({"b": 1, "key": "[redacted]"}));
    let shown =
        |name: &str| answer.headers(false).find(|(known, _)| *known == name).map(|(_, value)| value.into_owned());
    assert_eq!(shown("x-request-id").as_deref(), Some("r-1"));
    assert_eq!(shown("x-key").as_deref(), Some("[redacted]"));
    assert!(answer.headers(true).any(|(_, value)| value == "planted"));
}

#[tokio::test]
async fn wrong_calls_are_refused_and_not_sent() {
    let server = MockServer::start_async().await;
    let any = server.mock_async(|_, then: Then| drop(then.status(200))).await;
    let service = service(&server);
    let fields = Some(json!({}));
    let good = [("thing", "t"), ("reason", "r")];
    for (call, told) in [
        (call("Put", &good[..1], fields.clone()), "Put needs the parameter reason (query)"),
        (call("Put", &good[1..], fields.clone()), "Put needs the parameter thing (path)"),
        (call("Put", &good, None), "Put needs a body"),
        (call("Put", &good, Some(json!({"a": [1]}))), "Put takes a form"),
        (call("Put", &[good[0], good[1], ("thing", "u")], fields.clone()), "thing is given twice"),
        (call("Put", &[("thing", ".."), good[1]], fields.clone()), "\"..\" cannot be the parameter thing"),
        (call("Put", &[("thin", "t"), good[1]], fields), "no parameter \"thin\"; did you mean `thing`?"),
        (call("List", &[], Some(Value::Null)), "List takes no body"),
    ] {
        let error = service.send(&call).await.err().unwrap();
        assert!(error.to_string().contains(told), "{error} lacks {told:?}");
        assert_eq!((error.kind(), error.delivery()), (Kind::Usage, Delivery::NeverSent));
    }
    assert!(service.pages(&call("Put", &good, Some(json!({})))).is_err());
    let wrong = call("List", &[("limit", "many")], None);
    let error = service.pages(&wrong).err().unwrap();
    assert!(error.to_string().contains("limit has to be a number, not \"many\""), "{error}");
    assert_eq!(any.calls_async().await, 0);
    assert_eq!(Operation::of_id(OPERATIONS, "PUT").unwrap().parameter("x-mode").unwrap().place, Place::Header);
}

/// A page of `path` for these query parameters.
async fn page(server: &MockServer, path: &str, query: &[(&str, &str)], body: Value) {
    server
        .mock_async(|mut when: When, then: Then| {
            when = when.path(format!("/base/{path}"));
            for (name, value) in query {
                when = when.query_param(*name, *value);
            }
            then.status(200).json_body(body);
        })
        .await;
}

async fn all(server: &MockServer, call: &Call) -> Result<Vec<Value>, backup_sync_runtime::Error> {
    service(server).pages(call)?.all().await
}

#[tokio::test]
async fn short_pages_are_followed_to_the_total() {
    let server = MockServer::start_async().await;
    for (offset, items) in [("0", json!([1, 2])), ("2", json!([3, 4])), ("4", json!([5]))] {
        let query = [("offset", offset), ("limit", "100"), ("kind", "a"), ("kind", "b")];
        page(&server, "things", &query, json!({"items": items, "meta": {"total": 5}})).await;
    }
    let list = call("List", &[("kind", "a"), ("kind", "b")], None);
    assert_eq!(all(&server, &list).await.unwrap(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn the_page_size_that_the_server_used_decides_where_no_total_is() {
    let server = MockServer::start_async().await;
    for (offset, items) in [("0", json!([1, 2])), ("2", json!([3]))] {
        page(&server, "things", &[("offset", offset)], json!({"items": items, "meta": {"size": 2}})).await;
    }
    assert_eq!(all(&server, &call("List", &[], None)).await.unwrap(), [1, 2, 3]);
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_comes_to_an_end_and_a_loss_is_told() {
    let server = MockServer::start_async().await;
    page(&server, "things", &[], json!({"items": [1, 2]})).await;
    assert_eq!(all(&server, &call("List", &[("limit", "2")], None)).await.unwrap(), [1, 2]);
    let short = MockServer::start_async().await;
    page(&short, "things", &[("offset", "0")], json!({"items": [1], "meta": {"total": 3}})).await;
    page(&short, "things", &[("offset", "1")], json!({"items": [], "meta": {"total": 3}})).await;
    let error = all(&short, &call("List", &[], None)).await.err().unwrap();
    assert!(error.to_string().contains("ended after 1 items, but the vendor told of 3"), "{error}");
}

#[tokio::test]
async fn numbered_pages_and_their_links_are_followed() {
    let server = MockServer::start_async().await;
    let next = "https://elsewhere.example.org/numbered?page=2&size=2";
    let first = json!({"items": [1, 2], "meta": {"next": next}});
    page(&server, "numbered", &[("page", "1"), ("size", "2")], first).await;
    page(&server, "numbered", &[("page", "2"), ("size", "2")], json!({"items": [3], "meta": {"next": null}})).await;
    assert_eq!(all(&server, &call("Numbered", &[("size", "2")], None)).await.unwrap(), [1, 2, 3]);
    assert_eq!(all(&server, &call("Numbered", &[("size", "2"), ("page", "2")], None)).await.unwrap(), [3]);
}

#[tokio::test]
async fn an_answer_that_is_no_list_or_no_json_is_told() {
    let server = MockServer::start_async().await;
    page(&server, "things", &[], json!({"items": {"a": 1}})).await;
    let error = all(&server, &call("List", &[], None)).await.err().unwrap();
    assert!(error.to_string().contains("List: the vendor agreed, but \"items\" in its answer is no list"), "{error}");
    let other = MockServer::start_async().await;
    other.mock_async(|_, then: Then| drop(then.status(200).body("<p>planted</p>"))).await;
    let error = service(&other).send(&call("List", &[], None)).await.err().unwrap();
    assert_eq!((error.kind(), error.delivery(), error.status()), (Kind::Decode, Delivery::Accepted, Some(200)));
    assert!(!error.chain().contains("planted"), "{}", error.chain());
}
