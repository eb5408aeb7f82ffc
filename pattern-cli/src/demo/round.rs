use anyhow::{Context, Result, bail, ensure};
use chrono::Utc;
use pattern_core::domain::{CloudEvent, DecisionAction, EventType, JobName, JobRun, Suggestion};
use pattern_embedded::poll;
use pattern_import::Options;
use pattern_store::Store;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{steps::Steps, witness::Witness};
use crate::{api_client::ApiClient, import::Import, sample_plant, stack_file::StackFile};

pub const STEPS: usize = 5;
pub const STEPS_ONCE: usize = 8;

const DATA_SOURCE: &str = "sample-plant";
const REVIEWER: &str = "demo";
const FLYWHEEL_WITHIN: Duration = Duration::from_secs(300);
const EVENTS_WITHIN: Duration = Duration::from_secs(60);

/// Everything between the start and the end. Fails at the first step that does not really happen.
pub async fn run(stack: &StackFile, scratch: &Path, once: bool, steps: &mut Steps) -> Result<()> {
    let api = ApiClient::new(&stack.api)?;
    let kafka = Witness::of_kafka(&stack.kafka).await?;
    let socket = Witness::of_socket(&stack.api).await?;

    import(stack, scratch, once, steps).await?;
    // An earlier round on the same data left these; they were announced then.
    let old: HashSet<Uuid> = api.pending(DATA_SOURCE).await?.items.iter().map(|s| s.id).collect();
    turn_the_flywheel(&api, steps).await?;
    let pending = look_at_suggestions(&api, steps).await?;
    ensure!(!once || !pending.is_empty(), "no suggestion is pending");
    let new: Vec<Uuid> = pending.iter().map(|s| s.id).filter(|id| !old.contains(id)).collect();
    events_arrive(&new, &kafka, &socket, steps).await?;
    if !once {
        return Ok(());
    }
    let approved = approve_one(&api, &pending, steps).await?;
    learn(&api, &approved, &pending, &kafka, steps).await?;
    decision_was_seen(&approved, &kafka, &socket, steps).await
}

async fn import(stack: &StackFile, scratch: &Path, once: bool, steps: &mut Steps) -> Result<()> {
    steps.begin("importing a sample plant: eight simulated days");
    let store = Store::connect_lazy(&stack.postgres, 4)?;
    if !once && store.data_source(DATA_SOURCE).await?.is_some() {
        steps.say("it is here already, from an earlier demo");
        steps.done();
        return Ok(());
    }
    let dir = scratch.join("plant");
    let made = dir.clone();
    let now = Utc::now();
    tokio::task::spawn_blocking(move || sample_plant::generate(&made, now, sample_plant::DEFAULT_SEED))
        .await??;
    let (rejects, stop) = (scratch.join("rejects.csv"), CancellationToken::new());
    let import = Import {
        path: dir,
        data_source: DATA_SOURCE.into(),
        rejects,
        options: Options::default(),
        now,
        stop,
    };
    let summary = import.run(&store).await?;
    store.close().await;
    steps.fact(format!("points: {}", summary.points));
    steps.fact(format!("samples: {}", summary.samples));
    steps.done();
    Ok(())
}

async fn turn_the_flywheel(api: &ApiClient, steps: &mut Steps) -> Result<()> {
    let stages = JobName::FLYWHEEL.map(JobName::as_str).join(" → ");
    steps.begin(&format!("running the flywheel: {stages}"));
    let id = api.run_flywheel(DATA_SOURCE).await?;
    let mut told = HashSet::new();
    let tell = |run: &JobRun| {
        for (stage, result) in run.result.iter().filter_map(Value::as_object).flatten() {
            if told.insert(stage.clone()) {
                steps.say(&format!("{stage}: {}", result.get(DATA_SOURCE).unwrap_or(result)));
            }
        }
    };
    api.wait_for_run(id, FLYWHEEL_WITHIN, tell).await?;
    steps.done();
    Ok(())
}

async fn look_at_suggestions(api: &ApiClient, steps: &mut Steps) -> Result<Vec<Suggestion>> {
    steps.begin("looking at the suggestions");
    let page = api.pending(DATA_SOURCE).await?;
    steps.fact(format!("{} suggestions are pending", page.total));
    let mut by_pattern: BTreeMap<&str, Vec<&Suggestion>> = BTreeMap::new();
    for suggestion in &page.items {
        by_pattern.entry(&suggestion.pattern.name).or_default().push(suggestion);
    }
    for (pattern, suggestions) in by_pattern {
        let shown: Vec<String> = suggestions
            .iter()
            .map(|s| format!("{} {:.0} %", s.subject.label, (100.0 * s.confidence).min(99.0)))
            .collect();
        steps.say(&format!("{pattern}: {}", shown.join(", ")));
    }
    steps.done();
    Ok(page.items)
}

async fn events_arrive(new: &[Uuid], kafka: &Witness, socket: &Witness, steps: &mut Steps) -> Result<()> {
    steps.begin("reading the events with a Kafka consumer and with a WebSocket client");
    for (witness, name) in [(kafka, "the Kafka consumer"), (socket, "the WebSocket client")] {
        let missing = || {
            let seen: HashSet<Uuid> = witness.seen().iter().map(|event| event.subject).collect();
            new.iter().filter(|id| !seen.contains(id)).count()
        };
        let complete = poll(EVENTS_WITHIN, || {
            let complete = missing() == 0;
            async move { complete.then_some(()) }
        });
        if complete.await.is_none() {
            bail!("{name} saw nothing of {} suggestions", missing());
        }
        steps.fact(format!(
            "{name} saw {} events, all {} new suggestions among them",
            witness.count(),
            new.len()
        ));
    }
    steps.done();
    Ok(())
}

