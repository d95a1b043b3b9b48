//! Accounts and their projects, optional features, and the migration from older services.

use huawei_cbr::v3::types as t;
use serde_json::{Map, Value, json};

use super::desk::{Answered, Desk, Refusal};
use super::views::text;
use crate::course::{Course, End, Stage};
use crate::ids::Ids;
use crate::message::Answer;
use crate::script::Behaviour;

/// An account beside the own one.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) id: String,
    /// Its project in the region.
    pub(crate) project: String,
}

impl Account {
    pub(crate) fn new(name: &str, ids: &mut Ids) -> Self {
        Self { name: name.to_owned(), id: ids.hex(), project: ids.hex() }
    }
}

/// The migration of the account.
#[derive(Debug)]
pub(crate) struct Migration {
    course: Course,
    /// The other region, too.
    everywhere: bool,
}

/// A project of an account: account id and name, project id, region.
struct Place<'a> {
    domain: (&'a str, &'a str),
    project: &'a str,
    region: &'a str,
}

impl Desk<'_> {
    /// The projects that are known, first those of the own account.
    fn places(&self) -> Vec<Place<'_>> {
        let own = (self.iam.domain_id.as_str(), self.iam.domain.as_str());
        let here = Place { domain: own, project: &self.iam.project_id, region: &self.iam.region };
        let away = &self.state.away;
        let there = Place { domain: own, project: &away.project, region: &away.region };
        let others = self.state.accounts.iter().map(|account| Place {
            domain: (&account.id, &account.name),
            project: &account.project,
            region: &self.iam.region,
        });
        [here, there].into_iter().chain(others).collect()
    }

    /// The project of the region.
    pub(crate) fn list_projects(&self) -> Answered {
        let links = |path: &str| Some(t::SelfLinksInfo { self_: Some(format!("{}{path}", self.call.origin())) });
        let project = t::ProjectsListInfo {
            id: self.iam.project_id.clone(),
            name: text(&self.iam.region),
            domain_id: text(&self.iam.domain_id),
            parent_id: text(&self.iam.domain_id),
            description: text(""),
            is_domain: Some(false),
            enabled: Some(true),
            links: links(&format!("/v3/projects/{}", self.iam.project_id)),
        };
        let list = t::ListProjectsResp { links: links("/v3/projects"), projects: Some(vec![project]) };
        Ok(Answer::json(200, &list))
    }

    /// The projects of an account; one that is not known has none.
    pub(crate) fn list_domain_projects(&self) -> Answered {
        let named = |place: &Place<'_>| place.domain.1 == self.call.param(0);
        let told = |place: Place<'_>| t::DomainProjectsInfo {
            project_id: text(place.project),
            project_name: text(place.region),
        };
        let projects = self.places().into_iter().filter(named).map(told).collect();
        Ok(Answer::json(200, &t::ListDomainProjectsResp { projects: Some(projects) }))
    }

    /// The account behind a project. CBR has no code of its own for one that is not there.
    pub(crate) fn show_domain(&self) -> Answered {
        let places = self.places();
        let place = places.iter().find(|place| place.project == self.call.param(0));
        let place = place.ok_or(Refusal::Code("6302"))?;
        let domain = t::DomainResp {
            domain_id: text(place.domain.0),
            domain_name: text(place.domain.1),
            project_id: text(place.project),
            project_name: text(place.region),
        };
        Ok(Answer::json(200, &domain))
    }

    fn features(&self) -> Map<String, Value> {
        let away = &self.state.away.region;
        let features = json!({
            "replication.enable": true,
            "replication.source_region": self.iam.region,
            "replication.destination_regions": [away],
            "replication.destination_dgw_regions": [],
            "features.backup_double_az": false,
        });
        features.as_object().cloned().unwrap_or_default()
    }

    pub(crate) fn list_features(&self) -> Answered {
        self.feature_page()?;
        Ok(Answer::json(200, &self.features()))
    }

    pub(crate) fn show_feature(&self) -> Answered {
        self.feature_page()?;
        let key = self.call.param(1);
        let feature = self.features().remove(key);
        let feature = feature.ok_or(Refusal::Text(400, "The feature is not known."))?;
        Ok(Answer::json(200, &Map::from_iter([(key.to_owned(), feature)])))
    }

    /// Limit and offset are checked, although a map has no pages.
    fn feature_page(&self) -> Result<(), Refusal> {
        self.query.number("limit", 1000, 1, 1000)?;
        self.query.number("offset", 0, 0, 1000)?;
        Ok(())
    }

    /// Begins to take over what older services have.
    pub(crate) fn migrate_domain(&mut self) -> Answered {
        let sent: t::DomainMigrate = self.body()?;
        let running = self.state.migration.as_ref().is_some_and(|kept| !kept.course.is_over(self.call.now));
        if !running {
            let script = self.how.scripts.next(&self.iam.project_id);
            let behaviour = script.unwrap_or_else(Behaviour::success);
            let course = Course::new(self.call.now, behaviour, self.how.usual);
            self.state.migration = Some(Migration { course, everywhere: sent.all_regions });
        }
        let everywhere = self.state.migration.as_ref().is_some_and(|kept| kept.everywhere);
        let regions = self.regions(everywhere).into_iter();
        let told: Map<String, Value> = regions.map(|place| (place.region.to_owned(), "running".into())).collect();
        Ok(Answer::json(200, &told))
    }

    /// The own projects in this region, or in all.
    fn regions(&self, everywhere: bool) -> Vec<Place<'_>> {
        let own = self.places().into_iter().filter(|place| place.domain.0 == self.iam.domain_id);
        own.take(if everywhere { usize::MAX } else { 1 }).collect()
    }

    pub(crate) fn migration(&self) -> Answered {
        let Migration { course, everywhere } = self.state.migration.as_ref().ok_or(Refusal::Code("4001"))?;
        let asked = self.query.truth("all_regions") != Some(false);
        let (status, reason) = match course.stage(self.call.now) {
            Stage::Ended(End::Failed(reason)) => ("failed", reason),
            Stage::Ended(end) if end.has_effect() => ("success", ""),
            Stage::Ended(_) => ("failed", "The migration was stopped."),
            Stage::Waiting | Stage::Running | Stage::Odd(_) => ("migrating", ""),
        };
        let told = |place: Place<'_>| t::DomainMigrateProjectStatus {
            status: Some(status.into()),
            project_id: text(place.project),
            project_name: text(place.region),
            region_id: text(place.region),
            progress: Some(course.percent(self.call.now).into()),
            fail_code: (status == "failed").then_some(4006),
            fail_reason: text(reason),
        };
        let projects = self.regions(*everywhere && asked).into_iter().map(told).collect();
        let answer = t::DomainMigrateResp { project_status: Some(projects), status: Some(status.into()) };
        Ok(Answer::json(200, &answer))
    }
}
