//! The admin's overview: what needs action by its cause, how many connections are in which state, how rounds go, and
//! which servers there are. A new admin is led through the first steps.

#[cfg(feature = "ssr")]
mod plot;

use crate::{
    AppError,
    component::{Frame, Icon, When, loaded},
    moment::Moment,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OverviewView {
    /// What is still to be done at first; empty once calendars are connected.
    steps: Vec<FirstStep>,
    causes: Vec<CauseView>,
    /// Codes of states with how many connections are in them.
    states: Vec<(String, i64)>,
    requests: i64,
    is_paused: bool,
    rounds: PlotView,
    delays: PlotView,
    servers: Vec<ServerView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FirstStep {
    title: String,
    why: String,
    link: String,
    is_done: bool,
}

/// One thing that goes wrong, for some people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CauseView {
    title: String,
    account: String,
    people: String,
    owner: String,
    since: Moment,
    link: String,
    will_pass: bool,
}

/// A plot with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PlotView {
    svg: String,
    /// In one sentence.
    summary: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ServerView {
    host: String,
    product: String,
    build: String,
    ends: Option<Moment>,
    ends_soon: bool,
}

#[server(endpoint = "overview")]
async fn overview() -> Result<OverviewView, AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let words = request::words(&admin);
    let store = request::services().store;
    gather::overview(&store, &words)
        .await
        .map_err(request::internal)
}

#[cfg(feature = "ssr")]
mod gather {
    use super::{CauseView, FirstStep, OverviewView, PlotView, ServerView, plot};
    use crate::{component::owner_short, moment::Words, percent};
    use kalends::{
        advice::{Names, advice},
        clock::Timestamp,
        problem::{ENDS_SOON, Owner},
        store::{Account, Cause, DELAYS, RoundEnd, Store, StoreError, Wanted},
    };
    use std::{collections::BTreeMap, time::Duration};

    const HOUR: Duration = Duration::from_hours(1);
    /// How many hours the rounds are shown for, and how many days the delays are counted over.
    const HOURS: usize = 48;
    const DAYS: u64 = 7;

    pub async fn overview(store: &Store, words: &Words) -> Result<OverviewView, StoreError> {
        let counts = store.count_connections(&Wanted::default()).await?;
        let accounts = store.accounts().await?;
        let causes = store.causes().await?;
        let states = super::super::connections::filter::STATES
            .into_iter()
            .skip(1)
            .map(|state| {
                let code = super::super::connections::filter::code(state);
                (code.to_owned(), counts.of(state))
            })
            .collect();
        let people = counts.connections() + counts.not_connected;
        Ok(OverviewView {
            steps: steps(store, counts.connections(), people).await?,
            causes: by_urgency(&causes, &accounts, words),
            states,
            requests: store.count_waiting_requests().await?,
            is_paused: store.standstill().await?.is_some(),
            rounds: rounds(store, words).await?,
            delays: delays(store, words).await?,
            servers: servers(store, words).await?,
        })
    }

    /// Shown until somebody's calendar beside the admin's own is connected.
    async fn steps(
        store: &Store,
        connections: i64,
        people: i64,
    ) -> Result<Vec<FirstStep>, StoreError> {
        if connections > 1 {
            return Ok(Vec::new());
        }
        let has_account = !store.held_accounts().await?.is_empty();
        let has_map = !store.maps().await?.is_empty();
        let step = |title: &str, why: &str, link: &str, is_done| FirstStep {
            title: title.to_owned(),
            why: why.to_owned(),
            link: link.to_owned(),
            is_done,
        };
        Ok(vec![
            step(
                "Add the service account",
                "One account that may act for everybody's mailbox: nobody else has to type a password.",
                "/organisation/accounts/new",
                has_account,
            ),
            step(
                "Map the mailboxes",
                "See which mailboxes the account reaches before anybody relies on it.",
                "/organisation/mailboxes",
                has_map,
            ),
            step(
                "Invite people",
                "They sign in and connect with one click, or you connect them.",
                "/people",
                people > 1,
            ),
        ])
    }

