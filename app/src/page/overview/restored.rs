//! What does not fit between main database and vault, and what a restore may have brought back.

use crate::{
    AppError,
    component::When,
    moment::Moment,
    request::{self, internal},
};
use kalends_core::audit::{AuditAction, AuditEntry};
use leptos::{prelude::*, server_fn::ServerFn};

/// How many endings are shown.
const MAX_LINES: i64 = 200;

/// Empty where everything is accounted for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RestoredView {
    /// What is wrong, a sentence or two each.
    words: Vec<String>,
    endings: Vec<EndingView>,
    /// Whether an administrator may say that they went through the endings: the state that is meant is known.
    may_end: bool,
}

/// Something that was ended, and may be back.
#[derive(Debug, Clone, PartialEq)]
struct EndingView {
    at: Moment,
    who: String,
    what: String,
    subject: String,
}

pub async fn restored(
    services: &kalends::services::Services,
    words: &crate::moment::Formatter,
) -> Result<RestoredView, AppError> {
    let standing = services.standing();
    let is_set_back = standing
        .as_deref()
        .is_some_and(kalends::accounts::custody::DatabaseComparison::is_set_back);
    let endings = if is_set_back {
        services.custody().lost_endings().await.map_err(internal)?
    } else {
        let found = services.store.endings_to_review(MAX_LINES).await;
        found.map_err(internal)?
    };
    Ok(RestoredView {
        words: standing.map_or_else(Vec::new, |it| it.findings()),
        may_end: !is_set_back && !endings.is_empty(),
        endings: endings
            .into_iter()
            .map(|ending| EndingView {
                at: words.moment(ending.at),
                who: ending.who.unwrap_or_else(|| "Kalends".to_owned()),
                what: super::super::audit::what(&ending.action),
                subject: ending.subject,
            })
            .collect(),
    })
}

#[server(endpoint = "endings_reviewed")]
async fn endings_reviewed() -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let services = request::services();
    let entry = AuditEntry::by(admin.id, AuditAction::EndingsReviewed);
    let now = services.clock.now();
    let reviewed = services.store.endings_are_reviewed(&entry, now).await;
    reviewed.map_err(request::internal)?;
    request::see_other("/overview");
    Ok(())
}

#[component]
pub fn Restored(view: RestoredView) -> impl IntoView {
    let RestoredView {
        words,
        endings,
        may_end,
    } = view;
    let any = !endings.is_empty();
    view! {
        {words.into_iter().map(|words| view! { <p class="notice notice-waiting">{words} "."</p> }).collect_view()}
        {any
            .then(|| {
                view! {
                    <section class="panel" aria-labelledby="back">
                        <h2 id="back">"Perhaps back since the restore"</h2>
                        <p class="panel-hint">
                            "This was ended or changed after the state that the main database was set back to. Look at each, and end it again where it is back."
                        </p>
                        <ul class="causes">
                            {endings
                                .into_iter()
                                .map(|ending| {
                                    view! {
                                        <li class="cause cause-waiting">
                                            <span class="cause-main">
                                                <strong>{ending.subject}</strong>
                                                <span class="cell-detail">{ending.who} " " {ending.what} " · " <When moment=ending.at /></span>
                                            </span>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                        {may_end
                            .then(|| {
                                view! {
                                    <form class="form-actions" method="post" action=EndingsReviewed::url()>
                                        <button class="button" type="submit">"I have gone through these"</button>
                                    </form>
                                }
                            })}
                    </section>
                }
            })}
    }
}
