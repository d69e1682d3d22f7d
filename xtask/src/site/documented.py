"""Documentation as the site's reader of docstrings takes it.

The shared parts of the estimators' documentation are filled in, as `train_head._base.documented` does when the package is imported. A set of choices is
written as a list: the reader would take the first of a set for the default.
"""

import ast
import re
from pathlib import Path

import griffe

_BASE = Path(__file__).parents[3] / "python" / "train_head" / "_base.py"
_SHARED = {
    statement.targets[0].id: ast.literal_eval(statement.value)
    for statement in ast.parse(_BASE.read_text()).body
    if isinstance(statement, ast.Assign) and statement.targets[0].id in ("PARAMETERS", "ATTRIBUTES")
}


_CHOICES = re.compile(r"(^ *\w+ : )\{([^}]*)\}", re.MULTILINE)


class Documented(griffe.Extension):
    """Changes docstrings when they are read."""

    def on_instance(self, *, obj, **_):
        """Change the docstring of an object."""
        if obj.docstring is None:
            return
        text = obj.docstring.value
        for name in ("PARAMETERS", "ATTRIBUTES"):
            lines = [line[4:] for line in _SHARED[name].strip("\n").splitlines()]
            text = text.replace(f"<{name.lower()}>", "\n".join(lines))
        obj.docstring.value = _CHOICES.sub(lambda found: found[1] + " or ".join(found[2].rsplit(", ", 1)), text)
