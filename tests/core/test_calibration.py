"""The record that everybody who answers goes by: its arithmetic, and what it refuses."""

import json
import math

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from saccade.core.calibration import (
    Calibration,
    Conformal,
    Reject,
    Unknown,
    identity,
)
from saccade.core.errors import BadData, SaccadeError
from saccade.core.known import Known
from saccade.core.scores import nonconformity, unknown_score

FULL = Calibration(
    "vector",
    (0.5, 2.0, 1.0),
    (0.0, -1.0, 0.25),
    Reject(0.95, 0.8, 0.9, 500),
    Unknown("energy", -2.5, 0.05),
    Conformal(0.9, "LAC", 0.7),
)
MEASURED = Calibration(
    "none",
    (1.0, 1.0),
    (0.0, 0.0),
    unknown=Unknown(
        "energy or distance",
        2.0,
        0.05,
        Known(((2.0, -2.0), (-2.0, 2.0)), (0.5, 0.5), (-2.0, 0.5), (0.9, 0.3)),
    ),
)


@pytest.fixture
def raw(rng):
    return rng.normal(0, 3, (50, 3)).astype(np.float32)


def test_logits_and_probabilities_are_those_of_the_formula(raw):
    expected = raw.astype(np.float64) * [0.5, 2.0, 1.0] + [0.0, -1.0, 0.25]
    assert np.array_equal(FULL.logits(raw), expected)
    assert np.allclose(FULL.probabilities(raw), scipy.special.softmax(expected, axis=1), atol=1e-15)


def test_the_identity_changes_nothing(raw):
    same = identity(3)
    assert np.array_equal(same.logits(raw), raw)
    assert same.decisions(raw) == ["accept"] * 50
    with pytest.raises(BadData, match="no conformal quantile"):
        same.sets(raw)


def test_probabilities_stay_finite_for_extreme_logits():
    extreme = np.array([[3e38, -3e38, 0.0], [0.0, 0.0, 0.0]])
    for probabilities in (FULL.probabilities(extreme), identity(3).probabilities(extreme)):
        assert np.isfinite(probabilities).all()
        assert np.allclose(probabilities.sum(axis=1), 1)


def test_scores_are_those_of_the_formulas_on_centred_logits(raw):
    centred = raw.astype(np.float64) - raw.astype(np.float64).mean(axis=1, keepdims=True)
    assert np.allclose(unknown_score(raw, "energy"), -scipy.special.logsumexp(centred, axis=1))
    assert np.allclose(unknown_score(raw, "max logit"), -centred.max(axis=1))
    shares = scipy.special.softmax(raw.astype(np.float64), axis=1)
    assert np.allclose(unknown_score(raw, "max probability"), 1 - shares.max(axis=1))


def test_a_binary_networks_classes_are_treated_alike():
    """Its logits are (0, z): z and -z are equally sure."""
    z = np.array([-5.0, -0.1, 0.1, 5.0])
    raw = np.stack([np.zeros(4), z], axis=1)
    for score in ("energy", "max logit", "max probability"):
        found = unknown_score(raw, score)
        assert np.allclose(found, found[::-1])
        assert found[1] > found[0]


def test_the_unknown_score_is_of_raw_logits_not_of_calibrated_ones(raw):
    assert np.array_equal(FULL.unknown_score(raw), identity(3).unknown_score(raw))


def test_unknown_comes_before_reject_before_accept():
    decide = Calibration(
        "none",
        (1.0,) * 3,
        (0.0,) * 3,
        Reject(0.9, 0.8, 0.5, 10),
        Unknown("max logit", -1.0, 0.05),
    )
    raw = np.array([[9.0, 0, 0], [3.0, 2.9, -3], [0.3, 0, 0]])
    assert decide.decisions(raw) == ["accept", "reject", "unknown"]


def test_the_threshold_itself_is_accepted_and_an_unreachable_precision_accepts_nothing():
    even = np.array([[0.0, 0.0]])
    at = Calibration("none", (1.0, 1.0), (0.0, 0.0), Reject(0.5, 0.5, 1.0, 2))
    assert at.decisions(even) == ["accept"]
    never = Calibration("none", (1.0, 1.0), (0.0, 0.0), Reject(0.999, None, 0.0, 2))
    assert never.decisions(np.array([[0.0, 99.0]])) == ["reject"]


def test_sets_hold_what_fits_likeliest_first_and_may_be_empty():
    raw = np.log([[0.2, 0.5, 0.3], [0.98, 0.01, 0.01], [0.34, 0.33, 0.33]])
    lac = Calibration("none", (1.0,) * 3, (0.0,) * 3, conformal=Conformal(0.9, "LAC", 0.65))
    assert lac.sets(raw) == [[1], [0], []]
    aps = Calibration("none", (1.0,) * 3, (0.0,) * 3, conformal=Conformal(0.9, "APS", 0.65))
    assert aps.sets(raw) == [[1, 2], [0], [0, 1]]


@pytest.mark.parametrize("kind", ["LAC", "APS"])
def test_a_quantile_of_one_holds_every_class(kind, rng):
    everything = Calibration("none", (1.0,) * 5, (0.0,) * 5, conformal=Conformal(0.99, kind, 1.0))
    sets = everything.sets(rng.normal(0, 20, (200, 5)))
    assert all(sorted(one) == [0, 1, 2, 3, 4] for one in sets)


