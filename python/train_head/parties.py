"""The parties apart: the commands of ``train-head`` as methods, with the same files.

Each method runs the command line in a process of its own, so that what Python writes here the command line reads there, and back.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np


class CommandError(RuntimeError):
    """A command that failed.

    Attributes
    ----------
    code : int
        Exit code; ``train-head --help`` lists them.
    kind : str
        Its name: ``"usage"``, ``"data"``, ``"file"``, ``"parameters"``, ``"diverged"`` or ``"unexpected"``.
    help : str or None
        What to do about it.
    """

    def __init__(self, message, code, kind, help=None):
        super().__init__(message)
        self.code, self.kind, self.help = code, kind, help

    def __str__(self):
        return super().__str__() + (f" ({self.help})" if self.help else "")


class _Party:
    def __init__(self, folder, *, home=None, allow_unverified=False, verbose=0):
        self.folder = Path(folder)
        self.home = home
        self.allow_unverified = allow_unverified
        self.verbose = verbose
        self.folder.mkdir(parents=True, exist_ok=True)

    def _run(self, command, *, environment=None, **flags):
        """Run a command with flags named as on the command line, and give what it says as JSON."""
        words = [sys.executable, "-m", "train_head", command, "--json", *_words(flags)]
        if not self.verbose:
            words.append("--quiet")
        variables = {**os.environ, **(environment or {})}
        if self.home is not None:
            variables["TRAIN_HEAD_HOME"] = str(self.home)
        errors = None if self.verbose else subprocess.DEVNULL
        # in a session of its own, so that ^C comes once: from here
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=variables, start_new_session=True
        )
        try:
            output, _ = process.communicate()
        except BaseException:
            # the command keeps or removes what it has begun, and ends within two seconds
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        return _result(output.decode(), process.returncode)


class DataParty(_Party):
    """The data party: holds samples, plan and secret key.

    Parameters
    ----------
    folder : path-like
        Where its files are: ``plan.json``, ``keys/``, ``data.enc``, ``head/``. Only ``data.enc`` and ``keys/eval/`` leave it.
    passphrase : str, default=None
        Passphrase of the secret key. None keeps the key in the clear, for its owner's eyes alone.
    home : path-like, default=None
        Folder of the identity that signs files; ``~/.config/train-head`` if None.
    allow_unverified : bool, default=False
        Whether files of unknown signers are accepted.
    verbose : int, default=0
        With 1, progress and messages on standard error.

    Examples
    --------
    >>> data_party = DataParty("hospital")                          # doctest: +SKIP
    >>> data_party.estimate(X, y)                                   # doctest: +SKIP
    >>> keys, data = data_party.keygen(), data_party.encrypt()      # doctest: +SKIP
    >>> head = ComputeParty("cloud").train(data, keys)              # doctest: +SKIP
    >>> data_party.decrypt(head)                                    # doctest: +SKIP
    """

    def __init__(self, folder, *, passphrase=None, home=None, allow_unverified=False, verbose=0):
        super().__init__(folder, home=home, allow_unverified=allow_unverified, verbose=verbose)
        self.passphrase = passphrase

    def estimate(self, features, labels=None, **flags):
        """Choose a method and plan the training (``train-head estimate``).

        Parameters
        ----------
        features : path-like or array-like of shape (n_samples, n_features)
            A table, a NumPy array, or embeddings that ``train-head embed`` wrote; or numbers.
        labels : path-like or array-like of shape (n_samples,), default=None
            Labels of an array.
        **flags
            Flags of the command, such as ``max_iter=4``.

        Returns
        -------
        dict
            What the command says with ``--json``.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            sources = self._sources(features, labels, Path(folder))
            said = self._run("estimate", **sources, **flags, out=self.folder / "plan.json", overwrite=True)
            # the samples of the plan take the place of those of an earlier one
            for name, path in sources.items():
                if Path(path).parent == Path(folder):
                    sources[name] = Path(path).replace(self.folder / Path(path).name)
            named = {name: os.path.abspath(path) for name, path in sources.items()}
            _write_private(self.folder / "sources.json", json.dumps(named).encode())
        return said

    def keygen(self, **flags):
        """Make the keys of the plan (``train-head keygen``).

        Returns
        -------
        Path
            The folder of evaluation keys, for the compute party.
        """
        self._run_with_key("keygen", new=True, out=self.folder / "keys", **flags)
        return self.folder / "keys" / "eval"

    def encrypt(self, **flags):
        """Encrypt the samples of the plan (``train-head encrypt``).

        Returns
        -------
        Path
            The encrypted samples, for the compute party.
        """
        sources = json.loads((self.folder / "sources.json").read_text())
        out = self.folder / "data.enc"
        self._run_with_key("encrypt", **sources, out=out, **flags)
        return out

    def decrypt(self, head, **flags):
        """Decrypt the trained head (``train-head decrypt``).

        Parameters
        ----------
        head : path-like
            What the compute party sent.

        Returns
        -------
        Path
            The folder of the head: private, as secret as the key.
        """
        out = self.folder / "head"
        self._run_with_key("decrypt", head=head, out=out, **self._trust(), **flags)
        return out

    def eval(self, features, labels=None, **flags):
        """Measure the decrypted head on labelled samples (``train-head eval``).

        Returns
        -------
        dict
            What the command says with ``--json``.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            sources = self._sources(features, labels, Path(folder))
            return self._run("eval", head=self.folder / "head", **sources, **flags)

    def predict(self, features, **flags):
        """Predict with the decrypted head (``train-head predict``).

        Returns
        -------
        list of dict
            The rows of the table of predictions.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            out = Path(folder) / "predictions.csv"
            self._run("predict", head=self.folder / "head", **self._sources(features, None, Path(folder)), out=out, **flags)
            with out.open(newline="") as rows:
                return list(csv.DictReader(rows))

    def _run_with_key(self, command, new=False, **flags):
        environment = {} if self.passphrase is None else {"TRAIN_HEAD_PASSPHRASE": self.passphrase}
        if new:
            flags["no_passphrase"] = self.passphrase is None
        else:
            flags["keys"] = self.folder / "keys"
        return self._run(command, environment=environment, plan=self.folder / "plan.json", **flags)

    def _trust(self):
        return {"allow_unverified": self.allow_unverified}

    def _sources(self, features, labels, folder):
        """Flags that name the files of samples. Arrays are written to files of the folder first."""
        sources = {}
        if isinstance(features, (str, os.PathLike)):
            sources["features"] = features
        else:
            sources["features"] = folder / "features.npy"
            array = np.ascontiguousarray(features, dtype=np.float64)
            _write_private(sources["features"], array)
        if isinstance(labels, (str, os.PathLike)):
            sources["labels"] = labels
        elif labels is not None:
            sources["labels"] = folder / "labels.csv"
            lines = ["label", *(_cell(label) for label in np.asarray(labels).tolist())]
            _write_private(sources["labels"], "\n".join([*lines, ""]).encode())
        return sources


