"""A compute party that is a service (``train-head serve``), from the data party's side: the commands ``train-head remote`` as methods."""

import copy
import json
import os
import re
from pathlib import Path

from ._command import CommandError, run


class Client:
    """A server of a compute party. It gets ciphertexts and evaluation keys, and gives encrypted heads.

    Parameters
    ----------
    url : str
        Address, as ``train-head serve`` prints it, or the name of a server that ``train-head remote add`` knows.
    token : str, default=None
        Token of the account. It stays in memory, and no pickle has it. If None, the one that ``train-head remote login`` keeps, or that of the
        variable ``TRAIN_HEAD_TOKEN``.
    fingerprint : str, default=None
        Fingerprint of the server's certificate, ``"sha256:..."``, or ``"system"`` for one that this system trusts. If None, that of a server which
        is known; of another, the certificate that it shows now is the only one accepted from now on.
    project : str, default=None
        Project there; the account's first if None.
    home : path-like, default=None
        Folder of the identity that signs and of the servers that are known; ``~/.config/train-head`` if None.
    verbose : int, default=0
        With 1, progress and messages on standard error.

    Examples
    --------
    >>> cloud = Client("https://cloud.example:7843", token=token, fingerprint="sha256:...")      # doctest: +SKIP
    >>> head = cloud.train(data_party.encrypt(), data_party.keygen(), out="head.enc")              # doctest: +SKIP
    """

    def __init__(self, url, *, token=None, fingerprint=None, project=None, home=None, verbose=0):
        self.url = url.rstrip("/")
        self.token = token
        self.project = project
        self.home = home
        self.verbose = verbose
        if "://" in self.url:
            self._remember(fingerprint)
        elif fingerprint is not None:
            raise ValueError("fingerprint goes with an address: a server that is known by name has one already.")

    def __repr__(self):
        return f"{type(self).__name__}({self.url!r})"

    def __getstate__(self):
        return {**self.__dict__, "token": None}

    def __deepcopy__(self, memo):
        # within this process, as `sklearn.base.clone` asks for
        return copy.copy(self)

    def __copy__(self):
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def push(self, *paths):
        """Send folders of evaluation keys, encrypted samples of a training or samples to score. Sent again, it goes on where it stopped.

        Parameters
        ----------
        *paths : path-like
            Files and folders, as ``DataParty.keygen`` and ``DataParty.encrypt`` give them.

        Returns
        -------
        list of str
            The upload that each is on the server.
        """
        return [upload["upload"] for upload in self._run("push", *paths)]

    def submit(self, keys, data, *, head=None, score=False, priority=0):
        """Ask for a training, or for scores.

        Parameters
        ----------
        keys, data : str
            Uploads, as ``push`` names them.
        head : str, default=None
            Job of an earlier training, whose head is trained further or scores the samples.
        score : bool, default=False
            Whether to score the samples with that head.
        priority : int, default=0
            Jobs of higher priority come first.

        Returns
        -------
        str
            The job.
        """
        return self._run("submit", keys=keys, data=data, head=head, score=score, priority=priority)["id"]

    def watch(self, job):
        """Wait until a job has ended. ^C ends the waiting, not the job.

        Parameters
        ----------
        job : str
            The job.

        Returns
        -------
        dict
            The job with its result.
        """
        return self._run("watch", job)

    def fetch(self, job, out, *, overwrite=False):
        """Wait for a job, and fetch its encrypted head or scores.

        Parameters
        ----------
        job : str
            The job.
        out : path-like
            The file to write.
        overwrite : bool, default=False
            Whether a file that is there may be replaced.

        Returns
        -------
        Path
            The file, for ``DataParty.decrypt``.
        """
        self._run("fetch", job, out=out, overwrite=overwrite)
        return Path(out)

    def train(self, data, keys, out="head.enc", *, overwrite=False, **submit):
        """Send keys and samples, wait for the training, and fetch the encrypted head: ``push``, ``submit`` and ``fetch``.

        Parameters
        ----------
        data : path-like
            Encrypted samples.
        keys : path-like
            Folder of evaluation keys.
        out : path-like, default="head.enc"
            The file to write.
        overwrite : bool, default=False
            Whether a file that is there may be replaced.
        **submit
            As for ``submit``.

        Returns
        -------
        Path
            The encrypted head, for ``DataParty.decrypt``.
        """
        return self.fetch(self.submit(*self.push(keys, data), **submit), out, overwrite=overwrite)

    def score(self, head, data, keys, out="scores.enc", *, overwrite=False):
        """Let the server predict: it sees neither samples nor head nor scores.

        Parameters
        ----------
        head : str
            Job of the training.
        data : path-like
            Samples by ``DataParty.encrypt_samples``.
        keys : path-like
            Folder of evaluation keys.
        out : path-like, default="scores.enc"
            The file to write.
        overwrite : bool, default=False
            Whether a file that is there may be replaced.

        Returns
        -------
        Path
            Encrypted scores, for ``DataParty.predict_scores``.
        """
        return self.train(data, keys, out, overwrite=overwrite, head=head, score=True)

    def status(self, job=None):
        """The project with its uploads and jobs, or one job.

        Parameters
        ----------
        job : str, default=None
            The job.

        Returns
        -------
        dict
            What the server says.
        """
        return self._run("status", *([] if job is None else [job]))

    def cancel(self, job):
        """Stop a job.

        Parameters
        ----------
        job : str
            The job.

        Returns
        -------
        dict
            The job.
        """
        return self._run("cancel", job)

    def rm(self, *ids):
        """Remove uploads, and jobs that have ended. Nothing is removed by itself.

        Parameters
        ----------
        *ids : str
            Uploads and jobs.
        """
        self._run("rm", *ids)

    def _run(self, step, *positional, **flags):
        environment = {} if self.token is None else {"TRAIN_HEAD_TOKEN": self.token}
        where = {"server": self.url, "project": self.project}
        return run(
            f"remote {step}",
            *positional,
            home=self.home,
            verbose=self.verbose,
            environment=environment,
            **where,
            **flags,
        )

    def _remember(self, fingerprint):
        """Make the server known under its address, unless it is with this certificate."""
        known = self._known()
        if known is not None and fingerprint in (None, known.get("fingerprint") or "system"):
            return
        name = re.sub(r"[^a-z0-9]+", "-", self.url.split("://", 1)[1].lower()).strip("-")
        run(
            "remote add",
            name,
            self.url,
            home=self.home,
            verbose=self.verbose,
            fingerprint=fingerprint,
            overwrite=known is not None,
        )

    def _known(self):
        """What is kept of the server."""
        home = self.home or os.environ.get("TRAIN_HEAD_HOME") or Path.home() / ".config" / "train-head"
        book = Path(home) / "remotes.json"
        if not book.exists():
            return None
        return next((one for one in json.loads(book.read_text())["remotes"].values() if one["url"] == self.url), None)


__all__ = ["Client", "CommandError"]
