//! The live table of `watch`: what it knows, how it is drawn, and the terminal that it is drawn on.

mod draw;
mod screen;
mod state;

pub use draw::draw;
pub use screen::{Screen, put_back};
pub use state::{Asked, State};
