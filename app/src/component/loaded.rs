//! Shows a page once its data is there, or why it is not.

use crate::{AppError, component::Failure};
use leptos::prelude::*;

/// The page that `page` makes of what `load` brings.
pub fn loaded<T, F, V>(
    load: impl Fn() -> F + Send + Sync + 'static,
    page: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, AppError>> + Send + 'static,
    V: IntoView + 'static,
{
    // Suspense runs its part twice: what it awaits must be there twice.
    let data = ArcAsyncDerived::new(load);
    view! {
        <Suspense>
            {move || {
                let (data, page) = (data.clone(), page.clone());
                Suspend::new(async move {
                    match data.await {
                        Ok(data) => page(data).into_any(),
                        Err(error) => view! { <Failure error /> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
}
