//! Links that were just made: sealed, for whoever made each, and forgotten soon.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, new_user},
};
use kalends::accounts::custody::Custody;
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Clock,
    id::UserId,
    lifetimes::{PASSWORD_LINK, SHOWN_ONCE},
};
use kalends_store::{NewLink, OneTimeLink, User, vault::Destination};
use std::time::Duration;

async fn admin(world: &World) -> User {
    world.user("alice").await
}

/// Makes a link that somebody may read.
async fn made(world: &World, user: UserId, by: UserId, token: &str) -> NewLink {
    let custody = world.custody();
    let to = Destination::password_link_of(user);
    let secret_id = custody.seal(&token.to_owned().into(), &to).await.unwrap();
    let link = NewLink {
        user_id: user,
        made_by: by,
        token_hash: format!("hash of {token}"),
        works_until: NOW + PASSWORD_LINK,
        secret_id,
        shown_until: NOW + SHOWN_ONCE,
    };
    let entry = AuditEntry::by_kalends(AuditAction::LinkMade);
    let put = world.store.put_link(&link, None, (&entry, NOW)).await;
    custody.forget(put.unwrap().as_slice()).await.unwrap();
    link
}

async fn link_of(world: &World, user: UserId, by: UserId) -> Option<OneTimeLink> {
    world.other.one_time_link(user, by, NOW).await.unwrap()
}

async fn text_of(custody: &Custody, link: &OneTimeLink) -> String {
    custody.open_link(link).await.unwrap().reveal().to_owned()
}

on_both_engines! {
    async fn a_link_is_sealed_for_its_person_and_read_by_its_maker_for_a_while(world) {
        let (alice, bob) = (admin(world).await, world.user("bob").await);
        let custody = world.custody();
        made(world, bob.id, alice.id, "tok-1").await;
        let kept = link_of(world, bob.id, alice.id).await.unwrap();
        assert_eq!(text_of(&custody, &kept).await, "tok-1");
        assert_eq!(link_of(world, bob.id, bob.id).await, None);
        let elses = OneTimeLink { user_id: alice.id, ..kept.clone() };
        assert!(custody.open_link(&elses).await.is_err());
        assert_eq!(world.store.secret_ids().await.unwrap(), [kept.secret_id]);
        assert!(world.store.ledger().await.unwrap().announced.is_empty());

        let last = NOW + SHOWN_ONCE - Duration::from_millis(1);
        for (at, shown) in [(last, 1), (NOW + SHOWN_ONCE, 0)] {
            let later = Custody { clock: Clock::held(at), ..world.custody() };
            later.forget_shown_links().await.unwrap();
            assert_eq!(world.secrets().await, shown);
            let found = world.store.one_time_link(bob.id, alice.id, at).await.unwrap();
            assert_eq!(found.is_some(), shown == 1);
        }
        assert!(world.store.secrets_to_delete().await.unwrap().is_empty());
        assert!(world.store.link_of(bob.id).await.unwrap().is_some(), "it works on");
    }

    async fn nobody_reads_a_link_after_its_time_though_it_was_not_forgotten_yet(world) {
        let (alice, bob) = (admin(world).await, world.user("bob").await);
        made(world, bob.id, alice.id, "tok-1").await;
        let at = NOW + SHOWN_ONCE;
        assert_eq!(world.store.one_time_link(bob.id, alice.id, at).await.unwrap(), None);
        assert_eq!(world.store.one_time_links_by(alice.id, None, 10, at).await.unwrap(), []);
    }

    async fn a_newer_link_replaces_the_older(world) {
        let (alice, bob) = (admin(world).await, world.user("bob").await);
        made(world, bob.id, alice.id, "tok-1").await;
        made(world, bob.id, bob.id, "tok-2").await;
        assert_eq!(link_of(world, bob.id, alice.id).await, None, "the older works no more");
        let kept = link_of(world, bob.id, bob.id).await.unwrap();
        assert_eq!(text_of(&world.custody(), &kept).await, "tok-2");
        assert_eq!(world.vault.ids().await.unwrap(), [kept.secret_id]);
    }

    async fn the_end_of_a_link_is_the_end_of_its_secret(world) {
        let (alice, bob) = (admin(world).await, world.user("bob").await);
        sqlx::query("UPDATE users SET role = 'admin' WHERE name = 'alice'").execute(world.store.pool()).await.unwrap();
        let custody = world.custody();
        let entry = AuditEntry::by(alice.id, AuditAction::PersonDisabled);
        for used in [true, false] {
            let hash = made(world, bob.id, alice.id, "tok-1").await.token_hash;
            assert_eq!(world.secrets().await, 1);
            assert!(if used {
                world.store.use_link(&bob, &hash, "$argon2id$", "UTC", &[], NOW).await.unwrap()
            } else {
                world.store.set_disabled(bob.id, true, &entry, NOW).await.unwrap()
            });
            assert_eq!(link_of(world, bob.id, alice.id).await, None);
            assert_eq!(world.store.secrets_to_delete().await.unwrap().len(), 1);
            custody.delete_listed().await.unwrap();
            assert_eq!(world.secrets().await, 0);
        }
    }

    async fn many_links_are_read_page_by_page(world) {
        let (alice, custody) = (admin(world).await, world.custody());
        for number in 0..230 {
            let user = world.store.create_user(new_user(&format!("colleague{number:03}")), NOW).await.unwrap();
            made(world, user.id, alice.id, &format!("tok-{number}")).await;
        }
        assert_eq!(world.secrets().await, 230);
        let ledger = world.store.ledger().await.unwrap();
        assert_eq!((ledger.pointed_to.len(), ledger.announced.len()), (230, 0));
        let (mut after, mut read) = (None, 0);
        loop {
            let page = world.other.one_time_links_by(alice.id, after, 100, NOW).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.link.user_id);
            for listed in &page {
                let number: usize = listed.name.trim_start_matches("colleague").parse().unwrap();
                assert_eq!(text_of(&custody, &listed.link).await, format!("tok-{number}"));
            }
            read += page.len();
        }
        assert_eq!(read, 230);
    }

    async fn rotation_seals_new_links_anew_and_nothing_prunes_them(world) {
        let (alice, bob) = (admin(world).await, world.user("bob").await);
        made(world, bob.id, alice.id, "tok-1").await;
        let before = link_of(world, bob.id, alice.id).await.unwrap();
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        let custody = Custody { vault: both.clone(), ..world.custody() };
        assert_eq!(custody.rotate().await.unwrap().sealed, 1);
        assert_eq!(custody.rotate().await.unwrap().sealed, 0);
        let after = link_of(world, bob.id, alice.id).await.unwrap();
        assert_ne!(after.secret_id, before.secret_id);
        assert_eq!(world.vault.ids().await.unwrap(), [after.secret_id]);
        let later = Custody { clock: Clock::held(NOW + Duration::from_hours(48)), ..custody.clone() };
        later.list_old().await.unwrap();
        later.delete_listed().await.unwrap();
        assert_eq!(text_of(&custody, &after).await, "tok-1");
        both.pool().close().await;
    }
}
