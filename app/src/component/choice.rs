//! One of several choices, with what it means below its label.

use leptos::prelude::*;

/// A radio button of the group `name`.
pub fn choice(
    name: &'static str,
    value: &'static str,
    label: impl Into<String>,
    meaning: &'static str,
    checked: bool,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input type="radio" name=name value=value checked=checked />
            <span>
                <strong>{label.into()}</strong>
                <span class="field-hint">{meaning}</span>
            </span>
        </label>
    }
}
