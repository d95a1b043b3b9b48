//! Who answers for what: `specs/OWNERS.toml`, the reviewers of a change, and CODEOWNERS.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use backup_sync_codegen::Document;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::suppressions::place;
use crate::workspace::{Error, read};

/// Where owners are written down, below the root of the workspace.
pub const FILE: &str = "specs/OWNERS.toml";

/// Where code hosts look for owners.
pub const CODEOWNERS: &str = ".github/CODEOWNERS";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Spanned<Vec<String>>,
    contacts: BTreeMap<String, String>,
    specs: BTreeMap<String, Spanned<SpecOwners>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecOwners {
    owners: Vec<String>,
    #[serde(default)]
    paths: BTreeMap<String, Spanned<Vec<String>>>,
}

/// The owners of a workspace.
#[derive(Debug)]
pub struct Owners {
    text: String,
    file: File,
}

/// Somebody who is asked to review a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reviewer {
    /// Handle on the code host: a team, a user or a mail address.
    pub handle: String,
    /// How to reach them otherwise.
    pub contact: String,
}

impl Owners {
    /// Reads the owners of the workspace at `root`.
    ///
    /// # Errors
    ///
    /// When the file is missing or cannot be understood; with line and column.
    pub fn load(root: &Path) -> Result<Self, Error> {
        Self::parse(read(root, FILE)?)
    }

    fn parse(text: String) -> Result<Self, Error> {
        let file = toml::from_str(&text).map_err(|error: toml::de::Error| {
            let at = place(&text, error.span().unwrap_or_default().start);
            Error::Wrong(format!("{FILE}:{at}: the file cannot be read: {}", error.message().replace('\n', " ")))
        })?;
        Ok(Self { text, file })
    }

    /// Who reviews a change at `at` of the document `spec`, for example `huawei-cbr-v3.yaml` with or without its folder.
    ///
    /// `at` is a path of the API or a JSON pointer into the document; what belongs to no path belongs to the owners of
    /// the document. A document that nobody owns belongs to the default owners.
    pub fn reviewers(&self, spec: &str, at: &str) -> Vec<Reviewer> {
        let name = spec.rsplit('/').next().unwrap_or(spec);
        let handles = match self.file.specs.get(name).map(Spanned::get_ref) {
            None => self.file.default.get_ref(),
            Some(spec) => {
                let path = api_path(at);
                let owned = spec.paths.iter().filter(|(prefix, _)| path.as_deref().is_some_and(|p| within(p, prefix)));
                let longest = owned.max_by_key(|(prefix, _)| prefix.len());
                longest.map_or(&spec.owners, |(_, owners)| owners.get_ref())
            }
        };
        let contact = |handle: &String| self.file.contacts.get(handle).cloned().unwrap_or_default();
        handles.iter().map(|handle| Reviewer { handle: handle.clone(), contact: contact(handle) }).collect()
    }

    /// What is wrong with the file, given all documents: gaps, leftovers, unknown paths, unreachable owners.
    pub fn problems(&self, documents: &[Document]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut tell = |at: usize, what: String| wrong.push(format!("{FILE}:{}: {what}", place(&self.text, at)));
        let known: BTreeMap<&str, &Document> = documents.iter().map(|document| (name(document), document)).collect();
        for name in known.keys().filter(|name| !self.file.specs.contains_key(**name)) {
            tell(0, format!("nobody owns specs/{name}; add [specs.\"{name}\"] with owners"));
        }
        let mut lists = vec![(self.file.default.span().start, "the default", self.file.default.get_ref())];
        for (name, spec) in &self.file.specs {
            let at = spec.span().start;
            lists.push((at, name, &spec.get_ref().owners));
            for (prefix, owners) in &spec.get_ref().paths {
                let at = owners.span().start;
                lists.push((at, name, owners.get_ref()));
                if !known.get(name.as_str()).is_none_or(|document| has_path(document, prefix)) {
                    tell(at, format!("no path of specs/{name} begins with {prefix}; remove it or correct it"));
                }
            }
            if !known.contains_key(name.as_str()) {
                tell(at, format!("there is no document specs/{name}; remove the entry or correct its name"));
            }
        }
        let mut used = BTreeSet::new();
        for (at, of, owners) in lists {
            if owners.is_empty() {
                tell(at, format!("{of} has no owner; name at least one"));
            }
            for owner in owners {
                used.insert(owner.as_str());
                if !is_handle(owner) {
                    tell(at, format!("{owner:?} is neither @user, @organization/team nor a mail address"));
                } else if !self.file.contacts.contains_key(owner) {
                    tell(at, format!("{owner} has no contact; add one under [contacts]"));
                }
            }
        }
        for stale in self.file.contacts.keys().filter(|handle| !used.contains(handle.as_str())) {
            tell(
                self.text.find(stale.as_str()).unwrap_or_default(),
                format!("{stale} owns nothing; remove the contact"),
            );
        }
        wrong.sort();
        wrong
    }

