//! The response messages of one answer: one for each thing that the request asked for, in its order.
//! An error of the whole request is repeated for each of them.

use roxmltree::Node;

use crate::soap::{
    envelope::{self, ResponseError},
    request::Request,
};

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
pub fn each<'a, 'input: 'a>(
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
