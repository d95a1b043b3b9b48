//! Management servers, replication servers, pairings, and what is wrong with them.

use vsphere_replication::v2::types as t;

use super::desk::{Answered, Desk, paged};
use super::inventory::{Kind, Site, machines};
use super::replications::Replication;
use super::state::{Pairing, Place, Refusal};
use super::tasks::{Action, Change, Order, Subject};
use super::views::{self, Holds, text};
use crate::message::Answer;
use crate::script::Behaviour;
use crate::text::same;

/// A replication server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) uuid: String,
    pub(crate) name: String,
    /// Id of the management server that it is registered with.
    pub(crate) owner: String,
    /// The virtual machine that runs it; `None` for the one inside the appliance.
    pub(crate) machine: Option<String>,
}

impl Server {
    /// The one inside an appliance.
    pub(crate) fn inside(uuid: String, appliance: &Place) -> Self {
        Self { uuid, name: appliance.name.clone(), owner: appliance.id.clone(), machine: None }
    }

    fn id(&self) -> String {
        format!("HmsRemoteHbrServer:HBRSRV-{}:{}", self.uuid, self.owner)
    }

    /// Whether `id` is its id or its UUID; the vendor's texts mix the two.
    pub(crate) fn is_meant_by(&self, id: &str) -> bool {
        self.uuid.eq_ignore_ascii_case(id) || self.id() == id
    }
}

