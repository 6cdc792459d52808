//! How one reads calendars: the first day of the week, and a clock of 24 or of 12 hours.

use crate::{AppError, request};
use kalends_core::preferences::{FirstDay, HourClock, Preferences};
use leptos::{prelude::*, server_fn::ServerFn};

#[server(endpoint = "save_preferences")]
async fn save_preferences(first_day: FirstDay, clock: HourClock) -> Result<(), AppError> {
    let user = request::user().await?;
    let kept = request::services()
        .store
        .set_preferences(user.id, Preferences { first_day, clock })
        .await;
    kept.map_err(request::internal)?;
    request::flash("Your calendar is shown this way from now on.").await?;
    request::see_other("/profile#calendar");
    Ok(())
}

#[component]
pub fn PreferencesForm(chosen: Preferences) -> impl IntoView {
    let first_days = FirstDay::ALL.map(|day| (day.code(), day.label(), day == chosen.first_day));
    let clocks = HourClock::ALL.map(|clock| (clock.code(), clock.label(), clock == chosen.clock));
    view! {
        <form class="form" method="post" action=SavePreferences::url()>
            {select("First day of the week", "first_day", &first_days)}
            {select("Clock", "clock", &clocks)}
            <button class="button">"Save these settings"</button>
        </form>
    }
}

/// Each choice by its value, its label, and whether it is the chosen one.
fn select(
    label: &'static str,
    name: &'static str,
    choices: &[(&'static str, &'static str, bool)],
) -> impl IntoView + use<> {
    let id = format!("field-{name}");
    let options = choices
        .iter()
        .map(|&(value, label, chosen)| view! { <option value=value selected=chosen>{label}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name>{options}</select>
        </div>
    }
}
