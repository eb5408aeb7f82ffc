//! What an approval and an undo mean for an episode, in the queue that equipment is asked about in too.

use super::*;
use pattern_core::library::{EpisodeChange, EpisodePattern};

impl Plant {
    /// Whether all points of both pumps going down is an event, of a kind that nobody has named.
    fn event(&self) -> NewSuggestion {
        let at = self.now - Duration::hours(3);
        let points: Vec<&ClusterPoint> = self.clusters.iter().flat_map(|cluster| &cluster.points).collect();
        let change = |point: &&ClusterPoint| PointChange { point: point.id, direction: Direction::Down, at };
        let content = EpisodeContent {
            starts_at: at,
            ends_at: at + Duration::minutes(5),
            changes: points.iter().map(change).collect(),
            context: EpisodeContext::default(),
        };
        let changes = points.iter().map(|point| EpisodeChange {
            point: point.name.clone(),
            direction: Direction::Down,
            share: 1.0,
            after_seconds: 0.0,
        });
        let draft = EpisodePattern {
            name: "New kind of event".into(),
            category: "Event".into(),
            description: String::new(),
            confidence: 0.5,
            data_source: SITE.into(),
            within_seconds: 300.0,
            changes: changes.collect(),
        };
        NewSuggestion {
            pattern: None,
            purpose: Purpose::NewPattern,
            members: points.iter().map(|point| point.id).collect(),
            content: Content::Episode(content),
            fits: BTreeMap::new(),
            draft: Some(draft.into()),
            ..self.question(0, &self.pump, 0.5)
        }
    }

    async fn ask_of_the_event(&self) -> Uuid {
        let asked = [self.event()];
        let within = Duration::days(30);
        let kind = PatternKind::Episode;
        self.store
            .propose(self.source, kind, &asked, within, Fence::open(), self.now)
            .await
            .expect("propose");
        self.open().await.iter().find(|s| s.kind() == kind).expect("the event").id
    }

    async fn refused(&self, id: Uuid, request: ApproveRequest) -> String {
        let refused = self.decide(id, DecisionRequest::Approve(request)).await.expect_err("must be refused");
        assert!(matches!(refused, DecideError::Store(StoreError::Invalid(_))), "{refused:?}");
        refused.to_string()
    }
}

fn named(name: &str) -> ApproveRequest {
    ApproveRequest { pattern_name: Some(name.into()), ..ApproveRequest::default() }
}

#[tokio::test]
async fn an_event_that_nobody_has_named_needs_a_name() {
    let plant = Plant::new().await;
    let id = plant.ask_of_the_event().await;
    let refused = plant.refused(id, ApproveRequest::default()).await;
    assert!(refused.contains("give it a name as pattern_name"), "{refused}");
    let blank = plant.refused(id, named("  ")).await;
    assert!(blank.contains("give it a name as pattern_name"), "{blank}");

    let approved = plant.decide(id, DecisionRequest::Approve(named("Power dip"))).await.expect("approve");
    assert_eq!(approved.outcome.expect("named").label, "Power dip");
    assert_eq!(plant.store.library::<EpisodePattern>().await.expect("library").len(), 1);
}

#[tokio::test]
async fn that_the_same_happened_before_makes_no_other_question() {
    let plant = Plant::new().await;
    let id = plant.ask_of_the_event().await;
    let mut again = plant.event();
    let Content::Episode(content) = &mut again.content else { panic!("about no event") };
    content.context.happened_before = vec![plant.now - Duration::days(1)];
    let (kind, within) = (PatternKind::Episode, Duration::days(30));
    let change = plant.store.propose(plant.source, kind, &[again], within, Fence::open(), plant.now).await;
    assert_eq!(change.expect("propose").changed, 1, "it is shown");
    let asked = plant.store.suggestion(id).await.expect("suggestion");
    assert_eq!((asked.version, asked.content_version), (2, 1));
    let seen = ApproveRequest { version: Some(1), ..named("Power dip") };
    plant.decide(id, DecisionRequest::Approve(seen)).await.expect("what was seen is what is asked");
}

