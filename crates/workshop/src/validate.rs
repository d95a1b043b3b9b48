//! Everything that is checked about the documents: rules, examples, suppressions, generator.

use std::path::Path;

use backup_sync_codegen::document::operations;
use backup_sync_codegen::{Document, Error as GenerateError, Finding, check, essential, lint};
use jiff::civil::Date;

use crate::report::{Checked, Report};
use crate::taken::Taken;
use crate::workspace::{Error, read, specs};
use crate::{examples, suppressions};

/// Checks all documents in `specs/` below `root`; suppressions hold on the day `today`. What is `taken` is not generated again.
///
/// # Errors
///
/// When the folder or the file of suppressions cannot be read. What is wrong with a document is in the report.
pub fn all(root: &Path, today: Date, taken: &Taken) -> Result<Report, Error> {
    let loaded = specs(root)?;
    // One thread for each document: most of the time goes to generators, which know nothing of each other.
    let checked: Vec<(Option<Checked>, Vec<Finding>)> = std::thread::scope(|scope| {
        let started: Vec<_> = loaded.iter().map(|document| scope.spawn(move || one(document, taken))).collect();
        started.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    if checked.len() < loaded.len() {
        return Err(Error::Wrong("a check broke off, which is a mistake of this program; see above".to_owned()));
    }
    let (documents, findings): (Vec<Option<Checked>>, Vec<Vec<Finding>>) = checked.into_iter().unzip();
    let file = root.join(suppressions::FILE);
    let text = if file.exists() { read(root, suppressions::FILE)? } else { String::new() };
    let mut applied = suppressions::apply(&text, suppressions::FILE, today, findings.concat());
    applied.findings.sort_by(|a, b| (&a.file, a.place, a.rule).cmp(&(&b.file, b.place, b.rule)));
    Ok(Report {
        documents: documents.into_iter().flatten().collect(),
        findings: applied.findings,
        suppressed: applied.suppressed,
    })
}

/// Checks one document.
fn one(document: &Result<Document, Finding>, taken: &Taken) -> (Option<Checked>, Vec<Finding>) {
    let document = match document {
        Ok(document) => document,
        Err(finding) => return (None, vec![finding.clone()]),
    };
    let mut findings = lint::check(document);
    // Nothing can be compared with a schema that refers to nothing or never ends.
    let broken = findings.iter().any(|finding| ["SPEC004", "SPEC005", "SPEC048"].contains(&finding.rule));
    let examples = if broken { examples::Report::default() } else { examples::check(document) };
    findings.extend(examples.findings);
    // What breaks a rule that the generator needs is told by that rule.
    let generated = essential(document);
    let entry = taken.entry(&generated);
    if !findings.iter().any(Finding::stops_build) && !entry.is_known() {
        match check(&generated) {
            Ok(()) => entry.remember(),
            Err(GenerateError::Findings(found)) => findings.extend(found),
            Err(error) => findings.push(Finding::in_document(&lint::REFUSED, document, "", error.to_string())),
        }
    }
    let operations = operations(&document.value).len();
    (Some(Checked { file: document.file.clone(), operations, examples: examples.checked }), findings)
}
