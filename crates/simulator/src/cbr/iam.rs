//! IAM: tokens by password, what credentials permit, and the project of the region.

use std::collections::HashMap;
use std::time::Duration;

use huawei_cbr::iam_v3::open::AuthMethod;
use huawei_cbr::iam_v3::types as t;
use jiff::Timestamp;

use super::aksk::{AccessKey, Refused};
use crate::ids::{Ids, secret};
use crate::message::{Answer, Call};
use crate::text::same;

/// Length of a token in random bytes; real ones have several kilobytes.
const TOKEN_BYTES: usize = 1500;

/// The account of one endpoint and its tokens.
pub(crate) struct Iam {
    pub(crate) domain: String,
    pub(crate) domain_id: String,
    pub(crate) username: String,
    pub(crate) user_id: String,
    pub(crate) password: String,
    pub(crate) region: String,
    pub(crate) project_id: String,
    pub(crate) origin: String,
    pub(crate) lifetime: Duration,
    pub(crate) key: AccessKey,
    tokens: HashMap<String, Token>,
}

struct Token {
    expires: Duration,
    /// For the project, or for the account as a whole.
    project: bool,
}

/// What the credentials of a request permit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Calls of the project.
    Project,
    /// Calls of the account, which CBR does not have.
    Account,
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// An error in IAM's own form.
pub(crate) fn error(status: u16, message: &str, title: &str) -> Answer {
    let detail = t::IamErrorDetail { code: Some(i64::from(status).into()), message: text(message), title: text(title) };
    Answer::json(status, &t::IamError { error: Some(detail), ..t::IamError::default() })
}

impl Iam {
    pub(crate) fn new(ids: &mut Ids, password: String, origin: String, lifetime: Duration, key: AccessKey) -> Self {
        Self {
            domain: "example-account".to_owned(),
            domain_id: ids.hex(),
            username: "backup-operator".to_owned(),
            user_id: ids.hex(),
            password,
            region: "ap-southeast-3".to_owned(),
            project_id: ids.hex(),
            origin,
            lifetime,
            key,
            tokens: HashMap::new(),
        }
    }

    /// What the token or the signature of a request permits. `wall` is the time of day of those who sign.
    pub(crate) fn check(&mut self, call: &Call, wall: Timestamp) -> Result<Scope, Refused> {
        let Some(token) = call.header("x-auth-token") else {
            if call.header("authorization").is_none() {
                return Err(Refused::credentials("decrypt token fail"));
            }
            return self.key.check(call, wall, &self.project_id).map(|()| Scope::Project);
        };
        match self.tokens.get(token) {
            None => Err(Refused::credentials("decrypt token fail")),
            Some(token) if token.expires <= call.now => {
                Err(Refused::new(401, "0307", "The token must be updated: token expired"))
            }
            Some(token) => Ok(if token.project { Scope::Project } else { Scope::Account }),
        }
    }

    /// Exchanges a password for a token. `at` writes a moment down.
    pub(crate) fn token(&mut self, call: &Call, at: impl Fn(Duration) -> String) -> Answer {
        if !call.has_type("application/json") {
            return error(400, "The request body has to be JSON.", "Bad Request");
        }
        let request: t::KeystoneCreateUserTokenByPasswordRequestBody = match call.json() {
            Ok(request) => request,
            Err(why) => return error(400, &format!("The request body is not valid: {why}"), "Bad Request"),
        };
        if !request.auth.identity.methods.contains(&AuthMethod::Password) {
            return error(400, "Expecting to find password in identity.", "Bad Request");
        }
        let user = &request.auth.identity.password.user;
        let known = user.name == self.username && user.domain.name == self.domain;
        if !known || !same(user.password.expose(), &self.password) {
            return error(401, "The username or password is wrong.", "Unauthorized");
        }
        let Some(project) = self.scope(request.auth.scope.as_ref()) else {
            return error(401, "The scope of the token is not known.", "Unauthorized");
        };
        let Some(token) = secret(TOKEN_BYTES).map(|random| format!("MII{random}")) else {
            return error(500, "No token can be made.", "Internal Server Error");
        };
        let expires = call.now.saturating_add(self.lifetime);
        // Those that have ended are kept a while, to be told apart from those that never were.
        self.tokens.retain(|_, token| token.expires.saturating_add(self.lifetime) > call.now);
        self.tokens.insert(token.clone(), Token { expires, project });
        let catalog = call.pairs().get("nocatalog").is_none();
        let described = self.described(project, catalog, at(call.now), at(expires));
        Answer::json(201, &t::KeystoneUserTokenResp { token: Some(described) }).with("x-subject-token", &token)
    }

