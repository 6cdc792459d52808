//! The design itself: everything that pages are made of, on one page, for whoever changes it.

mod lists;

use crate::{
    AppError,
    component::{
        CopyButton, Field, Frame, LadderView, Notice, StateBadge, StateView, choice, loaded,
    },
    request,
};
use islands::error::FieldErrors;
use kalends_core::{
    advice::{Advice, Names, advice},
    check::{Step, StepReport, TestSteps, Verdict},
    connection::ConnectionState,
    problem::Problem,
};
use leptos::prelude::*;
use lists::Lists;

/// Parts that only the server can make.
#[derive(Debug, Clone, PartialEq)]
struct Samples {
    bad: Advice,
    waiting: Advice,
    ladder: TestSteps,
}

async fn style() -> Result<Samples, AppError> {
    request::user_with(request::Right::Organisation).await?;
    let names = Names::example();
    let mut ladder = TestSteps::new();
    for (step, verdict, seen) in [
        (Step::Dns, Verdict::Passed, Some("192.0.2.10")),
        (Step::Tcp, Verdict::Passed, None),
        (Step::SignIn, Verdict::Failed, Some("401")),
    ] {
        ladder.set(StepReport {
            step,
            verdict,
            millis: Some(12),
            seen: seen.map(str::to_owned),
            warns: false,
            details: Vec::new(),
        });
    }
    Ok(Samples {
        bad: advice(&Problem::ImpersonationDenied, &names),
        waiting: advice(
            &Problem::Throttled {
                wait_millis: 60_000,
            },
            &names,
        ),
        ladder,
    })
}

#[component]
pub fn StylePage() -> impl IntoView {
    loaded(style, |samples| view! { <Style samples /> })
}

/// Names of the colours that mean something, with what they mean.
const COLOURS: [(&str, &str); 10] = [
    ("surface", "What things stand on"),
    ("background", "Behind everything"),
    ("border", "Lines between things"),
    ("border-input", "Around what can be filled in"),
    ("text", "Formatter"),
    ("text-soft", "Formatter that explain others"),
    ("accent", "What can be pressed, and where the reader is"),
    ("good", "It works"),
    ("waiting", "It will pass, or waits for a word"),
    ("bad", "Somebody must act"),
];

