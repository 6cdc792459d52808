//! What a page says where there is nothing to list, and what to do next.

use leptos::prelude::*;

#[component]
pub fn EmptyState(
    #[prop(into)] lead: String,
    /// A sentence, a button, or both.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            <p class="lead">{lead}</p>
            {children()}
        </div>
    }
}
