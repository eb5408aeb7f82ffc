//! What an approval makes of the points.

use super::*;

#[tokio::test]
async fn a_point_belongs_to_one_piece_of_equipment_per_category() {
    let plant = Plant::new().await;
    let shared = plant.clusters[0].points[0].id;
    let mut second = plant.question(1, &plant.pump, 0.8);
    second.members.push(shared);
    plant.propose(&[plant.question(0, &plant.pump, 0.9), second]).await;
    let open = plant.open().await;
    plant.decide(open[0].id, approve()).await.expect("approve");
    let greedy = ApproveRequest {
        role_assignments: Some(BTreeMap::from([(shared, Some("Leak".to_owned()))])),
        ..ApproveRequest::default()
    };
    let refused =
        plant.decide(open[1].id, DecisionRequest::Approve(greedy)).await.expect_err("must be refused");
    assert!(refused.to_string().contains("P-101"), "{refused}");
    assert_eq!(plant.open().await.len(), 1, "the refused decision left nothing behind");
}

#[tokio::test]
async fn two_machines_of_one_name_are_not_taken_for_one() {
    let plant = Plant::new().await;
    sqlx::query("update clusters set label = 'AHU-1'").execute(plant.store.pool()).await.expect("label");
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)]).await;
    let open = plant.open().await;
    plant.decide(open[0].id, approve()).await.expect("approve");
    let refused = plant.decide(open[1].id, approve()).await.expect_err("another machine");
    assert!(refused.to_string().contains("exists already with other points"), "{refused}");

    let name = Some("AHU-1".to_owned());
    let typed = ApproveRequest { equipment_name: name.clone(), ..ApproveRequest::default() };
    let refused =
        plant.decide(open[1].id, DecisionRequest::Approve(typed)).await.expect_err("typed by chance");
    assert!(refused.to_string().contains("exists already with other points (P-101"), "{refused}");
    let same = ApproveRequest { equipment_name: name, extend: true, ..ApproveRequest::default() };
    plant.decide(open[1].id, DecisionRequest::Approve(same)).await.expect("one machine after all");
    assert_eq!(plant.count("select count(*) from equipment").await, 1);
    assert_eq!(plant.store.active_bindings(plant.source).await.expect("bindings").len(), 6);
}

#[tokio::test]
async fn several_points_may_have_one_role() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let redundant =
        plant.clusters[0].points.iter().map(|point| (point.id, Some("Header Pressure".to_owned())));
    let all_alike =
        ApproveRequest { role_assignments: Some(redundant.collect()), ..ApproveRequest::default() };
    plant.decide(id, DecisionRequest::Approve(all_alike)).await.expect("approve");
    let bindings = plant.store.active_bindings(plant.source).await.expect("bindings");
    assert_eq!(bindings.len(), 3);
    assert!(bindings.iter().all(|binding| binding.role == "Header Pressure"), "{bindings:?}");
}

#[tokio::test]
async fn each_undo_takes_back_what_its_own_approval_said_of_a_point() {
    let plant = Plant::new().await;
    let (shared, newcomer) = (plant.clusters[0].points[0].id, plant.clusters[1].points[0].id);
    let first = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    plant.decide(first, approve()).await.expect("approve");
    let second = plant.propose_one(plant.grown(&plant.pump, newcomer)).await;
    let leak = || {
        DecisionRequest::Approve(ApproveRequest {
            role_assignments: Some(BTreeMap::from([(shared, Some("Leak".to_owned()))])),
            ..ApproveRequest::default()
        })
    };
    plant.decide(second, leak()).await.expect("extend");
    assert_eq!(plant.role_of(shared).await.as_deref(), Some("Leak"));

    plant.undo(second).await;
    assert_eq!(plant.role_of(shared).await.as_deref(), Some("Suction"), "the first answer holds again");
    assert_eq!(plant.role_of(newcomer).await, None);

    plant.decide(second, leak()).await.expect("extend again");
    plant.undo(first).await;
    assert_eq!(plant.role_of(shared).await.as_deref(), Some("Leak"), "the second answer stands");
}

fn without(points: impl IntoIterator<Item = Uuid>) -> DecisionRequest {
    let excluded_points = points.into_iter().collect();
    DecisionRequest::Approve(ApproveRequest { excluded_points, ..ApproveRequest::default() })
}

