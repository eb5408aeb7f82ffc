//! Pumps that wait for a decision.

use chrono::{Duration, SubsecRound, Utc};
use pattern_core::{
    domain::{
        ClusterKind, Content, Direction, EpisodeContent, PatternKind, PatternSource, PointChange, Purpose,
        Scores, Subject, SubjectKind,
    },
    library::{EpisodeChange, EpisodePattern, EquipmentPattern, PatternSpec, RoleSpec},
};
use pattern_store::{FoundCluster, NewPoint, NewSuggestion, Store, SuggestedRoleRow, jobs::Fence, placed};
use std::collections::BTreeMap;

pub const PARTS: [(&str, &str); 3] = [("SUCT", "Suction"), ("DISC", "Discharge"), ("FLOW", "Flow")];
pub const SITE: &str = "north";

pub async fn propose_pumps(store: &Store) {
    propose(store, &["P-101".to_owned(), "P-102".to_owned()], 0.9).await;
}

pub async fn propose(store: &Store, pumps: &[String], confidence: f64) {
    let now = Utc::now();
    let points: Vec<NewPoint> =
        pumps.iter().flat_map(|p| PARTS.map(|(part, _)| NewPoint::named(format!("{p}.{part}")))).collect();
    let source = store.register_points(SITE, &points).await.expect("points").data_source_id;
    let role = |(_, name): &(&str, &str)| RoleSpec { name: (*name).into(), ..RoleSpec::default() };
    let spec = |name: &str| EquipmentPattern {
        name: name.into(),
        category: "Pump".into(),
        confidence: 0.8,
        roles: PARTS.iter().map(role).collect(),
        ..EquipmentPattern::default()
    };
    let library = [spec("Pump"), spec("Agitator")].map(PatternSpec::from);
    store.load_library(&library, PatternSource::Library, now).await.expect("library");
    let stored = store.stored_points(source).await.expect("points");
    let found: Vec<FoundCluster> = stored
        .chunk_by(|a, b| a.name.split('.').next() == b.name.split('.').next())
        .map(|of_pump| FoundCluster {
            label: of_pump[0].name.split('.').next().unwrap_or_default().to_owned(),
            cohesion: 0.9,
            point_ids: of_pump.iter().map(|p| p.id).collect(),
            ..FoundCluster::default()
        })
        .filter(|found| pumps.contains(&found.label))
        .collect();
    store
        .replace_clusters(source, ClusterKind::Equipment, &found, Fence::open(), now)
        .await
        .expect("clusters");
    score(store, confidence, &PARTS).await;
}

/// Asks about all pumps as the engine does when it has scored them anew, with these parts in their roles.
pub async fn score(store: &Store, confidence: f64, parts: &[(&str, &str)]) {
    let source = store.data_source(SITE).await.expect("source").expect("north").id;
    let library = store.library::<EquipmentPattern>().await.expect("library");
    let pattern = library.iter().find(|pattern| pattern.spec.name == "Pump").expect("pump");
    let clusters = store.active_clusters(source, ClusterKind::Equipment).await.expect("clusters");
    let questions: Vec<NewSuggestion> = clusters
        .iter()
        .map(|cluster| {
            let roles = cluster.points.iter().filter_map(|p| {
                let (_, role) = parts.iter().find(|(part, _)| p.name.ends_with(part))?;
                Some(SuggestedRoleRow { point_id: p.id, role: (*role).into(), score: 0.9 })
            });
            let (content, fits) = placed(roles.collect(), None);
            NewSuggestion {
                subject: Subject { kind: SubjectKind::Cluster, id: cluster.id, label: cluster.label.clone() },
                pattern: Some((pattern.id, pattern.version)),
                purpose: Purpose::Match,
                priority: confidence,
                confidence,
                scores: [("name", Some(0.9))].into(),
                reason: "named like a pump".into(),
                members: cluster.points.iter().map(|p| p.id).collect(),
                content,
                fits,
                draft: None,
            }
        })
        .collect();
    let now = Utc::now();
    store
        .propose(source, PatternKind::Equipment, &questions, Duration::days(30), Fence::open(), now)
        .await
        .expect("propose");
}

/// As if their points shared no name.
pub async fn unname(store: &Store) {
    let source = store.data_source(SITE).await.expect("source").expect("north").id;
    let clusters = store.active_clusters(source, ClusterKind::Equipment).await.expect("clusters");
    let found: Vec<FoundCluster> = clusters
        .into_iter()
        .map(|cluster| FoundCluster {
            id: Some(cluster.id),
            label: format!("{} and 2 more", cluster.label),
            unnamed: true,
            cohesion: cluster.cohesion,
            point_ids: cluster.points.iter().map(|point| point.id).collect(),
            ..FoundCluster::default()
        })
        .collect();
    store
        .replace_clusters(source, ClusterKind::Equipment, &found, Fence::open(), Utc::now())
        .await
        .expect("clusters");
}

/// Asks what happened when all points of the pumps changed, every second one upwards, a minute after one another.
pub async fn happen(store: &Store) {
    let source = store.data_source(SITE).await.expect("source").expect("north").id;
    let mut points = store.stored_points(source).await.expect("points");
    points.sort_by(|a, b| a.name.cmp(&b.name));
    let starts_at = Utc::now().trunc_subsecs(0) - Duration::hours(3);
    let changes: Vec<PointChange> = (0..)
        .zip(&points)
        .map(|(minute, point)| PointChange {
            point: point.id,
            direction: if minute % 2 == 0 { Direction::Up } else { Direction::Down },
            at: starts_at + Duration::minutes(minute),
        })
        .collect();
    let ends_at = changes.last().expect("points").at;
    let found = FoundCluster {
        label: format!("{} points changed", points.len()),
        point_ids: points.iter().map(|point| point.id).collect(),
        starts_at: Some(starts_at),
        ends_at: Some(ends_at),
        changes: changes.clone(),
        ..FoundCluster::default()
    };
    let now = Utc::now();
    store
        .replace_clusters(source, ClusterKind::Episode, std::slice::from_ref(&found), Fence::open(), now)
        .await
        .expect("clusters");
    let cluster = store.active_clusters(source, ClusterKind::Episode).await.expect("clusters").remove(0);
    let names = points.iter().map(|point| (point.id, point.name.clone())).collect::<BTreeMap<_, _>>();
    let draft = EpisodePattern {
        name: "New kind of event".into(),
        category: "Event".into(),
        description: String::new(),
        confidence: 0.6,
        data_source: SITE.into(),
        within_seconds: (ends_at - starts_at).as_seconds_f64(),
        changes: changes
            .iter()
            .map(|change| EpisodeChange {
                point: names[&change.point].clone(),
                direction: change.direction,
                share: 1.0,
                after_seconds: (change.at - starts_at).as_seconds_f64(),
            })
            .collect(),
    };
    let question = NewSuggestion {
        subject: Subject { kind: SubjectKind::Cluster, id: cluster.id, label: cluster.label },
        pattern: None,
        purpose: Purpose::NewPattern,
        priority: 1000.0,
        confidence: 0.8,
        scores: Scores::default(),
        reason: "2 episodes resemble each other".into(),
        members: found.point_ids,
        content: Content::Episode(EpisodeContent {
            starts_at,
            ends_at,
            changes,
            context: Default::default(),
        }),
        fits: BTreeMap::new(),
        draft: Some(draft.into()),
    };
    store
        .propose(source, PatternKind::Episode, &[question], Duration::days(30), Fence::open(), now)
        .await
        .expect("propose");
}
