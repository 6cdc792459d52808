//! One action for many connections: the buttons below the list, the question before it disconnects, and the page with
//! a result for each.

use super::filter::Wanted;
use crate::{
    AppError,
    component::{Frame, When, loaded},
    moment::Moment,
};
use leptos::{prelude::*, server_fn::ServerFn as _};
use serde::{Deserialize, Serialize};

/// Begins an action for what was chosen in the list, or for all of it.
#[server(endpoint = "act_on_many")]
pub async fn act_on_many(
    #[server(default)] chosen: Vec<String>,
    /// The whole list in place of what was chosen.
    #[server(default)]
    all: bool,
    #[server(default)] action: String,
    /// Those that a question was asked about, which this answers.
    #[server(default)]
    sure: bool,
    #[server(default)] state: String,
    #[server(default)] q: String,
    #[server(default)] cause: String,
    #[server(default)] account: String,
    #[server(default)] domain: String,
    #[server(default)] sort: String,
    #[server(default)] page: String,
) -> Result<(), AppError> {
    use crate::request;
    use kalends::bulk::{self, Action};
    let admin = request::admin().await?;
    let wanted = Wanted {
        state,
        q,
        cause,
        account,
        domain,
        sort,
        page,
    };
    let services = request::services();
    let back = format!(
        "/connections{}",
        wanted.query(wanted.page.parse().unwrap_or(1))
    );
    let Ok(action) = action.parse::<Action>() else {
        request::see_other(&back);
        return Ok(());
    };
    let kept = if sure {
        request::chosen().await?
    } else {
        chosen
    };
    let lines = lines(&services.store, &wanted, &kept, all && !sure).await?;
    let refused = if lines.is_empty() {
        Some("Nothing was done: choose connections in the list first.".to_owned())
    } else if action == Action::Check && lines.len() > MOST_CHECKS {
        Some(format!(
            "Nothing was done: check {MOST_CHECKS} connections at most at a time. A sync of all of them shows as well which ones work."
        ))
    } else {
        None
    };
    if let Some(refused) = refused {
        request::flash(&refused).await?;
        request::see_other(&back);
        return Ok(());
    }
    if action == Action::Disconnect && !sure {
        let ids = lines
            .iter()
            .map(|line| line.connection.to_string())
            .collect();
        request::keep_chosen(ids).await?;
        request::see_other("/connections/disconnect");
        return Ok(());
    }
    let id = bulk::start(&services, &admin, action, lines).await;
    let id = id.map_err(request::internal)?;
    request::see_other(&format!("/connections/actions/{id}"));
    Ok(())
}

/// A check signs in for each: fifty are the page of a list.
#[cfg(feature = "ssr")]
const MOST_CHECKS: usize = 50;

#[cfg(feature = "ssr")]
async fn lines(
    store: &kalends::store::Store,
    wanted: &Wanted,
    chosen: &[String],
    all: bool,
) -> Result<Vec<kalends::bulk::Line>, AppError> {
    use crate::request;
    use kalends::{
        bulk::{Line, MOST},
        store::Filter,
    };
    let items = if all {
        let asked = super::filter::asked(wanted);
        if asked.state == Filter::NotConnected {
            return Ok(Vec::new());
        }
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        store.list_connections(&asked, most, 0).await
    } else {
        let ids: Vec<_> = chosen
            .iter()
            .filter_map(|id| id.parse().ok())
            .take(MOST)
            .collect();
        store.listed(&ids).await
    };
    let items = items.map_err(request::internal)?;
    Ok(items
        .into_iter()
        .filter_map(|item| {
            let connection = item.connection?;
            Some(Line {
                connection: connection.id,
                user: item.user.id,
                name: item.user.name,
                mailbox: connection.mailbox.to_string(),
                done: None,
            })
        })
        .collect())
}

/// What the list is narrowed to, so that "all of this list" means what was seen.
#[component]
pub fn Hidden(wanted: Wanted) -> impl IntoView {
    let Wanted {
        state,
        q,
        cause,
        account,
        domain,
        sort,
        page,
    } = wanted;
    [
        ("state", state),
        ("q", q),
        ("cause", cause),
        ("account", account),
        ("domain", domain),
        ("sort", sort),
        ("page", page),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
    .collect_view()
}

#[component]
pub fn Actions(all: String) -> impl IntoView {
    view! {
        <fieldset class="list-actions">
            <legend>"Do with those chosen"</legend>
            <div class="form-actions">
                <button class="button" name="action" value="sync">"Sync"</button>
                <button class="button" name="action" value="check">"Check"</button>
                <button class="button" name="action" value="pause">"Pause"</button>
                <button class="button" name="action" value="resume">"Resume"</button>
                <button class="button button-danger" name="action" value="disconnect">"Disconnect…"</button>
            </div>
            <label class="tick">
                <input type="checkbox" name="all" value="true" />
                <span>"All of this list, on every page (" {all} ")"</span>
            </label>
        </fieldset>
    }
}

/// What the question before disconnecting names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SureView {
    names: Vec<String>,
    entries: i64,
}

