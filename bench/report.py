"""The results as a table (Markdown) and as a plot."""

import json
import pathlib
import sys

from matplotlib.figure import Figure

TITLES = {
    "correlation": "all pairs of {points} × 672, \\|r\\| ≥ 0.75",
    "fingerprint": "fingerprints of {points} × 672",
    "cluster": "CPM clusters, {points} nodes",
    "episode": "episodes, {changes} changes",
    "answer": "from an answer to what it changes, {points} points",
}


def table(results):
    lines = ["| what | who | seconds (median) | naia is faster by | peak memory | kept | ARI |"]
    lines.append("|---|---|--:|--:|--:|--:|--:|")
    for comparison in results["comparisons"]:
        if comparison["headline"]:
            lines += rows(comparison)
    machine = results["machine"]
    lines.append("")
    lines.append(
        f"{len(machine['processors'])} processors of {machine['cpu_model']}, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB; {machine['date']}, commit {machine['commit']}, "
        f"load {machine['load_before']:.1f} before; numpy {machine['numpy']}, pandas {machine['pandas']}, "
        f"scikit-learn {machine['scikit-learn']}, igraph {machine['igraph']}."
    )
    return "\n".join(lines)


def rows(comparison):
    changes = dict(zip(comparison["arguments"][::2], comparison["arguments"][1::2])).get("--changes", "0")
    what = TITLES[comparison["benchmark"]].format(
        points=spaced(comparison["points"]), changes=spaced(int(changes))
    )
    ours = comparison["contenders"][0]["seconds"]
    for contender in comparison["contenders"]:
        if "seconds" not in contender:
            yield f"| {what} | {contender['name']} | left out: {contender['left_out']} | | | | |"
            continue
        faster = "" if contender["name"] == "naia" else f"{contender['seconds'] / ours:.1f} ×"
        ari = f"{contender['ari']:.4f}" if contender.get("ari") else ""
        megabytes = f"{contender['peak_rss_bytes'] / 2**20:.0f} MiB"
        yield (
            f"| {what} | {contender['name']} | {contender['seconds']:.3g} | {faster} | {megabytes} "
            f"| {spaced(contender['kept'])} | {ari} |"
        )


def spaced(number):
    return f"{number:,}".replace(",", " ")


def plot(results, path):
    """Time and memory over the number of points."""
    names = ["correlation", "fingerprint", "cluster", "answer"]
    figure = Figure(figsize=(17, 7), layout="tight")
    axes = figure.subplots(2, len(names), sharex=True)
    for column, benchmark in enumerate(names):
        series = {}
        for comparison in results["comparisons"]:
            if comparison["benchmark"] == benchmark:
                for contender in comparison["contenders"]:
                    if "seconds" in contender:
                        point = (
                            comparison["points"],
                            contender["seconds"],
                            contender["peak_rss_bytes"] / 2**20,
                        )
                        series.setdefault(contender["name"], []).append(point)
        for name, points in series.items():
            points.sort()
            x, seconds, memory = zip(*points)
            axes[0][column].plot(x, seconds, marker="o", label=name)
            axes[1][column].plot(x, memory, marker="o", label=name)
        axes[0][column].set_title(benchmark)
        axes[0][column].legend(fontsize="small")
        axes[1][column].set_xlabel("points")
        for row in axes:
            row[column].set_xscale("log")
            row[column].set_yscale("log")
            row[column].grid(visible=True, alpha=0.3)
    axes[0][0].set_ylabel("seconds (median)")
    axes[1][0].set_ylabel("peak memory of the process, MiB")
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    source = pathlib.Path(sys.argv[1])
    found = json.loads(source.read_text())
    plot(found, source.with_suffix(".svg"))
    print(table(found))
