//! Who looks at a page: the frame around it names them and shows them their ways.

use crate::{
    AppError,
    request::{Right, user_if_signed_in},
};
use leptos::prelude::*;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Who looks at the page, as far as the frame needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    pub name: String,
    pub is_admin: bool,
}

/// Asked once for a page and all its parts, when the first one wants to know; `None` where nobody is signed in.
#[derive(Clone, Default)]
pub struct AskedViewer(Arc<OnceCell<Option<Viewer>>>);

impl AskedViewer {
    pub fn provide() {
        provide_context(Self::default());
    }

    pub async fn get() -> Option<Viewer> {
        let asked = expect_context::<Self>().0;
        let ask = async || who_looks().await.ok().flatten();
        asked.get_or_init(ask).await.clone()
    }
}

async fn who_looks() -> Result<Option<Viewer>, AppError> {
    let user = user_if_signed_in().await?;
    Ok(user.map(|user| Viewer {
        is_admin: user.has(Right::Organisation),
        name: user.name,
    }))
}
