"""Writes beta_quantiles.csv: quantiles of Beta distributions as scipy computes them."""
import csv, pathlib
from scipy.stats import beta

shapes = [(0.5, 0.5), (1, 1), (2, 3), (6.9, 1.1), (8, 2), (30, 4), (120, 40), (0.8, 7.2), (1000, 900)]
with open(pathlib.Path(__file__).with_suffix(".csv"), "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["probability", "a", "b", "quantile"])
    for a, b in shapes:
        for p in (0.01, 0.05, 0.3, 0.5, 0.9, 0.99):
            rows.writerow([p, a, b, repr(float(beta.ppf(p, a, b)))])
