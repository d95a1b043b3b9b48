//! The connectivity contract of the vendor: which calls need the remote site, and which need a login there.

use super::state::Pairing;
use crate::message::Call;

/// What a call needs of the remote site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing; answers may be partial.
    Nothing,
    /// It has to answer.
    Up,
    /// The session has to be logged in there as well.
    Login,
}

/// What this call needs.
pub(crate) fn need(operation: &str, call: &Call, pairing: &Pairing) -> Need {
    let remote = |is_remote: bool| if is_remote { Need::Login } else { Need::Nothing };
    let query = call.pairs();
    match operation {
        "createRemoteSession" | "syncReplication" | "pairVr" | "reconnectVrPairing" => Need::Up,
        "getRemoteSession"
        | "configureReplication"
        | "pauseReplication"
        | "reconfigureReplication"
        | "resumeReplication"
        | "unconfigureReplication" => Need::Login,
        "deleteVrPairing" => remote(query.truth("force") != Some(true)),
        "getReplicationsIssues" => {
            remote(query.get("source_vc_guid").is_some_and(|id| id.eq_ignore_ascii_case(&pairing.remote_vc.id)))
        }
        "getVrInfoInPairing" => Need::Nothing,
        _ if call.path.contains("/vcenters/") => remote(call.param(1).eq_ignore_ascii_case(&pairing.remote_vc.id)),
        _ if call.path.contains("/vrs/") => remote(call.param(1).eq_ignore_ascii_case(&pairing.remote_vrms.id)),
        _ => Need::Nothing,
    }
}