def test_aps_scores_are_the_mass_of_what_is_likelier(rng):
    probabilities = rng.dirichlet([0.3] * 6, 40)
    scores = nonconformity(probabilities, "APS")
    for row, told in zip(probabilities, scores, strict=True):
        assert np.allclose(told, [row[row > p].sum() for p in row])


def test_no_pictures_are_no_answers():
    none = np.zeros((0, 3), np.float32)
    assert FULL.probabilities(none).shape == (0, 3)
    assert FULL.decisions(none) == [] == FULL.sets(none)


def test_answers_do_not_depend_on_what_is_asked_beside(raw):
    assert np.array_equal(FULL.probabilities(raw)[7:9], FULL.probabilities(raw[7:9]))
    assert FULL.sets(raw)[7:9] == FULL.sets(raw[7:9])


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 3, 1), (0,)])
def test_logits_of_another_shape_are_refused(shape):
    for ask in (FULL.logits, FULL.probabilities, FULL.unknown_score, FULL.decisions, FULL.sets):
        with pytest.raises(BadData, match=r"takes logits \[n, 3\]"):
            ask(np.zeros(shape))


@pytest.mark.parametrize(
    "one", [identity(2), FULL, MEASURED, Calibration("temperature", (0.5,) * 4, (0,) * 4)]
)
def test_json_and_back_is_the_same_record(one):
    assert Calibration.from_json(json.loads(json.dumps(one.to_json(), allow_nan=False))) == one


def broken(path, value, record=FULL):
    """A record's JSON with one value changed, or taken out."""
    values = json.loads(json.dumps(record.to_json()))
    *outer, last = path.split(".")
    place = values
    for name in outer:
        place = place[name]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return values


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "temperature",
        {},
        broken("method", "magic"),
        broken("method", ["vector"]),
        broken("method", "none"),
        broken("method", "temperature"),
        broken("method", KeyError),
        broken("more", 1),
        broken("scale", "123"),
        broken("scale", 1.0),
        broken("scale", {"0": 1, "1": 1, "2": 1}),
        broken("scale", [1.0, 1.0]),
        broken("scale", []),
        broken("scale", [1.0, 1.0, math.nan]),
        broken("scale", [1.0, 1.0, math.inf]),
        broken("scale", [1.0, 1.0, 10**400]),
        broken("scale", [1.0, 1.0, 10**5000]),
        broken("scale", [1.0, 1.0, 0.0]),
        broken("scale", [1.0, 1.0, -1.0]),
        broken("scale", [1.0, 1.0, 1e300]),
        broken("scale", [1.0, 1.0, "1"]),
        broken("scale", [1.0, 1.0, True]),
        broken("scale", [1.0, 1.0, None]),
        broken("offset", [0.0, 0.0, [0.0]]),
        broken("offset", [0.0, 0.0, 1e300]),
        broken("reject", []),
        broken("reject", {}),
        broken("reject.threshold", 1.5),
        broken("reject.threshold", "0.5"),
        broken("reject.precision", -0.1),
        broken("reject.n", -1),
        broken("reject.n", 1.5),
        broken("reject.n", True),
        broken("unknown.score", "vibes"),
        broken("unknown.score", {}),
        broken("unknown.threshold", math.nan),
        broken("unknown.share", 2),
        broken("unknown.known", MEASURED.to_json()["unknown"]["known"]),
        broken("unknown.score", "energy or distance"),
        broken("unknown.known", None, MEASURED),
        broken("unknown.known", [], MEASURED),
        broken("unknown.known.means", None, MEASURED),
        broken("unknown.known.means", [[0.0, 1.0]], MEASURED),
        broken("unknown.known.means", [[0.0, 1.0], 3], MEASURED),
        broken("unknown.known.means", [[0.0] * 3] * 3, MEASURED),
        broken("unknown.known.means", [[0.0, 1.0], [0.0]], MEASURED),
        broken("unknown.known.spread", [0.0, 1.0], MEASURED),
        broken("unknown.known.spread", [1.0, math.nan], MEASURED),
        broken("unknown.known.energy", [1.0], MEASURED),
        broken("unknown.known.distance", [1.0, -1.0], MEASURED),
        broken("conformal.kind", "lac"),
        broken("conformal.quantile", math.inf),
        broken("conformal.quantile", KeyError),
        broken("conformal.coverage", None),
    ],
)
def test_hostile_json_is_refused_in_words(values):
    with pytest.raises(BadData) as caught:
        Calibration.from_json(values)
    assert len(str(caught.value)) < 400


def test_a_list_too_deep_to_be_shown_is_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadData):
        Calibration.from_json(broken("method", deep))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(FULL.to_json())), JSON)
def test_whatever_stands_in_a_field_is_taken_or_refused(name, value):
    try:
        taken = Calibration.from_json({**FULL.to_json(), name: value})
    except SaccadeError:
        return
    assert np.isfinite(taken.probabilities(np.eye(taken.classes))).all()


@pytest.mark.parametrize("scale, offset", [((1.0,), (0.0,)), ((1.0, 1.0), (0.0,)), ((), ())])
def test_lengths_must_agree(scale, offset):
    with pytest.raises(BadData, match="as many scales as offsets"):
        Calibration("vector", scale, offset)
