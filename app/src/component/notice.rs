//! Advice as people read it: what happened, who must act, what to do, and the commands to paste.

use crate::component::Icon;
use kalends::{advice::Advice, problem::Owner};
use leptos::prelude::*;

/// Renders a piece of advice. `heading` stands above the advice's own title.
#[component]
pub fn Notice(
    advice: Advice,
    #[prop(optional_no_strip)] heading: Option<String>,
    /// Which step of the check it was.
    #[prop(optional_no_strip)]
    step: Option<String>,
    /// The id under which the server's own log knows the request.
    #[prop(optional_no_strip)]
    request_id: Option<String>,
    /// Announce it at once: right after a submit.
    #[prop(optional)]
    alert: bool,
) -> impl IntoView {
    let class = match advice.owner {
        Owner::Nobody => "notice notice-waiting",
        Owner::You | Owner::ExchangeAdmin | Owner::Operator => "notice notice-bad",
    };
    view! {
        <section class=class role=alert.then_some("alert")>
            {heading.map(|heading| view! { <h2 class="notice-heading">{Icon::Failed.view()} {heading}</h2> })}
            <p class="notice-title">{advice.title}</p>
            <p>{advice.meaning}</p>
            <p class="notice-owner">{owner_words(advice.owner)}</p>
            {(!advice.steps.is_empty())
                .then(|| {
                    view! {
                        <ol class="notice-steps">
                            {advice.steps.into_iter().map(|step| view! { <li>{step}</li> }).collect_view()}
                        </ol>
                    }
                })}
            {advice
                .commands
                .into_iter()
                .map(|command| {
                    view! {
                        <figure class="command">
                            <figcaption>{command.place}</figcaption>
                            <pre tabindex="0">
                                <code>{command.text}</code>
                            </pre>
                        </figure>
                    }
                })
                .collect_view()}
            {(step.is_some() || request_id.is_some())
                .then(|| {
                    view! {
                        <dl class="facts">
                            {step.map(|step| view! { <div><dt>"Failed at"</dt><dd>{step}</dd></div> })}
                            {request_id
                                .map(|id| {
                                    view! { <div><dt>"Exchange’s request id"</dt><dd><code>{id}</code></dd></div> }
                                })}
                        </dl>
                    }
                })}
        </section>
    }
}

const fn owner_words(owner: Owner) -> &'static str {
    match owner {
        Owner::You => "You can fix this.",
        Owner::ExchangeAdmin => "Your Exchange administrator must act.",
        Owner::Operator => "Whoever runs Kalends must act.",
        Owner::Nobody => "Nobody needs to act: Kalends tries again by itself.",
    }
}

/// Who must act, in few words, for lists.
#[cfg(feature = "ssr")]
pub const fn owner_short(owner: Owner) -> &'static str {
    match owner {
        Owner::You => "The user must act",
        Owner::ExchangeAdmin => "Exchange admin must act",
        Owner::Operator => "Operator must act",
        Owner::Nobody => "Will pass",
    }
}
