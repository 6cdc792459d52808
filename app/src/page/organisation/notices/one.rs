//! One notice: what it says, and each try to hand it over.

use super::sent::SentView;
use crate::{
    AppError,
    component::{Frame, When, loaded},
    moment::Moment,
    request,
};
use kalends_core::job::JobState;
use leptos::prelude::*;

#[derive(Debug, Clone, PartialEq)]
struct NoticeView {
    notice: SentView,
    body: String,
    /// When, what came of it, and how long it took in milliseconds.
    attempts: Vec<(Moment, String, u64)>,
    /// When it is tried again.
    next: Option<Moment>,
}

async fn notice(id: String) -> Result<NoticeView, AppError> {
    let admin = request::user_with(request::Right::Notices).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let found = match id.parse() {
        Ok(id) => store.notice(id).await.map_err(request::internal)?,
        Err(_) => None,
    };
    let Some(found) = found else {
        request::set_not_found();
        return Err(AppError::NotYours);
    };
    let attempts = store.attempts(&found).await.map_err(request::internal)?;
    // A mail server that refuses the sign-in is not tried again before somebody tests it.
    let is_stopped = found.recipient.channel == kalends_core::notice::Channel::Mail
        && request::services()
            .channels
            .mail()
            .is_some_and(kalends::notify::Mailer::is_sign_in_refused);
    let waits = found.state == JobState::Waiting && found.attempts > 0 && !is_stopped;
    Ok(NoticeView {
        notice: super::sent::view_of(&found, &words),
        next: waits.then(|| words.upcoming(found.due_at)),
        body: found.body,
        attempts: attempts
            .into_iter()
            .map(|it| {
                let millis = u64::try_from(it.took.as_millis()).unwrap_or(u64::MAX);
                (words.moment(it.at), it.outcome, millis)
            })
            .collect(),
    })
}

#[component]
pub fn NoticePage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || notice(id()),
        |view| {
            let NoticeView {
                notice,
                body,
                attempts,
                next,
            } = view;
            view! {
                <Frame title=notice.subject>
                    <p class="back"><a href="/organisation/notices">"Notices"</a></p>
                    <section class="panel" aria-labelledby="delivery">
                        <h2 id="delivery">"Delivery"</h2>
                        <dl class="facts">
                            <div><dt>"To"</dt><dd>{notice.to}</dd></div>
                            <div><dt>"State"</dt><dd>{notice.state}</dd></div>
                            <div><dt>"Written"</dt><dd><When moment=notice.at /></dd></div>
                            {next.map(|next| view! { <div><dt>"Tried again"</dt><dd><When moment=next /></dd></div> })}
                        </dl>
                        {(!attempts.is_empty())
                            .then(|| {
                                view! {
                                    <h3>"Tries"</h3>
                                    <ol>
                                        {attempts
                                            .into_iter()
                                            .map(|(at, outcome, millis)| {
                                                view! { <li><When moment=at /> ": " {outcome} <span class="cell-detail">{format!("{millis} ms")}</span></li> }
                                            })
                                            .collect_view()}
                                    </ol>
                                }
                            })}
                    </section>
                    <section class="panel" aria-labelledby="text">
                        <h2 id="text">"What it says"</h2>
                        <pre class="letter" tabindex="0">{body}</pre>
                    </section>
                </Frame>
            }
        },
    )
}
