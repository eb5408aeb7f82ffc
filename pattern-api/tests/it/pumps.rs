//! Pumps that wait for a decision.

use chrono::{Duration, Utc};
use pattern_core::{
    domain::{ClusterKind, PatternSource, Purpose, Scores},
    library::{PatternSpec, RoleSpec},
};
use pattern_store::{FoundCluster, NewPoint, NewSuggestion, Store, SuggestedRoleRow, jobs::Fence};

const PARTS: [(&str, &str); 3] = [("SUCT", "Suction"), ("DISC", "Discharge"), ("FLOW", "Flow")];

pub async fn propose_pumps(store: &Store) {
    propose(store, &["P-101".to_owned(), "P-102".to_owned()], 0.9).await;
}

pub async fn propose(store: &Store, pumps: &[String], confidence: f64) {
    let now = Utc::now();
    let points: Vec<NewPoint> =
        pumps.iter().flat_map(|p| PARTS.map(|(part, _)| NewPoint::named(format!("{p}.{part}")))).collect();
    let source = store.register_points("north", &points).await.expect("points").data_source_id;
    let role = |(_, name): &(&str, &str)| RoleSpec { name: (*name).into(), ..RoleSpec::default() };
    let spec = PatternSpec {
        kind: "equipment".into(),
        name: "Pump".into(),
        category: "Pump".into(),
        confidence: 0.8,
        roles: PARTS.iter().map(role).collect(),
        ..PatternSpec::default()
    };
    store.load_library(&[spec], PatternSource::Library, now).await.expect("library");
    let pattern = store.library().await.expect("library").remove(0);
    let stored = store.stored_points(source).await.expect("points");
    let found: Vec<FoundCluster> = pumps
        .iter()
        .map(|label| FoundCluster {
            label: label.clone(),
            cohesion: 0.9,
            point_ids: stored.iter().filter(|p| p.name.starts_with(label.as_str())).map(|p| p.id).collect(),
            ..FoundCluster::default()
        })
        .collect();
    store
        .replace_clusters(source, ClusterKind::Equipment, &found, Fence::open(), now)
        .await
        .expect("clusters");
    let clusters = store.active_clusters(source, ClusterKind::Equipment).await.expect("clusters");
    let questions: Vec<NewSuggestion> = clusters
        .iter()
        .map(|cluster| NewSuggestion {
            cluster_id: cluster.id,
            pattern: Some((pattern.id, pattern.version)),
            purpose: Purpose::Match,
            priority: confidence,
            confidence,
            scores: Scores { name: Some(0.9), ..Scores::default() },
            reason: "named like a pump".into(),
            point_ids: cluster.points.iter().map(|p| p.id).collect(),
            roles: cluster
                .points
                .iter()
                .filter_map(|p| {
                    let (_, role) = PARTS.iter().find(|(part, _)| p.name.ends_with(part))?;
                    Some(SuggestedRoleRow { point_id: p.id, role: (*role).into(), score: 0.9 })
                })
                .collect(),
            draft: None,
        })
        .collect();
    store.propose(source, &questions, Duration::days(30), Fence::open(), now).await.expect("propose");
}
