//! The resources of VB365 with their members, as the versions know them.

mod jobs;
mod organizations;
mod repositories;
mod service;

pub(crate) use jobs::*;
pub(crate) use organizations::*;
pub(crate) use repositories::*;
pub(crate) use service::*;

/// The days on which something may happen.
const DAYS: &[&str] =
    &["Everyday", "Workdays", "Weekends", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
