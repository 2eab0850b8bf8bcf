"""What a network answers to many pictures, and the pictures to look at, in one file.

Beside each picture a bar for each of its likeliest classes, as the course's notebooks plot them
(TensorFlow, "Basic classification"): the true class blue, a wrong answer red; below, the answer,
its probability and the true class.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from saccade.core.thumbnails import thumbnails
from saccade.score.shown import Shown
from saccade.score.tally import Tally
from saccade.view import page

SIDE = 112  # of a picture, in CSS pixels; small ones are enlarged by whole numbers
OPEN = 40  # classes; longer tables are folded


@dataclass(frozen=True)
class Scored:
    """What the page tells: by which network and of which data, counts, and pictures.

    `doubtful` are answers it was least sure of that are not among the `mistakes`; `refused` are
    (picture, why) of some that could not be read.
    """

    network: str
    data: str
    tally: Tally
    mistakes: Sequence[Shown]
    doubtful: Sequence[Shown]
    refused: Sequence[tuple[str, str]]


def scored_page(scored: Scored) -> str:
    """HTML that loads nothing and runs nothing."""
    parts = (_headline(scored), _unknown(scored), _pictures(scored), _classes(scored))
    body = "\n".join(filter(None, (*parts, _refused(scored))))
    return page.document(f"{scored.data} - saccade predict", body, "scored.css")


def _headline(scored: Scored) -> str:
    tally, accuracy = scored.tally, scored.tally.accuracy
    what = (
        f'<p class="eyebrow">saccade predict {page.name(scored.network)}</p>'
        f"<h1>{page.name(scored.data)}</h1>"
    )
    if accuracy is None:
        return (
            f'{what}<p class="headline"><strong>{tally.read:,}</strong> '
            f"picture{'s' * (tally.read != 1)} answered; their true classes are not known</p>"
        )
    low, high = (f"{100 * accuracy[end]:.2f}" for end in ("low", "high"))
    return (
        f'{what}<p class="headline"><span class="what">accuracy</span> '
        f"<strong>{page.percent(accuracy['accuracy'])}</strong> "
        f"(95 % interval {low} to {high}, n = {accuracy['n']:,})</p>"
    )


def _unknown(scored: Scored) -> str:
    unknown = scored.tally.unknown
    if not unknown:
        return ""
    some = ", ".join(f"{page.name(name)} ({n:,})" for name, n in unknown.most_common(10))
    more = f" and {len(unknown) - 10:,} more" if len(unknown) > 10 else ""
    return page.paragraph(
        f"Not a class of this network: {some}{more}. What it answers to these pictures can't be "
        f"right, and is not counted.",
        "notice",
    )


def _pictures(scored: Scored) -> str:
    tally = scored.tally
    legend = "Grey bars are the other classes it thought of. Pictures are as the network sees them."
    if tally.accuracy is not None:
        legend = f"Blue is the true class, red a wrong answer. {legend}"
    wrong = ""
    if scored.mistakes:
        title = f"The {len(scored.mistakes):,} surest of {tally.mistakes:,} mistakes"
        if len(scored.mistakes) == tally.mistakes:
            title = "All mistakes"
        hint = "The surest first. Some may carry a wrong label. "
        wrong = page.section(title, page.paragraph(hint + legend), _figures(scored.mistakes))
    elif tally.accuracy is not None:
        wrong = page.section("Mistakes", page.paragraph("There is none to show."))
    if not scored.doubtful:
        return wrong
    others = "other " if scored.mistakes else ""
    title = f"The {len(scored.doubtful):,} {others}answers it was least sure of"
    if len(scored.doubtful) + len(scored.mistakes) == tally.read:
        title = f"All {others}answers, the least sure first"
    hint = "" if scored.mistakes else legend
    return wrong + page.section(title, page.paragraph(hint), _figures(scored.doubtful))


def _figures(shown: Sequence[Shown]) -> str:
    return f'<div class="scored">{"".join(map(_figure, shown))}</div>'


def _figure(one: Shown) -> str:
    answer, probability = one.topk[0]
    kind = "said" if one.of_label is None else "true" if answer == one.label else "wrong"
    true = f" ({page.name(one.label)})" if one.label else ""
    caption = (
        f'<b class="{kind}">{page.name(answer)} {page.percent(probability, 0)}{true}</b><br>'
        f"{page.name(one.path)}"
    )
    return (
        f'<figure><div class="both">{_picture(one)}{_chances(one, kind)}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _chances(one: Shown, kind: str) -> str:
    """A bar for each of the likeliest classes, and for the true one wherever it stands."""
    bars = list(one.topk)
    if one.of_label is not None and one.label not in dict(bars):
        bars.append((one.label, one.of_label))
    rows = ""
    for place, (name, share) in enumerate(bars):
        is_true = one.of_label is not None and name == one.label
        which = "true" if is_true else kind if place == 0 else ""
        rows += (
            f'<span class="of {which}" title="{page.text(name)}">{page.name(name)}</span>'
            f'<span class="chance {which}"><i style="width:{100 * share:.1f}%"></i></span>'
            f"<span>{page.percent(share, 0)}</span>"
        )
    return f'<div class="chances">{rows}</div>'


def _picture(one: Shown) -> str:
    """An <img> that carries its picture: small ones exactly, others as JPEG."""
    height, width = one.pixels.shape[:2]
    small = max(height, width) <= SIDE // 2
    pixels = one.pixels if small else thumbnails(one.pixels[None], 2 * SIDE)[0]
    scale = SIDE // max(height, width) if small else SIDE / max(height, width)
    kind = ("PNG", "pixelated") if small else ("JPEG", "smooth")
    return (
        f'<img class="{kind[1]}" alt="{page.text(one.path)}"'
        f' width="{width * scale:.0f}" height="{height * scale:.0f}"'
        f' src="data:image/{kind[0].lower()};base64,{_encoded(pixels, kind[0])}">'
    )


def _encoded(pixels: np.ndarray, kind: str) -> str:
    file = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.save(file, kind, quality=85)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _classes(scored: Scored) -> str:
    """How often each class is answered, and found."""
    tally = scored.tally
    names = [n for n in tally.classes if tally.answered[n] or tally.labelled[n]]
    header: Sequence[str] = ("class", "found", "pictures", "answered")
    rows: list[tuple[str, ...]] = [_class_row(tally, name) for name in names]
    if tally.accuracy is None:
        names.sort(key=lambda name: -tally.answered[name])
        header, rows = header[::3], [(page.name(n), f"{tally.answered[n]:,}") for n in names]
    table = page.table("numbers", header, rows)
    if len(names) > OPEN:
        table = f"<details><summary>All {len(names):,} classes</summary>{table}</details>"
    return page.section("Classes", table)


def _class_row(tally: Tally, name: str) -> tuple[str, ...]:
    n = tally.labelled[name]
    share = tally.found[name] / n if n else None
    filled = "" if share is None else f'<i style="width:{100 * share:.1f}%"></i>'
    told = "&ndash;" if share is None else page.percent(share, 1)
    bar = f'<span class="bar">{filled}</span>{told}'
    return page.name(name), bar, f"{n:,}", f"{tally.answered[name]:,}"


def _refused(scored: Scored) -> str:
    problems = scored.tally.problems
    if not problems:
        return ""
    rows = [f"{page.name(path)}: {page.text(why)}" for path, why in scored.refused]
    more = problems - len(rows)
    return page.section(
        f"{problems:,} could not be read",
        page.items(rows),
        page.paragraph(f"and {more:,} more") if more else "",
    )
