//! Which targets are meant: by address, by label, all of them, or by a plan. One way for all commands.

pub mod label;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use backup_sync::engine::{Address, LABELS, Own, Selector, Target};
use backup_sync::runtime::suggest::did_you_mean;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use serde_json::json;

use self::label::{Labels, Requirements};
use crate::complete;
use crate::config::{Endpoint, File};
use crate::endpoints::Chosen;
use crate::exit::Failure;
use crate::plan::Plan;

/// Which targets are meant.
#[derive(Clone, Debug, Default, Args)]
pub struct Selection {
    /// Targets as ENDPOINT/KIND/ID-OR-NAME; `*` and `?` match as in a shell.
    #[arg(value_name = "TARGET", add = ArgValueCandidates::new(complete::targets))]
    pub targets: Vec<Selector>,
    /// Every target of every endpoint.
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,
    /// Only targets with these labels: KEY=VALUE, KEY!=VALUE, KEY or !KEY. Commas and repeated options mean "and".
    ///
    /// Labels stand with the endpoints of the configuration; vaults of CBR have their tags too, and the configuration
    /// wins. KEY!=VALUE also means targets without that label.
    #[arg(short, long = "label", value_name = "LABELS")]
    pub labels: Vec<Requirements>,
    /// A plan in TOML, or in JSON if its name ends in `.json`: targets with their options; see `backup-sync schema plan`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "all", "labels"])]
    pub plan: Option<PathBuf>,
}

impl Selection {
    /// Whether it names anything; if not, everything is meant where that does no harm.
    pub fn is_named(&self) -> bool {
        self.all || !self.targets.is_empty() || !self.labels.is_empty() || self.plan.is_some()
    }

    /// The plan, if one is named.
    pub fn plan(&self) -> Result<Option<Plan>, Failure> {
        self.plan.as_deref().map(Plan::read).transpose()
    }

    /// What is meant among the endpoints of a configuration.
    pub fn wanted(&self, plan: Option<&Plan>, file: &File) -> Wanted {
        let mut labels = Requirements::default();
        self.labels.iter().for_each(|more| labels.and(more));
        let group = |selector: Option<&Selector>| Group {
            selector: selector.cloned(),
            labels: labels.clone(),
            ..Group::default()
        };
        let groups = match plan {
            Some(plan) => plan.groups(),
            None if self.targets.is_empty() => vec![group(None)],
            None => self.targets.iter().map(|selector| group(Some(selector))).collect(),
        };
        Wanted::new(groups, file)
    }
}

/// Targets that are meant together.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Where it is written, for messages: empty, or a place with a colon.
    pub place: String,
    /// Their addresses; any when left out.
    pub selector: Option<Selector>,
    /// What is asked of their labels.
    pub labels: Requirements,
    /// That there are none is no error.
    pub optional: bool,
    /// What they want otherwise than the run.
    pub own: Own,
}

impl Group {
    fn means(&self, target: &Target) -> bool {
        let selected = self.selector.as_ref().is_none_or(|selector| selector.matches(&target.address, &target.name));
        selected && self.labels.fits(&target.labels())
    }

    fn failure(&self, why: &str) -> Failure {
        Failure::usage(format!("{}{why}", self.place))
    }
}

/// What is meant among the endpoints of a configuration. A target is meant when one of the groups means it.
#[derive(Clone, Debug)]
pub struct Wanted {
    groups: Vec<Group>,
    endpoints: BTreeMap<String, Known>,
    /// Endpoints whose targets nobody could list.
    absent: BTreeSet<String>,
}

/// What is known of an endpoint before it is asked.
#[derive(Clone, Debug)]
struct Known {
    labels: Labels,
    /// The vendor gives its targets labels of their own.
    more: bool,
}

impl Wanted {
    fn new(groups: Vec<Group>, file: &File) -> Self {
        let known = |endpoint: &Endpoint| Known { labels: endpoint.labels().clone(), more: endpoint.gives_labels() };
        let endpoints = file.endpoints.iter().map(|(name, endpoint)| (name.clone(), known(endpoint))).collect();
        Self { groups, endpoints, absent: BTreeSet::new() }
    }

    /// What a plan says.
    pub fn planned(plan: &Plan, file: &File) -> Self {
        Self::new(plan.groups(), file)
    }

    /// Exactly these addresses.
    pub fn selected(selectors: Vec<Selector>, file: &File) -> Self {
        let group = |selector| Group { selector: Some(selector), ..Group::default() };
        Self::new(selectors.into_iter().map(group).collect(), file)
    }

    /// Whether targets of this endpoint can be meant, so that the others need not be asked.
    pub fn may_mean(&self, endpoint: &str) -> bool {
        self.groups.iter().any(|group| self.may_be_in(group, endpoint))
    }

    fn may_be_in(&self, group: &Group, endpoint: &str) -> bool {
        let known = self.endpoints.get(endpoint);
        group.selector.as_ref().is_none_or(|selector| selector.matches_endpoint(endpoint))
            && known.is_none_or(|known| group.labels.can_fit(&known.labels, known.more))
    }

