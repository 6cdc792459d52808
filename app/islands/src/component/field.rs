//! The only way to make an input: label, hint and error in one element, tied together for screen readers.

use crate::error::FieldErrors;
use leptos::prelude::*;

/// A labelled input. `errors` is looked up by the field's name.
#[component]
pub fn Field(
    #[prop(into)] label: String,
    name: &'static str,
    #[prop(into)] errors: Signal<FieldErrors>,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] inputmode: Option<&'static str>,
    #[prop(optional)] list: Option<&'static str>,
    /// Words beside the label, such as "optional".
    #[prop(optional)]
    aside: Option<&'static str>,
) -> impl IntoView {
    let error = Memo::new(move |_| errors.with(|all| all.get(name).cloned()));
    let id = format!("field-{name}");
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let described = {
        let (hint_id, error_id, hinted) = (hint_id.clone(), error_id.clone(), !hint.is_empty());
        move || match (error.with(Option::is_some), hinted) {
            (true, true) => Some(format!("{error_id} {hint_id}")),
            (true, false) => Some(error_id.clone()),
            (false, true) => Some(hint_id.clone()),
            (false, false) => None,
        }
    };
    let capital = if kind == "text" { None } else { Some("none") };
    view! {
        <div class="field">
            <label for=id.clone()>
                {label}
                {aside.map(|aside| view! { " " <span class="field-aside">{aside}</span> })}
            </label>
            <input
                id=id
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                autocapitalize=capital.unwrap_or("off")
                spellcheck="false"
                inputmode=inputmode
                list=list
                autofocus=error.with_untracked(Option::is_some)
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=described
            />
            <p class="field-error" id=error_id hidden=move || error.with(Option::is_none)>
                {move || error.get()}
            </p>
            {(!hint.is_empty()).then(|| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
        </div>
    }
}

/// The message that concerns the whole form, announced when it appears.
#[component]
pub fn FormNotice(#[prop(into)] errors: Signal<FieldErrors>) -> impl IntoView {
    move || {
        errors.with(|all| {
            all.get("")
                .cloned()
                .map(|text| view! { <p class="notice notice-bad" role="alert">{text}</p> })
        })
    }
}
