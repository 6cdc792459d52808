//! The operations: each reads its element and answers with response messages.
//! They run last, when sign-in, schema, version, impersonation and budget have let the request pass.

mod convert_id;
mod find_item;
mod folder;
mod get_folder;
mod get_item;
mod item_xml;
mod mime;
mod page;
mod property;
mod resolve_names;
mod restriction;
mod series_xml;
mod shape;

use roxmltree::Node;

use crate::{
    soap::{
        envelope::{self, ResponseError},
        fault::Fault,
        request::Request,
    },
    world::{World, mailbox::Mailbox},
};

/// Whose data an operation works on.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    pub world: &'a World,
    /// The impersonated mailbox, else the caller's own, if it has one.
    pub mailbox: Option<&'a Mailbox>,
}

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

/// Errors of the store stop a batch; those of one item do not.
const STOPPING: [&str; 6] = [
    "ErrorMailboxStoreUnavailable",
    "ErrorMailboxMoveInProgress",
    "ErrorMailboxFailover",
    "ErrorConnectionFailed",
    "ErrorMailboxLogonFailed",
    "ErrorServerBusy",
];

/// One error for everything that was asked for.
pub fn refuse(request: &Request<'_, '_>, error: &ResponseError) -> String {
    let name = request.name();
    let asked = [
        "m:FolderIds",
        "m:ItemIds",
        "m:ParentFolderIds",
        "m:SourceIds",
    ]
    .iter()
    .find_map(|list| request.child(list))
    .map_or(1, |list| list.children().filter(Node::is_element).count());
    let stops = STOPPING.contains(&error.code.as_str());
    (0..asked)
        .map(|place| {
            if stops && place > 0 {
                envelope::stopped(name)
            } else {
                envelope::failure(name, error)
            }
        })
        .collect()
}

/// One message per wanted thing, in the order of the request.
fn each<'a, 'input: 'a>(
    request: &Request<'a, 'input>,
    list: &str,
    find: impl Fn(Node<'a, 'input>) -> Result<String, ResponseError>,
) -> String {
    let name = request.name();
    request
        .child(list)
        .into_iter()
        .flat_map(|list| list.children())
        .filter(Node::is_element)
        .map(|wanted| match find(wanted) {
            Ok(payload) => envelope::success(name, &payload),
            Err(error) => envelope::failure(name, &error),
        })
        .collect()
}
