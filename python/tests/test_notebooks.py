"""The notebooks run from the first cell to the last, and say what they promise."""

import re

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")


def test_the_quick_start(root, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.read(root / "docs" / "notebooks" / "quickstart.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "notebooks are kept without outputs"
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "".join(output.get("text", "") for output in outputs)
    plain = float(re.search(r"in the clear: ([\d.]+)", text)[1])
    at_once = float(re.search(r"accuracy on the test samples: ([\d.]+)", text)[1])
    batches = [float(score) for score in re.findall(r"test accuracy ([\d.]+)", text)]
    assert at_once > plain - 0.02 and len(batches) == 6 and batches[-1] > plain - 0.04
    # as Concrete ML's quantised training of one epoch in the clear (docs/benchmarks.md)
    assert min(at_once, batches[-1]) > 0.93
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
