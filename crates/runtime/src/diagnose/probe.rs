//! What can be seen of a server before anybody logs in: name, port, certificate, clock.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::DATE;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Check, Findings, NEEDS_EARLIER, advice};
use crate::clock::Clock;
use crate::connection::{Timeouts, is_this_machine};
use crate::error::{Delivery, Error, Kind};
use crate::tls::{self, Fingerprint, Trust};
use crate::wire::parse_http_date;

/// Certificates that live shorter than this are told of.
const SOON: i64 = 30;
/// From this difference of clocks on it is told.
const APART: i64 = 60;
/// From this difference on signatures are refused.
const REFUSED: i64 = 15 * 60;

/// A server that is looked at from outside.
#[derive(Debug)]
pub struct Server<'a> {
    /// Where it is.
    pub url: &'a str,
    /// Which certificates are accepted.
    pub trust: &'a Trust,
    /// How long connecting and answering may take.
    pub timeouts: Timeouts,
    /// The clock that the server's is compared with.
    pub clock: Arc<dyn Clock>,
    /// Requests carry their time, so that a wrong clock has them refused.
    pub dated: bool,
}

impl Server<'_> {
    /// Looks at it. Nothing secret is sent.
    pub async fn look(&self) -> Findings {
        let Ok(url) = Url::parse(self.url) else { return Findings::default() };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        let mut found = Findings::at(format!("{host}:{port}"));
        if let Some(variable) = proxy(&url) {
            let why = format!("not looked at: requests go through the proxy of {variable}");
            found.skipped(&[Check::Name, Check::Reach, Check::Tls], &why);
        } else if !self.connect(&mut found, &url, &host, port).await {
            return found;
        }
        self.ask(&mut found, &url).await;
        found
    }

    /// Name, port and certificate; `false`: there is no use in going on.
    async fn connect(&self, found: &mut Findings, url: &Url, host: &str, port: u16) -> bool {
        let addresses = match self.addresses(host, port).await {
            Ok(addresses) => addresses,
            Err(error) => {
                let fix = "check the host in `url`, and the name servers of this machine";
                found.failed(Check::Name, error, fix);
                found.skipped(&[Check::Reach, Check::Tls, Check::Clock], NEEDS_EARLIER);
                return false;
            }
        };
        let shown: Vec<String> = addresses.iter().take(4).map(|address| address.ip().to_string()).collect();
        let told = match host.parse::<IpAddr>() {
            Ok(_) => "it is an address, no name".to_owned(),
            Err(_) => format!("{host} is {}", shown.join(", ")),
        };
        found.good(Check::Name, told);
        let stream = match self.reach(&addresses).await {
            Ok(stream) => stream,
            Err(cause) => {
                let refused = cause.kind() == std::io::ErrorKind::ConnectionRefused;
                let fix = if refused {
                    "nothing takes connections there: check the port in `url`, and whether the service runs"
                } else {
                    "check the host and the port in `url`, the route, and firewalls in between"
                };
                let error = Error::new(Kind::Unreachable, Delivery::NeverSent, "no connection").with_source(cause);
                found.failed(Check::Reach, error, fix);
                found.skipped(&[Check::Tls, Check::Clock], NEEDS_EARLIER);
                return false;
            }
        };
        found.good(Check::Reach, format!("port {port} takes connections"));
        if url.scheme() != "https" {
            match is_this_machine(self.url) {
                true => found.skipped(&[Check::Tls], "not encrypted, which is right on this machine only"),
                false => found.warning(
                    Check::Tls,
                    "the connection is not encrypted; anybody in between can read the password",
                    "write https in `url`",
                ),
            }
            return true;
        }
        let good = self.handshake(found, host, stream, &addresses).await;
        if !good {
            found.skipped(&[Check::Clock], NEEDS_EARLIER);
        }
        good
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let unknown = |what: &str| Error::new(Kind::Unreachable, Delivery::NeverSent, format!("{host}: {what}"));
        match timeout(self.timeouts.connect, tokio::net::lookup_host((host, port))).await {
            Ok(Ok(addresses)) => {
                let addresses: Vec<_> = addresses.collect();
                if addresses.is_empty() { Err(unknown("the name has no address")) } else { Ok(addresses) }
            }
            Ok(Err(cause)) => Err(unknown("the name has no address").with_source(cause)),
            Err(_) => Err(unknown("no name server answered in time")),
        }
    }

    async fn reach(&self, addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
        let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match timeout(self.timeouts.connect, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(cause)) => last = cause,
                Err(_) => last = std::io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    }

    async fn handshake(&self, found: &mut Findings, host: &str, stream: TcpStream, addresses: &[SocketAddr]) -> bool {
        let certificate = match self.certificate(self.trust, host, stream).await {
            Ok(certificate) => certificate,
            Err((error, cause)) => {
                let fix = self.fix(host, addresses, cause.as_ref()).await;
                found.failed(Check::Tls, error, fix);
                return false;
            }
        };
        let how = match (self.trust.fingerprint, self.trust.insecure) {
            (Some(_), _) => "the pinned certificate",
            (None, true) => "a certificate that nobody has verified (tls.insecure)",
            (None, false) => "a certificate of a known authority for this host",
        };
        let end = ServerName::try_from(host.to_owned()).ok().and_then(|name| tls::end(&certificate, &name));
        let now = self.clock.wall();
        let days = end.map(|end| end.duration_since(now).as_secs().div_euclid(24 * 3600));
        let until = end.map(|end| format!(", good until {end}")).unwrap_or_default();
        let told = format!("{how}{until}");
        match days {
            Some(days) if days < 0 => {
                found.warning(Check::Tls, format!("{told}, which is past"), "renew it on the server")
            }
            Some(days) if days < SOON => {
                found.warning(Check::Tls, format!("{told}, which is in {days} days"), "renew it on the server");
            }
            _ if self.trust.insecure && self.trust.fingerprint.is_none() => {
                let fingerprint = Fingerprint::of(&certificate);
                let fix = format!("write tls = {{ fingerprint = \"{fingerprint}\" }} in place of tls.insecure");
                found.warning(Check::Tls, told, fix);
            }
            _ => found.good(Check::Tls, told),
        }
        true
    }

    /// What to do about a certificate that is not accepted.
    async fn fix(&self, host: &str, addresses: &[SocketAddr], cause: Option<&rustls::Error>) -> String {
        use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
        if let Some(rustls::Error::InvalidCertificate(
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. },
        )) = cause
        {
            return "renew the certificate on the server, or set this machine's clock if that is wrong".to_owned();
        }
        match self.unverified(host, addresses).await {
            Some(fingerprint) => format!(
                "if the server has this certificate for good, compare its SHA-256 fingerprint there, then write \
                 tls = {{ fingerprint = \"{fingerprint}\" }}; or name the authority's file with tls.ca_file"
            ),
            None => "check that the port in `url` is one that speaks TLS".to_owned(),
        }
    }

    /// The certificate of the server, when it is accepted.
    async fn certificate(
        &self,
        trust: &Trust,
        host: &str,
        stream: TcpStream,
    ) -> Result<CertificateDer<'static>, (Error, Option<rustls::Error>)> {
        let refused = |what: String| (Error::new(Kind::Tls, Delivery::NeverSent, what), None);
        let name = ServerName::try_from(host.to_owned()).map_err(|cause| refused(cause.to_string()))?;
        let connector = TlsConnector::from(Arc::new(trust.config().map_err(|error| (error, None))?));
        let stream = match timeout(self.timeouts.connect, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(cause)) => {
                let inner = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                let (error, _) = refused(inner.map_or_else(|| cause.to_string(), tls::explain));
                return Err((error, inner.cloned()));
            }
            Err(_) => return Err(refused("the server did not answer the greeting in time".to_owned())),
        };
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        certificates.first().map(|first| first.clone().into_owned()).ok_or_else(|| refused("no certificate".to_owned()))
    }

    /// What a server whose certificate is not accepted shows. Nothing is sent over this connection.
    async fn unverified(&self, host: &str, addresses: &[SocketAddr]) -> Option<Fingerprint> {
        let any = Trust { insecure: true, ..Trust::default() };
        let stream = self.reach(addresses).await.ok()?;
        let certificate = self.certificate(&any, host, stream).await.ok()?;
        Some(Fingerprint::of(&certificate))
    }

    /// Any answer has the server's time; which one it is does not matter.
    async fn ask(&self, found: &mut Findings, url: &Url) {
        let client = match self.trust.build(self.timeouts, is_this_machine(self.url)) {
            Ok(client) => client,
            Err(error) => return found.failed(Check::Clock, error, "see `tls` in the endpoint's configuration"),
        };
        let begun = self.clock.monotonic();
        let answer = timeout(self.timeouts.request.min(Duration::from_secs(20)), client.head(url.clone()).send()).await;
        let error = match answer {
            Ok(Ok(answer)) => {
                let date = answer.headers().get(DATE).and_then(|date| parse_http_date(date.to_str().ok()?));
                // The answer was made somewhere between.
                let half = self.clock.monotonic().saturating_sub(begun) / 2;
                return self.compare(found, date, half);
            }
            Ok(Err(cause)) => crate::send::transport(cause),
            Err(_) => Error::new(Kind::Deadline, Delivery::MaybeApplied, "no answer in time"),
        };
        // Some servers and proxies answer nothing but the API; the login shows what is wrong.
        let told = format!("the time of the server is not known, because a plain request failed: {}", error.chain());
        found.warning(Check::Clock, told, advice(&error));
    }

    fn compare(&self, found: &mut Findings, date: Option<Timestamp>, half: Duration) {
        let Some(date) = date else {
            return found.skipped(&[Check::Clock], "the server does not say what time it is");
        };
        let half = i64::try_from(half.as_secs()).unwrap_or_default();
        let ahead = self.clock.wall().duration_since(date).as_secs() - half;
        let direction = if ahead < 0 { "behind" } else { "ahead of" };
        let told = format!("this machine's clock is {} s {direction} the server's", ahead.abs());
        let fix = "set the clocks of both machines (NTP)";
        match ahead.abs() {
            apart if apart > REFUSED && self.dated => {
                let error =
                    Error::new(Kind::Usage, Delivery::NeverSent, format!("{told}; signed requests are refused"));
                found.failed(Check::Clock, error, fix);
            }
            apart if apart > APART => found.warning(Check::Clock, told, fix),
            _ => found.good(Check::Clock, format!("{told}, which is near enough")),
        }
    }
}

/// The variable of the environment whose proxy is used for this URL.
fn proxy(url: &Url) -> Option<&'static str> {
    if is_this_machine(url.as_str()) {
        return None;
    }
    let names: &[&str] = match url.scheme() {
        "https" => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => &["http_proxy", "ALL_PROXY", "all_proxy"],
    };
    let variable = names.iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))?;
    let except = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
    let host = url.host_str()?;
    let excepted = |part: &str| {
        let part = part.trim().trim_start_matches('.');
        part == "*" || (!part.is_empty() && (host == part || host.ends_with(&format!(".{part}"))))
    };
    (!except.split(',').any(excepted)).then_some(variable)
}

#[cfg(test)]
mod tests;
