//! Compiles one reviewed OpenAPI document into one typed client module.
//!
//! The way of a document is always the same, and each step is a module:
//!
//! 1. [`load`]: read the YAML and remember line and column of every node;
//! 2. [`lint`]: refuse, with rule, place and remedy, whatever the generator or a reader would stumble over;
//! 3. [`lower`]: rewrite, in memory, what the vendor's document says into what the generator can take;
//! 4. [`domain`]: leave out what the crate's features do not ask for;
//! 5. [`emit`]: run the generator and add what it does not give: open enums and the operation table.
//!
//! This is the only crate that knows the generator. It runs in build scripts and in `xtask`, never in a program.

#![doc = include_str!("../README.md")]

mod build;
pub mod document;
pub mod domain;
pub mod emit;
pub mod essence;
pub mod json_schema;
pub mod lint;
pub mod load;
pub mod lower;
pub mod surface;

pub use build::{
    Error, Generated, build_script, check, documents, essential, generate, outline, surface_of, trial_script,
};
pub use document::{Document, Place};
pub use lint::Finding;
