//! Logs in by password or refresh token, and out.

use std::time::Duration;

use backup_sync_runtime::wire::SecretText;
use backup_sync_runtime::{
    BoxFuture, Connection, Credential, Error, ExposeSecret as _, Kind, Login, SecretString, Zeroizing, auth, call,
};
use reqwest::header::{AUTHORIZATION, HeaderValue};

use crate::config::Version;
use crate::{Api, v5, v7, v8};

/// Documented lifetime of an access token, used when the answer names none.
const LIFETIME: Duration = Duration::from_secs(3600);

const TOKEN: &str = "Auth_Token";

/// The password login of one user at one version of one server.
#[derive(Debug)]
pub(crate) struct PasswordLogin {
    pub(crate) connection: Connection,
    pub(crate) base: String,
    pub(crate) version: Version,
    pub(crate) username: String,
    pub(crate) password: SecretString,
}

/// What a token answer holds.
struct Token {
    access: SecretText,
    refresh: Option<SecretText>,
    seconds: Option<i64>,
}

/// Sends one token request; the three documents differ in types only. v5 and v6 do not know the antiforgery switch.
macro_rules! token {
    ($api:expr, $version:ident, $self:ident, $refresh:ident $(, $switch:ident: $value:expr)?) => {{
        let grant = if $refresh.is_some() {
            $version::types::OAuthGrantType::RefreshToken
        } else {
            $version::types::OAuthGrantType::Password
        };
        let body = $version::types::OAuthTokenRequest::builder().grant_type(grant) $(.$switch($value))?;
        let body = match $refresh {
            Some(refresh) => body.refresh_token(Some(refresh.expose_secret().into())),
            None => body.username(Some($self.username.clone())).password(Some($self.password.expose_secret().into())),
        };
        let answer = call(TOKEN, $api.auth_token().body(body).send()).await?.into_inner();
        Token {
            access: answer.access_token,
            refresh: answer.refresh_token.filter(|token| !token.expose().is_empty()),
            seconds: answer.expires_in.and_then(|seconds| seconds.value()),
        }
    }};
}

impl PasswordLogin {
    async fn token(&self, refresh: Option<&SecretString>) -> Result<Credential, Error> {
        let switch = matches!(self.version, Version::V7 | Version::V8).then_some(true);
        let anonymous = std::sync::Arc::new(auth::Fixed::anonymous());
        let connection = self.connection.for_login(Api::operations(self.version), anonymous);
        let token = match Api::new(self.version, &self.base, connection) {
            Api::V5(api) => token!(api, v5, self, refresh),
            Api::V7(api) => token!(api, v7, self, refresh, disable_antiforgery_token: switch),
            Api::V8(api) => token!(api, v8, self, refresh, disable_antiforgery_token: switch),
        };
        let bearer = Zeroizing::new(format!("Bearer {}", token.access.expose()));
        let bearer = HeaderValue::from_str(&bearer).map_err(|_| {
            Error::new(
                Kind::Decode,
                backup_sync_runtime::Delivery::Accepted,
                "the access token cannot be sent in a header",
            )
        })?;
        let seconds = token.seconds.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        Ok(Credential {
            headers: vec![(AUTHORIZATION, bearer)],
            lifetime: Some(seconds.map_or(LIFETIME, Duration::from_secs)),
            renew_after: None,
            refresh: token.refresh.map(|token| SecretString::from(token.expose())),
        })
    }
}

/// Whether the server has looked at the refresh token and said no.
fn is_refusal(error: &Error) -> bool {
    matches!(error.status(), Some(400..=499)) && !error.is_transient()
}

impl Login for PasswordLogin {
    fn login<'a>(&'a self, previous: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, Error>> {
        Box::pin(async move {
            if let Some(refresh) = previous.and_then(|previous| previous.refresh.as_ref()) {
                match self.token(Some(refresh)).await {
                    Ok(credential) => return Ok(credential),
                    Err(error) if is_refusal(&error) => {
                        tracing::info!(%error, "the refresh token was not taken; logging in again");
                    }
                    // A server that does not answer would not answer the password either.
                    Err(error) => return Err(error),
                }
            }
            self.token(None).await.map_err(Error::of_login)
        })
    }

    fn logout<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let connection =
                self.connection.for_login(Api::operations(self.version), std::sync::Arc::new(credential.fixed()));
            let sent = match (self.version, Api::new(self.version, &self.base, connection)) {
                // v6 has no logout; its tokens end by themselves.
                (Version::V6, _) => return Ok(()),
                (_, Api::V5(api)) => call("Auth_Logout", api.auth_logout().send()).await,
                (_, Api::V7(api)) => call("Auth_Logout", api.auth_logout().send()).await,
                (_, Api::V8(api)) => call("Auth_Logout", api.auth_logout().send()).await,
            };
            match sent {
                Ok(_) => Ok(()),
                // Gone already, or a server that does not know the operation.
                Err(error) if matches!(error.status(), Some(401 | 404 | 405)) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}
