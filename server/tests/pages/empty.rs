//! Every form sent with nothing in it: each field that is needed says so, nothing is tried, nothing is saved.

use crate::{
    access::{PAGES, filled, office},
    browser::Browser,
    page::Form,
    program::{ALICE, BOB},
};
use std::collections::BTreeMap;

/// The page and the first button of a form, and the fields that are told to be wrong.
type Told = BTreeMap<(String, String), Vec<String>>;

/// Every form with something to type, its button, and what is told of it.
const EXPECTED: [(&str, &str, &str); 18] = [
    (
        "/connections/check-exchange",
        "Check",
        "User email to access, Service account username, Service account password",
    ),
    ("/organisation/accounts/ACCOUNT", "Save", "Name"),
    (
        "/organisation/accounts/ACCOUNT",
        "Test the new password",
        "Username, New password",
    ),
    (
        "/organisation/accounts/ACCOUNT/disconnect",
        "Disconnect",
        "Name of the account",
    ),
    (
        "/organisation/accounts/ACCOUNT/server",
        "Test and save",
        "Service account username, Service account password, Control mailbox",
    ),
    (
        "/organisation/accounts/new",
        "Test and save",
        "Name, Service account username, Service account password, Control mailbox",
    ),
    ("/organisation/mailboxes", "Map these", "Addresses"),
    ("/organisation/notices", "Add", "Name, Address"),
    // The answer is optional.
    ("/organisation/requests", "Approve", ""),
    ("/people/PERSON", "Add", "Add an address"),
    (
        "/people/import",
        "Preview",
        "Paste lines or choose a file that holds some.",
    ),
    ("/people/invite", "Send invitation", "Name, Email"),
    (
        "/profile",
        "Change password",
        "Current password, New password",
    ),
    ("/profile", "Save", "Name, Time zone"),
    (
        "/profile/exchange/connect",
        "Connect",
        "User email to access, Service account username, Service account password",
    ),
    ("/profile/exchange/request", "Ask", "Mailbox, Reason"),
    ("/profile/security/second-factor", "Set up", "Password"),
    ("/sign-in", "Sign in", "Email, Password"),
];

/// With nothing typed or chosen; what the page itself hands over stays.
fn emptied(mut form: Form) -> Form {
    for field in &mut form.fields {
        match &*field.kind {
            "hidden" | "checkbox" | "radio" | "select" => {}
            _ => field.value.clear(),
        }
    }
    form
}

fn takes_words(form: &Form) -> bool {
    let is_typed =
        |kind: &str| !matches!(kind, "hidden" | "checkbox" | "radio" | "select" | "file");
    form.fields.iter().any(|field| is_typed(&field.kind))
}

/// Sends every form of a page with nothing in it.
async fn send_all(browser: &mut Browser, path: &str, name: &str, told: &mut Told) {
    let shown = browser.get(path).await;
    let forms = shown.page().forms();
    for (button, form) in forms.into_iter().filter(|(_, form)| takes_words(form)) {
        let form = emptied(form);
        let is_table = form.fields.iter().any(|field| field.kind == "file");
        let answer = if is_table {
            let fields = form.fields.iter().filter(|it| it.kind != "file");
            let fields: Vec<_> = fields.map(|it| (&*it.name, &*it.value)).collect();
            browser.post_parts(&form.action, &fields).await
        } else {
            browser.post_body(&form.action, &form.body()).await
        };
        assert!(
            answer.status.is_redirection(),
            "{name} {button}: {answer:?}"
        );
        let page = browser.follow(answer).await;
        for words in [
            "Failed to connect",
            "Something went wrong",
            "not understood",
        ] {
            assert!(
                !page.text().contains(words),
                "{name} {button}: {}",
                page.text()
            );
        }
        let back = page
            .forms()
            .into_iter()
            .find(|(_, it)| it.action == form.action);
        let wrong = back.map(|(_, form)| {
            let wrong = form.wrong().into_iter().map(str::to_owned);
            wrong.collect::<Vec<_>>()
        });
        let mut wrong = wrong.unwrap_or_default();
        if wrong.is_empty() {
            wrong.extend(Some(page.alert()).filter(|it| !it.is_empty()));
        }
        told.insert((name.to_owned(), button), wrong);
    }
}

#[tokio::test]
async fn an_empty_form_says_at_each_field_what_is_missing() {
    let (_place, _exchange, kalends, ids) = office().await;
    let mut told = Told::new();
    let mut alice = kalends.browser_of(&ALICE).await;
    // The two that lead elsewhere once somebody is signed in have tests of their own.
    let others = ["/setup", "/sign-in/code"];
    for (path, _) in PAGES.iter().filter(|(path, _)| !others.contains(path)) {
        send_all(&mut alice, &filled(path, &ids), path, &mut told).await;
    }
    let mut nobody = kalends.browser();
    send_all(&mut nobody, "/sign-in", "/sign-in", &mut told).await;
    let mut bob = kalends.browser_of(&BOB).await;
    assert!(
        bob.open("/profile").await.text().contains("Connected"),
        "nothing was done"
    );
    let told = told
        .iter()
        .map(|((page, button), wrong)| (&**page, &**button, wrong.join(", ")));
    let told: Vec<_> = told.collect();
    let expected = EXPECTED.map(|(page, button, wrong)| (page, button, wrong.to_owned()));
    assert_eq!(told, expected);
}
