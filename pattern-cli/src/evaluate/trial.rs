//! The real system with a database of its own, and what it holds to be true at a moment.

use anyhow::{Context, Result};
use chrono::Utc;
use pattern_core::domain::{DecisionAction, JobRun, OpinionSource, RunStatus, Suggestion, SuggestionDetail};
use pattern_core::library::EquipmentPattern;
use pattern_equipment::matching::{PointFeatures, Proposal};
use pattern_import::Options;
use pattern_store::{LibraryPattern, Store, jobs::RunFilter, off_thread};
use pattern_worker::{
    knowledge::{Knowledge, SiteRecords},
    readings::KeptReadings,
};
use rayon::prelude::*;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    api_client::ApiClient,
    import::Import,
    stack::{BrokerKind, DataDirOption, ServerOptions, Stack, StackOptions},
};

/// From this confidence on a proposal is a suggestion.
pub const SURE: f64 = 0.75;
const REVIEWER: &str = "simulated reviewer";
const LOOK_EVERY: Duration = Duration::from_millis(5);
const ANALYSIS_WITHIN: Duration = Duration::from_secs(3600);

/// A stack that was started for one evaluation.
pub struct Trial {
    stack: Stack,
    store: Store,
    api: ApiClient,
    /// The data source that is looked at.
    source: &'static str,
}

/// How long an answer took.
pub struct Took {
    /// Until the API said that it is kept.
    pub sent: Duration,
    /// Until everything that it changes was asked anew.
    pub learned: Duration,
    /// Seconds that each job of it ran.
    pub stages: BTreeMap<String, f64>,
}

/// How the engine sees the plant at a moment.
pub struct Standing {
    /// Of kind `equipment`; best proposal first in each.
    pub clusters: Vec<StandingCluster>,
    /// Points that are called alike, each standing alone.
    pub look_alikes: Vec<StandingCluster>,
    /// The role that each point has by the opinion that is kept about it, where there is one.
    pub roles: HashMap<String, String>,
    /// Points whose role a person confirmed.
    pub confirmed: HashSet<String>,
}

impl Standing {
    /// Index of the cluster that a point is in.
    pub fn cluster_of(&self) -> HashMap<&str, usize> {
        let clusters = self.clusters.iter().enumerate();
        clusters.flat_map(|(i, cluster)| cluster.points.iter().map(move |name| (name.as_str(), i))).collect()
    }
}

pub struct StandingCluster {
    pub points: Vec<String>,
    /// Patterns that fit at all, with the confidence that it is them.
    pub proposals: Vec<(String, f64)>,
}

impl StandingCluster {
    fn new(points: &[PointFeatures], proposals: &[(&LibraryPattern<EquipmentPattern>, Proposal)]) -> Self {
        Self {
            points: points.iter().map(|point| point.name.clone()).collect(),
            proposals: proposals.iter().map(|(of, p)| (of.spec.name.clone(), p.confidence)).collect(),
        }
    }
}

