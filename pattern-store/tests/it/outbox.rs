use chrono::{Duration as Span, Utc};
use pattern_core::domain::{EventType, NewEvent, stable_id};
use pattern_embedded::testing::until;
use pattern_store::outbox::{self, CHANNEL_APPENDED, Lease};
use serde_json::json;
use sqlx::Executor;
use std::time::Duration;

use crate::support::{TestStore, somebody_waits_for_a_lock};

const LEASE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(30);

fn event(name: &str, version: i64) -> NewEvent {
    NewEvent::new(
        EventType::ClusterChanged,
        stable_id(&[name]),
        version,
        None,
        Utc::now(),
        &json!({"id": stable_id(&[name]), "version": version}),
    )
}

async fn append(store: &TestStore, versions: std::ops::RangeInclusive<i64>) {
    let mut tx = store.pool().begin().await.unwrap();
    let events: Vec<_> = versions.map(|version| event("a", version)).collect();
    outbox::append(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
}

async fn lease(store: &TestStore) -> Lease {
    store.acquire_relay_lease("test", LEASE).await.unwrap().unwrap()
}

/// Appended, numbered and published: versions 1 to `count` have positions 1 to `count`.
async fn published(count: i64) -> TestStore {
    let store = TestStore::create().await;
    append(&store, 1..=count).await;
    let lease = lease(&store).await;
    store.number_events(&lease, 1000).await.unwrap().unwrap();
    store.mark_events_published(1, count).await.unwrap();
    store
}

#[tokio::test]
async fn appending_the_same_change_again_adds_nothing() {
    let store = TestStore::create().await;
    append(&store, 1..=3).await;
    append(&store, 2..=4).await;
    let numbered = store.number_events(&lease(&store).await, 1000).await.unwrap().unwrap();
    assert_eq!((numbered.count, numbered.top.number), (4, 4));
}

#[tokio::test]
async fn a_published_event_says_its_position() {
    let store = TestStore::create().await;
    append(&store, 1..=2).await;
    store.number_events(&lease(&store).await, 1000).await.unwrap().unwrap();
    let events = store.unpublished_events(10).await.unwrap();
    for (event, position) in events.iter().zip(1..) {
        let value: serde_json::Value = serde_json::from_str(&event.text).unwrap();
        assert_eq!(value["sequence"], position.to_string());
        assert_eq!(value["data"]["version"], position);
    }
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn numbering_goes_on_where_it_stopped() {
    let store = TestStore::create().await;
    append(&store, 1..=5).await;
    let lease = lease(&store).await;
    for (count, top) in [(2, 2), (2, 4), (1, 5), (0, 5)] {
        let numbered = store.number_events(&lease, 2).await.unwrap().unwrap();
        assert_eq!((numbered.count, numbered.top.number), (count, top));
    }
}

#[tokio::test]
async fn a_lease_that_is_held_is_not_given_away() {
    let store = TestStore::create().await;
    let held = lease(&store).await;
    assert_eq!(store.acquire_relay_lease("other", LEASE).await.unwrap(), None);
    assert!(store.renew_relay_lease(&held, LEASE).await.unwrap());
    store.release_relay_lease(&held).await.unwrap();
    assert!(store.acquire_relay_lease("other", LEASE).await.unwrap().is_some());
}

#[tokio::test]
async fn an_old_leader_can_neither_number_nor_renew() {
    let store = TestStore::create().await;
    append(&store, 1..=3).await;
    let old = store.acquire_relay_lease("old", Duration::ZERO).await.unwrap().unwrap();
    let new = store.acquire_relay_lease("new", LEASE).await.unwrap().unwrap();
    assert!(new.term > old.term);
    assert_eq!(store.number_events(&old, 1000).await.unwrap(), None);
    assert!(!store.renew_relay_lease(&old, LEASE).await.unwrap());
    store.release_relay_lease(&old).await.unwrap();
    assert_eq!(store.number_events(&new, 1000).await.unwrap().unwrap().count, 3);
}

#[tokio::test]
async fn events_are_read_by_position() {
    let store = published(10).await;
    let positions = async |after, limit| {
        let events = store.read_events(after, limit).await.unwrap()?;
        Some(events.into_iter().map(|event| event.position).collect::<Vec<_>>())
    };
    assert_eq!(positions(0, 3).await, Some(vec![1, 2, 3]));
    assert_eq!(positions(8, 3).await, Some(vec![9, 10]));
    assert_eq!(positions(10, 3).await, Some(vec![]));
}

#[tokio::test]
async fn what_is_pruned_is_told_and_not_skipped() {
    let store = published(5).await;
    append(&store, 6..=8).await;
    let lease = Lease { holder: "test".into(), term: 1, sees_server: true };
    store.number_events(&lease, 1000).await.unwrap().unwrap();
    // Only what Kafka has acknowledged goes, however old the rest.
    assert_eq!(store.prune_events(Utc::now() + Span::hours(1)).await.unwrap(), 5);
    assert_eq!(store.read_events(4, 10).await.unwrap(), None);
    assert_eq!(store.read_events(5, 10).await.unwrap().unwrap().len(), 3);
    assert_eq!(store.stream_top().await.unwrap().pruned_through, 5);

    store.mark_events_published(6, 8).await.unwrap();
    assert_eq!(store.prune_events(Utc::now() + Span::hours(1)).await.unwrap(), 3);
    assert_eq!(store.read_events(7, 10).await.unwrap(), None);
    assert_eq!(store.read_events(8, 10).await.unwrap(), Some(vec![]));
}

#[tokio::test]
async fn pruning_keeps_nobody_from_numbering_or_leading() {
    let store = published(3).await;
    let lease = Lease { holder: "test".into(), term: 1, sees_server: true };
    // Pruning cannot get past this row, as if there were very many before it.
    let mut reader = store.pool().begin().await.unwrap();
    reader.execute("select from outbox where position = 3 for update").await.unwrap();
    let pruning = {
        let store = store.clone();
        tokio::spawn(async move { store.prune_events(Utc::now() + Span::hours(1)).await.unwrap() })
    };
    until("pruning waits", || somebody_waits_for_a_lock(&store)).await;

    append(&store, 4..=4).await;
    let leads = tokio::time::timeout(LIMIT, store.renew_relay_lease(&lease, LEASE)).await;
    assert!(leads.expect("the lease is free").unwrap());
    let numbered = tokio::time::timeout(LIMIT, store.number_events(&lease, 10)).await;
    assert_eq!(numbered.expect("numbering goes on").unwrap().unwrap().count, 1);
    assert_eq!(store.stream_top().await.unwrap().pruned_through, 3, "told before they go");
    reader.rollback().await.unwrap();
    assert_eq!(pruning.await.unwrap(), 3);
    assert_eq!(store.read_events(0, 10).await.unwrap(), None);
    assert_eq!(store.read_events(3, 10).await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn pruning_many_events_in_steps_deletes_them_all() {
    let store = TestStore::create().await;
    let many = "insert into outbox (id, aggregatetype, aggregateid, type, topic, event, position, published_at)
                select gen_random_uuid(), 'cluster', gen_random_uuid(), 'ClusterChanged', 'clusters', '{}', n, now()
                from generate_series(1, 12000) n";
    store.pool().execute(many).await.unwrap();
    store.pool().execute("update stream set next_position = 12001").await.unwrap();
    assert_eq!(store.prune_events(Utc::now() + Span::hours(1)).await.unwrap(), 12_000);
    assert_eq!(store.read_events(11_999, 10).await.unwrap(), None);
    assert_eq!(store.read_events(12_000, 10).await.unwrap(), Some(vec![]));
}

#[tokio::test]
async fn what_is_young_is_kept() {
    let store = published(5).await;
    assert_eq!(store.prune_events(Utc::now() - Span::hours(1)).await.unwrap(), 0);
    assert_eq!(store.read_events(0, 10).await.unwrap().unwrap().len(), 5);
}

#[tokio::test]
async fn a_renewed_epoch_makes_positions_incomparable() {
    let store = published(5).await;
    let before = store.stream_top().await.unwrap().position;
    let after = store.renew_epoch("test").await.unwrap();
    assert_ne!(before.epoch, after.epoch);
    assert_eq!(after.number, 5);
}

#[tokio::test]
async fn a_server_that_was_promoted_or_restored_begins_the_stream_anew() {
    let store = published(5).await;
    let before = store.stream_top().await.unwrap().position;
    sqlx::query("update stream set lease_until = '-infinity'").execute(store.pool()).await.unwrap();
    let lease = lease(&store).await;
    assert!(store.renew_relay_lease(&lease, LEASE).await.unwrap());
    assert_eq!(store.stream_top().await.unwrap().position, before, "it is the same server");

    // As what was numbered by the one before says.
    sqlx::query("update stream set server = '7/1'").execute(store.pool()).await.unwrap();
    append(&store, 6..=6).await;
    let numbered = store.number_events(&lease, 10).await.unwrap().expect("the lease is ours");
    assert_eq!((numbered.count, numbered.top.number), (1, 6));
    assert_ne!(numbered.top.epoch, before.epoch);
    assert!(store.renew_relay_lease(&lease, LEASE).await.unwrap());
    assert_eq!(store.stream_top().await.unwrap().position, numbered.top, "once is enough");
}

#[tokio::test]
async fn a_changed_pending_count_is_announced_once_and_its_version_grows() {
    let store = TestStore::create().await;
    let source = "insert into data_sources (id, name) values (gen_random_uuid(), 'plant')";
    let cluster = "insert into clusters (id, data_source_id, kind, label, cohesion, generation)
                   select gen_random_uuid(), id, 'equipment', 'P-1', 1, 1 from data_sources";
    let suggestion = "insert into suggestions (id, data_source_id, kind, subject_kind, subject_id, subject_label,
                                               content, purpose, confidence, scores, reason, members, expires_at)
                      select gen_random_uuid(), data_source_id, 'equipment', 'cluster', id, label,
                             '{\"kind\": \"equipment\", \"roles\": {}}', 'new_pattern', 0.5, '{}', '', '{}', 'infinity'
                      from clusters";
    for sql in [source, cluster, suggestion] {
        store.pool().execute(sql).await.unwrap();
    }
    assert_eq!(store.pending_count(None).await.unwrap(), 1);
    assert_eq!(store.pending_count(Some("plant")).await.unwrap(), 1);
    assert_eq!(store.pending_count(Some("elsewhere")).await.unwrap(), 0);
    assert_eq!(store.data_sources_with_other_pending_count().await.unwrap(), ["plant"]);

    assert!(store.announce_pending_count("plant", Utc::now()).await.unwrap());
    assert!(!store.announce_pending_count("plant", Utc::now()).await.unwrap());
    assert_eq!(store.data_sources_with_other_pending_count().await.unwrap(), Vec::<String>::new());
    store.pool().execute("update suggestions set status = 'approved'").await.unwrap();
    assert!(store.announce_pending_count("plant", Utc::now()).await.unwrap());

    store.number_events(&lease(&store).await, 1000).await.unwrap().unwrap();
    let events = store.read_events(0, 10).await.unwrap().unwrap();
    let data = |index: usize| {
        serde_json::from_str::<serde_json::Value>(&events[index].text).unwrap()["data"].clone()
    };
    assert_eq!((data(0)["pending_count"].clone(), data(1)["pending_count"].clone()), (json!(1), json!(0)));
    assert!(data(0)["version"].as_i64() < data(1)["version"].as_i64());
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn a_pending_count_is_announced_while_somebody_inserts_what_refers_to_the_data_source() {
    let store = TestStore::create().await;
    store
        .pool()
        .execute("insert into data_sources (id, name) values (gen_random_uuid(), 'plant')")
        .await
        .unwrap();
    store.pool().execute("update data_sources set announced_pending = 3").await.unwrap();
    let mut slow = store.pool().begin().await.unwrap();
    slow.execute(
        "insert into clusters (id, data_source_id, kind, label, cohesion, generation)
         select gen_random_uuid(), id, 'equipment', 'P-1', 1, 1 from data_sources",
    )
    .await
    .unwrap();
    let announced = tokio::time::timeout(LIMIT, store.announce_pending_count("plant", Utc::now())).await;
    assert!(announced.expect("it does not wait").unwrap());
}

#[tokio::test]
async fn a_listener_hears_again_after_its_connection_was_cut() {
    let store = TestStore::create().await;
    // The poll is out of reach, so that only a notification or a lost connection wakes it.
    let mut listener = store.listener(CHANNEL_APPENDED, Duration::from_secs(3600));
    assert_eq!(listener.wait().await, None);
    store
        .pool()
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and query like 'LISTEN%'",
        )
        .await
        .unwrap();
    let woken = tokio::time::timeout(LIMIT, listener.wait()).await;
    assert_eq!(woken, Ok(None), "what was missed has to be looked for");

    append(&store, 1..=1).await;
    let heard = async {
        loop {
            if let Some(payload) = listener.wait().await {
                break payload;
            }
        }
    };
    assert_eq!(tokio::time::timeout(LIMIT, heard).await, Ok(String::new()));
}
