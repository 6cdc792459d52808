//! Signing in through two instances: a limit is one limit, and it hits nobody but those it is for.

use crate::{
    engines::on_both_engines,
    world::{MINUTE, World},
};
use futures::future::join_all;
use kalends::{
    audit::{TrailVerdict, verify},
    people::{
        self, PeopleError,
        hashing::Queue,
        setup::{self, FirstAdmin, SetupError},
        sign_in::{self, DeviceToken, Entered, PasswordError, SignInError, Visitor},
    },
    services::Services,
};
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    rights::Role,
};
use kalends_store::{NewUser, User};

const PASSWORD: &str = "hedgehog under seven lamps";

fn secret(text: &str) -> Password {
    Password::from(text.to_owned())
}

fn at(address: &str, device: Option<&DeviceToken>) -> Visitor {
    Visitor {
        address: address.to_owned(),
        device: device.cloned(),
    }
}

/// Somebody with a password.
async fn person(world: &World, name: &str) -> User {
    let services = &world.services;
    let hash = sign_in::hash_new(&services.hashing, Queue::Known, &secret(PASSWORD)).await;
    let new = NewUser {
        email: format!("{name}@example.test").parse().unwrap(),
        name: name.to_owned(),
        role: Role::Member,
        password_hash: hash.unwrap(),
        time_zone: "UTC".to_owned(),
    };
    services
        .store
        .create_user(new, world.clock.now())
        .await
        .unwrap()
}

async fn enter(
    services: &Services,
    email: &str,
    password: &str,
    from: &Visitor,
) -> Result<Entered, SignInError> {
    sign_in::sign_in(services, email, &secret(password), from).await
}

async fn known(services: &Services, user: &User, from: &Visitor) -> DeviceToken {
    sign_in::know_device(services, user, from).await.unwrap()
}

fn is_later(entered: &Result<Entered, SignInError>) -> bool {
    matches!(entered, Err(SignInError::Later(_)))
}

