//! The operations: each reads its element and answers with response messages.
//! They run last, when sign-in, schema, version, impersonation and budget have let the request pass.

mod context;
mod convert_id;
mod find_item;
mod folder;
mod get_folder;
mod get_item;
mod item_writer;
mod item_xml;
mod mime;
mod property;
mod resolve_names;
mod response_messages;
mod response_shape;
mod restriction;
mod result_page;
mod series_xml;
mod stored_items;

use crate::soap::{fault::SoapFault, request::SoapRequest};

pub use context::OperationContext;
pub use response_messages::fail_all;

/// The response messages of an operation.
pub fn answer(
    context: OperationContext<'_>,
    request: &SoapRequest<'_, '_>,
) -> Result<String, SoapFault> {
    match request.name() {
        "GetFolder" => Ok(get_folder::answer(context, request)),
        "FindItem" => Ok(find_item::answer(context, request)),
        "GetItem" => Ok(get_item::answer(context, request)),
        "ResolveNames" => Ok(resolve_names::answer(context, request)),
        "ConvertId" => Ok(convert_id::answer(context, request)),
        name => Err(SoapFault::new(
            "ErrorInvalidRequest",
            &format!("The practice Exchange does not answer {name}."),
        )),
    }
}
