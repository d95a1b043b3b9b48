//! Logging in: the token calls of one VB365 server.

use std::time::Duration;

use serde_json::{Map, Value, json};
use veeam_vb365::v7;

use super::desk::{Answered, Refusal};
use super::dialect::{self, TokenView};
use super::tokens::Tokens;
use super::{USERNAME, Vb365};
use crate::builder::Vb365Version;
use crate::ids;
use crate::message::{Answer, Call, Pairs};
use crate::text;

impl Vb365 {
    /// The access token of a request, if it is good.
    pub(super) fn authorize(&self, call: &Call, tokens: &Tokens) -> Result<String, Answer> {
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

    pub(super) fn token(&self, call: &Call, tokens: &mut Tokens) -> Answer {
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
}

/// A code for whoever is logged in.
pub(super) fn code() -> Answered {
    let code = ids::secret(32).ok_or(Refusal::Internal)?;
    Ok(Answer::json(200, &json!({"authCode": code})))
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
