//! The browser's entry. The islands of `app` are exported beside it; the page's script wakes each one.

// Linked for its islands alone.
use app as _;

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
