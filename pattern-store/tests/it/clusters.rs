//! Clusters as whole generations.

use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::ClusterKind;
use pattern_store::{FoundCluster, NewPoint, jobs::Fence};
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::support::TestStore;

struct Site {
    store: TestStore,
    source: Uuid,
    points: Vec<Uuid>,
}

impl Site {
    async fn with_points(count: usize) -> Self {
        let store = TestStore::create().await;
        let names: Vec<NewPoint> = (0..count).map(|i| NewPoint::named(format!("T-{i:02}"))).collect();
        let source = store.register_points("north", &names).await.expect("points").data_source_id;
        let points = store.stored_points(source).await.expect("points").into_iter().map(|p| p.id).collect();
        Self { store, source, points }
    }

    fn group(&self, id: Option<Uuid>, points: std::ops::Range<usize>) -> FoundCluster {
        let point_ids = self.points[points].to_vec();
        FoundCluster { id, label: "T".into(), cohesion: 0.9, point_ids, ..FoundCluster::default() }
    }

    async fn replace(&self, kind: ClusterKind, found: &[FoundCluster]) -> Vec<Uuid> {
        let store = &self.store;
        store.replace_clusters(self.source, kind, found, Fence::open(), Utc::now()).await.expect("replace");
        let active = store.active_clusters(self.source, kind).await.expect("clusters");
        active.into_iter().map(|c| c.id).collect()
    }
}

#[tokio::test]
async fn a_group_that_looks_as_a_living_cluster_once_did_is_a_new_one() {
    let site = Site::with_points(8).await;
    let kind = ClusterKind::Equipment;
    let born = site.replace(kind, &[site.group(None, 0..3)]).await[0];
    site.replace(kind, &[site.group(Some(born), 0..8)]).await;
    // It splits: the larger part carries the id on, the other has the very points it was born with.
    let parts = site.replace(kind, &[site.group(None, 0..3), site.group(Some(born), 3..8)]).await;
    assert_eq!(parts.len(), 2);
    assert!(parts.contains(&born));
}

#[tokio::test]
async fn the_same_points_changing_twice_are_two_episodes() {
    let site = Site::with_points(4).await;
    let at = |minutes: i64| DateTime::from_timestamp(1_750_000_000, 0).unwrap() + Duration::minutes(minutes);
    let episode = |starts: i64| FoundCluster {
        starts_at: Some(at(starts)),
        ends_at: Some(at(starts + 10)),
        ..site.group(None, 0..4)
    };
    let found = [episode(0), episode(120)];
    let first = site.replace(ClusterKind::Episode, &found).await;
    assert_eq!(first.len(), 2);
    let again = site.replace(ClusterKind::Episode, &found).await;
    assert_eq!(BTreeSet::from_iter(again), BTreeSet::from_iter(first), "a repeated run finds the same");
}
