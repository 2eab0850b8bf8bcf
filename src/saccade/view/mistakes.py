"""The mistakes it was surest of, as pictures."""

import base64
import io
from pathlib import Path

from PIL import Image

from saccade.core.decode import decode
from saccade.core.errors import BadData
from saccade.view import page
from saccade.view.story import Story

SIDE = 112  # of a picture on the page, in CSS pixels; small ones are enlarged by whole numbers
COLUMNS = {"file", "picture", "label", "predicted", "probability", "probability_of_label"}


def mistakes(story: Story, most: int | None = None) -> str:
    """The pictures of eval/mistakes.csv, worst first; `most` of them, all without it."""
    if story.result is None:
        return ""
    rows, wrong = story.rows("mistakes.csv")[:most], story.result.mistakes
    if not wrong:
        return page.section("Mistakes", page.paragraph("There is none to show."))
    if not rows or not rows[0].keys() >= COLUMNS:
        return page.section("Mistakes", page.paragraph("eval/mistakes.csv is missing or damaged."))
    title = "All mistakes" if len(rows) == wrong else f"The {len(rows)} worst of {wrong:,} mistakes"
    figures = "".join(_figure(story.path / "eval" / "mistakes", row) for row in rows)
    return page.section(
        title,
        page.paragraph(
            "The surest first. Some of these are hard for people too; some may carry a wrong label."
        ),
        f'<div class="pictures">{figures}</div>',
    )


def _figure(folder: Path, row: dict[str, str]) -> str:
    lines = "".join(
        f"<span>{what} <b>{page.name(row[column])}</b></span><span>{_share(row, share)}</span>"
        for what, column, share in (
            ("true", "label", "probability_of_label"),
            ("answer", "predicted", "probability"),
        )
    )
    where = page.name(row["picture"])
    return (
        f'<figure>{_picture(folder, row)}<figcaption><div class="answers">{lines}</div>'
        f"{where}</figcaption></figure>"
    )


def _share(row: dict[str, str], column: str) -> str:
    try:
        return page.percent(float(row[column]), 1)
    except ValueError:
        return "?"


def _picture(folder: Path, row: dict[str, str]) -> str:
    """An <img> that carries its picture; only files right in `folder` are ever opened."""
    file = row["file"]
    try:
        if Path(file).name != file:
            raise BadData("not a plain name")
        data = (folder / file).read_bytes()
        height, width = decode(data).shape[:2]
        if max(height, width) > 2 * SIDE:
            data = _smaller(data)
    except (OSError, ValueError, BadData):
        return page.paragraph(f"{page.text(file) or 'the picture'} is missing or damaged")
    small = max(height, width) <= SIDE // 2
    scale = SIDE // max(height, width) if small else SIDE / max(height, width)
    words = f"{row['picture']}: shows {row['label']}, taken for {row['predicted']}"
    kind = "pixelated" if small else "smooth"
    return (
        f'<img class="{kind}" alt="{page.text(words)}"'
        f' width="{width * scale:.0f}" height="{height * scale:.0f}"'
        f' src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}">'
    )


def _smaller(data: bytes) -> bytes:
    """The same picture with no more pixels than a dense screen shows."""
    image = Image.fromarray(decode(data).squeeze())
    image.thumbnail((2 * SIDE, 2 * SIDE))
    shown = io.BytesIO()
    image.save(shown, "PNG")
    return shown.getvalue()
