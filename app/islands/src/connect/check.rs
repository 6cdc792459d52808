//! A running check as the browser follows it: its steps and its end are parts of the check's own page.

use super::address::{CANCEL_CHECK, CHECKS};
use crate::{
    error::AppError,
    send::{get_page, send_field},
};
use leptos::prelude::*;
use std::time::Duration;

/// How long the answer about a running check is left alone before the next question.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedCheck {
    pub is_connected: bool,
    /// The endpoint that was tested; empty when Autodiscover was to find it.
    pub endpoint: String,
    /// The proof or the advice, as HTML.
    pub html: String,
}

/// How far a check is.
enum CheckState {
    /// Its steps, as HTML.
    Running(String),
    /// It tries again later: that takes longer than anybody looks at a dialog.
    Waiting,
    Ended(EndedCheck),
}

fn page_of(id: &str) -> String {
    format!("{CHECKS}/{id}")
}

/// Reads the check from its page.
async fn state_of(id: &str) -> Result<CheckState, AppError> {
    let page = get_page(&format!("{}?in_place=true", page_of(id))).await?;
    let part = page.get_element_by_id("check").ok_or(AppError::NotYours)?;
    let attribute = |name: &str| part.get_attribute(name).unwrap_or_default();
    Ok(match attribute("data-state").as_str() {
        "running" => CheckState::Running(part.inner_html()),
        "waiting" => CheckState::Waiting,
        state => CheckState::Ended(EndedCheck {
            is_connected: state == "connected",
            endpoint: attribute("data-endpoint"),
            html: part.inner_html(),
        }),
    })
}

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

/// Follows a running check until it ends.
#[component]
pub fn CheckProgress(id: String, on_end: Callback<EndedCheck>) -> impl IntoView {
    let following = Following {
        steps: RwSignal::new(String::new()),
        trouble: RwSignal::new(None),
        on_end,
    };
    let link = format!("/sign-in?next={}", page_of(&id));
    let first = id.clone();
    Effect::new(move |_| following.ask_after(POLL_INTERVAL, first.clone()));
    let on_submit = {
        let id = id.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            cancel(id.clone());
        }
    };
    view! {
        <section class="progress" aria-live="polite">
            <p class="lead">"Testing the connection. This takes a few seconds, up to 100 where Exchange is slow."</p>
            <form method="post" action=CANCEL_CHECK on:submit=on_submit>
                <input type="hidden" name="id" value=id />
                <button class="button">"Cancel"</button>
            </form>
            {move || following.trouble.get().map(|error| view! { <Trouble error link=link.clone() /> })}
            <div inner_html=move || following.steps.get()></div>
        </section>
    }
}

/// What is known of a running check, and who waits for its end.
#[derive(Clone, Copy)]
struct Following {
    steps: RwSignal<String>,
    trouble: RwSignal<Option<AppError>>,
    on_end: Callback<EndedCheck>,
}

impl Following {
    /// Asks once, after a pause, and goes on until the check has ended, nobody looks any more, or asking is no use.
    fn ask_after(self, pause: Duration, id: String) {
        let ask = move || {
            leptos::task::spawn_local(async move {
                if self.steps.is_disposed() {
                    return;
                }
                let answer = state_of(&id).await;
                if self.steps.is_disposed() {
                    return;
                }
                match answer {
                    Ok(CheckState::Ended(end)) => self.on_end.run(end),
                    Ok(CheckState::Waiting) => {
                        let _ = window().location().set_href(&page_of(&id));
                    }
                    Ok(CheckState::Running(steps)) => {
                        self.trouble.set(None);
                        if self.steps.with_untracked(|shown| *shown != steps) {
                            self.steps.set(steps);
                        }
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

/// Asks a running check to stop. Whether it was heard shows in the check itself.
pub fn cancel(id: String) {
    leptos::task::spawn_local(async move {
        let _ = send_field::<()>(CANCEL_CHECK, "id", &id).await;
    });
}
