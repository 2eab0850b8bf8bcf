"""Builds the pages (web/) into the package where Node is there; without it the rest installs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = 20
ENTRIES = {
    "src/saccade/view/live/page": ("index.html", "notebook.js"),  # in a tab, in a notebook
    "src/saccade/serve/page": ("index.html", "page.js", "page.css", "icon.svg"),
}


class PageHook(BuildHookInterface):
    """Runs `npm ci` and `npm run build`, unless the pages are newer than what they are made of."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        build_data["artifacts"].extend(f"{folder}/**" for folder in ENTRIES)
        problem = "" if is_built(root) else build(root)
        if problem:
            self.app.display_warning(
                f"The pages were not built: {problem}. Everything else works; "
                f"`saccade view` and `saccade serve` say what to do."
            )


def is_built(root: Path) -> bool:
    """Whether the pages are there and newer than their sources (an sdist may hold them alone)."""
    entries = [root / folder / name for folder, names in ENTRIES.items() for name in names]
    web = root / "web"
    if not all(entry.is_file() for entry in entries):
        return False
    oldest = min(entry.stat().st_mtime for entry in entries)
    sources = (p for p in web.rglob("*") if p.is_file() and "node_modules" not in p.parts)
    return all(source.stat().st_mtime <= oldest for source in sources)


def build(root: Path) -> str:
    """Builds them; what was in the way, in words, or nothing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return f"Node {NODE} or newer is needed"
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)", said)
    if found is None or int(found[1]) < NODE:
        return f"Node {NODE} or newer is needed, {said.strip() or 'none'} is here"
    for words in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        done = subprocess.run([npm, *words], cwd=root / "web", capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            return f"`npm {words[0]}` failed{': ' + last[0] if last else ''}"
    return ""


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    said = "" if is_built(here) else build(here)
    print(f"the pages were not built: {said}" if said else f"the pages: {', '.join(ENTRIES)}")
    sys.exit(1 if said and os.environ.get("CI") == "true" else 0)
