"""What a run is told on its way, and that it can be told again."""

import dataclasses
import itertools

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadUsage
from saccade.run.control import write_request
from saccade.run.directory import Run
from saccade.run.events import Evaluated, Finished, Intervened, Saved, StepsDone
from saccade.train.checkpoint import ResumeFrom
from saccade.train.commands import (
    AddEpochs,
    Pause,
    Resume,
    Save,
    SetLearningRate,
    Stop,
    requests,
    time_limit,
)
from saccade.train.pace import Pace
from saccade.train.schedule import Constant


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


RECIPE = saccade.recipe("mlp-relu", steps=300, evaluate_every=60, patience=None, augment=())


def at(step, *commands):
    """Asks for these, once, as soon as so many steps are done."""
    left = [*commands]

    def source(events):
        done = next((e.last for e in reversed(events) if isinstance(e, StepsDone)), 0)
        if done < step:
            return []
        asked = left.copy()
        left.clear()
        return asked

    return source


def run_of(digits, *sources, recipe=RECIPE, **options):
    def commands(events):
        return [command for source in sources for command in source(events)]

    return list(saccade.fit("mlp-relu", digits, recipe, commands=commands, **options))


def weights_of(events):
    return [e for e in events if isinstance(e, Saved)][-1].checkpoint.weights


def assert_same(one, other):
    for name, value in weights_of(one).items():
        np.testing.assert_array_equal(value, weights_of(other)[name])


def rates_of(events):
    return list(
        itertools.chain.from_iterable(e.learning_rates for e in events if isinstance(e, StepsDone))
    )


def test_a_learning_rate_holds_from_the_next_step_on(digits):
    events = run_of(digits, at(60, SetLearningRate(0.5, "page")))
    [told] = [e for e in events if isinstance(e, Intervened)]
    assert (told.request, told.value, told.source, told.total_steps) == (
        "learning_rate", 0.5, "page", 300,
    )  # fmt: skip
    rates = rates_of(events)
    expected = [
        (RECIPE if s < told.step else RECIPE.with_rate(0.5)).rate(s, 300) for s in range(300)
    ]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize("stop", [(), (Stop("enough", "page"),)])
def test_what_is_asked_before_the_first_step_holds_from_it_on(digits, stop):
    """It is asked for once before the first chunk compiles."""
    events = run_of(digits, at(0, SetLearningRate(0.25, "page"), *stop))
    assert [type(e).__name__ for e in events[:2]] == ["Started", "Intervened"]
    assert events[1].step == 0
    if stop:
        assert (events[-1].step, events[-1].reason, rates_of(events)) == (0, "enough", [])
    else:
        assert_same(events, run_of(digits, recipe=RECIPE.with_rate(0.25)))


def test_a_limit_that_is_over_before_the_first_step_still_takes_one_chunk(digits):
    now = itertools.count()
    events = run_of(digits, time_limit(1e-9, clock=lambda: next(now)))
    assert 0 < events[-1].step < 300


def test_an_evaluation_tells_the_rate_that_was_used(digits):
    """Not the one that was asked for together with the end."""
    recipe = dataclasses.replace(RECIPE, schedule=Constant(0.01), evaluate_every=1000)
    events = run_of(digits, at(20, SetLearningRate(0.5), Stop("enough")), recipe=recipe)
    [evaluated] = [e for e in events if isinstance(e, Evaluated)]
    assert evaluated.learning_rate == 0.01


@pytest.mark.parametrize(
    "command", [SetLearningRate(0), SetLearningRate(float("nan")), AddEpochs(-1), AddEpochs(1e9)]
)
def test_a_number_out_of_range_is_refused(digits, command):
    with pytest.raises(BadUsage, match="takes a number above 0"):
        run_of(digits, at(0, command))


def test_who_asked_is_told_and_what_the_program_itself_does_is_no_intervention(digits):
    events = run_of(
        digits,
        at(0, Save(), SetLearningRate(0.01), Pause("page"), Resume("control")),
        at(60, Save("page")),
        at(120, Stop("early")),
    )
    told = [(e.request, e.source) for e in events if isinstance(e, Intervened)]
    assert told == [
        ("learning_rate", "program"),
        ("pause", "page"),
        ("resume", "control"),
        ("save", "page"),
    ]
    assert events[-1].reason == "early"


