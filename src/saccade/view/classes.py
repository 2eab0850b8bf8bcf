"""Which classes it knows well: precision, recall and F1."""

from dataclasses import dataclass

from saccade.view import page
from saccade.view.story import Story

OPEN = 40  # classes; longer tables are folded


@dataclass(frozen=True)
class _Score:
    """A row of the table: shares 0..1, None where there is nothing to divide by."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def classes(story: Story) -> str:
    """A row a class, from eval/per_class.csv."""
    if story.result is None:
        return ""
    scores = _scores(story)
    if scores is None:
        return page.section("Classes", page.paragraph("eval/per_class.csv is missing or damaged."))
    table = page.table(
        "numbers",
        ("class", "precision", "recall", "F1", "test pictures"),
        [
            (page.name(s.name), _bar(s.precision), _bar(s.recall), _bar(s.f1), f"{s.support:,}")
            for s in scores
        ],
    )
    if len(scores) > OPEN:
        table = f"<details><summary>All {len(scores):,} classes</summary>{table}</details>"
    return page.section(
        "Classes",
        page.paragraph(
            "Recall: of the pictures of a class, how many were found. Precision: of the answers "
            "that name a class, how many are right. F1 is their harmonic mean."
        ),
        _hardest(scores),
        table,
    )


def _scores(story: Story) -> list[_Score] | None:
    try:
        shares = [
            (
                _share(row["precision"]),
                _share(row["recall"]),
                _share(row["f1"]),
                int(row["support"]),
            )
            for row in story.rows("per_class.csv")
        ]
        return [_Score(name, *rest) for name, rest in zip(story.classes, shares, strict=True)]
    except (KeyError, ValueError):
        return None


def _share(cell: str) -> float | None:
    return float(cell) if cell else None


def _bar(share: float | None) -> str:
    """A share as a bar and a number; a dash where there was nothing to divide by."""
    if share is None:
        return '<span class="bar"></span>&ndash;'
    filled = f'<i style="width:{100 * share:.1f}%"></i>'
    return f'<span class="bar">{filled}</span>{page.percent(share, 1)}'


def _hardest(scores: list[_Score]) -> str:
    """A sentence on the class that is found least often."""
    known = [(score.recall, score) for score in scores if score.recall is not None]
    if not known:
        return ""
    recall, score = min(known, key=lambda pair: pair[0])
    if recall == 1:
        return page.paragraph("Every picture of every class was found.")
    return page.paragraph(
        f"Hardest to find: <b>{page.name(score.name)}</b>, "
        f"{page.percent(recall, 1)} of {score.support:,}."
    )
