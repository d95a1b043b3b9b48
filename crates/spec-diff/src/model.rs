//! The report: what changed, where, and what it does to whom. Every renderer shows this and nothing else.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::kind::Kind;

/// What a change does to those who use an API, from harmless to harmful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Only words for readers changed.
    Wording,
    /// Whatever worked still works.
    Compatible,
    /// Something that worked may fail or mean something else.
    Risky,
    /// Something that worked fails.
    Breaking,
}

impl Class {
    /// All classes, the worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Breaking, Self::Risky, Self::Compatible, Self::Wording];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wording => "wording",
            Self::Compatible => "compatible",
            Self::Risky => "risky",
            Self::Breaking => "breaking",
        }
    }
}

/// Who sends what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Callers send it.
    Request,
    /// Callers receive it.
    Answer,
    /// Both.
    Both,
    /// It is about an operation or a document as a whole, or nothing uses it.
    Neither,
}

impl Direction {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Both => "request and answer",
            Self::Neither => "neither",
        }
    }
}

/// A place in one of the two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct At {
    /// The document, as in `specs/huawei-cbr-v3.yaml`.
    pub file: String,
    /// JSON pointer.
    pub pointer: String,
    /// Line in the file.
    pub line: usize,
}

/// What of a document has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", content = "name", rename_all = "kebab-case")]
pub enum Subject {
    /// The document as a whole.
    Document,
    /// An operation, by its id.
    Operation(String),
    /// A named schema.
    Schema(String),
    /// Another named component, as in `responses/Error`.
    Component(String),
}

impl Subject {
    /// The name for readers.
    pub fn name(&self) -> &str {
        match self {
            Self::Document => "document",
            Self::Operation(name) | Self::Schema(name) | Self::Component(name) => name,
        }
    }
}

/// Why the document changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The vendor changed the API.
    ApiChange,
    /// The document was wrong; the API has always been so.
    SpecCorrection,
}

impl Cause {
    /// The word in `x-change`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiChange => "api-change",
            Self::SpecCorrection => "spec-correction",
        }
    }
}

/// What the document says about the reason of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Reason {
    /// A note explains it.
    Given {
        /// Whether the API changed or the document was wrong.
        cause: Cause,
        /// The sentence of the note.
        note: String,
        /// Its date.
        date: String,
    },
    /// No note explains it, and one is asked for.
    Missing,
    /// Nobody is harmed, so nobody has to explain.
    NotNeeded,
}

/// What a Rust user of the generated client meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RustEffect {
    /// How bad it is.
    pub class: Class,
    /// One sentence.
    pub what: String,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Name within this report, as in `C7`.
    pub id: String,
    /// Kind; its name is stable.
    #[serde(serialize_with = "kind_id")]
    pub kind: &'static Kind,
    /// Why this kind has its class.
    pub why: String,
    /// What has changed.
    pub subject: Subject,
    /// Parameter, member or value within it, when there is one.
    pub part: Option<String>,
    /// Where it stands in the old document; absent when it is new.
    pub old: Option<At>,
    /// Where it stands in the new document; absent when it is gone.
    pub new: Option<At>,
    /// Who sends it.
    pub direction: Direction,
    /// One sentence for readers.
    pub what: String,
    /// The old value, where one says more than the sentence.
    pub before: Option<Value>,
    /// The new value.
    pub after: Option<Value>,
    /// What it does to callers; absent when the wire is the same.
    pub callers: Option<Class>,
    /// What it does where callers send it.
    pub in_request: Option<Class>,
    /// What it does where callers receive it.
    pub in_answer: Option<Class>,
    /// Worst of what it does to Rust users.
    pub rust: Option<Class>,
    /// What it does to Rust users.
    pub rust_effects: Vec<RustEffect>,
    /// What it does to the simulator, the contract tests and the sync layer.
    pub effects: Vec<String>,
    /// Operations that are concerned.
    pub operations: Vec<String>,
    /// Why the document changed.
    pub reason: Reason,
    /// Who should look at it.
    pub reviewers: Vec<String>,
}

fn kind_id<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.id)
}

fn by_class<S: Serializer>(counts: &[usize; 4], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(Class::WORST_FIRST.iter().map(|class| class.name()).zip(counts))
}

impl Change {
    /// The worse of what it does to callers and to Rust users.
    pub fn worst(&self) -> Class {
        self.callers.max(self.rust).unwrap_or(Class::Wording)
    }

    /// Whether it breaks something and nothing says why.
    pub fn is_unexplained(&self) -> bool {
        self.worst() == Class::Breaking && self.reason == Reason::Missing
    }

    /// Where it stands: in the new document, or in the old one when it is gone.
    pub fn at(&self) -> Option<&At> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

/// What happened to one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Both sides have it.
    Changed,
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Removed,
    /// Both sides have it under different file names.
    Renamed,
}

/// Everything about one document.
#[derive(Clone, Debug, Serialize)]
pub struct SpecReport {
    /// The document, as in `specs/huawei-cbr-v3.yaml`.
    pub spec: String,
    /// What happened to it as a whole.
    pub status: Status,
    /// What changed, the worst first.
    pub changes: Vec<Change>,
    /// What the reader should know beside the changes: notes that fit nothing, a client that cannot be generated.
    pub remarks: Vec<String>,
}

/// Numbers of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All changes.
    pub changes: usize,
    /// By class for callers, the worst first.
    #[serde(serialize_with = "by_class")]
    pub callers: [usize; 4],
    /// By class for Rust users, the worst first.
    #[serde(serialize_with = "by_class")]
    pub rust: [usize; 4],
    /// Changes that break something and say not why.
    pub unexplained: usize,
}

/// A comparison of documents.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this form; a higher one may have other members.
    pub format: u32,
    /// The old side, in words.
    pub old: String,
    /// The new side, in words.
    pub new: String,
    /// How many documents were looked at.
    pub compared: usize,
    /// Documents that differ, in order of their names.
    pub specs: Vec<SpecReport>,
}

impl Report {
    /// All changes of all documents.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.specs.iter().flat_map(|spec| &spec.changes)
    }

    /// Counts them.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        let rank = |class| Class::WORST_FIRST.iter().position(|known| *known == class);
        for change in self.changes() {
            summary.changes += 1;
            summary.unexplained += usize::from(change.is_unexplained());
            if let Some(rank) = change.callers.and_then(rank) {
                summary.callers[rank] += 1;
            }
            if let Some(rank) = change.rust.and_then(rank) {
                summary.rust[rank] += 1;
            }
        }
        summary
    }
}
