//! What people are asked before something is lost that they might not have thought of.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A question, with what was chosen; answered by the same form once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub title: String,
    /// What would be lost, in a sentence.
    pub lost: String,
    /// The fields of the form.
    pub chosen: Vec<(String, String)>,
}

/// Asks; whoever says no goes `back`.
#[component]
pub fn Asks(
    question: Question,
    action: &'static str,
    yes: &'static str,
    back: &'static str,
) -> impl IntoView {
    let Question {
        title,
        lost,
        chosen,
    } = question;
    view! {
        <form class="notice notice-waiting" role="alert" method="post" action=action>
            <p><strong>{title}</strong> " " {lost} " If you choose more again later, they are read again."</p>
            {chosen
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
                .collect_view()}
            <input type="hidden" name="sure" value="true" />
            <p class="form-actions">
                <button class="button button-danger">{yes}</button>
                <a class="button" href=back>"Keep them"</a>
            </p>
        </form>
    }
}
