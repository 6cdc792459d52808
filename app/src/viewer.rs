//! Who looks at a page: the frame around it names them and shows them their ways.

use crate::AppError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Who looks at the page, as far as the frame needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub name: String,
    pub is_admin: bool,
}

#[server(endpoint = "viewer")]
async fn who_looks() -> Result<Option<Viewer>, AppError> {
    let user = crate::request::user_if_signed_in().await?;
    Ok(user.map(|user| Viewer {
        is_admin: user.has(kalends_core::rights::Right::Organisation),
        name: user.name,
    }))
}

pub fn use_viewer() -> Resource<Result<Option<Viewer>, AppError>> {
    expect_context()
}

/// Asks once for every page and its parts.
pub fn provide_viewer() {
    provide_context(Resource::new(|| (), |()| who_looks()));
}
