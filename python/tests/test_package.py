"""The package as a whole: imports, ^C, the command line in it, its stubs, the lines of its README."""

import ast
import doctest
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import train_head

PACKAGE = Path(train_head.__file__).parent


def python(code, **options):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **options)


def test_an_import_loads_neither_scikit_learn_nor_the_extension_module():
    code = "import sys, train_head; print([name for name in ('sklearn', 'numpy', 'train_head._native') if name in sys.modules])"
    assert python(code).stdout.strip() == "[]"
    began = time.perf_counter()
    python("import train_head")
    with_interpreter = time.perf_counter() - began
    began = time.perf_counter()
    python("pass")
    assert with_interpreter - (time.perf_counter() - began) < 0.3


def test_every_public_name_is_there():
    for name in train_head.__all__:
        assert getattr(train_head, name) is not None and name in dir(train_head)
    assert re.fullmatch(r"\d+\.\d+\.\d+", train_head.__version__)
    with pytest.raises(AttributeError, match="frobnicate"):
        train_head.frobnicate
    assert (PACKAGE / "py.typed").exists()


def test_the_stub_of_the_extension_module_has_what_the_module_has():
    stub = ast.parse((PACKAGE / "_native.pyi").read_text())
    from train_head import _native

    for item in stub.body:
        if isinstance(item, ast.ClassDef):
            kept = getattr(_native, item.name)
            for member in item.body:
                if isinstance(member, ast.FunctionDef):
                    assert hasattr(kept, member.name), f"{item.name}.{member.name}"
        if isinstance(item, ast.FunctionDef):
            assert callable(getattr(_native, item.name))
    stubbed = {item.name for item in stub.body if isinstance(item, (ast.ClassDef, ast.FunctionDef))}
    assert {name for name in dir(_native) if not name.startswith("_")} == stubbed
    exported = ast.parse((PACKAGE / "__init__.pyi").read_text())
    names = {alias.asname for item in exported.body if isinstance(item, ast.ImportFrom) for alias in item.names}
    assert set(train_head.__all__) <= names


def test_docstrings_of_estimators_name_every_parameter():
    for name in train_head.__all__:
        value = getattr(train_head, name)
        if hasattr(value, "_get_param_names"):
            for parameter in value._get_param_names():
                assert re.search(rf"^ +{parameter} : ", value.__doc__, re.MULTILINE), f"{name}: {parameter}"
            assert "<parameters>" not in value.__doc__ and "<attributes>" not in value.__doc__


def test_examples_of_docstrings():
    from train_head import classifiers, tables

    for module in (classifiers, tables):
        assert doctest.testmod(module).failed == 0


def test_the_lines_of_the_readme_train_a_head(root, tmp_path):
    readmes = [(root / name).read_text() for name in ("README.md", "python/README.md")]
    blocks = [block for text in readmes for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    assert len(blocks) == 2 and blocks[0] == blocks[1]
    assert len([line for line in blocks[0].splitlines() if line.strip()]) <= 10
    began = time.perf_counter()
    run = python(blocks[0], cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout.rsplit("accuracy ", 1)[1]) > 0.93
    # a minute of a machine that does nothing else
    assert time.perf_counter() - began < 300


@pytest.mark.parametrize("when", [0.0, 2.0])
def test_an_interrupt_ends_the_work_and_leaves_the_process_usable(when):
    code = f"""
import os, signal, threading, time
import numpy as np
from train_head import EncryptedLogisticRegression
rng = np.random.default_rng(0)
X = rng.normal(size=(6000, 200))
y = (X[:, 0] + rng.normal(size=6000) > 0).astype(int)
threading.Timer({when} + 0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
began = time.perf_counter()
try:
    EncryptedLogisticRegression(preset="n15-boot-l6", max_iter=200, learning_rate=0.1).fit(X, y)
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - began)
print(EncryptedLogisticRegression(mode="plain").fit(X[:500, :5], y[:500]).score(X[:500, :5], y[:500]) > 0.7)
"""
    run = python(code, timeout=120)
    lines = run.stdout.split()
    assert lines[0] == "interrupted" and lines[2] == "True", run.stdout + run.stderr
    assert float(lines[1]) < when + 10


def command(**options):
    program = Path(sys.executable).with_name("train-head")
    words = [str(program)] if program.exists() else [sys.executable, "-m", "train_head"]
    return subprocess.run([*words, *options.pop("words")], capture_output=True, text=True, **options)


def test_the_command_line_is_in_the_package(tmp_path, root):
    version = command(words=["--version"])
    assert version.returncode == 0 and version.stdout.split() == ["train-head", train_head.__version__]
    assert command(words=["frobnicate"]).returncode == 2
    assert command(words=["inspect", str(tmp_path / "none.enc")]).returncode in (2, 3, 4)
    table = root / "data" / "breast-cancer" / "breast_cancer.csv"
    run = command(words=["estimate", "--json", "--features", str(table), "--label-column", "label"])
    assert run.returncode == 0 and '"preset"' in run.stdout


def test_the_command_line_ends_within_two_seconds_of_an_interrupt(tmp_path, root):
    words = [sys.executable, "-m", "train_head", "estimate", "--samples", "400000", "--dimension", "900", "--head", "mlp"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env={**os.environ})
    time.sleep(0.7)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        began = time.perf_counter()
        assert process.wait(10) == 130
        assert time.perf_counter() - began < 2.5
    process.communicate()


@pytest.mark.parametrize("number", range(4))
def test_the_blocks_of_the_documentation(root, number, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs" / "python.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    if "models/" in blocks[number]:
        if not (root / "models" / "all-MiniLM-L6-v2").exists():
            pytest.skip("cargo xtask fetch-model")
        (tmp_path / "models").symlink_to(root / "models")
    run = python(blocks[number], cwd=tmp_path, env={**os.environ, "TRAIN_HEAD_HOME": str(tmp_path / "home")})
    assert run.returncode == 0, run.stderr
