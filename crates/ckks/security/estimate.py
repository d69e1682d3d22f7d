"""Recomputes the figures behind the security table (`../src/security.rs`), in bits of classical security.

    python3 estimate.py                          attacks that guess with Meet-LWE, weight 32: plain Python, minutes
    python3 estimate.py 15 85 90                 the same for N = 2^15 and these log2(QP)
    python3 estimate.py --estimator PATH         uniform ternary secrets: malb/lattice-estimator's usvp, given its folder
    python3 estimate.py --estimator PATH 15 868  the same for N = 2^15 and this log2(QP)

The estimator needs parts of Sage, which PyPI has: pip install passagemath-modules passagemath-symbolics passagemath-plot
"""

import argparse
import importlib
import sys
import types
from functools import lru_cache
from math import e, erf, lgamma, log, log2, pi, sqrt

SIGMA = 3.2
WEIGHT = 32
# What the presets have under their ephemeral secret, the table's limits, and what the table once allowed.
SPARSE = {13: [20, 30, 37], 14: [40, 50, 77], 15: [85, 90, 162], 16: [94, 100, 345]}
DENSE = {13: [214], 14: [430], 15: [868], 16: [1747]}


def log2_multinomial(n, *parts):
    """log2 of the number of ways to choose disjoint sets of these sizes out of n."""
    rest = n - sum(parts)
    if rest < 0 or min(parts) < 0:
        return float("-inf")
    return (lgamma(n + 1) - sum(lgamma(k + 1) for k in parts) - lgamma(rest + 1)) / log(2)


def log2_sum(logs):
    most = max(logs)
    return most + log2(sum(2 ** (x - most) for x in logs))


