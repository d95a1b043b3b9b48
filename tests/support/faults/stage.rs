//! The server that plays a fault on one operation and answers everything else well.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use backup_sync_runtime::Operation;
use serde_json::{Value, json};

use super::Fault;
use super::answers::Subject;
use crate::calls::Api;
use crate::raw::{Act, Raw};
use crate::server::{Answer, Sent};
use crate::spec::Spec;
use crate::{REFRESH, SESSION, TOKEN};

/// What the server gives out, or lets slip, that nobody may ever show.
///
/// Logins are numbered: the first gives out `TOKEN-1`, the one after it `TOKEN-2`.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Beginning of an access token.
    pub token: String,
    /// Beginning of a refresh token.
    pub refresh: String,
    /// Beginning of a session id.
    pub session: String,
    /// Headers of every answer, faulty ones included.
    pub headers: Vec<(String, String)>,
    /// What every refusal says in place of what the spec's example says: a code, and a message.
    pub said: Option<(String, String)>,
}

impl Default for Secrets {
    /// [`TOKEN`], [`REFRESH`] and [`SESSION`], the last one also as a cookie and as a header on every answer.
    fn default() -> Self {
        let headers = [("set-cookie", format!("JSESSIONID={SESSION}; HttpOnly")), ("x-dr-session", SESSION.to_owned())];
        Self {
            token: TOKEN.to_owned(),
            refresh: REFRESH.to_owned(),
            session: SESSION.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            said: None,
        }
    }
}

type Other = Box<dyn Fn(&Sent) -> Option<Answer> + Send>;

/// Which fault is to be played, and on what.
pub struct Scene {
    fault: Fault,
    api: Api,
    subject: &'static Operation,
    secrets: Secrets,
    other: Other,
}

impl Scene {
    /// The fault on the operation `id`; everything else is answered by the examples of the spec.
    pub fn new(fault: Fault, api: Api, id: &str) -> Self {
        let subject = Operation::of_id(api.operations(), id).unwrap_or_else(|| panic!("no operation {id}"));
        Self { fault, api, subject, secrets: Secrets::default(), other: Box::new(|_| None) }
    }

    /// Gives out these secrets instead of the usual ones.
    #[must_use]
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Answers what is not the subject by this rule, logins included, before the usual answers are looked at.
    #[must_use]
    pub fn other(mut self, rule: impl Fn(&Sent) -> Option<Answer> + Send + 'static) -> Self {
        self.other = Box::new(rule);
        self
    }

    /// Starts the server. Until [`Stage::arm`] the subject is answered well, too.
    pub async fn start(self) -> Stage {
        let elsewhere = Raw::start(vec![Act::Answer(Answer::json(200, "{}"))]).await;
        // Another name, so another host for every client.
        let location = elsewhere.url("/elsewhere").replace("127.0.0.1", "localhost");
        let subject = Subject { spec: document(self.api), id: self.subject.id, elsewhere: &location };
        let acts = subject.acts(self.fault);
        let (fault, log) = (self.fault, Arc::new(Mutex::new(Log::default())));
        let shared = log.clone();
        let raw = Raw::by(move |sent| self.act(&acts, &mut shared.lock().unwrap(), sent)).await;
        Stage { raw, elsewhere, fault, log }
    }

    /// What is done with a request.
    fn act(&self, acts: &[Act], log: &mut Log, sent: &Sent) -> Act {
        let found = operation(self.api, sent);
        let subject = found.is_some_and(|(api, operation)| api == self.api && operation.id == self.subject.id);
        if subject && log.armed {
            let act = acts[log.subject.len().min(acts.len() - 1)].clone();
            let refused = matches!(&act, Act::Answer(answer) if [401, 429].contains(&answer.status()));
            log.subject.push(sent.clone());
            log.refused += usize::from(refused);
            return self.planted(act);
        }
        let own = if subject { None } else { (self.other)(sent) };
        let answer = own.unwrap_or_else(|| self.usual(sent, found, log));
        self.planted(Act::Answer(answer))
    }

