"""What each story says of rows that bear it out, that do not, and that can't tell."""

import dataclasses

import numpy as np
import pytest

import saccade
from saccade.models import MODELS
from saccade.train.stories import STORIES
from saccade.train.stories.batch_norm import REPORTED, batch_norm, batch_norm_claims, sooner
from saccade.train.stories.depth import depth, depth_claims
from saccade.train.stories.dropout import dropout, dropout_claims
from saccade.train.stories.normalisation import normalisation_claims
from saccade.train.stories.story import Curves, Gaps, Lines, chart_to_json


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


def verdicts(claims):
    return [claim.holds for claim in claims]


def by_name(*rows):
    return {evidence.row.name: evidence for evidence in rows}


@pytest.fixture
def of_depth(made_up):
    def rows(plain, residual, train=(1.0, 1.0)):
        return by_name(
            made_up("plain-20", plain[0], train=train[0]),
            made_up("plain-56", plain[1], train=train[1]),
            made_up("residual-20", residual[0]),
            made_up("residual-56", residual[1]),
        )

    return rows


def test_depth_as_the_paper_has_it(of_depth):
    claims = depth_claims(of_depth((0.92, 0.88), (0.92, 0.93), (0.99, 0.93)), 20, 56)
    assert verdicts(claims) == [True, True, True, True]
    assert claims[0].found.startswith("20 -> 56 layers: -4.0 points (-5.2 to -2.8)")
    assert claims[0].margin == pytest.approx(0.04)
    assert claims[2].found.startswith("20 -> 56 layers: +1.0 points")


def test_depth_as_it_is_not_said_to_be(of_depth):
    claims = depth_claims(of_depth((0.88, 0.92), (0.95, 0.90), (0.93, 0.99)), 20, 56)
    assert verdicts(claims) == [False, False, False, False]


def test_depth_too_close_to_say(of_depth):
    claims = depth_claims(of_depth((0.90, 0.897), (0.90, 0.893), (0.95, 0.949)), 20, 56)
    assert verdicts(claims) == [None] * 4


def test_overfitting_is_not_taken_for_what_depth_does(of_depth):
    """Worse on validation, as good on train: the first claim holds, the second does not."""
    claims = depth_claims(of_depth((0.92, 0.88), (0.92, 0.92), (0.97, 0.99)), 20, 56)
    assert verdicts(claims)[:2] == [True, False]


SLOW, FAST = [(10, 0.5), (50, 0.96)], [(10, 0.96)]


def rows_of_batch_norm(made_up, **changes):
    shares = {
        "none": (0.96, SLOW),
        "batch": (0.975, FAST),
        "none-fast": (0.90, ()),
        "batch-fast": (0.98, ()),
        "no-offset": (0.96, ()),
        "no-scale": (0.981, ()),
        "bare": (0.95, ()),
        **changes,
    }
    return by_name(*(made_up(name, share, curve=curve) for name, (share, curve) in shares.items()))


def test_batch_norm_as_the_course_has_it(made_up):
    claims = batch_norm_claims(rows_of_batch_norm(made_up))
    assert verdicts(claims) == [True] * 6
    assert claims[0].found == "to 96.0 % after 10 steps instead of 50"
    assert claims[0].margin == 40


def test_batch_norm_as_it_is_not_said_to_be(made_up):
    changes = {"none": (0.975, FAST), "batch": (0.96, SLOW), "none-fast": (0.99, ())}
    changes |= {"batch-fast": (0.93, ()), "no-scale": (0.90, ())}
    claims = batch_norm_claims(rows_of_batch_norm(made_up, **changes))
    assert verdicts(claims) == [False, False, False, False, False, False]


def test_every_seed_must_be_sooner(made_up):
    first = made_up("a", 0.95, 0.95, curve=[(10, 0.96)])
    second = made_up("b", 0.95, 0.95, curve=[(50, 0.95)])
    mixed = dataclasses.replace(first, measures=[first.measures[0], second.measures[0]])
    assert sooner("a is sooner", first.measures, second.measures).holds is True
    claim = sooner("a is sooner", mixed.measures, second.measures)
    assert (claim.holds, claim.margin) == (False, 0)


def test_normalisations_are_held_against_none(made_up):
    shares = {"none": 0.9, "batch": 0.95, "layer": 0.905, "weight": 0.85, "selu": 0.93}
    told = by_name(*(made_up(name, share) for name, share in shares.items()))
    assert verdicts(normalisation_claims(told)) == [True, None, False, True]