    /// The owners as a code host reads them. It knows files only, so whoever owns a path of a document is listed with
    /// the owners of the document.
    pub fn codeowners(&self, documents: &[Document]) -> String {
        let mut out = format!("# Made by `cargo xtask owners` from {FILE}; change that file, not this one.\n\n");
        _ = writeln!(out, "* {}", self.file.default.get_ref().join(" "));
        let mut vendors: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        out += "\n# The documents.\n";
        for document in documents {
            let Some(spec) = self.file.specs.get(name(document)).map(Spanned::get_ref) else { continue };
            let mut all: Vec<&str> = spec.owners.iter().map(String::as_str).collect();
            for (prefix, owners) in &spec.paths {
                _ = writeln!(out, "# {prefix} of the next: {}", owners.get_ref().join(" "));
                all.extend(owners.get_ref().iter().map(String::as_str));
            }
            all.dedup();
            _ = writeln!(out, "/{} {}", document.file, all.join(" "));
            vendors.entry(document.vendor()).or_default().extend(all);
        }
        out += "\n# What the documents do to Rust users.\n";
        for (vendor, owners) in vendors {
            let owners: Vec<&str> = owners.into_iter().collect();
            _ = writeln!(out, "/crates/{vendor}/surface.txt {}", owners.join(" "));
        }
        out
    }
}

fn name(document: &Document) -> &str {
    document.file.rsplit('/').next().unwrap_or(&document.file)
}

/// The path of the API that a pointer into a document leads to; a path itself stays as it is.
fn api_path(at: &str) -> Option<String> {
    match at.strip_prefix("/paths/") {
        Some(rest) => Some(rest.split('/').next().unwrap_or(rest).replace("~1", "/").replace("~0", "~")),
        None if ["/components", "/info", "/servers", "/security", "/tags"].iter().any(|part| within(at, part)) => None,
        None => Some(at.to_owned()),
    }
}

/// Whether `path` is `prefix` or lies below it; `/vaults` does not begin with `/vault`.
fn within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn has_path(document: &Document, prefix: &str) -> bool {
    let paths = document.value.get("paths").and_then(Value::as_object);
    paths.is_some_and(|paths| paths.keys().any(|path| within(path, prefix)))
}

fn is_handle(owner: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match owner.strip_prefix('@') {
        Some(handle) => handle.split('/').count() <= 2 && handle.split('/').all(word),
        None => owner.split_once('@').is_some_and(|(user, host)| word(user) && word(host)),
    }
}

#[cfg(test)]
mod tests {
    use backup_sync_codegen::load;

    use super::*;

    const TEXT: &str = "default = ['@toy/all']
[contacts]
'@toy/all' = 'all@toy.example'
'@toy/api' = 'api@toy.example'
'@toy/jobs' = 'jobs@toy.example'
[specs.'toy-v1.yaml']
owners = ['@toy/api']
[specs.'toy-v1.yaml'.paths]
'/jobs' = ['@toy/jobs']
";

    fn documents() -> Vec<Document> {
        let text = "info: {x-vendor: toy}\npaths: {/jobs: {}, '/jobs/{id}': {}, /jobsters: {}}";
        load::text_named(text, "specs/toy-v1.yaml").into_iter().collect()
    }

    fn owners(text: &str) -> Owners {
        Owners::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn the_longest_path_names_the_reviewers() {
        let owners = owners(TEXT);
        let of = |spec, at| owners.reviewers(spec, at).into_iter().map(|one| one.handle).collect::<Vec<_>>();
        for (spec, at, handle) in [
            ("toy-v1.yaml", "/jobs", "@toy/jobs"),
            ("specs/toy-v1.yaml", "/paths/~1jobs~1{id}/get/responses/200", "@toy/jobs"),
            ("toy-v1.yaml", "/jobsters", "@toy/api"),
            ("toy-v1.yaml", "/components/schemas/Job", "@toy/api"),
            ("toy-v1.yaml", "", "@toy/api"),
            ("other.yaml", "/jobs", "@toy/all"),
        ] {
            assert_eq!(of(spec, at), [handle], "{spec} {at}");
        }
        assert_eq!(owners.reviewers("toy-v1.yaml", "/jobs")[0].contact, "jobs@toy.example");
    }

    #[test]
    fn gaps_leftovers_and_unknown_paths_are_told_with_their_line() {
        assert_eq!(owners(TEXT).problems(&documents()), [""; 0]);
        for (from, to, line, part) in [
            ("toy-v1", "toy-v2", 1, "nobody owns specs/toy-v1.yaml"),
            ("toy-v1", "toy-v2", 6, "there is no document specs/toy-v2.yaml"),
            ("'/jobs'", "'/job'", 9, "no path of specs/toy-v1.yaml begins with /job;"),
            ("['@toy/api']", "[]", 6, "toy-v1.yaml has no owner"),
            ("['@toy/api']", "['toy api']", 6, "\"toy api\" is neither"),
            ("['@toy/api']", "['@toy/none']", 6, "@toy/none has no contact"),
            ("['@toy/api']", "['@toy/all']", 4, "@toy/api owns nothing"),
        ] {
            let told = owners(&TEXT.replace(from, to)).problems(&documents());
            let start = format!("{FILE}:{line}:");
            assert!(told.iter().any(|one| one.starts_with(&start) && one.contains(part)), "{from} {to}: {told:?}");
        }
        let told = Owners::parse("default = 1".to_owned()).unwrap_err().to_string();
        assert!(told.starts_with(&format!("{FILE}:1:11: ")), "{told}");
    }

    #[test]
    fn codeowners_lists_documents_and_surfaces() {
        let expected = "\
# Made by `cargo xtask owners` from specs/OWNERS.toml; change that file, not this one.

* @toy/all

# The documents.
# /jobs of the next: @toy/jobs
/specs/toy-v1.yaml @toy/api @toy/jobs

# What the documents do to Rust users.
/crates/toy/surface.txt @toy/api @toy/jobs
";
        assert_eq!(owners(TEXT).codeowners(&documents()), expected);
    }
}
