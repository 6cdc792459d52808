//! `ResolveNames` over the directory: the exact address, or the start of a name or address.
//! Clients use it to learn a primary address and the server's version.

use super::context::OperationContext;
use crate::{
    soap::{
        envelope::{self, ResponseError},
        request::SoapRequest,
        text::element,
    },
    world::mailbox::Mailbox,
};

pub fn answer(context: OperationContext<'_>, request: &SoapRequest<'_, '_>) -> String {
    let entry = request
        .child("m:UnresolvedEntry")
        .and_then(|entry| entry.text())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let address = entry.strip_prefix("smtp:").unwrap_or(&entry);
    let mut found: Vec<&Mailbox> = context.world.by_any_address(address).into_iter().collect();
    if found.is_empty() {
        found = context
            .world
            .mailboxes()
            .filter(|mailbox| starts_with(mailbox, address))
            .collect();
    }
    let set = |found: &[&Mailbox]| {
        let resolutions: String = found
            .iter()
            .map(|mailbox| resolution_xml(mailbox))
            .collect();
        format!(
            r#"<m:ResolutionSet TotalItemsInView="{}" IncludesLastItemInRange="true">{resolutions}</m:ResolutionSet>"#,
            found.len()
        )
    };
    match found.as_slice() {
        [] => envelope::error_message(
            "ResolveNames",
            &ResponseError::new("ErrorNameResolutionNoResults", "No results were found."),
        ),
        [_] => envelope::success_message("ResolveNames", &set(&found)),
        _ => format!(
            r#"<m:ResolveNamesResponseMessage ResponseClass="Warning"><m:MessageText>Multiple results were found.</m:MessageText><m:ResponseCode>ErrorNameResolutionMultipleResults</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{}</m:ResolveNamesResponseMessage>"#,
            set(&found)
        ),
    }
}

fn starts_with(mailbox: &Mailbox, start: &str) -> bool {
    mailbox.address.starts_with(start) || mailbox.name.to_ascii_lowercase().starts_with(start)
}

fn resolution_xml(mailbox: &Mailbox) -> String {
    format!(
        "<t:Resolution><t:Mailbox>{}{}<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox></t:Resolution>",
        element("t:Name", &mailbox.name),
        element("t:EmailAddress", &mailbox.address)
    )
}
