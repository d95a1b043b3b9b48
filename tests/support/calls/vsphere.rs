//! Calls of vSphere Replication.

pub(super) mod v2 {
    //! Calls of v2.

    use vsphere_replication::v2::Client;

    use crate::AWKWARD;
    use crate::calls::table;

    table! {
        /// Calls an operation.
        Client, api, {
            "createRemoteSession" => api.create_remote_session().pairing_id(AWKWARD),
            "getAllReplications" => api.get_all_replications().pairing_id(AWKWARD),
            "getCurrentSession" => api.get_current_session(),
            "getRecentTasksInfo" => api.get_recent_tasks_info(),
            "getRemoteSession" => api.get_remote_session().pairing_id(AWKWARD),
            "getReplicationInfo" => api.get_replication_info().pairing_id(AWKWARD).replication_id(AWKWARD),
            "getTaskInfo" => api.get_task_info().task_id(AWKWARD),
            "getVrInfo" => api.get_vr_info(),
            "getVrPairing" => api.get_vr_pairing().pairing_id(AWKWARD),
            "getVrPairings" => api.get_vr_pairings(),
            "login" => api.login(),
            "logout" => api.logout(),
            "pauseReplication" => api.pause_replication().pairing_id(AWKWARD).replication_id(AWKWARD),
            "resumeReplication" => api.resume_replication().pairing_id(AWKWARD).replication_id(AWKWARD),
            "syncReplication" => api.sync_replication().pairing_id(AWKWARD).replication_id(AWKWARD),
        }
    }
}