def test_more_epochs_stretch_the_schedule_and_the_evaluations_go_on(digits):
    recipe = dataclasses.replace(RECIPE, steps=None, epochs=10, least_steps=0, evaluate_every=None)
    images = len(digits.train) - 143
    before, each = recipe.total_steps(images), images / recipe.batch_size
    events = run_of(digits, at(50, AddEpochs(2.5, "control")), recipe=recipe)
    [told] = [e for e in events if isinstance(e, Intervened)]
    total = before + round(2.5 * each)
    assert told.total_steps == total
    rates = rates_of(events)
    assert len(rates) == total
    assert rates[-1] == pytest.approx(recipe.rate(total - 1, total))
    assert events[-1].step == total
    steps = [e.step for e in events if isinstance(e, Evaluated)]
    assert len(set(np.diff(steps[:-1]))) == 1


def test_epochs_asked_for_at_the_last_step_are_trained(digits):
    events = run_of(digits, at(300, AddEpochs(1, "page")))
    assert events[-1].step > 300


def test_paused_it_takes_no_step_until_it_goes_on(digits):
    asked = iter([[Pause("page")], [], [], [], [Resume("page")]])

    def source(events):
        done = next((e.last for e in reversed(events) if isinstance(e, StepsDone)), 0)
        return next(asked, []) if done >= 60 else []

    events = run_of(digits, source)
    kinds = [e for e in events if isinstance(e, Intervened | StepsDone)]
    places = [i for i, e in enumerate(kinds) if isinstance(e, Intervened)]
    assert [kinds[i].request for i in places] == ["pause", "resume"]
    assert places[1] == places[0] + 1
    assert kinds[places[0]].step == kinds[places[1]].step
    assert_same(events, run_of(digits))


def test_a_pause_is_saved_first_for_who_switches_off_meanwhile(digits):
    asked = iter([[Pause("page")], [], [], [Resume("page")]])
    events = run_of(digits, lambda events: next(asked, []))
    kinds = [type(e).__name__ for e in events]
    assert kinds[:4] == ["Started", "Intervened", "Saved", "Intervened"]


class Clock:
    """Every look at it takes a millisecond, every wait a thousand seconds."""

    now = 0.0

    def perf_counter(self):
        self.now += 0.001
        return self.now

    def sleep(self, seconds):
        self.now += 1000


def test_the_time_of_a_pause_is_no_time_of_training(digits, monkeypatch):
    monkeypatch.setattr(Pace, "steps", lambda self, left: min(15, left))
    monkeypatch.setattr("saccade.train.fit.time", Clock())
    asks = itertools.count()
    asked = {5: [Pause()], 30: [Resume()]}
    finished = run_of(digits, lambda events: asked.get(next(asks), []))[-1]
    assert finished.step == 300
    assert finished.seconds == pytest.approx(0.020)  # twenty chunks
    assert finished.images_per_second == pytest.approx(285 * RECIPE.batch_size / 0.019)


@pytest.mark.parametrize("paused", [False, True])
def test_stop_ends_it_as_the_last_step_would(digits, paused):
    before = [Pause("page")] if paused else []
    events = run_of(digits, at(60, *before, Stop("stopped by the page", "page")))
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "stopped by the page"
    assert 60 <= events[-1].step < 300
    assert events[-1].test.n == 359


def test_save_saves_at_once(digits):
    events = run_of(digits, at(60, Save("page")))
    place = next(i for i, e in enumerate(events) if isinstance(e, Intervened))
    assert isinstance(events[place + 1], Saved)


def test_a_paused_run_saves_when_a_signal_asks_for_it(digits):
    """The command line asks for a save as long as nobody closes the stream."""
    asked = iter([[Pause("page")], [], [Save()], [Resume("page")]])
    events = run_of(digits, lambda events: next(asked, []))
    kinds = [type(e).__name__ for e in events]
    first = kinds.index("Intervened")
    assert "Saved" in kinds[first : kinds.index("Intervened", first + 1)]


