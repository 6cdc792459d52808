//! Shows a page once its data is there, or why it is not.

use crate::{AppError, component::Failure};
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

/// The page for `resource`, built by `page` on both sides from the same data.
pub fn loaded<T, V>(
    resource: Resource<Result<T, AppError>>,
    page: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <Suspense>
            {move || {
                let page = page.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(data) => page(data).into_any(),
                        Err(error) => view! { <Failure error /> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
}
