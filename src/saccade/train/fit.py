"""Training, as a stream of events.

`fit` yields what happened and writes nothing. Whoever consumes the stream decides what to do about
it; `record` keeps it, `commands` steers it. A long file, as `_Training` is one course of events
over one state: what can be told without it stands in `prepare`, `steering`, `standing`, `pace`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from saccade.core.errors import BadRun, Diverged
from saccade.core.records import Dataset, Predictions, Split
from saccade.models.frozen import frozen_until
from saccade.models.network import Network
from saccade.models.user import as_network
from saccade.run.events import (
    Accuracy,
    Evaluated,
    Event,
    Finished,
    Intervened,
    Prepared,
    Saved,
    Snapshot,
    Started,
    StepsDone,
)
from saccade.train.checkpoint import ResumeFrom, from_checkpoint, to_checkpoint, to_host
from saccade.train.commands import Source, nothing
from saccade.train.divergence import check_finite
from saccade.train.engine import Engine
from saccade.train.facts import identity, run_facts
from saccade.train.forms import Forms, choose_forms
from saccade.train.order import batches
from saccade.train.pace import Pace, SaveTimer, SnapshotTimer
from saccade.train.prepare import check_fit, default_recipe, with_reported, with_watched
from saccade.train.recipe import Recipe
from saccade.train.resident import Resident, Streamed
from saccade.train.snapshot import Camera
from saccade.train.standing import Best, Totals
from saccade.train.state import State
from saccade.train.steering import Steering

ALL_DONE = "all steps done"
WORST = 50
PAUSE_SECONDS = 0.05  # between two looks at what is asked of a paused run


def fit(
    model: str | Network,
    dataset: Dataset,
    recipe: Recipe | None = None,
    *,
    commands: Source = nothing,
    replay: Sequence[Intervened] = (),
    resume: ResumeFrom | None = None,
    forms: Forms | None = None,
    origin: dict[str, Any] | None = None,
) -> Iterator[Event]:
    """Trains, and yields what happens: Started, StepsDone, Evaluated, Snapshot, Saved,
    Finished.

    `model` is a name, `FILE.py:FUNCTION` or a network; `recipe` defaults to the model's own.
    Before the first chunk and after each, `commands(events so far)` may ask for something; `replay`
    are interventions of an earlier run, made again at the same steps; `forms` are its forms, to get
    its very bits. Where the recipe watches validation and the data set has none, part of train is
    held out. Test is read once, after the last step: with the weights that were best on validation,
    or with the last ones if it watched test or train. `origin` is added to what run.json holds (how
    the data was loaded, the command).

    Raises:
        BadUsage: the recipe does not fit the data.
        BadData: all that is left to train on has the weight 0.
        BadRun: what is resumed is another run's.
        Diverged: the loss is no longer a number, for the second time; names step and pictures. The
            first time training goes back to the last saved state with half the learning rate.

    >>> import saccade
    >>> digits = saccade.load("digits")
    >>> recipe = saccade.recipe("softmax", steps=1)
    >>> [type(event).__name__ for event in fit("softmax", digits, recipe)]
    ['Started', 'StepsDone', 'Evaluated', 'Snapshot', 'Snapshot', 'Saved', 'Finished']
    """
    if recipe is None:
        recipe = default_recipe(model, dataset)
    network = as_network(model, dataset.input_shape, len(dataset.classes), seed=recipe.seed)
    recipe = with_reported(recipe, network, dataset)
    dataset = with_watched(dataset, recipe)
    check_fit(network, dataset, recipe)
    scale, offset = network.scaling or (recipe.pixel_scale, 0.0)
    preprocess = replace(dataset.preprocess, scale=scale, offset=offset)
    if resume:
        forms = resume.forms
    elif forms is None:
        # Pictures that are others every time: nothing of them can be computed once.
        change = bool(recipe.augment) or recipe.grow_from < 1
        forms = choose_forms(network.graph, -1 if change else frozen_until(network.graph))
    engine = Engine(network.graph, recipe, preprocess, forms)
    facts = run_facts(network, dataset, recipe, engine)
    training = _Training(
        engine, dataset, recipe, commands, replay, identity(facts), network.pretrained
    )
    pictures = training.camera.pictures()
    yield from training.run(Started({**facts, **(origin or {})}, 0, pictures), resume)


class _Training:
    """One run of `fit`, from its first or its resumed step to the end."""

    def __init__(
        self,
        engine: Engine,
        dataset: Dataset,
        recipe: Recipe,
        commands: Source,
        replay: Sequence[Intervened],
        identity: str,
        pretrained: Mapping[str, np.ndarray],
    ):
        self.engine, self.dataset, self.recipe = engine, dataset, recipe
        self.identity, self.pretrained = identity, pretrained
        self.commands, self.replay = commands, replay
        self.interval = recipe.evaluation_interval(len(dataset.train))
        self.safe: ResumeFrom | None = None  # the last state that was saved
        self.history: list[Event] = []
        self.pace, self.timer, self.looks = Pace(engine.rows), SaveTimer(), SnapshotTimer()
        watched: Split | None = getattr(dataset, recipe.watch)
        assert watched is not None  # noqa: S101  (fit held one out)
        self.camera = Camera(engine, dataset.train, watched, recipe.watch)
        self.seen: tuple[int, Predictions] | None  # the last evaluation
        self.slopes = np.zeros(len(engine.layout.trainable), np.float32)

    def run(self, started: Started, resume: ResumeFrom | None) -> Iterator[Event]:
        self.started = started
        yield from self._begin(resume)
        self.train = yield from self.engine.bring(self.dataset.train, "train", self.state.weights)
        watch = self.recipe.watch
        self.watched = yield from self.engine.bring(self.camera.watched, watch, self.state.weights)
        yield from self._steer()
        while self._goes_on():
            yield from self._attempt(self._chunk)
            if self._evaluation_due():
                yield from self._attempt(self._evaluate)
            if self.looks.due():
                yield from self._look()
            yield from self._steer()
            if self._goes_on() and self.timer.due():
                yield from self._save()
        if self.evaluated_at != self.step:
            yield self._remember(self._evaluate())
        if self.seen is not None:  # else it was resumed here, and looked at before
            yield from self._look()
        yield from self._save()
        test = yield from self.engine.bring(self.dataset.test, "test", self.state.weights)
        yield self._finish(test)

    def _begin(self, resume: ResumeFrom | None, because: str | None = None) -> Iterator[Started]:
        """Puts itself where `resume` says, or before the first step; says so before it computes."""
        started = replace(self.started, because=because)
        if resume:
            at, told = resume.last.step, resume.told
            started = replace(started, step=at, told=told, evaluated=resume.evaluated)
        yield started
        self.safe, self.seen = resume, None
        self.steering = Steering(self.recipe, len(self.dataset.train), self.commands, self.replay)
        self.step, self.evaluated_at = 0, -1
        self.best, self.totals = Best(), Totals()
        if resume:
            self.state = self._resumed(resume)
        else:
            self.state = self.engine.first_state(self.pretrained, self.dataset.train)

    def _attempt(self, act: Callable[[], Event]) -> Iterator[Event]:
        """What happens; where the numbers ran away, back to where they had not."""
        try:
            event = act()
        except Diverged as error:
            yield from self._go_back(error)
        else:
            yield self._remember(event)

    def _go_back(self, error: Diverged) -> Iterator[Event]:
        """Once, to the last state that was saved, and on with half the learning rate."""
        rate = self.steering.recipe.schedule.rate
        if self.steering.went_back:
            raise Diverged(
                f"{error}. Training had gone back before, and halved the rate. "
                f"Try a smaller one: --lr {rate / 10:.2g}"
            )
        step = self.safe.last.step if self.safe else 0
        yield from self._begin(
            self.safe, f"{error}: back to step {step:,}, and on with half the learning rate"
        )
        self.history = [event for event in self.history if _step_of(event) <= self.step]
        yield self._remember(self.steering.halve(self.step))

    def _evaluation_due(self) -> bool:
        at_one = self.step % self.interval == 0 or self.step == self.steering.total
        return at_one and self.step not in (0, self.evaluated_at)

    def _goes_on(self) -> bool:
        return self.step < self.steering.total and self.steering.stop is None

    def _steer(self) -> Iterator[Event]:
        """Obeys what is asked now, and waits while the run is paused."""
        while True:
            for told in self.steering.ask(self.history, self.step):
                yield self._remember(told)
            if self.steering.take_save():
                yield from self._save()
            if not self.steering.waits:
                return
            time.sleep(PAUSE_SECONDS)

    def _resumed(self, resume: ResumeFrom) -> State:
        facts = resume.last.facts
        state = from_checkpoint(resume.last, self.engine)
        if facts.get("run") != self.identity:
            raise BadRun(
                f"the checkpoint of step {resume.last.step:,} is of another run: of other data, "
                f"another network or another recipe than run.json says"
            )
        self.step = resume.last.step
        self.best = Best.of(facts["best"], resume.last.best_weights)
        self.totals = Totals(**facts["totals"])
        self.evaluated_at = -1 if resume.evaluated is None else resume.evaluated
        self.steering.tell_again(resume.told)
        return state

    def _remember(self, event: Event) -> Event:
        kept = replace(event, predictions=None) if isinstance(event, Evaluated) else event
        self.history.append(kept)
        return event

    def _chunk(self) -> StepsDone:
        recipe, first = self.recipe, self.step
        boundary = min(
            self.steering.total,
            (first // self.interval + 1) * self.interval,
            self.steering.next_replayed(first),
        )
        count = self.pace.steps(boundary - first)
        ids = batches(recipe, self.dataset.train.labels, first, count)
        rates = self.steering.rates(first, count)
        began = time.perf_counter()
        chunk = self.engine.run_chunk(self.state, self.train, ids, rates, first)
        seconds = time.perf_counter() - began
        self.state, self.slopes, self.step = chunk.state, chunk.slopes, first + count
        check_finite(
            chunk, self.dataset.train.names, ids, rates, first=first, total=self.steering.total
        )
        done = StepsDone(
            first + 1,
            self.step,
            seconds,
            tuple(chunk.losses.tolist()),
            tuple(chunk.accuracies.tolist()),
            tuple(rates.tolist()),
            ids.size,
        )
        self.totals.add(done, timed=self.pace.warm)
        if not self.pace.warm:
            self.timer.wait()  # what compilation took is no reason to save
        self.pace.took(count, seconds)
        return done

    def _evaluate(self) -> Evaluated:
        began = time.perf_counter()
        predictions = self.engine.answer(self.state.answering, self.watched)
        if not np.isfinite(predictions.loss):
            raise Diverged(
                f"the {self.recipe.watch} loss is {predictions.loss} after step {self.step:,} of "
                f"{self.steering.total:,}, where the learning rate was {self._last_rates()[-1]:.3g}"
            )
        self.seen = self.step, predictions
        better = self.best.beaten_by(predictions)
        if better:
            keep = self.recipe.watch == "validation"
            weights = to_host(self.state.answering) if keep else None
            self.best = Best(predictions.accuracy, predictions.loss, self.step, weights)
        train_loss, train_accuracy = self.totals.take_means()
        self.evaluated_at = self.step
        return Evaluated(
            step=self.step,
            split=self.recipe.watch,
            accuracy=predictions.accuracy,
            loss=predictions.loss,
            n=len(predictions),
            best=better,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            learning_rate=float(self._last_rates()[-1]),
            seconds=time.perf_counter() - began,
            predictions=predictions,
        )

    def _look(self) -> Iterator[Snapshot]:
        """What it costs is reckoned until the snapshot has been kept."""
        began = time.perf_counter()
        arrays = self.camera.take(self.state, self.step, self.slopes, self.seen)
        yield Snapshot(self.step, arrays, to_host(self.state.answering))
        self.looks.took(time.perf_counter() - began)

    def _last_rates(self) -> np.ndarray:
        return self.steering.rates(max(self.step - 1, 0), 1)

    def _save(self) -> Iterator[Saved]:
        facts = {
            "run": self.identity,
            "best": self.best.facts(),
            "totals": asdict(self.totals),
            "evaluated": self.evaluated_at,
            "interventions": [asdict(told) for told in self.steering.told],
        }
        began = time.perf_counter()
        checkpoint = to_checkpoint(self.step, self.state, facts, self.best)
        is_best = checkpoint.best_step == self.step
        yield Saved(self.step, ("best", "last") if is_best else ("last",), checkpoint)
        self.safe = ResumeFrom(checkpoint, self.engine.forms)
        self.timer.cost(time.perf_counter() - began)

    def _finish(self, test: Resident | Streamed) -> Finished:
        stop = self.steering.stop
        weights: Any = self.state.answering
        step, validation = self.step, None
        if self.recipe.watch == "validation":
            assert self.best.weights is not None  # noqa: S101  (the last step was evaluated)
            weights, step = self.best.weights, self.best.step
            validation = Accuracy.of(self.engine.answer(weights, self.watched))
        predictions = self.engine.answer(weights, test)
        worst = predictions.worst_mistakes(WORST)
        timed = self.totals.timed_seconds
        return Finished(
            step=self.step,
            reason=stop.reason if stop else ALL_DONE,
            seconds=self.totals.seconds,
            images_per_second=self.totals.timed_images / timed if timed else None,
            validation=validation,
            test=Accuracy.of(predictions),
            step_read=step,
            best_watched=self.best.accuracy,
            predictions=predictions,
            names=tuple(self.dataset.test.names),
            worst_ids=tuple(worst.tolist()),
            worst=self.dataset.test.take(worst),
            saving_share=self.timer.share,
        )


def _step_of(event: Event) -> int:
    assert not isinstance(event, Prepared)  # noqa: S101  (no history has it)
    return event.last if isinstance(event, StepsDone) else event.step
