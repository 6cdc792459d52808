//! Several instances on one pair of databases.

use crate::{engines::on_both_engines, world::MINUTE};
use kalends::sync;
use kalends_simulator::world::{account::Account, practice::SERVICE_PASSWORD};

/// A window of 395 days is read in views of 90 days.
const VIEWS: u64 = 5;

on_both_engines! {
    async fn two_instances_read_each_mailbox_once_each_time_it_is_due(world) {
        let other = world.another_instance().await;
        for account in 0..10 {
            let mut service = Account::new(&format!("svc{account}"), "example.test", SERVICE_PASSWORD);
            service.role = true;
            world.exchange.world().add_account(service);
        }
        for number in 1..=30 {
            let account = format!("svc{}@example.test", number % 10);
            world.save(&format!("colleague{number:02}"), &account).await;
        }
        let mut given = (0, 0);
        for time in 1..=4 {
            let (one, two) = (world.services.clone(), other.clone());
            let tending = (
                tokio::spawn(async move { sync::tend(&one).await.unwrap() }),
                tokio::spawn(async move { sync::tend(&two).await.unwrap() }),
            );
            let (one, two) = (tending.0.await.unwrap(), tending.1.await.unwrap());
            assert_eq!(one + two, 30);
            given = (given.0 + one, given.1 + two);
            assert_eq!(world.rounds().await, [i64::try_from(time).unwrap(); 30]);
            let exchange = world.exchange.world();
            for number in 1..=30 {
                let address = format!("colleague{number:02}@example.test");
                assert_eq!(exchange.counters().calls(&address, "FindItem"), time * VIEWS, "{address}");
            }
            drop(exchange);
            world.pass(MINUTE * 6);
        }
        assert!(given.0 > 0 && given.1 > 0, "only one of them worked: {given:?}");
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }
}
