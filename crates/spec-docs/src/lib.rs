//! Reference and review pages of OpenAPI documents: what an API owner needs to judge them, as self-contained HTML.
//!
//! The way of a document: [`Document`] → [`read`] (facts, as plain data) → templates (askama, escaped) → one file. Nothing
//! is asked of the network, neither here nor by the pages.

mod call;
mod markdown;
mod model;
mod read;
mod redoc;
mod render;
mod schema;

pub use model::{Operation, Spec};
pub use read::read;
pub use render::{Error, Page, pages};

#[doc(no_inline)]
pub use backup_sync_codegen::Document;
