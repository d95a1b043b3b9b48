//! One call on its way through the appliance: what it may see and change, and how it is answered.

use serde::Serialize;
use vsphere_replication::v2::types as t;

use super::inventory::Site;
use super::lists::{Asked, key_of};
use super::state::{Place, Refusal, State};
use super::tasks::Order;
use super::views::{Holds, Reach, View};
use crate::message::{Answer, Call};
use crate::script::Scripts;
use crate::settings::Settings;

/// What came of a call.
pub(crate) type Answered = Result<Answer, Refusal>;

/// One call and all that it needs.
pub(crate) struct Desk<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) call: &'a Call,
    pub(crate) operation: &'static str,
    pub(crate) settings: &'a Settings,
    pub(crate) scripts: &'a Scripts,
    /// User and password of the remote site.
    pub(crate) remote_login: (&'a str, &'a str),
    /// Number of the pairing that the path names, or that of the first.
    pub(crate) pairing: usize,
    pub(crate) reach: Reach,
}

impl Desk<'_> {
    pub(crate) fn view(&self) -> View<'_> {
        View {
            state: self.state,
            pairing: self.state.pairing(self.pairing),
            number: self.pairing,
            now: self.call.now,
            times_as_text: self.call.path.starts_with("/api/rest/vr/v1/"),
            reach: self.reach,
            extended: true,
            nulls: self.settings.vr_nulls,
        }
    }

    /// The vCenter of one end.
    pub(crate) fn place(&self, site: Site) -> &Place {
        let pairing = self.state.pairing(self.pairing);
        match site {
            Site::Local => &pairing.local_vc,
            Site::Remote => &pairing.remote_vc,
        }
    }

    /// The management server of one end.
    pub(crate) fn management(&self, site: Site) -> &Place {
        let pairing = self.state.pairing(self.pairing);
        match site {
            Site::Local => &pairing.local_vrms,
            Site::Remote => &pairing.remote_vrms,
        }
    }

    /// Starts a task and answers with it.
    pub(crate) fn start(&mut self, status: u16, order: Order) -> Answered {
        let number = self.state.begin(order, self.call.now, self.scripts, self.settings.duration);
        let view = self.view();
        let task = self.state.started(number).ok_or(Refusal::Unknown)?;
        Ok(view.object(status, Holds::Tasks, &view.one_task(task)))
    }

    /// The page of `items` that the call asks for, and its envelope.
    pub(crate) fn cut<T: Serialize + Clone>(
        &self,
        items: &[T],
        missing: Vec<t::MetaError>,
    ) -> Result<(Vec<T>, t::MetadataList), Refusal> {
        let asked = Asked::read(&self.call.pairs())?;
        let page = asked.apply(items.iter().collect(), |item: &T, name| {
            key_of(&serde_json::to_value(item).unwrap_or_default(), name)
        });
        let meta = asked.envelope(self.call, page.total, missing);
        Ok((page.items.into_iter().cloned().collect(), meta))
    }
}

/// Answers one page of a list: the type of the list, what its items may hold as null, the items.
macro_rules! paged {
    ($desk:expr, $list:ident, $holds:expr, $items:expr) => {
        paged!($desk, $list, $holds, $items, ::std::vec::Vec::new())
    };
    ($desk:expr, $list:ident, $holds:expr, $items:expr, $missing:expr) => {{
        let (list, meta) = $desk.cut(&$items, $missing)?;
        let list = ::vsphere_replication::v2::types::$list { list: Some(list), meta: Some(meta) };
        Ok($desk.view().page(200, $holds, &list))
    }};
}
pub(crate) use paged;
