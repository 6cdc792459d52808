//! Connections, the accounts they stand on, and the secrets that come and go with them.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE, Typed, new_connection},
};
use futures::future::join_all;
use kalends::accounts::custody::{Custody, CustodyError};
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    connection::{Connection, ConnectionState, Mode},
    id::{CalendarId, ConnectionId, SecretId},
};
use kalends_store::{ListQuery, PeopleFilter, Store, StoreError, User, vault::Destination};

const OWN: Typed = Typed {
    mode: Mode::Personal,
    ..SERVICE
};

/// The password that a connection's account opens now.
async fn opened(world: &World, connection: &Connection) -> String {
    let account = world
        .store
        .account(connection.account_id)
        .await
        .unwrap()
        .unwrap();
    let to = Destination::new(&account.host, &account.name);
    let password = world
        .vault
        .open_secret(account.secret_id, &to)
        .await
        .unwrap();
    password.reveal().to_owned()
}

/// Every pointer has its secret and every secret its pointer.
async fn in_step(world: &World) {
    let mut used = world.store.secret_ids().await.unwrap();
    let mut kept = world.vault.ids().await.unwrap();
    used.sort_unstable();
    kept.sort_unstable();
    assert_eq!(used, kept);
}

async fn all_at_once(world: &World, users: &[User], typed: Typed) {
    let saves = users.iter().cloned().enumerate().map(|(number, user)| {
        let store = if number % 2 == 0 {
            &world.store
        } else {
            &world.other
        };
        let custody = Custody {
            store: store.clone(),
            ..world.custody()
        };
        tokio::spawn(async move {
            let account = AccountName::parse(typed.account, "").unwrap();
            let to = Destination::new(typed.host, &account);
            let entry = AuditEntry::by(user.id, AuditAction::Connected);
            let password = format!("Practice-{number}").into();
            custody
                .save(
                    &password,
                    |secret| new_connection(&user, typed, secret),
                    &entry,
                    &to,
                )
                .await
                .unwrap()
        })
    });
    for saved in join_all(saves).await {
        saved.unwrap();
    }
}

