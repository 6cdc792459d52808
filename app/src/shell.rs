//! The document around the app, with links to the site files under their hashed names.

use crate::App;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;
use serde::{Deserialize, Serialize};

/// The addresses of the built site files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteManifest {
    pub css: String,
    pub js: String,
    pub wasm: String,
}

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

/// Style and script; nothing where the site was not built.
#[component]
fn Assets() -> impl IntoView {
    use_context::<SiteManifest>().map(|SiteManifest { css, js, wasm }| {
        // Wakes every island, then sets the mark that style and tests go by.
        let start = format!(
            "import start, * as site from \"{js}\"; \
             await start({{ module_or_path: \"{wasm}\" }}); \
             site.hydrate(); \
             for (const island of document.querySelectorAll(\"leptos-island\")) \
             await site[island.dataset.component]?.(island); \
             document.documentElement.dataset.hydrated = \"true\";"
        );
        view! {
            <link rel="stylesheet" href=css />
            <script type="module" src="/copy.js" nonce=use_nonce()></script>
            <link rel="modulepreload" href=js />
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
            <script type="module" nonce=use_nonce()>
                {start}
            </script>
        }
    })
}
