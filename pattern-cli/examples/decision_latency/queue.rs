use anyhow::{Context, Result};
use chrono::{Duration, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use pattern_core::{
    domain::{ClusterKind, PatternKind, PatternSource, Purpose, Subject, SubjectKind},
    library::{EquipmentPattern, RoleSpec},
};
use pattern_store::{
    FoundCluster, LibraryPattern, NewPoint, NewSuggestion, Store, SuggestedRoleRow, SuggestionFilter,
    jobs::Fence, placed,
};
use uuid::Uuid;

const ROLES: [(&str, &str); 4] =
    [("SUCT", "Suction"), ("DISC", "Discharge"), ("FLOW", "Flow"), ("RUN", "Run")];
const AT_ONCE: usize = 4;

/// Puts `count` pumps into the queue and answers their suggestions' ids.
pub async fn fill(store: &Store, count: usize) -> Result<Vec<Uuid>> {
    let pump = pattern(store).await?;
    // Each in a data source of its own: matching, which follows every decision, takes back the open
    // questions of a data source that it does not come to itself.
    let proposed =
        stream::iter(0..count).map(|number| propose(store, &pump, number)).buffer_unordered(AT_ONCE);
    proposed.try_collect().await
}

async fn pattern(store: &Store) -> Result<LibraryPattern<EquipmentPattern>> {
    let role = |(_, name): (&str, &str)| RoleSpec { name: name.into(), ..RoleSpec::default() };
    let spec = EquipmentPattern {
        name: "Measured pump".into(),
        category: "Pump".into(),
        confidence: 0.5,
        roles: ROLES.map(role).into(),
        ..EquipmentPattern::default()
    };
    store.load_library(&[spec.clone().into()], PatternSource::Library, Utc::now()).await?;
    let library = store.library::<EquipmentPattern>().await?;
    library.into_iter().find(|p| p.spec.name == spec.name).context("the library lost its pattern")
}

async fn propose(store: &Store, pump: &LibraryPattern<EquipmentPattern>, number: usize) -> Result<Uuid> {
    let (now, label) = (Utc::now(), format!("P-{number:05}"));
    let data_source = format!("plant-{number:05}");
    let points = ROLES.map(|(part, _)| NewPoint::named(format!("{label}.{part}")));
    let source = store.register_points(&data_source, &points).await?.data_source_id;
    let stored = store.stored_points(source).await?;
    let point_ids: Vec<Uuid> = stored.iter().map(|p| p.id).collect();
    let found =
        FoundCluster { label, cohesion: 0.9, point_ids: point_ids.clone(), ..FoundCluster::default() };
    store.replace_clusters(source, ClusterKind::Equipment, &[found], Fence::open(), now).await?;
    let clusters = store.active_clusters(source, ClusterKind::Equipment).await?;
    let roles = stored.iter().filter_map(|point| {
        let (_, role) = ROLES.iter().find(|(part, _)| point.name.ends_with(part))?;
        Some(SuggestedRoleRow { point_id: point.id, role: (*role).into(), score: 0.9 })
    });
    let (content, fits) = placed(roles.collect(), None);
    let cluster = clusters.first().context("the cluster was not kept")?;
    let question = NewSuggestion {
        subject: Subject { kind: SubjectKind::Cluster, id: cluster.id, label: cluster.label.clone() },
        pattern: Some((pump.id, pump.version)),
        purpose: Purpose::Match,
        priority: 0.0,
        confidence: 0.9,
        scores: [("name", Some(0.9))].into(),
        reason: "named like a pump".into(),
        members: point_ids,
        content,
        fits,
        draft: None,
    };
    store
        .propose(source, PatternKind::Equipment, &[question], Duration::days(30), Fence::open(), now)
        .await?;
    let filter = SuggestionFilter { data_source: Some(data_source), limit: 1, ..SuggestionFilter::default() };
    let page = store.list_suggestions(&filter).await?;
    Ok(page.items.first().context("the suggestion was not kept")?.id)
}
