//! One call on its way through CBR: what it may see and change, and how it is refused.

use std::fmt::Display;

use huawei_cbr::error_code;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::iam::Iam;
use super::lists;
use super::state::State;
use super::tasks::{Order, Start};
use super::things::Vault;
use super::views::{self, View};
use super::{billing, bounds};
use crate::message::{Answer, Call, Pairs};
use crate::settings::Settings;
use crate::store::Page;

/// What came of a call.
pub(crate) type Answered = Result<Answer, Refusal>;

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// With this code of CBR.
    Code(&'static str),
    /// Something is wrong with the request, in this way.
    Wrong(String),
    /// With a bare text.
    Text(u16, &'static str),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

impl Refusal {
    pub(crate) fn answer(&self) -> Answer {
        match self {
            Self::Code(code) => {
                let known = error_code::find(&format!("BackupService.{code}"));
                let status = known.and_then(|known| known.statuses.first()).copied().unwrap_or(500);
                let meaning = known.map_or("unknown internal error", |known| known.meaning);
                Answer::json(status, &views::error(code, meaning))
            }
            Self::Wrong(why) => Answer::json(400, &views::error("9900", &format!("Parameter check failed: {why}."))),
            Self::Text(status, text) => Answer::json(*status, text),
        }
    }
}

/// A sentence about what is wrong with a request.
pub(crate) fn wrong<T>(why: impl Display) -> Result<T, Refusal> {
    Err(Refusal::Wrong(why.to_string()))
}

/// One call and all that it needs.
pub(crate) struct Desk<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) iam: &'a Iam,
    pub(crate) call: &'a Call,
    pub(crate) query: Pairs,
    pub(crate) operation: &'static str,
    pub(crate) settings: &'a Settings,
    /// How a task is started by it.
    pub(crate) how: Start<'a>,
    /// Members of a backup that are null when they have no value.
    pub(crate) nulls: &'static [&'static str],
}

impl Desk<'_> {
    pub(crate) fn view(&self) -> View<'_> {
        View { state: self.state, project: &self.iam.project_id, user: &self.iam.user_id, now: self.call.now }
    }

    /// The body as its type, or a sentence about what is wrong with it.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        self.sent::<T, Value>().map(|(body, _)| body)
    }

    /// The body as its type, which decides whether it is right, and what of it matters here: the type fills in what was
    /// left out.
    pub(crate) fn sent<T: DeserializeOwned, Part: DeserializeOwned>(&self) -> Result<(T, Part), Refusal> {
        if !self.call.has_type("application/json") {
            return wrong("the body has to be of the type application/json");
        }
        let body: Value = self.call.json()?;
        let body = if self.operation == "ChangeOrder" { billing::snakes(body) } else { body };
        let typed = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
        if let Some(fault) = bounds::fault(self.operation, &body) {
            return wrong(fault);
        }
        Ok((typed, serde_json::from_value(body).map_err(|error| error.to_string())?))
    }

    /// Only what matters of it.
    pub(crate) fn part<T: DeserializeOwned, Part: DeserializeOwned>(&self) -> Result<Part, Refusal> {
        self.sent::<T, Part>().map(|(_, part)| part)
    }

    /// The page of a list that is asked for.
    pub(crate) fn page(&self) -> Result<Page, Refusal> {
        Ok(lists::page(&self.query)?)
    }

    /// The same for targets, of which the settings may permit few in a page.
    pub(crate) fn page_of_targets(&self) -> Result<Page, Refusal> {
        self.page().map(|page| Page { limit: self.settings.cap(page.limit), ..page })
    }

    /// The vault that the path names.
    pub(crate) fn vault(&self) -> Result<&Vault, Refusal> {
        self.state.vaults.get(self.call.param(1)).ok_or(Refusal::Code("6105"))
    }

    /// Starts a task and gives its id.
    pub(crate) fn start(&mut self, order: Order) -> String {
        self.state.start(order, self.how)
    }
}

/// An answer without a body.
pub(crate) fn nothing(status: u16) -> Answered {
    Ok(Answer::empty(status))
}

/// How many there are, as answers say it.
pub(crate) fn count(number: usize) -> Option<i64> {
    i64::try_from(number).ok()
}

/// Answers one page of a list: the type, the member with the items, all items, the page, and how an item is shown.
macro_rules! listed {
    ($list:ident, $member:ident, $all:expr, $page:expr, $shown:expr) => {{
        let (all, page) = ($all, $page);
        ::huawei_cbr::v3::types::$list {
            count: $crate::cbr::desk::count(all.len()),
            limit: $crate::cbr::desk::count(page.limit),
            offset: $crate::cbr::desk::count(page.offset),
            $member: Some(page.cut(all).into_iter().map($shown).collect()),
        }
    }};
}
pub(crate) use listed;
