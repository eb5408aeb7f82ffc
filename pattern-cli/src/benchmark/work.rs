//! What is measured.

use anyhow::Result;
use chrono::Duration;
use pattern_core::domain::Sample;
use pattern_episode::detection::episodes;
use pattern_equipment::{
    clustering::leiden::leiden_cpm,
    correlation::{CorrelationOptions, correlate},
    evaluation::Contingency,
    fingerprint::fingerprints,
};
use serde_json::json;

use super::{
    ClusterArgs, CorrelationArgs, EpisodeArgs, FingerprintArgs, changes::changes, graph::planted_graph,
    measure::measure, npy, report::Report, series, shape,
};

pub fn correlation(args: &CorrelationArgs) -> Result<Report> {
    let (points, samples) = shape(&args.common, &args.length)?;
    let grid = series::series(points, samples, args.common.seed);
    if let Some(dir) = &args.common.write_input {
        npy::write(dir, "series", samples, grid.values.iter().copied())?;
    }
    let usual = CorrelationOptions::default();
    let options = CorrelationOptions {
        threshold: args.threshold,
        min_overlap: usual.min_overlap.min(samples),
        ..usual
    };
    let measured = measure(args.common.repeat, || correlate(&grid, &options));
    let timed =
        "from the grid to the kept pairs: scaling, all products, exact r, the strongest of each point";
    let details = [
        ("samples", json!(samples)),
        ("threshold", json!(args.threshold)),
        ("dropped", json!(measured.answer.dropped)),
    ];
    Ok(Report::new("correlation", timed, &args.common, &measured, measured.answer.pairs.len(), &details))
}

pub fn fingerprint(args: &FingerprintArgs) -> Result<Report> {
    let (points, samples) = shape(&args.common, &args.length)?;
    let grid = series::series(points, samples, args.common.seed);
    if let Some(dir) = &args.common.write_input {
        npy::write(dir, "series", samples, grid.values.iter().copied())?;
    }
    let history = series::samples(&grid);
    let windows: Vec<(&[Sample], &[f32])> =
        history.iter().enumerate().map(|(row, samples)| (&samples[..], grid.row(row))).collect();
    let measured = measure(args.common.repeat, || fingerprints(&windows, grid.bucket_seconds));
    let timed = "from samples and grid rows to complete fingerprints";
    let kept = measured.answer.iter().flatten().count();
    Ok(Report::new("fingerprint", timed, &args.common, &measured, kept, &[("samples", json!(samples))]))
}

pub fn cluster(args: &ClusterArgs) -> Result<Report> {
    let nodes = args.common.points as usize;
    let graph = planted_graph(nodes, args.samples, args.threshold, args.common.seed);
    if let Some(dir) = &args.common.write_input {
        let ends = graph.edges.iter().flat_map(|(a, b, _)| [*a, *b]).collect::<Vec<_>>();
        npy::write(dir, "edges", 2, ends.into_iter())?;
        npy::write(dir, "weights", 1, graph.edges.iter().map(|edge| edge.2))?;
        npy::write(dir, "groups", 1, graph.groups.iter().map(|group| *group as u32))?;
    }
    let measured =
        measure(args.common.repeat, || leiden_cpm(nodes, &graph.edges, args.resolution, args.common.seed));
    let found: Vec<usize> = measured.answer.iter().map(|community| *community as usize).collect();
    let timed = "from the list of edges to the community of each node";
    let details = [
        ("samples", json!(args.samples)),
        ("threshold", json!(args.threshold)),
        ("edges", json!(graph.edges.len())),
        ("resolution", json!(args.resolution)),
        ("ari", json!(Contingency::new(&graph.groups, &found).scores().ari)),
    ];
    let communities = found.iter().max().map_or(0, |last| last + 1);
    Ok(Report::new("cluster", timed, &args.common, &measured, communities, &details))
}

pub fn episode(args: &EpisodeArgs) -> Result<Report> {
    let (points, count) = (args.common.points as usize, args.changes as usize);
    let stream = changes(points, count, args.shape, args.common.seed);
    if let Some(dir) = &args.common.write_input {
        let numbers: Vec<i64> =
            stream.iter().flat_map(|(at, point)| [at.timestamp(), *point as i64]).collect();
        npy::write(dir, "changes", 2, numbers.into_iter())?;
    }
    let measured = measure(args.common.repeat, || episodes(&stream, 10, Duration::minutes(15)));
    let timed = "from changes in no order to episodes with their members";
    let members: usize = measured.answer.iter().map(|episode| episode.members.len()).sum();
    let details = [("changes", json!(count)), ("members", json!(members))];
    Ok(Report::new("episode", timed, &args.common, &measured, measured.answer.len(), &details))
}
