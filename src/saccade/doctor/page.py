"""The doctor's page: every finding with its pictures, in one file."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from saccade.core.thumbnails import thumbnails
from saccade.doctor.drawings import Drawings
from saccade.doctor.finding import Finding
from saccade.doctor.pictures import Pictures

MOST = 60  # pictures of one finding
SIDE = 96
STYLE = """
:root{color-scheme:light dark;--line:#8884}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{margin:0}h2{margin:2rem 0 .2rem;border-top:1px solid var(--line);padding-top:1rem}
.stop{color:#c22}.warn{color:#b60}.note{color:inherit}p{margin:.2rem 0}
.sets{display:flex;flex-wrap:wrap;gap:.8rem;margin:.8rem 0}
.set{display:flex;gap:.3rem;border:1px solid var(--line);border-radius:6px;padding:.4rem}
figure{margin:0;width:6.5rem}figcaption{font-size:.75rem;overflow-wrap:anywhere}
img{width:6rem;image-rendering:pixelated;display:block}.none{width:6rem;height:4rem;opacity:.4}
"""


def page(
    pictures: Pictures,
    findings: Sequence[Finding],
    counts: Mapping[str, int],
    drawings: Sequence[Drawings] = (),
) -> str:
    """HTML that loads nothing and runs nothing."""
    rows = {name: row for row, name in enumerate(pictures.names)}
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    body = "".join(_finding(pictures, rows, finding) for finding in findings)
    if not findings:
        body = "<p>Nothing was found.</p>"
    body += "".join(_drawings(pictures, rows, one) for one in drawings)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
        f"<title>saccade doctor: {escape(pictures.name)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(pictures.name)}</h1><p>{told}</p>{body}</body></html>"
    )


def _finding(pictures: Pictures, rows: Mapping[str, int], finding: Finding) -> str:
    shown = finding.pictures[:MOST]
    sets = "".join(
        f'<div class="set">{"".join(_figure(pictures, rows.get(name), name) for name in together)}'
        "</div>"
        for together in shown
    )
    more = len(finding.pictures) - len(shown)
    return (
        f'<section><h2 class="{finding.level}">{escape(finding.says)}</h2>'
        f"<p>{escape(finding.advice)}</p>"
        f'<div class="sets">{sets}</div>{f"<p>and {more:,} more</p>" if more else ""}</section>'
    )


def _drawings(pictures: Pictures, rows: Mapping[str, int], drawings: Drawings) -> str:
    """Each original, and right of it what became of it."""
    sets = "".join(
        f'<div class="set">{_figure(pictures, rows[name], name)}'
        f"{''.join(map(_drawn, pixels))}</div>"
        for name, pixels in zip(drawings.names, drawings.pixels, strict=True)
    )
    return (
        f"<section><h2>{escape(drawings.augmentation)}</h2><p>Each original, and right of it what "
        f'training might see of it.</p><div class="sets">{sets}</div></section>'
    )


def _drawn(pixels: np.ndarray) -> str:
    return f'<figure><img alt="changed" src="{_source(pixels)}"></figure>'


def _figure(pictures: Pictures, row: int | None, name: str) -> str:
    if row is None or pictures.verdicts[row].refused:
        refused = pictures.verdicts[row].refused if row is not None else None
        why = escape(": ".join(refused)) if refused else ""
        return (
            f'<figure><div class="none"></div><figcaption>{escape(name)} {why}</figcaption>'
            "</figure>"
        )
    label = pictures.classes[pictures.labels[row]]
    told = f"{escape(name)} <b>{escape(label)}</b>, {pictures.parts[row]}"
    return (
        f'<figure><img alt="{escape(name)}" src="{_source(pictures.pixels[row])}">'
        f"<figcaption>{told}</figcaption></figure>"
    )


def _source(pixels: np.ndarray) -> str:
    small = thumbnails(pixels[None], SIDE)[0]
    file = io.BytesIO()
    Image.fromarray(small[..., 0] if small.shape[2] == 1 else small).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
