"""Times one peer on an input that `naia benchmark … --write-input` wrote, and prints one JSON object.

    python peers.py PEER FOLDER --repeat 3 --threshold 0.75 --resolution 0.05

Only the peer's own call is timed: reading, building its input object and counting what it found are not.
"""

import argparse
import json
import pathlib
import random
import resource
import time


def timed(times, work):
    seconds = []
    for turn in range(times):
        start = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - start)
        if turn + 1 < times:
            del answer  # A second answer beside it would double the memory.
    return seconds, peak_rss(), answer


def peak_rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def numpy_corrcoef(folder, options):
    """All of r as float32; looking for what exceeds the threshold is not even counted."""
    import numpy as np

    series = np.load(folder / "series.npy")
    seconds, rss, r = timed(options.repeat, lambda: np.corrcoef(series, dtype=np.float32))
    kept = sum(int((np.abs(r[i, i + 1 :]) >= options.threshold).sum()) for i in range(len(r)))
    return {"seconds_all": seconds, "peak_rss_bytes": rss, "kept": kept}


def pandas_describe(folder, options):
    """Count, mean, standard deviation, minimum, maximum and quartiles of each column."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(np.load(folder / "series.npy").T.astype(np.float64))
    seconds, rss, table = timed(options.repeat, frame.describe)
    return {"seconds_all": seconds, "peak_rss_bytes": rss, "kept": table.shape[1]}


def igraph_leiden(folder, options):
    """The C implementation; building its graph is not counted."""
    import igraph
    import numpy as np
    from sklearn.metrics import adjusted_rand_score

    groups = np.load(folder / "groups.npy")[:, 0]
    graph = igraph.Graph(n=len(groups), edges=np.load(folder / "edges.npy"))
    graph.es["weight"] = np.load(folder / "weights.npy")[:, 0].tolist()
    random.seed(1)
    seconds, rss, found = timed(
        options.repeat,
        lambda: graph.community_leiden(
            objective_function="CPM",
            weights="weight",
            resolution=options.resolution,
            n_iterations=options.iterations,
        ),
    )
    return {
        "seconds_all": seconds,
        "peak_rss_bytes": rss,
        "kept": len(found),
        "ari": adjusted_rand_score(groups, found.membership),
    }


PEERS = {
    "numpy.corrcoef": numpy_corrcoef,
    "pandas.describe": pandas_describe,
    "igraph.leiden": igraph_leiden,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threshold", type=float, default=0.75)
    parser.add_argument("--resolution", type=float, default=0.05)
    parser.add_argument("--iterations", type=int, default=2)
    arguments = parser.parse_args()
    print(json.dumps(PEERS[arguments.peer](arguments.folder, arguments)))