/// The surest one that has similar ones to learn for.
fn choose(pending: &[Suggestion]) -> Option<&Suggestion> {
    let similar = |s: &Suggestion| pending.iter().filter(|o| o.pattern.id == s.pattern.id).count() - 1;
    let known = pending.iter().filter(|s| s.pattern.id.is_some());
    known.max_by(|a, b| {
        let order = (similar(a) > 0).cmp(&(similar(b) > 0));
        order.then(a.confidence.total_cmp(&b.confidence))
    })
}

struct Approved {
    suggestion: Suggestion,
    pattern: Uuid,
    confidence_before: f64,
}

async fn approve_one(api: &ApiClient, pending: &[Suggestion], steps: &mut Steps) -> Result<Approved> {
    steps.begin("approving one suggestion");
    let chosen = choose(pending).context("no suggestion names a pattern of the library")?;
    let pattern = chosen.pattern.id.context("the suggestion names no pattern")?;
    let confidence_before = api.pattern(pattern).await?.confidence;
    steps.say(&format!("{} is a {}: {}", chosen.subject.label, chosen.pattern.name, chosen.reason));
    let as_shown = json!({ "version": chosen.version });
    let suggestion = api.decide(chosen.id, DecisionAction::Approve, &as_shown, REVIEWER).await?;
    steps.fact(format!("{REVIEWER} approved: {} is a {}", chosen.subject.label, chosen.pattern.name));
    steps.done();
    Ok(Approved { suggestion, pattern, confidence_before })
}

async fn learn(
    api: &ApiClient,
    approved: &Approved,
    pending: &[Suggestion],
    kafka: &Witness,
    steps: &mut Steps,
) -> Result<()> {
    steps.begin("learning from it");
    let name = &approved.suggestion.pattern.name;
    let raised = poll(EVENTS_WITHIN, || async {
        let now = api.pattern(approved.pattern).await.ok()?.confidence;
        (now > approved.confidence_before).then_some(now)
    });
    let now = raised.await.with_context(|| format!("the confidence of {name} was not raised"))?;
    steps.fact(format!("confidence of {name}: {:.3} → {now:.3}", approved.confidence_before));
    let is_update = |event: &CloudEvent| {
        event.r#type == EventType::PatternUpdated
            && event.subject == approved.pattern
            && event.data["cause"].is_string()
    };
    let update = kafka.sees(EVENTS_WITHIN, is_update).await.context("no PatternUpdated tells about it")?;
    steps.say(&format!("PatternUpdated: {}", update.data["cause"].as_str().unwrap_or_default()));

    let similar: Vec<&Suggestion> = pending
        .iter()
        .filter(|s| s.pattern.id == Some(approved.pattern) && s.id != approved.suggestion.id)
        .collect();
    if similar.is_empty() {
        steps.say("there is no similar suggestion to match better");
    } else {
        let better = poll(EVENTS_WITHIN, || async {
            for before in &similar {
                let after = api.suggestion(before.id).await.ok()?.suggestion;
                if after.scores.part("name") > before.scores.part("name") {
                    return Some(((*before).clone(), after));
                }
            }
            None
        });
        let (before, after) = better
            .await
            .with_context(|| format!("no suggestion similar to {name} matches better by its names"))?;
        let percent = |score: Option<f64>| format!("{:.0} %", 100.0 * score.unwrap_or_default());
        steps.fact(format!(
            "similar {}: name score {} → {}, confidence {} → {}",
            after.subject.label,
            percent(before.scores.part("name")),
            percent(after.scores.part("name")),
            percent(Some(before.confidence)),
            percent(Some(after.confidence)),
        ));
    }
    steps.done();
    Ok(())
}

async fn decision_was_seen(
    approved: &Approved,
    kafka: &Witness,
    socket: &Witness,
    steps: &mut Steps,
) -> Result<()> {
    steps.begin("finding the decision in Kafka and in the WebSocket");
    let is_decision = |event: &CloudEvent| {
        event.r#type == EventType::SuggestionApproved && event.subject == approved.suggestion.id
    };
    let in_kafka = kafka
        .sees(EVENTS_WITHIN, is_decision)
        .await
        .context("the Kafka consumer saw no SuggestionApproved")?;
    let in_socket = socket
        .sees(EVENTS_WITHIN, is_decision)
        .await
        .context("the WebSocket client saw no SuggestionApproved")?;
    ensure!(in_kafka == in_socket, "Kafka and the WebSocket tell different things about the decision");
    steps.fact(format!("both saw {}", crate::events::describe_event(&in_kafka)));

    let positions: Vec<u64> =
        socket.seen().iter().filter_map(|event| event.sequence.as_ref()?.parse().ok()).collect();
    ensure!(
        positions.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "the WebSocket's events have holes: {positions:?}"
    );
    steps.fact(format!(
        "the WebSocket brought positions {}–{} in order, each once",
        positions[0],
        positions[positions.len() - 1]
    ));
    steps.done();
    Ok(())
}
