//! What is wanted of source files: what they are for, how long they are, and marks of what is left to do.

use super::Report;

/// Longer files are refused.
const LONGEST: usize = 600;

/// Longer files are mentioned.
const GOOD: usize = 500;

pub(super) fn check(file: &str, text: &str, report: &mut Report) {
    if !text.starts_with("//!") {
        report.wrong.push(format!("{file}:1: opens without a `//!` line; say what the file is for"));
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        report.wrong.push(format!(
            "{file}:{}: longer than {LONGEST} lines; split it where its parts have names of their own",
            LONGEST + 1
        ));
    } else if lines > GOOD {
        report.advice.push(format!("{file}: {lines} lines; {GOOD} are a good length"));
    }
    marks(file, text, "//", report);
}

/// Marks in what follows `comment` on a line, or anywhere when it is empty.
pub(super) fn marks(file: &str, text: &str, comment: &str, report: &mut Report) {
    for (index, line) in text.lines().enumerate() {
        let Some(at) = line.find(comment) else { continue };
        let said = &line[at..];
        let word = |mark: &&str| said.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == *mark);
        let Some(mark) = [concat!("TO", "DO"), concat!("FIX", "ME")].into_iter().find(|mark| word(mark)) else {
            continue;
        };
        let number = said.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if !number && !said.contains("https://") {
            let line = index + 1;
            report.wrong.push(format!("{file}:{line}: {mark} without a link; say where it is tracked, or do it"));
        }
    }
}