    /// The usual answer: a login that succeeds, or the example of the spec, in lists that of the page asked for.
    fn usual(&self, sent: &Sent, found: Option<(Api, &'static Operation)>, log: &mut Log) -> Answer {
        let Some((api, operation)) = found else { return Answer::empty(418) };
        if LOGINS.contains(&operation.id) {
            log.logins += 1;
            if log.armed && self.fault == Fault::UnauthorizedLockedOut {
                return Answer::empty(401);
            }
            log.given += 1;
            return self.login(operation.id, log.given);
        }
        let answer = document(api).successes(operation.id).remove(0);
        let offset = |of: &Value| of.pointer("/_meta/offset").or_else(|| of.get("offset")).and_then(Value::as_u64);
        let asked = sent.query.iter().find(|(name, _)| name == "offset").and_then(|(_, value)| value.parse().ok());
        let page = answer.examples.iter().find(|example| asked.is_some() && offset(&example.value) == asked);
        match page.or(answer.examples.first()) {
            Some(example) => Answer::json(answer.status, &example.value),
            None => Answer::empty(answer.status),
        }
    }

    fn login(&self, id: &str, number: usize) -> Answer {
        let Secrets { token, refresh, session, .. } = &self.secrets;
        let numbered = |secret: &str| format!("{secret}-{number}");
        match id {
            "Auth_Token" => Answer::json(
                200,
                json!({
                    "access_token": numbered(token), "token_type": "bearer",
                    "refresh_token": numbered(refresh), "expires_in": 3600,
                }),
            ),
            "login" => Answer::json(200, json!({ "session_id": numbered(session) })),
            _ => {
                let body = document(Api::Iam).success(id, "project-scope");
                Answer::json(201, body).header("x-subject-token", &numbered(token))
            }
        }
    }

    /// A refusal with the planted words; a page stays a page.
    fn repeating(&self, answer: Answer) -> Answer {
        let Some((code, message)) = self.secrets.said.as_ref().filter(|_| answer.status() >= 400) else {
            return answer;
        };
        if answer.is_page() {
            return answer.body(format!("<html><title>{code} {message}</title></html>"));
        }
        answer.body(json!({ "error_code": code, "error_msg": message }).to_string())
    }

    /// The act with the planted headers.
    fn planted(&self, act: Act) -> Act {
        let mut headers: Vec<(&str, &str)> =
            self.secrets.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if self.fault == Fault::Refused {
            // A kept connection could be used for a request in the moment in which the server goes away.
            headers.push(("connection", "close"));
        }
        let plant = |answer: Answer| headers.iter().fold(answer, |answer, (name, value)| answer.header(name, value));
        match act {
            Act::Answer(answer) => Act::Answer(plant(self.repeating(answer))),
            Act::Half(answer) => Act::Half(plant(answer)),
            Act::Trickle(answer) => Act::Trickle(plant(answer)),
            other => other,
        }
    }
}

/// Operations that give out a session.
const LOGINS: [&str; 3] = ["Auth_Token", "login", "KeystoneCreateUserTokenByPassword"];

#[derive(Debug, Default)]
struct Log {
    armed: bool,
    logins: usize,
    /// Sessions given out, from the start on.
    given: usize,
    refused: usize,
    subject: Vec<Sent>,
}

impl Log {
    fn begin(&mut self) {
        *self = Self { armed: true, given: self.given, ..Self::default() };
    }
}

/// A server on which a fault is played.
#[derive(Debug)]
pub struct Stage {
    raw: Raw,
    elsewhere: Raw,
    fault: Fault,
    log: Arc<Mutex<Log>>,
}

impl Stage {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    /// Scheme, host and port, and `path` after it.
    pub fn url(&self, path: &str) -> String {
        self.raw.url(path)
    }

    /// From here on the fault is played, and counting starts anew. A program that logs in by itself is started after
    /// this; with [`Fault::Refused`] it then meets nobody at all.
    pub async fn arm(&self) {
        self.log().begin();
        if self.fault == Fault::Refused {
            self.raw.stop().await;
        }
    }

    /// Requests of the subject since the fault is played.
    pub fn subject(&self) -> Vec<Sent> {
        self.log().subject.clone()
    }

    /// How many requests of the subject the vendor may have acted on: all that it did not refuse by 401 or 429.
    pub fn taken(&self) -> usize {
        let log = self.log();
        log.subject.len() - log.refused
    }

    /// Attempts to log in since the fault is played.
    pub fn logins(&self) -> usize {
        self.log().logins
    }

    /// Methods and paths of everything that arrived, since the server was started.
    pub fn lines(&self) -> Vec<String> {
        self.raw.lines()
    }

    /// Connections to the host to which [`Fault::Redirect`] leads.
    pub fn strayed(&self) -> usize {
        self.elsewhere.connections()
    }
}

/// The spec, read once for all tests.
pub fn document(api: Api) -> &'static Spec {
    static ALL: [OnceLock<Spec>; Api::ALL.len()] = [const { OnceLock::new() }; Api::ALL.len()];
    ALL[api as usize].get_or_init(|| Spec::load(api.spec()))
}

/// The operation that a request is of; CBR comes with the service that gives out its tokens.
fn operation(api: Api, sent: &Sent) -> Option<(Api, &'static Operation)> {
    let apis: &[Api] = if api == Api::Cbr { &[Api::Iam, Api::Cbr] } else { &[api] };
    apis.iter().find_map(|api| {
        let path = sent.path.strip_prefix(api.base())?;
        let mut all = api.operations().iter();
        Some((*api, all.find(|operation| operation.method == sent.method && fits(operation.path, path))?))
    })
}

/// Whether a path is one of a template.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(template, path)| template.starts_with('{') || *template == path)
}
