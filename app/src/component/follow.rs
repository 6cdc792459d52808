//! Pages that follow by themselves.

use leptos::prelude::*;

#[component]
pub fn Follow() -> impl IntoView {}
