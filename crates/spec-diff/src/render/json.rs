//! The report for programs: the model as it is, and the numbers.

use serde::Serialize;

use crate::model::{Report, Summary};

#[derive(Serialize)]
struct Whole<'a> {
    summary: Summary,
    #[serde(flatten)]
    report: &'a Report,
}

pub(super) fn of(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Whole { summary: report.summary(), report }).map(|text| text + "\n")
}
