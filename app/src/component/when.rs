//! An instant in the reader's words, with the exact one on demand or beside it.

use crate::moment::Moment;
use leptos::prelude::*;

#[component]
pub fn When(
    moment: Moment,
    /// Where the exact instant counts, or nobody has a pointer to ask for it with.
    #[prop(optional)]
    exact: bool,
) -> impl IntoView {
    let beside = exact.then(|| moment.exact.clone());
    view! {
        <time datetime=moment.iso title=moment.exact>{moment.text}</time>
        {beside.map(|exact| view! { <span class="cell-detail exact">{exact}</span> })}
    }
}
