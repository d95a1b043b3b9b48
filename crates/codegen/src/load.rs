//! Reads a YAML document into a JSON value and keeps the place of every node.
//!
//! Built on YAML events, because a spec error is only useful with its line and column. Anchors, aliases, tags and
//! duplicate keys are refused: each of them makes a document say something else than what a reviewer sees. So is what is
//! larger or deeper than any document that people review, before it costs time or memory.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

use crate::document::{Document, Inner, Place, Places, join};
use crate::lint::Finding;

/// Reads and parses the file at `path`, calling it `shown` in messages.
///
/// # Errors
///
/// One finding `SPEC000` when the file cannot be read or is no plain YAML document.
pub fn file(path: &Path, shown: &str) -> Result<Document, Finding> {
    let refused = |place, what| Finding::unreadable(shown, place, what);
    let unreadable = |error| refused(Place::default(), format!("the file cannot be read: {error}"));
    let mut bytes = Vec::new();
    // One byte more than is allowed says that there is more.
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(unreadable)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => text_named(text, shown),
        // The limit may have cut a character.
        Err(_) if bytes.len() > LARGEST => Err(too_large(shown)),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.rsplit('\n').next().unwrap_or_default();
            let place = Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 };
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            Err(refused(place, format!("the byte {byte:#04x} is not UTF-8; save the file as UTF-8")))
        }
    }
}

/// Larger documents are refused, in bytes; the largest one here has a sixth of it.
const LARGEST: usize = 1 << 20;

/// Deeper documents are refused; the deepest one here has a quarter of it.
const DEEPEST: usize = 100;

/// The pointers of all nodes together, in bytes: what a small document could make large.
const POINTERS: usize = 32 << 20;

fn too_large(shown: &str) -> Finding {
    let what = format!("the document has more than {LARGEST} bytes; describe only the operations that are needed");
    Finding::unreadable(shown, Place::default(), what)
}

fn too_deep() -> String {
    format!("the document has more than {DEEPEST} levels; give inner objects names of their own")
}

/// Parses `text`, calling it `shown` in messages.
///
/// # Errors
///
/// One finding `SPEC000` when the text is no plain YAML document.
pub fn text_named(text: &str, shown: &str) -> Result<Document, Finding> {
    if text.len() > LARGEST {
        return Err(too_large(shown));
    }
    let mut builder = Builder { shown, stack: Vec::new(), root: None, pointers: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let place = Place { line: error.marker().line(), column: error.marker().col() + 1 };
            // The parser has a limit of its own for brackets, and reads ahead.
            let what = match error.info() {
                info if info.contains("recursion limit") => too_deep(),
                info if info.contains("did not find expected") => format!(
                    "the YAML is malformed: {info}; this line or the one before is indented differently from its neighbours, \
                     or lacks a colon, a quote or a bracket"
                ),
                info => format!("the YAML is malformed: {info}"),
            };
            Finding::unreadable(shown, place, what)
        })?;
        builder.event(event, &span)?;
    }
    let (value, places) = builder
        .root
        .ok_or_else(|| Finding::unreadable(shown, Place::default(), "the file holds no YAML document".to_owned()))?;
    Ok(Document { file: shown.to_owned(), value, places: Arc::new(places) })
}

/// A collection that is still open.
struct Open {
    place: Place,
    /// Length of its JSON pointer.
    pointer: usize,
    holds: Holds,
}

enum Holds {
    Items(Vec<Value>, Vec<Places>),
    Members { values: Map<String, Value>, places: Vec<(String, Places)>, key: Option<(String, Place)> },
}

