//! What a page says, as plain data in the order in which it is shown.

/// Text that is HTML already and safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(pub String);

/// One document.
#[derive(Clone, Debug)]
pub struct Spec {
    /// File name without extension, which also names the page.
    pub name: String,
    /// File as named in messages.
    pub file: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// The vendor crate.
    pub vendor: String,
    /// The crate and module in Rust paths.
    pub module: String,
    /// `info.description`.
    pub description: Html,
    /// Base URLs with their meaning.
    pub servers: Vec<(String, Html)>,
    /// Where the document as a whole comes from.
    pub sources: Vec<Source>,
    /// The vendor's page.
    pub docs: Option<Link>,
    /// Documented limits.
    pub quotas: Vec<String>,
    /// Operations by tag.
    pub groups: Vec<Group>,
    /// Named schemas.
    pub schemas: Vec<Schema>,
    /// All doubts, with where they stand.
    pub doubts: Vec<DoubtAt>,
    /// What the rules find; a right document has none.
    pub findings: Vec<String>,
    /// The document as JSON, for the reference.
    pub json: String,
}

impl Spec {
    /// All operations.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.groups.iter().flat_map(|group| &group.operations)
    }

    /// How many operations start work.
    pub fn starts(&self) -> usize {
        self.operations().filter(|operation| operation.starts_job).count()
    }

    /// How many sources of operations and schemas have this status.
    pub fn sources_of(&self, status: &str) -> usize {
        let operations = self.operations().flat_map(|operation| &operation.sources);
        let schemas = self.schemas.iter().flat_map(|schema| &schema.sources);
        operations.chain(schemas).filter(|source| source.status == status).count()
    }
}

/// Where a fact comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Page or document.
    pub doc: String,
    /// Its address, where one is given.
    pub url: Option<String>,
    /// Its API version.
    pub version: String,
    /// Its date, or the day it was read.
    pub date: String,
    /// `documented`, `observed` or `inferred`.
    pub status: String,
}

/// A page of the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its address, http or https.
    pub url: String,
    /// What it is.
    pub text: String,
}

/// A doubt and where it stands.
#[derive(Clone, Debug)]
pub struct DoubtAt {
    /// What it is about, in words.
    pub place: String,
    /// Anchor on the page.
    pub anchor: String,
    /// The doubt.
    pub text: Html,
}

/// The operations of a tag.
#[derive(Clone, Debug)]
pub struct Group {
    /// The tag.
    pub tag: String,
    /// What the tag is for.
    pub description: Html,
    /// The vendor's page on it.
    pub docs: Option<Link>,
    /// Its operations in document order.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The vendor's name.
    pub id: String,
    /// Anchor on the page.
    pub anchor: String,
    /// Anchor in the reference.
    pub reference: String,
    /// Upper case.
    pub method: String,
    /// Template.
    pub path: String,
    /// Line in the file.
    pub line: usize,
    /// `summary`.
    pub summary: String,
    /// `description`.
    pub description: Html,
    /// Provenance.
    pub sources: Vec<Source>,
    /// Doubts of the operation itself.
    pub doubts: Vec<Html>,
    /// The vendor's page.
    pub docs: Option<Link>,
    /// Rights.
    pub permissions: Vec<String>,
    /// Further facts that only this vendor's document has, name and value.
    pub extensions: Vec<(String, String)>,
    /// Whether it may be sent again after it may have arrived.
    pub idempotent: bool,
    /// What that comes from.
    pub idempotent_by: &'static str,
    /// Whether it starts work.
    pub starts_job: bool,
    /// Whether it needs a login.
    pub authenticated: bool,
    /// How pages come.
    pub paging: Option<String>,
    /// Parameters.
    pub parameters: Vec<Member>,
    /// Request body.
    pub request: Option<Body>,
    /// Answers by status.
    pub answers: Vec<Answer>,
    /// The call in Rust; absent when no client can be generated.
    pub rust: Option<String>,
    /// The call in a shell.
    pub command: String,
}

impl Operation {
    /// Answers that have examples.
    pub fn shown(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(|answer| answer.bodies.iter().any(|body| !body.examples.is_empty()))
    }
}

/// A body of one media type.
#[derive(Clone, Debug)]
pub struct Body {
    /// Media type.
    pub media: String,
    /// Its schema.
    pub kind: Kind,
    /// Its examples.
    pub examples: Vec<Example>,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status, range or `default`.
    pub status: String,
    /// When it comes.
    pub description: Html,
    /// Doubts.
    pub doubts: Vec<Html>,
    /// Documented headers.
    pub headers: Vec<String>,
    /// Bodies by media type.
    pub bodies: Vec<Body>,
}

/// A named example.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub summary: String,
    /// Its value.
    pub json: String,
    /// Deliberately wrong.
    pub invalid: bool,
    /// Shown without being asked for.
    pub open: bool,
}

/// A type in words, with the schema it links to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// Before the name, for example `array of`.
    pub text: String,
    /// Name of the schema, if it has one.
    pub schema: Option<String>,
}

/// A parameter or a property.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Required, key, nullable and so on.
    pub marks: Vec<String>,
    /// What it means.
    pub description: Html,
    /// Doubts.
    pub doubts: Vec<Html>,
}

/// A named schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Anchor on the page.
    pub anchor: String,
    /// Line in the file.
    pub line: usize,
    /// Its type.
    pub kind: Kind,
    /// What it is.
    pub description: Html,
    /// Provenance.
    pub sources: Vec<Source>,
    /// Doubts of the schema itself.
    pub doubts: Vec<Html>,
    /// Schemas that it extends.
    pub bases: Vec<String>,
    /// Properties.
    pub members: Vec<Member>,
    /// Known words with their meaning.
    pub words: Vec<(String, Html)>,
    /// Whether other words may come.
    pub open: bool,
}
