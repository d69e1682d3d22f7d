"""Train a classification head on embeddings that stay encrypted the whole time.

Everything here is imported when it is first used: the package itself loads neither scikit-learn nor the extension module.
"""

from importlib import import_module as _import_module

_HOMES = {
    "EncryptedLogisticRegression": "classifiers",
    "EncryptedSoftmax": "classifiers",
    "EncryptedMLPClassifier": "classifiers",
    "EncryptedRidge": "regressor",
    "EncryptedCustomHead": "custom",
    "TextEncoder": "text",
    "EncryptedTextClassifier": "text",
    "DataParty": "parties",
    "ComputeParty": "compute",
    "Client": "client",
    "JointParty": "joint",
    "TableEncoder": "tables",
    "CommandError": "compute",
    "Estimate": "report",
    "Report": "report",
    "DivergedError": "_native",
    "ParametersError": "_native",
    "__version__": "_native",
}
_MODULES = ("classifiers", "client", "compute", "custom", "joint", "parties", "plot", "regressor", "report", "tables", "text")

__all__ = [*(name for name in _HOMES if name != "__version__"), "plot"]


def __getattr__(name):
    if name in _HOMES:
        value = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = _import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_HOMES, *_MODULES})
