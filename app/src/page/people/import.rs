//! People from a table: read, shown with what would happen, then invited.

use crate::{
    AppError,
    component::{FormNotice, Frame, TableHead, loaded},
    draft::FormDraft,
    request,
};
use kalends::{
    people::{self, MAX_PEOPLE, PeopleError, check_theirs, read_people},
    spreadsheet::{not_text, text_of},
};
use kalends_core::notice::NoticeState;
use leptos::{
    prelude::*,
    server_fn::{
        ServerFn as _,
        codec::{MultipartData, MultipartFormData},
    },
};

/// How many lines the preview shows of each kind.
const MAX_PREVIEW_LINES: usize = 200;

/// What the page shows: a form, then what the table would do.
#[derive(Debug, Clone, PartialEq)]
struct ImportView {
    draft: FormDraft,
    preview: Option<Preview>,
    /// What became of the links of the last minutes, where there are any.
    mailed: Option<String>,
    flash: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Preview {
    fine: usize,
    wrong: usize,
    rows: Vec<PreviewRow>,
    more: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct PreviewRow {
    line: usize,
    name: String,
    email: String,
    detail: String,
    mistake: Option<String>,
}

/// What became of the links of the last minutes.
async fn mailed(
    services: &kalends::services::Services,
) -> Result<String, kalends_store::StoreError> {
    if !services
        .channels
        .mail()
        .is_some_and(kalends::notify::Mailer::is_private)
    {
        return Ok("Kalends mails no links here: hand them over yourself.".to_owned());
    }
    let since = services.clock.now() - kalends::services::one_time_links::SHOWN_FOR;
    let (mut sent, mut waiting, mut failed) = (0, 0, 0);
    for (state, number) in services.store.links_mailed(since).await? {
        match state {
            NoticeState::Sent => sent += number,
            NoticeState::Waiting => waiting += number,
            NoticeState::Failed | NoticeState::Cancelled => failed += number,
        }
    }
    let parts = [
        (sent, "were mailed"),
        (waiting, "wait to be mailed"),
        (failed, "could not be mailed"),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    Ok(format!(
        "Of the invitations of the last 15 minutes {}.",
        parts.join(", ")
    ))
}

async fn import_form() -> Result<ImportView, AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let services = request::services();
    let links = services.links.all(admin.id, services.clock.now());
    let rows = request::imported().await?;
    let draft = request::look_at_draft("import").await?;
    let preview = (!rows.is_empty() && draft.errors.is_empty()).then(|| {
        let mut sorted: Vec<_> = rows.iter().collect();
        // What is not taken is what somebody must look at.
        sorted.sort_by_key(|row| row.mistake.is_none());
        Preview {
            fine: rows.iter().filter(|row| row.mistake.is_none()).count(),
            wrong: rows.iter().filter(|row| row.mistake.is_some()).count(),
            more: rows.len().saturating_sub(MAX_PREVIEW_LINES),
            rows: sorted
                .into_iter()
                .take(MAX_PREVIEW_LINES)
                .map(|row| PreviewRow {
                    line: row.line,
                    name: row.name.clone(),
                    email: row.email.clone(),
                    detail: match (row.is_admin, row.addresses.is_empty()) {
                        (true, true) => "Administrator".to_owned(),
                        (true, false) => format!("Administrator; also {}", row.addresses),
                        (false, true) => String::new(),
                        (false, false) => format!("also {}", row.addresses),
                    },
                    mistake: row.mistake.clone(),
                })
                .collect(),
        }
    });
    // Below a preview it stays, to be corrected.
    if preview.is_none() {
        request::take_draft("import").await?;
    }
    Ok(ImportView {
        draft,
        preview,
        mailed: if links.is_empty() {
            None
        } else {
            Some(mailed(&services).await.map_err(request::internal)?)
        },
        flash: request::take_flash().await?,
    })
}

#[server(endpoint = "read_import", input = MultipartFormData)]
async fn read_import(data: MultipartData) -> Result<(), AppError> {
    request::user_with(request::Right::People).await?;
    let (text, refused) = read_parts(data).await?;
    let mut rows = match read_people(&text) {
        Some(rows) if !rows.is_empty() && refused.is_none() => rows,
        other => {
            let message = match (refused, other) {
                (Some(words), _) => words.to_owned(),
                (None, None) => format!("More than {MAX_PEOPLE} people. Split the table."),
                (None, Some(_)) => "Paste lines or choose a file that holds some.".to_owned(),
            };
            let draft = FormDraft {
                values: [(
                    "table".to_owned(),
                    text.trim().chars().take(2_000).collect(),
                )]
                .into(),
                errors: [(String::new(), message)].into(),
            };
            request::keep_draft("import", draft).await?;
            request::see_other("/people/import");
            return Ok(());
        }
    };
    find_mistakes(&request::services().store, &mut rows).await?;
    request::keep_imported(rows).await?;
    let kept = (text.len() <= MAX_KEPT_BYTES).then_some(("table".to_owned(), text));
    let draft = FormDraft {
        values: kept.into_iter().collect(),
        ..FormDraft::default()
    };
    request::keep_draft("import", draft).await?;
    request::see_other("/people/import");
    Ok(())
}

/// The text of the form and its file, and why a file was not taken.
async fn read_parts(data: MultipartData) -> Result<(String, Option<&'static str>), AppError> {
    let mut parts = data.into_inner().ok_or(AppError::NotUnderstood)?;
    let mut text = String::new();
    let mut refused = None;
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|_| AppError::NotUnderstood)?
    {
        let bytes = part.bytes().await.map_err(|_| AppError::TooLarge)?;
        if let Some(words) = not_text(&bytes) {
            refused = Some(words);
            continue;
        }
        let some = text_of(&bytes);
        // Whatever was left empty has no line.
        if !some.trim().is_empty() {
            text.push_str(&some);
            text.push('\n');
        }
    }
    Ok((text, refused))
}

/// Marks the rows that cannot be invited: of people with an account, or with an address of somebody else.
async fn find_mistakes(
    store: &kalends_store::Store,
    rows: &mut [kalends::people::ImportRow],
) -> Result<(), AppError> {
    for row in rows.iter_mut().filter(|row| row.mistake.is_none()) {
        if let Ok(email) = row.email.parse() {
            let known = store.user_by_email(&email).await;
            if known.map_err(request::internal)?.is_some() {
                row.mistake = Some("Has an account already.".to_owned());
                continue;
            }
        }
        let own = row.person("").map(|person| person.addresses);
        match check_theirs(store, None, &own.unwrap_or_default()).await {
            Err(PeopleError::Store(error)) => return Err(request::internal(error)),
            Err(mistake) => row.mistake = Some(mistake.to_string()),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// The longest table that is kept while it is looked at, in bytes.
const MAX_KEPT_BYTES: usize = 32 * 1024;

/// Invites everybody of the table that was read, or goes back to it.
#[server(endpoint = "import_people")]
async fn import_people(#[server(default)] drop: bool) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let services = request::services();
    let rows = request::imported().await?;
    request::keep_imported(Vec::new()).await?;
    if drop {
        request::see_other("/people/import");
        return Ok(());
    }
    request::take_draft("import").await?;
    let (mut invited, mut left) = (0, 0);
    for row in rows {
        let Some(person) = row.person(&admin.time_zone) else {
            left += 1;
            continue;
        };
        match people::invite(&services, &admin, person).await {
            Ok(_) => invited += 1,
            Err(PeopleError::Taken(_) | PeopleError::NotTheirs(..)) => left += 1,
            Err(error) => return Err(request::internal(error)),
        }
    }
    let invited = match invited {
        1 => "1 person has an account now, with a link to set a password.".to_owned(),
        many => format!("{many} people have accounts now, each with a link to set a password."),
    };
    let left = match left {
        0 => String::new(),
        1 => " 1 line was left out.".to_owned(),
        many => format!(" {many} lines were left out."),
    };
    request::flash(&format!("{invited}{left} Download their links here within 15 minutes, or make new ones on each person's page.")).await?;
    request::see_other("/people/import");
    Ok(())
}

#[component]
pub fn ImportPage() -> impl IntoView {
    loaded(import_form, |view| view! { <Import view /> })
}

#[component]
fn Import(view: ImportView) -> impl IntoView {
    let ImportView {
        draft,
        preview,
        mailed,
        flash,
    } = view;
    let errors = Signal::stored(draft.errors.clone());
    view! {
        <Frame title="Import people">
            <p class="back"><a href="/people">"All people"</a></p>
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            {mailed
                .map(|mailed| {
                    view! {
                        <p class="notice">{mailed} " " <a href="/organisation/notices">"See the alerts"</a></p>
                        <p class="form-actions page-actions">
                            <a class="button" href="/people/links.csv" download="links.csv" rel="external">"Download the links of the last 15 minutes"</a>
                        </p>
                    }
                })}
            {match preview {
                Some(preview) => view! { <PreviewTable preview /> }.into_any(),
                None => view! {
                    <form class="form panel" method="post" action=ReadImport::url() enctype="multipart/form-data">
                        <FormNotice errors />
                        <p>"One person in each line: name and email, and if you like a role (member or administrator) and further addresses of their own. A first line with the names of the columns puts them in any order."</p>
                        <div class="field">
                            <label for="import-table">"Table"</label>
                            <textarea id="import-table" name="table" rows="8" spellcheck="false" placeholder="name,email,role,addresses\nBob,bob@example.test,member,">{draft.value("table")}</textarea>
                        </div>
                        <div class="field">
                            <label for="import-file">"Or a file" <span class="field-aside">"CSV"</span></label>
                            <input id="import-file" name="file" type="file" accept=".csv,.txt,text/csv,text/plain" />
                        </div>
                        <p class="panel-hint">"Nobody is invited before you have seen what the table would do."</p>
                        <button class="button button-primary">"Preview"</button>
                    </form>
                }.into_any(),
            }}
        </Frame>
    }
}

#[component]
fn PreviewTable(preview: Preview) -> impl IntoView {
    let Preview {
        fine,
        wrong,
        rows,
        more,
    } = preview;
    let words = match fine {
        0 => "Nobody would be invited.".to_owned(),
        1 => "1 person would be invited.".to_owned(),
        many => format!("{many} people would be invited."),
    };
    let left = match wrong {
        0 => String::new(),
        1 => " 1 line is left out.".to_owned(),
        many => format!(" {many} lines are left out."),
    };
    view! {
        <p class="lead">{words} {left}</p>
        <div class="form-actions page-actions">
            {(fine > 0)
                .then(|| {
                    view! { <form method="post" action=ImportPeople::url()><button class="button button-primary">"Send invitations"</button></form> }
                })}
            <form method="post" action=ImportPeople::url()>
                <input type="hidden" name="drop" value="true" />
                <button class="button">"Change the table"</button>
            </form>
        </div>
        <Lines rows />
        {(more > 0).then(|| view! { <p class="panel-hint">{format!("And {more} more.")}</p> })}
    }
}

#[component]
fn Lines(rows: Vec<PreviewRow>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="Lines of the table" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Person", "Line", "What happens"] />
                <tbody role="rowgroup">
                    {rows
                        .into_iter()
                        .map(|row| {
                            view! {
                                <tr role="row">
                                    <th role="rowheader" scope="row">{row.name} <span class="cell-detail">{row.email}</span></th>
                                    <td role="cell" data-label="Line">{row.line}</td>
                                    <td role="cell" data-label="Then">
                                        {match row.mistake {
                                            Some(mistake) => view! { <span class="cell-bad">"Left out: " {mistake}</span> }.into_any(),
                                            None => view! { "Will be invited" <span class="cell-detail">{row.detail}</span> }.into_any(),
                                        }}
                                    </td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
}
