//! Whose mailbox a calendar folder is, where servers may say what they like.

use crate::{
    engines::on_both_engines,
    world::{NOW, Typed, World, new_connection},
};
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    connection::Mode,
    id::SecretId,
};
use kalends_store::{KnownServer, StoreError, User, vault::Destination};

const OURS: &str = "mail.example.test";
const OTHER_NAME_OF_OURS: &str = "autodiscover.example.test";
const FOREIGN: &str = "exchange.elsewhere.test";

/// Connects a mailbox whose calendar a server says is this folder.
async fn connect(
    world: &World,
    user: &User,
    mailbox: &str,
    host: &'static str,
    folder: &str,
) -> Result<(), StoreError> {
    let typed = Typed {
        mode: Mode::Personal,
        host,
        account: "somebody@example.test",
    };
    let new = |secret: SecretId| {
        let mut new = new_connection(user, typed, secret);
        new.reads.mailbox = mailbox.parse().unwrap();
        folder.clone_into(&mut new.reads.folder_id);
        new
    };
    let account = AccountName::parse(typed.account, "").unwrap();
    let (password, entry) = (
        "Practice-2026!".to_owned().into(),
        AuditEntry::by(user.id, AuditAction::Connected),
    );
    let (custody, to) = (world.custody(), Destination::new(host, &account));
    let saved = custody.save(&password, new, &entry, &to).await;
    match saved {
        Ok(_) => Ok(()),
        Err(kalends::accounts::custody::CustodyError::Store(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

async fn is_connected(world: &World, user: &User) -> bool {
    let found = world.store.connection_of(user.id).await.unwrap();
    found.is_some()
}

async fn are_known(world: &World, hosts: &[&str]) {
    for host in hosts {
        let server = KnownServer {
            host: (*host).to_owned(),
            address: "192.0.2.1".to_owned(),
            fingerprint: String::new(),
        };
        world.store.know_server(&server, NOW).await.unwrap();
    }
}

on_both_engines! {
    async fn a_folder_that_a_foreign_server_claims_ends_nothing_and_says_nothing(world) {
        are_known(world, &[OURS]).await;
        let (alice, mallory) = (world.user("alice").await, world.user("mallory").await);
        connect(world, &alice, "room@example.test", OURS, "folder of the room").await.unwrap();
        connect(world, &mallory, "mallory@example.test", FOREIGN, "folder of the room").await.unwrap();
        assert!(is_connected(world, &alice).await && is_connected(world, &mallory).await);
        for user in [&alice, &mallory] {
            assert!(world.store.claims_of(user.id, NOW).await.unwrap().is_empty());
        }
        // Nor does a claim made beforehand keep anybody out.
        let bob = world.user("bob").await;
        connect(world, &mallory, "mallory@example.test", FOREIGN, "folder of bob").await.unwrap();
        connect(world, &bob, "robert@example.test", OURS, "folder of bob").await.unwrap();
        assert!(is_connected(world, &mallory).await);
    }

    async fn one_server_and_the_organisations_servers_tell_an_alias(world) {
        are_known(world, &[OURS, OTHER_NAME_OF_OURS]).await;
        for (first, second) in [(OURS, OURS), (OURS, OTHER_NAME_OF_OURS), (FOREIGN, FOREIGN)] {
            let names = [format!("carol{}", first.len() + second.len()), format!("dora{}", first.len() + second.len())];
            let (carol, dora) = (world.user(&names[0]).await, world.user(&names[1]).await);
            let folder = format!("folder at {first} and {second}");
            connect(world, &carol, &format!("{}@example.test", names[0]), first, &folder).await.unwrap();
            let refused = connect(world, &dora, "alias@example.test", second, &folder).await;
            assert!(matches!(refused, Err(StoreError::MailboxTaken)), "{first} {second} {refused:?}");
        }
    }
}
