"""What is compared with what, and on how much."""

from dataclasses import dataclass, field

SAMPLES = 672
THRESHOLD = 0.75
GROWTH = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000]
ANSWERS = [500, 2_500, 6_000, 50_000]


@dataclass
class Contender:
    name: str
    peer: str | None = None  # None: ours
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    # Bytes that it needs for so many points, where that can be more than a machine has.
    memory: object = None


@dataclass
class Comparison:
    benchmark: str
    points: int
    arguments: list[str]
    contenders: list[Contender]
    headline: bool = False


def square(points):
    return 2 * 4 * points * points


OURS = Contender("naia")
NUMPY = Contender("numpy.corrcoef", "numpy.corrcoef", memory=square)
# OpenBLAS takes its AVX2 kernel on some processors that have AVX-512; this forces the other.
NUMPY_AVX512 = Contender(
    "numpy.corrcoef, SkylakeX kernel",
    "numpy.corrcoef",
    environment={"OPENBLAS_CORETYPE": "SKYLAKEX"},
    memory=square,
)
PANDAS = Contender("pandas.describe", "pandas.describe")
IGRAPH = Contender("igraph Leiden, 2 iterations (its default)", "igraph.leiden")
IGRAPH_STABLE = Contender("igraph Leiden, until stable", "igraph.leiden", ["--iterations", "-1"])

SERIES = ["--samples", str(SAMPLES)]


def correlation(points, avx512, headline=False):
    contenders = [OURS, NUMPY, NUMPY_AVX512] if avx512 else [OURS, NUMPY]
    arguments = [*SERIES, "--threshold", str(THRESHOLD)]
    return Comparison("correlation", points, arguments, contenders, headline)


def fingerprint(points, headline=False):
    return Comparison("fingerprint", points, SERIES, [OURS, PANDAS], headline)


def cluster(points, headline=False):
    arguments = ["--resolution", "0.05"]
    return Comparison("cluster", points, arguments, [OURS, IGRAPH, IGRAPH_STABLE], headline)


def episode(changes, contenders, headline=False):
    """Has no peer: clustering the times alone is another task."""
    return Comparison("episode", 10_000, ["--changes", str(changes)], contenders, headline)


def answer(points, headline=False):
    """Has no peer: nobody else asks."""
    return Comparison("answer", points, [], [OURS], headline)


def comparisons(quick, avx512):
    main = 5_000 if quick else 20_000
    growth = [points for points in GROWTH if not quick or points <= 5_000]
    plan = []
    for points in growth:
        plan.append(correlation(points, avx512, headline=points == main))
        plan.append(fingerprint(points, headline=points == (2_000 if quick else 10_000)))
        plan.append(cluster(points, headline=points == growth[-1]))
    plan.append(episode(100_000, [OURS], headline=True))
    plan += [answer(points, headline=True) for points in ANSWERS if not quick or points <= 2_500]
    if not quick:
        plan.append(episode(1_000_000, [OURS], headline=True))
    return plan
