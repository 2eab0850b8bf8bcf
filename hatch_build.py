"""Builds the page (web/) into the package where Node is there; without it the rest installs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = 20
PAGE = "src/saccade/view/live/page"
ENTRIES = ("index.html", "notebook.js")  # in a tab, in a notebook


class PageHook(BuildHookInterface):
    """Runs `npm ci` and `npm run build`, unless the page is newer than what it is made of."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        build_data["artifacts"].append(f"{PAGE}/**")
        problem = "" if is_built(root) else build(root)
        if problem:
            self.app.display_warning(
                f"The live page was not built: {problem}. Everything else works; "
                f"`saccade view` says what to do."
            )


def is_built(root: Path) -> bool:
    """Whether the page is there and newer than its sources (an sdist may hold the page alone)."""
    entries, web = [root / PAGE / name for name in ENTRIES], root / "web"
    if not all(entry.is_file() for entry in entries):
        return False
    oldest = min(entry.stat().st_mtime for entry in entries)
    sources = (p for p in web.rglob("*") if p.is_file() and "node_modules" not in p.parts)
    return all(source.stat().st_mtime <= oldest for source in sources)


def build(root: Path) -> str:
    """Builds it; what was in the way, in words, or nothing."""
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
    print(f"the live page was not built: {said}" if said else f"the live page: {here / PAGE}")
    sys.exit(1 if said and os.environ.get("CI") == "true" else 0)
