"""The parties apart: the commands of ``train-head`` as methods, with the same files.

Each method runs the command line in a process of its own, so that what Python writes here the command line reads there, and back.
"""

import csv
import json
import os
import tempfile
from pathlib import Path

from ._command import CommandError
from ._samples import sources_of, write_private
from .compute import ComputeParty, Party

__all__ = ["CommandError", "ComputeParty", "DataParty"]


class DataParty(Party):
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

    def estimate(self, features, labels=None, sample_weight=None, **flags):
        """Choose a method and plan the training (``train-head estimate``).

        Parameters
        ----------
        features : path-like or array-like of shape (n_samples, n_features)
            A table, a NumPy array, or embeddings that ``train-head embed`` wrote; or numbers.
        labels : path-like or array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Labels of an array; several columns are numbers.
        sample_weight : str or array-like of shape (n_samples,), default=None
            How much each sample counts: a column of the table, or numbers beside labels that are an array.
        **flags
            Flags of the command, such as ``max_iter=4``.

        Returns
        -------
        dict
            What the command says with ``--json``.
        """
        if sample_weight is None or isinstance(sample_weight, str):
            flags["sample_weight"], sample_weight = sample_weight, None
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            sources = sources_of(features, labels, Path(folder), sample_weight)
            said = self._run("estimate", **{**flags, **sources}, out=self.folder / "plan.json", overwrite=True)
            for name in ("features", "labels"):
                if name not in sources:
                    continue
                path = Path(sources[name])
                if path.parent == Path(folder):
                    # the samples of the plan take the place of those of an earlier one
                    path = path.replace(self.folder / path.name)
                sources[name] = os.path.abspath(path)
            # the plan knows that there are weights
            sources.pop("sample_weight", None)
            write_private(self.folder / "sources.json", json.dumps(sources).encode())
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

    def encrypt_samples(self, features, **flags):
        """Encrypt samples that the compute party shall predict (``train-head encrypt --for-scoring``), for a plan with ``scoring=True``.

        Parameters
        ----------
        features : path-like or array-like of shape (n_samples, n_features)
            A table, or numbers.
        **flags
            Flags of the command.

        Returns
        -------
        Path
            The encrypted samples, for the compute party.
        """
        out = self.folder / "samples.enc"
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            self._run_with_key(
                "encrypt", for_scoring=True, **sources_of(features, None, Path(folder)), out=out, **flags
            )
        return out

    def predict_scores(self, scores, features, **flags):
        """Decrypt scores (``train-head predict --scores``).

        Parameters
        ----------
        scores : path-like
            What the compute party sent.
        features : path-like or array-like of shape (n_samples, n_features)
            The samples that were scored: scores of others are refused.
        **flags
            Flags of the command.

        Returns
        -------
        list of dict
            The rows of the table of predictions.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            out = Path(folder) / "predictions.csv"
            sources = sources_of(features, None, Path(folder))
            self._run_with_key("predict", scores=scores, **sources, out=out, **self._trust(), **flags)
            return _rows(out)

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
            sources = sources_of(features, labels, Path(folder))
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
            self._run(
                "predict", head=self.folder / "head", **sources_of(features, None, Path(folder)), out=out, **flags
            )
            return _rows(out)

    def _run_with_key(self, command, new=False, **flags):
        environment = {} if self.passphrase is None else {"TRAIN_HEAD_PASSPHRASE": self.passphrase}
        if new:
            flags["no_passphrase"] = self.passphrase is None
        else:
            flags["keys"] = self.folder / "keys"
        return self._run(command, environment=environment, plan=self.folder / "plan.json", **flags)

    def _trust(self):
        return {"allow_unverified": self.allow_unverified}


def _rows(table):
    with table.open(newline="") as rows:
        return list(csv.DictReader(rows))