impl Desk<'_> {
    /// The end whose management server the path names.
    fn vrms(&self) -> Result<Site, Refusal> {
        let named = |site: &Site| self.management(*site).id.eq_ignore_ascii_case(self.call.param(1));
        [Site::Local, Site::Remote].into_iter().find(named).ok_or(Refusal::Unknown)
    }

    /// The management server whose replication servers a call is about: the local one, or the one in the path.
    fn owner(&self) -> Result<Site, Refusal> {
        if self.call.path.contains("/vrs/") { self.vrms() } else { Ok(Site::Local) }
    }

    /// The replication server that the path names.
    fn server_of_path(&self) -> Result<&Server, Refusal> {
        let owner = &self.management(self.owner()?).id;
        let id = self.call.param(if self.call.path.contains("/vrs/") { 2 } else { 0 });
        let mine = |server: &&Server| server.owner == *owner && server.is_meant_by(id);
        self.state.servers().iter().find(mine).ok_or(Refusal::Unknown)
    }

    /// How many replications a server carries.
    fn load(&self, server: &Server) -> usize {
        let carries = |replication: &&Replication| {
            let pairing = self.state.pairing(replication.pairing);
            let target = if replication.inbound { &pairing.local_vrms } else { &pairing.remote_vrms };
            let asked = replication.spec.as_ref().and_then(|spec| spec.target_replication_server_id.as_deref());
            match asked {
                Some(id) => server.is_meant_by(id),
                None => server.machine.is_none() && server.owner == target.id,
            }
        };
        self.state.replications().filter(carries).count()
    }

    fn shown(&self, server: &Server) -> t::ReplicationServerInfo {
        t::ReplicationServerInfo {
            id: Some(server.id()),
            replication_count: i64::try_from(self.load(server)).ok(),
            connected: Some(true),
            decommissioned: Some(false),
            internally_managed: Some(server.machine.is_none()),
            uuid: text(&server.uuid),
            hostname: text(&server.name),
            configuration_url: Some(format!("https://{}:5480", server.name)),
            name: text(&server.name),
            fault: None,
        }
    }

    pub(crate) fn replication_servers(&self) -> Answered {
        let owner = &self.management(self.owner()?).id;
        let mine = self.state.servers().iter().filter(|server| server.owner == *owner);
        let shown: Vec<t::ReplicationServerInfo> = mine.map(|server| self.shown(server)).collect();
        paged!(self, ReplicationServerInfoDrResponseList, Holds::Servers, shown)
    }

    pub(crate) fn replication_server(&self) -> Answered {
        let info = self.shown(self.server_of_path()?);
        let entity = t::ReplicationServerInfoDrResponseEntity {
            id: info.id,
            replication_count: info.replication_count,
            connected: info.connected,
            decommissioned: info.decommissioned,
            internally_managed: info.internally_managed,
            uuid: info.uuid,
            hostname: info.hostname,
            configuration_url: info.configuration_url,
            name: info.name,
            fault: info.fault,
            meta: Some(t::Metadata::default()),
        };
        Ok(self.view().object(200, Holds::Servers, &entity))
    }

    /// Registers the replication server that a virtual machine runs.
    pub(crate) fn register(&mut self) -> Answered {
        let site = self.owner()?;
        let id = self.body::<t::StringDrData>()?.value.unwrap_or_default();
        let machine = machines(self.state, self.place(site), site).into_iter().find(|machine| machine.id == id);
        let machine = machine.filter(|machine| machine.kind == Kind::Server);
        let Some(machine) = machine else {
            return Err(Refusal::Request(format!("There is no replication server in a virtual machine {id}.")));
        };
        if self.state.servers().iter().any(|server| server.machine.as_deref() == Some(&id)) {
            return Err(Refusal::State("The replication server is registered already."));
        }
        let owner = self.management(site).id.clone();
        let name = machine.name;
        let server = Server { uuid: self.state.uuid(), name: name.clone(), owner, machine: Some(id.clone()) };
        // The vendor answers 200 within a pairing and 202 elsewhere.
        let status = if self.operation == "registerVrServerInPairing" { 200 } else { 202 };
        let (change, script) = (Some(Change::Server(server)), Some(id.clone()));
        let subject = Subject::Object { id, name };
        self.start(status, Order { change, script, ..Order::new(self.operation, Action::Register, subject) })
    }

    /// Unregisters or reconnects a replication server.
    pub(crate) fn change_server(&mut self, action: Action) -> Answered {
        let server = self.server_of_path()?.clone();
        let in_use = action == Action::Unregister && (server.machine.is_none() || self.load(&server) > 0);
        let behaviour = in_use.then(|| Behaviour::fail("The replication server is in use."));
        let change = (action == Action::Unregister).then(|| Change::NoServer(server.uuid.clone()));
        let (id, name) = (server.id(), server.name);
        let subject = Subject::Object { id: id.clone(), name };
        let order = Order { behaviour, change, script: Some(id), ..Order::new(self.operation, action, subject) };
        self.start(202, order)
    }

    /// The management servers at both ends.
    pub(crate) fn management_servers(&self) -> Answered {
        let view = self.view();
        let list = vec![view.vrms(Site::Local), view.vrms(Site::Remote)];
        let missing = self.reach.missing(std::iter::once("$.list[1]".to_owned()));
        let total = i64::try_from(list.len()).ok();
        let errors = (!missing.is_empty()).then_some(missing);
        let meta = t::MetadataList { errors, total, offset: Some(0), limit: total, links: None };
        Ok(Answer::json(200, &t::VrmsInfoDrResponseList { list: Some(list), meta: Some(meta) }))
    }

    pub(crate) fn management_server(&self) -> Answered {
        Ok(Answer::json(200, &self.view().one_vrms(self.vrms()?)))
    }

    pub(crate) fn pairings(&self) -> Answered {
        let view = self.view();
        let shown: Vec<t::Pairing> = self.state.pairings().map(|pairing| view.pairing_of(pairing)).collect();
        let (list, meta) = self.cut(&shown, Vec::new())?;
        let missing = (0..list.len()).flat_map(|item| view.missing_of_pairing(&format!("$.list[{item}]")));
        let missing: Vec<t::MetaError> = missing.collect();
        let meta = t::MetadataList { errors: (!missing.is_empty()).then_some(missing), ..meta };
        Ok(view.page(200, Holds::Whole, &t::PairingDrResponseList { list: Some(list), meta: Some(meta) }))
    }

    /// Pairs with another site, or pairs again. A refused login is told by the task.
    pub(crate) fn pair(&mut self, action: Action) -> Answered {
        let spec: t::PairingSpec = self.body()?;
        let known = self.state.pairings().any(|pairing| pairing.remote_vc.id.eq_ignore_ascii_case(&spec.pair_vc_id));
        let own = self.place(Site::Local).id.eq_ignore_ascii_case(&spec.pair_vc_id);
        let info = &spec.pair_psc_info;
        let (user, password) = self.remote_login;
        let good = info.username.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(user))
            && info.password.as_ref().is_some_and(|given| same(given.expose(), password));
        let behaviour = (!good).then(|| Behaviour::fail("The login at the remote site failed."));
        if action == Action::ReconnectPairing {
            if !self.place(Site::Remote).id.eq_ignore_ascii_case(&spec.pair_vc_id) {
                return Err(Refusal::Request(format!("{} is not the vCenter of the pairing.", spec.pair_vc_id)));
            }
            let pairing = self.state.pairing(self.pairing);
            let subject = Subject::Object { id: pairing.id.clone(), name: pairing.remote_vc.name.clone() };
            return self.start(202, Order { behaviour, ..Order::new(self.operation, action, subject) });
        }
        if known || own {
            return Err(Refusal::State("The vCenter is paired already."));
        }
        let host = info.url.as_deref().map(host).filter(|host| !host.is_empty());
        let Some(host) = host else {
            return Err(Refusal::Request("pair_psc_info has no url.".to_owned()));
        };
        let appliance = Place { id: self.state.uuid(), name: format!("vrms-{host}") };
        let pairing = Pairing {
            id: self.state.uuid(),
            remote_vc: Place { id: spec.pair_vc_id, name: host },
            remote_vrms: appliance.clone(),
            ..self.state.pairing(0).clone()
        };
        let subject = Subject::Object { id: pairing.id.clone(), name: pairing.remote_vc.name.clone() };
        let server = Server::inside(self.state.uuid(), &appliance);
        let pairing = Pairing { gone: false, ..pairing };
        let change = Some(Change::Pairing(Box::new(pairing), server));
        self.start(202, Order { behaviour, change, ..Order::new(self.operation, action, subject) })
    }

    pub(crate) fn break_pairing(&mut self) -> Answered {
        if self.state.replications_in(self.pairing).next().is_some() {
            return Err(Refusal::State("The pairing has replications."));
        }
        let pairing = self.state.pairing(self.pairing);
        let subject = Subject::Object { id: pairing.id.clone(), name: pairing.remote_vc.name.clone() };
        let change = Some(Change::NoPairing(self.pairing));
        self.start(202, Order { change, ..Order::new(self.operation, Action::Unpair, subject) })
    }

    /// What is wrong with the pairing: the remote site, when it does not answer.
    pub(crate) fn pairing_issues(&self) -> Answered {
        let pairing = self.state.pairing(self.pairing);
        let down = self.reach == views::Reach::Down;
        let issue = t::IssueInfo {
            entity: text(&pairing.remote_vrms.id),
            entity_name: text(&pairing.remote_vrms.name),
            description: text("The management server does not answer."),
            timestamp: Some(self.state.millis(self.call.now).into()),
            status: Some("ERROR".into()),
            issue_type: Some("VRMS".into()),
        };
        let issues: Vec<t::IssueInfo> = down.then_some(issue).into_iter().collect();
        let missing = self.reach.missing(std::iter::once("$.list".to_owned()));
        paged!(self, IssueInfoDrResponseList, Holds::Issues, issues, missing)
    }

    /// What is wrong with the replications: those that are paused or could not be configured.
    pub(crate) fn replication_issues(&self) -> Answered {
        let now = self.call.now;
        let from = self.call.pairs().get("source_vc_guid").map(str::to_owned);
        let wanted = |replication: &&Replication| self.view().leaves(replication, from.as_deref());
        let issue = |replication: &Replication| {
            let paused = self.state.standing(replication, now).paused;
            let (status, description) = match self.state.trouble(replication, now) {
                Some(trouble) => ("ERROR", trouble),
                None if paused => ("WARNING", "The replication is paused.".to_owned()),
                None => return None,
            };
            Some(t::IssueInfo {
                entity: text(&replication.id),
                entity_name: text(&replication.name),
                description: Some(description),
                timestamp: Some(replication.last_sync.into()),
                status: Some(status.into()),
                issue_type: Some("UNKNOWN".into()),
            })
        };
        let issues: Vec<t::IssueInfo> =
            self.state.replications_in(self.pairing).filter(wanted).filter_map(issue).collect();
        paged!(self, IssueInfoDrResponseList, Holds::Issues, issues)
    }
}

/// The host in an address, with or without scheme, port and path.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default().to_owned()
}
