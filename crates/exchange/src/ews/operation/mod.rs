//! The operations that Kalends can ask for, one file each. Both read; there is no other, so that nothing in a mailbox
//! can be changed by it.

pub mod find_item;
pub mod get_folder;

use super::{
    error_response::ErrorResponse,
    mailbox_access::MailboxAccess,
    operation_name::OperationName,
    xml::{Xml, XmlError, escaped},
};
use kalends_core::exchange_version::RequestSchema;

/// An operation: what it asks, and how its answer is read.
pub trait Operation: Sync {
    /// Its element, without the suffix of an answer.
    const NAME: OperationName;
    /// What a success says.
    type Answer: Send;

    /// The attributes of the operation's element, each with a space before it.
    fn attributes(&self) -> &'static str {
        ""
    }

    /// The content of the operation's element, in the order of the schema.
    fn content(&self, schema: RequestSchema, access: Option<&MailboxAccess>) -> String;

    /// Reads the content of the operation's answer.
    fn read(xml: &mut Xml<'_>) -> Result<Result<Self::Answer, ErrorResponse>, XmlError>;
}

/// The calendar of the mailbox. Impersonated calls mean the owner's by themselves; others name the mailbox, since an
/// account would else open its own whatever mailbox was typed.
fn calendar(access: Option<&MailboxAccess>) -> String {
    match access.filter(|access| access.connecting_sid.is_none()) {
        None => r#"<t:DistinguishedFolderId Id="calendar"/>"#.to_owned(),
        Some(access) => format!(
            r#"<t:DistinguishedFolderId Id="calendar"><t:Mailbox><t:EmailAddress>{}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>"#,
            escaped(&access.mailbox.wire())
        ),
    }
}

fn field_uris(fields: &[&str]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for field in fields {
        // Writing to a String cannot fail.
        let _ = write!(text, r#"<t:FieldURI FieldURI="{field}"/>"#);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    fn only_reading_operations_exist() {
        let names = OperationName::ALL.map(OperationName::as_str);
        assert_eq!(names, ["GetFolder", "FindItem"]);
    }

    #[test]
    fn no_source_of_the_client_names_a_writing_operation() {
        let writing = [
            ["Create", "Item"],
            ["Update", "Item"],
            ["Delete", "Item"],
            ["Send", "Item"],
            ["Move", "Item"],
            ["Copy", "Item"],
            ["Create", "Folder"],
            ["Update", "Folder"],
            ["Delete", "Folder"],
            ["Empty", "Folder"],
            ["Create", "Attachment"],
            ["Delete", "Attachment"],
            ["msgfolder", "root"],
            ["Mark", "AllItemsAsRead"],
        ]
        .map(|parts| parts.concat());
        let mut read = 0;
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ews")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let source = fs::read_to_string(&path).unwrap();
                read += 1;
                for name in &writing {
                    assert!(
                        !source.contains(name.as_str()),
                        "{name} in {}",
                        path.display()
                    );
                }
            }
        }
        assert!(read > 10, "{read} files");
    }
}