on_both_engines! {
    async fn a_saved_connection_is_due_at_once_and_opens_its_password(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        assert_eq!(connection.state, ConnectionState::Connected);
        assert_eq!((connection.due_at, connection.connected_at, connection.since), (Some(NOW), NOW, NOW));
        assert_eq!((connection.last_synced_at, connection.entries, &connection.problem), (None, 0, &None));
        assert_eq!(connection.account.to_string(), SERVICE.account);
        assert_eq!(connection.endpoint.host(), SERVICE.host);
        assert_eq!(opened(world, &connection).await, "Practice-2026!");
        assert_eq!(world.other.connection_of(alice.id).await.unwrap(), Some(connection));
    }

    async fn a_service_account_is_one_row_however_its_name_is_spelt(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let first = world.connect(&alice, SERVICE).await;
        let shouted = Typed { account: "SVC-Kalends@EXAMPLE.test", ..SERVICE };
        let second = world.connect_with(&bob, shouted, "Changed-2026!").await;
        assert_eq!(first.account_id, second.account_id);
        assert_eq!(world.number("SELECT COUNT(*) FROM accounts").await, 1);
        assert_eq!(opened(world, &first).await, "Changed-2026!", "the newer password serves both");
        in_step(world).await;
    }

    async fn a_replaced_password_serves_the_whole_account_and_keeps_its_connections(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let (first, second) = (world.connect(&alice, SERVICE).await, world.connect(&bob, SERVICE).await);
        for sql in [
            "UPDATE connections SET state = 'action_needed', problem = '{\"code\":\"secret-missing\"}', problem_code = 'secret-missing', due_at = NULL",
            "UPDATE accounts SET saved_refusals = 1",
        ] {
            sqlx::query(sql).execute(world.store.pool()).await.unwrap();
        }
        let to = Destination::new(SERVICE.host, &first.account);
        let entry = AuditEntry::by(alice.id, AuditAction::PasswordSwitched);
        let (custody, new) = (world.custody(), "Changed-2026!".to_owned().into());
        custody.replace_password((first.account_id, Some(first.id)), &new, &entry, &to).await.unwrap();

        // The one that was tested is connected; how the other stands, a round will tell.
        let tested = world.store.connection(first.id).await.unwrap().unwrap();
        assert_eq!((tested.state, tested.problem, tested.due_at), (ConnectionState::Connected, None, Some(NOW)));
        let other = world.store.connection(second.id).await.unwrap().unwrap();
        assert_eq!((other.state, other.due_at), (ConnectionState::ActionNeeded, Some(NOW)));
        let account = world.store.account(first.account_id).await.unwrap().unwrap();
        assert_eq!((account.saved_refusals, account.stopped_until), (0, None));
        assert_eq!(opened(world, &second).await, "Changed-2026!");
        in_step(world).await;

        // Whoever has left meanwhile replaces nothing for those who stayed.
        world.disconnect(alice.id).await;
        let late = custody.replace_password((first.account_id, Some(first.id)), &"Late-2026!".to_owned().into(), &entry, &to).await;
        assert!(matches!(late, Err(CustodyError::Store(StoreError::NotAllowed))), "{late:?}");
        assert_eq!(opened(world, &second).await, "Changed-2026!");
        in_step(world).await;
    }

    async fn hosts_names_and_forms_are_accounts_of_their_own(world) {
        let others = [
            SERVICE,
            Typed { host: "alt.example.test", ..SERVICE },
            Typed { account: "EXAMPLE\\svc-kalends", ..SERVICE },
            OWN,
        ];
        for (number, typed) in others.into_iter().enumerate() {
            let user = world.user(&format!("person{number}")).await;
            world.connect(&user, typed).await;
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM accounts").await, 4);
        in_step(world).await;
    }

    async fn a_personal_account_belongs_to_its_user_alone(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let hers = world.connect_with(&alice, OWN, "Alice-2026!").await;
        let his = world.connect_with(&bob, OWN, "Bob-2026!").await;
        assert_ne!(hers.account_id, his.account_id);
        assert_eq!(opened(world, &hers).await, "Alice-2026!");
        assert_eq!(opened(world, &his).await, "Bob-2026!");
    }

    async fn connecting_again_replaces_the_connection_its_copy_and_its_secret(world) {
        let alice = world.user("alice").await;
        let old = world.connect_with(&alice, OWN, "Alice-2025!").await;
        let new = world.connect_with(&alice, OWN, "Alice-2026!").await;
        assert_ne!(old.id, new.id);
        assert_eq!(world.store.connection(old.id).await.unwrap(), None);
        assert_eq!(world.number("SELECT COUNT(*) FROM calendars").await, 1);
        assert_eq!(opened(world, &new).await, "Alice-2026!");
        in_step(world).await;
    }

    async fn moving_to_another_account_takes_the_last_one_left_along(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let shared = world.connect(&alice, SERVICE).await.account_id;
        world.connect(&bob, SERVICE).await;
        world.connect(&alice, OWN).await;
        assert!(world.store.account(shared).await.unwrap().is_some(), "bob is still on it");
        world.connect(&bob, OWN).await;
        assert_eq!(world.store.account(shared).await.unwrap(), None);
        in_step(world).await;
    }

    async fn the_last_connection_to_leave_takes_the_secret_along(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        world.connect(&alice, SERVICE).await;
        let his = world.connect(&bob, SERVICE).await;
        assert!(world.disconnect(alice.id).await);
        assert_eq!(opened(world, &his).await, "Practice-2026!");
        assert!(world.disconnect(bob.id).await);
        assert!(!world.disconnect(bob.id).await);
        assert_eq!(world.secrets().await, 0);
        for rows in ["SELECT COUNT(*) FROM accounts", "SELECT COUNT(*) FROM connections", "SELECT COUNT(*) FROM calendars"] {
            assert_eq!(world.number(rows).await, 0, "{rows}");
        }
    }

    async fn colleagues_who_connect_at_the_same_moment_share_one_row(world) {
        let mut users = Vec::new();
        for number in 0..12 {
            users.push(world.user(&format!("person{number:02}")).await);
        }
        all_at_once(world, &users, SERVICE).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM accounts").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM connections").await, 12);
        in_step(world).await;
    }

    async fn one_person_who_connects_twice_at_the_same_moment_has_one_connection(world) {
        let alice = world.user("alice").await;
        let twice = vec![alice; 6];
        all_at_once(world, &twice, OWN).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM connections").await, 1);
        in_step(world).await;
    }

    async fn coming_and_going_at_the_same_moment_leaves_both_databases_in_step(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        for _ in 0..8 {
            world.connect(&alice, SERVICE).await;
            let custody = Custody { store: world.other.clone(), ..world.custody() };
            let id = alice.id;
            let leaving = tokio::spawn(async move {
                custody.end(id, &AuditEntry::by(id, AuditAction::Disconnected)).await.unwrap().is_some()
            });
            let his = world.connect(&bob, SERVICE).await;
            assert!(leaving.await.unwrap());
            assert_eq!(opened(world, &his).await, "Practice-2026!");
            in_step(world).await;
            world.disconnect(bob.id).await;
        }
    }

    async fn a_person_may_have_a_connection_for_each_mailbox_and_pages_show_the_first(world) {
        let alice = world.user("alice").await;
        let first = world.connect(&alice, SERVICE).await;
        let again = async |number: u8, mailbox: &'static str| {
            let copied = sqlx::query(
                "INSERT INTO connections (id, user_id, account_id, mode, mailbox, state, since, connected_at) \
                 SELECT $1, user_id, account_id, mode, $2, state, since, connected_at + 1 FROM connections LIMIT 1",
            );
            let id = ConnectionId::new(NOW, [number; 10]).to_string();
            copied.bind(id).bind(mailbox).execute(world.store.pool()).await
        };
        let twice = again(1, "alice@example.test").await.unwrap_err();
        assert!(twice.as_database_error().unwrap().is_unique_violation(), "{twice}");
        again(2, "room@example.test").await.unwrap();
        assert_eq!(world.store.connection_of(alice.id).await.unwrap(), Some(first.clone()));
        let people = world.store.people(PeopleFilter::All, "", None, 10).await.unwrap().items;
        assert_eq!(people.len(), 1);
        let counts = world.store.count_connections(&ListQuery::default()).await.unwrap();
        assert_eq!((counts.connected, counts.not_connected), (2, 0));
        assert!(world.disconnect(alice.id).await);
        let left = world.store.connection_of(alice.id).await.unwrap().unwrap();
        assert_eq!(left.mailbox.as_str(), "room@example.test");
        // Its account stays for it, with its secret.
        assert_eq!(opened(world, &left).await, "Practice-2026!");
        // A new connection takes the place of whatever there is.
        let new = world.connect(&alice, OWN).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM connections").await, 1);
        assert_eq!(world.store.connection_of(alice.id).await.unwrap(), Some(new));
        in_step(world).await;
    }

    async fn a_connection_may_have_many_calendars_each_folder_once(world) {
        let alice = world.user("alice").await;
        world.connect(&alice, SERVICE).await;
        let again = async |number: u8, folder: &'static str| {
            let copied = sqlx::query(
                "INSERT INTO calendars (id, connection_id, folder_id, name) SELECT $1, connection_id, $2, name FROM calendars LIMIT 1",
            );
            let id = CalendarId::new(NOW, [number; 10]).to_string();
            copied.bind(id).bind(folder).execute(world.store.pool()).await
        };
        let twice = again(1, "folder").await.unwrap_err();
        assert!(twice.as_database_error().unwrap().is_unique_violation(), "{twice}");
        again(2, "team").await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM calendars WHERE chosen = 1 AND shown = 1").await, 2);
        assert_eq!(world.number("SELECT COUNT(*) FROM calendars WHERE is_default = 1").await, 1);
    }

    async fn a_secret_is_replaced_only_where_it_is_still_the_one_read(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let old = world.store.account(connection.account_id).await.unwrap().unwrap().secret_id;
        let announced = async || world.store.announce_secret(NOW).await.unwrap();
        let (new, late) = (announced().await, announced().await);
        let replace = async |store: &Store, fresh| store.replace_secret(connection.account_id, old, fresh, NOW).await;
        assert_eq!(replace(&world.store, new).await.unwrap(), old);
        assert_eq!(replace(&world.other, late).await.unwrap(), late);
        assert_eq!(world.store.secret_ids().await.unwrap(), [new]);
        assert_eq!(world.store.secrets_to_delete().await.unwrap().len(), 2);
        // What was never announced is pointed to by nothing.
        let stranger = SecretId::new(NOW, [1; 10]);
        let refused = world.store.replace_secret(connection.account_id, new, stranger, NOW).await;
        assert!(matches!(refused, Err(StoreError::SecretNotAnnounced)));
        assert_eq!(world.store.secret_ids().await.unwrap(), [new]);
    }
}
