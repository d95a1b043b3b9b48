//! One report of findings, and the forms in which it is told.

mod github;
mod json;
mod sarif;
mod text;

use std::path::Path;

use backup_sync_codegen::Finding;

/// What was checked and what was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One entry for each document that could be read.
    pub documents: Vec<Checked>,
    /// What is wrong, by file and place.
    pub findings: Vec<Finding>,
    /// How many findings are suppressed.
    pub suppressed: usize,
}

/// What is known of one document.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Checked {
    /// Its file.
    pub file: String,
    /// Number of operations.
    pub operations: usize,
    /// Number of examples compared with their schemas.
    pub examples: usize,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, which code hosts and editors read.
    Sarif,
    /// Commands that GitHub Actions turns into annotations.
    Github,
}

impl Report {
    /// The report in one form; `root` is where its files are.
    pub fn render(&self, format: Format, root: &Path) -> String {
        match format {
            Format::Text => text::render(self, root),
            Format::Json => json::render(self),
            Format::Sarif => sarif::render(self),
            Format::Github => github::render(self),
        }
    }

    /// The closing line for people.
    pub fn summary(&self) -> String {
        let suppressed = match self.suppressed {
            0 => String::new(),
            many => format!(", {many} suppressed"),
        };
        let stopped = self.findings.iter().any(Finding::stops_build);
        match (self.findings.len(), stopped) {
            (0, _) => format!("{} checked and good{suppressed}", many(self.documents.len(), "document")),
            (count, true) => {
                format!("{}{suppressed}; nothing is generated from the documents concerned", many(count, "finding"))
            }
            (count, false) => format!("{}{suppressed}; the clients can be built all the same", many(count, "finding")),
        }
    }
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Text from a document as it may go to a terminal: without control characters.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use backup_sync_codegen::lint::{EXAMPLE, RULES};
    use backup_sync_codegen::{Finding, Place};
    use serde_json::{Value, json};

    use super::*;

    fn report() -> Report {
        let at = |line, column| Place { line, column };
        let findings = vec![
            Finding::at(
                &RULES[1],
                "specs/x.yaml",
                at(2, 3),
                "/paths/~1a/get",
                "GET /a has no\u{1b} id, 100%".to_owned(),
            ),
            Finding::at(&EXAMPLE, "specs/x.yaml", at(9, 1), "", "wrong".to_owned()),
        ];
        let checked = Checked { file: "specs/x.yaml".to_owned(), operations: 1, examples: 2 };
        Report { documents: vec![checked], findings, suppressed: 1 }
    }

    fn rendered(format: Format) -> String {
        let folder = tempfile::tempdir().inspect(|folder| {
            _ = std::fs::create_dir(folder.path().join("specs"));
            _ = std::fs::write(folder.path().join("specs/x.yaml"), "paths:\n  /a: {}\n");
        });
        folder.map(|folder| report().render(format, folder.path())).unwrap_or_default()
    }

    #[test]
    fn text_shows_place_line_reason_and_remedy() {
        let told = rendered(Format::Text);
        let expected = "\
specs/x.yaml:2:3: SPEC002: GET /a has no\u{fffd} id, 100%
    2 |   /a: {}
      |   ^
  at   /paths/~1a/get
  why  an operation without an id gets no client method
  fix  add the vendor's published operation name
  more cargo xtask explain SPEC002

";
        assert_eq!(&told[..expected.len()], expected, "{told}");
        assert!(told.contains("specs/x.yaml:9:1: SPEC050: wrong\n  at   the whole document\n"), "{told}");
    }

    #[test]
    fn json_holds_everything() {
        let told: Value = serde_json::from_str(&rendered(Format::Json)).unwrap_or_default();
        assert_eq!(told["suppressed"], 1);
        assert_eq!(told["documents"][0]["examples"], 2);
        let first = &told["findings"][0];
        assert_eq!(first["rule"], "SPEC002");
        assert_eq!((&first["line"], &first["column"]), (&json!(2), &json!(3)));
        assert_eq!(first["pointer"], "/paths/~1a/get");
        assert_eq!(first["stops_build"], true);
    }

    #[test]
    fn sarif_names_rules_and_places() {
        let told: Value = serde_json::from_str(&rendered(Format::Sarif)).unwrap_or_default();
        assert_eq!(told["version"], "2.1.0");
        let run = &told["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().map(Vec::len).unwrap_or_default();
        assert_eq!(rules, backup_sync_codegen::lint::all().len());
        let result = &run["results"][0];
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or_default();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "SPEC002");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "specs/x.yaml");
        assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 3}));
        assert_eq!(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "/paths/~1a/get");
    }

    #[test]
    fn github_commands_are_escaped() {
        let told = rendered(Format::Github);
        let first = told.lines().next().unwrap_or_default();
        let start = "::error file=specs/x.yaml,line=2,col=3,title=SPEC002%3A every operation has an operationId::";
        assert!(first.starts_with(start), "{first}");
        assert!(first.contains("100%25") && first.contains("%0A"), "{first}");
        assert_eq!(told.lines().count(), 2);
    }
}
