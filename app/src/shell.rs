//! The document around the app, with links to the site files under their hashed names.

use crate::{App, site_manifest::SiteManifest};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

/// The whole document.
pub fn shell() -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <Assets />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Style and script of every page; nothing where the site was not built.
#[component]
fn Assets() -> impl IntoView {
    use_context::<SiteManifest>().map(|SiteManifest { css, .. }| {
        view! {
            <link rel="stylesheet" href=css />
            <script type="module" src="/page.js" nonce=use_nonce()></script>
        }
    })
}
