"""Made tables: each has one difficulty that ordinary tables have together. Seeds are fixed."""

import numpy


def drawn(rng, logits):
    """Labels drawn from the softmax of logits, or from the sigmoid of a vector."""
    if logits.ndim == 1:
        return (rng.random(len(logits)) < 1 / (1 + numpy.exp(-logits))).astype(int)
    gumbel = -numpy.log(-numpy.log(rng.random(logits.shape)))
    return (logits + gumbel).argmax(axis=1)


def direction(rng, features):
    """A random vector of length 1."""
    weights = rng.normal(size=features)
    return weights / numpy.linalg.norm(weights)


def power_of_two(rng):
    """64 features, 2^6, that all matter, so that no direction can be spared."""
    x = rng.normal(size=(1000, 64))
    signs = rng.choice([-1.0, 1.0], size=64)
    return x, drawn(rng, x @ signs * 4 / 8)


def correlated_pair(rng):
    """Two features a + 0.3 b and a - 0.3 b; the label is b > 0."""
    a, b = rng.normal(size=(2, 600))
    return numpy.stack([a + 0.3 * b, a - 0.3 * b], axis=1), (b > 0).astype(int)


def scales(rng):
    """Scales from 0.001 to 1000, with means far from zero; three classes."""
    x = rng.normal(size=(800, 16))
    y = drawn(rng, x @ rng.normal(size=(16, 3)))
    scale = 10 ** numpy.linspace(-3, 3, 16)
    return (x + rng.normal(0, 5, size=16)) * scale[rng.permutation(16)], y


def collinear_trend(rng):
    """Eight features that follow one trend and one factor; the label lies in what remains."""
    common = rng.uniform(0.5, 1.5, size=(2, 8))
    trend = numpy.linspace(-1, 1, 1050)
    own = rng.normal(size=(1050, 8))
    x = numpy.stack([5 * trend, rng.normal(size=1050)], axis=1) @ common + 0.3 * own
    basis = numpy.linalg.qr(common.T).Q
    weights = direction(rng, 8)
    weights -= basis @ (basis.T @ weights)
    return x, drawn(rng, 5 * own @ weights / numpy.linalg.norm(weights) + trend)


def heavy_tails(rng):
    """Six features of Student's t with two degrees of freedom, six log-normal ones."""
    x = numpy.hstack([rng.standard_t(2, size=(1500, 6)), rng.lognormal(0, 1.5, size=(1500, 6))])
    bounded = numpy.hstack([numpy.arcsinh(x[:, :6]), numpy.log(x[:, 6:]) / 1.5])
    return x, drawn(rng, 2 * bounded @ direction(rng, 12))


def constant_duplicate(rng):
    """Ten features, two constant ones, one that differs in one row, and four copies."""
    x = rng.normal(size=(500, 10))
    y = drawn(rng, 2.5 * x @ direction(rng, 10))
    once = numpy.zeros((500, 1))
    once[123] = 1
    columns = [x, numpy.zeros((500, 1)), numpy.full((500, 1), 7.5), once, x[:, :3], 100 - 20 * x[:, 3:4]]
    return numpy.hstack(columns), y


def separable(rng):
    """Ten features; a plane separates the classes with a gap."""
    x = rng.normal(size=(600, 10))
    distance = x @ direction(rng, 10)
    kept = numpy.abs(distance) > 0.3
    return x[kept], (distance[kept] > 0).astype(int)


def wide(rng):
    """500 features of 171 rows, made from 20 factors."""
    factors = rng.normal(size=(171, 20))
    x = factors @ rng.normal(size=(20, 500)) / 20**0.5 + rng.normal(size=(171, 500))
    return x, drawn(rng, 4 * factors @ direction(rng, 20))


def label_noise(rng):
    """Twelve features; a fifth of the labels are flipped."""
    x = rng.normal(size=(1000, 12))
    y = (x @ direction(rng, 12) > 0).astype(int)
    return x, numpy.where(rng.random(1000) < 0.2, 1 - y, y)


def imbalance(rng):
    """Eight features; 100 rows of one class, 3000 of the other."""
    y = (numpy.arange(3100) % 31 == 0).astype(int)
    return rng.normal(size=(3100, 8)) + 2 * y[:, None] * direction(rng, 8), y


MADE = [
    power_of_two,
    correlated_pair,
    scales,
    collinear_trend,
    heavy_tails,
    constant_duplicate,
    separable,
    wide,
    label_noise,
    imbalance,
]


def made():
    """Each made table: name, what it is, features, labels."""
    for seed, make in enumerate(MADE):
        x, y = make(numpy.random.default_rng(seed))
        yield make.__name__.replace("_", "-"), make.__doc__, x, y
