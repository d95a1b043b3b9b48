//! Every kind of change that is told apart, with what it does to callers: one table, and nothing else decides.

use crate::model::Class::{self, Breaking, Compatible, Risky, Wording};
use crate::model::Direction;

/// A kind of change.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable name, as in the JSON report.
    pub id: &'static str,
    /// Class where callers send it.
    pub request: Class,
    /// Class where callers receive it. The same as `request` when the kind is about an operation as a whole.
    pub answer: Class,
    /// Why it has this class, for readers who are not programmers. A bar stands between the words about requests and
    /// those about answers where they differ.
    why: &'static str,
}

impl Kind {
    /// Why it has its class, where it is sent, received, or both.
    pub fn why(&self, direction: Direction) -> String {
        match (self.why.split_once(" | "), direction) {
            (Some((request, _)), Direction::Request) => request.to_owned(),
            (Some((_, answer)), Direction::Answer) => answer.to_owned(),
            (Some((request, answer)), _) => format!("requests: {request}; answers: {answer}"),
            (None, _) => self.why.to_owned(),
        }
    }
}

macro_rules! kinds {
    ($($name:ident $id:literal $request:ident $answer:ident $why:literal;)*) => {
        $(pub(crate) const $name: Kind = Kind { id: $id, request: $request, answer: $answer, why: $why };)*

        /// All kinds.
        pub const ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    // name                     id                          request    answer      why
    SPEC_ADDED                  "spec-added"                Compatible Compatible  "nobody depends on a new document yet";
    SPEC_REMOVED                "spec-removed"              Breaking   Breaking    "everything that the document described is gone";
    SPEC_RENAMED                "spec-renamed"              Compatible Compatible  "the file name is not on the wire, but names the Rust module";
    INFO_CHANGED                "info-changed"              Wording    Wording     "title, contact and description are for readers";
    VERSION_CHANGED             "version-changed"           Compatible Compatible  "the version of the document is not sent";
    VENDOR_CHANGED              "vendor-changed"            Compatible Compatible  "the wire is the same, but the client moves to another crate";
    SERVER_ADDED                "server-added"              Compatible Compatible  "the old addresses still work";
    SERVER_REMOVED              "server-removed"            Breaking   Breaking    "calls to the old address fail";
    SERVER_VARIABLE_CHANGED     "server-variable-changed"   Risky      Risky       "who relies on the default reaches another address";
    TAGS_CHANGED                "tags-changed"              Wording    Wording     "tags only order the documentation";
    PROVENANCE_CHANGED          "provenance-changed"        Wording    Wording     "where a fact comes from does not change the fact";
    DESCRIPTION_CHANGED         "description-changed"       Wording    Wording     "only words changed; read whether they promise something else";
    EXAMPLE_ADDED               "example-added"             Wording    Wording     "examples bind nobody";
    EXAMPLE_REMOVED             "example-removed"           Wording    Wording     "examples bind nobody";
    EXAMPLE_CHANGED             "example-changed"           Wording    Wording     "examples bind nobody";
    OTHER_CHANGED               "other-changed"             Risky      Risky       "the comparison does not know what this member means; decide yourself";

    OPERATION_ADDED             "operation-added"           Compatible Compatible  "nobody calls a new operation yet";
    OPERATION_REMOVED           "operation-removed"         Breaking   Breaking    "calls of it fail";
    OPERATION_RENAMED           "operation-renamed"         Compatible Compatible  "the operation id is not on the wire, but names the Rust method and the `backup-sync api` command";
    OPERATION_MOVED             "operation-moved"           Breaking   Breaking    "calls to the old path or with the old method fail";
    DEPRECATED                  "deprecated"                Compatible Compatible  "it still works; plan to leave it";
    UNDEPRECATED                "undeprecated"              Compatible Compatible  "it may be used again";
    IDEMPOTENCY_CHANGED         "idempotency-changed"       Risky      Risky       "decides whether a request is sent again when its answer was lost";
    STARTS_JOB_CHANGED          "starts-job-changed"        Risky      Risky       "decides whether the request counts as one that starts work and must never run twice";
    PAGING_CHANGED              "paging-changed"            Risky      Risky       "decides whether a list is read to its end";
    PERMISSION_ADDED            "permission-added"          Risky      Risky       "an account without this right is refused";
    PERMISSION_REMOVED          "permission-removed"        Compatible Compatible  "accounts need less than before";

    SECURITY_TIGHTENED          "security-tightened"        Breaking   Breaking    "credentials that were enough are refused";
    SECURITY_LOOSENED           "security-loosened"         Compatible Compatible  "credentials that were enough still are";
    SECURITY_DROPPED            "security-dropped"          Risky      Risky       "no credentials are asked for any more; make sure that this is meant, and that none are sent";
    SECURITY_SCHEME_CHANGED     "security-scheme-changed"   Breaking   Breaking    "credentials have to be sent in another way";

    PARAMETER_ADDED             "parameter-added"           Compatible Compatible  "it may be left out";
    PARAMETER_ADDED_REQUIRED    "parameter-added-required"  Breaking   Breaking    "calls without it are refused";
    PARAMETER_REMOVED           "parameter-removed"         Breaking   Breaking    "who sends it is refused, or not heard";
    PARAMETER_RENAMED           "parameter-renamed"         Compatible Compatible  "names of path parameters are not on the wire, but name Rust methods";
    PARAMETER_MOVED             "parameter-moved"           Breaking   Breaking    "the server looks for it elsewhere";
    PARAMETER_REQUIRED          "parameter-required"        Breaking   Breaking    "calls without it are refused";
    PARAMETER_OPTIONAL          "parameter-optional"        Compatible Compatible  "who sends it may go on";
    PARAMETER_STYLE_CHANGED     "parameter-style-changed"   Breaking   Breaking    "the value is written differently on the wire";

    BODY_ADDED                  "body-added"                Compatible Compatible  "it may be left out";
    BODY_ADDED_REQUIRED         "body-added-required"       Breaking   Breaking    "calls without a body are refused";
    BODY_REMOVED                "body-removed"              Breaking   Breaking    "what was sent is refused, or not heard";
    BODY_REQUIRED               "body-required"             Breaking   Breaking    "calls without a body are refused";
    BODY_OPTIONAL               "body-optional"             Compatible Compatible  "who sends it may go on";
    MEDIA_TYPE_ADDED            "media-type-added"          Compatible Compatible  "the known ones still work";
    MEDIA_TYPE_REMOVED          "media-type-removed"        Breaking   Breaking    "bodies in this form are refused | nobody gets bodies in this form any more";
    MEDIA_TYPE_CHANGED          "media-type-changed"        Breaking   Breaking    "the body is written in another form";
    MEDIA_TYPE_PARAMETER        "media-type-parameter"      Compatible Compatible  "the form of the body is the same";
    ANSWER_BODY_ADDED           "answer-body-added"         Compatible Compatible  "who expects no body need not read it";
    ANSWER_BODY_REMOVED         "answer-body-removed"       Breaking   Breaking    "who reads the body finds none";
    SUCCESS_ADDED               "success-status-added"      Risky      Risky       "who waits for the known status takes the new one for a failure";
    SUCCESS_REMOVED             "success-status-removed"    Breaking   Breaking    "who waits for this status waits in vain";
    SUCCESS_CHANGED             "success-status-changed"    Breaking   Breaking    "who waits for the old status takes the new one for a failure";
    REDIRECT_ADDED              "redirect-added"            Risky      Risky       "credentials must not follow a redirect unasked";
    ERROR_ADDED                 "error-status-added"        Compatible Compatible  "callers must expect failures anyway";
    ERROR_REMOVED               "error-status-removed"      Risky      Risky       "who acts on this status waits in vain";
    HEADER_ADDED                "header-added"              Compatible Compatible  "who does not know it need not read it";
    HEADER_REMOVED              "header-removed"            Breaking   Breaking    "who reads it finds none";
    HEADER_REQUIRED             "header-required"           Breaking   Compatible  "it comes always now";
    HEADER_OPTIONAL             "header-optional"           Compatible Risky       "it may be missing now";

    SCHEMA_RENAMED              "schema-renamed"            Compatible Compatible  "names of schemas are not on the wire, but name Rust types";
    SCHEMA_ADDED                "schema-added"              Compatible Compatible  "reached by new things only";
    SCHEMA_REMOVED              "schema-removed"            Compatible Compatible  "what reached it is told on its own; the Rust type is gone";
    MEMBER_ADDED                "member-added"              Compatible Compatible  "it may be left out | who does not know it may ignore it";
    MEMBER_ADDED_REQUIRED       "member-added-required"     Breaking   Compatible  "requests without it are refused | it is only more to read";
    MEMBER_REMOVED              "member-removed"            Breaking   Breaking    "who sends it is refused, or not heard | who reads it finds nothing";
    MEMBER_REQUIRED             "member-required"           Breaking   Compatible  "requests without it are refused | it is always there now";
    MEMBER_OPTIONAL             "member-optional"           Compatible Breaking    "it may be left out | it may be missing";
    TYPE_CHANGED                "type-changed"              Breaking   Breaking    "the old values do not fit any more";
    TYPE_WIDENED                "type-widened"              Compatible Breaking    "all old values fit | it may hold values that callers cannot read";
    TYPE_NARROWED               "type-narrowed"             Breaking   Compatible  "some old values are refused | all new values can be read";
    FORMAT_CHANGED              "format-changed"            Breaking   Breaking    "the text or number is written in another way";
    FORMAT_ADDED                "format-added"              Risky      Compatible  "values that do not have the form may be refused | all values can be read as before";
    FORMAT_REMOVED              "format-removed"            Compatible Risky       "more values are taken | it may hold values of another form";
    SECRET_MARKED               "secret-marked"             Compatible Compatible  "the wire is the same; the value is hidden in logs from now on";
    SECRET_UNMARKED             "secret-unmarked"           Risky      Risky       "the value would be shown in logs and errors; make sure that it is no secret";
    NULLABLE_ADDED              "nullable-added"            Compatible Breaking    "callers may send null | who reads it must expect null";
    NULLABLE_REMOVED            "nullable-removed"          Breaking   Compatible  "null is refused | it always holds a value";
    ENUM_VALUE_ADDED            "enum-value-added"          Compatible Breaking    "callers may send it | the set is closed: who reads it knows no such value";
    ENUM_VALUE_REMOVED          "enum-value-removed"        Breaking   Compatible  "requests with this value are refused | readers just meet it no more";
    WORD_ADDED                  "word-added"                Compatible Compatible  "callers may send it | the set is open: readers must expect words that they do not know";
    WORD_REMOVED                "word-removed"              Breaking   Compatible  "requests with this word are refused | readers just meet it no more";
    WORDS_LISTED                "words-listed"              Compatible Compatible  "the set was and is open; only the list of known words came or went";
    ENUM_OPENED                 "enum-opened"               Compatible Risky       "the known values are still taken | it may hold words that are not listed";
    ENUM_CLOSED                 "enum-closed"               Breaking   Compatible  "only the listed values are taken any more | all values are known ones";
    ENUM_DESCRIPTION_CHANGED    "enum-description-changed"  Wording    Wording     "only words changed; read whether a value means something else";
    DEFAULT_CHANGED             "default-changed"           Risky      Compatible  "who leaves it out gets another behaviour | a default binds nobody who reads";
    CONSTRAINT_TIGHTENED        "constraint-tightened"      Breaking   Compatible  "some values that were taken are refused | all new values can be read";
    CONSTRAINT_LOOSENED         "constraint-loosened"       Compatible Risky       "more values are taken | it may hold values that nobody prepared for";
    CONSTRAINT_CHANGED          "constraint-changed"        Risky      Risky       "whether the old values still fit cannot be told by comparing";
    CLOSED_TO_OTHERS            "other-members-refused"     Breaking   Compatible  "requests with members that are not listed are refused | there is nothing unknown to read";
    OPEN_TO_OTHERS              "other-members-allowed"     Compatible Risky       "more members are taken | it may hold members that are not listed";
    ALTERNATIVE_ADDED           "alternative-added"         Compatible Breaking    "a further shape is taken | it may have a shape that callers do not know";
    ALTERNATIVE_REMOVED         "alternative-removed"       Breaking   Compatible  "requests of this shape are refused | readers just meet it no more";
    MADE_READ_ONLY              "made-read-only"            Breaking   Compatible  "requests must not hold it any more | it is there as before";
    MADE_WRITE_ONLY             "made-write-only"           Compatible Breaking    "it is taken as before | it is not there any more";
    READ_WRITE                  "made-read-write"           Compatible Compatible  "it is sent and received";
    KEY_ADDED                   "key-added"                 Compatible Risky       "an answer without it is unreadable from now on";
    KEY_REMOVED                 "key-removed"               Compatible Compatible  "an answer without it can be read from now on";
    WIRE_TYPES_WIDENED          "wire-types-widened"        Compatible Risky       "answers hold it in forms that callers may not read";
    SPELLINGS_MORE              "spellings-more"            Compatible Compatible  "answers under another name of the member are read too";
    SPELLINGS_FEWER             "spellings-fewer"           Compatible Compatible  "fewer names have to be read; our client finds nothing under the others then";
    WIRE_TYPES_NARROWED         "wire-types-narrowed"       Compatible Compatible  "fewer forms have to be read; our client refuses the others then";
    UNIT_CHANGED                "unit-changed"              Breaking   Breaking    "the same number means something else";
    UNIT_STATED                 "unit-stated"               Risky      Risky       "make sure that callers took the number for this unit";

    RUST_ONLY                   "rust-only"                 Compatible Compatible  "the wire is the same; only the generated code differs";
}