#[server(endpoint = "to_disconnect")]
async fn to_disconnect() -> Result<SureView, AppError> {
    use crate::request;
    request::admin().await?;
    let ids: Vec<_> = request::chosen().await?;
    let parsed: Vec<_> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let found = request::services().store.listed(&parsed).await;
    let found = found.map_err(request::internal)?;
    if found.is_empty() {
        request::see_other("/connections");
    }
    Ok(SureView {
        entries: found
            .iter()
            .filter_map(|item| Some(item.connection.as_ref()?.entries))
            .sum(),
        names: found
            .iter()
            .filter_map(|item| {
                Some(format!(
                    "{} ({})",
                    item.user.name,
                    item.connection.as_ref()?.mailbox
                ))
            })
            .collect(),
    })
}

/// Asks before many connections end.
#[component]
pub fn DisconnectManyPage() -> impl IntoView {
    loaded(Resource::new(|| (), |()| to_disconnect()), |view| {
        let many = view.names.len();
        let title = if many == 1 {
            "Disconnect 1 calendar?".to_owned()
        } else {
            format!("Disconnect {many} calendars?")
        };
        view! {
            <Frame title=title>
                <div class="panel">
                    <ul>
                        <li>{format!("{} copied entries are deleted from Kalends. The calendars in Exchange stay as they are.", view.entries)}</li>
                        <li>"A password that no other connection uses is forgotten."</li>
                        <li>"The people can connect again, if the policy lets them."</li>
                    </ul>
                    <details class="more" open=many <= 10>
                        <summary>"Whose"</summary>
                        <ul>{view.names.into_iter().map(|name| view! { <li>{name}</li> }).collect_view()}</ul>
                    </details>
                    <form class="form-actions" method="post" action=ActOnMany::url()>
                        <input type="hidden" name="sure" value="true" />
                        <button class="button button-danger" name="action" value="disconnect">"Disconnect"</button>
                        <a class="button" href="/connections">"Keep them"</a>
                    </form>
                </div>
            </Frame>
        }
    })
}

/// How many results the page shows; the others are counted.
#[cfg(feature = "ssr")]
const SHOWN: usize = 500;

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct BulkView {
    title: String,
    begun: Moment,
    done: usize,
    total: usize,
    lines: Vec<LineView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct LineView {
    name: String,
    link: String,
    mailbox: String,
    result: String,
    is_bad: bool,
}

#[server(endpoint = "bulk")]
async fn bulk(id: String) -> Result<BulkView, AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let words = request::words(&admin);
    let store = request::services().store;
    let found = match id.parse() {
        Ok(id) => store.bulk(id).await.map_err(request::internal)?,
        Err(_) => None,
    };
    let Some(bulk) = found else {
        return Err(request::not_there());
    };
    let mut lines = Vec::new();
    let later = bulk.lines.iter().skip(SHOWN);
    let mut done = later.filter(|line| line.done.is_some()).count();
    for line in bulk.lines.iter().take(SHOWN) {
        let (result, is_bad, is_done) = result::of(&store, &bulk, line, &words)
            .await
            .map_err(request::internal)?;
        done += usize::from(is_done);
        lines.push(LineView {
            name: line.name.clone(),
            link: format!("/connections/{}", line.connection),
            mailbox: line.mailbox.clone(),
            result,
            is_bad,
        });
    }
    if done < bulk.lines.len() {
        request::look_again_in(3);
    }
    Ok(BulkView {
        title: result::title(bulk.action).to_owned(),
        begun: words.moment(bulk.at),
        done,
        total: bulk.lines.len(),
        lines,
    })
}

#[cfg(feature = "ssr")]
mod result {
    use crate::{moment::Words, request};
    use kalends::{
        bulk::{Action, Bulk, Done, Line},
        check::Outcome,
        store::{Store, StoreError},
    };

