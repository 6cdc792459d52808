//! What came of an action for many connections, for each of them.

use crate::{
    AppError,
    component::{Frame, When, loaded},
    moment::Moment,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

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
            Some(Done::IsDisabled) => plain("Not resumed: this person is disabled", true),
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
        let is_over = connection.last_round_at.is_some_and(|at| at >= bulk.at);
        // Its account may have been stopped by another one's round.
        let is_coming = connection.due_at.is_some_and(|at| at <= words.now);
        if !is_over && is_coming {
            return Ok(("Waiting for its round".to_owned(), false, false));
        }
        Ok(match request::advice_for(&connection, words) {
            Some(advice) => (advice.title, true, true),
            None if !is_over => ("Put off: its round comes later".to_owned(), true, true),
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
        (true, 0) if total == 1 => "Dealt with.".to_owned(),
        (true, _) if total == 1 => "Dealt with, with trouble.".to_owned(),
        (true, 0) => format!("All {total} dealt with."),
        (true, bad) => format!("All {total} dealt with, {bad} with trouble."),
    };
    view! {
        <Frame title>
            <p class="back"><a href="/connections">"All connections"</a></p>
            <p class="freshness" role="status"><span>{summary}</span> <span>"Begun " <When moment=begun /></span></p>
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
