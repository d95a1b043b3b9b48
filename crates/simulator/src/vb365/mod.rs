//! Veeam Backup for Microsoft 365, REST API v5 to v8, as a server.

mod dialect;
mod state;
mod tokens;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use serde_json::{Map, Value};
use veeam_vb365::{v5, v7, v8};

use self::dialect::{PageView, RepositoryView, SessionView, TokenView};
use self::state::{Repository, Session, State};
use self::tokens::Tokens;
use crate::builder::Vb365Version;
use crate::clock::SimClock;
use crate::control::JobState;
use crate::endpoint::{Endpoint, EndpointTarget};
use crate::http::Vendor;
use crate::message::{Answer, Call, Pairs};
use crate::routes::{Found, Routes, routes};
use crate::script::Scripts;
use crate::settings::Settings;
use crate::simulator::Setup;
use crate::text;

const USERNAME: &str = "EXAMPLE\\backup-operator";
/// Largest page that may be asked for.
const LARGEST_PAGE: usize = 10_000;

/// One server.
struct Vb365 {
    version: Vb365Version,
    routes: Routes,
    clock: Arc<SimClock>,
    scripts: Arc<Scripts>,
    settings: Settings,
    password: String,
    state: Mutex<(State, Tokens)>,
}

/// Makes a server and says how to reach it.
pub(crate) fn open(setup: Setup<'_>, version: Vb365Version) -> (Box<dyn Vendor>, Endpoint) {
    let state = State::new(setup.name, setup.settings);
    let target = |repository: &Repository| EndpointTarget {
        kind: "repository".to_owned(),
        id: repository.id.clone(),
        name: repository.name.clone(),
    };
    let targets = state.repositories().iter().map(target).collect();
    let endpoint = Endpoint {
        api_version: version.to_string(),
        username: USERNAME.to_owned(),
        password: setup.password.clone(),
        targets,
        ..Endpoint::at(setup.name, "veeam-vb365", setup.origin)
    };
    let routes = match version {
        Vb365Version::V5 => routes!(true, v5::OPERATIONS),
        Vb365Version::V6 | Vb365Version::V7 => routes!(true, v7::OPERATIONS),
        Vb365Version::V8 => routes!(true, v8::OPERATIONS),
    };
    let vendor = Vb365 {
        version,
        routes,
        clock: setup.clock,
        scripts: setup.scripts,
        settings: setup.settings.clone(),
        password: setup.password,
        state: Mutex::new((state, Tokens::default())),
    };
    (Box::new(vendor), endpoint)
}

impl Vendor for Vb365 {
    fn find(&self, method: &Method, path: &str) -> Found {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (prefix, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        if !prefix.eq_ignore_ascii_case(&self.version.to_string()) {
            return Found::Nothing;
        }
        match self.routes.find(method, rest) {
            // v6 shares the document of v7, but has no logout.
            Found::Operation("Auth_Logout", _) if self.version == Vb365Version::V6 => Found::Nothing,
            found => found,
        }
    }

    fn answer(&self, call: &Call) -> Answer {
        let answer = self.dispatch(call);
        if answer.body.is_empty() {
            return answer;
        }
        let body = answer.body.clone();
        answer.typed("application/json; charset=utf-8", body)
    }

    fn refusal(&self, status: u16) -> Answer {
        let code = match status {
            400 => Some("ParameterValidationFailure"),
            403 => Some("ResourceAccessDenied"),
            404 => Some("ResourceNotFound"),
            409 => Some("OperationConflict"),
            500 => Some("HttpError"),
            503 => Some("ProxyOffline"),
            504 => Some("Timeout"),
            _ => None,
        };
        self.error(status, &format!("The request cannot be answered (status {status})."), code)
    }

    fn document(&self, _: Option<&str>) -> &'static str {
        match self.version {
            Vb365Version::V5 => "veeam-vb365-v5",
            Vb365Version::V6 | Vb365Version::V7 => "veeam-vb365-v7",
            Vb365Version::V8 => "veeam-vb365-v8",
        }
    }

    fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.jobs(now, most)
    }
}

