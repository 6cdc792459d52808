//! Which folder an id means.
//! Distinguished names work for the folders that clients look for when they sign in; all but the calendar are empty.

use roxmltree::Node;

use super::context::OperationContext;
use crate::{
    soap::{envelope::ResponseError, request::child, schema},
    world::{item_id::folder_id, mailbox::Mailbox},
};

#[derive(Clone, Copy, Debug)]
pub struct Folder<'a> {
    pub mailbox: &'a Mailbox,
    pub kind: &'static DistinguishedFolder,
}

#[derive(Debug, PartialEq, Eq)]
pub struct DistinguishedFolder {
    pub id: &'static str,
    pub name: &'static str,
    /// Empty for roots.
    pub class: &'static str,
    pub parent: &'static str,
    pub children: u32,
}

pub static CALENDAR: DistinguishedFolder = DistinguishedFolder {
    id: "calendar",
    name: "Calendar",
    class: "IPF.Appointment",
    parent: "msgfolderroot",
    children: 0,
};
static INBOX: DistinguishedFolder = DistinguishedFolder {
    id: "inbox",
    name: "Inbox",
    class: "IPF.Note",
    parent: "msgfolderroot",
    children: 0,
};
static TOP: DistinguishedFolder = DistinguishedFolder {
    id: "msgfolderroot",
    name: "Top of Information Store",
    class: "IPF.Note",
    parent: "root",
    children: 9,
};
static ROOT: DistinguishedFolder = DistinguishedFolder {
    id: "root",
    name: "",
    class: "",
    parent: "root",
    children: 1,
};
static DISTINGUISHED_FOLDERS: [&DistinguishedFolder; 11] = [
    &CALENDAR,
    &INBOX,
    &TOP,
    &ROOT,
    &below_top("contacts", "Contacts", "IPF.Contact"),
    &below_top("deleteditems", "Deleted Items", "IPF.Note"),
    &below_top("drafts", "Drafts", "IPF.Note"),
    &below_top("junkemail", "Junk Email", "IPF.Note"),
    &below_top("outbox", "Outbox", "IPF.Note"),
    &below_top("sentitems", "Sent Items", "IPF.Note"),
    &below_top("tasks", "Tasks", "IPF.Task"),
];

const fn below_top(
    id: &'static str,
    name: &'static str,
    class: &'static str,
) -> DistinguishedFolder {
    DistinguishedFolder {
        id,
        name,
        class,
        parent: "msgfolderroot",
        children: 0,
    }
}

/// Every folder of a mailbox.
pub fn all_folders(mailbox: &Mailbox) -> impl Iterator<Item = Folder<'_>> {
    DISTINGUISHED_FOLDERS
        .iter()
        .map(move |kind| Folder { mailbox, kind })
}

impl Folder<'_> {
    pub fn id(&self) -> String {
        folder_id(&self.mailbox.address, self.kind.id)
    }
}

/// The folder that a `FolderId` or `DistinguishedFolderId` means.
pub fn find_folder<'a>(
    context: OperationContext<'a>,
    id_element: Node<'_, '_>,
) -> Result<Folder<'a>, ResponseError> {
    let id = id_element.attribute("Id").unwrap_or_default();
    if !schema::is_element(id_element, "t:DistinguishedFolderId") {
        return folder_by_id(context, id);
    }
    let mailbox = folder_mailbox(context, id_element)?;
    let kind = DISTINGUISHED_FOLDERS.iter().find(|kind| kind.id == id);
    kind.map(|kind| Folder { mailbox, kind })
        .ok_or_else(folder_not_found)
}

fn folder_by_id<'a>(context: OperationContext<'a>, id: &str) -> Result<Folder<'a>, ResponseError> {
    let well_formed = id.len() == 120 && id.starts_with("AAMk");
    if !well_formed {
        return Err(ResponseError::new(
            "ErrorInvalidIdMalformed",
            "Id is malformed.",
        ));
    }
    let mailbox = context.mailbox.ok_or_else(folder_not_found)?;
    all_folders(mailbox)
        .find(|folder| folder.id() == id)
        .ok_or_else(folder_not_found)
}

/// The mailbox of a distinguished folder: the one named in it, else the caller's.
fn folder_mailbox<'a>(
    context: OperationContext<'a>,
    id_element: Node<'_, '_>,
) -> Result<&'a Mailbox, ResponseError> {
    let named = child(id_element, "t:Mailbox")
        .and_then(|mailbox| child(mailbox, "t:EmailAddress"))
        .and_then(|address| address.text());
    let Some(named) = named else {
        return context.mailbox.ok_or_else(|| {
            ResponseError::new(
                "ErrorMissingEmailAddress",
                "When making a request as an account that does not have a mailbox, you must specify the mailbox primary SMTP address for any distinguished folder Ids.",
            )
        });
    };
    let Some(mailbox) = context.world.by_any_address(named) else {
        return Err(ResponseError::new(
            "ErrorNonExistentMailbox",
            "The SMTP address has no mailbox associated with it.",
        ));
    };
    let own = context
        .mailbox
        .is_some_and(|own| own.address == mailbox.address);
    own.then_some(mailbox).ok_or_else(|| {
        ResponseError::new(
            "ErrorAccessDenied",
            "Access is denied. Check credentials and try again.",
        )
    })
}

fn folder_not_found() -> ResponseError {
    ResponseError::new(
        "ErrorFolderNotFound",
        "The specified folder could not be found in the store.",
    )
}
