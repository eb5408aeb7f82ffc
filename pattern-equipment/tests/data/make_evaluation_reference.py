"""Writes evaluation_reference.json: what scikit-learn says about groupings and probabilities.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy scikit-learn
    /tmp/venv/bin/python make_evaluation_reference.py
"""

import json
import pathlib

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(20261121)


def grouping(truth, found):
    truth, found = np.asarray(truth), np.asarray(found)
    (_, false_pairs), (missed, true_pairs) = metrics.cluster.pair_confusion_matrix(truth, found)
    return {
        "truth": truth.tolist(),
        "found": found.tolist(),
        "ari": metrics.adjusted_rand_score(truth, found),
        "nmi": metrics.normalized_mutual_info_score(truth, found),
        "pair_precision": true_pairs / (true_pairs + false_pairs) if true_pairs + false_pairs else 1.0,
        "pair_recall": true_pairs / (true_pairs + missed) if true_pairs + missed else 1.0,
    }


def groupings():
    truth = rng.integers(0, 12, 200)
    noisy = np.where(rng.random(200) < 0.3, rng.integers(0, 15, 200), truth)
    split = truth * 2 + (np.arange(200) % 2)
    alone = np.where(rng.random(200) < 0.2, 1000 + np.arange(200), truth)
    return [
        grouping(truth, truth),
        grouping(truth, noisy),
        grouping(truth, split),
        grouping(truth, alone),
        grouping(truth, rng.permutation(truth)),
        grouping(truth, np.zeros(200, dtype=int)),
        grouping(np.arange(20), np.arange(20)),
    ]


def calibrations():
    cases = []
    for shift in (0.0, 0.2):
        said = rng.random(300)
        right = rng.random(300) < np.clip(said - shift, 0, 1)
        bins = np.minimum((said * 10).astype(int), 9)
        ece = sum(
            np.mean(bins == b) * abs(said[bins == b].mean() - right[bins == b].mean())
            for b in range(10)
            if (bins == b).any()
        )
        cases.append(
            {
                "said": said.tolist(),
                "right": right.tolist(),
                "ece": float(ece),
                "brier": metrics.brier_score_loss(right, said),
            }
        )
    return cases


path = pathlib.Path(__file__).with_name("evaluation_reference.json")
path.write_text(json.dumps({"groupings": groupings(), "calibrations": calibrations()}) + "\n")
