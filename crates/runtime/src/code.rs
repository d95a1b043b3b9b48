//! Error codes that vendors document, as data for people who meet one.

/// One code of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The code as the vendor gives it.
    pub code: &'static str,
    /// The HTTP statuses that come with it; none where no source says it.
    pub statuses: &'static [u16],
    /// What it means.
    pub meaning: &'static str,
}