on_both_engines! {
    async fn refused_strangers_have_a_hundred_lines_an_hour_and_one_that_counts_the_rest(world) {
        let (services, store) = (&world.services, &world.services.store);
        let lines = async || store.audit_counts().await.unwrap().get("sign-in-refused").copied();
        let refuse = async |number: i32| {
            let from = at(&format!("192.0.2.{number}"), None);
            let refused = enter(services, &format!("nobody{number}@example.test"), "wrong", &from).await;
            assert!(matches!(refused, Err(SignInError::Wrong)), "{refused:?}");
        };
        for number in 0..105 {
            refuse(number).await;
        }
        assert_eq!(lines().await, Some(100));
        // People have lines of their own.
        let bob = person(world, "bob").await;
        let refused = enter(services, bob.email.as_str(), "wrong", &at("192.0.2.200", None)).await;
        assert!(matches!(refused, Err(SignInError::Wrong)), "{refused:?}");
        assert_eq!(lines().await, Some(101));
        world.pass(MINUTE * 61);
        refuse(201).await;
        assert_eq!(lines().await, Some(103));
        let counted = sqlx::query("SELECT subject FROM audit WHERE subject LIKE '5 more of people unknown%'");
        assert_eq!(counted.fetch_all(store.pool()).await.unwrap().len(), 1);
        assert!(matches!(verify(store, &services.vault).await.unwrap(), TrailVerdict::Whole { .. }));
    }

    async fn of_many_wrong_passwords_at_the_same_moment_eight_are_looked_at(world) {
        let bob = person(world, "bob").await;
        let other = world.another_instance().await;
        let attempts = (0..150).map(|number| {
            let services = if number % 2 == 0 { world.services.clone() } else { other.clone() };
            let from = at(&format!("198.51.100.{number}"), None);
            tokio::spawn(async move { enter(&services, "Bob@example.test ", "wrong", &from).await })
        });
        let ended: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
        let wrong = ended.iter().filter(|it| matches!(it, Err(SignInError::Wrong))).count();
        assert_eq!(wrong, 8);
        assert_eq!(ended.iter().filter(|it| is_later(it)).count(), 142);
        let right = enter(&other, bob.email.as_str(), PASSWORD, &at("203.0.113.9", None)).await;
        assert!(matches!(right, Err(SignInError::Later(wait)) if wait <= MINUTE), "{right:?}");
        world.pass(MINUTE);
        for services in [&world.services, &other] {
            let right = enter(services, bob.email.as_str(), PASSWORD, &at("203.0.113.9", None)).await;
            assert!(matches!(right, Ok(Entered::In(_))), "what was right takes no place: {right:?}");
        }
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }

    async fn names_and_addresses_of_strangers_never_stop_a_known_device(world) {
        let alice = person(world, "alice").await;
        let bob = person(world, "bob").await;
        let (services, here) = (&world.services, "192.0.2.1");
        let device = known(services, &alice, &at(here, None)).await;
        for number in 0..60 {
            let _ = enter(services, &format!("nobody-{number}@example.test"), "wrong", &at(here, None)).await;
        }
        // The address is full for whoever is not known on it, on other devices of hers too.
        for email in [&alice.email, &bob.email] {
            assert!(is_later(&enter(services, email.as_str(), PASSWORD, &at(here, None)).await));
        }
        let foreign = at(here, Some(&device));
        assert!(is_later(&enter(services, bob.email.as_str(), PASSWORD, &foreign).await), "known for Alice alone");
        let entered = enter(services, alice.email.as_str(), PASSWORD, &foreign).await;
        assert!(matches!(entered, Ok(Entered::In(_))), "{entered:?}");
        // Nor do guesses at her own account, from wherever.
        for number in 0..20 {
            let from = at(&format!("198.51.100.{number}"), None);
            let _ = enter(services, alice.email.as_str(), "wrong", &from).await;
        }
        assert!(is_later(&enter(services, alice.email.as_str(), PASSWORD, &at("203.0.113.9", None)).await));
        let entered = enter(services, alice.email.as_str(), PASSWORD, &foreign).await;
        assert!(matches!(entered, Ok(Entered::In(_))), "{entered:?}");
        // On the device itself only so many may be wrong as well.
        for _ in 0..8 {
            let wrong = enter(services, alice.email.as_str(), "wrong", &foreign).await;
            assert!(matches!(wrong, Err(SignInError::Wrong)), "{wrong:?}");
        }
        assert!(is_later(&enter(services, alice.email.as_str(), PASSWORD, &foreign).await));
    }

    async fn a_device_is_known_by_its_last_token_until_half_a_year_or_a_new_password(world) {
        let alice = person(world, "alice").await;
        let bob = person(world, "bob").await;
        let (services, here) = (&world.services, "192.0.2.1");
        let old = known(services, &alice, &at(here, None)).await;
        let new = known(services, &bob, &at(here, Some(&old))).await;
        // From now on that device, of both of them, has another token.
        let close = async || {
            for number in 0..40 {
                let _ = enter(services, &format!("nobody-{number}@example.test"), "wrong", &at(here, None)).await;
            }
        };
        close().await;
        let email = alice.email.as_str();
        assert!(is_later(&enter(services, email, PASSWORD, &at(here, Some(&old))).await));
        for user in [&alice, &bob] {
            let entered = enter(services, user.email.as_str(), PASSWORD, &at(here, Some(&new))).await;
            assert!(matches!(entered, Ok(Entered::In(_))), "{entered:?}");
        }
        let typed = (secret(PASSWORD), secret("hedgehog under eight lamps"));
        let changed = sign_in::change_password(services, &bob, &typed.0, &typed.1, &at(here, Some(&new))).await;
        changed.unwrap();
        let thief = enter(services, bob.email.as_str(), "hedgehog under eight lamps", &at(here, Some(&new))).await;
        assert!(is_later(&thief));
        world.pass(kalends_core::lifetimes::KNOWN_DEVICE);
        close().await;
        assert!(is_later(&enter(services, email, PASSWORD, &at(here, Some(&new))).await));
    }

    async fn no_name_that_is_typed_stands_for_something_else(world) {
        let services = &world.services;
        let strange = at("198.51.100.7", None);
        for name in ["invite", "setup", "wrong-links", "sign-in-address", "192.0.2.1"] {
            for _ in 0..12 {
                let _ = enter(services, name, "wrong", &strange).await;
            }
        }
        for here in ["192.0.2.1", "198.51.100.7"] {
            let link = people::whose_link(services, "none", &at(here, None)).await;
            assert!(matches!(link, Err(PeopleError::Link)), "{link:?}");
            let (from, password) = (at(here, None), secret(PASSWORD));
            let typed = FirstAdmin { code: "guess", name: "M", email: "m@example.test", password: &password, time_zone: Some("UTC") };
            let made = setup::make_first_admin(services, &from, typed).await;
            assert!(matches!(made, Err(SetupError::WrongCode)), "{made:?}");
        }
        let bob = person(world, "bob").await;
        let entered = enter(services, bob.email.as_str(), PASSWORD, &at("192.0.2.1", None)).await;
        assert!(matches!(entered, Ok(Entered::In(_))), "{entered:?}");
    }

    async fn a_new_link_is_read_on_any_instance_by_who_made_it_until_it_is_used(world) {
        let (alice, bob) = (person(world, "alice").await, person(world, "bob").await);
        let charlie = person(world, "charlie").await;
        let entry = AuditEntry::by_kalends(AuditAction::RoleChanged);
        assert!(world.services.store.set_role(alice.id, Role::Admin, &entry, world.clock.now()).await.unwrap());
        let (services, other) = (&world.services, world.another_instance().await);
        let read = async |user: &User, admin: &User| {
            let here = people::one_time_links::read(services, user.id, admin.id).await.unwrap();
            let there = people::one_time_links::read(&other, user.id, admin.id).await.unwrap();
            assert_eq!(here, there);
            here.map(|token| token.reveal().to_owned())
        };
        people::new_link(services, &alice, &charlie).await.unwrap();
        let first = read(&charlie, &alice).await.unwrap();
        assert_eq!(read(&charlie, &bob).await, None, "nobody else reads it");
        people::new_link(&other, &bob, &charlie).await.unwrap();
        assert_eq!(read(&charlie, &alice).await, None, "it was replaced");
        let token = read(&charlie, &bob).await.unwrap();
        assert_ne!(token, first);
        assert_eq!(services.vault.ids().await.unwrap().len(), 1);
        let (listed, next) = people::one_time_links::page(services, bob.id, None).await.unwrap();
        assert_eq!((listed.len(), listed[0].email.as_str(), next), (1, charlie.email.as_str(), None));
        let entered = people::accept(services, &token, &secret("hedgehog under nine lamps"), "UTC", &at("192.0.2.1", None)).await;
        assert!(matches!(entered, Ok(Entered::In(_))), "{entered:?}");
        assert_eq!(read(&charlie, &bob).await, None);
        assert!(services.vault.ids().await.unwrap().is_empty());

        people::new_link(&other, &alice, &bob).await.unwrap();
        people::set_disabled(services, &alice, &bob, true).await.unwrap();
        assert_eq!(read(&bob, &alice).await, None);
        assert!(services.vault.ids().await.unwrap().is_empty());
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }

    async fn a_right_link_is_not_kept_waiting_for_wrong_ones(world) {
        let admin = person(world, "alice").await;
        let bob = person(world, "bob").await;
        let (services, here) = (&world.services, at("192.0.2.1", None));
        people::new_link(services, &admin, &bob).await.unwrap();
        let token = people::one_time_links::read(services, bob.id, admin.id).await.unwrap().unwrap();
        let wrong = (0..100).map(|number| {
            let (services, here) = (services.clone(), here.clone());
            tokio::spawn(async move { people::whose_link(&services, &format!("wrong-{number}"), &here).await })
        });
        let told: Vec<_> = join_all(wrong).await.into_iter().map(|it| it.unwrap().unwrap_err()).collect();
        assert_eq!(told.iter().filter(|it| matches!(it, PeopleError::Link)).count(), 8);
        let later = |it: &&PeopleError| matches!(it, PeopleError::Password(PasswordError::Later(_)));
        assert_eq!(told.iter().filter(later).count(), 92);
        assert_eq!(people::whose_link(services, token.reveal(), &here).await.unwrap().id, bob.id);
    }
}
