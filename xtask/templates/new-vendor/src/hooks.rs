//! Hands every request of the generated clients over to the runtime.

backup_sync_runtime::hand_over!(crate::v1::Client);
