//! A page that is not ended yet, where no script runs: the browser loads it again by itself.

use leptos::prelude::*;

/// Stands beside [`super::Follow`], which does the same by the stream where script runs.
#[component]
pub fn LookAgain(seconds: u32) -> impl IntoView {
    view! {
        <noscript>
            <meta http-equiv="refresh" content=seconds.to_string() />
        </noscript>
    }
}
