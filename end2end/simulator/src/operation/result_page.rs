//! The part of the found items that one answer of `FindItem` holds, and where it stands among all of them.
//! Calendar views and pages of stored items share it, and the limits that they keep to.

use roxmltree::Node;

use crate::{
    soap::{envelope::ResponseError, fault::ErrorDetail},
    world::settings::{ReportedValue, Settings},
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

/// The element `m:RootFolder`, with the attributes as the settings want them reported.
pub fn root_folder(settings: &Settings, found: &ResultPage) -> String {
    let attribute = |name: &str, reported: &ReportedValue, truth: String| match reported {
        ReportedValue::Truth => format!(r#" {name}="{truth}""#),
        ReportedValue::Nothing => String::new(),
        ReportedValue::Always(text) => format!(r#" {name}="{text}""#),
    };
    let next = found
        .next
        .map(|next| format!(r#" IndexedPagingOffset="{next}""#))
        .unwrap_or_default();
    let total = attribute(
        "TotalItemsInView",
        &settings.total_items_in_view,
        found.total.to_string(),
    );
    let last = attribute(
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

/// How many entries the view asks for at most.
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

/// The error for more objects than one answer may hold.
pub fn find_count_exceeded(limit: usize) -> ResponseError {
    ResponseError::new(
        "ErrorExceededFindCountLimit",
        "You have exceeded the maximum number of objects that can be returned for the find operation. Use paging to reduce the result size and try your request again.",
    )
    .with(ErrorDetail::Value("PolicyLimit".to_owned(), limit.to_string()))
}
