//! The steps of a check with what each saw.

use crate::component::Icon;
use kalends_core::check::{StepReport, TestSteps, Verdict};
use leptos::prelude::*;

#[component]
pub fn LadderView(
    ladder: TestSteps,
    /// Steps may still come.
    #[prop(optional)]
    running: bool,
) -> impl IntoView {
    view! {
        <ol class="ladder">{ladder.into_steps().into_iter().map(|report| rung(report, running)).collect_view()}</ol>
    }
}

fn rung(report: StepReport, running: bool) -> impl IntoView {
    let (class, icon, verdict) = match report.verdict {
        Verdict::Passed if report.warns => (
            "rung rung-passed",
            Some(Icon::Waiting),
            "passed, with a warning",
        ),
        Verdict::Passed => ("rung rung-passed", Some(Icon::Passed), "passed"),
        Verdict::Failed => ("rung rung-failed", Some(Icon::Failed), "failed"),
        Verdict::Running => ("rung rung-running", Some(Icon::Waiting), "running"),
        Verdict::BrokenOff => ("rung rung-idle", None, "broken off"),
        Verdict::NotNeeded => ("rung rung-idle", None, "not needed"),
        Verdict::NotReached if running => ("rung rung-idle", None, "waiting"),
        Verdict::NotReached => ("rung rung-idle", None, "not reached"),
    };
    view! {
        <li class=class>
            <span class="rung-icon">{icon.map(Icon::view)}</span>
            <span class="rung-label">{report.step.label()}</span>
            <span class="rung-verdict">
                {verdict}
                {report.millis.map(|millis| view! { <span class="rung-time">{took(millis)}</span> })}
            </span>
            {report.seen.map(|seen| view! { <span class="rung-seen">{seen}</span> })}
            {(!report.details.is_empty())
                .then(|| {
                    view! {
                        <details class="rung-details">
                            <summary>"Details"</summary>
                            <ul>{report.details.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
                        </details>
                    }
                })}
        </li>
    }
}

fn took(millis: u64) -> String {
    match millis {
        0 => "< 1 ms".to_owned(),
        1..10_000 => format!("{millis} ms"),
        _ => format!("{} s", millis / 1000),
    }
}