#[tokio::test]
async fn an_excluded_point_loses_its_role_and_an_undo_takes_it_back() {
    let plant = Plant::new().await;
    let out = plant.clusters[0].points[0].id;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let approved = plant.decide(id, without([out])).await.expect("approve");
    assert_eq!(plant.role_of(out).await, None);
    let excluded = plant.store.exclusions(plant.source).await.expect("exclusions");
    let made = equipment(&approved).expect("equipment").id;
    assert_eq!(excluded, [Exclusion { point_id: out, equipment_id: made }]);

    plant.undo(id).await;
    assert_eq!(plant.store.exclusions(plant.source).await.expect("exclusions"), []);
}

#[tokio::test]
async fn of_two_answers_about_a_point_the_newer_counts_until_it_is_undone() {
    let plant = Plant::new().await;
    let (point, newcomer) = (plant.clusters[0].points[0].id, plant.clusters[1].points[0].id);
    let excluded = async || plant.store.exclusions(plant.source).await.expect("exclusions").len();
    let first = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    plant.decide(first, approve()).await.expect("approve");
    let second = plant.propose_one(plant.grown(&plant.pump, newcomer)).await;

    plant.decide(second, without([point])).await.expect("not that one after all");
    assert_eq!((plant.role_of(point).await, excluded().await), (None, 1));
    plant.undo(second).await;
    assert_eq!((plant.role_of(point).await.as_deref(), excluded().await), (Some("Suction"), 0));

    plant.undo(first).await;
    plant.decide(first, without([point])).await.expect("approve");
    let third = plant.propose_one(plant.grown(&plant.pump, newcomer)).await;
    plant.decide(third, approve()).await.expect("it is part of it");
    assert_eq!((plant.role_of(point).await.as_deref(), excluded().await), (Some("Suction"), 0));
    plant.undo(third).await;
    assert_eq!((plant.role_of(point).await, excluded().await), (None, 1));
}

#[tokio::test]
async fn a_point_is_not_excluded_and_given_a_role_at_once() {
    let plant = Plant::new().await;
    let (own, foreign) = (plant.clusters[0].points[0].id, plant.clusters[1].points[0].id);
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let both = ApproveRequest {
        role_assignments: Some(BTreeMap::from([(own, Some("Leak".to_owned()))])),
        excluded_points: [own].into(),
        ..ApproveRequest::default()
    };
    let refused = plant.decide(id, DecisionRequest::Approve(both)).await.expect_err("contradicts itself");
    assert!(refused.to_string().contains("decide for one of them"), "{refused}");
    let refused = plant.decide(id, without([foreign])).await.expect_err("of another cluster");
    assert!(refused.to_string().contains("not part of the suggestion"), "{refused}");
}

#[tokio::test]
async fn an_undo_brings_back_a_role_that_another_point_has_as_well() {
    let plant = Plant::new().await;
    let [first, second] = [0, 1].map(|i| plant.clusters[0].points[i].id);
    let assign = |roles: [(Uuid, Option<&str>); 2]| {
        let roles = roles.into_iter().map(|(point, role)| (point, role.map(str::to_owned))).collect();
        DecisionRequest::Approve(ApproveRequest {
            role_assignments: Some(roles),
            ..ApproveRequest::default()
        })
    };
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    plant.decide(id, assign([(first, Some("Header")), (second, Some("Header"))])).await.expect("approve");
    let grown = plant.grown(&plant.pump, plant.clusters[1].points[0].id);
    let extended = plant.propose_one(grown).await;
    plant.decide(extended, assign([(first, Some("Leak")), (second, None)])).await.expect("extend");
    assert_eq!(plant.role_of(first).await.as_deref(), Some("Leak"));
    plant.undo(extended).await;
    assert_eq!(plant.role_of(first).await.as_deref(), Some("Header"));
    assert_eq!(plant.role_of(second).await.as_deref(), Some("Header"));
}

fn with_machines(machines: &[(Uuid, &str)]) -> DecisionRequest {
    let equipment_names = machines.iter().map(|(point, name)| (*point, (*name).to_owned())).collect();
    DecisionRequest::Approve(ApproveRequest { equipment_names, ..ApproveRequest::default() })
}

impl Plant {
    /// Names of active equipment with how many points each has.
    async fn machines(&self) -> Vec<(String, i64)> {
        sqlx::query_as(
            "select e.name, count(b.id) from equipment e
             left join bindings b on b.equipment_id = e.id and b.retracted_at is null
             where e.status = 'active' group by e.name order by e.name",
        )
        .fetch_all(self.store.pool())
        .await
        .expect("machines")
    }
}

