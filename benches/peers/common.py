"""Shared by the scripts of the peers: arguments, timing, data, and the JSON object that each prints last."""

import argparse
import json
import os
import platform
import statistics
import sys
import time


def arguments(description):
    """Parses the arguments of head-bench, and limits the number of threads before any library is loaded."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--split", help="JSON file: train_x, train_y, test_x, test_y")
    parsed = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(parsed.threads)
    return parsed


def measure(name, repeat, work, **notes):
    """Times `work` after one warm-up run."""
    work()
    runs = [timed(work) for _ in range(repeat)]
    return summary(name, runs, **notes)


def timed(work):
    """Wall-clock time and CPU time of all threads, which other programs disturb less, in seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu


def summary(name, runs, **notes):
    """Order statistics of runs, each a result of `timed`."""
    seconds, cpu = zip(*runs)
    return {
        "name": name,
        "median_s": statistics.median(seconds),
        "min_s": min(seconds),
        "max_s": max(seconds),
        "cpu_s": statistics.median(cpu),
        "repeat": len(runs),
        **notes,
    }


def split(path):
    """The samples from head-bench, which trains on the same."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def finish(peer, version, measurements, **fields):
    """Prints the result as a JSON object."""
    result = {
        "peer": peer,
        "version": version,
        "python": platform.python_version(),
        "measurements": measurements,
        **fields,
    }
    sys.stdout.flush()
    print(json.dumps(result))
