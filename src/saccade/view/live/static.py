"""The page's own files, which Vite built into `page/`: only what is there, by its name."""

from pathlib import Path

from starlette.responses import Response

PAGE = Path(__file__).parent / "page"
NOTEBOOK = PAGE / "notebook.js"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
FOREVER = "private, max-age=31536000, immutable"  # assets have a hash of their bytes in their names
MISSING = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>saccade</title>
<h1>The page was not built</h1>
<p>The server works, but this installation of saccade lacks the page it should show. A released
wheel contains it. In a checkout it is built with Node 20 or newer:</p>
<pre>cd web
npm ci
npm run build</pre>
<p>Then load this page again. Until then <code>report.html</code> in a run's folder shows what the
run did.</p>
</html>
"""


def index(page: Path) -> Response:
    """The page itself, or what to do where it was not built."""
    try:
        return Response((page / "index.html").read_bytes(), headers=_kind(".html", "no-cache"))
    except OSError:
        return Response(MISSING, 503, headers=_kind(".html", "no-store"))


def asset(page: Path, name: str) -> Response | None:
    """A file of `assets/`; `name` is only compared with what is there."""
    try:
        found = {path.name: path for path in (page / "assets").iterdir() if path.is_file()}
    except OSError:
        return None
    path = found.get(name)
    if path is None or path.suffix not in TYPES:
        return None
    return Response(path.read_bytes(), headers=_kind(path.suffix, FOREVER))


def _kind(suffix: str, caching: str) -> dict[str, str]:
    return {"content-type": TYPES[suffix], "cache-control": caching}