    /// What somebody must act on first, then what will pass; the most people first within.
    fn by_urgency(causes: &[Cause], accounts: &[Account], words: &Words) -> Vec<CauseView> {
        let mut views: Vec<CauseView> = causes
            .iter()
            .map(|cause| {
                let account = accounts.iter().find(|account| account.id == cause.account);
                let names = Names {
                    account: account.map(|it| it.name.to_string()).unwrap_or_default(),
                    endpoint: account
                        .map(|it| it.endpoint.to_string())
                        .unwrap_or_default(),
                    utc_offset: Some(words.utc_offset()),
                    ..Names::default()
                };
                let told = advice(&cause.problem, &names);
                let people = match cause.people {
                    1 => "1 person".to_owned(),
                    many => format!("{many} people"),
                };
                let link = [
                    ("cause", &*cause.code),
                    ("account", &*cause.account.to_string()),
                ];
                CauseView {
                    title: told.title,
                    account: account.map_or_else(String::new, |account| {
                        if account.label.is_empty() {
                            account.name.to_string()
                        } else {
                            account.label.clone()
                        }
                    }),
                    people,
                    owner: owner_short(told.owner).to_owned(),
                    since: words.appointment(cause.since, false),
                    link: format!("/connections{}", percent::query(&link, 1)),
                    will_pass: told.owner == Owner::Nobody,
                }
            })
            .collect();
        views.sort_by_key(|view| view.will_pass);
        views
    }

    async fn rounds(store: &Store, words: &Words) -> Result<PlotView, StoreError> {
        let since = words.now - HOUR * u32::try_from(HOURS - 1).unwrap_or(0);
        let found = store.round_hours(since).await?;
        let first = since.millis().div_euclid(3_600_000);
        let mut stacks = vec![[0i64; 3]; HOURS];
        for (hour, end, number) in found {
            let place = usize::try_from(hour.millis().div_euclid(3_600_000) - first);
            if let Some(stack) = place.ok().and_then(|place| stacks.get_mut(place)) {
                stack[match end {
                    RoundEnd::Fine => 0,
                    RoundEnd::Delayed => 1,
                    RoundEnd::Failed => 2,
                }] += number;
            }
        }
        let hour_at = |place: usize| {
            let hours = i64::try_from(place).unwrap_or(0);
            words.zoned(Timestamp::from_millis((first + hours) * 3_600_000))
        };
        let labels = (0..HOURS)
            .filter(|place| hour_at(*place).hour() % 6 == 0)
            .map(|place| {
                let at = hour_at(place);
                let form = if at.hour() == 0 { "%a" } else { "%H:%M" };
                (place, at.strftime(form).to_string())
            })
            .collect();
        let sum = |part: usize| stacks.iter().map(|stack| stack[part]).sum::<i64>();
        let summary = format!(
            "In the last {HOURS} hours {} rounds went well, {} were delayed by what passes, and {} failed.",
            sum(0),
            sum(1),
            sum(2)
        );
        let rows = stacks
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, stack)| stack.iter().any(|number| *number > 0))
            .map(|(place, stack)| {
                let mut cells = vec![hour_at(place).strftime("%a %-d %b %H:00").to_string()];
                cells.extend(stack.iter().map(ToString::to_string));
                cells
            })
            .collect();
        Ok(PlotView {
            svg: plot::svg(&plot::Bars { stacks, labels }),
            summary,
            head: ["Hour", "Fine", "Delayed", "Failed"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        })
    }

    async fn delays(store: &Store, words: &Words) -> Result<PlotView, StoreError> {
        let since = words.now - HOUR * 24 * u32::try_from(DAYS).unwrap_or(0);
        let mut counted: BTreeMap<i64, i64> = BTreeMap::new();
        for (_, minutes, entries) in store.delay_hours(since).await? {
            *counted.entry(minutes).or_default() += entries;
        }
        let label = |minutes: i64| match minutes {
            0 => "longer".to_owned(),
            60 => "1 hour".to_owned(),
            minutes => format!("{minutes} min"),
        };
        let numbers: Vec<(i64, i64)> = DELAYS
            .into_iter()
            .map(|minutes| (minutes, counted.get(&minutes).copied().unwrap_or(0)))
            .collect();
        let total: i64 = numbers.iter().map(|(_, entries)| entries).sum();
        let soon: i64 = numbers
            .iter()
            .filter(|(minutes, _)| (1..=10).contains(minutes))
            .map(|(_, entries)| entries)
            .sum();
        let summary = if total == 0 {
            format!("No entry has changed in Exchange in the last {DAYS} days.")
        } else {
            format!(
                "Of {total} changes in the last {DAYS} days, {soon} were here within 10 minutes."
            )
        };
        Ok(PlotView {
            svg: plot::svg(&plot::Bars {
                stacks: numbers
                    .iter()
                    .map(|(_, entries)| [*entries, 0, 0])
                    .collect(),
                labels: numbers
                    .iter()
                    .enumerate()
                    .map(|(place, (minutes, _))| (place, label(*minutes)))
                    .collect(),
            }),
            summary,
            head: ["Within", "Changes"].map(str::to_owned).to_vec(),
            rows: numbers
                .iter()
                .filter(|_| total > 0)
                .map(|(minutes, entries)| vec![label(*minutes), entries.to_string()])
                .collect(),
        })
    }

    async fn servers(store: &Store, words: &Words) -> Result<Vec<ServerView>, StoreError> {
        let found = store.servers().await?;
        Ok(found
            .into_iter()
            .map(|server| ServerView {
                host: server.host,
                product: server
                    .build
                    .map_or("not known yet", kalends::ews::ServerBuild::product)
                    .to_owned(),
                build: server
                    .build
                    .map(|build| build.to_string())
                    .unwrap_or_default(),
                ends_soon: server
                    .certificate
                    .as_ref()
                    .is_some_and(|it| it.not_after < words.now + ENDS_SOON),
                ends: server
                    .certificate
                    .map(|certificate| words.appointment(certificate.not_after, true)),
            })
            .collect())
    }
}

