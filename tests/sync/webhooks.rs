//! Webhooks: signed, tried again, called only where they may be, and forgotten with their address.

use crate::{
    World,
    engines::on_both_engines,
    hook_server::HookServer,
    notices::{ORIGIN, make_admin, tell},
    world::{MINUTE, SERVICE},
};
use kalends::{
    notify::{self, Channels, NewHook},
    services::Services,
};
use kalends_core::job::JobState;
use kalends_exchange::outbound::{Outbound, OutboundConfig};
use std::net::SocketAddr;

const PLACE: &str = "https://chat.example.test/hooks/tok-4711";

/// A way out to a webhook's server.
async fn with_hooks(world: &World) -> (Services, HookServer, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let server = HookServer::start(folder.path()).await;
    let outbound = outbound(world, server.address, Some(&server));
    let mut services = world.services.clone();
    services.channels = Channels::new(None, outbound, ORIGIN.to_owned());
    (services, server, folder)
}

fn outbound(world: &World, to: SocketAddr, trusts: Option<&HookServer>) -> Outbound {
    let rule = format!("chat.example.test:443={to}");
    let ca = trusts.map(|server| server.ca.clone());
    let config = OutboundConfig::parse("", &rule, ca).unwrap();
    Outbound::new(config, world.clock.clone()).unwrap()
}

on_both_engines! {
    async fn webhooks_are_signed_retried_and_forgotten_with_their_address(world) {
        let alice = make_admin(world, "alice").await;
        let (services, server, _folder) = with_hooks(world).await;
        let new = NewHook::parse("Chat room", PLACE).unwrap();
        notify::add(&services, &alice, new).await.unwrap();
        let hook = services.store.webhooks().await.unwrap().remove(0);
        assert_eq!((hook.name.as_str(), hook.host.as_str()), ("Chat room", "chat.example.test"));
        let key = notify::new_key(&services, &hook, &alice).await.unwrap();
        let bob = world.user("bob").await;
        assert_eq!(notify::new_key(&services, &hook, &bob).await, None);
        let mut old = hook.clone();
        old.made_at = old.made_at - std::time::Duration::from_mins(15);
        assert_eq!(notify::new_key(&services, &old, &alice).await, None);

        server.answer_with(503);
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.pass(MINUTE * 6);
        assert_eq!(tell(&services).await, 1);
        server.answer_with(302);
        world.pass(MINUTE);
        assert_eq!(tell(&services).await, 1);
        server.answer_with(204);
        world.pass(MINUTE * 5);
        assert_eq!(tell(&services).await, 1);
        let posted = server.posted();
        assert_eq!((posted.len(), posted[0].line.as_str()), (3, "POST /hooks/tok-4711 HTTP/1.1"));
        let ids: Vec<&String> = posted.iter().map(|it| &it.headers["webhook-id"]).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "the same notice has the same id: {ids:?}");
        for it in &posted {
            let at = it.headers["webhook-timestamp"].parse().unwrap();
            let signed = notify::signature(&key, &it.headers["webhook-id"], kalends_core::clock::Timestamp::from_seconds(at), &it.body);
            assert_eq!(Some(&it.headers["webhook-signature"]), signed.as_ref());
        }
        let told: serde_json::Value = serde_json::from_str(&posted[2].body).unwrap();
        assert_eq!((told["type"].as_str(), told["data"]["people"].as_i64()), (Some("problem.raised"), Some(1)));
        assert!(told["text"].as_str().unwrap().contains(ORIGIN), "{told}");
        let sent = services.store.notices(10, 0).await.unwrap().remove(0);
        assert_eq!((sent.state, sent.attempts), (JobState::Done, 3));

        // Neither token nor key stands in the main database or is left in the vault.
        let holds = |text: String| async move {
            let mut found = Vec::new();
            for sql in ["SELECT name || host AS text FROM webhooks", "SELECT subject || body || recipient || recipient_label AS text FROM notices", "SELECT outcome AS text FROM notice_attempts", "SELECT subject AS text FROM audit"] {
                let rows = sqlx::query(sql).fetch_all(services.store.pool()).await.unwrap();
                found.extend(rows.iter().map(|row| sqlx::Row::get::<String, _>(row, 0)).filter(|it| it.contains(&text)));
            }
            found
        };
        assert_eq!(holds.clone()("tok-4711".to_owned()).await, Vec::<String>::new());
        assert_eq!(holds(key).await, Vec::<String>::new());
        let services = &world.services;
        assert_eq!(services.custody().delete_listed().await.unwrap(), 0);
        let before = services.vault.ids().await.unwrap().len();
        assert!(notify::remove(services, &alice, hook.id).await.unwrap());
        assert_eq!(services.vault.ids().await.unwrap().len(), before - 1);
        assert!(!notify::remove(services, &alice, hook.id).await.unwrap());
    }

    async fn a_webhook_at_a_private_address_is_called_only_where_it_is_listed(world) {
        let alice = make_admin(world, "alice").await;
        let new = NewHook::parse("Inside", "https://127.0.0.1/").unwrap();
        notify::add(&world.services, &alice, new).await.unwrap();
        let hook = world.services.store.webhooks().await.unwrap().remove(0);
        let tested = notify::test_webhook(&world.services, &alice, hook.id).await.unwrap().unwrap();
        let said = tested.unwrap_err();
        assert!(said.contains("KALENDS_WEBHOOK_HOSTS"), "{said}");
    }
}
