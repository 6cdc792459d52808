//! The addresses of a scope as a table, and the way between its pages.

use crate::component::TableHead;
use leptos::prelude::*;

/// One address.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeRowView {
    pub position: i64,
    pub address: String,
    pub place: String,
    pub is_bad: bool,
    pub detail: String,
    /// Whose it is; `None` where nobody has it.
    pub person: Option<String>,
    pub result: Option<String>,
    pub can_choose: bool,
}

#[component]
pub fn Rows(rows: Vec<ScopeRowView>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="Addresses" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Address", "Found", "Person", "Connection"] />
                <tbody role="rowgroup">
                    {rows
                        .into_iter()
                        .enumerate()
                        .map(|(place, row)| {
                            view! {
                                <tr role="row">
                                    <th role="rowheader" scope="row">
                                        {if row.can_choose {
                                            view! {
                                                <label class="tick">
                                                    <input type="checkbox" name=format!("chosen[{place}]") value=row.position />
                                                    {row.address}
                                                </label>
                                            }
                                                .into_any()
                                        } else {
                                            row.address.into_any()
                                        }}
                                    </th>
                                    <td role="cell" data-label="Found">
                                        <span class=if row.is_bad { "cell-bad" } else { "" }>{row.place}</span>
                                        {(!row.detail.is_empty()).then(|| view! { <span class="cell-detail">{row.detail}</span> })}
                                    </td>
                                    <td role="cell" data-label="Person">{row.person}</td>
                                    <td role="cell" data-label="Connection">{row.result}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
pub fn Pages(link: String, filter: String, page: i64, pages: i64) -> impl IntoView {
    let to = move |page: i64| {
        if filter.is_empty() {
            format!("{link}?page={page}")
        } else {
            format!("{link}?place={filter}&page={page}")
        }
    };
    view! {
        <nav class="pager" aria-label="Pages">
            {(page > 1).then(|| view! { <a class="button" href=to(page - 1)>"Previous"</a> })}
            <span>{format!("Page {page} of {pages}")}</span>
            {(page < pages).then(|| view! { <a class="button" href=to(page + 1)>"Next"</a> })}
        </nav>
    }
}
