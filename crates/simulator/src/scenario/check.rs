//! What the types of a scenario cannot say: keys that belong to one vendor, operations that exist.

use veeam_vb365::{v5, v7, v8};

use super::Scenario;
use super::endpoint::{Endpoint, Vendor, Version};
use super::fault::Fault;
use super::read::{Step, nearest};
use super::run::{Curve, Script};

/// Something wrong, and the way to it from the top of the file.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) path: Vec<Step>,
    pub(super) what: String,
}

/// One more step down.
fn at(path: &[Step], step: impl Into<Step>) -> Vec<Step> {
    path.iter().cloned().chain([step.into()]).collect()
}

fn problem(path: Vec<Step>, what: impl Into<String>) -> Result<(), Problem> {
    Err(Problem { path, what: what.into() })
}

/// The first thing that is wrong.
pub(super) fn check(scenario: &Scenario) -> Result<(), Problem> {
    if scenario.description.trim().is_empty() {
        return problem(vec!["description".into()], "say in a sentence or two what the scenario is for");
    }
    let top = [Step::from("endpoints")];
    if scenario.endpoints.is_empty() {
        return problem(top.to_vec(), "no endpoint is given");
    }
    scenario.endpoints.iter().try_for_each(|(name, endpoint)| {
        let path = at(&top, name.as_str());
        if name.is_empty() || name.contains(['/', '*', '?']) {
            return problem(path, "the name of the endpoint cannot be part of an address");
        }
        endpoint.check(&path)
    })
}

impl Endpoint {
    fn check(&self, path: &[Step]) -> Result<(), Problem> {
        let vendor = self.vendor;
        let only = |given: bool, key: &str, of: Vendor| {
            if given && vendor != of { problem(at(path, key), format!("{key} is for {of} only")) } else { Ok(()) }
        };
        only(self.version.is_some(), "version", Vendor::VeeamVb365)?;
        let counts = at(path, "targets");
        self.targets.iter().flat_map(|targets| targets.given()).try_for_each(|(key, of)| {
            if of == vendor { Ok(()) } else { problem(at(&counts, key), format!("{key} is for {of} only")) }
        })?;
        if self.rate_limit.is_some_and(|limit| limit.per_session.is_some()) && vendor != Vendor::VsphereReplication {
            let what = format!("per_session is for {} only", Vendor::VsphereReplication);
            return problem(at(&at(path, "rate_limit"), "per_session"), what);
        }
        let old = matches!(self.version, Some(Version::V5 | Version::V6 | Version::V7));
        if self.page_size.is_some() && old {
            return problem(at(path, "page_size"), "lists have pages from v8 on");
        }
        let scripts = at(path, "scripts");
        let mut each = self.scripts.iter().enumerate();
        each.try_for_each(|(number, script)| script.check(vendor, &at(&scripts, number)))?;
        let faults = at(path, "faults");
        let operations = self.operations();
        let mut each = self.faults.iter().enumerate();
        each.try_for_each(|(number, fault)| fault.check(&operations, &at(&faults, number)))
    }

    /// Every operation that its API has.
    fn operations(&self) -> Vec<&'static str> {
        let tables = match (self.vendor, self.version) {
            (Vendor::VeeamVb365, Some(Version::V5)) => vec![v5::OPERATIONS],
            (Vendor::VeeamVb365, Some(Version::V6 | Version::V7)) => vec![v7::OPERATIONS],
            (Vendor::VeeamVb365, _) => vec![v8::OPERATIONS],
            (Vendor::HuaweiCbr, _) => vec![huawei_cbr::v3::OPERATIONS, huawei_cbr::iam_v3::OPERATIONS],
            (Vendor::VsphereReplication, _) => vec![vsphere_replication::v2::OPERATIONS],
        };
        tables.into_iter().flatten().map(|operation| operation.id).collect()
    }
}

impl Script {
    fn check(&self, vendor: Vendor, path: &[Step]) -> Result<(), Problem> {
        match (&self.target, &self.backup) {
            (Some(_), None) => {}
            (None, Some(_)) if vendor == Vendor::HuaweiCbr => {}
            (None, Some(_)) => {
                return problem(at(path, "backup"), format!("backup is for {} only", Vendor::HuaweiCbr));
            }
            _ => return problem(path.to_vec(), "name either a target or a backup"),
        }
        let runs = at(path, "runs");
        if self.runs.is_empty() {
            return problem(runs, "no run is given");
        }
        for (number, run) in self.runs.iter().enumerate() {
            let path = at(&runs, number);
            if run.on_stop.is_some() && vendor != Vendor::VeeamVb365 {
                let what = format!("on_stop is for {} only: {vendor} has no call to stop", Vendor::VeeamVb365);
                return problem(at(&path, "on_stop"), what);
            }
            if run.curve == Curve::Steps(Vec::new()) {
                return problem(at(&path, "curve"), "no step is given");
            }
        }
        Ok(())
    }
}

impl Fault {
    fn check(&self, operations: &[&'static str], path: &[Step]) -> Result<(), Problem> {
        let Some(wanted) = &self.operation else { return Ok(()) };
        if operations.contains(&wanted.as_str()) {
            return Ok(());
        }
        let near = nearest(wanted, operations.iter().copied(), 3);
        let near = if near.is_empty() { operations.to_vec() } else { near };
        let what = format!("this server has no operation {wanted:?}; the nearest are {}", near.join(", "));
        problem(at(path, "operation"), what)
    }
}
