//! A mock server that writes down every request and answers by a list or by a rule.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use serde_json::Value;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its method.
    pub method: String,
    /// Its path as it was sent, percent-encoding included.
    pub path: String,
    /// Its query parameters, decoded, in the order in which they were sent.
    pub query: Vec<(String, String)>,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Sent {
    fn of(request: &HttpMockRequest) -> Self {
        Self {
            method: request.method_str().to_owned(),
            path: request.uri().path().to_owned(),
            query: request.query_params(),
            headers: request.headers_vec().clone(),
            body: request.body_string(),
        }
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|cause| panic!("no JSON ({cause}): {}", self.body))
    }

    /// The body as the fields of a form.
    pub fn form(&self) -> Vec<(String, String)> {
        let url = reqwest::Url::parse(&format!("http://form/?{}", self.body)).expect("a form");
        url.query_pairs().into_owned().collect()
    }

    /// Asserts that there is no body and no content type.
    pub fn assert_no_body(&self) -> &Self {
        assert_eq!(self.body, "", "{} has a body", self.line());
        assert_eq!(self.header("content-type"), None, "{} has a content type without a body", self.line());
        self
    }

    /// Asserts the query parameters, whatever their order, and that there are no others.
    pub fn assert_query(&self, expected: &[(&str, &str)]) -> &Self {
        let mut sent: Vec<(&str, &str)> =
            self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut expected = expected.to_vec();
        sent.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sent, expected, "query of {}", self.line());
        self
    }

    /// Asserts the body to be exactly this JSON.
    pub fn assert_json(&self, expected: &Value) -> &Self {
        assert_eq!(self.header("content-type"), Some("application/json"), "content type of {}", self.line());
        assert_eq!(&self.json(), expected, "body of {}", self.line());
        self
    }

    /// Asserts the fields of a form, whatever their order, and that there are no others.
    pub fn assert_form(&self, expected: &[(&str, &str)]) -> &Self {
        let sent_as = self.header("content-type");
        assert_eq!(sent_as, Some("application/x-www-form-urlencoded"), "content type of {}", self.line());
        let mut sent = self.form();
        let mut expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        sent.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sent, expected, "form of {}", self.line());
        self
    }

    /// Asserts a header and its value, or with `None` its absence.
    pub fn assert_header(&self, name: &str, expected: Option<&str>) -> &Self {
        assert_eq!(self.header(name), expected, "header {name} of {}", self.line());
        self
    }
}

/// What the server answers.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// JSON text, sent as it is.
    pub fn json(status: u16, text: impl ToString) -> Self {
        Self::empty(status).header("content-type", "application/json; charset=utf-8").body(text.to_string())
    }

    /// A page.
    pub fn html(status: u16, text: &str) -> Self {
        Self::empty(status).header("content-type", "text/html").body(text)
    }

    /// The answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The answer with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether it says that the connection ends with it.
    pub fn closes(&self) -> bool {
        self.headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("connection") && value == "close")
    }

    /// The answer as it goes over the wire: its head, which tells the length of the body, and the body.
    pub fn on_the_wire(&self) -> (Vec<u8>, &[u8]) {
        let mut head = format!("HTTP/1.1 {} Said\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        (head.into_bytes(), &self.body)
    }

    fn response(self) -> HttpMockResponse {
        HttpMockResponse::builder().status(self.status).headers(self.headers).body(self.body).build()
    }
}

type Rule = Box<dyn Fn(&Sent) -> Answer + Send>;

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    script: VecDeque<Answer>,
    rule: Option<Rule>,
}

/// The server. What nobody has said an answer for is answered 418.
pub struct Server {
    mock: MockServer,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts a server on a free port of loopback.
    pub async fn start() -> Self {
        let mock = MockServer::start_async().await;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        mock.mock_async(|when, then| {
            when.any_request();
            then.respond_with(move |request| {
                let sent = Sent::of(request);
                let mut state = shared.lock().unwrap();
                let scripted = state.script.pop_front();
                let answer = scripted.or_else(|| state.rule.as_ref().map(|rule| rule(&sent)));
                state.sent.push(sent);
                answer.unwrap_or_else(|| Answer::empty(418)).response()
            });
        })
        .await;
        Self { mock, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Scheme, host and port, and `path` after it.
    pub fn url(&self, path: &str) -> String {
        self.mock.url(path)
    }

    /// Adds an answer to the list.
    pub fn answer(&self, answer: Answer) -> &Self {
        self.state().script.push_back(answer);
        self
    }

    /// Forgets the answers that are left over, and all requests so far.
    pub fn clear(&self) {
        let mut state = self.state();
        state.script.clear();
        state.sent.clear();
    }

    /// Answers by a rule whatever the list has no answer for.
    pub fn by(&self, rule: impl Fn(&Sent) -> Answer + Send + 'static) -> &Self {
        self.state().rule = Some(Box::new(rule));
        self
    }

    /// All requests since this was asked last.
    pub fn taken(&self) -> Vec<Sent> {
        std::mem::take(&mut self.state().sent)
    }

    /// The only request since this was asked last; it must not carry the generator's version header.
    pub fn only(&self) -> Sent {
        let mut taken = self.taken();
        assert_eq!(taken.len(), 1, "{:?}", taken.iter().map(Sent::line).collect::<Vec<_>>());
        let sent = taken.remove(0);
        assert_eq!(sent.header("api-version"), None, "{} sends the header api-version", sent.line());
        sent
    }

    /// Methods and paths of all requests since this was asked last.
    pub fn lines(&self) -> Vec<String> {
        self.taken().iter().map(Sent::line).collect()
    }
}
