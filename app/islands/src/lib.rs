//! The islands: what a form or a link cannot do. The server renders them first, as parts of its pages; this crate, with
//! the feature `hydrate`, is all that the browser compiles.
//!
//! ```text
//! connect        the connect form in a dialog or in a page, the running check in its place, then its end
//! component      fields and drawings, which pages use as well
//! draft, error   what was typed, and why it was refused
//! send           posts forms and fetches parts of pages, by plain routes
//! ```

pub mod component;
pub mod connect;
pub mod draft;
pub mod error;
mod send;

/// The browser's entry. The islands are exported beside it; the page's script wakes each one.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
