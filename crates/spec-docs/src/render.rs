//! Fills the templates.

use askama::Template;
use backup_sync_codegen::Document;

use crate::model::Spec;
use crate::{read, redoc};

/// One file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// File name.
    pub name: String,
    /// The whole file.
    pub text: String,
}

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the page {name} cannot be made: {source}; this is a fault of its template")]
pub struct Error {
    name: String,
    source: askama::Error,
}

#[derive(Template)]
#[template(path = "spec.html")]
struct SpecPage<'a> {
    spec: &'a Spec,
    style: &'a str,
    script: &'a str,
    redoc: &'a str,
    json: String,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage<'a> {
    specs: &'a [Spec],
    style: &'a str,
    script: &'a str,
}

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");

/// The pages of all documents in their order, and before them the index. The same documents give the same bytes.
///
/// # Errors
///
/// When a template cannot be filled.
pub fn pages(documents: &[Document]) -> Result<Vec<Page>, Error> {
    let redoc = redoc::script();
    let made = |document: &Document| {
        let spec = read::read(document);
        let json = redoc::json(&spec.json);
        let template = SpecPage { spec: &spec, style: STYLE, script: SCRIPT, redoc: &redoc, json };
        page(&spec.name, &template).map(|page| (spec, page))
    };
    // One thread for each document: most of the time goes to generators, which know nothing of each other.
    let made = std::thread::scope(|scope| {
        let started: Vec<_> = documents.iter().map(|document| (document, scope.spawn(|| made(document)))).collect();
        // A thread that broke off is tried again where the program ends with it.
        started.into_iter().map(|(document, thread)| thread.join().unwrap_or_else(|_| made(document))).collect()
    });
    let made: Result<Vec<(Spec, Page)>, Error> = made;
    let (specs, mut pages): (Vec<Spec>, Vec<Page>) = made?.into_iter().unzip();
    pages.insert(0, page("index", &IndexPage { specs: &specs, style: STYLE, script: SCRIPT })?);
    Ok(pages)
}

fn page(name: &str, template: &impl Template) -> Result<Page, Error> {
    let name = format!("{name}.html");
    match template.render() {
        Ok(text) => Ok(Page { name, text }),
        Err(source) => Err(Error { name, source }),
    }
}
