"""The program ``train-head``: the command line, from the same shared object as the package."""

import sys

from . import _native


def main():
    """Run the command line with the words of ``sys.argv``, and end with its exit code."""
    sys.exit(_native.main(["train-head", *sys.argv[1:]], [sys.executable, "-m", "train_head"]))
