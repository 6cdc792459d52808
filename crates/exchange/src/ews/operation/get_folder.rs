//! `GetFolder` of the calendar: one cheap call that proves address, sign-in, impersonation and mailbox.

use super::{Operation, calendar, field_uris};
use crate::ews::{
    envelope::{MessageHead, first_message},
    error_response::ErrorResponse,
    mailbox_access::MailboxAccess,
    operation_name::OperationName,
    response_code::ResponseCode,
    xml::{Namespace, Xml, XmlError},
};
use kalends_core::{exchange_version::RequestSchema, problem::capped};

/// What Exchange tells about the calendar folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderFacts {
    /// Opaque and case-sensitive.
    pub id: String,
    /// At most 200 characters; in the language of the mailbox.
    pub display_name: String,
    /// Stored items: single entries and series, not occurrences.
    pub total_count: Option<u64>,
}

/// Asks for the default calendar.
#[derive(Debug, Clone, Copy)]
pub struct GetFolder;

impl Operation for GetFolder {
    const NAME: OperationName = OperationName::GetFolder;
    type Answer = FolderFacts;

    fn content(&self, _: RequestSchema, access: Option<&MailboxAccess>) -> String {
        format!(
            "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{}</t:AdditionalProperties></m:FolderShape><m:FolderIds>{}</m:FolderIds>",
            field_uris(&["folder:DisplayName", "folder:TotalCount"]),
            calendar(access)
        )
    }

    fn read(xml: &mut Xml<'_>) -> Result<Result<FolderFacts, ErrorResponse>, XmlError> {
        let Some(message) = first_message(xml, Self::NAME)? else {
            return Err(XmlError::malformed("GetFolderResponse without a message"));
        };
        let mut head = MessageHead::new(&message);
        let mut folder = None;
        while let Some(tag) = xml.child()? {
            if head.take(xml, &tag)? {
            } else if tag.is(Namespace::Messages, "Folders") {
                folder = read_folders(xml)?;
            } else {
                xml.skip()?;
            }
        }
        if let Some(said) = head.failure() {
            return Ok(Err(said));
        }
        Ok(folder.ok_or_else(|| ErrorResponse {
            code: ResponseCode::FolderNotFound,
            text: String::new(),
            values: Vec::new(),
            inner: None,
            is_fault: false,
        }))
    }
}

/// The first calendar folder; a folder of another kind in its place is no calendar.
fn read_folders(xml: &mut Xml<'_>) -> Result<Option<FolderFacts>, XmlError> {
    let mut found = None;
    while let Some(tag) = xml.child()? {
        if found.is_none() && tag.is(Namespace::Types, "CalendarFolder") {
            found = read_folder(xml)?;
        } else {
            xml.skip()?;
        }
    }
    Ok(found)
}

fn read_folder(xml: &mut Xml<'_>) -> Result<Option<FolderFacts>, XmlError> {
    let (mut id, mut display_name, mut total_count) = (None, String::new(), None);
    while let Some(tag) = xml.child()? {
        match (tag.namespace, tag.name()) {
            (Namespace::Types, "FolderId") => {
                id = tag.attribute("Id");
                xml.skip()?;
            }
            (Namespace::Types, "DisplayName") => display_name = capped(&xml.text()?),
            (Namespace::Types, "TotalCount") => total_count = xml.text()?.trim().parse().ok(),
            _ => xml.skip()?,
        }
    }
    Ok(id.filter(|id| !id.is_empty()).map(|id| FolderFacts {
        id,
        display_name,
        total_count,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Result<Result<FolderFacts, ErrorResponse>, XmlError> {
        let text = format!(
            r#"<m:GetFolderResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><m:ResponseMessages>{inner}</m:ResponseMessages></m:GetFolderResponse>"#
        );
        let mut xml = Xml::new(&text);
        xml.root()?;
        GetFolder::read(&mut xml)
    }

    #[test]
    fn the_calendar_folder_is_read() {
        let facts = read(
            r#"<m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Folders><t:CalendarFolder><t:FolderId ChangeKey="AgAAABYAAACx0v" Id="AAMkAGNhAAAuEb="/><t:DisplayName>Kalender</t:DisplayName><t:TotalCount>12</t:TotalCount><t:New/></t:CalendarFolder></m:Folders></m:GetFolderResponseMessage>"#,
        );
        let facts = facts.unwrap().unwrap();
        assert_eq!(facts.id, "AAMkAGNhAAAuEb=");
        assert_eq!(
            (facts.display_name.as_str(), facts.total_count),
            ("Kalender", Some(12))
        );
    }

    #[test]
    fn an_error_message_is_no_folder() {
        let said = read(
            r#"<m:GetFolderResponseMessage ResponseClass="Error"><m:MessageText>The specified folder could not be found in the store.</m:MessageText><m:ResponseCode>ErrorFolderNotFound</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:Folders/></m:GetFolderResponseMessage>"#,
        );
        assert_eq!(
            said.unwrap().unwrap_err().code,
            ResponseCode::FolderNotFound
        );
        let warning = read(
            r#"<m:GetFolderResponseMessage ResponseClass="Warning"><m:ResponseCode>ErrorBatchProcessingStopped</m:ResponseCode><m:Folders/></m:GetFolderResponseMessage>"#,
        );
        assert_eq!(
            warning.unwrap().unwrap_err().code,
            ResponseCode::BatchProcessingStopped
        );
        assert!(matches!(read(""), Err(XmlError::Malformed(_))));
    }
}
