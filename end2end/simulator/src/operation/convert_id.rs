//! `ConvertId` for the ids of the caller's own folders and entries; clients also learn from it whose mailbox an id is of.
//! Any other id is answered as malformed, as Exchange does with ids that it did not make.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use roxmltree::Node;

use super::{context::OperationContext, folder, response_messages::message_for_each};
use crate::{
    soap::{envelope::ResponseError, request::SoapRequest, schema, text::escape},
    world::mailbox::Mailbox,
};

pub fn answer(context: OperationContext<'_>, request: &SoapRequest<'_, '_>) -> String {
    let format = request.operation.attribute("DestinationFormat");
    message_for_each(request, "m:SourceIds", |id| {
        convert(context, id, format.unwrap_or_default())
    })
}

fn convert(
    context: OperationContext<'_>,
    id: Node<'_, '_>,
    format: &str,
) -> Result<String, ResponseError> {
    let malformed = || ResponseError::new("ErrorInvalidIdMalformed", "Id is malformed.");
    let text = id.attribute("Id").unwrap_or_default();
    let mailbox = context.mailbox.ok_or_else(malformed)?;
    let is_known = schema::is_element(id, "t:AlternateId")
        && (folder::all_folders(mailbox).any(|folder| folder.id() == text)
            || mailbox.entry(text).is_some());
    let converted = convert_format(text, format).filter(|_| is_known);
    let converted = converted.ok_or_else(malformed)?;
    Ok(alternate_id_xml(mailbox, format, &converted))
}

/// The same bytes as the format writes them.
fn convert_format(id: &str, format: &str) -> Option<String> {
    let bytes = STANDARD.decode(id).ok()?;
    Some(match format {
        "HexEntryId" => bytes.iter().fold(String::new(), |mut hex, byte| {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{byte:02X}");
            hex
        }),
        "OwaId" => id.replace('/', "%2f").replace('+', "%2b"),
        _ => id.to_owned(),
    })
}

fn alternate_id_xml(mailbox: &Mailbox, format: &str, id: &str) -> String {
    format!(
        r#"<m:AlternateId xsi:type="t:AlternateIdType" Format="{format}" Id="{}" Mailbox="{}"/>"#,
        escape(id),
        escape(&mailbox.address)
    )
}
