//! Sessions: a Basic login at the local site, and the logins at remote sites that belong to the same session.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backup_sync_runtime::{
    Authenticator, BoxFuture, Connection, Credential, Delivery, Error, Kind, Login as RuntimeLogin, Operation, Stamp,
    auth, call,
};
use futures_util::future::join_all;
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::config::Login;
use crate::v2;

const X_DR_SESSION: HeaderName = HeaderName::from_static("x-dr-session");

/// Logs in at one appliance.
#[derive(Debug)]
pub(crate) struct SessionLogin {
    pub(crate) connection: Connection,
    pub(crate) base: String,
    pub(crate) local: Login,
    pub(crate) remote: Option<Login>,
    pub(crate) renew_after: Duration,
    /// Pairings whose remote site is logged in to; a new session starts without any of them.
    pub(crate) pairings: Arc<Mutex<BTreeSet<String>>>,
}

impl SessionLogin {
    fn client(&self, credentials: auth::Fixed) -> v2::Client {
        let connection = self.connection.for_login(v2::OPERATIONS, Arc::new(credentials));
        v2::Client::new_with_client(&self.base, connection.http(), connection)
    }

    async fn open(&self) -> Result<Credential, Error> {
        let basic = auth::basic(&self.local.username, &self.local.password)?;
        let client = self.client(auth::Fixed::anonymous().with(AUTHORIZATION, basic));
        let answer = call("login", client.login().send()).await.map_err(Error::of_login)?.into_inner();
        let session = HeaderValue::from_str(answer.session_id.expose()).map_err(|_| {
            Error::new(Kind::Decode, Delivery::Accepted, "the session id cannot be sent in a header")
                .with_operation("login")
        })?;
        let credential = Credential {
            headers: vec![(X_DR_SESSION, session)],
            lifetime: None,
            renew_after: Some(self.renew_after),
            refresh: None,
        };
        self.reopen_remote(&credential).await;
        Ok(credential)
    }

    /// Repeats the remote logins that the session before had.
    async fn reopen_remote(&self, credential: &Credential) {
        let pairings = self.pairings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(remote) = self.remote.as_ref().filter(|_| !pairings.is_empty()) else { return };
        let basic = match auth::basic(&remote.username, &remote.password) {
            Ok(basic) => basic,
            Err(error) => return tracing::warn!(%error, "the remote logins could not be repeated"),
        };
        let credentials = Arc::new(credential.fixed().with(AUTHORIZATION, basic));
        // Everybody waits for this session, so dark sites get one attempt, all at the same time.
        let connection = self.connection.for_login(v2::OPERATIONS, credentials).once();
        let client = v2::Client::new_with_client(&self.base, connection.http(), connection);
        let client = &client;
        let logins = pairings.iter().map(|pairing| async move {
            let sent = client.create_remote_session().pairing_id(pairing).send();
            if let Err(error) = call("createRemoteSession", sent).await {
                // What needs the remote site will say so; the rest goes on.
                tracing::warn!(pairing, %error, "the remote login could not be repeated");
            }
        });
        join_all(logins).await;
    }
}

impl RuntimeLogin for SessionLogin {
    fn login<'a>(&'a self, previous: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, Error>> {
        Box::pin(async move {
            let opened = self.open().await?;
            // The old session may be alive, only old; leaving it behind would use up the appliance's sessions.
            if let Some(previous) = previous
                && let Err(error) = self.logout(previous).await
            {
                tracing::debug!(%error, "the session before could not be closed");
            }
            Ok(opened)
        })
    }

    fn logout<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            match call("logout", self.client(credential.fixed()).logout().send()).await {
                Ok(_) => Ok(()),
                // Gone already.
                Err(error) if error.status() == Some(401) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}

/// The session header together with Basic credentials of the remote site, as `createRemoteSession` needs them.
#[derive(Debug)]
pub(crate) struct WithRemote {
    pub(crate) session: Arc<dyn Authenticator>,
    pub(crate) basic: HeaderValue,
}

impl Authenticator for WithRemote {
    fn stamp<'a>(&'a self, request: &'a mut Request, operation: &'a Operation) -> BoxFuture<'a, Result<Stamp, Error>> {
        Box::pin(async move {
            let stamp = self.session.stamp(request, operation).await?;
            request.headers_mut().insert(AUTHORIZATION, self.basic.clone());
            Ok(stamp)
        })
    }

    /// A refusal here is about the remote user; logging in again at the local site would not change it.
    fn renew(&self, _: Stamp) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }
}
