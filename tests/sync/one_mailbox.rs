//! One mailbox, several people: its owner wins over a connection that nobody approved, and an alias is the same mailbox.

use crate::{World, engines::on_both_engines, world::SERVICE};
use kalends::{
    accounts::permission::{Forbidden, Refusal},
    connect::{self, Form},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::Outcome,
    connection::Mode,
};
use kalends_store::Claim;

async fn connect(world: &World, name: &str, mailbox: &str) -> Result<(), String> {
    let user = world.user(name).await;
    let form = Form {
        mode: Mode::Personal,
        mailbox: mailbox.to_owned(),
        // With full access to everybody's calendar, as a delegate has to some.
        account: "bob@example.test".to_owned(),
        password: "Bob-2026!".to_owned().into(),
        endpoint: "mail.example.test".to_owned(),
        domain: String::new(),
        control: String::new(),
        confirmed: String::new(),
        keep_trying: false,
        basic: false,
    };
    match connect::start(&world.services, &user, form.parse().unwrap()).await {
        Ok(id) => match world.ended(id).await {
            Outcome::Connected { .. } => Ok(()),
            Outcome::Failed { problem, .. } => Err(problem.code().to_owned()),
            other => panic!("{other:?}"),
        },
        Err(Forbidden::Refused(Refusal::Taken { .. })) => Err("taken".to_owned()),
        Err(other) => panic!("{other:?}"),
    }
}

async fn approve(world: &World, name: &str, mailbox: &str) {
    let (user, store) = (world.user(name).await, &world.services.store);
    let mailbox = mailbox.parse().unwrap();
    let entry = AuditEntry::by_kalends(AuditAction::MailboxRequested);
    let now = world.clock.now();
    store
        .ask_for_mailbox(user.id, &mailbox, "", &entry, now)
        .await
        .unwrap();
    sqlx::query("UPDATE mailbox_requests SET state = 'approved' WHERE user_id = $1")
        .bind(user.id.to_string())
        .execute(store.pool())
        .await
        .unwrap();
}

async fn has_connection(world: &World, name: &str) -> bool {
    let user = world.user(name).await;
    let found = world.services.store.connection_of(user.id).await.unwrap();
    found.is_some()
}

async fn claims(world: &World, name: &str) -> Vec<Claim> {
    let user = world.user(name).await;
    let found = world.services.store.claims_of(user.id, world.clock.now());
    found.await.unwrap()
}

on_both_engines! {
    async fn the_owner_wins_over_a_connection_that_nobody_approved_and_both_are_told(world) {
        connect(world, "mallory", "bob@example.test").await.unwrap();
        connect(world, "bob", "bob@example.test").await.unwrap();
        assert!(has_connection(world, "bob").await);
        assert!(!has_connection(world, "mallory").await);
        for name in ["bob", "mallory"] {
            let told = claims(world, name).await;
            assert_eq!(told.len(), 1, "{name}");
            assert!(told[0].is_ended);
            assert_eq!((&*told[0].owner.name, &*told[0].holder.name), ("bob", "mallory"));
        }
        // The password went with the connection.
        assert_eq!(world.services.store.secret_ids().await.unwrap().len(), 1);
        assert_eq!(connect(world, "mallory", "bob@example.test").await, Err("taken".to_owned()));
    }

    async fn one_that_an_administrator_approved_stays_and_both_are_told(world) {
        approve(world, "charlie", "bob@example.test").await;
        connect(world, "charlie", "bob@example.test").await.unwrap();
        connect(world, "bob", "bob@example.test").await.unwrap();
        for name in ["bob", "charlie"] {
            assert!(has_connection(world, name).await, "{name}");
            let told = claims(world, name).await;
            assert!(told.len() == 1 && !told[0].is_ended, "{name}");
        }
        // Another whom somebody approved is welcome, a third is not.
        approve(world, "dora", "bob@example.test").await;
        connect(world, "dora", "bob@example.test").await.unwrap();
        assert_eq!(connect(world, "mallory", "bob@example.test").await, Err("taken".to_owned()));
    }

    async fn an_alias_is_the_same_mailbox(world) {
        {
            let mut exchange = world.exchange.world();
            exchange.settings.accept_alias_as_primary = true;
            let bob = exchange.mailbox_mut("bob@example.test").unwrap();
            bob.aliases.push("robert@example.test".to_owned());
        }
        connect(world, "bob", "bob@example.test").await.unwrap();
        let refused = connect(world, "carol", "robert@example.test").await;
        assert_eq!(refused, Err("mailbox-taken".to_owned()));
        assert!(!has_connection(world, "carol").await);

        // The other way round the owner of the address gets it.
        let user = world.user("bob").await;
        connect::disconnect(&world.services, &user).await.unwrap();
        connect(world, "carol", "robert@example.test").await.unwrap();
        connect(world, "bob", "bob@example.test").await.unwrap();
        assert!(has_connection(world, "bob").await);
        assert!(!has_connection(world, "carol").await);
        assert_eq!(claims(world, "carol").await.len(), 1);
        assert_ne!(world.connection("bob").await.account.to_string(), SERVICE);
    }
}
