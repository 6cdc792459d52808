//! Pages that follow by themselves: a small script is told of changes by a stream, fetches the page again, and makes its
//! title and what is marked as live like what has come. The rest stays, with focus, scrolling, selection and what was typed.

use crate::site_manifest::SiteManifest;
use kalends_core::topic::Topic;
use leptos::{nonce::use_nonce, prelude::*};

/// Follows the live parts of the page that it stands on: elements with an id and the attribute `data-live`.
#[component]
pub fn Follow(#[prop(optional)] topics: Vec<Topic>) -> impl IntoView {
    let topics: Vec<String> = topics.into_iter().map(|topic| topic.to_string()).collect();
    let script = use_context::<SiteManifest>().map(|site| site.follow);
    script.filter(|_| !topics.is_empty()).map(|script| {
        view! {
            <script
                type="module"
                src=script
                data-topics=topics.join(" ")
                nonce=use_nonce()
            ></script>
        }
    })
}
