"""Writes site_calibration_reference.json: the fit of Platt's scaling with its prior, by scipy.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy scipy
    /tmp/venv/bin/python make_site_calibration_reference.py
"""

import json
import pathlib

import numpy as np
import scipy.optimize
import scipy.special

PRIOR = 4.0
HALF_LIFE = 25.0
groups = [(0.95, 40, 50), (0.6, 20, 30), (0.2, 8, 20)]
confidence = np.repeat([g[0] for g in groups], [g[2] for g in groups])
right = np.concatenate([np.arange(of) < n for _, n, of in groups]).astype(float)
worth = 0.5 ** (np.arange(len(right)) / HALF_LIFE)
x = scipy.special.logit(confidence)


def loss(parameters):
    slope, offset = parameters
    z = slope * x + offset
    surprise = np.sum(worth * (np.logaddexp(0, z) - right * z))
    return surprise + PRIOR / 2 * ((slope - 1) ** 2 + offset**2)


fit = scipy.optimize.minimize(loss, [1.0, 0.0], method="BFGS", options={"gtol": 1e-10})
asked = [0.05, 0.2, 0.6, 0.95]
said = scipy.special.expit(fit.x[0] * scipy.special.logit(asked) + fit.x[1])
reference = {"groups": groups, "calibrated": [[a, float(s)] for a, s in zip(asked, said)]}
pathlib.Path(__file__).with_name("site_calibration_reference.json").write_text(json.dumps(reference, indent=1) + "\n")
