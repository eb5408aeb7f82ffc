"""Writes analytics_reference.json: what numpy, scipy and leidenalg say to the inputs that the tests use.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy scipy igraph leidenalg
    /tmp/venv/bin/python make_analytics_reference.py
"""

import json
import pathlib

import igraph
import leidenalg
import numpy as np
import scipy.ndimage
import scipy.signal
import scipy.stats

rng = np.random.default_rng(20260302)


def numbers(values):
    """JSON has no NaN: gaps become null."""
    return [None if not np.isfinite(v) else float(v) for v in np.ravel(values)]


def grid_rows():
    """14 rows of 240 buckets, f32: shared signals, gaps, ties, a constant, a step; the last is mostly gap."""
    length = 240
    t = np.arange(length)
    shared = np.cumsum(rng.normal(size=(3, length)), axis=1)
    rows = []
    for i in range(8):
        rows.append(50 + 3 * shared[i % 3] * (-1) ** i + rng.normal(size=length) * (0.5 + i))
    rows.append(1e5 + np.sin(2 * np.pi * t / 96) * 4 + rng.normal(size=length))
    rows.append(np.round(shared[0]))
    rows.append(np.full(length, 21.5))
    rows.append(np.where(t < 120, 0.0, 1.0) + 0.0)
    rows.append(shared[1] + rng.normal(size=length))
    rows.append(shared[1] + rng.normal(size=length))
    rows = np.array(rows, dtype=np.float32)
    rows[3, 10:40] = np.nan
    rows[5, ::7] = np.nan
    rows[12, 200:] = np.nan
    rows[13, 90:] = np.nan
    return rows


def pairwise(rows, min_overlap):
    pairs = []
    for a in range(len(rows)):
        for b in range(a + 1, len(rows)):
            both = np.isfinite(rows[a]) & np.isfinite(rows[b])
            x, y = rows[a][both].astype(float), rows[b][both].astype(float)
            if both.sum() < min_overlap or np.ptp(x) == 0 or np.ptp(y) == 0:
                continue
            pairs.append([a, b, float(np.corrcoef(x, y)[0, 1]), int(both.sum())])
    return pairs


def spearman(rows):
    complete = [i for i in range(len(rows)) if np.isfinite(rows[i]).all() and np.ptp(rows[i]) > 0]
    return [
        [a, b, float(scipy.stats.spearmanr(rows[a], rows[b]).statistic)]
        for k, a in enumerate(complete)
        for b in complete[k + 1 :]
    ]


def fingerprint():
    """Two days of one-minute samples with a twelve-hour period, and their 15-minute means."""
    minutes = 2 * 24 * 60
    values = np.round(
        80 + 6 * np.sin(2 * np.pi * np.arange(minutes) / 720) + rng.normal(size=minutes), 3
    )
    row = values.reshape(-1, 15).mean(axis=1).astype(np.float32).astype(float)
    centred = row - row.mean()
    frequency, power = scipy.signal.periodogram(row, fs=4.0)
    return {
        "values": numbers(values),
        "mean": values.mean(),
        "std_dev": values.std(ddof=1),
        "min": values.min(),
        "max": values.max(),
        "quantiles": numbers(np.quantile(values, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])),
        "distinct_values": len(np.unique(values)),
        "noise": float(np.sqrt(np.mean(np.diff(values) ** 2) / 2)),
        "autocorrelation": float((centred[1:] * centred[:-1]).sum() / (centred**2).sum()),
        "period_hours": float(1 / frequency[1 + power[1:].argmax()]),
    }


def planted_graph():
    """40 groups of 3 to 12 nodes; two thirds of the pairs inside, as many edges between groups as nodes."""
    sizes = rng.integers(3, 13, size=40)
    group = np.repeat(np.arange(len(sizes)), sizes)
    nodes = len(group)
    edges = {}
    for a in range(nodes):
        for b in range(a + 1, nodes):
            if group[a] == group[b] and rng.random() < 0.66:
                edges[(a, b)] = round(float(rng.uniform(0.5, 1.0)), 3)
    for _ in range(nodes):
        a, b = sorted(int(i) for i in rng.integers(0, nodes, size=2))
        if a != b:
            edges.setdefault((a, b), round(float(rng.uniform(0.2, 0.9)), 3))
    resolution = 0.2
    graph = igraph.Graph(n=nodes, edges=list(edges))
    best = max(
        leidenalg.find_partition(
            graph,
            leidenalg.CPMVertexPartition,
            weights=[float(np.float32(w)) for w in edges.values()],
            resolution_parameter=resolution,
            n_iterations=-1,
            seed=seed,
        ).quality()
        / 2  # leidenalg counts both directions
        for seed in range(20)
    )
    return {
        "nodes": nodes,
        "planted": [int(g) for g in group],
        "resolution": resolution,
        "edges": [[a, b, w] for (a, b), w in edges.items()],
        "best_quality_of_leidenalg": best,
    }


rows = grid_rows()
high_passed = rows[0].astype(float) - scipy.ndimage.uniform_filter1d(rows[0].astype(float), 13)
reference = {
    "grid": {"length": rows.shape[1], "rows": [numbers(row) for row in rows]},
    "min_overlap": 96,
    "pearson": pairwise(rows, 96),
    "spearman": spearman(rows),
    # Only where the whole window lies within the row; the ends are our own convention.
    "high_pass_of_row_0": {"from": 6, "values": numbers(high_passed[6:-6])},
    "fingerprint": fingerprint(),
    "graph": planted_graph(),
}
path = pathlib.Path(__file__).with_name("analytics_reference.json")
path.write_text(json.dumps(reference) + "\n")
print(path, path.stat().st_size, "bytes")
