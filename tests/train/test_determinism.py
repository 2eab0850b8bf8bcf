"""The same training gives the same bits: again, in another process, and as long as code stays."""

import json
import os
import runpy
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("golden.py")
GOLDEN = runpy.run_path(str(SCRIPT))
KEPT = json.loads(GOLDEN["FILE"].read_text())
MODELS = list(GOLDEN["RECIPES"])
# Measured with other instruction sets (SSE 4.2, AVX2 against AVX-512): up to 3e-7.
NEARLY = 1e-4


@lru_cache
def first(model):
    return GOLDEN["train"](model)


@pytest.mark.parametrize("repeats", [3, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", MODELS)
def test_repeated_runs_are_the_same_to_the_bit(model, repeats):
    again = [GOLDEN["train"](model) for _ in range(repeats - 1)]
    assert [one["hashes"] for one in again] == [first(model)["hashes"]] * (repeats - 1)


def test_a_process_of_its_own_that_compiles_anew_ends_in_the_same_bits():
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false", "PYTHONHASHSEED": "7"}
    told = subprocess.run(
        [sys.executable, SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    there = json.loads(told.stdout)
    assert there == json.loads(json.dumps({model: first(model) for model in MODELS}))


@pytest.mark.parametrize("model", MODELS)
def test_this_machine_ends_where_it_ended_before(model):
    kept = KEPT["hashes"].get(GOLDEN["machine"]())
    if kept is None:
        pytest.skip(f"no hashes of {GOLDEN['machine']()}; {SCRIPT.name} --write keeps them")
    assert first(model)["hashes"] == kept[model], "were numbers meant to change? See golden.py"


@pytest.mark.parametrize("model", MODELS)
def test_every_machine_ends_nearly_where_the_first_did(model):
    here, kept = first(model), KEPT["figures"][model]
    for hashes in KEPT["hashes"].values():  # which pictures come when is no matter of rounding
        assert hashes[model]["order"] == here["hashes"]["order"]
    assert set(here["figures"]) == set(kept)
    for name, figures in kept.items():
        length = figures[0] if isinstance(figures, list) else figures
        assert here["figures"][name] == pytest.approx(figures, abs=NEARLY * length), name


@pytest.mark.parametrize(
    "change, other",
    [
        (lambda recipe: replace(recipe, seed=1), {"order", "metrics", "weights"}),
        (lambda recipe: recipe.with_rate(0.5000001), {"metrics", "weights"}),
    ],
    ids=["seed", "rate"],
)
def test_the_hashes_see_what_is_otherwise(change, other, monkeypatch):
    same, recipes = first("softmax")["hashes"], GOLDEN["RECIPES"]
    monkeypatch.setitem(recipes, "softmax", change(recipes["softmax"]))
    changed = GOLDEN["train"]("softmax")["hashes"]
    assert {what for what in changed if changed[what] != same[what]} == other
