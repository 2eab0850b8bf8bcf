"""RUN/README.md: short, true, and Markdown whatever the names are."""

import re

import pytest

from saccade.core.errors import BadRun
from saccade.core.text import markdown
from saccade.run.directory import Run
from saccade.run.events import Accuracy, Intervened
from saccade.view.card import write_card

NAMES = ("<script>x</script>", "[a](http://evil.example)", "*b* _c_ `d`", "| e #1\n# f", "猫")


def read(run):
    return write_card(run).read_text("utf-8")


def test_the_card_says_what_was_asked_on_the_way(tell):
    stop = Intervened(10, "stop", None, "page", 40)
    assert "- Asked on the way: step 10: stopped (page)\n" in read(tell(asked=[stop]))
    assert "Asked" not in read(tell())


def test_the_card_says_what_it_is(digits_run):
    card, facts = read(digits_run), digits_run.facts
    test = Accuracy(**digits_run.metrics["test"])
    assert write_card(digits_run) == digits_run.path / "README.md"
    assert card.startswith("# digits, softmax\n")
    for said in (
        "it tells 10 classes apart: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.",
        f"- Data: {facts['data']['statement']}",
        "- Model: softmax, 650 parameters",
        "- Recipe: default",
        f"- Test accuracy: {test}",
        f"with the weights of step {digits_run.metrics['step_read']}, which were best on",
        f"- Made: {facts['created']}, saccade {facts['versions']['saccade']}",
        "eval/mistakes/ hold pictures of the data",
        f"saccade predict '{digits_run.path}' PICTURE...",
        f"saccade eval '{digits_run.path}'",
    ):
        assert said in card, said
    assert 10 <= len([line for line in card.splitlines() if line]) <= 16


def test_names_are_nothing_but_names(tell):
    recipe = {"name": "<i>", "source": "a_b & c"}
    card = read(tell(classes=NAMES, labels=(0, 1), answers=(0, 1), recipe=recipe))
    plain = re.sub(r"\\.", "", card)
    assert not re.search(r"[<>\[\]*_|&]", plain.split("```")[0])
    assert len(re.findall(r"^#", card, re.MULTILINE)) == 1
    # What a reader sees once Markdown has taken the backslashes away.
    seen = re.sub(r"\\([\\`*_\[\]<>&#|~!$@])", r"\1", card)
    for name in NAMES:
        assert name.replace("\n", "\\n") in seen
    assert "<i> (a_b & c)" in seen


def test_markdown_escapes_what_it_escapes_with():
    assert markdown("\\<") == "\\\\\\<"
    assert markdown("1,797 grey images 8x8 (held out); 5 %") == (
        "1,797 grey images 8x8 (held out); 5 %"
    )


def test_a_watched_test_is_said_to_be_watched(tell):
    card = read(tell(recipe={"watch": "test"}))
    assert "- Test: watched during training, as the deck does; the last step counts, best" in card
    assert "read once" not in card


def test_many_classes_stay_short(tell):
    names = tuple(f"class{i:03}" for i in range(200))
    card = read(tell(classes=names, labels=(0, 1), answers=(0, 1)))
    assert "200 classes apart" in card and "class019, ..." in card and "class020" not in card


@pytest.mark.parametrize("events", range(1, 9))
def test_an_unfinished_run_is_not_called_finished(tell, events):
    card = read(tell(events=events))
    assert "Test accuracy: not known, the run is not finished (died)" in card
    assert ("validation 7" in card) == (events >= 4)
    assert "- Test: not read" in card and "saccade train --resume" in card
    assert "saccade eval" not in card or "--split validation" in card


def test_a_run_that_never_started(tmp_path):
    assert "the run never started" in read(Run(tmp_path))
    with pytest.raises(BadRun):
        write_card(tmp_path / "gone")
