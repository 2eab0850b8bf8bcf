"""One client may ask so often, and no oftener; it is told when to come again."""

import hashlib

import httpx
import numpy as np
import pytest

from saccade.serve.limits import Limits
from saccade.serve.pace import MOST_CLIENTS, Pace
from saccade.serve.refusal import Refusal

RAW = {"content-type": "application/octet-stream"}


@pytest.mark.parametrize("rate", [0.2, 1.0, 7.5, 100.0])
def test_over_a_long_time_it_is_the_rate(rate, rng):
    pace, times = Pace(rate), np.cumsum(rng.exponential(0.1 / rate, 5000))
    let_in = sum(pace.wait("a", now) == 0 for now in times)
    most = rate * times[-1] + max(1, 2 * rate)
    # A bucket for one request overflows now and then before the next comes.
    assert (0.98 if rate >= 1 else 0.85) * most - 2 <= let_in <= most + 1


def test_who_waits_as_long_as_told_is_let_in():
    pace = Pace(3.0)
    now, waits = 5.0, []
    for _ in range(50):
        wait = pace.wait("a", now)
        waits.append(wait)
        now += wait
        if wait:
            assert pace.wait("a", now + 1e-9) == 0
    assert waits[:6] == [0.0] * 6 and waits[6] == pytest.approx(1 / 3)


def test_one_who_asks_too_often_takes_nothing_from_others():
    pace = Pace(1.0)
    assert [pace.wait("greedy", 1.0) > 0 for _ in range(4)] == [False, False, True, True]
    assert pace.wait("modest", 1.0) == 0


def test_no_more_clients_are_remembered_than_there_is_room_for():
    pace = Pace(1.0)
    for client in range(MOST_CLIENTS + 50):
        pace.wait(str(client), 1.0)
    assert len(pace.clients) == MOST_CLIENTS and "0" not in pace.clients


def test_it_is_told_when_to_come_again():
    pace = Pace(0.1)
    pace.check("a", 1.0)
    with pytest.raises(Refusal) as caught:
        pace.check("a", 1.0)
    assert (caught.value.status, caught.value.more) == (429, {"retry-after": "10"})


def test_each_key_has_a_pace_of_its_own(work):
    keys = ("first", "second")
    sums = tuple(hashlib.sha256(key.encode()).hexdigest() for key in keys)
    address = work(Limits(), keys=sums, rate=0.01)

    def ask(key, path="/predict"):
        headers = {**RAW, "authorization": f"Bearer {key}"}
        return address.client.post(path, content=bytes(64), headers=headers)

    assert ask("first").status_code == 200
    again = ask("first")
    assert (again.status_code, again.json()["code"]) == (429, "too_often")
    assert int(again.headers["retry-after"]) > 50
    assert ask("first", "/v2/models/digits/infer").status_code == 429
    assert ask("second").status_code == 200
    assert ask("third").status_code == 401
    # Whoever looks after it is not counted.
    health = [address.client.get("/healthz").status_code for _ in range(5)]
    assert health == [httpx.codes.OK] * 5
