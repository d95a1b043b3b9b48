//! IAM: tokens by password, what credentials permit, and the project of the region.

use std::collections::HashMap;
use std::time::Duration;

use huawei_cbr::iam_v3::open::AuthMethod;
use huawei_cbr::iam_v3::types as t;
use jiff::Timestamp;

use super::aksk::{AccessKey, Refused, named};
use crate::ids::{Ids, secret};
use crate::message::{Answer, Call};
use crate::store::recast;
use crate::text::same;

/// Length of a token in random bytes; real ones have several kilobytes.
const TOKEN_BYTES: usize = 1500;

/// Projects in a page at most.
const LARGEST_PAGE: usize = 5000;
/// Seconds that a temporary key lasts: where no number is given, which is also the least, and at most.
const KEY_SECONDS: (i64, i64) = (900, 86_400);

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
    /// Temporary keys that were asked for, by their names.
    temporary: HashMap<String, AccessKey>,
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
            temporary: HashMap::new(),
            tokens: HashMap::new(),
        }
    }

    /// What the token or the signature of a request permits. `wall` is the time of day of those who sign.
    pub(crate) fn check(&mut self, call: &Call, wall: Timestamp) -> Result<Scope, Refused> {
        let Some(token) = call.header("x-auth-token") else {
            if call.header("authorization").is_none() {
                return Err(Refused::credentials("decrypt token fail"));
            }
            let key = named(call).and_then(|name| self.temporary.get_mut(name)).unwrap_or(&mut self.key);
            return key.check(call, wall, &self.project_id).map(|()| Scope::Project);
        };
        self.check_token(token, call.now)
    }

    fn check_token(&self, token: &str, now: Duration) -> Result<Scope, Refused> {
        match self.tokens.get(token) {
            None => Err(Refused::credentials("decrypt token fail")),
            Some(token) if token.expires <= now => {
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

    /// Exchanges a token, in the body or the header, for a temporary access key. `at` writes a moment down.
    pub(crate) fn temporary_key(&mut self, call: &Call, wall: Timestamp, at: impl Fn(Duration) -> String) -> Answer {
        if !call.has_type("application/json") {
            return error(400, "The request body has to be JSON.", "Bad Request");
        }
        let request: t::CreateTemporaryAccessKeyByTokenRequestBody = match call.json() {
            Ok(request) => request,
            Err(why) => return error(400, &format!("The request body is not valid: {why}"), "Bad Request"),
        };
        let identity = request.auth.identity;
        if !identity.methods.contains(&AuthMethod::Token) {
            return error(400, "Expecting to find token in identity.", "Bad Request");
        }
        let (id, seconds) = identity.token.map(|token| (token.id, token.duration_seconds)).unwrap_or_default();
        let seconds = seconds.unwrap_or(KEY_SECONDS.0);
        if !(KEY_SECONDS.0..=KEY_SECONDS.1).contains(&seconds) {
            return error(400, "duration_seconds has to be 900 to 86400.", "Bad Request");
        }
        let checked = match &id {
            Some(id) => self.check_token(id.expose(), call.now),
            None => self.check(call, wall),
        };
        if let Err(refused) = checked {
            return error(401, &refused.message, "Unauthorized");
        }
        let expires = call.now.saturating_add(Duration::from_secs(seconds.unsigned_abs()));
        let Some(key) = AccessKey::new(Some(expires)) else {
            return error(500, "No key can be made.", "Internal Server Error");
        };
        let credential = t::Credential {
            access: text(&key.access),
            secret: Some(key.secret.clone().into()),
            securitytoken: key.temporary.as_ref().map(|(token, _)| token.clone().into()),
            expires_at: Some(at(expires)),
        };
        // Those that have ended are kept a while, to be told apart from those that never were.
        let lifetime = self.lifetime;
        self.temporary
            .retain(|_, key| key.temporary.as_ref().is_some_and(|(_, end)| end.saturating_add(lifetime) > call.now));
        self.temporary.insert(key.access.clone(), key);
        Answer::json(201, &t::TemporaryAccessKeyResp { credential: Some(credential) })
    }

    /// The account, as the only one that its user can reach.
    pub(crate) fn domains(&self, call: &Call) -> Answer {
        let domain = t::Domains {
            id: self.domain_id.clone(),
            name: text(&self.domain),
            description: text(""),
            enabled: Some(true),
            links: Some(link(format!("{}/v3/domains/{}", call.origin(), self.domain_id))),
        };
        let links = Some(link(format!("{}{}", call.origin(), call.path)));
        Answer::json(200, &t::KeystoneAuthDomainListResp { domains: Some(vec![domain]), links })
    }

    /// A project of the account, by region and id.
    fn project(&self, call: &Call, (region, id): (&str, &str)) -> t::ProjectResult {
        t::ProjectResult {
            id: id.to_owned(),
            name: text(region),
            domain_id: text(&self.domain_id),
            parent_id: text(&self.domain_id),
            description: text(""),
            is_domain: Some(false),
            enabled: Some(true),
            links: Some(links(format!("{}/v3/projects/{id}", call.origin()))),
        }
    }

    /// All projects of the account; `away` is that of the other region.
    pub(crate) fn all_projects(&self, call: &Call, away: (&str, &str)) -> Answer {
        let own = [(self.region.as_str(), self.project_id.as_str()), away];
        let links = Some(link(format!("{}{}", call.origin(), call.path)));
        let projects = own.into_iter().filter_map(|project| recast(&self.project(call, project)).ok());
        let projects = Some(projects.collect());
        Answer::json(200, &t::KeystoneAuthProjectListResp { links, projects })
    }

    /// The projects that match a request; `away` is that of the other region.
    pub(crate) fn projects(&self, call: &Call, away: (&str, &str)) -> Answer {
        let query = call.pairs();
        let same = |name: &str, own: &str| query.get(name).is_none_or(|sent| sent == own);
        let own = same("domain_id", &self.domain_id)
            && same("parent_id", &self.domain_id)
            && query.truth("enabled") != Some(false)
            && query.truth("is_domain") != Some(true);
        let all = [(self.region.as_str(), self.project_id.as_str()), away];
        let matching = all.into_iter().filter(|(region, _)| own && same("name", region));
        let size = query.number("per_page", LARGEST_PAGE, 1, LARGEST_PAGE).unwrap_or(LARGEST_PAGE);
        let page = query.number("page", 1, 1, usize::MAX).unwrap_or(usize::MAX);
        let shown = matching.skip(page.saturating_sub(1).saturating_mul(size)).take(size);
        let projects = Some(shown.map(|project| self.project(call, project)).collect());
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        let links = Some(links(format!("{}{}{query}", call.origin(), call.path)));
        Answer::json(200, &t::KeystoneProjectListResp { links, projects })
    }
}

fn link(href: String) -> t::LinksSelf {
    t::LinksSelf { self_: Some(href) }
}

fn links(href: String) -> t::Links {
    t::Links { self_: Some(href), previous: None, next: None }
}
