"""Requests at once get their own answers, in order, and nothing of them stays behind."""

import asyncio
from threading import Event, Lock

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from saccade.bundle.bundle import open_bundle
from saccade.serve.batcher import LEAST_WAITING, Batcher
from saccade.serve.limits import Limits
from saccade.serve.refusal import Refusal


def here():
    return None


def away():
    return Refusal(499, "gone", "nobody waits for the answer")


@pytest.fixture(params=["at once", "in a thread", "in lanes", "wide or in lanes"])
def batcher(opened, bundle, request):
    wide = open_bundle(bundle, threads=2).model if "wide" in request.param else None
    with pytest.MonkeyPatch.context() as patched:
        if request.param != "at once":
            patched.setattr("saccade.serve.batcher.AT_ONCE", 0.0)
        found = Batcher(opened.model, Limits(), wide, 3 if "lanes" in request.param else 1)
    assert found.at_once == (request.param == "at once")
    yield found
    found.close()


def is_idle(batcher):
    return (batcher.inside, len(batcher.waiting), batcher.working) == (0, 0, 0)


async def asked(batcher, pixels, gone=here):
    batcher.enter(len(pixels))
    try:
        return await batcher.answer(pixels, gone)
    finally:
        batcher.leave(len(pixels))


async def all_of(*requests):
    """What each was told; a turn more, so that whoever answered is done with it."""
    told = await asyncio.wait_for(asyncio.gather(*requests, return_exceptions=True), 20)
    await asyncio.sleep(0)
    return told


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # what hangs is not worth a smaller example
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30),
    gone=st.sets(st.integers(0, 29)),
    seed=st.integers(0, 99),
)
def test_each_gets_its_own(batcher, opened, sizes, gone, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.integers(0, 256, (size, 8, 8, 1), np.uint8) for size in sizes]

    async def ask():
        requests = [
            asked(batcher, part, away if i in gone else here) for i, part in enumerate(parts)
        ]  # fmt: skip
        return await all_of(*requests)

    for i, (part, told) in enumerate(zip(parts, asyncio.run(ask()), strict=True)):
        if i in gone:
            assert (told.status, told.code) == (499, "gone")
            continue
        probabilities, logits = opened.answer(part)
        assert np.allclose(told[0], probabilities, atol=1e-6)
        assert np.allclose(told[1], logits, atol=1e-4)
        assert told[0].shape == (len(part), 10)
    assert is_idle(batcher)


def test_waves_of_requests_are_answered_while_others_come(batcher, opened, digits):
    async def wave(first):
        told = []
        for i in range(first, first + 20):
            told.append((await asked(batcher, digits[i : i + 1]))[0][0])
        return told

    async def ask():
        return await all_of(*(wave(20 * k) for k in range(5)))

    found = np.concatenate(asyncio.run(ask()))
    assert np.allclose(found, opened.answer(digits[:100])[0], atol=1e-6)
    assert is_idle(batcher)


class Held:
    """A network that computes only when it may, and counts how often it does at the same time."""

    def __init__(self, model):
        self.model, self.shape, self.together = model, model.shape, 1
        self.may, self.busy, self.most, self.lock = Event(), 0, 0, Lock()
        self.may.set()

    def answer(self, pixels):
        with self.lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
        assert self.may.wait(20)
        with self.lock:
            self.busy -= 1
        return self.model.answer(pixels)


def test_a_batch_stands_ready_for_the_next_free_lane(opened, digits, monkeypatch):
    monkeypatch.setattr("saccade.serve.batcher.AT_ONCE", 0.0)
    model = Held(opened.model)
    batcher = Batcher(model, Limits(), lanes=2)
    model.may.clear()

    async def ask():
        tasks = [asyncio.ensure_future(asked(batcher, digits[i : i + 1])) for i in range(6)]
        async with asyncio.timeout(20):
            while model.busy < 2:
                await asyncio.sleep(0.001)
        waiting = len(batcher.waiting)
        model.may.set()
        return waiting, await all_of(*tasks)

    waiting, told = asyncio.run(ask())
    batcher.close()
    assert waiting == 3  # two are computed, one is ready
    assert model.most == 2
    found = np.concatenate([probabilities for probabilities, _ in told])
    assert np.allclose(found, opened.answer(digits[:6])[0], atol=1e-6)
    assert is_idle(batcher)


def test_who_is_cancelled_leaves_the_others_alone(batcher, opened, digits):
    async def ask():
        tasks = [
            asyncio.ensure_future(asked(batcher, digits[i : i + 1], here if i else away))
            for i in range(6)
        ]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[3].cancel()
        return await all_of(*tasks)

    told = asyncio.run(ask())
    assert isinstance(told[3], asyncio.CancelledError)
    for i in (1, 2, 4, 5):
        assert np.allclose(told[i][0], opened.answer(digits[i : i + 1])[0], atol=1e-6)
    assert is_idle(batcher)


def test_who_is_cancelled_while_it_is_computed_does_so_too(batcher, opened, digits):
    async def ask():
        tasks = [asyncio.ensure_future(asked(batcher, digits[i : i + 1])) for i in range(6)]
        await asyncio.sleep(0)
        while batcher.waiting:
            await asyncio.sleep(0)
        tasks[0].cancel()
        return await all_of(*tasks)

    told = asyncio.run(ask())
    for i in range(1, 6):
        assert np.allclose(told[i][0], opened.answer(digits[i : i + 1])[0], atol=1e-6)
    assert is_idle(batcher)


def test_a_network_that_fails_fails_for_those_who_asked_and_not_for_ever(batcher, digits, caplog):
    wrong = np.zeros((1, 8, 7, 1), np.uint8)

    async def ask():
        first = await all_of(asked(batcher, wrong), asked(batcher, digits[:1]))
        return first, await all_of(asked(batcher, digits[:1]))

    first, second = asyncio.run(ask())
    assert [(one.status, one.code) for one in first] == [(500, "network_failed")] * 2
    assert second[0][0].shape == (1, 10)
    assert is_idle(batcher)
    assert "the network failed" in caplog.text


def test_when_it_is_full_it_says_when_to_come_again(opened):
    batcher = Batcher(opened.model, Limits(wait_seconds=0.0))
    batcher.seconds = 2.0  # a picture
    assert batcher.most == LEAST_WAITING
    batcher.enter(3)
    batcher.enter(1)
    for pictures in (1, 100):
        with pytest.raises(Refusal) as caught:
            batcher.enter(pictures)
        assert (caught.value.status, caught.value.code) == (503, "busy")
        assert caught.value.more["retry-after"] == "8"
    assert batcher.inside == 4  # who was refused is not counted
    batcher.leave(3)
    batcher.enter(3)
    batcher.leave(4)
    batcher.enter(100)  # alone
    with pytest.raises(Refusal):
        batcher.enter(1)
    batcher.leave(100)
    assert batcher.inside == 0
    batcher.close()


def test_how_many_may_wait_follows_from_how_long_one_takes(opened):
    batcher = Batcher(opened.model, Limits(wait_seconds=0.5))
    assert 0 < batcher.seconds < 0.1
    batcher.seconds = 0.01
    assert batcher.most == 50
    batcher.seconds = 10.0
    assert batcher.most == LEAST_WAITING
    batcher.close()
