//! The part of the found items that one answer of `FindItem` holds, and where it stands among all of them.
//! Calendar views and pages of stored items share it, and the limits that they keep to.

use roxmltree::Node;

use crate::{
    soap::{envelope::ResponseError, fault::Detail},
    world::settings::{Settings, Told},
};

/// The found items as XML, and where they stand among all.
#[derive(Debug)]
pub struct ResultPage {
    pub items: String,
    /// The offset of the page that follows.
    pub next: Option<usize>,
    pub total: usize,
    pub is_last: bool,
}

/// The element `m:RootFolder`, whose attributes say what the settings want them to.
pub fn root_folder(settings: &Settings, found: &ResultPage) -> String {
    let told = |name: &str, told: &Told, truth: String| match told {
        Told::Truth => format!(r#" {name}="{truth}""#),
        Told::Nothing => String::new(),
        Told::Always(text) => format!(r#" {name}="{text}""#),
    };
    let next = found
        .next
        .map(|next| format!(r#" IndexedPagingOffset="{next}""#))
        .unwrap_or_default();
    let total = told(
        "TotalItemsInView",
        &settings.total_items_in_view,
        found.total.to_string(),
    );
    let last = told(
        "IncludesLastItemInRange",
        &settings.includes_last_item,
        found.is_last.to_string(),
    );
    let items = if found.items.is_empty() {
        "<t:Items/>".to_owned()
    } else {
        format!("<t:Items>{}</t:Items>", found.items)
    };
    format!("<m:RootFolder{next}{total}{last}>{items}</m:RootFolder>")
}

/// How many entries a view takes at most.
pub fn max_entries(view: Node<'_, '_>) -> Result<Option<usize>, ResponseError> {
    let Some(text) = view.attribute("MaxEntriesReturned") else {
        return Ok(None);
    };
    match text.trim().parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(Some(limit)),
        _ => Err(ResponseError::new(
            "ErrorInvalidPagingMaxRows",
            "MaxEntriesReturned must be greater than zero.",
        )),
    }
}

/// More objects than one answer holds.
pub fn too_many(most: usize) -> ResponseError {
    ResponseError::new(
        "ErrorExceededFindCountLimit",
        "You have exceeded the maximum number of objects that can be returned for the find operation. Use paging to reduce the result size and try your request again.",
    )
    .with(Detail::Value("PolicyLimit".to_owned(), most.to_string()))
}
