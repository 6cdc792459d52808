//! The time zone that the browser is set to: a script puts it into a field that nobody chose for, and offers it beside one
//! that says otherwise.

use leptos::prelude::*;

/// Stands below the field named `time_zone`.
#[component]
pub fn BrowserZone(
    /// Nobody has chosen yet: the browser's zone is put into the field.
    takes: bool,
) -> impl IntoView {
    view! { <p class="field-hint" id="browser-zone" data-takes=takes.then_some("") hidden></p> }
}
