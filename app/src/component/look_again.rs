//! A page of something that is under way looks again by itself, with or without script.

use leptos::prelude::*;

/// Stands beside [`super::Follow`], which looks as often where script runs, and sooner where the stream tells of a change.
#[component]
pub fn LookAgain(seconds: u32) -> impl IntoView {
    view! {
        <noscript data-look-again=seconds.to_string()>
            <meta http-equiv="refresh" content=seconds.to_string() />
        </noscript>
    }
}
