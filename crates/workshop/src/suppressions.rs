//! Findings that somebody has decided to live with for a time: `specs/suppressions.toml`.

use backup_sync_codegen::lint::{self, SUPPRESSION};
use backup_sync_codegen::{Finding, Place};
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

/// Where suppressions stand, below the root of the workspace.
pub const FILE: &str = "specs/suppressions.toml";

/// How long a suppression may last, in days.
const LONGEST: i32 = 366;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    suppression: Vec<Spanned<Entry>>,
}

/// One decision.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    file: String,
    pointer: String,
    reason: String,
    owner: String,
    expires: String,
}

/// What suppressions did to findings.
#[derive(Debug, Default)]
pub struct Applied {
    /// What is left, with what is wrong with the suppressions themselves.
    pub findings: Vec<Finding>,
    /// How many findings are suppressed.
    pub suppressed: usize,
}

/// The day that it is now, in UTC.
pub fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Takes the findings that `text`, the contents of `shown`, suppresses on the day `today` out of `findings`.
///
/// An entry that is wrong, has expired or matches nothing is a finding itself.
pub fn apply(text: &str, shown: &str, today: Date, mut findings: Vec<Finding>) -> Applied {
    let finding = |at: usize, pointer: &str, what| Finding::at(&SUPPRESSION, shown, place(text, at), pointer, what);
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let at = error.span().unwrap_or_default().start;
            findings.push(finding(at, "", format!("the file cannot be read: {}", error.message().replace('\n', " "))));
            return Applied { findings, suppressed: 0 };
        }
    };
    let mut wrong = Vec::new();
    let before = findings.len();
    for (index, entry) in file.suppression.iter().enumerate() {
        let pointer = format!("/suppression/{index}");
        match entry.get_ref().take(today, &mut findings) {
            Ok(()) => {}
            Err(what) => wrong.push(finding(entry.span().start, &pointer, what)),
        }
    }
    let suppressed = before - findings.len();
    findings.extend(wrong);
    Applied { findings, suppressed }
}

impl Entry {
    /// Removes what it matches, or says what is wrong with it.
    fn take(&self, today: Date, findings: &mut Vec<Finding>) -> Result<(), String> {
        let Self { rule, file, pointer, reason, owner, expires } = self;
        let known = lint::rule(rule).ok_or_else(|| format!("there is no rule {rule:?}"))?;
        if !known.is_for_review() {
            return Err(format!("{rule} ({}) cannot be suppressed: the generated code depends on it", known.title));
        }
        if reason.trim().is_empty() || !owner.contains('@') {
            return Err(format!("the entry for {rule} lacks a reason or an owner such as @team or a mail address"));
        }
        let until: Date = expires.parse().map_err(|_| format!("{expires:?} is not a date such as 2026-12-31"))?;
        let days = today.until(until).map(|span| span.get_days()).map_err(|error| error.to_string())?;
        if days < 0 {
            return Err(format!("the suppression of {rule} at {pointer} expired on {until}; {owner} said: {reason}"));
        }
        if days > LONGEST {
            return Err(format!("the suppression of {rule} at {pointer} lasts until {until}; a year is the longest"));
        }
        let before = findings.len();
        findings.retain(|found| !(found.rule == known.id && found.file == *file && found.pointer == *pointer));
        if findings.len() == before {
            return Err(format!("nothing breaks {rule} at {pointer} of {file} any more"));
        }
        Ok(())
    }
}

/// Line and column of the byte at `offset`.
pub(crate) fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use backup_sync_codegen::load;

    use super::*;

    /// Findings of a document whose only schema lacks a source and a description.
    fn findings() -> Vec<Finding> {
        let text = "components: {schemas: {A: {type: string}}}";
        let all = load::text_named(text, "specs/x.yaml").map(|document| lint::check(&document)).unwrap_or_default();
        all.into_iter().filter(|finding| finding.pointer == "/components/schemas/A").collect()
    }

    fn entry(rule: &str, pointer: &str, expires: &str) -> String {
        format!(
            "# why\n\n[[suppression]]\nrule = \"{rule}\"\nfile = \"specs/x.yaml\"\npointer = \"{pointer}\"\n\
             reason = \"The page is being rewritten.\"\nowner = \"@toy/owners\"\nexpires = \"{expires}\"\n"
        )
    }

    fn applied(text: &str) -> (usize, Vec<String>) {
        let before = findings();
        let applied = apply(text, FILE, jiff::civil::date(2026, 11, 21), before.clone());
        let new = applied.findings.iter().filter(|finding| !before.contains(finding)).map(ToString::to_string);
        (applied.suppressed, new.collect())
    }

    #[test]
    fn a_finding_is_suppressed_until_the_day_of_expiry() {
        assert!(findings().len() >= 2, "{:?}", findings());
        let at = "/components/schemas/A";
        assert_eq!(applied(&entry("SPEC031", at, "2026-11-21")), (1, vec![]));
        assert_eq!(applied(""), (0, vec![]));
    }

    #[test]
    fn an_entry_that_does_not_hold_is_a_finding_with_its_line() {
        let at = "/components/schemas/A";
        let head = "[[suppression]]\nrule = 'SPEC031'\n";
        for (text, place, part) in [
            (entry("SPEC031", at, "2026-11-20"), "3:1", "expired on 2026-11-20"),
            (entry("SPEC031", at, "2027-12-31"), "3:1", "a year is the longest"),
            (entry("SPEC031", at, "soon"), "3:1", "is not a date"),
            (entry("SPEC031", "/components/schemas/B", "2026-12-31"), "3:1", "any more"),
            (entry("SPEC036", at, "2026-12-31"), "3:1", "cannot be suppressed"),
            (entry("SPEC999", at, "2026-12-31"), "3:1", "there is no rule"),
            (entry("SPEC031", at, "2026-12-31").replace("@toy/", ""), "3:1", "lacks a reason or an owner"),
            (head.to_owned(), "1:1", "missing field `file`"),
            (format!("{head}why = 1\n"), "3:1", "unknown field `why`"),
        ] {
            let (_, told) = applied(&text);
            let start = format!("{FILE}:{place}: SPEC090 at ");
            assert!(
                told.iter().any(|line| line.starts_with(&start) && line.contains(part)),
                "{place} {part}: {told:?}"
            );
        }
        let twice = entry("SPEC031", at, "2026-12-31") + &entry("SPEC031", at, "2026-12-31");
        assert_eq!(applied(&twice).1.len(), 1);
    }
}
