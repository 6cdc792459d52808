//! `ConvertId` for the ids of the caller's own folders and entries; clients also learn from it whose mailbox an id is of.
//! Any other id is told to be malformed, which is what a made-up one gets from Exchange.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use roxmltree::Node;

use super::{context::Scene, folder, response_messages::each};
use crate::{
    soap::{envelope::ResponseError, request::Request, schema, text::escape},
    world::mailbox::Mailbox,
};

pub fn answer(scene: Scene<'_>, request: &Request<'_, '_>) -> String {
    let format = request.operation.attribute("DestinationFormat");
    each(request, "m:SourceIds", |id| {
        convert(scene, id, format.unwrap_or_default())
    })
}

fn convert(scene: Scene<'_>, id: Node<'_, '_>, format: &str) -> Result<String, ResponseError> {
    let malformed = || ResponseError::new("ErrorInvalidIdMalformed", "Id is malformed.");
    let text = id.attribute("Id").unwrap_or_default();
    let mailbox = scene.mailbox.ok_or_else(malformed)?;
    let is_known = schema::is(id, "t:AlternateId")
        && (folder::all(mailbox).any(|folder| folder.id() == text)
            || mailbox.entry(text).is_some());
    let converted = converted(text, format).filter(|_| is_known);
    let converted = converted.ok_or_else(malformed)?;
    Ok(alternate(mailbox, format, &converted))
}

/// The same bytes as the format writes them.
fn converted(id: &str, format: &str) -> Option<String> {
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

fn alternate(mailbox: &Mailbox, format: &str, id: &str) -> String {
    format!(
        r#"<m:AlternateId xsi:type="t:AlternateIdType" Format="{format}" Id="{}" Mailbox="{}"/>"#,
        escape(id),
        escape(&mailbox.address)
    )
}
