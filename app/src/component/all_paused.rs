//! What pages say while everything is paused.

use leptos::prelude::*;

/// For every page that shows the work of all.
#[component]
pub fn AllPaused() -> impl IntoView {
    view! {
        <p class="notice notice-waiting">
            "Everything is paused. " <a href="/organisation">"Resume on the page Organisation"</a>
        </p>
    }
}