impl Vb365 {
    fn dispatch(&self, call: &Call) -> Answer {
        let operation = match &call.found {
            Found::Operation(operation, _) => *operation,
            Found::OtherMethod => return self.error(405, "The method is not allowed for this path.", None),
            Found::Nothing => return self.error(404, "The path was not found.", Some("ResourceNotFound")),
        };
        let mut locked = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, tokens) = &mut *locked;
        if operation == "Auth_Token" {
            return self.token(call, tokens);
        }
        let access = match self.authorize(call, tokens) {
            Ok(access) => access,
            Err(answer) => return answer,
        };
        match operation {
            "Auth_Logout" => {
                tokens.revoke(&access);
                Answer::empty(self.done())
            }
            "BackupRepository_List" => self.list(call, state),
            "BackupRepository_Get" => match state.repository(call.param(0)) {
                Some(repository) => {
                    dialect::repository(self.version, &self.root(call), &view(state, repository, call.now))
                }
                None => self.no_repository(),
            },
            "BackupRepository_StartSynchronizeAction" => self.start(call, state),
            "RepositorySynchronizeSession_List" => {
                let shown = |session| self.session_view(session, call, true);
                let views: Vec<SessionView<'_>> = state.sessions().iter().filter_map(shown).collect();
                dialect::sessions(self.version, &self.root(call), &views)
            }
            "RepositorySynchronizeSession_Get" => {
                // The v5 page of this call shows no id.
                let with_id = self.version != Vb365Version::V5;
                match state.session(call.param(0)).and_then(|session| self.session_view(session, call, with_id)) {
                    Some(view) => dialect::session(self.version, &self.root(call), &view),
                    None => self.no_session(),
                }
            }
            "RepositorySynchronizeSession_StopSynchronizeAction" => self.stop(call, state),
            other => self.error(501, &format!("The simulator does not know {other}."), None),
        }
    }

    fn error(&self, status: u16, message: &str, code: Option<&str>) -> Answer {
        dialect::error(self.version, status, message, code)
    }

    fn no_repository(&self) -> Answer {
        self.error(404, "The backup repository was not found.", Some("ResourceNotFound"))
    }

    fn no_session(&self) -> Answer {
        self.error(404, "The session was not found.", Some("ResourceNotFound"))
    }

    fn invalid(&self, message: &str) -> Answer {
        self.error(400, message, Some("ParameterValidationFailure"))
    }

    /// Status of success without a body.
    fn done(&self) -> u16 {
        if self.version == Vb365Version::V8 { 204 } else { 200 }
    }

    /// What links begin with: absolute in v5, relative later.
    fn root(&self, call: &Call) -> String {
        match self.version {
            Vb365Version::V5 => format!("{}/v5", call.origin()),
            version => format!("/{version}"),
        }
    }

    /// The access token of a request, if it is good.
    fn authorize(&self, call: &Call, tokens: &Tokens) -> Result<String, Answer> {
        let header = call.header("authorization").and_then(|header| header.split_once(' '));
        let bearer = header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let Some(access) = bearer else {
            return Err(self.error(401, "Authorization has been denied for this request.", None));
        };
        match tokens.check(access, call.now) {
            Some(true) if self.settings.vb365_strict_antiforgery => {
                Err(self.error(403, "The antiforgery token is missing.", Some("ResourceAccessDenied")))
            }
            Some(_) => Ok(access.to_owned()),
            None => Err(self.error(401, "The access token is not valid or has expired.", None)),
        }
    }

    fn token(&self, call: &Call, tokens: &mut Tokens) -> Answer {
        let form = match fields(call) {
            Ok(form) => form,
            Err(status) => return self.error(status, "The body of the request cannot be read.", None),
        };
        let request = match serde_json::from_value::<v7::types::OAuthTokenRequest>(Value::Object(form)) {
            Ok(request) => request,
            Err(error) => return self.invalid(&format!("The token request is not valid: {error}")),
        };
        let good = match request.grant_type {
            v7::types::OAuthGrantType::Password => {
                let password = request.password.as_ref().map_or("", |password| password.expose());
                let name = request.username.as_deref().unwrap_or("");
                name.eq_ignore_ascii_case(USERNAME) && text::same(password, &self.password)
            }
            v7::types::OAuthGrantType::RefreshToken => {
                request.refresh_token.as_ref().is_some_and(|token| tokens.can_refresh(token.expose()))
            }
            _ => return self.invalid("This way of logging in is not set up."),
        };
        if !good {
            return self.error(400, "The user name or the password is wrong.", None);
        }
        let knows_switch = matches!(self.version, Vb365Version::V7 | Vb365Version::V8);
        let plain = knows_switch && request.disable_antiforgery_token != Some(true);
        self.issue(call.now, plain, tokens)
    }

    fn issue(&self, now: Duration, plain: bool, tokens: &mut Tokens) -> Answer {
        let lifetime = self.settings.vb365_token_lifetime;
        let Some((access, refresh)) = tokens.issue(now, lifetime, plain) else {
            return self.error(500, "No token can be made.", Some("HttpError"));
        };
        let time = |moment| self.clock.at(moment).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let view = TokenView {
            access: &access,
            refresh: &refresh,
            seconds: i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX),
            username: USERNAME,
            issued: time(now),
            expires: time(now.saturating_add(lifetime)),
        };
        dialect::token(self.version, &view)
    }

    fn list(&self, call: &Call, state: &State) -> Answer {
        let query = call.pairs();
        let wanted = |repository: &&Repository| {
            let proxy = query.get("proxyId").is_none_or(|proxy| proxy.eq_ignore_ascii_case(&repository.proxy));
            // None is on archive storage, in a pool, or bound to an organization.
            let others = query.get("proxyPoolId").is_none() && query.get("organizationId").is_none();
            proxy && others && query.truth("longTerm") != Some(true)
        };
        let found = state.repositories().iter().filter(wanted);
        let shown = |repository| view(state, repository, call.now);
        if self.version != Vb365Version::V8 {
            let views: Vec<RepositoryView<'_>> = found.map(shown).collect();
            return dialect::repositories(self.version, &self.root(call), &views);
        }
        let limit = query.number("limit", self.settings.vb365_page_size, 1, LARGEST_PAGE);
        let limit = limit.map(|limit| self.settings.cap(limit));
        let (limit, offset) = match (limit, query.number("offset", 0, 0, usize::MAX)) {
            (Ok(limit), Ok(offset)) => (limit, offset),
            (Err(name), _) | (_, Err(name)) => return self.invalid(&format!("The value of {name} is not valid.")),
        };
        let mut rest = found.skip(offset);
        let views: Vec<RepositoryView<'_>> = rest.by_ref().take(limit).map(shown).collect();
        dialect::page(&self.root(call), &views, &PageView { limit, offset, more: rest.next().is_some() })
    }

    fn start(&self, call: &Call, state: &mut State) -> Answer {
        if let Some(refusal) = self.no_action(call, "sync", "{\"sync\": null}") {
            return refusal;
        }
        match state.start(call.param(0), call.now, &self.scripts, self.settings.duration) {
            Some(session) => match self.session_view(session, call, true) {
                Some(view) => dialect::session(self.version, &self.root(call), &view),
                None => self.no_session(),
            },
            None => self.no_repository(),
        }
    }

    fn stop(&self, call: &Call, state: &mut State) -> Answer {
        if let Some(refusal) = self.no_action(call, "stop", "{\"stop\": {}}") {
            return refusal;
        }
        if state.stop(call.param(0), call.now) { Answer::empty(self.done()) } else { self.no_session() }
    }

    /// The refusal of a v5 call whose body is not the action that it needs.
    fn no_action(&self, call: &Call, action: &str, example: &str) -> Option<Answer> {
        if self.version != Vb365Version::V5 || is_action(call, action) {
            return None;
        }
        Some(match call.has_type("application/json") {
            true => self.invalid(&format!("The body has to be an action: {example}.")),
            false => self.error(415, "The body has to be of the type application/json.", None),
        })
    }

    fn session_view<'a>(&self, session: &'a Session, call: &Call, with_id: bool) -> Option<SessionView<'a>> {
        Some(SessionView {
            id: with_id.then_some(&session.id),
            own_id: &session.id,
            repository: &session.repository,
            shown: session.shown(call.now)?,
        })
    }
}

