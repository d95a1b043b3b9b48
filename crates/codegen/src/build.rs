//! The way from a file to generated code, and its form for build scripts.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::Part;
use crate::lint::Finding;
use crate::lower::Lowered;
use crate::{Document, emit, essence, lint, load, lower, surface};

/// What a document was compiled to.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Name of the module that includes the generated code.
    pub module: String,
    /// Client, types, open enums and operation table.
    pub client: String,
    /// Typed mock helpers.
    pub mocks: String,
    /// One line for each public operation and type, for reviewers.
    pub surface: Vec<String>,
}

/// Why a document could not be compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The document breaks rules; there is at least one finding.
    #[error("{}", Lines(.0))]
    Findings(Vec<Finding>),
    /// A file could not be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder of documents could not be read.
    #[error("the folder {path} cannot be read: {source}; a vendor crate keeps its documents in specs/")]
    Read {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The build script was not started by cargo.
    #[error("the environment variable {0} is not set; build scripts are started by cargo")]
    Environment(&'static str),
}

struct Lines<'a>(&'a [Finding]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

/// Compiles a loaded document for the module that its file name stands for.
///
/// # Errors
///
/// All findings of the rules that a build needs, or the one refusal of the generator.
pub fn generate(document: &Document) -> Result<Generated, Error> {
    let (lowered, for_mocks) = lowered(document)?;
    let module = document.module();
    let path = format!("crate::{module}");
    let file = emit::client_file(document, &lowered, &path).map_err(one)?;
    let surface = surface::lines(&surface::items(&file, &module));
    let client = emit::print(document, &file);
    let mocks = emit::mocks(document, &for_mocks, &path).map_err(one)?;
    Ok(Generated { module, client, mocks, surface })
}

/// One line for each public operation and type of a document's client, as in [`Generated`], without the client itself.
///
/// # Errors
///
/// As [`generate`], but for what only mock helpers are refused for.
pub fn outline(document: &Document) -> Result<Vec<String>, Error> {
    none(lint::check(document).into_iter().filter(Finding::stops_build).collect())?;
    surface_of(document, &lower::run(document)).map(|items| surface::lines(&items))
}

/// What the client of a document offers, without the client itself; `lowered` is what [`lower::run`] made of the document.
///
/// Rules for authors are not asked, only whether the generator takes the document: drafts can be compared, too.
///
/// # Errors
///
/// The guards that the lowered document breaks, or the one refusal of the generator.
pub fn surface_of(document: &Document, lowered: &Lowered) -> Result<Vec<surface::Item>, Error> {
    none(lint::guard(&lowered.document))?;
    let module = document.module();
    let file = emit::surface_file(document, lowered, &format!("crate::{module}"));
    file.map(|file| surface::items(&file, &module)).map_err(one)
}

/// What of a document [`check`] and the generator look at; places stay those of the whole document.
pub fn essential(document: &Document) -> Document {
    Document {
        value: lower::bare::copy(&document.value),
        file: document.file.clone(),
        places: Arc::clone(&document.places),
    }
}

/// Whether [`generate`] would succeed for a document that breaks no rule which stops a build; nothing is formatted or listed, so it
/// takes less time. The outcome depends on what [`essential`] gives and on the module's name, and on nothing else.
///
/// # Errors
///
/// As [`generate`].
pub fn check(document: &Document) -> Result<(), Error> {
    let document = &essential(document);
    let (lowered, for_mocks) = both(document)?;
    let path = format!("crate::{}", document.module());
    let (client, mocks) = std::thread::scope(|scope| {
        let mocks = scope.spawn(|| emit::mocks_file(document, &for_mocks, &path).map(drop));
        (emit::client_file(document, &lowered, &path).map(drop), mocks.join())
    });
    client.map_err(one)?;
    let broken = |_| one(Finding::refused(document, "/", "the generator stopped".to_owned()));
    mocks.map_err(broken)?.map_err(one)
}

/// The lowered document for the client and the one for the mock helpers.
fn lowered(document: &Document) -> Result<(Lowered, Lowered), Error> {
    none(lint::check(document).into_iter().filter(Finding::stops_build).collect())?;
    both(document)
}

fn both(document: &Document) -> Result<(Lowered, Lowered), Error> {
    let lowered = lower::run(document);
    none(lint::guard(&lowered.document))?;
    let for_mocks = lower::for_mocks(&lowered);
    none(lint::guard(&for_mocks.document))?;
    Ok((lowered, for_mocks))
}

fn one(finding: Finding) -> Error {
    Error::Findings(vec![finding])
}

fn none(findings: Vec<Finding>) -> Result<(), Error> {
    if findings.is_empty() { Ok(()) } else { Err(Error::Findings(findings)) }
}

/// The body of a vendor crate's build script.
///
/// Reads every document in `specs/` beside the crate's manifest and writes `{module}.rs`, `{module}.json` and, with the feature
/// `httpmock`, `{module}_mock.rs` to `OUT_DIR`. Without the feature `full` only the operations that `x-sync` lists are compiled, of
/// documents that have such a list. Trouble is told to cargo as one `error:` line for each finding; the build fails without a backtrace.
pub fn build_script() {
    println!("cargo::rerun-if-changed=build.rs");
    tell(each_document("specs", build));
}

/// The body of the build script of contract tests: one call of every operation of the documents in `specs`, a folder named as seen
/// from the crate's manifest.
///
/// Writes `{document}.rs` to `OUT_DIR`; what the file that includes it has to offer is said in [`emit::trials`].
pub fn trial_script(specs: &str) {
    println!("cargo::rerun-if-changed=build.rs");
    tell(each_document(specs, trial));
}

fn tell(outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

/// Does `work` for all documents in a folder, given as seen from the crate's manifest, and gathers what is wrong with them.
fn each_document(specs: &str, work: fn(&Document, &Path) -> Result<(), Error>) -> Result<(), Error> {
    let variable = |name: &'static str| std::env::var_os(name).map(PathBuf::from).ok_or(Error::Environment(name));
    let specs = variable("CARGO_MANIFEST_DIR")?.join(specs);
    let out = variable("OUT_DIR")?;
    println!("cargo::rerun-if-changed={}", specs.display());
    let mut findings = Vec::new();
    for path in documents(&specs).map_err(|source| Error::Read { path: specs.clone(), source })? {
        // In the repository the file is a link to the reviewed one; cargo has to watch the target.
        let watched = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        println!("cargo::rerun-if-changed={}", watched.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let loaded = load::file(&path, &format!("specs/{name}")).map_err(one);
        match loaded.and_then(|document| work(&document, &out)) {
            Err(Error::Findings(found)) => findings.extend(found),
            other => other?,
        }
    }
    none(findings)
}

/// The documents in a folder, sorted by name.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn documents(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn build(document: &Document, out: &Path) -> Result<(), Error> {
    let feature = |name: &str| std::env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
    let (mut client, mut for_mocks) = lowered(document)?;
    let part = if feature("FULL") { Part::Full } else { Part::Sync };
    part.reduce(&mut client);
    let module = document.module();
    let path = format!("crate::{module}");
    let source = Document { value: part.of(&document.value), ..document.clone() };
    write(&out.join(format!("{module}.rs")), &emit::client(&source, &client, &path).map_err(one)?)?;
    write(&out.join(format!("{module}.json")), &essence::of(&source.value).to_string())?;
    // Only the feature of that name reads the file.
    if feature("HTTPMOCK") {
        part.reduce(&mut for_mocks);
        write(&out.join(format!("{module}_mock.rs")), &emit::mocks(&source, &for_mocks, &path).map_err(one)?)?;
    }
    Ok(())
}

fn trial(document: &Document, out: &Path) -> Result<(), Error> {
    let lowered = lower::run(document);
    let client = format!("{}::{}", document.vendor().replace('-', "_"), document.module());
    let text = emit::trials(document, &lowered, &client).map_err(one)?;
    write(&out.join(format!("{}.rs", document.name())), &text)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::Write { path: path.to_owned(), source })
}
