//! Checks signatures that were made with the access key of an endpoint, as the gateway before IAM and CBR does.

use std::time::Duration;

use huawei_cbr::Keys;
use huawei_cbr::signing::canonical;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::ids::{password, secret};
use crate::message::Call;
use crate::text;

/// A signature may be so much older or newer than the gateway's clock.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// More wrong signatures than this in a row lock the key.
const MOST_FAILURES: u32 = 5;
/// A key is locked for so long.
const LOCK: Duration = Duration::from_secs(5 * 60);

const DATE: &str = "x-sdk-date";
const CONTENT_HASH: &str = "x-sdk-content-sha256";
const SECURITY_TOKEN: &str = "x-security-token";

/// The access key of an account.
pub(crate) struct AccessKey {
    keys: Keys,
    pub(crate) access: String,
    pub(crate) secret: String,
    /// What belongs to a temporary key: its token, and when it ends.
    pub(crate) temporary: Option<(String, Duration)>,
    /// Wrong signatures since the last right one.
    failures: u32,
    locked_until: Duration,
}

/// Why a signature is refused: status, code and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// Something is wrong with what a request shows.
    pub(crate) fn credentials(what: impl std::fmt::Display) -> Self {
        Self::new(401, "0301", format!("Incorrect IAM authentication information: {what}"))
    }

    fn signature(why: &str) -> Self {
        Self::credentials(format_args!("verify aksk signature fail, {why}"))
    }
}

/// The parts of an `Authorization` header.
struct Claim<'a> {
    access: &'a str,
    /// In the order in which the client names them.
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let parts = header.strip_prefix(canonical::ALGORITHM)?.strip_prefix(' ')?;
        let part =
            |name: &str| parts.split(',').map(str::trim).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        let headers = part("SignedHeaders")?.split(';').collect();
        Some(Self { access: part("Access")?, headers, signature: part("Signature")? })
    }

    fn signs(&self, name: &str) -> bool {
        self.headers.contains(&name)
    }
}

/// The access key that a request names.
pub(crate) fn named(call: &Call) -> Option<&str> {
    call.header("authorization").and_then(Claim::read).map(|claim| claim.access)
}

impl AccessKey {
    /// A new key; a temporary one if it has an `end`. `None` when the system has no random numbers.
    pub(crate) fn new(end: Option<Duration>) -> Option<Self> {
        let (access, secret_key) = (password()?[..20].to_uppercase(), format!("{}{}", password()?, password()?));
        let temporary = match end {
            Some(end) => Some((secret(300)?, end)),
            None => None,
        };
        let keys = Keys { access: access.clone(), secret: secret_key.clone().into(), security_token: None };
        Some(Self { keys, access, secret: secret_key, temporary, failures: 0, locked_until: Duration::ZERO })
    }

    /// Whether a request is signed rightly. `wall` is the time of day of those who sign.
    pub(crate) fn check(&mut self, call: &Call, wall: Timestamp, project: &str) -> Result<(), Refused> {
        let claim = call.header("authorization").and_then(Claim::read);
        let claim = claim.ok_or_else(|| Refused::signature("the Authorization header cannot be read"))?;
        if !text::same(claim.access, &self.access) {
            let what = format_args!("Get secretKey failed,ak:{},err:ak not exist", claim.access);
            return Err(Refused::credentials(what));
        }
        if call.now < self.locked_until {
            return Err(Refused::credentials("AK access failed to reach the limit,forbidden"));
        }
        let checked = self.compare(call, &claim, wall);
        self.failures = if checked.is_ok() { 0 } else { self.failures + 1 };
        if self.failures > MOST_FAILURES {
            self.failures = 0;
            self.locked_until = call.now.saturating_add(LOCK);
        }
        checked?;
        self.token(call, &claim)?;
        match call.header("x-project-id") {
            Some(named) if named != project => Err(Refused::new(403, "0310", "The project is not usable.")),
            _ => Ok(()),
        }
    }

    /// Computes the signature anew, over what arrived.
    fn compare(&self, call: &Call, claim: &Claim<'_>, wall: Timestamp) -> Result<(), Refused> {
        if !claim.signs("host") || !claim.signs(DATE) {
            return Err(Refused::signature("host and x-sdk-date have to be signed"));
        }
        let mut headers = Vec::with_capacity(claim.headers.len());
        for name in &claim.headers {
            let value = header(call, name);
            let value = value.ok_or_else(|| Refused::signature("a signed header is not there"))?;
            headers.push(((*name).to_owned(), value));
        }
        let date = header(call, DATE).unwrap_or_default();
        let signed_at = date_of(&date).ok_or_else(|| Refused::signature("x-sdk-date has to be YYYYMMDDTHHMMSSZ"))?;
        if signed_at.duration_since(wall).unsigned_abs() > WINDOW {
            return Err(Refused::signature("x-sdk-date is more than 15 minutes off"));
        }
        let declared = header(call, CONTENT_HASH);
        let own = canonical::payload_hash(None, &call.body);
        let hash = canonical::payload_hash(declared.as_deref(), &call.body);
        if hash != canonical::UNSIGNED_PAYLOAD && hash != own {
            return Err(Refused::signature("x-sdk-content-sha256 is not the hash of the body"));
        }
        let query = text::raw_pairs(&call.query);
        let signature = canonical::request(call.method.as_str(), &call.path, &query, &headers, &hash)
            .and_then(|request| canonical::signature(&self.keys.secret, &canonical::string_to_sign(&date, &request)))
            .map_err(|_| Refused::signature("the path of the request is not UTF-8"))?;
        if text::same(&signature, claim.signature) { Ok(()) } else { Err(Refused::signature("it does not match")) }
    }

    /// A temporary key needs its token, and only a temporary key has one.
    fn token(&self, call: &Call, claim: &Claim<'_>) -> Result<(), Refused> {
        match (&self.temporary, call.header(SECURITY_TOKEN)) {
            (None, None) => Ok(()),
            (Some((token, end)), Some(sent)) if text::same(token, sent) && claim.signs(SECURITY_TOKEN) => {
                let over = Refused::new(401, "0307", "The security token has to be renewed.");
                if call.now < *end { Ok(()) } else { Err(over) }
            }
            _ => Err(Refused::credentials("the security token does not belong to the access key")),
        }
    }
}

/// A header as it is signed.
fn header(call: &Call, name: &str) -> Option<String> {
    let value = call.headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

fn date_of(text: &str) -> Option<Timestamp> {
    if text.len() != "YYYYMMDDTHHMMSSZ".len() {
        return None;
    }
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
