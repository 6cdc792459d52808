//! How far the questions about a scope are, and what can be done with it.

use super::{found, view::ScopeView};
use crate::{AppError, component::When, moment::Moment, request};
use kalends::jobs;
use leptos::{prelude::*, server_fn::ServerFn};

#[server(endpoint = "cancel_scope")]
async fn cancel_scope(id: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let found = found::scope_by_id(&id).await?;
    let name = format!("a map of {}", addresses(found.total));
    let ended = jobs::cancel(&request::services(), &admin, found.id.into(), &name).await;
    ended.map_err(request::internal)?;
    request::see_other(&format!("/organisation/mailboxes/{id}"));
    Ok(())
}

/// Lets a stopped round of questions go on with what is left.
#[server(endpoint = "resume_scope")]
async fn resume_scope(id: String) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let found = found::scope_by_id(&id).await?;
    let name = format!("a map of {}", addresses(found.total));
    let going = jobs::retry(&request::services(), &admin, found.id.into(), &name).await;
    going.map_err(request::internal)?;
    request::see_other(&format!("/organisation/mailboxes/{id}"));
    Ok(())
}

#[server(endpoint = "connect_mailboxes")]
pub async fn connect_mailboxes(
    id: String,
    #[server(default)] all: bool,
    #[server(default)] chosen: Vec<i64>,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let services = request::services();
    let found = found::scope_by_id(&id).await?;
    let positions = (!all).then_some(chosen.as_slice());
    let count = kalends::mailbox_scope::choose(&services, &admin, &found, positions)
        .await
        .map_err(request::internal)?;
    let text = match count {
        0 => "Nothing was chosen that could be connected.".to_owned(),
        1 => "1 mailbox is being connected.".to_owned(),
        many => format!("{many} mailboxes are being connected."),
    };
    request::flash(&text).await?;
    request::see_other(&format!("/organisation/mailboxes/{id}"));
    Ok(())
}

fn addresses(number: i64) -> String {
    match number {
        1 => "1 address".to_owned(),
        many => format!("{many} addresses"),
    }
}

/// How many of how many are done: of the addresses to ask about, then of the mailboxes to connect.
fn steps_done(view: &ScopeView) -> (i64, i64) {
    if is_connecting(view) {
        (view.connected, view.chosen)
    } else {
        (view.done, view.total)
    }
}

const fn is_connecting(view: &ScopeView) -> bool {
    view.chosen > 0 && view.done == view.total
}

fn state_words(view: &ScopeView) -> String {
    let (done, total) = steps_done(view);
    let (asked, to_ask) = (done - view.no_addresses, total - view.no_addresses);
    match (view.is_running, is_connecting(view)) {
        (true, true) => format!("{done} of {total} chosen mailboxes dealt with"),
        (true, false) => format!("{asked} of {} asked", addresses(to_ask)),
        (false, true) => format!("{done} of {total} chosen mailboxes dealt with. Complete."),
        (false, false) if view.is_cancelled => {
            format!("Stopped after {asked} of {}.", addresses(to_ask))
        }
        (false, false) => format!("{} asked. Complete.", addresses(to_ask)),
    }
}

#[component]
pub fn ScopeProgress(view: ScopeView, link: String) -> impl IntoView {
    let state = state_words(&view);
    let (done, total) = steps_done(&view);
    let running = view.is_running;
    let can_choose = view.connectable > 0;
    let started = view.started.clone();
    let (problem, until) = (view.problem.clone(), view.waits_until.clone());
    view! {
        <section class="panel" aria-labelledby="progress">
            <h2 id="progress">"Started " <When moment=started /></h2>
            <p role="status">{state.clone()}</p>
            {running.then(|| view! { <progress max=total value=done aria-label=state></progress> })}
            {problem.map(|problem| view! { <HeldUp problem running until /> })}
            <Actions view link />
            {can_choose
                .then(|| {
                    view! {
                        <p class="field-hint">"Connected in the organisation’s name. People see on their profile that it was done, how to lower what is kept, and how to leave."</p>
                    }
                })}
        </section>
    }
}

/// Why the questions wait or ended early.
#[component]
fn HeldUp(problem: String, running: bool, until: Option<Moment>) -> impl IntoView {
    let class = if running {
        "notice notice-waiting"
    } else {
        "notice notice-bad"
    };
    view! {
        <p class=class>
            {problem}
            {until.map(|until| view! { " It goes on " <When moment=until /> "." })}
        </p>
    }
}

#[component]
fn Actions(view: ScopeView, link: String) -> impl IntoView {
    let running = view.is_running;
    let stop = running.then(|| {
        view! {
            <form method="post" action=CancelScope::url()>
                <input type="hidden" name="id" value=view.id.clone() />
                <button class="button">"Stop"</button>
            </form>
        }
    });
    let go_on = (!running && view.is_cancelled).then(|| {
        view! {
            <form method="post" action=ResumeScope::url()>
                <input type="hidden" name="id" value=view.id.clone() />
                <button class="button">"Go on"</button>
            </form>
        }
    });
    let connect_all = match view.connectable {
        1 => "Connect the one in scope".to_owned(),
        many => format!("Connect all {many} in scope"),
    };
    let connect = (view.connectable > 0).then(|| {
        view! {
            <form method="post" action=ConnectMailboxes::url()>
                <input type="hidden" name="id" value=view.id.clone() />
                <input type="hidden" name="all" value="true" />
                <button class="button button-primary">{connect_all}</button>
            </form>
        }
    });
    view! {
        <div class="form-actions">
            {stop} {go_on} {connect}
            {(!running && view.connected > 0)
                .then(|| view! { <a class="button" href="/connections">"See the connections"</a> })}
            <a class="button" href=format!("{link}/addresses.csv") rel="external" download="">"Download as CSV"</a>
        </div>
    }
}
