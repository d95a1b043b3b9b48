//! What `explain` tells about a rule: reason, remedy, and from its fixture what breaks it and what does not.
//!
//! The fixture of a rule is a whole document that breaks it. The file of the same name in `good/` says which lines to
//! replace by what: `# lines 36 to 37`, followed by the lines that take their place.

use std::fmt::Write as _;
use std::path::Path;

use backup_sync_codegen::lint::Rule;

use crate::report::visible;
use crate::workspace::{Error, read};

/// Where fixtures stand, below the root of the workspace.
const FOLDER: &str = "crates/codegen/tests/data/lint";

/// A rule with its examples.
#[derive(Debug)]
pub struct Lesson {
    /// The rule.
    pub rule: &'static Rule,
    /// The file that breaks it.
    pub file: String,
    /// The first line of the fixture: what is wrong with it.
    pub said: String,
    /// The text of that file.
    pub bad: String,
    /// The text that is right.
    pub good: String,
    hunks: Vec<Hunk>,
}

/// Lines of the bad text, counted from 1, and what takes their place.
#[derive(Debug)]
struct Hunk {
    first: usize,
    last: usize,
    lines: Vec<String>,
}

impl Hunk {
    /// What a file in `good/` says.
    fn parse(text: &str) -> Option<Vec<Self>> {
        let mut hunks: Vec<Self> = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("# lines ").and_then(|range| range.split_once(" to ")) {
                Some((first, last)) => {
                    hunks.push(Self { first: first.parse().ok()?, last: last.parse().ok()?, lines: Vec::new() });
                }
                None => hunks.last_mut()?.lines.push(line.to_owned()),
            }
        }
        (!hunks.is_empty()).then_some(hunks)
    }
}

fn replaced(bad: &str, hunks: &[Hunk]) -> String {
    let mut good = String::new();
    for (index, line) in bad.lines().enumerate() {
        let number = index + 1;
        match hunks.iter().find(|hunk| (hunk.first..=hunk.last).contains(&number)) {
            Some(hunk) if hunk.first == number => hunk.lines.iter().for_each(|line| good += &format!("{line}\n")),
            Some(_) => {}
            None => good += &format!("{line}\n"),
        }
    }
    good
}

impl Lesson {
    /// The lesson of `rule`, from the fixtures below `root`.
    ///
    /// # Errors
    ///
    /// When a fixture is missing or the file in `good/` is not as it should be.
    pub fn of(rule: &'static Rule, root: &Path) -> Result<Self, Error> {
        let toml = root.join(FOLDER).join(format!("{}.toml", rule.id)).exists();
        let name = format!("{}.{}", rule.id, if toml { "toml" } else { "yaml" });
        let file = format!("{FOLDER}/{name}");
        let bad = read(root, &file)?;
        let wrong = || Error::Wrong(format!("{FOLDER}/good/{name} does not begin with `# lines FIRST to LAST`"));
        let hunks = Hunk::parse(&read(root, &format!("{FOLDER}/good/{name}"))?).ok_or_else(wrong)?;
        let said = bad.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, said)| said).to_owned();
        let good = replaced(&bad, &hunks);
        Ok(Self { rule, file, said, bad, good, hunks })
    }

    /// The lesson as text.
    pub fn text(&self) -> String {
        let Rule { id, title, why, fix, .. } = self.rule;
        let mut out = format!("{id}: {title}\n\nWhy: {why}.\nFix: {fix}.\n");
        let suppress = if self.rule.is_for_review() {
            "It can be suppressed for a time in specs/suppressions.toml."
        } else {
            "It cannot be suppressed."
        };
        _ = writeln!(out, "{suppress}\n\nBad ({}, in {}):\n", self.said, self.file);
        let bad: Vec<&str> = self.bad.lines().collect();
        for hunk in &self.hunks {
            // One line before says where it is.
            let from = hunk.first.saturating_sub(2).max(1);
            for (index, line) in bad.iter().enumerate().take(hunk.last).skip(from) {
                _ = writeln!(out, "{:>5} | {}", index + 1, visible(line));
            }
        }
        out += "\nGood:\n\n";
        for hunk in &self.hunks {
            let before = bad.get(hunk.first.saturating_sub(2)).filter(|_| hunk.first > 2);
            let lines = before.map(|line| (*line).to_owned()).into_iter().chain(hunk.lines.iter().cloned());
            lines.for_each(|line| _ = writeln!(out, "      | {}", visible(&line)));
            if hunk.lines.is_empty() {
                out += "      | (nothing in its place)\n";
            }
        }
        out
    }
}