#[component]
pub fn OverviewPage() -> impl IntoView {
    loaded(
        Resource::new(|| (), |()| overview()),
        |view| view! { <Overview view /> },
    )
}

#[component]
fn Overview(view: OverviewView) -> impl IntoView {
    let OverviewView {
        steps,
        causes,
        states,
        requests,
        is_paused,
        rounds,
        delays,
        servers,
    } = view;
    let quiet = causes.is_empty();
    let any = states
        .iter()
        .any(|(code, number)| code != "not_connected" && *number > 0);
    view! {
        <Frame title="Overview" wide=true>
            {is_paused
                .then(|| view! { <p class="notice notice-waiting">"Everything is paused. " <a href="/organisation">"Resume on the page Organisation"</a></p> })}
            {(!steps.is_empty()).then(|| view! { <FirstSteps steps /> })}
            {(requests > 0)
                .then(|| {
                    let words = if requests == 1 { "1 person waits for your word on a mailbox.".to_owned() } else { format!("{requests} requests for mailboxes wait for your word.") };
                    view! { <p class="notice notice-waiting">{words} " " <a href="/organisation/requests">"Decide"</a></p> }
                })}
            <nav class="tiles" aria-label="Connections by state">
                {states
                    .into_iter()
                    .map(|(code, number)| {
                        let class = match (code.as_str(), number) {
                            (_, 0) => "tile",
                            ("action_needed", _) => "tile tile-bad",
                            ("delayed" | "paused", _) => "tile tile-waiting",
                            ("connected", _) => "tile tile-good",
                            _ => "tile",
                        };
                        view! {
                            <a class=class href=format!("/connections?state={code}")>
                                <span class="tile-number">{number}</span>
                                <span>{super::connections::state_label(&code)}</span>
                            </a>
                        }
                    })
                    .collect_view()}
            </nav>
            <section class="panel" aria-labelledby="causes">
                <h2 id="causes">"What needs action"</h2>
                {match (quiet, any) {
                    (true, true) => view! { <p class="all-well">{Icon::Passed.view()} " Nothing. Every connection works."</p> }.into_any(),
                    (true, false) => view! { <p class="empty">"No calendar is connected yet."</p> }.into_any(),
                    (false, _) => view! { <Causes causes /> }.into_any(),
                }}
            </section>
            {any
                .then(|| {
                    view! {
                        <div class="plots">
                            <Plot title="Rounds" id="rounds" plot=rounds />
                            <Plot title="From Exchange to here" id="delays" plot=delays />
                        </div>
                        <Servers servers />
                    }
                })}
        </Frame>
    }
}

