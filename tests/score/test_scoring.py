"""Any number of pictures: in order, in blocks of one size, whatever becomes of some of them."""

import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.calibration import identity
from saccade.core.errors import BadData
from saccade.core.preprocess import Preprocess
from saccade.data.unlabelled import list_to_ask
from saccade.score.ask import Unread, ask, files
from saccade.score.resuming import part_of
from saccade.score.scoring import score
from saccade.score.table import Table
from saccade.score.tally import Tally

VALUES = [(37 * i) % 256 for i in range(34)]


def everything(blocks):
    blocks = list(blocks)
    return (
        [one.name for block in blocks for one in block.found],
        [why for block in blocks for why in block.problems],
        np.concatenate([block.logits for block in blocks]),
    )


def test_every_picture_is_answered_once_in_the_order_of_the_names(grey, listed):
    found = listed(VALUES)
    names, problems, logits = everything(score(grey, found))
    assert names == [one.name for one in found]
    assert problems == [""] * len(VALUES)
    answers = [grey.classes[i] for i in logits.argmax(axis=1)]
    assert answers == [Path(name).parent.name for name in names]


def test_every_block_has_one_size(grey, listed):
    list(score(grey, listed(VALUES)))
    assert grey.logits.shapes == [(10, 4, 4, 1)] * 4


def test_fewer_than_a_block_are_not_filled_up(grey, listed):
    list(score(grey, listed(VALUES[:3])))
    assert grey.logits.shapes == [(3, 4, 4, 1)]


@pytest.mark.parametrize("first", [0, 10, 20, 30])
def test_from_any_block_on_it_is_the_same(grey, listed, first):
    found = listed(VALUES)
    names, _, logits = everything(score(grey, found))
    later, _, again = everything(score(grey, found, first))
    assert later == names[first:]
    assert (again == logits[first:]).all()


def test_after_the_last_nothing_comes(grey, listed):
    assert list(score(grey, listed(VALUES), 34)) == []


def test_pixels_are_those_of_the_block(grey, listed):
    """The next blocks are decoded while one is kept; their pixels must not show through."""
    for block in list(score(grey, listed(VALUES))):
        means = block.pixels.mean(axis=(1, 2, 3))
        np.testing.assert_array_equal(grey.logits(block.pixels), block.logits)
        assert [grey.classes[round(m / 127.5)] for m in means] == [o.label for o in block.found]


def test_what_vanishes_or_is_no_picture_is_named_and_costs_nobody_else(grey, listed):
    found = listed(VALUES)
    blocks = score(grey, found)
    first = next(blocks)
    gone, broken = found[27], found[33]
    Path(gone.name).unlink()
    Path(broken.name).write_bytes(b"GIF89a and no more")
    names, problems, logits = everything([first, *blocks])
    bad = {name: why for name, why in zip(names, problems, strict=True) if why}
    assert set(bad) == {gone.name, broken.name}
    assert bad[gone.name].startswith("missing")
    answers = [grey.classes[i] for i in logits.argmax(axis=1)]
    for one, answer in zip(found, answers, strict=True):
        assert one.name in bad or answer == one.label


def test_a_disk_that_is_taken_out_stops_it(grey, listed, greys):
    found = listed(VALUES)
    blocks = score(grey, found)
    next(blocks)
    shutil.rmtree(greys([]))
    with pytest.raises(BadData, match="went away"):
        list(blocks)


def children() -> set[str]:
    """Processes that this one has started, those that ended and were not asked for included."""
    tasks = Path("/proc/self/task").iterdir()
    return {child for task in tasks for child in (task / "children").read_text().split()}


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc")
def test_a_generator_that_is_left_leaves_no_process(grey, listed):
    before = children()
    blocks = score(grey, listed(VALUES))
    next(blocks)
    assert children() - before
    blocks.close()
    assert not children() - before


def test_asking_about_a_handful_gives_the_same(grey, listed):
    found = listed(VALUES[:7])
    _, _, logits = everything(score(grey, found))
    answers = ask(grey, found)
    assert [a.label for a in answers] == [grey.classes[i] for i in logits.argmax(axis=1)]
    assert [a.path for a in answers] == [one.name for one in found]
    [unread] = ask(grey, files(["no/such.png"]))
    assert unread == Unread("no/such.png", "missing: No such file or directory")


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux says how much")
def test_memory_stays_flat_over_twenty_thousand_pictures(tmp_path, rng, finished_run):
    """From the tenth block on: decoded, answered by a real network, written and counted."""
    from saccade.train.predict import answerer

    root = tmp_path / "many"
    for number in range(20_000):
        folder = root / str(number % 10)
        folder.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(0, 256, (16, 16), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number:05d}.png", compress_level=1)
    network = answerer(finished_run)
    found = list_to_ask(root, network.classes).found
    table, tally, used = Table(network.classes, True, True), Tally(network.classes), []
    asked = dict.fromkeys(("network", "pictures", "columns", "batch"), "")
    with part_of(tmp_path / "p.csv", table.header, asked) as part:
        for block in score(network, found):
            rows = table.rows(block)
            part.add(rows)
            for cells in rows:
                tally.add(table.read(cells))
            used.append(memory())
    assert tally.pictures == 20_000
    assert len(used) == 200
    grown = max(used[10:]) - used[10]
    print(f"{used[0] / 1e6:.1f} MB at first, {used[10] / 1e6:.1f}, grew by {grown / 1e6:.2f} MB")
    assert grown < 8e6, [f"{each / 1e6:.1f}" for each in itertools.islice(used, 0, None, 20)]


def test_the_fingerprint_is_that_of_weights_and_preprocessing(finished_run, tmp_path):
    from saccade.train.predict import _fingerprint, answerer
    from saccade.train.restore import restore

    trained = restore(finished_run)
    reference = trained.network.reference
    one = _fingerprint(trained, reference, None)
    assert one == answerer(saccade.open_run(finished_run.path)).fingerprint
    name = next(iter(trained.weights))
    moved = {**trained.weights, name: trained.weights[name] + np.float32(1e-6)}
    stretched = replace(trained.engine, preprocess=Preprocess(8, 8, 1, "stretch"))
    others = [
        _fingerprint(replace(trained, weights=moved), reference, None),
        _fingerprint(replace(trained, engine=stretched), reference, None),
        _fingerprint(replace(trained, classes=trained.classes[::-1]), reference, None),
        _fingerprint(trained, {**reference, "model": "another"}, None),
        _fingerprint(trained, reference, identity(10)),
    ]
    assert len({one, *others}) == 6
