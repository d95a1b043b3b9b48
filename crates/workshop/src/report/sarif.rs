//! A report as SARIF 2.1.0 (OASIS), with all rules, so that a viewer can explain a result.

use backup_sync_codegen::Finding;
use backup_sync_codegen::lint::{self, Rule};
use serde_json::{Value, json};

use super::Report;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(report: &Report) -> String {
    let rules = lint::all();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &rules)).collect();
    let whole = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cargo xtask validate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the workspace."}}},
            "results": results,
        }],
    });
    format!("{whole:#}\n")
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": format!("{}: {}.", rule.title, rule.why)},
        "help": {"text": format!("{}. More: cargo xtask explain {}", rule.fix, rule.id)},
        "defaultConfiguration": {"level": "error"},
    })
}

fn result(finding: &Finding, rules: &[&Rule]) -> Value {
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.iter().position(|rule| rule.id == finding.rule),
        "level": "error",
        "message": {"text": format!("{}. Why: {}. Fix: {}.", finding.what, finding.why, finding.fix)},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": finding.file, "uriBaseId": "ROOT"},
                "region": {"startLine": finding.place.line, "startColumn": finding.place.column},
            },
            "logicalLocations": [{"fullyQualifiedName": finding.pointer}],
        }],
    })
}
