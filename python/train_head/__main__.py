"""``python -m train_head``: the command line."""

from ._program import main

main()
