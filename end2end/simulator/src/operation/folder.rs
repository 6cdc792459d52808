//! Which folder an id means.
//! Distinguished names work for the folders that clients look for when they sign in; all but the calendar are empty.

use roxmltree::Node;

use super::context::Scene;
use crate::{
    soap::{envelope::ResponseError, request::child, schema},
    world::{item_id::folder_id, mailbox::Mailbox},
};

#[derive(Clone, Copy, Debug)]
pub struct Folder<'a> {
    pub mailbox: &'a Mailbox,
    pub kind: &'static Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub id: &'static str,
    pub name: &'static str,
    /// Empty for roots.
    pub class: &'static str,
    pub parent: &'static str,
    pub children: u32,
}

pub static CALENDAR: Kind = Kind {
    id: "calendar",
    name: "Calendar",
    class: "IPF.Appointment",
    parent: "msgfolderroot",
    children: 0,
};
static INBOX: Kind = Kind {
    id: "inbox",
    name: "Inbox",
    class: "IPF.Note",
    parent: "msgfolderroot",
    children: 0,
};
static TOP: Kind = Kind {
    id: "msgfolderroot",
    name: "Top of Information Store",
    class: "IPF.Note",
    parent: "root",
    children: 9,
};
static ROOT: Kind = Kind {
    id: "root",
    name: "",
    class: "",
    parent: "root",
    children: 1,
};
static KINDS: [&Kind; 11] = [
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

const fn below_top(id: &'static str, name: &'static str, class: &'static str) -> Kind {
    Kind {
        id,
        name,
        class,
        parent: "msgfolderroot",
        children: 0,
    }
}

/// Every folder of a mailbox.
pub fn all(mailbox: &Mailbox) -> impl Iterator<Item = Folder<'_>> {
    KINDS.iter().map(move |kind| Folder { mailbox, kind })
}

impl Folder<'_> {
    pub fn id(&self) -> String {
        folder_id(&self.mailbox.address, self.kind.id)
    }
}

/// The folder that a `FolderId` or `DistinguishedFolderId` means.
pub fn find<'a>(scene: Scene<'a>, wanted: Node<'_, '_>) -> Result<Folder<'a>, ResponseError> {
    let id = wanted.attribute("Id").unwrap_or_default();
    if !schema::is(wanted, "t:DistinguishedFolderId") {
        return by_id(scene, id);
    }
    let mailbox = owner(scene, wanted)?;
    let kind = KINDS.iter().find(|kind| kind.id == id);
    kind.map(|kind| Folder { mailbox, kind })
        .ok_or_else(missing)
}

fn by_id<'a>(scene: Scene<'a>, id: &str) -> Result<Folder<'a>, ResponseError> {
    let well_formed = id.len() == 120 && id.starts_with("AAMk");
    if !well_formed {
        return Err(ResponseError::new(
            "ErrorInvalidIdMalformed",
            "Id is malformed.",
        ));
    }
    let mailbox = scene.mailbox.ok_or_else(missing)?;
    all(mailbox)
        .find(|folder| folder.id() == id)
        .ok_or_else(missing)
}

/// The mailbox of a distinguished folder: the one named in it, else the scene's.
fn owner<'a>(scene: Scene<'a>, wanted: Node<'_, '_>) -> Result<&'a Mailbox, ResponseError> {
    let named = child(wanted, "t:Mailbox")
        .and_then(|mailbox| child(mailbox, "t:EmailAddress"))
        .and_then(|address| address.text());
    let Some(named) = named else {
        return scene.mailbox.ok_or_else(|| {
            ResponseError::new(
                "ErrorMissingEmailAddress",
                "When making a request as an account that does not have a mailbox, you must specify the mailbox primary SMTP address for any distinguished folder Ids.",
            )
        });
    };
    let Some(mailbox) = scene.world.by_any_address(named) else {
        return Err(ResponseError::new(
            "ErrorNonExistentMailbox",
            "The SMTP address has no mailbox associated with it.",
        ));
    };
    let own = scene
        .mailbox
        .is_some_and(|own| own.address == mailbox.address);
    own.then_some(mailbox).ok_or_else(|| {
        ResponseError::new(
            "ErrorAccessDenied",
            "Access is denied. Check credentials and try again.",
        )
    })
}

fn missing() -> ResponseError {
    ResponseError::new(
        "ErrorFolderNotFound",
        "The specified folder could not be found in the store.",
    )
}
