//! The button that copies what stands beside it: there with script alone. Without one, a click chooses the whole text.

use leptos::prelude::*;

/// Stands within an element of the class `copyable`, as what it copies does, which has the class `copy-text`.
#[component]
pub fn CopyButton() -> impl IntoView {
    view! {
        <span class="copy-row">
            <button class="button button-small copy" type="button">"Copy"</button>
            <span class="copied" aria-live="polite"></span>
        </span>
    }
}