struct Builder<'a> {
    shown: &'a str,
    stack: Vec<Open>,
    root: Option<(Value, Places)>,
    pointers: usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Finding> {
        let place = Place { line: span.start.line(), column: span.start.col() + 1 };
        match event {
            Event::Alias(_) => self.refuse(place, "an alias (*name); write the value out"),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                self.refuse(place, "an anchor (&name); write the value out where it is needed")
            }
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                self.refuse(place, "a tag (!name); plain YAML needs none")
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                self.refuse(place, "a second document (---); one file holds one document")
            }
            Event::Scalar(text, style, _, _) => self.scalar(text.into_owned(), style, place),
            Event::SequenceStart(..) => self.open(place, Holds::Items(Vec::new(), Vec::new())),
            Event::MappingStart(..) => {
                self.open(place, Holds::Members { values: Map::new(), places: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { place, holds, .. }) = self.stack.pop() else { return Ok(()) };
                let (value, inner) = match holds {
                    Holds::Items(values, places) => (Value::Array(values), Inner::Items(places)),
                    Holds::Members { values, places, .. } => (Value::Object(values), Inner::Members(places)),
                };
                self.attach(value, Places { place, inner });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, place: Place, what: &str) -> Result<(), Finding> {
        Err(Finding::unreadable(self.shown, place, format!("the document uses {what}")))
    }

    fn open(&mut self, place: Place, holds: Holds) -> Result<(), Finding> {
        let (place, pointer) = self.enter(place)?;
        self.stack.push(Open { place, pointer, holds });
        Ok(())
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, place: Place) -> Result<(), Finding> {
        if let Some(Holds::Members { values, key, .. }) = self.stack.last_mut().map(|open| &mut open.holds)
            && key.is_none()
        {
            if style == ScalarStyle::Plain && text == "<<" {
                return self.refuse(place, "a merge key (<<); write the members out");
            }
            if values.contains_key(&text) {
                let at = join(&self.pointer(), &text);
                return Err(Finding::unreadable(
                    self.shown,
                    place,
                    format!("the key {text:?} stands twice in one mapping ({at}); the second would hide the first"),
                ));
            }
            *key = Some((text, place));
            return Ok(());
        }
        let (place, _) = self.enter(place)?;
        let value = if style == ScalarStyle::Plain { plain(text) } else { Value::String(text) };
        self.attach(value, Places { place, inner: Inner::None });
        Ok(())
    }

    /// JSON pointer of the innermost open collection.
    fn pointer(&self) -> String {
        let outer = self.stack.split_last().map(|(_, outer)| outer).unwrap_or_default();
        outer.iter().fold(String::new(), |at, open| match &open.holds {
            Holds::Items(items, _) => join(&at, &items.len().to_string()),
            Holds::Members { key, .. } => join(&at, key.as_ref().map(|(key, _)| key.as_str()).unwrap_or_default()),
        })
    }

    /// Where the node that starts now stands, at its key when it has one, and the length of its pointer.
    fn enter(&mut self, place: Place) -> Result<(Place, usize), Finding> {
        let (place, pointer) = match self.stack.last() {
            None => (place, 0),
            Some(Open { pointer, holds: Holds::Items(items, _), .. }) => {
                (place, pointer + 2 + items.len().checked_ilog10().unwrap_or_default() as usize)
            }
            Some(Open { pointer, holds: Holds::Members { key: Some((key, at)), .. }, .. }) => {
                let escaped = key.bytes().filter(|byte| matches!(byte, b'~' | b'/')).count();
                (*at, pointer + 1 + key.len() + escaped)
            }
            Some(_) => {
                let what = "the document uses a mapping or list as a key; keys are plain text".to_owned();
                return Err(Finding::unreadable(self.shown, place, what));
            }
        };
        if self.stack.len() >= DEEPEST {
            return Err(Finding::unreadable(self.shown, place, too_deep()));
        }
        self.pointers += pointer;
        if self.pointers > POINTERS {
            self.refuse(place, "too many nodes with too long keys for one document")?;
        }
        Ok((place, pointer))
    }

    fn attach(&mut self, value: Value, places: Places) {
        match self.stack.last_mut().map(|open| &mut open.holds) {
            None => self.root = Some((value, places)),
            Some(Holds::Items(values, all)) => {
                values.push(value);
                all.push(places);
            }
            Some(Holds::Members { values, places: all, key }) => {
                if let Some((key, _)) = key.take() {
                    all.push((key.clone(), places));
                    values.insert(key, value);
                }
            }
        }
    }
}

/// The YAML 1.2 core schema for unquoted scalars: `no` and `None` are text, not a boolean and not null.
fn plain(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(&text).map_or(Value::String(text), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn load(text: &str) -> Result<Document, Finding> {
        text_named(text, "specs/x.yaml")
    }

    fn message(text: &str) -> String {
        load(text).err().map(|finding| finding.to_string()).unwrap_or_default()
    }

    #[test]
    fn values_follow_the_core_schema() {
        let document = load("a: 1\nb: 1.5\nc: None\nd: no\ne: ~\nf: '1'\ng: true\nh: 2.0.0\ni: -3\n");
        let expected = json!({"a":1,"b":1.5,"c":"None","d":"no","e":null,"f":"1","g":true,"h":"2.0.0","i":-3});
        assert_eq!(document.map(|d| d.value).ok(), Some(expected));
    }

    #[test]
    fn every_node_knows_its_place() {
        let document = load("a:\n  - x\n  - b/c: 1\n").ok();
        let place = |pointer: &str| document.as_ref().map(|d| d.place(pointer).to_string()).unwrap_or_default();
        assert_eq!(place("/a"), "1:1");
        assert_eq!(place("/a/1"), "3:5");
        assert_eq!(place("/a/1/b~1c"), "3:5");
        assert_eq!(place("/a/1/b~1c/not/there"), "3:5");
    }

    #[test]
    fn trouble_is_told_with_line_and_column() {
        assert!(
            message("a: 1\nb: [1, 2\nc: 3\n").starts_with("specs/x.yaml:3:"),
            "{}",
            message("a: 1\nb: [1, 2\nc: 3\n")
        );
        let twice = message("a: 1\nb: 2\na: 3\n");
        assert!(twice.starts_with("specs/x.yaml:3:1: SPEC000"), "{twice}");
        assert!(twice.contains("stands twice"), "{twice}");
        assert!(message("a: &x 1\nb: *x\n").contains("an anchor"));
        assert!(message("a: !t 1\n").contains("a tag"));
        assert!(message("a: 1\n---\nb: 2\n").contains("a second document"));
        assert!(message("").contains("holds no YAML document"));
        assert!(message("? [a]\n: 1\n").contains("as a key"));
    }
}
