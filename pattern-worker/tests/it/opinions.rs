//! One opinion per point: from what the engine proposes, from what people said, or from the point's own words.

use chrono::Utc;
use pattern_core::domain::{ApproveRequest, Opinion, OpinionSource, SuggestionStatus};
use pattern_store::DecisionRequest;
use std::collections::BTreeMap;

use crate::site::{Site, Worker};

/// By the names of the points.
async fn opinions(site: &Site) -> BTreeMap<String, Opinion> {
    let points = site.store.stored_points(site.source().await).await.expect("points");
    let ids: Vec<_> = points.iter().map(|point| point.id).collect();
    let mut of = site.store.opinions_of(&ids).await.expect("opinions");
    points.into_iter().filter_map(|point| Some((point.name, of.remove(&point.id)?))).collect()
}

#[tokio::test]
async fn each_point_has_one_opinion_and_what_somebody_said_is_the_one_that_counts() {
    let site = Site::new().await;
    site.add_points().await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let first = opinions(&site).await;
    let flow = &first["P-101.FLOW"];
    assert_eq!((flow.source, flow.pattern.as_deref()), (OpinionSource::Proposal, Some("Centrifugal Pump")));
    assert_eq!((flow.role.as_str(), flow.equipment.as_deref()), ("Flow Rate", Some("P-101")));
    assert!((0.0..=1.0).contains(&flow.confidence), "{flow:?}");
    assert_eq!(first.len(), 20, "every point of the four pumps: {first:#?}");

    let pending = site.suggestions(SuggestionStatus::Pending).await;
    let pump = pending.iter().find(|s| s.subject.label == "P-101").expect("P-101");
    let points = site.store.stored_points(site.source().await).await.expect("points");
    let flow_id = points.iter().find(|point| point.name == "P-101.FLOW").expect("the point").id;
    let approve = ApproveRequest {
        role_assignments: Some(BTreeMap::from([(flow_id, Some("Leak Flow".to_owned()))])),
        ..ApproveRequest::default()
    };
    site.store
        .decide(pump.id, &DecisionRequest::Approve(approve), "anna", None, Utc::now())
        .await
        .expect("approve");
    site.until_learned().await;
    let after = opinions(&site).await;
    let told = &after["P-101.FLOW"];
    assert_eq!((told.source, told.role.as_str()), (OpinionSource::Confirmed, "Leak Flow"));
    assert!((told.confidence - 1.0).abs() < 1e-9);
    assert_eq!(after["P-101.MTR_AMPS"].source, OpinionSource::Confirmed, "approved as proposed");
    assert_eq!(after["P-102.FLOW"].role, "Leak Flow", "look-alikes follow: {:?}", after["P-102.FLOW"]);
    // What was decided and learned is no news: the same again writes nothing.
    let changed = "select max(changed_at)::text from opinions";
    let newest: String = sqlx::query_scalar(changed).fetch_one(site.store.pool()).await.expect("time");
    site.analyse().await;
    let again: String = sqlx::query_scalar(changed).fetch_one(site.store.pool()).await.expect("time");
    assert_eq!(newest, again);
}
