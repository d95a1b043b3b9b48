//! Calls of vSphere Replication, with all parameters that there are.

use serde_json::Value;
use vsphere_replication::v2::types as t;

pub(super) mod v2 {
    //! Calls of v2.

    use serde_json::json;
    use vsphere_replication::v2::{Client, types as t};

    use crate::AWKWARD;
    use crate::calls::{body, table};

    /// The parameters of all lists.
    macro_rules! paged {
        ($list:expr) => {
            $list
                .filter_property("name")
                .filter(vec!["a & b".to_owned(), AWKWARD.to_owned()])
                .sort_by("name")
                .order_by("desc")
                .limit("100")
                .offset("200")
        };
    }

    table! {
        /// Calls an operation.
        Client, api, {
            "browseDatastore" => paged!(api.browse_datastore())
                .pairing_id(AWKWARD).vcenter_id(AWKWARD).datastore_id(AWKWARD)
                .body(body::<t::DatastoreBrowserRequest>(json!({}))),
            "checkStoragePolicyCompliance" => api.check_storage_policy_compliance()
                .pairing_id(AWKWARD).vcenter_id(AWKWARD).storage_policy_id(AWKWARD)
                .body(body::<Vec<String>>(json!([]))),
            "configureReplication" => api.configure_replication().pairing_id(AWKWARD)
                .body(body::<Vec<t::ConfigureReplicationSpec>>(json!([]))),
            "createRemoteSession" => api.create_remote_session().pairing_id(AWKWARD),
            "deleteVrPairing" => api.delete_vr_pairing().pairing_id(AWKWARD).force(true),
            "destroyReplication" => api.destroy_replication()
                .pairing_id(AWKWARD).replication_id(AWKWARD).retain_replica_disks(true),
            "getAllReplications" => paged!(api.get_all_replications()).pairing_id(AWKWARD)
                .source_vc_guid(AWKWARD).extended_info(true),
            "getAllVrDetailsInPairing" => api.get_all_vr_details_in_pairing().pairing_id(AWKWARD),
            "getAllVrServers" => paged!(api.get_all_vr_servers()),
            "getAllVrServersInPairing" => paged!(api.get_all_vr_servers_in_pairing())
                .pairing_id(AWKWARD).vr_id(AWKWARD),
            "getCurrentSession" => api.get_current_session(),
            "getLocalVmDisks" => paged!(api.get_local_vm_disks())
                .pairing_id(AWKWARD).vcenter_id(AWKWARD).vm_id(AWKWARD),
            "getLocalVms" => paged!(api.get_local_vms())
                .pairing_id(AWKWARD).vcenter_id(AWKWARD).suitable_for_replication(true),
            "getRecentTasksInfo" => paged!(api.get_recent_tasks_info()),
            "getRemoteSession" => api.get_remote_session().pairing_id(AWKWARD),
            "getReplicatedVmDisks" => paged!(api.get_replicated_vm_disks())
                .pairing_id(AWKWARD).replication_id(AWKWARD),
            "getReplicationInfo" => api.get_replication_info().pairing_id(AWKWARD).replication_id(AWKWARD),
            "getReplicationsCount" => api.get_replications_count().pairing_id(AWKWARD),
            "getReplicationsIssues" => paged!(api.get_replications_issues()).pairing_id(AWKWARD)
                .source_vc_guid(AWKWARD),
            "getSeedsForDisks" => api.get_seeds_for_disks()
                .pairing_id(AWKWARD).vcenter_id(AWKWARD).datastore_id(AWKWARD)
                .body(body::<Vec<t::VmDiskFindSeedSpec>>(json!([]))),
            "getTaskInfo" => api.get_task_info().task_id(AWKWARD),
            "getVcStoragePolicies" => paged!(api.get_vc_storage_policies()).pairing_id(AWKWARD).vcenter_id(AWKWARD),
            "getVmCapability" => paged!(api.get_vm_capability())
                .pairing_id(AWKWARD).vcenter_id(AWKWARD).vm_id(AWKWARD),
            "getVrCapableTargetDatastores" => paged!(api.get_vr_capable_target_datastores())
                .pairing_id(AWKWARD).vcenter_id(AWKWARD),
            "getVrInfo" => api.get_vr_info(),
            "getVrInfoInPairing" => api.get_vr_info_in_pairing().pairing_id(AWKWARD).vr_id(AWKWARD),
            "getVrPairing" => api.get_vr_pairing().pairing_id(AWKWARD),
            "getVrPairingIssues" => paged!(api.get_vr_pairing_issues()).pairing_id(AWKWARD),
            "getVrPairings" => paged!(api.get_vr_pairings()),
            "getVrServer" => api.get_vr_server().replication_server_id(AWKWARD),
            "getVrServerInPairing" => api.get_vr_server_in_pairing()
                .pairing_id(AWKWARD).vr_id(AWKWARD).replication_server_id(AWKWARD),
            "login" => api.login(),
            "logout" => api.logout(),
            "pairVr" => api.pair_vr()
                .body(body::<t::PairingSpec>(json!({ "pair_psc_info": {}, "pair_vc_id": "v" }))),
            "pauseReplication" => api.pause_replication().pairing_id(AWKWARD).replication_id(AWKWARD),
            "reconfigureReplication" => api.reconfigure_replication().pairing_id(AWKWARD).replication_id(AWKWARD)
                .body(body::<t::ReconfigureReplicationSpec>(json!({
                    "auto_replicate_new_disks": false, "disks": [], "lwd_encryption_enabled": false,
                    "mpit_enabled": false, "network_compression_enabled": false, "rpo": 60,
                }))),
            "reconnectVrPairing" => api.reconnect_vr_pairing().pairing_id(AWKWARD)
                .body(body::<t::PairingSpec>(json!({ "pair_psc_info": {}, "pair_vc_id": "v" }))),
            "reconnectVrServer" => api.reconnect_vr_server().replication_server_id(AWKWARD),
            "reconnectVrServerInPairing" => api.reconnect_vr_server_in_pairing()
                .pairing_id(AWKWARD).vr_id(AWKWARD).replication_server_id(AWKWARD),
            "registerVrServer" => api.register_vr_server().body(body::<t::StringDrData>(json!({}))),
            "registerVrServerInPairing" => api.register_vr_server_in_pairing().pairing_id(AWKWARD).vr_id(AWKWARD)
                .body(body::<t::StringDrData>(json!({}))),
            "resumeReplication" => api.resume_replication().pairing_id(AWKWARD).replication_id(AWKWARD),
            "syncReplication" => api.sync_replication().pairing_id(AWKWARD).replication_id(AWKWARD),
            "unconfigureReplication" => api.unconfigure_replication()
                .pairing_id(AWKWARD).replication_id(AWKWARD).retain_replica_disks(true),
            "unregisterVrServer" => api.unregister_vr_server().replication_server_id(AWKWARD),
            "unregisterVrServerInPairing" => api.unregister_vr_server_in_pairing()
                .pairing_id(AWKWARD).vr_id(AWKWARD).replication_server_id(AWKWARD),
        }
    }
}

/// Reads a request body as its type and writes it out again.
pub(super) fn again(id: &str, value: &Value) -> Result<Value, serde_json::Error> {
    match id {
        "browseDatastore" => super::again::<t::DatastoreBrowserRequest>(value),
        "checkStoragePolicyCompliance" => super::again::<Vec<String>>(value),
        "configureReplication" => super::again::<Vec<t::ConfigureReplicationSpec>>(value),
        "getSeedsForDisks" => super::again::<Vec<t::VmDiskFindSeedSpec>>(value),
        "pairVr" | "reconnectVrPairing" => super::again::<t::PairingSpec>(value),
        "reconfigureReplication" => super::again::<t::ReconfigureReplicationSpec>(value),
        "registerVrServer" | "registerVrServerInPairing" => super::again::<t::StringDrData>(value),
        other => panic!("nobody has written down the body of {other}"),
    }
}