    /// The targets of these endpoints could not be listed: what may be among them counts as there.
    pub fn leave_out<'a>(&mut self, endpoints: impl Iterator<Item = &'a str>) {
        self.absent.extend(endpoints.map(str::to_owned));
    }

    /// Whether this target of an endpoint that is left out may be meant. Labels of its own are not known.
    pub fn may_mean_target(&self, target: &Address, name: &str) -> bool {
        let selected = |group: &Group| group.selector.as_ref().is_none_or(|selector| selector.matches(target, name));
        self.groups.iter().any(|group| selected(group) && self.may_be_in(group, &target.endpoint))
    }

    /// Whether it would be right when no target is meant.
    pub fn may_be_nothing(&self) -> bool {
        self.groups.iter().all(|group| group.optional)
    }

    /// Refuses a group that cannot mean anything, before anybody is asked.
    pub fn check(&self) -> Result<(), Failure> {
        for group in self.groups.iter().filter(|group| !group.optional) {
            let mut named = self
                .endpoints
                .keys()
                .filter(|name| group.selector.as_ref().is_none_or(|selector| selector.matches_endpoint(name)));
            if let (Some(selector), false) = (&group.selector, named.clone().any(|_| true)) {
                let known: Vec<&str> = self.endpoints.keys().map(String::as_str).collect();
                let known = known.join(", ");
                let why = format!("target {selector}: no endpoint of that name is configured; known are {known}");
                return Err(group.failure(&why));
            }
            if !named.any(|name| self.may_be_in(group, name)) {
                return Err(self.unlabelled(group, &[]));
            }
        }
        Ok(())
    }

    /// Gives targets the labels of their endpoints, and keeps what is meant. A group that means nothing is an error,
    /// because a typing error must not pass.
    pub fn narrow(&self, chosen: &mut Chosen) -> Result<(), Failure> {
        for target in chosen.iter_mut().flat_map(|(_, targets)| targets) {
            let Some(known) = self.endpoints.get(&target.address.endpoint) else { continue };
            let mut labels = target.labels();
            labels.extend(known.labels.clone());
            if !labels.is_empty() {
                target.facts = std::mem::take(&mut target.facts).with(LABELS, json!(labels));
            }
        }
        let all: Vec<&Target> = chosen.iter().flat_map(|(_, targets)| targets).collect();
        for group in self.groups.iter().filter(|group| !group.optional) {
            let hidden = self.absent.iter().any(|endpoint| self.may_be_in(group, endpoint));
            if hidden || all.iter().any(|target| group.means(target)) {
                continue;
            }
            let unlabelled = Group { labels: Requirements::default(), ..group.clone() };
            match &group.selector {
                Some(selector) if !all.iter().any(|target| unlabelled.means(target)) => {
                    let why = format!("target {selector}: there is no such target; `backup-sync targets` lists them");
                    return Err(group.failure(&why));
                }
                _ if group.labels.is_empty() => {}
                _ => return Err(self.unlabelled(group, &all)),
            }
        }
        for (_, targets) in chosen {
            targets.retain(|target| self.groups.iter().any(|group| group.means(target)));
        }
        Ok(())
    }

    /// Nothing has the labels that are asked for.
    fn unlabelled(&self, group: &Group, targets: &[&Target]) -> Failure {
        let configured = self.endpoints.values().flat_map(|known| known.labels.clone());
        let all: BTreeSet<(String, String)> =
            targets.iter().flat_map(|target| target.labels()).chain(configured).collect();
        let known = all.iter().map(|(key, _)| key.as_str());
        let misspelt = group.labels.keys().find(|key| !all.iter().any(|(known, _)| known == key));
        let meant = misspelt.map(|key| did_you_mean(key, known)).unwrap_or_default();
        let mut shown: Vec<String> = all.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let left = shown.len().saturating_sub(MOST_SHOWN);
        shown.truncate(MOST_SHOWN);
        let known = match (shown.is_empty(), left) {
            (true, _) => "no target has labels; give an endpoint some in the configuration: labels = { … }".to_owned(),
            (false, 0) => format!("known are {}", shown.join(", ")),
            (false, _) => format!("known are {} and {left} more", shown.join(", ")),
        };
        let of = group.selector.as_ref().map(|selector| format!(" of {selector}")).unwrap_or_default();
        group.failure(&format!("no target{of} has the labels {}{meant}; {known}", group.labels))
    }

    /// What single targets want otherwise: the first group that means a target decides.
    pub fn own(&self, chosen: &Chosen) -> BTreeMap<Address, Own> {
        let all = chosen.iter().flat_map(|(_, targets)| targets);
        let own = |target: &Target| {
            let group = self.groups.iter().find(|group| group.means(target))?;
            (!group.own.is_empty()).then(|| (target.address.clone(), group.own))
        };
        all.filter_map(own).collect()
    }
}

/// So many labels are shown in a message.
const MOST_SHOWN: usize = 20;
