//! What is wanted of Markdown: links that lead somewhere, and commands that exist.

use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{Report, sources};

/// A command that a document shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// File and line.
    pub place: String,
    /// The command as it is written there.
    pub command: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.command)
    }
}

/// The command whose lines are looked at.
const COMMAND: &str = "cargo xtask";

impl Shown {
    /// The words as a shell would split them, the command itself first.
    pub fn words(&self) -> Vec<String> {
        let (mut words, mut quote) = (vec![COMMAND.to_owned()], None);
        let mut word: Option<String> = None;
        for character in self.command.strip_prefix(COMMAND).unwrap_or_default().chars() {
            match (character, quote) {
                (mark, Some(open)) if mark == open => quote = None,
                ('\'' | '"', None) => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                (' ', None) => words.extend(word.take()),
                _ => word.get_or_insert_default().push(character),
            }
        }
        words.extend(word);
        words
    }
}

pub(super) fn check(root: &Path, file: &str, text: &str, report: &mut Report) {
    sources::marks(file, text, "", report);
    let mut shell = false;
    for (event, range) in parser(text) {
        let line = text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                if let Err(why) = target(root, file, text, &dest_url) {
                    report.wrong.push(format!("{file}:{line}: the link {dest_url} {why}"));
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => shell = &*language == "sh",
            Event::End(TagEnd::CodeBlock) => shell = false,
            Event::Text(block) if shell => {
                for (index, command) in block.lines().enumerate() {
                    show(file, line + index, command, report);
                }
            }
            Event::Code(command) => show(file, line, &command, report),
            _ => {}
        }
    }
}

fn show(file: &str, line: usize, text: &str, report: &mut Report) {
    let command = text.split(" #").next().unwrap_or_default().trim();
    if command == COMMAND || command.strip_prefix(COMMAND).is_some_and(|rest| rest.starts_with(' ')) {
        report.commands.push(Shown { place: format!("{file}:{line}"), command: command.to_owned() });
    }
}

fn parser(text: &str) -> pulldown_cmark::OffsetIter<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).into_offset_iter()
}

/// Whether a link of `file` leads somewhere; what lies outside of the repository is not looked at.
fn target(root: &Path, file: &str, text: &str, link: &str) -> Result<(), String> {
    // Names of Rust items are links for rustdoc, which refuses those that lead nowhere.
    if link.contains("://") || link.starts_with("mailto:") || link.contains("::") {
        return Ok(());
    }
    if link.starts_with('/') {
        return Err("is not relative; links start at the folder of the file".to_owned());
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let shown = if path.is_empty() {
        file.to_owned()
    } else {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        within(&folder.join(path)).ok_or("leads nowhere: it leaves the repository")?
    };
    let full = root.join(&shown);
    if !full.exists() {
        return Err("leads nowhere: there is no such file".to_owned());
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let other = if path.is_empty() { text.to_owned() } else { std::fs::read_to_string(full).unwrap_or_default() };
    let found = anchors(&other).iter().any(|known| known == anchor);
    if found { Ok(()) } else { Err(format!("leads nowhere: {shown} has no such heading")) }
}

/// A path without `.` and `..`, unless it leaves the root.
fn within(path: &Path) -> Option<String> {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir if out.pop() => {}
            _ => return None,
        }
    }
    Some(out.to_string_lossy().into_owned())
}

/// The anchors of all headings, as code hosts make them: small letters, blanks as hyphens, repeated ones counted.
fn anchors(text: &str) -> Vec<String> {
    let (mut found, mut heading) = (Vec::new(), None::<String>);
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (event, _) in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let plain: String = heading.take().unwrap_or_default().trim().to_lowercase();
                let kept = plain.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
                let count = seen.entry(slug.clone()).or_default();
                found.push(if *count == 0 { slug } else { format!("{slug}-{count}") });
                *count += 1;
            }
            _ => {}
        }
    }
    found
}
