"""Samples as files for the command line, readable by their owner alone."""

import os

import numpy as np


def sources_of(features, labels, folder, weights=None):
    """Flags that name the files of samples. Arrays are written to files of the folder first.

    Parameters
    ----------
    features : path-like or array-like of shape (n_samples, n_features)
        A table, or numbers.
    labels : path-like or array-like of shape (n_samples,) or (n_samples, n_targets)
        Labels of an array; several columns of numbers.
    folder : Path
        Where files are written.
    weights : array-like of shape (n_samples,), default=None
        Sample weights, beside labels that are no file.

    Returns
    -------
    dict
        The flags.
    """
    sources = {}
    if isinstance(features, (str, os.PathLike)):
        sources["features"] = features
    else:
        sources["features"] = folder / "features.npy"
        write_private(sources["features"], np.ascontiguousarray(features, dtype=np.float64))
    if isinstance(labels, (str, os.PathLike)):
        sources["labels"] = labels
    elif labels is not None:
        sources["labels"] = folder / "labels.csv"
        columns = np.asarray(labels).reshape(len(labels), -1).T.tolist()
        names = ["label"] if len(columns) == 1 else [f"label{at}" for at in range(len(columns))]
        if len(columns) > 1:
            sources["label_column"] = names
        if weights is not None:
            columns, names = [*columns, np.asarray(weights).tolist()], [*names, "weight"]
            sources["sample_weight"] = "weight"
        lines = [",".join(names), *(",".join(map(_cell, row)) for row in zip(*columns))]
        write_private(sources["labels"], "\n".join([*lines, ""]).encode())
    return sources


def _cell(label):
    text = str(label)
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def write_private(path, content):
    """Write bytes or an array to a file that its owner alone reads, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        if isinstance(content, np.ndarray):
            np.save(file, content)
        else:
            file.write(content)
    partial.replace(path)
