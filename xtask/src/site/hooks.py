"""The site's own steps in mkdocs: pages from files beside docs/, notebooks as pages, links that leave the site.

Links are written as they hold in the repository. Those to files that are no pages become their text; a file that is not there is a warning,
which `--strict` makes an error.
"""

import json
import logging
import os
import re
from pathlib import Path

from mkdocs.structure.files import File

_LOG = logging.getLogger("mkdocs.hooks.train_head")
_ROOT = Path(__file__).parents[3]
#: Files beside docs/ that are pages.
_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benches/runs/README.md": "runs.md",
    "data/README.md": "data.md",
    "deploy/README.md": "deploy.md",
    "fuzz/README.md": "fuzz.md",
    "models/README.md": "models.md",
}
_SOURCES = {page: source for source, page in _PAGES.items()}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)


def on_files(files, config):
    """Add the pages from outside docs/, and notebooks as pages."""
    for source, page in _PAGES.items():
        files.append(File.generated(config, page, content=(_ROOT / source).read_text()))
    for notebook in sorted((_ROOT / "docs" / "notebooks").glob("*.ipynb")):
        page = f"notebooks/{notebook.stem}.md"
        files.append(File.generated(config, page, content=_page_of(json.loads(notebook.read_text()))))
    for name in [file.src_uri for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(files.get_file_from_path(name))
    return files


def on_page_markdown(markdown, page, **_):
    """Turn links that leave docs/ into links within the site, or into their text."""
    parts = _FENCE.split(markdown)
    # every second part is a block of code
    parts[::2] = [_LINK.sub(lambda link: _link(link, page.file.src_uri), part) for part in parts[::2]]
    return "".join(parts)


def _link(link, page):
    image, text, target = link.groups()
    path, _, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", target):
        return link[0]
    source = _SOURCES.get(page, f"docs/{page}")
    found = os.path.normpath(os.path.join(os.path.dirname(source), path))
    if not (_ROOT / found).exists():
        _LOG.warning("%s links to %s, which is not there", source, target)
        return text
    in_site = _PAGES.get(found) or (found.removeprefix("docs/") if found.startswith("docs/") else None)
    in_site = in_site and re.sub(r"\.ipynb$", ".md", in_site)
    if in_site is None or (_ROOT / found).is_dir():
        return text
    relative = os.path.relpath(in_site, os.path.dirname(page) or ".")
    return f"{image}[{text}]({relative}{'#' + anchor if anchor else ''})"


def _page_of(notebook):
    """A notebook as Markdown, with its outputs."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            text = output.get("text", data.get("text/plain", ""))
            if "image/png" in data:
                image = "".join(data["image/png"]).replace("\n", "")
                parts.append(f'<img alt="plot of the cell above" src="data:image/png;base64,{image}">')
            elif text:
                parts.append(f"```text\n{''.join(text).rstrip()}\n```")
    return "\n\n".join(parts) + "\n"
