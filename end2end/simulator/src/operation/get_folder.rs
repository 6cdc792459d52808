//! `GetFolder`: the cheapest proof that address, credentials, impersonation and mailbox are right.
//! `TotalCount` counts stored items, not occurrences.

use std::fmt::Write;

use super::{
    context::Scene,
    folder::{self, CALENDAR, Folder},
    response_messages::{each, refuse},
    shape::Wanted,
};
use crate::{
    soap::{request::Request, text::element},
    world::item_id::change_key,
};

pub fn answer(scene: Scene<'_>, request: &Request<'_, '_>) -> String {
    let wanted = match Wanted::read(request, "m:FolderShape") {
        Ok(wanted) => wanted,
        Err(error) => return refuse(request, &error),
    };
    each(request, "m:FolderIds", |id| {
        let folder = folder::find(scene, id)?;
        Ok(format!("<m:Folders>{}</m:Folders>", xml(folder, &wanted)))
    })
}

const RIGHTS: &str = "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents><t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read><t:ViewPrivateItems>true</t:ViewPrivateItems></t:EffectiveRights>";

/// The folder in the order of the schema.
fn xml(folder: Folder<'_>, wanted: &Wanted) -> String {
    let Folder { mailbox, kind } = folder;
    let calendar = *kind == CALENDAR;
    let address = &mailbox.address;
    let name = if calendar { "CalendarFolder" } else { "Folder" };
    let key = change_key(address, 0x02, if calendar { mailbox.save } else { 1 });
    let mut out = format!(
        r#"<t:{name}><t:FolderId Id="{}" ChangeKey="{key}"/>"#,
        folder.id()
    );
    if wanted.has("folder:ParentFolderId", false) {
        let parent = crate::world::item_id::folder_id(address, kind.parent);
        let key = change_key(address, 0x01, 1);
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            r#"<t:ParentFolderId Id="{parent}" ChangeKey="{key}"/>"#
        );
    }
    if wanted.has("folder:FolderClass", false) && !kind.class.is_empty() {
        out += &element("t:FolderClass", kind.class);
    }
    if wanted.has("folder:DisplayName", true) {
        out += &element("t:DisplayName", kind.name);
    }
    if wanted.has("folder:TotalCount", true) {
        let total = if calendar { mailbox.entries().len() } else { 0 };
        out += &element("t:TotalCount", &total.to_string());
    }
    if wanted.has("folder:ChildFolderCount", true) {
        out += &element("t:ChildFolderCount", &kind.children.to_string());
    }
    for property in &wanted.extended {
        let value = match property.tag() {
            // The class, as clients ask for it that know MAPI.
            Some(0x3613) if !kind.class.is_empty() => kind.class.to_owned(),
            // Local commit time and count of deletions: has anything changed?
            Some(0x670a) if calendar => mailbox.changed.to_string(),
            Some(0x670b) if calendar => mailbox.deleted.to_string(),
            _ => continue,
        };
        out += &property.xml(&value);
    }
    if wanted.has("folder:EffectiveRights", false) {
        out += RIGHTS;
    }
    if !calendar && wanted.has("folder:UnreadCount", true) {
        out += &element("t:UnreadCount", "0");
    }
    out + &format!("</t:{name}>")
}
