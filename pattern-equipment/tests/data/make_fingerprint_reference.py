"""Writes fingerprint_reference.json: what pandas, scipy and numpy say to signals of every kind.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy scipy pandas
    /tmp/venv/bin/python make_fingerprint_reference.py
"""

import json
import pathlib

import numpy as np
import pandas as pd
import scipy.signal
import scipy.stats

rng = np.random.default_rng(20261121)
QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]


def signals():
    """Name, seconds and values of each: four days."""
    minutes = np.arange(4 * 96) * 15.0
    hours = minutes / 60
    jitter = np.sort(rng.uniform(0, minutes[-1], size=701)).round(3)
    yield "cycle, irregularly", jitter, (80 + 6 * np.sin(jitter * 2 * np.pi / 720) + rng.normal(size=701)).round(3)
    yield "skewed, with ties", minutes, rng.exponential(3, size=len(minutes)).round(1)
    yield "setpoint", minutes, np.repeat([18.0, 20.5, 23.0, 20.5], 96)
    yield "switch", minutes, (np.arange(len(minutes)) // 37 % 2).astype(float)
    yield "meter with resets", minutes, (np.cumsum(rng.uniform(0.1, 2, size=len(minutes))) % 97).round(2)
    yield "small beside its offset", minutes, 1e6 + rng.normal(size=len(minutes)).round(4)
    yield "constant", minutes, np.full(len(minutes), 0.1)
    yield "few", minutes[:9], hours[:9] ** 2


def row(minutes, values):
    """Means of 15 minutes, f32; the gaps of irregular sampling stay gaps."""
    index = pd.to_datetime(minutes * 60, unit="s")
    means = pd.Series(values, index=index).resample("15min").mean()
    return means.to_numpy().astype(np.float32)


def period_hours(centred):
    frequency, power = scipy.signal.periodogram(centred, fs=4.0, detrend=False)
    inside = power[2 : 2 + len(centred) // 4]
    if len(centred) < 32 or inside.max() < 0.25 * power[1:].sum():
        return None
    return float(1 / frequency[2 + inside.argmax()])


def reference(minutes, values):
    series = pd.Series(values)
    described = series.describe()
    buckets = row(minutes, values)
    centred = np.nan_to_num(buckets.astype(float) - np.nanmean(buckets.astype(float)))
    constant = series.nunique() == 1
    steps = np.diff(values)
    span = series.quantile(0.95) - series.quantile(0.05)
    counted = values - values.min()
    days = (minutes[-1] - minutes[0]) / 1440
    return {
        "mean": described["mean"],
        "std_dev": described["std"],
        "min": described["min"],
        "max": described["max"],
        "quantiles": series.quantile(QUANTILES).tolist(),
        "skewness": None if constant else scipy.stats.skew(values),
        "kurtosis": None if constant else scipy.stats.kurtosis(values),
        "distinct_values": series.nunique(),
        "update_interval_seconds": np.median(np.diff(minutes)) * 60,
        "noise": np.sqrt(np.mean(steps**2) / 2),
        "steps_per_day": (np.abs(steps) > 0.1 * span).sum() / days if span > 0 else 0.0,
        "falls_by_half": int(((steps < 0) & (counted[1:] < counted[:-1] / 2)).sum()),
        "autocorrelation": 0.0 if constant else (centred[1:] * centred[:-1]).sum() / (centred**2).sum(),
        "period_hours": None if constant else period_hours(centred),
    }


cases = []
for name, minutes, values in signals():
    buckets = row(minutes, values)
    cases.append(
        {
            "name": name,
            "seconds": (minutes * 60).round(6).tolist(),
            "values": values.tolist(),
            "row": [None if np.isnan(v) else float(v) for v in buckets],
            "expected": reference(minutes, values),
        }
    )
path = pathlib.Path(__file__).with_name("fingerprint_reference.json")
path.write_text(json.dumps(cases, default=float) + "\n")
print(path, path.stat().st_size, "bytes")
