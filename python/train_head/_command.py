"""Commands of ``train-head`` in processes of their own."""

import json
import os
import signal
import subprocess
import sys


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


class Each(list):
    """Values of a flag that is given once for each."""


def run(command, *positional, home=None, verbose=0, environment=None, **flags):
    """Run a command, and give what it says as JSON.

    Parameters
    ----------
    command : str
        Its name, such as ``"train"`` or ``"remote push"``.
    *positional
        What the command takes beside flags.
    home : path-like, default=None
        Folder of the identity that signs; the user's if None.
    verbose : int, default=0
        With 1, progress and messages on standard error.
    environment : dict, default=None
        Variables for the command alone.
    **flags
        Flags, named as on the command line with ``_`` for ``-``.

    Returns
    -------
    dict or list
        What the command says with ``--json``.
    """
    words = [sys.executable, "-m", "train_head", *command.split(), "--json", *_words(flags), *map(str, positional)]
    if not verbose:
        words.append("--quiet")
    variables = {**os.environ, **(environment or {})}
    if home is not None:
        variables["TRAIN_HEAD_HOME"] = str(home)
    errors = None if verbose else subprocess.DEVNULL
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


def _words(flags):
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if isinstance(value, Each):
            for one in value:
                yield from (flag, str(one))
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
