//! `GetFolder`: the cheapest proof that address, credentials, impersonation and mailbox are right.
//! `TotalCount` counts stored items, not occurrences.

use std::fmt::Write;

use super::{
    context::OperationContext,
    folder::{self, CALENDAR, Folder},
    response_messages::{fail_all, message_for_each},
    response_shape::ResponseShape,
};
use crate::{
    soap::{request::SoapRequest, text::element},
    world::item_id::change_key,
};

pub fn answer(context: OperationContext<'_>, request: &SoapRequest<'_, '_>) -> String {
    let shape = match ResponseShape::read(request, "m:FolderShape") {
        Ok(shape) => shape,
        Err(error) => return fail_all(request, &error),
    };
    message_for_each(request, "m:FolderIds", |id| {
        let folder = folder::find_folder(context, id)?;
        Ok(format!(
            "<m:Folders>{}</m:Folders>",
            folder_xml(folder, &shape)
        ))
    })
}

const EFFECTIVE_RIGHTS: &str = "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents><t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read><t:ViewPrivateItems>true</t:ViewPrivateItems></t:EffectiveRights>";

/// The folder in the order of the schema.
fn folder_xml(folder: Folder<'_>, shape: &ResponseShape) -> String {
    let Folder { mailbox, kind } = folder;
    let calendar = *kind == CALENDAR;
    let address = &mailbox.address;
    let name = if calendar { "CalendarFolder" } else { "Folder" };
    let key = change_key(address, 0x02, if calendar { mailbox.revision } else { 1 });
    let mut out = format!(
        r#"<t:{name}><t:FolderId Id="{}" ChangeKey="{key}"/>"#,
        folder.id()
    );
    if shape.has("folder:ParentFolderId", false) {
        let parent = crate::world::item_id::folder_id(address, kind.parent);
        let key = change_key(address, 0x01, 1);
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            r#"<t:ParentFolderId Id="{parent}" ChangeKey="{key}"/>"#
        );
    }
    if shape.has("folder:FolderClass", false) && !kind.class.is_empty() {
        out += &element("t:FolderClass", kind.class);
    }
    if shape.has("folder:DisplayName", true) {
        out += &element("t:DisplayName", kind.name);
    }
    if shape.has("folder:TotalCount", true) {
        let total = if calendar { mailbox.entries().len() } else { 0 };
        out += &element("t:TotalCount", &total.to_string());
    }
    if shape.has("folder:ChildFolderCount", true) {
        out += &element("t:ChildFolderCount", &kind.children.to_string());
    }
    for property in &shape.extended {
        let value = match property.tag() {
            // PR_CONTAINER_CLASS: the folder class under its MAPI tag.
            Some(0x3613) if !kind.class.is_empty() => kind.class.to_owned(),
            // Local commit time and count of deletions: has anything changed?
            Some(0x670a) if calendar => mailbox.last_changed.to_string(),
            Some(0x670b) if calendar => mailbox.deleted_count.to_string(),
            _ => continue,
        };
        out += &property.xml(&value);
    }
    if shape.has("folder:EffectiveRights", false) {
        out += EFFECTIVE_RIGHTS;
    }
    if !calendar && shape.has("folder:UnreadCount", true) {
        out += &element("t:UnreadCount", "0");
    }
    out + &format!("</t:{name}>")
}
