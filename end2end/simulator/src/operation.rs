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
mod page;
mod property;
mod resolve_names;
mod response_messages;
mod restriction;
mod result_page;
mod series_xml;
mod shape;

use crate::soap::{fault::Fault, request::Request};

pub use context::Scene;
pub use response_messages::refuse;

/// The response messages of an operation.
pub fn answer(scene: Scene<'_>, request: &Request<'_, '_>) -> Result<String, Fault> {
    match request.name() {
        "GetFolder" => Ok(get_folder::answer(scene, request)),
        "FindItem" => Ok(find_item::answer(scene, request)),
        "GetItem" => Ok(get_item::answer(scene, request)),
        "ResolveNames" => Ok(resolve_names::answer(scene, request)),
        "ConvertId" => Ok(convert_id::answer(scene, request)),
        name => Err(Fault::new(
            "ErrorInvalidRequest",
            &format!("The practice Exchange does not answer {name}."),
        )),
    }
}