#[tokio::test]
async fn one_approval_makes_several_machines_and_an_undo_takes_all_back() {
    let plant = Plant::new().await;
    let [a, b, c] = [0, 1, 2].map(|i| plant.clusters[0].points[i].id);
    let out = plant.clusters[1].points[0].id;
    let mut question = plant.question(0, &plant.pump, 0.9);
    question.members.push(out);
    let id = plant.propose_one(question).await;
    let DecisionRequest::Approve(request) = with_machines(&[(a, "P-1"), (b, "P-1"), (c, "P-2")]) else {
        unreachable!()
    };
    let request = ApproveRequest { excluded_points: [out].into(), ..request };
    let approved = plant.decide(id, DecisionRequest::Approve(request)).await.expect("approve");
    assert_eq!(equipment(&approved).map(|e| e.name).as_deref(), Some("P-1"), "the one with most points");
    assert_eq!(plant.machines().await, [("P-1".to_owned(), 2), ("P-2".to_owned(), 1)]);
    assert_eq!(plant.store.exclusions(plant.source).await.expect("exclusions").len(), 2, "from both");
    let detail = plant.store.suggestion_detail(id).await.expect("detail");
    let MemberRows::Equipment(points) = detail.members else { panic!("no question about equipment") };
    let machine = |id| points.iter().find(|p| p.id == id).and_then(|p| p.equipment.as_deref());
    assert_eq!(
        [machine(a), machine(b), machine(c), machine(out)],
        [Some("P-1"), Some("P-1"), Some("P-2"), None]
    );

    plant.undo(id).await;
    assert_eq!(plant.machines().await, []);
    assert_eq!(plant.store.exclusions(plant.source).await.expect("exclusions"), []);
    assert_eq!(plant.role_of(a).await, None);
}

#[tokio::test]
async fn look_alikes_are_each_a_machine_of_their_own_unless_one_is_named() {
    let plant = Plant::new().await;
    sqlx::query("update clusters set kind = 'look_alikes'").execute(plant.store.pool()).await.expect("kind");
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)]).await;
    let open = plant.open().await;
    let renamed = plant.clusters[0].points[0].id;
    plant.decide(open[0].id, with_machines(&[(renamed, "Inlet")])).await.expect("approve");
    let own: Vec<String> = plant.machines().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(own.len(), 3, "{own:?}");
    assert!(own.contains(&"Inlet".to_owned()) && own.contains(&plant.clusters[0].points[1].name), "{own:?}");

    let one = ApproveRequest { equipment_name: Some("P-102".into()), ..ApproveRequest::default() };
    plant.decide(open[1].id, DecisionRequest::Approve(one)).await.expect("one machine after all");
    assert!(plant.machines().await.contains(&("P-102".to_owned(), 3)));
}

#[tokio::test]
async fn a_machine_is_named_only_for_own_points_that_have_a_role() {
    let plant = Plant::new().await;
    let (own, foreign) = (plant.clusters[0].points[0].id, plant.clusters[1].points[0].id);
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let refused = plant.decide(id, with_machines(&[(foreign, "P-9")])).await.expect_err("of another cluster");
    assert!(refused.to_string().contains("not part of the suggestion"), "{refused}");
    let DecisionRequest::Approve(request) = with_machines(&[(own, "P-9")]) else { unreachable!() };
    let no_role = ApproveRequest { role_assignments: Some(BTreeMap::from([(own, None)])), ..request };
    let refused = plant.decide(id, DecisionRequest::Approve(no_role)).await.expect_err("no role");
    assert!(refused.to_string().contains("give it a role"), "{refused}");
    assert_eq!(plant.machines().await, [], "nothing of it was kept");
}

#[tokio::test]
async fn a_label_that_only_lists_points_names_no_machine() {
    let plant = Plant::new().await;
    sqlx::query("update clusters set label = 'EY4632 and 8 more', unnamed = true")
        .execute(plant.store.pool())
        .await
        .expect("label");
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let asked = plant.open().await.remove(0);
    assert_eq!(asked.equipment_question().and_then(|q| q.cluster.equipment_name.clone()), None);
    let refused = plant.decide(asked.id, approve()).await.expect_err("must be refused");
    assert!(refused.to_string().contains("equipment_name"), "{refused}");
    let named = ApproveRequest { equipment_name: Some("VAV-418".into()), ..ApproveRequest::default() };
    let approved = plant.decide(asked.id, DecisionRequest::Approve(named)).await.expect("approve");
    assert_eq!(equipment(&approved).map(|equipment| equipment.name).as_deref(), Some("VAV-418"));
}
