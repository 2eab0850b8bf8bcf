"""What is shown of a training that is steered."""

import io

import pytest
from rich.console import Console

from saccade.cli import progress
from saccade.run.events import Evaluated, Intervened, StepsDone


def steps(first, last):
    count = last - first + 1
    return StepsDone(first, last, 0.5, (1.0,) * count, (0.5,) * count, (0.1,) * count, 100 * count)


def evaluated(step):
    return Evaluated(step, "validation", 0.5, 1.0, 10, True, 1.0, 0.5, 0.1, 0.01)


PAUSE = Intervened(10, "pause", None, "page", 100)
LONGER = Intervened(10, "epochs", 1.0, "page", 150)
RESUME = Intervened(10, "resume", None, "control", 150)


def test_a_bar_says_paused_and_takes_the_new_length():
    written = io.StringIO()
    with progress._bar(Console(file=written, force_terminal=True, width=120)) as bar:
        show = progress._on_terminal(bar, 0, 100)
        (task,) = bar.tasks
        for event, text, total in (
            (steps(1, 10), "2,000 images/s", 100),
            (PAUSE, "paused", 100),
            (LONGER, "paused", 150),
            (RESUME, "resumed", 150),
            (steps(11, 20), "2,000 images/s", 150),
        ):
            show(event)
            assert (task.fields["text"], task.total) == (text, total)
    assert "step 10: paused (page)" in written.getvalue()
    assert "step 10: resumed (control)" in written.getvalue()


@pytest.mark.parametrize("paused_for", [0, 1000])
def test_a_pause_is_no_part_of_the_time_left(monkeypatch, capsys, paused_for):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = progress._Lines(100)

    def show(event, after):
        nonlocal now
        now += after
        lines(event)
        return capsys.readouterr().err

    show(evaluated(1), 5)
    show(evaluated(10), 9)
    assert show(PAUSE, 0) == "step 10: paused (page)\n"
    assert "1 epoch more, 150 steps in all (page)" in show(LONGER, paused_for / 2)
    assert show(RESUME, paused_for / 2) == "step 10: resumed (control)\n"
    said = show(evaluated(20), 10)
    assert "step 20/150" in said
    assert "about 2 min 10 s left" in said