def test_told_again_at_the_same_steps_it_ends_in_the_same_bits(digits):
    events = run_of(
        digits,
        at(70, SetLearningRate(0.01, "page")),
        at(130, AddEpochs(1.5, "page"), Pause("page"), Resume("page")),
        at(200, SetLearningRate(0.002, "control")),
    )
    told = [e for e in events if isinstance(e, Intervened)]
    assert len(told) == 5
    again = run_of(digits, replay=told)
    assert_same(events, again)
    assert [e for e in again if isinstance(e, Intervened)] == [
        e for e in told if e.request not in ("pause", "resume")
    ]


def test_a_run_that_was_stopped_is_stopped_again_there(digits):
    events = run_of(digits, at(100, Stop("stopped by the page", "page")))
    again = run_of(digits, replay=[e for e in events if isinstance(e, Intervened)])
    assert again[-1].step == events[-1].step < 300
    assert_same(events, again)


def test_resumed_it_remembers_what_it_was_told(digits):
    sources = (at(70, SetLearningRate(0.02, "page"), AddEpochs(2, "page")),)
    whole = run_of(digits, *sources)
    told = [e for e in whole if isinstance(e, Intervened)]
    saved = next(
        e for e in run_of(digits, replay=told) if isinstance(e, Saved) and e.step == told[-1].step
    )
    forms = saccade_forms(digits)
    rest = run_of(digits, resume=ResumeFrom(saved.checkpoint, forms))
    assert rest[0].step == told[-1].step
    assert_same(whole, rest)
    assert rates_of(rest) == rates_of(whole)[told[-1].step :]


def saccade_forms(digits):
    from saccade.models.network import build
    from saccade.train.forms import choose_forms

    return choose_forms(build("mlp-relu", digits.input_shape, 10).graph)


def test_files_become_commands_and_a_stranger_is_told_of(tmp_path):
    source = requests(tmp_path)
    assert source([]) == []
    for request, value in (("pause", None), ("learning_rate", 0.1), ("epochs", 2), ("stop", None)):
        write_request(tmp_path, request, value, source="control")
    assert source([]) == [
        Pause("control"),
        SetLearningRate(0.1, "control"),
        AddEpochs(2.0, "control"),
        Stop("stopped by the control", "control"),
    ]
    (tmp_path / "control" / "9.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"a request was refused: 9\.json"):
        assert source([]) == []


@pytest.mark.parametrize("there", ["a file", "a link"])
def test_a_folder_that_can_not_be_opened_is_said_once_and_ends_nothing(tmp_path, there):
    if there == "a file":
        (tmp_path / "control").write_text("")
    else:
        (tmp_path / "control").symlink_to(tmp_path)
    source = requests(tmp_path)
    with pytest.warns(UserWarning, match="this run can't be steered") as said:
        assert [*source([]), *source([])] == []
    assert len(said) == 1


def test_a_run_is_repeated_from_its_log(digits, tmp_path):
    """Asked through its folder, logged, read back and told again: the same to the last bit."""
    run = saccade.create_run(tmp_path / "r")
    source, events = requests(run.path), []
    for event in saccade.record(saccade.fit("mlp-relu", digits, RECIPE, commands=source), run):
        events.append(event)
        if isinstance(event, Evaluated) and event.step in (60, 180):
            write_request(run.path, "learning_rate", 1 / (3 * event.step), source="page")
    lines = [e for e in Run(run.path).events() if e["event"] == "Intervened"]
    assert [(e["step"], e["value"]) for e in lines] == [(60, 1 / 180), (180, 1 / 540)]
    names = [field.name for field in dataclasses.fields(Intervened)]
    told = [Intervened(**{name: line[name] for name in names}) for line in lines]
    again = run_of(digits, replay=told)
    assert rates_of(again) == rates_of(events)
    assert_same(again, events)
