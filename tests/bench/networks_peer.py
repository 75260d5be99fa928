"""What the scripts that run the networks of the benchmark `networks` with other libraries share: cases, time, report.

It imports none of those libraries, so that each script's memory is its own library's.
"""

import resource
import sys
import time
from typing import Callable, NamedTuple, Optional, Tuple


class Case(NamedTuple):
    model: str  # of networks_models.py
    picture: Tuple[int, int, int]
    batch: int
    training: bool


class Result(NamedTuple):
    median: float  # seconds
    first: Optional[float] = None  # seconds from loading to the end of the first run


CASES = {
    "small": Case("small", (1, 28, 28), 64, True),
    "large": Case("large", (1, 28, 28), 64, True),
    "perceptron": Case("perceptron", (1, 28, 28), 64, True),
    "resnet20": Case("resnet20", (3, 32, 32), 128, True),
    "resnet50-b1": Case("resnet50", (3, 224, 224), 1, False),
    "resnet50-b8": Case("resnet50", (3, 224, 224), 8, False),
    "mobilenet_v2-b1": Case("mobilenet_v2", (3, 224, 224), 1, False),
    "mobilenet_v2-b8": Case("mobilenet_v2", (3, 224, 224), 8, False),
    "vgg16-b1": Case("vgg16", (3, 224, 224), 1, False),
    "xor-b1": Case("xor", (2, 1, 1), 1, False),
}


def median_time(once, seconds: float) -> float:
    """The median seconds of a call, over so many seconds; the first three aren't counted."""
    times, start = [], time.perf_counter()
    while len(times) < 8 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        once()
        times.append(time.perf_counter() - begin)
    times = sorted(times[3:])
    return times[len(times) // 2]


def report(name: str, library: str, batch: int, result: Result) -> None:
    first = "" if result.first is None else f"loaded and first run after {result.first * 1e3:.0f} ms; "
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:16} {library} median {result.median * 1e3:9.4f} ms, {batch / result.median:9.1f} pictures/s; "
          f"{first}peak RSS {peak:.1f} MB", flush=True)


def main(library: str, measure: Callable[[Case, int, float], Optional[Result]]) -> None:
    """Measures the cases that the command line names: [NET, or "all"] [THREADS] [SECONDS]. None isn't reported."""
    name = sys.argv[1] if len(sys.argv) > 1 else "all"
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
    if name != "all" and name not in CASES:
        sys.exit(f'no network "{name}"; there are {", ".join(CASES)}')
    for each in CASES if name == "all" else [name]:
        result = measure(CASES[each], threads, seconds)
        if result is None:
            print(f"{each:16} {library} doesn't do this", flush=True)
        else:
            report(each, library, CASES[each].batch, result)
