//! Help: what each problem means and what to do about it, and how to set up a service account.

use crate::{
    AppError,
    component::{CommandBlock, Frame, Notice, loaded},
};
use kalends::advice::{Advice, Section};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A line of the table of problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ProblemRow {
    code: String,
    title: String,
    owner: String,
    retry: String,
}

#[server(endpoint = "help_problems")]
async fn problems() -> Result<Vec<ProblemRow>, AppError> {
    use kalends::advice::{Names, advice, table};
    crate::request::user().await?;
    let row = |problem: &kalends::problem::Problem| ProblemRow {
        code: problem.code().to_owned(),
        title: advice(problem, &Names::example()).title,
        owner: table::owner_words(problem.owner()).to_owned(),
        retry: table::retry_words(problem),
    };
    Ok(table::each_problem().iter().map(row).collect())
}

#[server(endpoint = "help_problem")]
async fn problem(code: String) -> Result<Advice, AppError> {
    use kalends::advice::{Names, table};
    crate::request::user().await?;
    table::explained(&code, &Names::example()).ok_or_else(|| {
        crate::request::set_not_found();
        AppError::NotYours
    })
}

/// The guide, with the names last typed into the connect form where there are any.
#[server(endpoint = "help_service_account")]
async fn service_account() -> Result<Vec<Section>, AppError> {
    use kalends::advice::Names;
    crate::request::user().await?;
    let draft = crate::request::look_at_draft("connect").await?;
    let mut names = Names::example();
    for (field, name) in [
        ("service_account", &mut names.account),
        ("mailbox", &mut names.mailbox),
    ] {
        let typed = draft.value(field);
        if !typed.trim().is_empty() {
            *name = typed;
        }
    }
    Ok(kalends::advice::service_account(&names))
}

#[component]
pub fn ProblemsPage() -> impl IntoView {
    loaded(Resource::new(|| (), |()| problems()), |rows| {
        view! {
            <Frame title="Problems and what to do" wide=true>
                <p class="lead">"Everything that can go wrong with a connection. Names in it are examples."</p>
                <div class="table-box" tabindex="0" role="region" aria-label="All problems">
                    <table class="table table-stack" role="table">
                        <thead role="rowgroup">
                            <tr role="row">
                                <th role="columnheader" scope="col">"Code"</th>
                                <th role="columnheader" scope="col">"Meaning"</th>
                                <th role="columnheader" scope="col">"Who acts"</th>
                                <th role="columnheader" scope="col">"Tried again"</th>
                            </tr>
                        </thead>
                        <tbody role="rowgroup">{rows.into_iter().map(problem_row).collect_view()}</tbody>
                    </table>
                </div>
            </Frame>
        }
    })
}

fn problem_row(row: ProblemRow) -> impl IntoView {
    let link = format!("/help/problems/{}", row.code);
    view! {
        <tr role="row">
            <th role="rowheader" scope="row"><a href=link>{row.code}</a></th>
            <td role="cell" data-label="Meaning">{row.title}</td>
            <td role="cell" data-label="Who acts">{row.owner}</td>
            <td role="cell" data-label="Tried again">{row.retry}</td>
        </tr>
    }
}

#[component]
pub fn ProblemPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let code = move || params.with(|params| params.get("code").unwrap_or_default());
    loaded(Resource::new(code, problem), |advice| {
        let title = format!("About the problem {}", advice.code);
        view! {
            <Frame title>
                <p class="back"><a href="/help/problems">"← All problems"</a></p>
                <p class="lead">"Names on this page are examples."</p>
                <Notice advice is_help=true />
            </Frame>
        }
    })
}

#[component]
pub fn ServiceAccountPage() -> impl IntoView {
    loaded(Resource::new(|| (), |()| service_account()), |sections| {
        view! {
            <Frame title="Using an Exchange service account">
                <p class="lead">
                    "One account that your Exchange administrator controls reads the calendars. Nobody types a password of their own."
                </p>
                {sections.into_iter().map(section).collect_view()}
                <p class="form-actions">
                    <a class="button button-primary" href="/profile/exchange/connect" rel="external">"Connect"</a>
                    <a class="button" href="/help/problems">"All problems"</a>
                </p>
            </Frame>
        }
    })
}

fn section(section: Section) -> impl IntoView {
    let Section {
        id,
        title,
        text,
        commands,
    } = section;
    let heading = id.clone();
    view! {
        <section class="panel" aria-labelledby=heading>
            <h2 id=id>{title}</h2>
            {text.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}
            {commands.into_iter().map(|command| view! { <CommandBlock command /> }).collect_view()}
        </section>
    }
}
