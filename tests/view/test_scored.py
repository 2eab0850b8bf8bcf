"""The page of many answers: what it says is what was counted, and it runs nothing."""

import re

import numpy as np
import pytest

from saccade.score.shown import Shown
from saccade.score.table import Row
from saccade.score.tally import Tally
from saccade.view.scored import Scored, scored_page

CLASSES = ("cat", "dog", "<i>owl</i>", "d", "e", "f", "g")
EVIL = '"><script>alert(1)</script>.png'


def shown(path, label, answer, share, of_label, side=8, channels=1):
    others = [name for name in CLASSES if name not in (answer, label)][:4]
    topk = ((answer, share), *((name, (1 - share) / 10) for name in others))
    return Shown(path, label, topk, of_label, np.full((side, side, channels), 90, np.uint8))


def page_of(*rows, mistakes=(), doubtful=(), refused=()):
    tally = Tally(CLASSES)
    for row in rows:
        tally.add(Row(*row))
    return scored_page(Scored("run <b>", "photos & more", tally, mistakes, doubtful, refused))


def bars(html):
    """(class, kind, width, told) of every bar."""
    return re.findall(
        r'<span class="of ?(?:\w*)" title="([^"]*)">.*?</span>'
        r'<span class="chance (\w*)"><i style="width:([\d.]+)%"></i></span><span>([\d.]+ %)',
        html,
    )


def test_true_is_blue_and_wrong_is_red_and_the_true_class_always_has_a_bar():
    html = page_of(("cat", "dog", 0.93, ""), mistakes=[shown("a.png", "cat", "dog", 0.93, 0.004)])
    told = bars(html)
    assert told[0] == ("dog", "wrong", "93.0", "93 %")
    assert told[-1] == ("cat", "true", "0.4", "0 %")
    assert len(told) == 6
    assert {kind for _, kind, _, _ in told[1:-1]} == {""}
    assert '<b class="wrong"><bdi>dog</bdi> 93 % (<bdi>cat</bdi>)</b>' in html


def test_what_is_right_is_blue():
    html = page_of(("dog", "dog", 0.6, ""), doubtful=[shown("a.png", "dog", "dog", 0.6, 0.6)])
    assert bars(html)[0] == ("dog", "true", "60.0", "60 %")
    assert "wrong" not in {kind for _, kind, _, _ in bars(html)}
    assert '<b class="true"><bdi>dog</bdi> 60 % (<bdi>dog</bdi>)</b>' in html
    assert "There is none to show." in html


def test_without_a_label_nothing_is_judged():
    html = page_of(("", "dog", 0.6, ""), doubtful=[shown("a.png", "", "dog", 0.6, None)])
    assert bars(html)[0] == ("dog", "said", "60.0", "60 %")
    assert '<b class="said"><bdi>dog</bdi> 60 %</b>' in html
    assert "true classes are not known" in html
    assert "accuracy" not in html.partition("<body>")[2]


def test_a_label_it_does_not_know_is_said_and_not_judged():
    html = page_of(
        ("unicorn", "dog", 0.6, ""), doubtful=[shown("a.png", "unicorn", "dog", 0.6, None)]
    )
    assert "Not a class of this network: <bdi>unicorn</bdi> (1)" in html
    assert '<b class="said"><bdi>dog</bdi> 60 % (<bdi>unicorn</bdi>)</b>' in html


def test_numbers_are_those_that_were_counted():
    rows = [("cat", "cat", 0.9, "")] * 3 + [("dog", "cat", 0.8, "")] + [("", "", 0, "missing")] * 30
    html = page_of(
        *rows,
        mistakes=[shown("a.png", "dog", "cat", 0.8, 0.1)],
        doubtful=[shown("b.png", "cat", "cat", 0.9, 0.9)],
        refused=[(EVIL, "missing")] * 20,
    )
    assert "<strong>75.00 %</strong> (95 % interval 30.06 to 95.44, n = 4)" in html
    for words in ("All mistakes", "The 1 other answers it was least sure of", "30 could not be"):
        assert words in html
    assert "and 10 more" in html
    assert "0.0 %</td><td>1</td><td>0</td>" in html  # dog: found, pictures, answered
    assert "100.0 %</td><td>3</td><td>4</td>" in html


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (28, 3), (227, 3), (1000, 1), (300, 3)])
def test_it_carries_its_pictures_and_loads_and_runs_nothing(side, channels):
    one = shown(EVIL, "<i>owl</i>", "dog", 0.5, 0.1, side, channels)
    html = page_of(("cat", "dog", 0.5, ""), mistakes=[one])
    assert "<script" not in html and "<i>owl" not in html
    assert "default-src 'none'" in html
    sources = re.findall('src="([^"]*)"', html)
    kind = "png" if side < 60 else "jpeg"
    assert len(sources) == 1
    assert sources[0].startswith(f"data:image/{kind};base64,")
    assert len(html) < 40_000


def test_many_classes_are_folded():
    tally = Tally([f"c{i}" for i in range(60)])
    for i in range(60):
        tally.add(Row("", f"c{i}", 0.5, ""))
    html = scored_page(Scored("r", "d", tally, (), (), ()))
    assert "<summary>All 60 classes</summary>" in html