fn view<'a>(state: &State, repository: &'a Repository, now: Duration) -> RepositoryView<'a> {
    RepositoryView {
        id: &repository.id,
        name: &repository.name,
        proxy: &repository.proxy,
        object_storage: &repository.object_storage,
        out_of_sync: state.out_of_sync(repository, now),
    }
}

/// Whether the body is `{"<action>": null}` or `{"<action>": {}}`.
fn is_action(call: &Call, action: &str) -> bool {
    let body: Result<Map<String, Value>, String> = call.json();
    call.has_type("application/json")
        && body.is_ok_and(|body| body.len() == 1 && matches!(body.get(action), Some(Value::Null | Value::Object(_))))
}

/// The members of a token request, sent as a form or as JSON; or the status to refuse it with.
fn fields(call: &Call) -> Result<Map<String, Value>, u16> {
    if call.has_type("application/json") {
        return call.json().map_err(|_| 400);
    }
    if !call.has_type("application/x-www-form-urlencoded") {
        return Err(415);
    }
    let form = Pairs(text::pairs(std::str::from_utf8(&call.body).map_err(|_| 400_u16)?));
    let switch = form.truth("disable_antiforgery_token").map(Value::Bool);
    let mut fields: Map<String, Value> = form.0.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    if fields.contains_key("disable_antiforgery_token") {
        fields.insert("disable_antiforgery_token".to_owned(), switch.unwrap_or_default());
    }
    Ok(fields)
}
