//! One action for many connections: the buttons below the list, and the question before it disconnects.

use super::filter::ConnectionsQuery;
use crate::{
    AppError,
    component::{Frame, loaded},
    request,
};
use kalends::bulk_actions::{self, MAX_CONNECTIONS};
use kalends_core::{
    bulk_action::{BulkAction, BulkLine},
    job::JobState,
};
use kalends_store::ConnectionFilter;
use leptos::{prelude::*, server_fn::ServerFn as _};

/// Begins an action for what was chosen in the list, or for all of it.
#[server(endpoint = "act_on_many")]
pub async fn act_on_many(
    #[server(default)] chosen: Vec<String>,
    /// The whole list in place of what was chosen.
    #[server(default)]
    all: bool,
    #[server(default)] action: String,
    /// The draft that a question was asked about, which this answers.
    #[server(default)]
    sure: String,
    /// What the list is narrowed to.
    #[server(default)]
    wanted: ConnectionsQuery,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    if !sure.is_empty() {
        return answered(&admin, &sure).await;
    }
    let services = request::services();
    let back = format!("/connections{}", wanted.query(wanted.known_page()));
    let Ok(action) = action.parse::<BulkAction>() else {
        request::see_other(&back);
        return Ok(());
    };
    let lines = lines(&services.store, &wanted, &chosen, all).await?;
    if let Some(refused) = refusal(action, lines.len()) {
        request::flash(&refused).await?;
        request::see_other(&back);
        return Ok(());
    }
    let asks = action == BulkAction::Disconnect;
    let state = if asks {
        JobState::Draft
    } else {
        JobState::Waiting
    };
    let id = bulk_actions::start(&services, &admin, action, lines, state).await;
    let id = id.map_err(request::internal)?;
    request::see_other(&if asks {
        format!("/connections/disconnect?job={id}")
    } else {
        format!("/connections/actions/{id}")
    });
    Ok(())
}

/// The answer to a question about one draft; another one, asked meanwhile, has an answer of its own.
async fn answered(admin: &kalends_store::User, draft: &str) -> Result<(), AppError> {
    let services = request::services();
    let Some(job) = request::own_job(draft, admin).await? else {
        request::flash(
            "Nothing was done: the question was replaced by a newer one, or is too old. Choose again.",
        )
        .await?;
        request::see_other("/connections");
        return Ok(());
    };
    let begun = kalends::jobs::confirm(&services, admin, job.id, None).await;
    begun.map_err(request::internal)?;
    request::see_other(&format!("/connections/actions/{}", job.id));
    Ok(())
}

/// Why an action for so many connections is not begun.
fn refusal(action: kalends_core::bulk_action::BulkAction, number: usize) -> Option<String> {
    if number == 0 {
        Some(
            "Nothing was done: no connection is chosen, or what was chosen is disconnected by now."
                .to_owned(),
        )
    } else if action == BulkAction::Check && number > MAX_CHECKS {
        Some(format!(
            "Nothing was done: check {MAX_CHECKS} connections at most at a time. A sync of all of them shows as well which ones work."
        ))
    } else {
        None
    }
}

/// A check signs in for each: fifty are the page of a list.
pub const MAX_CHECKS: usize = 50;

async fn lines(
    store: &kalends_store::Store,
    wanted: &ConnectionsQuery,
    chosen: &[String],
    all: bool,
) -> Result<Vec<kalends_core::bulk_action::BulkLine>, AppError> {
    let items = if all {
        let asked = super::filter::asked(wanted);
        if asked.state == ConnectionFilter::NotConnected {
            return Ok(Vec::new());
        }
        let most = i64::try_from(MAX_CONNECTIONS).unwrap_or(i64::MAX);
        let found = store.list_connections(&asked, most, None).await;
        found.map(|page| page.items)
    } else {
        let ids: Vec<_> = chosen
            .iter()
            .filter_map(|id| id.parse().ok())
            .take(MAX_CONNECTIONS)
            .collect();
        store.listed(&ids).await
    };
    let items = items.map_err(request::internal)?;
    Ok(items
        .into_iter()
        .filter_map(|item| {
            let connection = item.connection?;
            Some(BulkLine {
                connection: connection.id,
                user: item.user.id,
                name: item.user.name,
                mailbox: connection.mailbox.to_string(),
            })
        })
        .collect())
}

/// What the list is narrowed to, so that "all of this list" means what was seen.
#[component]
pub fn Hidden(wanted: ConnectionsQuery) -> impl IntoView {
    let ConnectionsQuery {
        state,
        q,
        cause,
        account,
        domain,
        sort,
        page,
    } = wanted;
    [
        ("wanted[state]", state),
        ("wanted[q]", q),
        ("wanted[cause]", cause),
        ("wanted[account]", account),
        ("wanted[domain]", domain),
        ("wanted[sort]", sort),
        ("wanted[page]", page),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
    .collect_view()
}

#[component]
pub fn Actions(
    all: String,
    /// How many the whole list holds.
    connections: i64,
) -> impl IntoView {
    let is_long = usize::try_from(connections).is_ok_and(|number| number > MAX_CHECKS);
    view! {
        <fieldset class="list-actions">
            <legend>"With those chosen"</legend>
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
            {is_long
                .then(|| {
                    view! {
                        <p class="field-hint">
                            {format!("Check signs in for each connection: {MAX_CHECKS} at most at a time. Sync all of them to see which ones work.")}
                        </p>
                    }
                })}
        </fieldset>
    }
}

/// What the question before disconnecting names.
#[derive(Debug, Clone, PartialEq)]
struct ConfirmView {
    job: String,
    names: Vec<String>,
    entries: i64,
}

async fn to_disconnect(job: String) -> Result<ConfirmView, AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let store = request::services().store;
    let found = request::own_job(&job, &admin).await?;
    let found = found.filter(|job| job.state == JobState::Draft);
    let ids: Vec<_> = match found {
        Some(job) => {
            let open = store.open_items::<BulkLine>(job.id, i64::MAX).await;
            let open = open.map_err(request::internal)?.into_iter();
            open.map(|(_, line)| line.connection).collect()
        }
        None => Vec::new(),
    };
    let found = store.listed(&ids).await.map_err(request::internal)?;
    if found.is_empty() {
        request::see_other("/connections");
    }
    let named = |item: &kalends_store::ListItem| {
        let mailbox = &item.connection.as_ref()?.mailbox;
        Some(format!("{} ({mailbox})", item.user.name))
    };
    Ok(ConfirmView {
        job,
        entries: found
            .iter()
            .filter_map(|item| Some(item.connection.as_ref()?.entries))
            .sum(),
        names: found.iter().filter_map(named).collect(),
    })
}

/// Asks before many connections end.
#[component]
pub fn DisconnectManyPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let job = move || query.with(|query| query.get("job").unwrap_or_default());
    loaded(
        move || to_disconnect(job()),
        |view| {
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
                            <input type="hidden" name="sure" value=view.job />
                            <button class="button button-danger" name="action" value="disconnect">"Disconnect"</button>
                            <a class="button" href="/connections">"Keep them"</a>
                        </form>
                    </div>
                </Frame>
            }
        },
    )
}
