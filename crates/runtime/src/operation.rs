//! What the runtime has to know about an operation; filled from the spec by the code generator.

use crate::starts::Starts;

/// One row of a vendor's operation table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The vendor's name of the operation.
    pub id: &'static str,
    /// The name of its method in the generated client; tables are sorted by it.
    pub function: &'static str,
    /// HTTP method in upper case.
    pub method: &'static str,
    /// Path template below the base URL.
    pub path: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Whether it may be sent again after it may have arrived.
    pub idempotent: bool,
    /// Whether it starts work on the vendor's side.
    pub starts_job: bool,
    /// What it starts there.
    pub starts: Option<Starts>,
    /// Whether it is sent with credentials.
    pub authenticated: bool,
    /// Names of members that hold secrets, in the request or the answer.
    pub secrets: &'static [&'static str],
    /// What it takes in its path, query and headers.
    pub parameters: &'static [Parameter],
    /// The body that it takes.
    pub body: Option<Body>,
    /// How its list comes in pages.
    pub paging: Option<Paging>,
    /// The rights that the vendor asks for.
    pub permissions: &'static [&'static str],
}

/// Something that an operation takes beside its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it goes.
    pub place: Place,
    /// Whether the vendor cannot do without it.
    pub required: bool,
    /// Whether it may be given several times.
    pub list: bool,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
}

impl Place {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// The body that an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// How it is written.
    pub form: Form,
    /// Whether the vendor cannot do without it.
    pub required: bool,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON document.
    Json,
    /// The fields of an HTML form.
    Fields,
}

/// How a list comes in pages. Members are named with dots between the levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// What the vendor counts.
    pub style: Style,
    /// The parameter that says where a page begins.
    pub start: &'static str,
    /// The parameter that says how many items a page may have.
    pub size: &'static str,
    /// So many items a page may have at most, as far as the vendor says it; else what it gives unasked.
    pub most: usize,
    /// The member of the answer that holds the items.
    pub items: &'static str,
    /// The member with the number of items over all pages.
    pub total: Option<&'static str>,
    /// The member with the link to the next page.
    pub next: Option<&'static str>,
    /// The member with the page size in force.
    pub used: Option<&'static str>,
}

/// What a vendor counts when it cuts a list into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Items before the page.
    Offset,
    /// Pages, from 1.
    Page,
}

impl Operation {
    /// An operation of which nothing is said, for tables that are written by hand.
    pub const BLANK: Self = Self {
        id: "",
        function: "",
        method: "GET",
        path: "/",
        summary: "",
        idempotent: false,
        starts_job: false,
        starts: None,
        authenticated: false,
        secrets: &[],
        parameters: &[],
        body: None,
        paging: None,
        permissions: &[],
    };

    /// The row of a method of the generated client.
    pub fn of_function(table: &'static [Self], function: &str) -> Option<&'static Self> {
        table.binary_search_by(|row| row.function.cmp(function)).ok().map(|index| &table[index])
    }

    /// The row of an operation by the vendor's name; upper and lower case make no difference.
    pub fn of_id(table: &'static [Self], id: &str) -> Option<&'static Self> {
        table.iter().find(|row| row.id.eq_ignore_ascii_case(id))
    }

    /// What it takes under this name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

impl Parameter {
    /// A parameter of the path.
    pub const fn path(name: &'static str) -> Self {
        Self { name, place: Place::Path, required: true, list: false }
    }

    /// A parameter of the query.
    pub const fn query(name: &'static str) -> Self {
        Self { name, place: Place::Query, required: false, list: false }
    }

    /// A header.
    pub const fn header(name: &'static str) -> Self {
        Self { name, place: Place::Header, required: false, list: false }
    }

    /// The same, but needed.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, but for any number of values.
    #[must_use]
    pub const fn list(self) -> Self {
        Self { list: true, ..self }
    }
}
