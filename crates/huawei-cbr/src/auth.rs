//! Gets tokens from IAM by password, for the project of a region.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::wire::parse_time;
use backup_sync_runtime::{
    BoxFuture, Connection, Credential, Delivery, Error, ExposeSecret as _, Kind, Login, SecretString, auth, call,
};
use reqwest::header::{HeaderName, HeaderValue};

use crate::iam_v3::{self, open::AuthMethod, types};

/// Documented lifetime of a token, used when the answer names none.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const X_SUBJECT_TOKEN: &str = "x-subject-token";

/// The password login of one user.
#[derive(Debug)]
pub(crate) struct PasswordLogin {
    pub(crate) connection: Connection,
    pub(crate) iam_url: String,
    pub(crate) region: String,
    pub(crate) project_id: Option<String>,
    pub(crate) domain: String,
    pub(crate) username: String,
    pub(crate) password: SecretString,
}

impl PasswordLogin {
    fn body(&self) -> types::KeystoneCreateUserTokenByPasswordRequestBody {
        let project = match &self.project_id {
            Some(id) => types::AuthScopeProject { id: Some(id.clone()), name: None },
            None => types::AuthScopeProject { id: None, name: Some(self.region.clone()) },
        };
        types::KeystoneCreateUserTokenByPasswordRequestBody {
            auth: types::PwdAuth {
                identity: types::PwdIdentity {
                    methods: vec![AuthMethod::Password],
                    password: types::PwdPassword {
                        user: types::PwdPasswordUser {
                            name: self.username.clone(),
                            password: self.password.expose_secret().into(),
                            domain: types::PwdPasswordUserDomain { name: self.domain.clone() },
                        },
                    },
                },
                scope: Some(types::AuthScope { project: Some(project), domain: None }),
            },
        }
    }
}

/// How long the token lives by the server's own clock.
fn lifetime(token: Option<&types::TokenResult>) -> Option<Duration> {
    let token = token?;
    let issued = parse_time(token.issued_at.as_deref()?)?;
    let expires = parse_time(token.expires_at.as_deref()?)?;
    expires.duration_since(issued).try_into().ok()
}

impl Login for PasswordLogin {
    fn login<'a>(&'a self, _: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, Error>> {
        Box::pin(async move {
            let connection = self.connection.for_login(iam_v3::OPERATIONS, Arc::new(auth::Fixed::anonymous()));
            let iam = iam_v3::Client::new_with_client(&self.iam_url, connection.http(), connection);
            // The catalogue makes the answer many kilobytes long and is not used.
            let sent = iam.keystone_create_user_token_by_password().nocatalog("true").body(self.body()).send();
            let answer = call("KeystoneCreateUserTokenByPassword", sent).await?;
            let token = answer.headers().get(X_SUBJECT_TOKEN).map(HeaderValue::as_bytes);
            let token = token.and_then(|bytes| HeaderValue::from_bytes(bytes).ok()).ok_or_else(|| {
                let what = "IAM agreed to the login, but its answer has no X-Subject-Token header";
                Error::new(Kind::Decode, Delivery::Accepted, what).with_operation("KeystoneCreateUserTokenByPassword")
            })?;
            let lifetime = lifetime(answer.token.as_ref()).unwrap_or(LIFETIME);
            Ok(Credential {
                headers: vec![(X_AUTH_TOKEN, token)],
                lifetime: Some(lifetime),
                renew_after: None,
                refresh: None,
            })
        })
    }

    /// Tokens end by themselves; there is nothing to call.
    fn logout<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}