#[tokio::test]
async fn each_approval_keeps_what_it_made() {
    let plant = Plant::new().await;
    let id = plant.ask_of_the_event().await;
    for name in ["Power dip", "Load rejection"] {
        plant.decide(id, DecisionRequest::Approve(named(name))).await.expect("approve");
        plant.undo(id).await;
    }
    let decisions = plant.store.recent_decisions(None, None, 10).await.expect("decisions");
    let made: Vec<Option<String>> = decisions.into_iter().map(|d| d.outcome.map(|made| made.label)).collect();
    let label = |name: &str| Some(name.to_owned());
    assert_eq!(made, [None, label("Load rejection"), None, label("Power dip")]);
}

#[tokio::test]
async fn a_name_beside_a_pattern_and_a_time_that_is_over_are_refused() {
    let plant = Plant::new().await;
    let id = plant.ask_of_the_event().await;
    let both = ApproveRequest { pattern_id: Some(plant.pump.id), ..named("Power dip") };
    let refused = plant.refused(id, both).await;
    assert!(refused.contains("say two things"), "{refused}");
    let until = Some(Utc::now() - Duration::minutes(1));
    let over = DecisionRequest::Defer(DeferRequest { version: None, until });
    let refused = plant.decide(id, over).await.expect_err("must be refused");
    assert!(refused.to_string().contains("give a time that is to come"), "{refused}");
}

#[tokio::test]
async fn what_is_about_equipment_is_refused_for_an_event() {
    let plant = Plant::new().await;
    let id = plant.ask_of_the_event().await;
    let request = ApproveRequest { equipment_name: Some("P-101".into()), ..named("Power dip") };
    let refused = plant.refused(id, request).await;
    assert!(refused.contains("equipment_name is about equipment"), "{refused}");
    let request = ApproveRequest { extend: true, ..named("Power dip") };
    let refused = plant.refused(id, request).await;
    assert!(refused.contains("extend is about equipment"), "{refused}");
}

#[tokio::test]
async fn a_pattern_of_one_kind_cannot_be_confirmed_as_another() {
    let plant = Plant::new().await;
    let event = plant.ask_of_the_event().await;
    let request = ApproveRequest { pattern_id: Some(plant.pump.id), ..ApproveRequest::default() };
    let refused = plant.refused(event, request).await;
    assert!(refused.contains("'Pump' is of kind equipment"), "{refused}");

    plant.decide(event, DecisionRequest::Approve(named("Power dip"))).await.expect("approve");
    let dip = plant.store.library::<EpisodePattern>().await.expect("library")[0].id;
    let machine = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let request = ApproveRequest { pattern_id: Some(dip), ..ApproveRequest::default() };
    let refused = plant.refused(machine, request).await;
    assert!(refused.contains("'Power dip' is of kind episode"), "{refused}");
}

#[tokio::test]
async fn names_are_unique_within_a_kind_and_free_across_kinds() {
    let plant = Plant::new().await;
    let id = plant.ask_of_the_event().await;
    plant.decide(id, DecisionRequest::Approve(named("Pump"))).await.expect("another kind's name");
    let pumps: Vec<PatternKind> = plant
        .store
        .list_patterns(None, None, None, 50)
        .await
        .expect("patterns")
        .into_iter()
        .filter(|pattern| pattern.name == "Pump")
        .map(|pattern| pattern.kind)
        .collect();
    assert_eq!(pumps.len(), 2, "{pumps:?}");
    assert!(pumps.contains(&PatternKind::Episode) && pumps.contains(&PatternKind::Equipment));
}

#[tokio::test]
async fn an_undo_forgets_the_event_and_retires_the_kind_that_nothing_else_is_of() {
    let plant = Plant::new().await;
    let id = plant.ask_of_the_event().await;
    plant.decide(id, DecisionRequest::Approve(named("Power dip"))).await.expect("approve");
    let kept = "select count(*) from episodes where retracted_at is null";
    let active = "select count(*) from patterns where kind = 'episode' and status = 'active'";
    assert_eq!((plant.count(kept).await, plant.count(active).await), (1, 1));
    assert_eq!(plant.undo(id).await.status, SuggestionStatus::Pending);
    assert_eq!((plant.count(kept).await, plant.count(active).await), (0, 0));
    plant.decide(id, DecisionRequest::Approve(named("Power dip"))).await.expect("approve again");
    assert_eq!((plant.count(kept).await, plant.count(active).await), (1, 1));
}
