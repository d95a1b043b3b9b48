//! The operation tables of all vendors, as the specs give them.

use std::collections::BTreeSet;

use backup_sync::huawei_cbr::{Cbr, iam_v3, v3};
use backup_sync::runtime::Operation;
use backup_sync::runtime::starts::Starts;
use backup_sync::veeam_vb365::{Api, Version, v5, v7, v8};
use backup_sync::vsphere_replication::v2;

use crate::config::Endpoint;

/// The operations of one API.
pub struct Table {
    /// The vendor crate.
    pub vendor: &'static str,
    /// Version of the API, and its name where the vendor has several.
    pub api: &'static str,
    /// Its operations.
    pub operations: &'static [Operation],
    /// Its document, for comparing answers.
    pub document: &'static str,
    /// Parameters that are filled in.
    pub given: &'static [&'static str],
}

/// All tables, the newest version of an API first.
pub static TABLES: [Table; 6] = [
    veeam("v8", v8::OPERATIONS, v8::DOCUMENT),
    veeam("v6, v7", v7::OPERATIONS, v7::DOCUMENT),
    veeam("v5", v5::OPERATIONS, v5::DOCUMENT),
    huawei("v3", v3::OPERATIONS, v3::DOCUMENT, Cbr::GIVEN),
    huawei("iam v3", iam_v3::OPERATIONS, iam_v3::DOCUMENT, &[]),
    Table { vendor: "vsphere-replication", api: "v2", operations: v2::OPERATIONS, document: v2::DOCUMENT, given: &[] },
];

const fn veeam(api: &'static str, operations: &'static [Operation], document: &'static str) -> Table {
    Table { vendor: "veeam-vb365", api, operations, document, given: &[] }
}

const fn huawei(
    api: &'static str,
    operations: &'static [Operation],
    document: &'static str,
    given: &'static [&'static str],
) -> Table {
    Table { vendor: "huawei-cbr", api, operations, document, given }
}

/// The tables that an endpoint may have: those of all versions where the configuration names none.
pub fn of(endpoint: &Endpoint) -> Vec<&'static Table> {
    let version = match endpoint {
        Endpoint::VeeamVb365(server) => server.version.as_deref().and_then(|version| version.parse::<Version>().ok()),
        _ => None,
    };
    // By content: a table in a static may be a copy of the one in the vendor crate.
    let served = |table: &&Table| match version {
        Some(version) => table.operations == Api::operations(version),
        None => true,
    };
    TABLES.iter().filter(|table| table.vendor == endpoint.vendor()).filter(served).collect()
}

/// The kinds of jobs that an endpoint may have, as the documents name them.
pub fn job_kinds(endpoint: &Endpoint) -> BTreeSet<&'static str> {
    let rows = of(endpoint).into_iter().flat_map(|table| table.operations);
    let kind = |row: &Operation| match row.starts {
        Some(Starts::Jobs(begun)) => Some(begun.kind),
        _ => None,
    };
    rows.filter_map(kind).collect()
}
