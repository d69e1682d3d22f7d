"""Several data parties that train one head: the commands ``train-head joint`` as methods, around a folder that all share."""

import json
import os
import tempfile
from pathlib import Path

from ._command import CommandError, Each, run
from ._samples import sources_of, write_private


class JointParty:
    """A party of a joint training: a data party, or a compute party.

    Nobody holds the secret key: each data party has a share of it. None sees another's samples, and the head is decrypted by all together.

    Parameters
    ----------
    session : path-like
        Folder of the session, which all parties share, by whatever carries files.
    folder : path-like, default=None
        Folder of this party, which never leaves it: ``share/``, ``head/``. A compute party needs none.
    passphrase : str, default=None
        Passphrase of the share of the secret. None keeps it in the clear, for its owner's eyes alone.
    home : path-like, default=None
        Folder of the identity that signs; ``~/.config/train-head`` if None.
    verbose : int, default=0
        With 1, progress and messages on standard error.

    Examples
    --------
    >>> north = JointParty("shared", "north")                                               # doctest: +SKIP
    >>> north.create("plan.json", X_public, y_public, compute=cloud.identity,
    ...     participants={"north": (north.identity, 800), "south": (south, 400)})           # doctest: +SKIP
    >>> north.join()                                                                        # doctest: +SKIP
    >>> while not north.keys(): ...                                                         # doctest: +SKIP
    >>> north.encrypt(X, y)                                                                 # doctest: +SKIP
    >>> north.decrypt()                                                                     # doctest: +SKIP
    """

    def __init__(self, session, folder=None, *, passphrase=None, home=None, verbose=0):
        self.session = Path(session)
        self.folder = None if folder is None else Path(folder)
        self.passphrase = passphrase
        self.home = home
        self.verbose = verbose
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def identity(self):
        """Public key that this party signs with, made where there is none: what the others name it by."""
        try:
            said = run("identity show", home=self.home)
        except CommandError as error:
            if error.kind != "file":
                raise
            said = run("identity create", home=self.home)
        return said["public_key"]

    def create(self, plan, features, labels=None, *, participants, compute, **flags):
        """Make the session: who takes part, the method, what will be decrypted. One party does.

        Parameters
        ----------
        plan : path-like
            Plan by ``DataParty.estimate`` on samples that everybody may see, with ``preset="n16-joint3-l25"`` for three data parties.
        features, labels : path-like or array-like
            These samples.
        participants : dict
            For each data party its name, and a pair: its ``identity``, and the most samples that it brings.
        compute : str or dict
            Identity of the compute party. Several by name: the first trains, others may compute it again.
        **flags
            Flags of the command, such as ``threshold=2`` or ``recomputations=1``.

        Returns
        -------
        dict
            What the command says with ``--json``.
        """
        flags["participant"] = Each(f"{name}={key}:{rows}" for name, (key, rows) in participants.items())
        flags["compute"] = (
            compute if isinstance(compute, str) else Each(f"{name}={key}" for name, key in compute.items())
        )
        with tempfile.TemporaryDirectory() as folder:
            sources = sources_of(features, labels, Path(folder))
            return self._run("create", plan=plan, **{**flags, **sources}, out=self.session)

    def join(self, **flags):
        """Agree to the session, and draw this party's share of the secret.

        Returns
        -------
        dict
            What the command says with ``--json``.
        """
        return self._run_with_share("join", no_passphrase=self.passphrase is None, **flags)

    def keys(self, wait=0):
        """Make the keys together, as far as the others have come.

        Parameters
        ----------
        wait : int, default=0
            Seconds to wait for the others.

        Returns
        -------
        bool
            Whether this party has done its part. If not, call it again when the others have come further.
        """
        return self._run_with_share("keys", wait=wait)["done"]

    def encrypt(self, features, labels=None, **flags):
        """Encrypt this party's samples under the key of all.

        Parameters
        ----------
        features : path-like or array-like of shape (n_samples, n_features)
            A table, or numbers.
        labels : path-like or array-like of shape (n_samples,), default=None
            Labels of an array.
        **flags
            Flags of the command, such as ``test_size=0.3``: the share that stays at home, to compare heads on.

        Returns
        -------
        dict
            What the command says with ``--json``.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            sources = sources_of(features, labels, Path(folder))
            said = self._run_with_share("encrypt", **sources, **flags)
            for name in ("features", "labels"):
                if name in sources:
                    path = Path(sources[name])
                    path = path.replace(self.folder / path.name) if path.parent == Path(folder) else path
                    sources[name] = os.path.abspath(path)
            write_private(self.folder / "sources.json", json.dumps(sources).encode())
        return said

    def train(self, *, check=False, wait=0):
        """Train on the data of all (the compute party), or compute the training again and sign that the head is the same.

        Parameters
        ----------
        check : bool, default=False
            Whether to compute it again.
        wait : int, default=0
            Seconds to wait for the data of all.

        Returns
        -------
        bool
            Whether it is done. If not, something has not come yet.
        """
        return _done(self._run("train", session=self.session, check=check, wait=wait))

    def decrypt(self, wait=0, **flags):
        """Make this party's share of the decryption, and open the head once all shares are there.

        Parameters
        ----------
        wait : int, default=0
            Seconds to wait for the others.
        **flags
            Flags of the command, such as ``set=["north", "west"]``.

        Returns
        -------
        Path or None
            Folder of the head, with ``report.json``: what it brings this party beside a head of its own. None if something has not come yet.
        """
        sources = json.loads((self.folder / "sources.json").read_text())
        out = self.folder / "head"
        said = self._run_with_share("decrypt", **sources, out=out, wait=wait, **flags)
        return out if _done(said) else None

    def status(self):
        """What has come from whom.

        Returns
        -------
        dict
            What the command says with ``--json``.
        """
        return self._run("status", session=self.session)

    def _run_with_share(self, step, **flags):
        if self.folder is None:
            raise ValueError(
                f"{step}() is a data party's: JointParty(session, folder) says where its share of the secret is."
            )
        return self._run(step, session=self.session, keys=self.folder / "share", **flags)

    def _run(self, step, **flags):
        environment = {} if self.passphrase is None else {"TRAIN_HEAD_PASSPHRASE": self.passphrase}
        return run(f"joint {step}", home=self.home, verbose=self.verbose, environment=environment, **flags)


def _done(said):
    return said.get("done", True)


__all__ = ["CommandError", "JointParty"]