def test_a_gap_is_narrower_with_every_seed_or_it_is_not(made_up):
    def row(name, share, *losses):
        made = made_up(name, *[share] * len(losses), n=50_000)
        lossy = [
            dataclasses.replace(m, validation=dataclasses.replace(m.validation, loss=loss))
            for m, loss in zip(made.measures, losses, strict=True)
        ]
        return dataclasses.replace(made, measures=lossy)

    told = by_name(
        row("nothing", 0.88, 0.9),
        row("dropout", 0.90, 0.7),
        row("l1", 0.88, 0.9),
        row("l2", 0.86, 1.1),
    )
    claims = dropout_claims(told)
    assert verdicts(claims) == [True, True, False, None, False, False]
    assert claims[0].found == "0.20 nats instead of 0.40"
    assert claims[0].margin == pytest.approx(0.2)
    told = by_name(
        row("nothing", 0.88, 0.9, 0.8),
        *(row(name, 0.88, 0.7, 0.81) for name in ("dropout", "l1", "l2")),
    )
    first = dropout_claims(told)[0]
    assert first.holds is False and first.margin == pytest.approx(-0.01)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("share", [1.0, 0.1])
def test_a_storys_rows_differ_and_can_be_trained(name, share, digits):
    story = STORIES[name](digits, share)
    whole = STORIES[name](digits, 1.0).rows[0].recipe.steps
    assert story.name == name
    names = [row.name for row in story.rows]
    assert len(set(names)) == len(names)
    for row in story.rows:
        assert row.recipe.watch == "validation" and row.recipe.patience is None
        assert row.recipe.steps == max(1, round(whole * share))
        choices = MODELS[row.model].choices
        assert row.normalisation is None or row.normalisation in choices
    told = {(r.model, r.normalisation, str(r.recipe)) for r in story.rows}
    assert len(told) == len(names)


def test_a_row_differs_in_the_one_thing(digits):
    recipes = {row.recipe for row in depth(digits, 1.0).rows}
    assert len(recipes) == 1
    assert {row.recipe.schedule.rate for row in batch_norm(digits, 1.0).rows} == {0.003, 0.03}
    penalties = {(row.recipe.l1 > 0, row.recipe.l2 > 0) for row in dropout(digits, 1.0).rows}
    assert penalties == {(False, False), (True, False), (False, True)}


def test_the_decks_figures_stand_beside_mnist_at_full_length_only(digits):
    mnist = dataclasses.replace(digits, name="mnist")

    def reported(data, share):
        return {r.normalisation: r.reported for r in batch_norm(data, share).rows if r.reported}

    assert reported(mnist, 1.0) == REPORTED
    assert reported(mnist, 0.1) == reported(digits, 1.0) == {}


def test_charts_are_plain_values(made_up, of_depth, digits):
    told = of_depth((0.92, 0.88), (0.92, 0.93))
    told |= by_name(made_up("plain-32", 0.9), made_up("residual-32", 0.92))
    charts = depth(digits, 1.0).charts(told)
    assert [type(chart) for chart in charts] == [Lines, Curves]
    lines, curves = map(chart_to_json, charts)
    assert [x for x, *_ in lines["lines"]["plain"]] == [20, 32, 56]
    assert curves["curves"]["plain-56"] == [(1.0, 0.0), (2.0, pytest.approx(-1.0))]
    told = by_name(*(made_up(name, 0.9, train=0.99) for name in ("nothing", "dropout", "l1", "l2")))
    curves, gaps = dropout(digits, 1.0).charts(told)
    assert isinstance(curves, Curves) and isinstance(gaps, Gaps)
    assert curves.curves["l2"] == [(100.0, 0.5)]
    assert gaps.beside["l1"] == pytest.approx(0.99)


def test_a_line_has_few_points_and_both_ends(made_up):
    curve = [(step, 0.5) for step in range(1, 99)]
    line = made_up("a", 0.9, curve=curve).line()
    assert len(line) <= 16
    assert (line[0][0], line[-1][0], line[-1][1]) == (1, 100, 0.9)
    assert [x for x, *_ in line] == sorted({x for x, *_ in line})


@pytest.mark.parametrize("pictures, left", [(60_000, 1_000), (1_438, 719), (200_000, 2_000)])
def test_few_pictures_are_left_to_learn_from(pictures, left, digits):
    ids = np.arange(pictures) % len(digits.train)
    many = dataclasses.replace(digits, train=digits.train.take(ids))
    share = dropout(many, 1.0).rows[0].recipe.validation_share
    assert pictures * (1 - share) == pytest.approx(left)
