"""Runs the plan: ours and the peers in turn, on the same processors and the same input.

python run.py NAIA [--quick] [--output results/latest.json]
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import plan
import report

HERE = pathlib.Path(__file__).parent
SECONDS_EACH = 60  # A contender that used up this much is not asked again.
LONGEST_RUN = 600
THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("naia", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "results" / "latest.json")
    arguments = parser.parse_args()
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, processors)  # Whoever is started from here stays on them.
    os.environ.update(dict.fromkeys(THREADS, str(len(processors))))
    has_avx512 = "avx512f" in pathlib.Path("/proc/cpuinfo").read_text()

    results = {"machine": machine(processors), "quick": arguments.quick, "comparisons": []}
    for comparison in plan.comparisons(arguments.quick, has_avx512):
        say(f"{comparison.benchmark} of {comparison.points} points {' '.join(comparison.arguments)}")
        rounds = 2 if arguments.quick else 5
        results["comparisons"].append(compare(arguments.naia.resolve(), comparison, rounds))
        # After each, so that a run that is ended early leaves what it has.
        results["machine"]["load_after"] = os.getloadavg()[0]
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(results, indent=1) + "\n")
    report.plot(results, arguments.output.with_suffix(".svg"))
    print(report.table(results))
    say(f"wrote {arguments.output} and the plot beside it")


def machine(processors):
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")]
    packages = ["numpy", "pandas", "scikit-learn", "igraph"]
    return {
        "cpu_model": names[0] if names else platform.machine(),
        "processors": processors,
        "memory_bytes": memory("MemTotal"),
        "load_before": os.getloadavg()[0],
        "niceness": os.nice(0),
        "date": datetime.date.today().isoformat(),
        "commit": run_text(["git", "-C", HERE, "describe", "--always", "--dirty"]),
        "rustc": run_text(["rustc", "--version"]),
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in packages},
    }


def run_text(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def memory(name):
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def compare(naia, comparison, rounds):
    ours = [naia, "benchmark", comparison.benchmark, "--points", str(comparison.points)]
    ours = [*ours, *comparison.arguments, "--json"]
    runs = {contender.name: [] for contender in comparison.contenders}
    left_out = {}
    with tempfile.TemporaryDirectory() as folder:
        if len(comparison.contenders) > 1:
            started = subprocess.run(
                [*ours, "--repeat", "1", "--write-input", folder], capture_output=True, text=True, check=False
            )
            if started.returncode:
                sys.exit(f"bench: {started.stderr.strip()}")
        for _ in range(rounds):
            for contender in comparison.contenders:
                if contender.name in left_out or used(runs[contender.name]) > SECONDS_EACH:
                    continue
                if contender.memory and contender.memory(comparison.points) > 0.8 * memory("MemAvailable"):
                    left_out[contender.name] = "needs more memory than there is"
                    continue
                command = [*ours, "--repeat", "3"]
                if contender.peer:
                    command = [sys.executable, HERE / "peers.py", contender.peer, folder]
                    command += ["--repeat", repeats(runs[contender.name]), *contender.arguments]
                outcome = once(command, contender.environment)
                if isinstance(outcome, str):
                    left_out[contender.name] = outcome
                else:
                    runs[contender.name].append(outcome)
    return {
        "benchmark": comparison.benchmark,
        "points": comparison.points,
        "arguments": comparison.arguments,
        "headline": comparison.headline,
        "contenders": [summary(name, runs[name], left_out.get(name)) for name in runs],
    }


def used(runs):
    return sum(sum(run["seconds_all"]) for run in runs)


def repeats(runs):
    """Three times in a process; once where that takes long."""
    return "1" if not runs or max(runs[0]["seconds_all"]) > 5 else "3"


def once(command, environment):
    """What it printed, or why it did not."""
    try:
        outcome = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_RUN,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {LONGEST_RUN} s"
    if outcome.returncode:
        words = outcome.stderr.strip().splitlines()
        return f"failed: {words[-1] if words else f'signal {-outcome.returncode}'}"
    return json.loads(outcome.stdout)


def summary(name, runs, left_out):
    if not runs:
        return {"name": name, "left_out": left_out}
    seconds = [second for run in runs for second in run["seconds_all"]]
    return {
        "name": name,
        "seconds": statistics.median(seconds),
        "seconds_all": seconds,
        "kept": runs[-1]["kept"],
        "peak_rss_bytes": max(run["peak_rss_bytes"] for run in runs),
        "input_rss_bytes": runs[-1].get("input_rss_bytes"),
        "ari": runs[-1].get("ari"),
        "left_out": left_out,
    }


def say(words):
    print(f"bench: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
