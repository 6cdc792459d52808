//! The admin's overview: what needs action by its cause, how many connections are in which state, how sync runs go, and
//! which servers there are. A new admin is led through the first steps.

mod clock;
mod gather;
mod plot;
mod restored;
mod view;

use crate::{
    AppError,
    component::{AllPaused, Follow, Frame, Icon, TableHead, When, loaded, state_label},
    request,
};
use kalends_core::topic::Topic;
use leptos::prelude::*;
use restored::Restored;
use view::{FirstStep, OverviewView, OwnerView, PlotView, ServerView};

async fn overview() -> Result<OverviewView, AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let words = request::formatter(&admin).await?;
    let services = request::services();
    let endings = request::ending_certificates(None).await?;
    let peer = services.peers.only_one().map(|peer| peer.to_string());
    let mail = services.channels.mail();
    let is_mail_refused = mail.is_some_and(kalends::notify::Mailer::is_sign_in_refused);
    let gathered = gather::overview(&services.store, &words, endings, is_mail_refused).await;
    let mut view = gathered.map_err(request::internal)?;
    view.only_peer = peer;
    let jumps = services.store.clock_jumps(words.now).await;
    let jumps = jumps.map_err(request::internal)?;
    view.warnings = jumps.iter().map(|it| clock::told(it, &words)).collect();
    if services.peers.has_unreadable() {
        view.warnings.push(
            "Your proxy names visitors in X-Forwarded-For by something that is no address. Kalends takes all of them for one, \
             so that a few wrong passwords of one keep everybody waiting. Let the proxy write their addresses alone."
                .to_owned(),
        );
    }
    if let Some(behind) = services.clock_watch.behind().await {
        view.warnings.insert(0, clock::behind(behind));
    }
    let unreadable = services.store.unreadable().await;
    for (table, id) in unreadable.map_err(request::internal)? {
        view.warnings.push(format!(
            "The row {id} of the table {table} in the main database cannot be read: it is left out, and nothing is done for it. \
             The log says what is wrong; mend the row, or restore it from a backup."
        ));
    }
    view.restored = restored::restored(&services, &words).await?;
    Ok(view)
}

#[component]
pub fn OverviewPage() -> impl IntoView {
    loaded(overview, |view| view! { <Overview view /> })
}

#[component]
fn Overview(view: OverviewView) -> impl IntoView {
    let OverviewView {
        steps,
        owners,
        endings,
        states,
        silence,
        only_peer,
        warnings,
        restored,
        requests,
        is_paused,
        sync_runs,
        delays,
        servers,
    } = view;
    let any = any_connected(&states);
    view! {
        <Frame title="Overview" wide=true>
            {is_paused.then(|| view! { <AllPaused /> })}
            {warnings.into_iter().map(|words| view! { <p class="notice notice-waiting">{words}</p> }).collect_view()}
            <Restored view=restored />
            {(!steps.is_empty()).then(|| view! { <FirstSteps steps /> })}
            <OverviewNotices only_peer silence requests />
            <Follow topics=vec![Topic::Overview] />
            <Tiles states=states.clone() />
            <NeedsAction owners endings states />
            {any
                .then(|| {
                    view! {
                        <div class="plots">
                            <Plot title="Syncs" id="syncs" plot=sync_runs />
                            <Plot title="Sync delay" id="delays" plot=delays />
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
fn Causes(owner: OwnerView) -> impl IntoView {
    let OwnerView {
        title,
        will_pass,
        causes,
    } = owner;
    let class = if will_pass {
        "cause cause-waiting"
    } else {
        "cause cause-bad"
    };
    view! {
        <h3>{title}</h3>
        <ul class="causes">
            {causes
                .into_iter()
                .map(|cause| {
                    view! {
                        <li class=class>
                            <span class="cause-people"><a href=cause.link>{cause.people}</a></span>
                            <span class="cause-main">
                                <strong>{cause.title}</strong>
                                <span class="cell-detail">{cause.place} " · since " <When moment=cause.since /></span>
                                {cause.cure.map(|page| view! { <a href=page>"Open account"</a> })}
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
                            <div class="table-box" role="region" aria-label=format!("{title} as a table") tabindex="0">
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
            <div class="table-box" role="region" aria-label="Servers and certificates" tabindex="0">
                <table class="table table-stack" role="table">
                    <TableHead columns=&["Host", "Product", "Certificate ends"] />
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

/// What an admin should know beside the connections.
#[component]
fn OverviewNotices(
    only_peer: Option<String>,
    silence: Option<String>,
    requests: i64,
) -> impl IntoView {
    view! {
        {only_peer
            .map(|peer| {
                view! {
                    <p class="notice notice-waiting">
                        {format!("Every request comes from {peer}, which is no trusted proxy. Kalends takes all visitors for one, so that a few wrong passwords of one keep everybody waiting. Name your proxy in ")}
                        <code>"KALENDS_TRUSTED_PROXIES"</code> " and start Kalends again."
                    </p>
                }
            })}
        {silence
            .map(|words| {
                view! { <p class="notice notice-waiting">{words} " " <a href="/organisation/notices">"See the alerts"</a></p> }
            })}
        {(requests > 0)
            .then(|| {
                let words = if requests == 1 { "1 request for a mailbox is waiting.".to_owned() } else { format!("{requests} requests for mailboxes are waiting.") };
                view! { <p class="notice notice-waiting">{words} " " <a href="/organisation/requests">"Decide"</a></p> }
            })}
    }
}

/// How many connections are in which state.
#[component]
fn Tiles(states: Vec<(String, i64)>) -> impl IntoView {
    view! {
        <nav class="tiles" id="tiles" data-live="" aria-label="Connections by state">
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
                            <span>{state_label(&code)}</span>
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
}

#[component]
fn NeedsAction(
    owners: Vec<OwnerView>,
    endings: Vec<String>,
    states: Vec<(String, i64)>,
) -> impl IntoView {
    let quiet = owners.is_empty() && endings.is_empty();
    let paused: i64 = states
        .iter()
        .filter(|(code, _)| code == "paused")
        .map(|(_, number)| number)
        .sum();
    let any = any_connected(&states);
    view! {
        <section class="panel" id="needs-action" data-live="" aria-labelledby="causes">
            <h2 id="causes">"What needs action"</h2>
            {endings.into_iter().map(|ending| view! { <p class="notice notice-waiting">{ending}</p> }).collect_view()}
            {match (quiet, any) {
                (true, true) if paused > 0 => view! {
                    <p class="empty">
                        {if paused == 1 { "Nothing; 1 connection is paused.".to_owned() } else { format!("Nothing; {paused} connections are paused.") }}
                    </p>
                }
                    .into_any(),
                (true, true) => view! { <p class="all-well">{Icon::Passed.view()} " Nothing. Every connection works."</p> }.into_any(),
                (true, false) => view! { <p class="empty">"No calendar is connected yet."</p> }.into_any(),
                (false, _) => owners.into_iter().map(|owner| view! { <Causes owner /> }).collect_view().into_any(),
            }}
        </section>
    }
}

fn any_connected(states: &[(String, i64)]) -> bool {
    states
        .iter()
        .any(|(code, number)| code != "not_connected" && *number > 0)
}
