//! What the runtime has to know about an operation; filled from the spec by the code generator.

/// One row of a vendor's operation table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The vendor's name of the operation.
    pub id: &'static str,
    /// The name of its method in the generated client; tables are sorted by it.
    pub function: &'static str,
    /// HTTP method in upper case.
    pub method: &'static str,
    /// Path template below the base URL.
    pub path: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Whether it may be sent again after it may have arrived.
    pub idempotent: bool,
    /// Whether it starts work on the vendor's side.
    pub starts_job: bool,
    /// Whether it is sent with credentials.
    pub authenticated: bool,
    /// Names of members that hold secrets, in the request or the answer.
    pub secrets: &'static [&'static str],
}

impl Operation {
    /// The row of a method of the generated client.
    pub fn of_function(table: &'static [Self], function: &str) -> Option<&'static Self> {
        table.binary_search_by(|row| row.function.cmp(function)).ok().map(|index| &table[index])
    }

    /// The row of an operation by the vendor's name.
    pub fn of_id(table: &'static [Self], id: &str) -> Option<&'static Self> {
        table.iter().find(|row| row.id == id)
    }
}
