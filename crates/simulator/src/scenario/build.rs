//! From a scenario to the simulator that plays it.

use super::endpoint::{Endpoint, Vendor, Version};
use super::fault::Fault;
use super::run::{Run, Script};
use super::values::Count;
use super::{Scenario, Speed};
use crate::builder::{Builder, Order};
use crate::clock::SimClock;
use crate::script::Behaviour;
use crate::simulator::Simulator;

impl Scenario {
    /// A simulator that plays the scenario when it is started. That fails when a script is for a target that is not
    /// there.
    pub fn builder(&self) -> Builder {
        let builder = match self.speed.map_or(1.0, Speed::get) {
            0.0 => Simulator::builder().clock(SimClock::manual()),
            factor => Simulator::builder().speed(factor),
        };
        let builder = if self.tls { builder.tls() } else { builder };
        self.endpoints.iter().fold(builder, |builder, (name, endpoint)| endpoint.add(name, builder))
    }
}

impl Endpoint {
    fn add(&self, name: &str, builder: Builder) -> Builder {
        let builder = match self.vendor {
            Vendor::VeeamVb365 => builder.vb365(name, self.version.unwrap_or(Version::V8).into()),
            Vendor::HuaweiCbr => builder.cbr(name),
            Vendor::VsphereReplication => builder.vsphere_replication(name),
        };
        let builder = builder.settings_of(name, self.settings());
        let builder = self.scripts.iter().fold(builder, |builder, script| script.add(name, builder));
        self.faults.iter().fold(builder, |builder, fault| fault.add(name, builder))
    }
}

impl Script {
    fn add(&self, endpoint: &str, builder: Builder) -> Builder {
        let runs: Vec<Behaviour> = self.runs.iter().map(Run::behaviour).collect();
        match (&self.target, &self.backup) {
            (Some(pattern), _) => builder.scripts(endpoint, pattern, runs),
            (None, Some(id)) => builder.order(endpoint.to_owned(), Order::Backup(id.clone(), runs)),
            (None, None) => builder,
        }
    }
}

impl Fault {
    fn add(&self, endpoint: &str, builder: Builder) -> Builder {
        let after = u32::try_from(self.after.map_or(0, Count::get)).unwrap_or(u32::MAX);
        builder.fault(endpoint, after, self.fault())
    }
}
