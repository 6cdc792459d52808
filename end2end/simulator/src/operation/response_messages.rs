//! The response messages of one answer: one for each thing that the request asked for, in its order.
//! An error of the whole request is repeated for each of them.

use roxmltree::Node;

use crate::soap::{
    envelope::{self, ResponseError},
    request::SoapRequest,
};

/// Error codes after which the rest of a batch is not processed: those of the mailbox store.
const BATCH_STOPPING_CODES: [&str; 6] = [
    "ErrorMailboxStoreUnavailable",
    "ErrorMailboxMoveInProgress",
    "ErrorMailboxFailover",
    "ErrorConnectionFailed",
    "ErrorMailboxLogonFailed",
    "ErrorServerBusy",
];

/// One error for everything that was asked for.
pub fn fail_all(request: &SoapRequest<'_, '_>, error: &ResponseError) -> String {
    let name = request.name();
    let count = [
        "m:FolderIds",
        "m:ItemIds",
        "m:ParentFolderIds",
        "m:SourceIds",
    ]
    .iter()
    .find_map(|list| request.child(list))
    .map_or(1, |list| list.children().filter(Node::is_element).count());
    let stops = BATCH_STOPPING_CODES.contains(&error.code.as_str());
    (0..count)
        .map(|place| {
            if stops && place > 0 {
                envelope::batch_stopped_message(name)
            } else {
                envelope::error_message(name, error)
            }
        })
        .collect()
}

/// One message for each element of the request's list, in its order.
pub fn message_for_each<'a, 'input: 'a>(
    request: &SoapRequest<'a, 'input>,
    list: &str,
    find: impl Fn(Node<'a, 'input>) -> Result<String, ResponseError>,
) -> String {
    let name = request.name();
    request
        .child(list)
        .into_iter()
        .flat_map(|list| list.children())
        .filter(Node::is_element)
        .map(|element| match find(element) {
            Ok(payload) => envelope::success_message(name, &payload),
            Err(error) => envelope::error_message(name, &error),
        })
        .collect()
}
