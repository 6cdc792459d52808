//! The script that wakes the islands of a page.

use crate::site_manifest::SiteManifest;
use leptos::{nonce::use_nonce, prelude::*};

/// Loads the browser's part, which wakes every island of the page, then sets the mark that style and tests go by. Stands
/// on pages with an island alone.
#[component]
pub fn WakeIslands() -> impl IntoView {
    use_context::<SiteManifest>().map(|SiteManifest { js, wasm, .. }| {
        let start = format!(
            "import start, * as site from \"{js}\"; \
             await start({{ module_or_path: \"{wasm}\" }}); \
             site.hydrate(); \
             for (const island of document.querySelectorAll(\"leptos-island\")) \
             await site[island.dataset.component]?.(island); \
             document.documentElement.dataset.hydrated = \"true\";"
        );
        view! {
            <link rel="modulepreload" href=js />
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
            <script type="module" nonce=use_nonce()>
                {start}
            </script>
        }
    })
}
