//! An instant in the reader's words, with the exact one on demand.

use crate::moment::Moment;
use leptos::prelude::*;

#[component]
pub fn When(moment: Moment) -> impl IntoView {
    view! { <time datetime=moment.iso title=moment.exact>{moment.text}</time> }
}