#[component]
fn Style(samples: Samples) -> impl IntoView {
    view! {
        <Frame title="Style" wide=true>
            <p class="lead">"Every page is made of these. They follow your light or dark theme, forced colours and reduced motion."</p>
            <section class="panel" aria-labelledby="colours">
                <h2 id="colours">"Colours"</h2>
                <ul class="swatches">
                    {COLOURS
                        .into_iter()
                        .map(|(name, meaning)| {
                            view! {
                                <li>
                                    <span class="swatches-both" aria-hidden="true">
                                        <span class=format!("swatch swatch-{name} scheme-light")></span>
                                        <span class=format!("swatch swatch-{name} scheme-dark")></span>
                                    </span>
                                    <span><code>{name}</code> <span class="cell-detail">{meaning}</span></span>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </section>
            <section class="panel" aria-labelledby="schemes">
                <h2 id="schemes">"Light and dark"</h2>
                <div class="schemes">{scheme("Light", "scheme scheme-light")} {scheme("Dark", "scheme scheme-dark")}</div>
            </section>
            <Formatter />
            <Forms />
            <section class="panel" aria-labelledby="states">
                <h2 id="states">"Tiles and filters"</h2>
                <nav class="tiles" aria-label="Tiles">
                    <a class="tile tile-bad" href="#states"><span class="tile-number">"3"</span> <span>"Action needed"</span></a>
                    <a class="tile tile-waiting" href="#states"><span class="tile-number">"1"</span> <span>"Delayed"</span></a>
                    <a class="tile tile-good" href="#states"><span class="tile-number">"240"</span> <span>"Connected"</span></a>
                </nav>
                <nav class="filters" aria-label="Filters">
                    <a class="filter" href="#states" aria-current="page">"Chosen" <span class="filter-count">"12"</span></a>
                    <a class="filter" href="#states">"Another" <span class="filter-count">"3"</span></a>
                </nav>
            </section>
            <section class="panel" aria-labelledby="notices">
                <h2 id="notices">"Notices"</h2>
                <Notice advice=samples.bad heading=Some("Failed to connect exchange calendar".to_owned()) />
                <Notice advice=samples.waiting folded=true />
            </section>
            <section class="panel" aria-labelledby="ladder">
                <h2 id="ladder">"The ladder"</h2>
                <LadderView ladder=samples.ladder />
            </section>
            <Lists />
        </Frame>
    }
}

/// The same in one scheme, whatever the reader's is.
fn scheme(name: &'static str, class: &'static str) -> impl IntoView {
    view! {
        <div class=class>
            <h3>{name}</h3>
            <p>"Formatter, " <a href="#schemes">"a link"</a> " and " <code>"code"</code> "."</p>
            <p class="panel-hint">"A hint."</p>
            <p class="form-actions">
                <a class="button button-primary" href="#schemes">"The one to press"</a>
                <a class="button" href="#schemes">"Another"</a>
                <a class="button button-danger" href="#schemes">"Loses something"</a>
                <a class="button button-quiet" href="#schemes">"Quiet"</a>
            </p>
            <p class="form-actions">
                <StateBadge state=StateView::NotConnected />
                {ConnectionState::ALL.into_iter().map(|state| view! { <StateBadge state=StateView::Is(state) /> }).collect_view()}
            </p>
            <p class="notice">"Something to know."</p>
            <p class="notice notice-good">"Something worked."</p>
            <p class="notice notice-waiting">"Something passes, or waits."</p>
            <p class="notice notice-bad">"Somebody must act."</p>
        </div>
    }
}

#[component]
fn Formatter() -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="type">
            <h2 id="type">"Type"</h2>
            <h3>"A heading of the third level"</h3>
            <p class="lead">"A leading sentence says what the page is for."</p>
            <p>"Formatter are short and active. " <a href="#type">"A link"</a> " is underlined; " <strong>"what counts"</strong> " is strong; " <code>"what is typed"</code> " is code."</p>
            <p class="panel-hint">"A hint explains, and can be left unread."</p>
            <figure class="command copyable">
                <figcaption><span><strong>"Run"</strong> " · In the Exchange Management Shell"</span> <CopyButton /></figcaption>
                <pre class="copy-text" tabindex="0"><code>"Get-ExchangeServer"</code></pre>
            </figure>
            <p><span class="tag">"A tag"</span></p>
        </section>
    }
}

#[component]
fn Forms() -> impl IntoView {
    let fine = Signal::stored(FieldErrors::new());
    view! {
        <section class="panel" aria-labelledby="forms">
            <h2 id="forms">"Fields"</h2>
            <form class="form" method="get" action="/style">
                <Field label="A field" name="sample" hint="What belongs here." errors=fine />
                // As `Field` makes it, without taking the focus.
                <div class="field">
                    <label for="sample-wrong">"A field with a mistake"</label>
                    <input id="sample-wrong" value="bob" aria-invalid="true" aria-describedby="sample-wrong-error" />
                    <p class="field-error" id="sample-wrong-error">"Say what is wrong and what it should look like."</p>
                </div>
                <div class="field">
                    <label for="sample-select">"One of many" <span class="field-aside">"optional"</span></label>
                    <select id="sample-select"><option>"Any account"</option><option>"Head office"</option></select>
                </div>
                <div class="field">
                    <label for="sample-text">"Many lines"</label>
                    <textarea id="sample-text" rows="3" spellcheck="false">"bob@example.test"</textarea>
                </div>
                <div class="field">
                    <label for="sample-file">"A file"</label>
                    <input id="sample-file" type="file" />
                </div>
                <label class="check"><input type="checkbox" checked=true /> <span>"A box to tick"</span></label>
                <fieldset class="choices">
                    <legend>"A choice"</legend>
                    {choice("sample_choice", "one", "One", "And what it means.", true)}
                    {choice("sample_choice", "two", "Another", "And what that means.", false)}
                </fieldset>
            </form>
            <div>
                <p id="sample-progress">"120 of 240 addresses asked"</p>
                <progress max="240" value="120" aria-labelledby="sample-progress"></progress>
            </div>
            <details class="more"><summary>"What few people need"</summary><p>"It is folded away."</p></details>
        </section>
    }
}
