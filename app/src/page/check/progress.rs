//! A running check as the browser follows it, and how it is cancelled.

use super::view::CheckView;
use crate::{AppError, component::LadderView, send::send_field};
use kalends_core::check::TestSteps;
use leptos::{prelude::*, server_fn::ServerFn};
use std::time::Duration;

/// How long the answer about a running check is left alone before the next question.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// How long to wait after trouble; `None` where asking again is no use.
const fn pause_after(error: &AppError) -> Option<Duration> {
    match error {
        AppError::Unreachable | AppError::Busy { .. } | AppError::Internal { .. } => {
            Some(Duration::from_secs(2))
        }
        // Somebody may sign in again in another tab.
        AppError::SignedOut => Some(Duration::from_secs(5)),
        AppError::NotYours | AppError::TooLarge | AppError::NotUnderstood => None,
    }
}

/// The check as it stands.
#[server(endpoint = "check")]
pub async fn check(id: String) -> Result<CheckView, AppError> {
    use super::lookup;
    let user = crate::request::user().await?;
    let check = lookup::check_for(&user, &id).await?;
    lookup::seen(&user, check).await
}

/// Follows a running check until it ends.
#[component]
pub fn CheckProgress(id: String, on_end: Callback<CheckView>) -> impl IntoView {
    let following = Following {
        ladder: RwSignal::new(TestSteps::default()),
        trouble: RwSignal::new(None),
        on_end,
    };
    let link = format!("/sign-in?next=/profile/exchange/checks/{id}");
    let first = id.clone();
    Effect::new(move |_| following.ask_after(POLL_INTERVAL, first.clone()));
    view! {
        <section class="progress" aria-live="polite">
            <p class="lead">"Testing the connection. This takes a few seconds, up to 100 where Exchange is slow."</p>
            <CancelForm id />
            {move || following.trouble.get().map(|error| view! { <Trouble error link=link.clone() /> })}
            {move || view! { <LadderView ladder=following.ladder.get() running=true /> }}
        </section>
    }
}

/// What is known of a running check, and who waits for its end.
#[derive(Clone, Copy)]
struct Following {
    ladder: RwSignal<TestSteps>,
    trouble: RwSignal<Option<AppError>>,
    on_end: Callback<CheckView>,
}

impl Following {
    /// Asks once, after a pause, and goes on until the check has ended, nobody looks any more, or asking is no use.
    fn ask_after(self, pause: Duration, id: String) {
        let ask = move || {
            leptos::task::spawn_local(async move {
                if self.ladder.is_disposed() {
                    return;
                }
                let answer = send_field::<CheckView>(Check::url(), "id", &id).await;
                if self.ladder.is_disposed() {
                    return;
                }
                match answer {
                    Ok(view) if view.end.is_some() => self.on_end.run(view),
                    // That takes longer than anybody looks at a dialog: it has a page of its own.
                    Ok(view) if view.waiting.is_some() => {
                        let page = format!("/profile/exchange/checks/{}", view.id);
                        let _ = window().location().set_href(&page);
                    }
                    Ok(view) => {
                        self.trouble.set(None);
                        self.ladder.set(view.ladder);
                        self.ask_after(POLL_INTERVAL, id);
                    }
                    Err(error) => {
                        if let Some(pause) = pause_after(&error) {
                            self.ask_after(pause, id);
                        }
                        self.trouble.set(Some(error));
                    }
                }
            });
        };
        set_timeout(ask, pause);
    }
}

/// Why the check cannot be followed.
#[component]
fn Trouble(
    error: AppError,
    /// Signs in and comes back to the check.
    link: String,
) -> impl IntoView {
    let words = match error {
        AppError::Unreachable | AppError::Busy { .. } => {
            "Kalends cannot be reached. Trying again…".to_owned()
        }
        AppError::Internal { reference } => {
            format!("Something went wrong in Kalends ({reference}). Trying again…")
        }
        AppError::NotYours | AppError::TooLarge | AppError::NotUnderstood => {
            "Kalends does not know this test any more.".to_owned()
        }
        AppError::SignedOut => {
            return view! {
                <p class="notice notice-waiting">
                    "You are signed out. The test goes on without you. "
                    <a href=link rel="external" target="_blank">"Sign in in a new tab"</a>
                    " to see here how it ended."
                </p>
            }
            .into_any();
        }
    };
    view! { <p class="notice notice-waiting">{words}</p> }.into_any()
}

#[server(endpoint = "cancel_check")]
async fn cancel_check(id: String) -> Result<(), AppError> {
    use crate::request;
    let user = request::user().await?;
    let check = super::lookup::check_for(&user, &id).await?;
    kalends::connect::cancel(&request::services(), check.id)
        .await
        .map_err(request::internal)?;
    if request::is_plain() {
        request::see_other(&format!("/profile/exchange/checks/{}", check.id));
    }
    Ok(())
}

/// Asks a running check to stop. Whether it was heard shows in the check itself.
pub fn cancel(id: String) {
    leptos::task::spawn_local(async move {
        let _ = send_field::<()>(CancelCheck::url(), "id", &id).await;
    });
}

#[component]
pub fn CancelForm(id: String) -> impl IntoView {
    let on_submit = {
        let id = id.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            cancel(id.clone());
        }
    };
    view! {
        <form method="post" action=CancelCheck::url() on:submit=on_submit>
            <input type="hidden" name="id" value=id />
            <button class="button">"Cancel"</button>
        </form>
    }
}
