//! What Kalends stores about the reader: what, how much, since when, who looked; to take away, or to delete.

use crate::{
    AppError,
    component::{Frame, When, loaded},
    moment::Moment,
    page::privacy::level_words,
    request,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    connection::Mode,
};
use leptos::{prelude::*, server_fn::ServerFn};

/// The most lines of who looked.
const MAX_LINES: i64 = 200;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct DataExportView {
    /// Names and values, a table of what there is.
    facts: Vec<(String, String)>,
    since: Option<Moment>,
    level: String,
    accesses: Vec<AccessLine>,
    has_entries: bool,
    flash: Option<String>,
}

/// What others did, one line for the same thing done several times in a day.
#[derive(Debug, Clone, PartialEq)]
struct AccessLine {
    who: String,
    what: String,
    times: usize,
    last: Moment,
}

async fn data_export() -> Result<DataExportView, AppError> {
    let user = request::user().await?;
    let words = request::formatter(&user).await?;
    let store = request::services().store;
    let connection = store
        .connection_of(user.id)
        .await
        .map_err(request::internal)?;
    let kept = store
        .stored_counts(user.id)
        .await
        .map_err(request::internal)?;
    let level = store.privacy_of(user.id).await.map_err(request::internal)?;
    let facts = facts(&user, connection.as_ref(), kept);
    let found = store.looked_at(&user, connection.as_ref(), MAX_LINES).await;
    let found = found.map_err(request::internal)?;
    let accesses = access_lines(found, &words).await?;
    Ok(DataExportView {
        facts,
        since: connection.map(|it| words.appointment(it.connected_at, false)),
        level: level_words(level).to_owned(),
        accesses,
        has_entries: kept.entries > 0,
        flash: request::take_flash().await?,
    })
}

/// One line for the same thing done several times in a day.
async fn access_lines(
    found: Vec<kalends_store::AccessRecord>,
    words: &crate::moment::Formatter,
) -> Result<Vec<AccessLine>, AppError> {
    let store = request::services().store;
    let mut looked: Vec<(kalends_store::AccessRecord, usize)> = Vec::new();
    for line in found {
        let day = |at| words.zoned(at).date();
        let same = looked.iter_mut().find(|(first, _)| {
            first.by == line.by && first.action == line.action && day(first.at) == day(line.at)
        });
        match same {
            Some((_, times)) => *times += 1,
            None => looked.push((line, 1)),
        }
    }
    let mut lines = Vec::new();
    for (line, times) in looked {
        let who = match line.by {
            Some(id) => {
                let found = store.user(id).await.map_err(request::internal)?;
                found.map_or("Somebody who is gone".to_owned(), |user| user.name)
            }
            None => "Kalends".to_owned(),
        };
        lines.push(AccessLine {
            who,
            what: line.action.words().to_owned(),
            times,
            last: words.moment(line.at),
        });
    }
    Ok(lines)
}