@lru_cache(None)
def meet_lwe(n, weight, depth=5):
    """log2 of the largest list of Meet-LWE (May, CRYPTO 2021, rep-1) for n ternary coefficients of this weight.

    A vector with a coefficients of each sign is the sum of two with a/2 + eps of each sign; zeros are 1 - 1 or -1 + 1 in
    2 eps places. One of the R representations is kept on each level, by R-valued constraints, so a list of S vectors has
    S/R members. The lowest lists come from halves of the coordinates. The best of all trees up to this depth. Digits of 2
    (rep-2) lose here: in a secret so sparse, one more place costs more members than it gives representations.
    """
    best = log2_multinomial(n, weight // 2, weight - weight // 2) / 2

    def descend(ones, level):
        nonlocal best
        if level:
            members = [size - kept for size, kept in level]
            merges = [2 * members[j + 1] + level[j + 1][1] - level[j][1] for j in range(len(level) - 1)]
            best = min(best, max([level[-1][0] / 2] + members + merges))
        if len(level) == depth:
            return
        for eps in range(min(ones, 14) + 1):
            more = ones - ones // 2 + eps
            kept = 2 * log2_multinomial(ones, ones // 2) + log2_multinomial(n - 2 * ones, eps, eps)
            if 2 * more > n or (level and kept > level[-1][1]):
                break
            descend(more, level + [(log2_multinomial(n, more, more), kept)])

    descend((weight + 1) // 2, [])
    return best


def root_hermite(beta):
    return ((pi * beta) ** (1 / beta) * beta / (2 * pi * e)) ** (1 / (2 * (beta - 1)))


def log2_reduction(beta, dimension):
    """BKZ by a sieve of 2^(0.292 beta + 16.4) in each of eight tours."""
    return 0.292 * beta + 16.4 + log2(8 * dimension)


def log2_nearest_plane(dimension):
    """The estimator's cost of one nearest plane."""
    return 2 * log2(dimension) - 1.06


def reduced(unknown, log_q, beta, xi):
    """The dimension of the lattice of the coefficients that are not guessed, and log2 of the probability that nearest
    plane finds the error on a basis of geometric shape."""
    delta = log2(root_hermite(beta))
    dimension = max(beta + 1, unknown + 1, int(sqrt(unknown * (log_q - log2(xi)) / delta)))
    volume = ((dimension - unknown) * log_q + unknown * log2(xi)) / dimension
    step, success = max(1, dimension // 400), 0.0
    for i in range(0, dimension, step):
        length = 2 ** min(60, delta * (dimension - 2 * i) + volume)
        fits = erf(length / (2 * sqrt(2) * SIGMA))
        if fits < 1e-12:
            return dimension, float("-inf")
        success += step * log2(fits)
    return dimension, success


def hybrid(log_n, log_q, weight=WEIGHT):
    """Guesses some coordinates with Meet-LWE and decodes the rest in a reduced lattice. Every member of a list costs a
    nearest plane, none is ever lost. Returns log2 of the cost with a new lattice for each guess of where the weight is,
    and with all N rotations of the secret tried in one lattice, and the best choice of the former."""
    n = 2**log_n
    plain, rotated, choice = float("inf"), float("inf"), None
    for guessed in sorted({n * i // 64 for i in range(64)}):
        unknown = n - guessed
        chances = []
        for most in range(min(weight, guessed) + 1):
            chances.append(
                log2_multinomial(guessed, most)
                + log2_multinomial(unknown, weight - most)
                - log2_multinomial(n, weight)
            )
            hit = log2_sum(chances)
            if most % 2 or meet_lwe(guessed, most) - hit > 160:
                continue
            xi = SIGMA / sqrt(max(1, weight - most) / unknown)
            low, high = 50, 1500
            if reduced(unknown, log_q, high, xi)[1] < -1:
                continue
            while high - low > 1:
                beta = (low + high) // 2
                low, high = (low, beta) if reduced(unknown, log_q, beta, xi)[1] >= -1 else (beta, high)
            dimension = reduced(unknown, log_q, high, xi)[0]
            lattice = log2_reduction(high, dimension)
            search = (meet_lwe(guessed, most) if most else 0) + log2_nearest_plane(dimension)
            cost = log2_sum([lattice, search]) - hit
            if cost < plain:
                plain = cost
                choice = f"{guessed} guessed, weight <= {most} (2^{hit:.1f}), beta {high}, dimension {dimension}"
            rotated = min(rotated, log2_sum([lattice + max(0, -hit - log_n), search - hit]))
    return plain, rotated, choice


def load_estimator(path):
    """The estimator imports `sage.all`, which PyPI's parts of Sage do not have as a whole."""
    everything = types.ModuleType("sage.all")
    for part in ("modules", "symbolics", "plot"):
        module = importlib.import_module(f"sage.all__sagemath_{part}")
        for name in dir(module):
            if not name.startswith("__"):
                setattr(everything, name, getattr(module, name))
    # Numbers in place of symbolic terms, which some of the parts cannot compare.
    real = everything.RR
    everything.pi, everything.e = real.pi(), real(1).exp()
    everything.sqrt = lambda x: real(x).sqrt()
    everything.log = lambda x, base=None: real(x).log() if base is None else real(x).log(base)
    sys.modules["sage.all"] = everything
    sys.path.insert(0, path)
    return importlib.import_module("estimator")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estimator", metavar="PATH", help="folder of a copy of malb/lattice-estimator")
    parser.add_argument("log_n", nargs="?", type=int)
    parser.add_argument("log_qp", nargs="*", type=float)
    args = parser.parse_args()
    chosen = {args.log_n: args.log_qp} if args.log_n else None
    if args.estimator is None:
        for log_n, sizes in (chosen or SPARSE).items():
            for log_q in sizes:
                plain, rotated, choice = hybrid(log_n, log_q)
                print(
                    f"2^{log_n}, {log_q:g} bits, weight {WEIGHT}: {plain:.1f}, with rotations {rotated:.1f} ({choice})",
                    flush=True,
                )
        return
    estimator = load_estimator(args.estimator)
    lwe, noise = estimator.LWE, estimator.ND
    for log_n, sizes in (chosen or DENSE).items():
        for log_q in sizes:
            instance = lwe.Parameters(
                n=2**log_n, q=round(2 ** (log_q % 1) * 2**50) << int(log_q) >> 50,
                Xs=noise.Uniform(-1, 1, 2**log_n), Xe=noise.DiscreteGaussian(SIGMA),
            )
            bits = log2(lwe.primal_usvp(instance)["rop"])
            print(f"2^{log_n}, {log_q:g} bits, uniform ternary: usvp {bits:.1f}", flush=True)


if __name__ == "__main__":
    main()
