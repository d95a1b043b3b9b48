//! The operation tables of all vendors, as the specs give them.

use backup_sync::huawei_cbr::{self, Cbr};
use backup_sync::runtime::Operation;
use backup_sync::veeam_vb365::{Api, Version};
use backup_sync::vsphere_replication;

use crate::config::Endpoint;

/// The operations of one API.
pub struct Table {
    /// The vendor crate.
    pub vendor: &'static str,
    /// Version of the API, and its name where the vendor has several.
    pub api: &'static str,
    /// Its operations.
    pub operations: &'static [Operation],
    /// Parameters that are filled in.
    pub given: &'static [&'static str],
}

/// All tables, the newest version of an API first.
pub static TABLES: [Table; 6] = [
    veeam("v8", backup_sync::veeam_vb365::v8::OPERATIONS),
    veeam("v6, v7", backup_sync::veeam_vb365::v7::OPERATIONS),
    veeam("v5", backup_sync::veeam_vb365::v5::OPERATIONS),
    huawei("v3", huawei_cbr::v3::OPERATIONS, Cbr::GIVEN),
    huawei("iam v3", huawei_cbr::iam_v3::OPERATIONS, &[]),
    Table { vendor: "vsphere-replication", api: "v2", operations: vsphere_replication::v2::OPERATIONS, given: &[] },
];

const fn veeam(api: &'static str, operations: &'static [Operation]) -> Table {
    Table { vendor: "veeam-vb365", api, operations, given: &[] }
}

const fn huawei(api: &'static str, operations: &'static [Operation], given: &'static [&'static str]) -> Table {
    Table { vendor: "huawei-cbr", api, operations, given }
}

/// The tables that an endpoint may have: those of all versions where the configuration names none.
pub fn of(endpoint: &Endpoint) -> Vec<&'static Table> {
    let version = match endpoint {
        Endpoint::VeeamVb365(server) => server.version.as_deref().and_then(|version| version.parse::<Version>().ok()),
        _ => None,
    };
    let served = |table: &&Table| match version {
        Some(version) => std::ptr::eq(table.operations, Api::operations(version)),
        None => true,
    };
    TABLES.iter().filter(|table| table.vendor == endpoint.vendor()).filter(served).collect()
}
