//! The organisation's side: the accounts that admins hold, what people may do, what they asked for, and stopping it all.

pub mod account;
pub mod activity;
pub mod add;
pub mod click;
pub mod end;
mod fields;
pub mod mailboxes;
mod mend;
pub mod notices;
mod password;
pub mod pause;
pub mod policy;
pub mod requests;

use crate::{
    AppError,
    component::{Frame, TableHead, When, loaded},
    moment::Moment,
    request,
};
use leptos::{prelude::*, server_fn::ServerFn};

pub use fields::account_by_id;
pub use mend::mend;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct OrganisationView {
    accounts: Vec<AccountLine>,
    /// Since when everything is paused.
    global_pause: Option<Moment>,
    waiting_requests: i64,
    policy: Vec<String>,
    /// What runs, waits and was given up, in words.
    activity: String,
    ended: Vec<(String, String, Moment)>,
    flash: Option<String>,
}

/// One account of the list.
#[derive(Debug, Clone, PartialEq)]
struct AccountLine {
    link: String,
    label: String,
    name: String,
    domains: String,
    connections: i64,
    broken: i64,
    /// Short words about what is unusual: paused, held, a password that ends.
    notes: Vec<String>,
}

async fn organisation() -> Result<OrganisationView, AppError> {
    let admin = request::user_with(request::Right::Organisation).await?;
    let words = request::formatter(&admin).await?;
    let services = request::services();
    let store = &services.store;
    let held = store.held_accounts().await.map_err(request::internal)?;
    let policy = store.policy().await.map_err(request::internal)?;
    let global_pause = store.global_pause().await.map_err(request::internal)?;
    let ended = store.revocations().await.map_err(request::internal)?;
    Ok(OrganisationView {
        accounts: held
            .into_iter()
            .map(|held| AccountLine {
                link: format!("/organisation/accounts/{}", held.account.id),
                notes: fields::notes(&held.account, &words, services.clock.now()),
                label: held.account.label,
                name: held.account.name.to_string(),
                domains: held.domains.join(", "),
                connections: held.connections,
                broken: held.broken,
            })
            .collect(),
        global_pause: global_pause.map(|at| words.appointment(at, false)),
        waiting_requests: store
            .count_waiting_requests()
            .await
            .map_err(request::internal)?,
        policy: policy::rules(policy),
        activity: activity::summary(store).await?,
        ended: ended
            .into_iter()
            .map(|it| {
                let link = format!("/organisation/ended/{}", it.id);
                (link, it.label, words.appointment(it.at, false))
            })
            .collect(),
        flash: request::take_flash().await?,
    })
}

#[server(endpoint = "pause_everything")]
async fn pause_everything(
    #[server(default)] resume: bool,
    #[server(default)] sure: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Organisation).await?;
    if !resume && !sure {
        request::see_other("/organisation/pause");
        return Ok(());
    }
    kalends::accounts::organisation::pause_everything(&request::services(), &admin, !resume)
        .await
        .map_err(request::internal)?;
    // The page itself says that everything is paused.
    if resume {
        request::flash("Kalends asks Exchange again. Every calendar that is due is read now.")
            .await?;
    }
    request::see_other("/organisation");
    Ok(())
}

/// How many connections wait for somebody, in words.
fn needs_somebody(broken: i64) -> String {
    match broken {
        1 => "1 needs somebody to act".to_owned(),
        many => format!("{many} need somebody to act"),
    }
}

#[component]
pub fn OrganisationPage() -> impl IntoView {
    loaded(organisation, |view| view! { <Organisation view /> })
}

#[component]
fn Organisation(view: OrganisationView) -> impl IntoView {
    let OrganisationView {
        accounts,
        global_pause,
        waiting_requests,
        policy,
        activity,
        ended,
        flash,
    } = view;
    let is_paused = global_pause.is_some();
    view! {
        <Frame title="Organisation" wide=true>
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            {global_pause.map(|since| view! { <GlobalPause since /> })}
            <AccountsPanel accounts />
            <PeoplePanel waiting_requests />
            <section class="panel" aria-labelledby="rules">
                <h2 id="rules">"Policy"</h2>
                <ul>{policy.into_iter().map(|rule| view! { <li>{rule}</li> }).collect_view()}</ul>
                <p class="form-actions"><a class="button" href="/organisation/policy">"Change the policy"</a></p>
            </section>
            <section class="panel" aria-labelledby="notices">
                <h2 id="notices">"Alerts"</h2>
                <p>"Whoever must act is told by mail and webhook, once for each cause."</p>
                <p class="form-actions"><a class="button" href="/organisation/notices">"Alerts"</a></p>
            </section>
            <section class="panel" aria-labelledby="activity">
                <h2 id="activity">"Activity"</h2>
                <p>{activity}</p>
                <p class="form-actions"><a class="button" href="/organisation/activity">"Activity"</a></p>
            </section>
            <section class="panel" aria-labelledby="trail">
                <h2 id="trail">"Audit log"</h2>
                <p>"Who did what, and each time Kalends opened a password. Its lines are chained: one that was changed or removed is found."</p>
                <p class="form-actions"><a class="button" href="/audit">"Audit log"</a></p>
            </section>
            <StopPanel is_paused ended />
            <p class="panel-hint">"How these pages are made: " <a href="/style">"Style"</a></p>
        </Frame>
    }
}