#[component]
fn FirstSteps(steps: Vec<FirstStep>) -> impl IntoView {
    let next = steps.iter().position(|step| !step.is_done);
    view! {
        <section class="panel" aria-labelledby="first">
            <h2 id="first">"First steps"</h2>
            <ol class="first-steps">
                {steps
                    .into_iter()
                    .enumerate()
                    .map(|(place, step)| {
                        let is_next = next == Some(place);
                        let class = if is_next { "button button-primary" } else { "button" };
                        let link = step.link;
                        view! {
                            <li class=if step.is_done { "first-step first-step-done" } else { "first-step" }>
                                <div>
                                    <strong>{step.title}</strong>
                                    {step.is_done.then(|| view! { <span class="first-step-mark">{Icon::Passed.view()} "done"</span> })}
                                    <p class="panel-hint">{step.why}</p>
                                </div>
                                {(!step.is_done).then(|| view! { <a class=class href=link>{if is_next { "Begin" } else { "Open" }}</a> })}
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        </section>
    }
}

#[component]
fn Causes(causes: Vec<CauseView>) -> impl IntoView {
    view! {
        <ul class="causes">
            {causes
                .into_iter()
                .map(|cause| {
                    let class = if cause.will_pass { "cause cause-waiting" } else { "cause cause-bad" };
                    view! {
                        <li class=class>
                            <span class="cause-people"><a href=cause.link>{cause.people}</a></span>
                            <span class="cause-main">
                                <strong>{cause.title}</strong>
                                <span class="cell-detail">{cause.owner} " · " {cause.account} " · since " <When moment=cause.since /></span>
                            </span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}

#[component]
fn Plot(title: &'static str, id: &'static str, plot: PlotView) -> impl IntoView {
    let PlotView {
        svg,
        summary,
        head,
        rows,
    } = plot;
    let none = rows.is_empty();
    view! {
        <section class="panel" aria-labelledby=id>
            <h2 id=id>{title}</h2>
            <p class="panel-hint">{summary}</p>
            {(!none).then(|| view! { <div class="plot" inner_html=svg></div> })}
            {(!none)
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>"As a table"</summary>
                            <div class="table-box" role="region" aria-label=title tabindex="0">
                                <table class="table">
                                    <thead><tr>{head.into_iter().map(|name| view! { <th scope="col">{name}</th> }).collect_view()}</tr></thead>
                                    <tbody>
                                        {rows
                                            .into_iter()
                                            .map(|row| view! { <tr>{row.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr> })
                                            .collect_view()}
                                    </tbody>
                                </table>
                            </div>
                        </details>
                    }
                })}
        </section>
    }
}

#[component]
fn Servers(servers: Vec<ServerView>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="servers">
            <h2 id="servers">"Exchange servers"</h2>
            <div class="table-box" role="region" aria-label="Exchange servers" tabindex="0">
                <table class="table table-stack" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"Host"</th>
                            <th role="columnheader" scope="col">"Product"</th>
                            <th role="columnheader" scope="col">"Certificate ends"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">
                        {servers
                            .into_iter()
                            .map(|server| {
                                view! {
                                    <tr role="row">
                                        <th role="rowheader" scope="row">{server.host}</th>
                                        <td role="cell" data-label="Product">{server.product} <span class="cell-detail">{server.build}</span></td>
                                        <td role="cell" data-label="Ends" class=if server.ends_soon { "cell-bad" } else { "" }>
                                            {server.ends.map_or_else(|| "not known yet".into_any(), |moment| view! { <When moment /> }.into_any())}
                                        </td>
                                    </tr>
                                }
                            })
                            .collect_view()}
                    </tbody>
                </table>
            </div>
        </section>
    }
}