/// What there is, a name and a value each.
fn facts(
    user: &kalends_store::User,
    connection: Option<&kalends_core::connection::Connection>,
    kept: kalends_store::StoredCounts,
) -> Vec<(String, String)> {
    let mut facts = own_facts(user, kept);
    facts.extend(connection_facts(connection));
    facts.extend(counts(kept));
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn counted(count: i64, one: &str, many: &str) -> String {
    match count {
        0 => "none".to_owned(),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

fn own_facts(
    user: &kalends_store::User,
    kept: kalends_store::StoredCounts,
) -> Vec<(&'static str, String)> {
    let second_factor = if kept.second_factors > 0 {
        "a key, sealed in the vault, and hashes of recovery codes"
    } else {
        "none"
    };
    vec![
        (
            "You",
            format!("{}, {}, {}", user.name, user.email, user.time_zone),
        ),
        (
            "How you read calendars",
            format!(
                "weeks from {}, {}",
                user.calendar.first_day.label(),
                user.calendar.clock.label()
            ),
        ),
        (
            "Your Kalends password",
            "a hash that cannot be turned back".to_owned(),
        ),
        ("Second factor", second_factor.to_owned()),
        (
            "Sessions",
            counted(kept.sessions, "signed-in device", "signed-in devices"),
        ),
    ]
}

fn connection_facts(
    connection: Option<&kalends_core::connection::Connection>,
) -> Vec<(&'static str, String)> {
    let Some(connection) = connection else {
        return vec![("Connection", "none, and so no Exchange password".to_owned())];
    };
    let password = if connection.mode == Mode::Organisation {
        "none of yours: the organisation’s account is used"
    } else {
        "sealed in the vault, opened only to call Exchange"
    };
    vec![
        (
            "Connection",
            format!("{} through {}", connection.mailbox, connection.account),
        ),
        ("Exchange password", password.to_owned()),
    ]
}

fn counts(kept: kalends_store::StoredCounts) -> [(&'static str, String); 6] {
    [
        (
            "Calendar entries",
            counted(
                kept.entries,
                "entry, from 30 days back to a year ahead",
                "entries, from 30 days back to a year ahead",
            ),
        ),
        ("Connection tests", counted(kept.checks, "test", "tests")),
        (
            "Syncs with changes or failures",
            counted(kept.sync_runs, "sync", "syncs"),
        ),
        (
            "Calls to Exchange on record",
            counted(kept.calls, "call", "calls"),
        ),
        (
            "Requests for mailboxes",
            counted(kept.requests, "request", "requests"),
        ),
        (
            "Audit trail of what you did",
            counted(
                kept.lines,
                "line, with the address you signed in from",
                "lines, with the addresses you signed in from",
            ),
        ),
    ]
}

#[server(endpoint = "purge")]
async fn purge(#[server(default)] disconnect: bool) -> Result<(), AppError> {
    let user = request::user().await?;
    let services = request::services();
    let entry = AuditEntry::by(user.id, AuditAction::DataPurged).about(user.email.as_str());
    let now = services.clock.now();
    let gone = services.store.purge(user.id, &entry, now).await;
    let gone = gone.map_err(request::internal)?;
    let mut text = format!(
        "{} entries and {} connection tests are deleted.",
        gone.entries, gone.checks
    );
    if disconnect {
        kalends::connect::disconnect(&services, &user)
            .await
            .map_err(request::internal)?;
        text.push_str(" Your calendar is disconnected.");
    }
    request::flash(&text).await?;
    request::see_other("/profile/data");
    Ok(())
}

#[component]
pub fn DataExportPage() -> impl IntoView {
    loaded(data_export, |view| {
        let none = view.accesses.is_empty();
        view! {
            <Frame title="What Kalends stores about me">
                <p class="back"><a href="/profile">"Profile Settings"</a></p>
                {view.flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
                <section class="panel" aria-labelledby="what">
                    <h2 id="what">"What"</h2>
                    <dl class="facts facts-wide">
                        {view
                            .facts
                            .into_iter()
                            .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
                            .collect_view()}
                    </dl>
                    <p>{view.level} " " {view.since.map(|since| view! { "Connected since " <When moment=since /> "." })}</p>
                    <div class="form-actions">
                        <a class="button" href="/profile/data.json" rel="external" download="">"Download everything (JSON)"</a>
                        <a class="button" href="/profile/calendar.ics" rel="external" download="">"Download entries (iCalendar)"</a>
                    </div>
                </section>
                <section class="panel" aria-labelledby="who">
                    <h2 id="who">"What others did"</h2>
                    {if none {
                        view! { <p class="empty">"Nobody but you."</p> }.into_any()
                    } else {
                        view! {
                            <ul>
                                {view
                                    .accesses
                                    .into_iter()
                                    .map(|line| {
                                        let times = (line.times > 1).then(|| format!(", {} times that day", line.times));
                                        view! { <li>{line.who} " " {line.what} ", " <When moment=line.last /> {times}</li> }
                                    })
                                    .collect_view()}
                            </ul>
                        }
                            .into_any()
                    }}
                </section>
                <section class="panel" aria-labelledby="delete">
                    <h2 id="delete">"Delete"</h2>
                    <p>"Deletes the copy in Kalends at once. Nothing changes in Exchange."</p>
                    <p class="form-actions">
                        <a class="button button-danger" href="/profile/purge">{if view.has_entries { "Delete what was read" } else { "Delete what is left" }}</a>
                    </p>
                </section>
            </Frame>
        }
    })
}

async fn what_is_purged() -> Result<(i64, i64, i64, bool), AppError> {
    let user = request::user().await?;
    let store = request::services().store;
    let kept = store
        .stored_counts(user.id)
        .await
        .map_err(request::internal)?;
    let connection = store.connection_of(user.id).await;
    let is_connected = connection.map_err(request::internal)?.is_some();
    Ok((
        kept.entries,
        kept.sync_runs + kept.calls,
        kept.checks,
        is_connected,
    ))
}

/// Asks before everything that was read is deleted.
#[component]
pub fn PurgePage() -> impl IntoView {
    loaded(
        what_is_purged,
        |(entries, sync_runs, checks, is_connected)| {
            view! {
                <Frame title="Delete what was read?">
                    <div class="panel">
                        <p>"This is deleted:"</p>
                        <ul>
                            <li>{format!("calendar entries: {entries}")}</li>
                            <li>{format!("connection tests: {checks}")}</li>
                            <li>{format!("records of syncs and calls: {sync_runs}")}</li>
                        </ul>
                        <p class="panel-hint">"The audit trail keeps that it was done. Nothing changes in Exchange."</p>
                        {is_connected
                            .then(|| {
                                view! {
                                    <p class="notice notice-waiting">"A connected calendar is read again within minutes. Disconnect as well, if nothing is to be kept."</p>
                                }
                            })}
                        <div class="form-actions">
                            {is_connected
                                .then(|| {
                                    view! {
                                        <form method="post" action=Purge::url()>
                                            <input type="hidden" name="disconnect" value="true" />
                                            <button class="button button-danger">"Delete and disconnect"</button>
                                        </form>
                                    }
                                })}
                            <form method="post" action=Purge::url()>
                                <button class=if is_connected { "button" } else { "button button-danger" }>
                                    {if is_connected { "Delete and read again" } else { "Delete" }}
                                </button>
                            </form>
                            <a class="button" href="/profile/data">"Keep it"</a>
                        </div>
                    </div>
                </Frame>
            }
        },
    )
}
