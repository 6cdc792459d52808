//! The first line of every table.

use leptos::prelude::*;

/// The names of the columns; those in `numbers` stand at the end of theirs, as numbers do.
#[component]
pub fn TableHead(
    columns: &'static [&'static str],
    #[prop(optional)] numbers: &'static [&'static str],
) -> impl IntoView {
    let cell = |name: &'static str| {
        let class = numbers.contains(&name).then_some("number");
        view! { <th role="columnheader" scope="col" class=class>{name}</th> }
    };
    view! {
        <thead role="rowgroup">
            <tr role="row">{columns.iter().copied().map(cell).collect_view()}</tr>
        </thead>
    }
}