    /// Whether a token is for the project; `None` when the scope names something that is not there.
    fn scope(&self, scope: Option<&t::AuthScope>) -> Option<bool> {
        let named = |sent: &Option<String>, own: &str| sent.as_deref().is_none_or(|sent| sent == own);
        let Some(scope) = scope else { return Some(false) };
        match (&scope.project, &scope.domain) {
            (Some(project), _) => {
                let any = project.id.is_some() || project.name.is_some();
                (any && named(&project.id, &self.project_id) && named(&project.name, &self.region)).then_some(true)
            }
            (None, Some(domain)) => {
                (named(&domain.id, &self.domain_id) && named(&domain.name, &self.domain)).then_some(false)
            }
            (None, None) => Some(false),
        }
    }

    fn described(&self, project: bool, catalog: bool, issued_at: String, expires_at: String) -> t::TokenResult {
        let (id, name) = (text(&self.domain_id), text(&self.domain));
        let endpoint = || t::TokenCatalog {
            id: text(&self.domain_id),
            name: text("cbr"),
            type_: text("cbr"),
            endpoints: Some(vec![t::TokenCatalogEndpoint {
                id: text(&self.user_id),
                interface: text("public"),
                region: text(&self.region),
                region_id: text(&self.region),
                url: Some(format!("{}/v3/{}", self.origin, self.project_id)),
            }]),
        };
        t::TokenResult {
            methods: Some(vec![AuthMethod::Password]),
            issued_at: Some(issued_at),
            expires_at: Some(expires_at),
            user: Some(t::TokenUserResult {
                id: text(&self.user_id),
                name: text(&self.username),
                password_expires_at: text(""),
                domain: Some(t::TokenUserDomainResult { id: id.clone(), name: name.clone() }),
            }),
            roles: Some(vec![t::TokenRole { id: text("0"), name: text("te_admin") }]),
            catalog: Some(if catalog { vec![endpoint()] } else { Vec::new() }),
            project: project.then(|| t::TokenProjectResult {
                id: text(&self.project_id),
                name: text(&self.region),
                domain: Some(t::TokenProjectDomainResult { id: id.clone(), name: name.clone() }),
            }),
            domain: (!project).then_some(t::TokenDomainResult { id, name }),
        }
    }

    /// The projects that match a request: the only one, or none.
    pub(crate) fn projects(&self, call: &Call) -> Answer {
        let query = call.pairs();
        let same = |name: &str, own: &str| query.get(name).is_none_or(|sent| sent == own);
        let own = same("name", &self.region)
            && same("domain_id", &self.domain_id)
            && same("parent_id", &self.domain_id)
            && query.truth("enabled") != Some(false)
            && query.truth("is_domain") != Some(true);
        let first = query.number("page", 1, 1, usize::MAX).is_ok_and(|page| page == 1);
        let links = |href: String| t::Links { self_: Some(href), previous: None, next: None };
        let project = || t::ProjectResult {
            id: self.project_id.clone(),
            name: text(&self.region),
            domain_id: text(&self.domain_id),
            parent_id: text(&self.domain_id),
            description: text(""),
            is_domain: Some(false),
            enabled: Some(true),
            links: Some(links(format!("{}/v3/projects/{}", call.origin(), self.project_id))),
        };
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        let list = t::KeystoneProjectListResp {
            links: Some(links(format!("{}{}{query}", call.origin(), call.path))),
            projects: Some(if own && first { vec![project()] } else { Vec::new() }),
        };
        Answer::json(200, &list)
    }
}