    pub const fn title(action: Action) -> &'static str {
        match action {
            Action::Check => "Connections checked",
            Action::Sync => "Connections synced",
            Action::Pause => "Connections paused",
            Action::Resume => "Connections resumed",
            Action::Disconnect => "Calendars disconnected",
        }
    }

    /// The words, whether they are bad, and whether nothing more is to come.
    pub async fn of(
        store: &Store,
        bulk: &Bulk,
        line: &Line,
        words: &Words,
    ) -> Result<(String, bool, bool), StoreError> {
        let plain = |text: &str, is_bad| Ok((text.to_owned(), is_bad, true));
        match line.done {
            None => Ok(("Waiting".to_owned(), false, false)),
            Some(Done::Paused) => plain("Paused", false),
            Some(Done::Resumed) => plain("Resumed", false),
            Some(Done::Disconnected) => plain("Disconnected", false),
            Some(Done::Gone) => plain("Ended meanwhile", false),
            Some(Done::IsPaused) => plain("Paused: resume it first", true),
            Some(Done::AccountStopped) => {
                plain("Not sent: the password of its account was refused", true)
            }
            Some(Done::Failed) => plain("Not done: an error in Kalends, see its log", true),
            Some(Done::Due) => synced(store, bulk, line, words).await,
            Some(Done::Checking(id)) => {
                let outcome = store.check(id).await?.and_then(|check| check.outcome);
                Ok(match outcome {
                    None => ("Being checked".to_owned(), false, false),
                    Some(Outcome::Connected { .. } | Outcome::AccountSaved { .. }) => {
                        ("Works".to_owned(), false, true)
                    }
                    Some(Outcome::Cancelled) => ("Cancelled".to_owned(), true, true),
                    Some(Outcome::Failed { problem, .. }) => {
                        let told = kalends::advice::advice(
                            &problem,
                            &kalends::advice::Names {
                                mailbox: line.mailbox.clone(),
                                utc_offset: Some(words.utc_offset()),
                                ..Default::default()
                            },
                        );
                        (told.title, true, true)
                    }
                })
            }
        }
    }

    async fn synced(
        store: &Store,
        bulk: &Bulk,
        line: &Line,
        words: &Words,
    ) -> Result<(String, bool, bool), StoreError> {
        let Some(connection) = store.connection(line.connection).await? else {
            return Ok(("Ended meanwhile".to_owned(), false, true));
        };
        if connection.last_round_at.is_none_or(|at| at < bulk.at) {
            return Ok(("Waiting for its round".to_owned(), false, false));
        }
        Ok(match request::advice_for(&connection, words) {
            Some(advice) => (advice.title, true, true),
            None => (
                format!("Synced, {} entries", connection.entries),
                false,
                true,
            ),
        })
    }
}

#[component]
pub fn BulkPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        Resource::new(id, bulk),
        |view| view! { <BulkResult view /> },
    )
}

#[component]
fn BulkResult(view: BulkView) -> impl IntoView {
    let BulkView {
        title,
        begun,
        done,
        total,
        lines,
    } = view;
    let shown = lines.len();
    let bad = lines.iter().filter(|line| line.is_bad).count();
    let summary = match (done == total, bad) {
        (false, _) => format!("{done} of {total} dealt with. This page looks again by itself."),
        (true, 0) => format!("All {total} dealt with."),
        (true, bad) => format!("All {total} dealt with, {bad} with trouble."),
    };
    view! {
        <Frame title>
            <p class="back"><a href="/connections">"← All connections"</a></p>
            <p class="freshness" role="status">{summary} " Begun: " <When moment=begun /></p>
            {(done < total).then(|| view! { <progress max=total value=done aria-label="Dealt with"></progress> })}
            <div class="table-box" role="region" aria-label="Results" tabindex="0">
                <table class="table table-stack" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"Person"</th>
                            <th role="columnheader" scope="col">"Mailbox"</th>
                            <th role="columnheader" scope="col">"Result"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">
                        {lines
                            .into_iter()
                            .map(|line| {
                                view! {
                                    <tr role="row">
                                        <th role="rowheader" scope="row"><a href=line.link>{line.name}</a></th>
                                        <td role="cell" data-label="Mailbox">{line.mailbox}</td>
                                        <td role="cell" data-label="Result"><span class=if line.is_bad { "cell-bad" } else { "" }>{line.result}</span></td>
                                    </tr>
                                }
                            })
                            .collect_view()}
                    </tbody>
                </table>
            </div>
            {(shown < total).then(|| view! { <p class="panel-hint">{format!("The first {shown} of {total}.")}</p> })}
        </Frame>
    }
}
