//! Compares two versions of a reviewed OpenAPI document and says what the change does, and to whom.
//!
//! [`compare_all`] gives one [`Report`]; [`render`] shows it as text, Markdown, HTML or JSON. The way of a comparison:
//!
//! 1. `compare`: pair by pair, what differs, without a class; each pair once, however many operations use it;
//! 2. `graph`: which operations reach each difference, and whether callers send or receive it there;
//! 3. [`kind`]: one table that gives each kind of change its class in each direction;
//! 4. `affected` and `rust`: the surfaces of both generated clients, as far as the change can have touched them, and which change
//!    explains which difference;
//! 5. `effects` and `notes`: what follows for the rest of the workspace, and the reasons that the documents give.

#![doc = include_str!("../README.md")]

mod affected;
mod compare;
mod effects;
mod graph;
pub mod kind;
pub mod model;
mod notes;
pub mod render;
mod report;
mod rust;
mod spot;
mod subject;

pub use model::{Change, Class, Report, SpecReport};
pub use notes::form;
pub use report::{compare_all, compare_two};

/// What the workspace around the documents knows.
pub trait Surroundings {
    /// Who should look at a change of a document.
    fn reviewers(&self, _spec: &str, _change: &Change) -> Vec<String> {
        Vec::new()
    }

    /// Whether the sync layer of a vendor crate calls an operation.
    fn sync_uses(&self, _vendor: &str, _operation: &str) -> bool {
        false
    }

    /// Whether to generate both clients and compare what they offer, which takes most of the time.
    fn wants_rust(&self) -> bool {
        true
    }
}

/// Surroundings that know nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Surroundings for Nowhere {}