class ComputeParty(_Party):
    """The compute party: holds ciphertexts and evaluation keys, no secret.

    Parameters
    ----------
    folder : path-like
        Where its files are.
    home : path-like, default=None
        Folder of the identity that signs files; ``~/.config/train-head`` if None.
    allow_unverified : bool, default=False
        Whether files of unknown signers are accepted.
    verbose : int, default=0
        With 1, progress and messages on standard error.
    """

    def train(self, data, keys, **flags):
        """Train on encrypted samples (``train-head train``). Called again after an interruption, it continues.

        Parameters
        ----------
        data : path-like
            Encrypted samples.
        keys : path-like
            Folder of evaluation keys.
        **flags
            Flags of the command, such as ``memory="6G"``.

        Returns
        -------
        Path
            The encrypted head, for the data party.
        """
        out = self.folder / "head.enc"
        trust = {"allow_unverified": self.allow_unverified}
        self._run("train", data=data, keys=keys, out=out, resume=self._interrupted(out), **trust, **flags)
        return out

    @staticmethod
    def _interrupted(out):
        return any(out.parent.glob(out.name + "*checkpoint*"))


def _words(flags):
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        yield flag
        if isinstance(value, (list, tuple)):
            yield ",".join(map(str, value))
        elif value is not True:
            yield str(value)


def _result(output, code):
    lines = output.strip().splitlines()
    try:
        said = json.loads(lines[-1]) if lines else {}
    except json.JSONDecodeError:
        said = {}
    if code == 0:
        return said
    if code == 130:
        raise KeyboardInterrupt
    error = said.get("error", {})
    message = ": ".join([error.get("message", f"train-head ended with exit code {code}"), *error.get("causes", [])])
    raise CommandError(message, code, error.get("kind", "unexpected"), error.get("help"))


def _cell(label):
    text = str(label)
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def _write_private(path, content):
    """Write bytes or an array to a file that its owner alone reads, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        if isinstance(content, np.ndarray):
            np.save(file, content)
        else:
            file.write(content)
    partial.replace(path)
