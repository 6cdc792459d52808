//! People from a table: read, shown with what would happen, then invited.

use crate::{
    AppError,
    component::{FormNotice, Frame, TableHead, loaded},
    draft::FormDraft,
    request,
};
use kalends::{
    people::{self, MAX_PEOPLE, read_people},
    spreadsheet::{not_text, text_of},
};
use kalends_core::{
    id::JobId,
    import::{ImportOutcome, ImportRow},
    job::JobKind,
};
use kalends_store::Store;
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
    flash: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Preview {
    id: String,
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

async fn import_form() -> Result<ImportView, AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let store = request::services().store;
    let draft = request::look_at_draft("import").await?;
    let job = store.draft_job(JobKind::Import, admin.id).await;
    let preview = match job.map_err(request::internal)? {
        Some(job) if draft.errors.is_empty() => Some(preview(&store, job).await?),
        _ => None,
    };
    // Below a preview it stays, to be corrected.
    if preview.is_none() {
        request::take_draft("import").await?;
    }
    Ok(ImportView {
        draft,
        preview,
        flash: request::take_flash().await?,
    })
}

async fn preview(store: &Store, job: JobId) -> Result<Preview, AppError> {
    let items = store.job_items::<ImportRow, ImportOutcome>(job).await;
    let items = items.map_err(request::internal)?;
    let mut rows: Vec<_> = items.into_iter().map(|it| it.item).collect();
    let wrong = rows.iter().filter(|row| row.mistake.is_some()).count();
    let all = rows.len();
    // What is not taken is what somebody must look at.
    rows.sort_by_key(|row| row.mistake.is_none());
    Ok(Preview {
        id: job.to_string(),
        fine: all - wrong,
        wrong,
        more: all.saturating_sub(MAX_PREVIEW_LINES),
        rows: rows
            .into_iter()
            .take(MAX_PREVIEW_LINES)
            .map(|row| PreviewRow {
                line: row.line,
                detail: match (row.is_admin, row.addresses.is_empty()) {
                    (true, true) => "Administrator".to_owned(),
                    (true, false) => format!("Administrator; also {}", row.addresses),
                    (false, true) => String::new(),
                    (false, false) => format!("also {}", row.addresses),
                },
                name: row.name,
                email: row.email,
                mistake: row.mistake,
            })
            .collect(),
    })
}

#[server(endpoint = "read_import", input = MultipartFormData)]
async fn read_import(data: MultipartData) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let (text, refused) = read_parts(data).await?;
    let rows = match read_people(&text) {
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
    let proposed = people::propose(&request::services(), &admin, rows).await;
    proposed.map_err(request::internal)?;
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

/// The longest table that is kept while it is looked at, in bytes.
const MAX_KEPT_BYTES: usize = 32 * 1024;

/// Invites everybody of the draft that was looked at, or goes back to its table.
#[server(endpoint = "import_people")]
async fn import_people(
    #[server(default)] id: String,
    #[server(default)] drop: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let services = request::services();
    let Some(job) = request::own_job(&id, &admin).await? else {
        if !drop {
            request::flash(
                "The table was replaced by a newer one, or is too old. Look at this one.",
            )
            .await?;
        }
        request::see_other("/people/import");
        return Ok(());
    };
    if drop {
        let dropped = services.store.drop_draft(job.id, admin.id).await;
        dropped.map_err(request::internal)?;
        request::see_other("/people/import");
        return Ok(());
    }
    request::take_draft("import").await?;
    // Sent twice, it is one import.
    let begun = people::confirm(&services, &admin, job.id).await;
    begun.map_err(request::internal)?;
    request::see_other(&format!("/people/import/{id}"));
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
        flash,
    } = view;
    let errors = Signal::stored(draft.errors.clone());
    view! {
        <Frame title="Import people">
            <p class="back"><a href="/people">"All people"</a></p>
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
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
        id,
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
                    view! {
                        <form method="post" action=ImportPeople::url()>
                            <input type="hidden" name="id" value=id.clone() />
                            <button class="button button-primary">"Send invitations"</button>
                        </form>
                    }
                })}
            <form method="post" action=ImportPeople::url()>
                <input type="hidden" name="id" value=id.clone() />
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
