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
    let specs: Vec<Spec> = documents.iter().map(read::read).collect();
    let redoc = redoc::script();
    let mut pages = vec![page("index", &IndexPage { specs: &specs, style: STYLE, script: SCRIPT })?];
    for spec in &specs {
        let json = redoc::json(&spec.json);
        pages.push(page(&spec.name, &SpecPage { spec, style: STYLE, script: SCRIPT, redoc: &redoc, json })?);
    }
    Ok(pages)
}

fn page(name: &str, template: &impl Template) -> Result<Page, Error> {
    let name = format!("{name}.html");
    match template.render() {
        Ok(text) => Ok(Page { name, text }),
        Err(source) => Err(Error { name, source }),
    }
}