/// Since when everything is paused, and the way on.
#[component]
fn GlobalPause(since: Moment) -> impl IntoView {
    view! {
        <div class="notice notice-waiting" role="status">
            <p>"Everything has been paused since " <When moment=since /> "."</p>
            <form method="post" action=PauseEverything::url()>
                <input type="hidden" name="resume" value="true" />
                <button class="button button-primary">"Resume everything"</button>
            </form>
        </div>
    }
}

#[component]
fn AccountsPanel(accounts: Vec<AccountLine>) -> impl IntoView {
    let none = accounts.is_empty();
    let add = if none {
        "button button-primary"
    } else {
        "button"
    };
    view! {
        <section class="panel" aria-labelledby="accounts">
            <h2 id="accounts">"Service accounts"</h2>
            {if none {
                view! {
                    <p class="empty">
                        "Add the account that may read calendars. People then connect with one click, and nobody else needs its password."
                    </p>
                }
                    .into_any()
            } else {
                view! { <Accounts accounts /> }.into_any()
            }}
            <p class="form-actions"><a class=add href="/organisation/accounts/new">"Add an account"</a></p>
        </section>
    }
}

#[component]
fn PeoplePanel(waiting_requests: i64) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="people">
            <h2 id="people">"People and mailboxes"</h2>
            <ul class="links">
                <li>
                    <a href="/organisation/mailboxes">"Map mailboxes"</a>
                    " shows which addresses the account reaches, and connects many at once."
                </li>
                <li>
                    <a href="/organisation/requests">"Requests"</a>
                    {match waiting_requests {
                        0 => " for mailboxes: none waiting.".to_owned(),
                        1 => " for mailboxes: 1 waits for you.".to_owned(),
                        many => format!(" for mailboxes: {many} wait for you."),
                    }}
                </li>
            </ul>
        </section>
    }
}

#[component]
fn StopPanel(is_paused: bool, ended: Vec<(String, String, Moment)>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="stop">
            <h2 id="stop">"Stop"</h2>
            <p>"Syncing stops at once. A check that somebody starts still asks Exchange. Connections and entries stay, and resuming goes on where it stopped."</p>
            {(!is_paused)
                .then(|| {
                    view! { <p class="form-actions"><a class="button button-danger" href="/organisation/pause">"Pause everything"</a></p> }
                })}
            {(!ended.is_empty())
                .then(|| {
                    view! {
                        <h3>"Disconnected accounts"</h3>
                        <ul>
                            {ended
                                .into_iter()
                                .map(|(link, label, at)| view! { <li><a href=link>{label}</a> ", " <When moment=at /></li> })
                                .collect_view()}
                        </ul>
                    }
                })}
        </section>
    }
}

#[component]
fn Accounts(accounts: Vec<AccountLine>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="List of service accounts" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Account", "Mail domains", "State", "Connections"] numbers=&["Connections"] />
                <tbody role="rowgroup">
                    {accounts
                        .into_iter()
                        .map(|account| {
                            let state = match account.broken {
                                0 if account.notes.is_empty() => vec!["In order".to_owned()],
                                0 => account.notes,
                                broken => {
                                    let mut notes = vec![needs_somebody(broken)];
                                    notes.extend(account.notes);
                                    notes
                                }
                            };
                            view! {
                                <tr role="row">
                                    <th role="rowheader" scope="row">
                                        <a href=account.link>{account.label}</a>
                                        <span class="cell-detail">{account.name}</span>
                                    </th>
                                    <td role="cell" data-label="Mail domains">{account.domains}</td>
                                    <td role="cell" data-label="State">
                                        {state.into_iter().map(|note| view! { <span class="cell-line">{note}</span> }).collect_view()}
                                    </td>
                                    <td role="cell" data-label="Connections" class="number">{account.connections}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
}

async fn how_many_pause() -> Result<i64, AppError> {
    request::user_with(request::Right::Organisation).await?;
    let store = request::services().store;
    let counts = store
        .count_connections(&kalends_store::ListQuery::default())
        .await;
    Ok(counts.map_err(request::internal)?.connections())
}

/// How many connections a pause stops.
fn stopping(connections: i64) -> String {
    match connections {
        1 => "1 connection stops within a second, in every running Kalends.".to_owned(),
        many => format!("{many} connections stop within a second, in every running Kalends."),
    }
}

/// Asks before everything stops.
#[component]
pub fn PausePage() -> impl IntoView {
    loaded(how_many_pause, |connections| {
        view! {
            <Frame title="Pause everything?">
                <div class="panel">
                    <ul>
                        <li>{stopping(connections)}</li>
                        <li>"Connection tests under way are cancelled, and nobody can connect."</li>
                        <li>"Nothing is deleted. What was read stays readable."</li>
                    </ul>
                    <form class="form-actions" method="post" action=PauseEverything::url()>
                        <input type="hidden" name="sure" value="true" />
                        <button class="button button-danger">"Pause everything"</button>
                        <a class="button" href="/organisation">"Do not pause"</a>
                    </form>
                </div>
            </Frame>
        }
    })
}
