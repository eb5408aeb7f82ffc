//! Decisions beside other work, and many at once.

use super::*;

#[tokio::test]
async fn a_question_that_is_reopened_while_matching_asks_is_open_once() {
    let plant = Arc::new(Plant::new().await);
    let questions = [plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)];
    plant.propose(&questions).await;
    let open = plant.open().await;
    let about =
        |cluster: usize| open.iter().find(|s| s.subject.id == plant.clusters[cluster].id).expect("open").id;
    let (reopened, held) = (about(0), about(1));
    plant.decide(reopened, reject()).await.expect("reject");

    // Matching has read which questions are open as soon as it waits for this row.
    let mut holder = plant.store.pool().begin().await.expect("begin");
    let lock = sqlx::query("select id from suggestions where id = $1 for update");
    lock.bind(held).execute(&mut *holder).await.expect("lock");
    let matching = tokio::spawn({
        let plant = plant.clone();
        async move { plant.propose(&questions).await }
    });
    plant.until_waiting(1).await;
    let undoing = tokio::spawn({
        let plant = plant.clone();
        async move { plant.undo(reopened).await }
    });
    until("the undo is through, or waits", || async { undoing.is_finished() || plant.waiting().await == 2 })
        .await;
    holder.rollback().await.expect("rollback");

    matching.await.expect("matching does not fail");
    assert_eq!(undoing.await.expect("the undo does not fail").status, SuggestionStatus::Pending);
    let mut asked: Vec<Uuid> = plant.open().await.into_iter().map(|s| s.subject.id).collect();
    asked.sort_unstable();
    let mut clusters: Vec<Uuid> = plant.clusters.iter().map(|c| c.id).collect();
    clusters.sort_unstable();
    assert_eq!(asked, clusters);
}

#[tokio::test]
async fn many_decisions_set_off_one_run_of_learning_which_starts_at_once() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)]).await;
    let decide = |id, request| NewDecision { id, request, idempotency: None };
    let mut decisions: Vec<_> = plant.open().await.iter().map(|s| decide(s.id, reject())).collect();
    decisions.insert(1, decide(Uuid::new_v4(), reject()));
    let results = plant.store.decide_all(&decisions, "anna", Utc::now()).await;

    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(results[1], Err(DecideError::Store(StoreError::NotFound(_)))), "{:?}", results[1]);
    assert_eq!(plant.count("select count(*) from job_runs where job = 'pattern-learning'").await, 1);
    let due = "select count(*) from apalis.jobs where job_type = 'pattern-learning' and run_at <= now()";
    assert_eq!(plant.count(due).await, 1);
}

#[tokio::test]
async fn an_approval_that_brings_a_pattern_back_locks_its_equipment_first() {
    let plant = Arc::new(Plant::new().await);
    let id = plant.propose_one(plant.draft(0)).await;
    plant.decide(id, approve()).await.expect("approve");
    plant.undo(id).await;

    let mut holder = plant.store.pool().begin().await.expect("begin");
    sqlx::query("select id from equipment for update").execute(&mut *holder).await.expect("lock");
    let approving = tokio::spawn({
        let plant = plant.clone();
        async move { plant.decide(id, approve()).await }
    });
    plant.until_waiting(1).await;
    // Whoever holds the equipment may take the pattern next, as an undo does.
    sqlx::query("select id from patterns where name = 'Skid' for update nowait")
        .execute(&mut *holder)
        .await
        .expect("the pattern is nobody's yet");
    holder.rollback().await.expect("rollback");
    approving.await.expect("no panic").expect("approve");
}