impl Trial {
    /// Starts with what it needs in `scratch`, and turns to `source`.
    pub async fn start(scratch: &Path, source: &'static str, shutdown: &CancellationToken) -> Result<Self> {
        let options = StackOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: DataDirOption { path: scratch.join("data") },
            servers: ServerOptions { kafka: None, broker: Some(BrokerKind::Memory), postgres: None },
        };
        let stack = Stack::start(&options, shutdown).await?;
        let store = Store::connect_lazy(&stack.file.postgres, 4)?;
        let api = ApiClient::new(&stack.file.api)?;
        Ok(Self { stack, store, api, source })
    }

    pub async fn stop(self) {
        self.store.close().await;
        self.stack.stop().await;
    }

    /// Looks at another data source from now on; what was confirmed of others stays so.
    pub fn turn_to(&mut self, source: &'static str) {
        self.source = source;
    }

    /// Seconds that the import took, and the analysis.
    pub async fn import_and_analyse(&self, folder: &Path) -> Result<(f64, f64)> {
        let started = Instant::now();
        let import = Import {
            path: folder.to_owned(),
            data_source: self.source.into(),
            rejects: folder.join("rejects.csv"),
            options: Options::default(),
            now: Utc::now(),
            stop: CancellationToken::new(),
        };
        import.run(&self.store).await?;
        let imported = Instant::now();
        let run = self.api.run_flywheel(self.source).await?;
        self.api.wait_for_run(run, ANALYSIS_WITHIN, |_| ()).await?;
        Ok(((imported - started).as_secs_f64(), imported.elapsed().as_secs_f64()))
    }

    pub async fn library(&self) -> Result<HashMap<String, Uuid>> {
        Ok(self
            .store
            .library::<EquipmentPattern>()
            .await?
            .into_iter()
            .map(|pattern| (pattern.spec.name, pattern.id))
            .collect())
    }

    /// The question that the engine would have answered first.
    pub async fn next_question(&self) -> Result<Option<SuggestionDetail>> {
        match self.api.pending(self.source).await?.items.first() {
            Some(first) => Ok(Some(self.api.suggestion(first.id).await?)),
            None => Ok(None),
        }
    }

    /// How much is asked.
    pub async fn pending_count(&self) -> Result<usize> {
        Ok(usize::try_from(self.api.pending(self.source).await?.total)?)
    }

    /// Answers, and waits until the engine has learned from it.
    pub async fn decide(&self, asked: &Suggestion, action: DecisionAction, body: &Value) -> Result<Took> {
        let began = Instant::now();
        self.api.decide(asked.id, action, body, REVIEWER).await?;
        let sent = began.elapsed();
        let newest = RunFilter { job: Some("learning".into()), limit: 1, ..RunFilter::default() };
        let chain = self.store.job_runs(&newest).await?.pop().context("the decision set off no learning")?;
        let ended = async {
            let is_open = |status| matches!(status, RunStatus::Queued | RunStatus::Running);
            while is_open(self.store.job_run(chain.id).await?.status) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            self.api.wait_for_run(chain.id, ANALYSIS_WITHIN, |_| ()).await
        };
        tokio::time::timeout(ANALYSIS_WITHIN, ended).await.context("the engine did not learn in time")??;
        let learned = began.elapsed();
        let of_chain = RunFilter { chain_id: Some(chain.id), ..RunFilter::default() };
        let seconds = |run: JobRun| {
            let span = run.finished_at.zip(run.started_at).map(|(end, start)| end - start)?;
            Some((run.job, span.as_seconds_f64()))
        };
        let stages = self.store.job_runs(&of_chain).await?.into_iter().filter_map(seconds).collect();
        Ok(Took { sent, learned, stages })
    }

    pub async fn standing(&self) -> Result<Standing> {
        let source = self.store.data_source(self.source).await?.context("nothing was imported")?;
        let known = SiteRecords::read(&self.store, source.id).await?;
        let fingerprints = self.store.fingerprints(source.id).await?;
        let points = self.store.stored_points(source.id).await?;
        let ids: Vec<Uuid> = points.iter().map(|point| point.id).collect();
        let opinions = self.store.opinions_of(&ids).await?;
        let (mut roles, mut confirmed) = (HashMap::new(), HashSet::new());
        for point in points {
            let Some(opinion) = opinions.get(&point.id) else { continue };
            if opinion.source == OpinionSource::Confirmed {
                confirmed.insert(point.name.clone());
            }
            roles.insert(point.name, opinion.role.clone());
        }
        Ok(off_thread(move || {
            standing(&Knowledge::new(known, fingerprints, SURE, &KeptReadings::default()), roles, confirmed)
        })
        .await?)
    }
}

/// The clusters and what they are taken for are what suggestions are made of.
fn standing(known: &Knowledge, roles: HashMap<String, String>, confirmed: HashSet<String>) -> Standing {
    let proposals_of = |cluster| {
        let points = known.points_of(cluster);
        let mut proposals: Vec<_> =
            known.proposals(cluster, &points).filter(|(_, p)| !p.roles.is_empty()).collect();
        proposals.sort_by(|(_, a), (_, b)| b.confidence.total_cmp(&a.confidence));
        StandingCluster::new(&points, &proposals)
    };
    let clusters = known.clusters.par_iter().map(proposals_of).collect();
    let look_alikes = known.look_alikes.par_iter().map(proposals_of).collect();
    Standing { clusters, look_alikes, roles, confirmed }
}
