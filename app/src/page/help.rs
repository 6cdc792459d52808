//! Help: what each problem means and what to do about it, and how to set up a service account.

use crate::{
    AppError,
    component::{CommandBlock, Frame, Notice, TableHead, loaded},
    request,
};
use kalends_core::advice::{Advice, Names, Section, advice, table};
use leptos::prelude::*;

/// A line of the table of problems.
#[derive(Debug, Clone, PartialEq)]
struct ProblemRow {
    code: String,
    title: String,
    owner: String,
    retry: String,
}

async fn problems() -> Result<Vec<ProblemRow>, AppError> {
    crate::request::user().await?;
    let row = |problem: &kalends_core::problem::Problem| ProblemRow {
        code: problem.code().to_owned(),
        title: advice(problem, &Names::example()).title,
        owner: table::owner_words(problem.owner()).to_owned(),
        retry: table::retry_words(problem),
    };
    Ok(table::each_problem().iter().map(row).collect())
}

async fn problem(code: String) -> Result<Advice, AppError> {
    crate::request::user().await?;
    table::explained(&code, &Names::example()).ok_or_else(|| {
        crate::request::set_not_found();
        AppError::NotYours
    })
}

/// The guide, and what to know about the names in it.
#[derive(Debug, Clone, PartialEq)]
struct Guide {
    names: String,
    sections: Vec<Section>,
}

/// The guide, with the names last typed into the connect form, else with those of the reader's connection.
async fn service_account() -> Result<Guide, AppError> {
    let user = request::user().await?;
    let draft = request::look_at_draft("connect").await?;
    let connection = request::services().store.connection_of(user.id).await;
    let connection = connection.map_err(request::internal)?;
    let typed = |field: &str| Some(draft.value(field)).filter(|typed| !typed.trim().is_empty());
    let account = typed("service_account").or_else(|| {
        let connection = connection.as_ref().filter(|it| it.mode.impersonates())?;
        Some(connection.account.to_string())
    });
    let mailbox = typed("mailbox").unwrap_or_else(|| {
        connection.map_or_else(|| user.email.to_string(), |it| it.mailbox.to_string())
    });
    let example = Names::example();
    let names = match &account {
        Some(account) => {
            format!("The commands name the account {account} and the mailbox {mailbox}.")
        }
        None => format!(
            "The commands name the mailbox {mailbox}. The account {} in them is an example: put the name of yours in its place.",
            example.account
        ),
    };
    let sections = kalends_core::advice::service_account(&Names {
        account: account.unwrap_or_else(|| example.account.clone()),
        mailbox,
        ..example
    });
    Ok(Guide { names, sections })
}

#[component]
pub fn ProblemsPage() -> impl IntoView {
    loaded(problems, |rows| {
        view! {
            <Frame title="Problems and what to do" wide=true>
                <p class="lead">"Everything that can go wrong with a connection. Names in it are examples."</p>
                <div class="table-box" tabindex="0" role="region" aria-label="All problems">
                    <table class="table table-stack" role="table">
                        <TableHead columns=&["Code", "Meaning", "Who acts", "Tried again"] />
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
    loaded(
        move || problem(code()),
        |advice| {
            let code = advice.code.clone();
            view! {
                <Frame title="About this problem">
                    <p class="back"><a href="/help/problems">"All problems"</a></p>
                    <p class="lead">"Names on this page are examples. Kalends calls the problem " <code>{code}</code> "."</p>
                    <Notice advice is_help=true />
                </Frame>
            }
        },
    )
}

#[component]
pub fn ServiceAccountPage() -> impl IntoView {
    loaded(service_account, |guide| {
        view! {
            <Frame title="Using an Exchange service account">
                <p class="lead">
                    "One account that your Exchange administrator controls reads the calendars. Nobody types a password of their own."
                </p>
                <p>{guide.names}</p>
                {guide.sections.into_iter().map(section).collect_view()}
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
