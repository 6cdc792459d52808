//! Advice as people read it: what happened, who must act, what to do, and the commands to paste.

use crate::component::{CopyButton, Icon};
use kalends_core::{
    advice::{Advice, Command},
    problem::Owner,
};
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
    /// An attempt of a moment ago ended like this: it is announced at once, and trying again is up to the reader.
    #[prop(optional)]
    just_tried: bool,
    /// Only what happened and who must act; the rest unfolds.
    #[prop(optional)]
    folded: bool,
    /// It stands on the problem's own page.
    #[prop(optional)]
    is_help: bool,
) -> impl IntoView {
    let class = match advice.owner {
        Owner::Nobody => "notice advice notice-waiting",
        Owner::You | Owner::ExchangeAdmin | Owner::Operator => "notice advice notice-bad",
    };
    let goes_on = (folded && advice.is_up_to_others() && advice.owner != Owner::Nobody)
        .then_some(" The calendar then goes on by itself.");
    let owner = view! {
        <p class="notice-owner">{owner_words(&advice, just_tried, is_help)} {goes_on}</p>
    };
    let meaning = view! { <p class="notice-meaning">{advice.meaning}</p> };
    let about = (!is_help).then(|| format!("/help/problems/{}", advice.code));
    let on_role = advice.on_role;
    // Below stands a form with what was typed, which a page in its place would lose.
    let tab = just_tried.then_some("_blank");
    let what_to_do = view! { <WhatToDo steps=advice.steps commands=advice.commands folds=advice.lists_causes && !is_help /> };
    view! {
        <section class=class role=just_tried.then_some("alert")>
            <div class="advice-head">
                {heading.map(|heading| view! { <h2 class="notice-heading">{Icon::Failed.view()} {heading}</h2> })}
                <p class="notice-title">{advice.title}</p>
                {step.map(|step| view! { <dl class="facts"><div><dt>"Failed at"</dt><dd>{step}</dd></div></dl> })}
            </div>
            {if folded {
                view! {
                    {owner}
                    <details>
                        <summary>"What to do"</summary>
                        <div class="advice-more">{meaning} {what_to_do}</div>
                    </details>
                }
                    .into_any()
            } else {
                view! { {meaning} {owner} {what_to_do} }.into_any()
            }}
            <Links about on_role tab />
            {request_id
                .map(|id| view! { <p class="notice-id">"Request id: " <code>{id}</code></p> })}
        </section>
    }
}

/// How many causes of a list are shown at first.
const MAX_CAUSES_SHOWN: usize = 2;

/// The steps and commands. Of a list of causes, most of which only an administrator can look into, the first are shown
/// and the others folded.
#[component]
fn WhatToDo(mut steps: Vec<String>, commands: Vec<Command>, folds: bool) -> impl IntoView {
    if !folds {
        return view! { <Steps steps from=1 /> <Commands commands /> }.into_any();
    }
    let rest = steps.split_off(MAX_CAUSES_SHOWN.min(steps.len()));
    let next = steps.len() + 1;
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    };
    let summary = format!(
        "If that is not it: {} and {} for the administrator",
        count(rest.len(), "more step"),
        count(commands.len(), "command")
    );
    view! {
        <Steps steps from=1 />
        <details>
            <summary>{summary}</summary>
            <div class="advice-more">
                <Steps steps=rest from=next />
                <Commands commands />
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Steps(steps: Vec<String>, from: usize) -> impl IntoView {
    (!steps.is_empty()).then(|| {
        view! {
            <ol class="notice-steps" start=from>
                {steps.into_iter().map(|step| view! { <li>{step}</li> }).collect_view()}
            </ol>
        }
    })
}

#[component]
fn Commands(commands: Vec<Command>) -> impl IntoView {
    let several = commands.len() > 1;
    commands
        .into_iter()
        .zip(1..)
        .map(|(command, number)| {
            view! { <CommandBlock command number=several.then_some(number) /> }
        })
        .collect_view()
}

/// A command to copy, with what it is for and where it is run.
#[component]
pub fn CommandBlock(
    command: Command,
    /// By which sentences beside it call it.
    #[prop(optional_no_strip)]
    number: Option<usize>,
) -> impl IntoView {
    let number = number.map(|number| format!("Command {number} · "));
    view! {
        <figure class="command copyable">
            <figcaption>
                <span>{number} <strong>{command.purpose.label()}</strong> " · " {command.place}</span>
                <CopyButton />
            </figcaption>
            <pre class="copy-text" tabindex="0">
                <code>{words(&command.text)}</code>
            </pre>
        </figure>
    }
}

/// A command breaks between its words only, never behind the hyphen of an option.
fn words(command: &str) -> impl IntoView {
    command
        .split_inclusive(' ')
        .map(|word| {
            let (word, gap) = word
                .strip_suffix(' ')
                .map_or((word, ""), |word| (word, " "));
            view! { <span class="word">{word.to_owned()}</span> {gap} }
        })
        .collect_view()
}

fn owner_words(advice: &Advice, just_tried: bool, is_help: bool) -> &'static str {
    match advice.owner {
        Owner::Nobody if advice.is_pause() => "Nobody needs to act; an administrator resumes it.",
        Owner::Nobody if just_tried => "Nobody needs to act. Try again in a few minutes.",
        Owner::Nobody if is_help => {
            "Nobody needs to act. A saved connection is tried again by itself; a new one you try again yourself, in a few minutes."
        }
        Owner::You => "You can fix this.",
        Owner::ExchangeAdmin => "Your Exchange administrator must act.",
        Owner::Operator => "A Kalends administrator must act.",
        Owner::Nobody => "Nobody needs to act: Kalends tries again by itself.",
    }
}

/// Who must act, in few words, for lists.
pub const fn owner_short(owner: Owner) -> &'static str {
    match owner {
        Owner::You => "The user must act",
        Owner::ExchangeAdmin => "Exchange administrator must act",
        Owner::Operator => "A Kalends administrator must act",
        Owner::Nobody => "Will pass",
    }
}

/// Where to read on.
#[component]
fn Links(about: Option<String>, on_role: bool, tab: Option<&'static str>) -> impl IntoView {
    (about.is_some() || on_role)
        .then(|| {
            view! {
                <p class="notice-links">
                    {about.map(|link| view! { <a href=link rel="external" target=tab>"About this problem"</a> " " })}
                    {on_role
                        .then(|| view! { <a href="/help/service-account" rel="external" target=tab>"Using an Exchange service account"</a> })}
                </p>
            }
        })
}
