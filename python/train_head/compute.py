"""The compute party: the commands ``train`` and ``score`` as methods. A wheel of the compute party alone has this module, too."""

from pathlib import Path

from ._command import CommandError, run

__all__ = ["CommandError", "ComputeParty"]


class Party:
    """A folder, and whose signatures count."""

    def __init__(self, folder, *, home=None, allow_unverified=False, verbose=0):
        self.folder = Path(folder)
        self.home = home
        self.allow_unverified = allow_unverified
        self.verbose = verbose
        self.folder.mkdir(parents=True, exist_ok=True)

    def _run(self, command, *positional, **flags):
        return run(command, *positional, home=self.home, verbose=self.verbose, **flags)


class ComputeParty(Party):
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

    def score(self, head, data, keys, **flags):
        """Predict encrypted samples with an encrypted head (``train-head score``).

        Parameters
        ----------
        head : path-like
            The encrypted head.
        data : path-like
            Samples by ``DataParty.encrypt_samples``.
        keys : path-like
            Folder of evaluation keys.
        **flags
            Flags of the command.

        Returns
        -------
        Path
            Encrypted scores, for the data party.
        """
        out = self.folder / "scores.enc"
        trust = {"allow_unverified": self.allow_unverified}
        self._run("score", head=head, data=data, keys=keys, out=out, **trust, **flags)
        return out

    @staticmethod
    def _interrupted(out):
        return any(out.parent.glob(out.name + "*checkpoint*"))
