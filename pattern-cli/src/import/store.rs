//! Stores what was read. A database that goes away meanwhile is waited for.

use anyhow::{Context, Result};
use chrono::DateTime;
use pattern_import::{Class, Content, ReadPoint, ReadSample, Resolved};
use pattern_store::{
    NewPoint, PointLabels, RegisteredPoints, Store, StoreError,
    samples::{InsertedSamples, KeyedSample},
};
use std::collections::HashMap;
use tokio_util::sync::CancellationToken;

use super::{
    patience::Patience,
    progress::{Progress, grouped},
    sorter::{SampleSorter, SortedSamples},
    summary::{ImportSummary, Qualities},
};

const SAMPLES_PER_BATCH: usize = 250_000;

pub struct Storing<'a> {
    pub store: &'a Store,
    pub data_source: &'a str,
    pub stop: CancellationToken,
}

/// What is stored of a sample.
pub struct Kept {
    pub point: u32,
    pub at_micros: i64,
    pub value: f64,
    pub quality: i16,
}

/// The samples in order, each with what it means; those that mean nothing are left out.
pub struct Understood<'a> {
    sorted: SortedSamples,
    resolved: &'a Resolved,
    /// How many were looked at.
    pub seen: u64,
    pub qualities: Qualities,
    /// Which points have a good sample.
    pub good: Vec<bool>,
}

impl<'a> Understood<'a> {
    pub fn new(sorter: SampleSorter, content: &Content, resolved: &'a Resolved) -> Result<Self> {
        Ok(Self {
            sorted: sorter.into_sorted()?,
            resolved,
            seen: 0,
            qualities: Qualities::default(),
            good: vec![false; content.points.len()],
        })
    }

    /// Empty at the end.
    pub fn next_batch(&mut self) -> Result<Vec<Kept>> {
        loop {
            let batch = self.sorted.next_batch(SAMPLES_PER_BATCH)?;
            self.seen += batch.len() as u64;
            let kept: Vec<Kept> = batch.iter().filter_map(|sample| self.keep(sample)).collect();
            if batch.is_empty() || !kept.is_empty() {
                return Ok(kept);
            }
        }
    }

    fn keep(&mut self, sample: &ReadSample) -> Option<Kept> {
        let (value, quality) = self.resolved.sample(sample)?;
        self.qualities.count(quality.class);
        if quality.class == Class::Good {
            self.good[sample.point as usize] = true;
        }
        let ReadSample { point, at_micros, .. } = *sample;
        Some(Kept { point, at_micros, value, quality: quality.code })
    }
}

impl Understood<'_> {
    /// Says in the summary what is known once all samples were looked at.
    pub fn sum_up(&self, content: &Content, summary: &mut ImportSummary) {
        summary.qualities = self.qualities;
        summary.repeated_samples = content.samples.saturating_sub(self.seen);
        summary.converted.clone_from(&content.converted);
        summary.doubled_hours = content.doubled_hours;
        summary.skipped_hours = content.skipped_hours;
        let lists_any = content.points.iter().any(|point| point.listed.is_some());
        let unlisted = content.points.iter().filter(|point| lists_any && point.listed.is_none());
        summary.unlisted_points = unlisted.count() as u64;
        let points = content.points.iter().zip(&self.good);
        summary.points_without_good = points
            .filter(|(point, good)| point.samples > 0 && !**good)
            .map(|(p, _)| p.name.clone())
            .collect();
        summary.gaps = content.gaps.iter().map(|(text, count)| (text.clone(), *count)).collect();
        summary.gaps.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    }
}

impl Storing<'_> {
    /// Registers the points that have something to store; answers their keys, by place.
    pub async fn points(
        &self,
        content: &Content,
        resolved: &Resolved,
        summary: &mut ImportSummary,
    ) -> Result<Vec<Option<i32>>> {
        let used: Vec<NewPoint> = (0..content.points.len())
            .filter(|place| content.is_used(*place, resolved))
            .map(|place| new_point(&content.points[place], &resolved.meanings[place].states))
            .collect();
        let registered = self.register(&used).await?;
        summary.points.new = registered.new;
        summary.points.changed = registered.changed;
        summary.points.unchanged = registered.unchanged;
        Ok(content.points.iter().map(|point| registered.keys.get(&point.name).copied()).collect())
    }

    pub async fn samples(
        &self,
        understood: &mut Understood<'_>,
        keys: &[Option<i32>],
        rows: u64,
        summary: &mut ImportSummary,
    ) -> Result<()> {
        let mut progress = Progress::new("storing", rows);
        let mut done = 0;
        loop {
            let kept = understood.next_batch()?;
            if kept.is_empty() {
                break;
            }
            let batch: Vec<KeyedSample> = kept.iter().filter_map(|sample| keyed(sample, keys)).collect();
            let inserted =
                self.insert(&batch).await.with_context(|| format!("{} samples are stored", grouped(done)))?;
            done += batch.len() as u64;
            summary.samples.new += inserted.new;
            summary.samples.changed += inserted.changed;
            summary.samples.unchanged += inserted.unchanged;
            progress.at(done, done);
        }
        progress.finish("stored", done);
        Ok(())
    }

    pub async fn states(&self) -> Result<HashMap<String, Vec<String>>> {
        let read = async || self.store.point_states(self.data_source).await;
        Patience { stop: self.stop.clone() }.persist("reading what is known of the points", read).await
    }

    async fn register(&self, points: &[NewPoint]) -> Result<RegisteredPoints> {
        let register = async || self.store.register_points(self.data_source, points).await;
        Patience { stop: self.stop.clone() }.persist("registering points", register).await
    }

    /// Where nobody can tell whether a batch was stored before the connection broke, the next attempt looks what of
    /// it is missing still. What the first one found out is what the batch changes.
    async fn insert(&self, batch: &[KeyedSample]) -> Result<InsertedSamples> {
        let mut first_look = None;
        let insert = async || -> Result<InsertedSamples, StoreError> {
            let (inserted, missing) = self.store.new_samples(batch).await?;
            let inserted = *first_look.get_or_insert(inserted);
            self.store.append_samples(&missing).await?;
            Ok(inserted)
        };
        Patience { stop: self.stop.clone() }.persist("storing samples", insert).await
    }
}

fn keyed(sample: &Kept, keys: &[Option<i32>]) -> Option<KeyedSample> {
    Some(KeyedSample {
        key: keys[sample.point as usize]?,
        at: DateTime::from_timestamp_micros(sample.at_micros)?,
        value: sample.value,
        quality: sample.quality,
    })
}

pub fn new_point(point: &ReadPoint, states: &[String]) -> NewPoint {
    NewPoint {
        name: point.name.clone(),
        unit: point.unit.clone(),
        description: point.description.clone(),
        device: point.device.clone(),
        path: point.path.clone(),
        group: point.group.clone(),
        states: states.to_vec(),
        labels: labels(point),
    }
}

pub fn labels(point: &ReadPoint) -> PointLabels {
    let label = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    PointLabels {
        equipment: label(&point.equipment),
        equipment_type: label(&point.equipment_type),
        role: label(&point.role),
    }
}
