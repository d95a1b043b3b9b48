//! Error codes of the server (`errorCode`), as far as its documents list them.
//!
//! The documents name the codes and say neither with which status they come nor what they mean; the meanings are read
//! from the names. v5 and v6 give no code, v7 gives one, v8 all of them.

use backup_sync_runtime::ErrorCode;

const fn code(code: &'static str, meaning: &'static str) -> ErrorCode {
    ErrorCode { code, statuses: &[], meaning }
}

/// All codes.
pub static ALL: &[ErrorCode] = &[
    code("HttpError", "the server met an HTTP error itself, for example from the cloud that it backs up (v8)"),
    code("OperationConflict", "another operation on the same object is in the way (v8)"),
    code("OrganizationTransfer", "the organization is being transferred (v8)"),
    code("OutdatedChangeToken", "the token for changes is too old; begin anew (v8)"),
    code("ParameterValidationFailure", "a parameter or a member of the body is not valid (v8)"),
    code("ProxyOffline", "the backup proxy cannot be reached (v7, v8)"),
    code("RepositoryOwnerChangeTooManyLinks", "the repository has too many links for its owner to be changed (v8)"),
    code("ResourceAccessDenied", "the user may not see or change this object (v8)"),
    code("ResourceNotFound", "there is no object with this id (v8)"),
    code("Timeout", "the server's own work took too long (v8)"),
];
