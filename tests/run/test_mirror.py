"""A run's copy elsewhere: whole or the one before, whenever the copying ends."""

import json
import shutil
import uuid
from pathlib import Path

import pytest

import saccade
from saccade.core.errors import BadRun, BadUsage, NotSaved
from saccade.run.checkpoint import named
from saccade.run.copying import Copying, fetch_if_missing
from saccade.run.directory import Run
from saccade.run.events import Saved
from saccade.run.mirror import open_mirror
from saccade.train.commands import Save

pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def states(tmp_path_factory) -> list[Run]:
    """A run as it was after each of three checkpoints."""
    folder = tmp_path_factory.mktemp("states")
    run = saccade.create_run(folder / "run")
    recipe = saccade.recipe("softmax", steps=60, patience=None)
    fitting = saccade.fit("softmax", saccade.load("digits"), recipe, commands=lambda _: [Save()])
    found = []
    for event in saccade.record(fitting, run):
        if isinstance(event, Saved) and len(found) < 3:
            place = folder / f"{len(found)}"
            shutil.copytree(run.path, place, copy_function=shutil.copy2)
            found.append(Run(place))
    assert len(found) == 3
    return found


@pytest.fixture(params=["file", "memory"])
def url(request, tmp_path) -> str:
    if request.param == "file":
        return f"file://{tmp_path}/bucket/jobs/one"
    return f"memory://bucket-{uuid.uuid4().hex}/jobs/one"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock" and "control" not in path.parts
    }


def there(url: str) -> dict[str, bytes]:
    """All objects below a URL."""
    mirror = open_mirror(url)
    found = mirror.filesystem.find(mirror.root)
    return {name.partition("/jobs/one/")[2]: mirror.filesystem.cat_file(name) for name in found}


def test_a_copy_is_the_run(url, states, tmp_path):
    mirror = open_mirror(url)
    assert mirror.newest is None
    mirror.push(states[0])
    fetched = tmp_path / "elsewhere" / "run"
    open_mirror(url).fetch(fetched)
    assert contents(fetched) == contents(states[0].path)
    assert fetched.stat().st_mode & 0o777 == 0o700
    assert not [path for path in fetched.parent.iterdir() if path != fetched]


def test_only_what_changed_is_copied_and_what_is_gone_goes(url, states, tmp_path, monkeypatch):
    mirror = open_mirror(url)
    copied: list[str] = []
    put = mirror.filesystem.put_file
    monkeypatch.setattr(
        mirror.filesystem, "put_file", lambda here, at: (copied.append(here), put(here, at))
    )
    for state in states:
        copied.clear()
        mirror.push(state)
        assert copied
        held = there(url)
        assert len([name for name in held if name.startswith("mirror-")]) == 1
        assert set(held.values()) >= set(contents(state.path).values())
        # A file for each content, a manifest, nothing else.
        assert len(held) == len(set(contents(state.path).values())) + 1
    assert not [name for name in copied if name.endswith(("images.bin", "run.json"))]
    copied.clear()
    mirror.push(states[-1])
    assert not copied


def test_another_process_goes_on_copying(url, states, tmp_path):
    open_mirror(url).push(states[0])
    second = open_mirror(url)
    assert second.newest is not None
    assert second.newest.step == named(states[0].checkpoints)["last"]
    second.push(states[1])
    open_mirror(url).fetch(tmp_path / "fetched")
    assert contents(tmp_path / "fetched") == contents(states[1].path)
    assert len([name for name in there(url) if name.startswith("mirror-")]) == 1


class Failing:
    """A file system that fails at its n-th change, before it or (`half`) in the middle of it."""

    def __init__(self, real, at: int, half: bool):
        self.real, self.left, self.half = real, at, half

    def __getattr__(self, name):
        return getattr(self.real, name)

    def _changes(self, path: str, data: bytes | None) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("it is gone")
        if self.left == 0:
            if self.half and data is not None:
                self.real.pipe_file(path, data[: len(data) // 2])
            raise KeyboardInterrupt  # as good as a kill: nothing is done after it

    def put_file(self, here, path):
        self._changes(path, Path(here).read_bytes())
        self.real.put_file(here, path)

    def pipe_file(self, path, data):
        self._changes(path, data)
        self.real.pipe_file(path, data)

    def rm_file(self, path):
        self._changes(path, None)
        self.real.rm_file(path)


@pytest.mark.filterwarnings("ignore:.*is damaged")  # half a manifest; the one before it counts
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("finished", [False, True])
def test_killed_at_any_change_leaves_one_whole_state(url, states, tmp_path, half, finished):
    known = [contents(states[0].path), contents(states[1].path)]
    seen = set()
    for at in range(1, 60):
        mirror = open_mirror(f"{url}/{at}")
        mirror.push(states[0])
        mirror.filesystem = Failing(mirror.filesystem, at, half)
        try:
            mirror.push(states[1], finished=finished)
            break
        except KeyboardInterrupt:
            pass
        mirror = open_mirror(f"{url}/{at}")
        assert mirror.newest is not None
        mirror.fetch(tmp_path / f"{at}")
        state = known.index(contents(tmp_path / f"{at}"))
        seen.add(state)
        if not mirror.newest.finished:
            # And it can be gone on with, which leaves nothing over.
            mirror.push(states[2])
            held = mirror.filesystem.find(mirror.root)
            plain = [name for name in held if f"/{at}/run/" in name]
            expected = len(set(contents(states[2].path).values())) + 1
            assert len(held) - len(plain) == expected
    else:
        pytest.fail("it never came through")
    assert seen == {0, 1}


def test_a_finished_run_lies_there_under_its_own_names(url, states):
    mirror = open_mirror(url)
    mirror.push(states[0])
    mirror.push(states[1], finished=True)
    held = there(url)
    plain = {name[4:]: data for name, data in held.items() if name.startswith("run/")}
    assert plain == contents(states[1].path)
    assert len(held) == len(plain) + 1
    newest = open_mirror(url).newest
    assert newest is not None and newest.finished


def test_what_is_of_this_machine_is_not_copied(url, states, tmp_path):
    run = Run(shutil.copytree(states[0].path, tmp_path / "run"))
    (run.path / "control").mkdir(exist_ok=True)
    (run.path / "control" / "request.json").write_text("{}")
    (run.path / ".run.json.1.part").write_text("half")
    (run.path / "link").symlink_to("/etc/passwd")
    mirror = open_mirror(url)
    mirror.push(run)
    assert mirror.newest is not None
    assert set(mirror.newest.files) == set(contents(states[0].path))


@pytest.mark.parametrize(
    "name", ["../out", "/etc/x", "a/../../x", "a//b", "./a", "C:/x", "a\\..\\b", ""]
)
def test_a_manifest_that_leads_elsewhere_is_none(url, states, name):
    from saccade.run.mirror import _sealed

    mirror = open_mirror(url)
    mirror.push(states[0])
    at = f"{mirror.root}/mirror-000001.json"
    body = json.loads(mirror.filesystem.cat_file(at))
    del body["sha256"]
    body["files"][name] = body["files"]["run.json"]
    mirror.filesystem.pipe_file(at, _sealed(body))
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(BadUsage, match="pick another"):
        open_mirror(url)


def test_a_damaged_copy_is_noticed(url, states, tmp_path):
    mirror = open_mirror(url)
    mirror.push(states[1])
    assert mirror.newest is not None
    places = {name: f"{mirror.root}/{at}" for name, (at, _, _) in mirror.newest.files.items()}
    log = places["events.jsonl"]
    good = mirror.filesystem.cat_file(log)
    mirror.filesystem.pipe_file(log, good[:-1] + b"x")
    with pytest.raises(BadRun, match=r"events\.jsonl is not the file"):
        open_mirror(url).fetch(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    mirror.filesystem.pipe_file(log, good)
    last = max(name for name in places if name.endswith("weights.safetensors") and "/" in name)
    good = mirror.filesystem.cat_file(places[last])
    mirror.filesystem.pipe_file(places[last], b"x")
    with pytest.warns(UserWarning, match="is not the file"):  # there is an older one
        open_mirror(url).fetch(tmp_path / "new")
    assert (tmp_path / "new" / "run.json").exists()
    mirror.filesystem.pipe_file(places[last], good)
    mirror.filesystem.rm_file(places["run.json"])
    with pytest.raises(BadRun, match="can't be read"):
        open_mirror(url).fetch(tmp_path / "newer")


def test_a_failure_ends_no_training_and_the_next_save_tries_again(states, tmp_path):
    url = f"file://{tmp_path}/bucket/jobs/one"
    copying = Copying(open_mirror(url), states[0], waits=(0.0,))
    (tmp_path / "bucket").write_text("not a folder")
    with pytest.warns(UserWarning, match="the next checkpoint tries again") as said:
        copying.saved()
        copying.not_before = 0.0
        copying.saved()
    assert len(said) == 1  # for as long as the trouble lasts
    (tmp_path / "bucket").unlink()
    copying.not_before = 0.0
    with pytest.warns(UserWarning, match="can be written again"):
        copying.saved()
    copying.ended(finished=False)
    assert open_mirror(url).newest is not None


def test_what_can_not_be_copied_at_the_end_is_an_error(states, tmp_path):
    copying = Copying(open_mirror(f"file://{tmp_path}/bucket/one"), states[0], waits=(0.0, 0.0))
    (tmp_path / "bucket").write_text("not a folder")
    with (
        pytest.warns(UserWarning, match="Once more") as said,
        pytest.raises(NotSaved, match=f"is whole: {states[0].path}"),
    ):
        copying.ended(finished=True)
    assert len(said) == 2


def test_copying_takes_a_tenth_of_the_time_at_most(url, states, monkeypatch):
    mirror = open_mirror(url)
    clock = iter([0.0, 0.0, 3.0, 20.0, 29.9, 30.1, 30.1, 30.2])
    monkeypatch.setattr("saccade.run.copying.time.monotonic", lambda: next(clock))
    pushed = []
    monkeypatch.setattr(mirror, "push", lambda run, finished=False: pushed.append(run))
    copying = Copying(mirror, states[0])
    for _ in range(4):  # at 0 (it takes 3 s), 20, 29.9 and 30.1 s
        copying.saved()
    assert len(pushed) == 2


def test_a_run_is_fetched_where_it_is_not_and_never_over_another(url, states, tmp_path):
    place = tmp_path / "place"
    assert fetch_if_missing(open_mirror(url), place) is None
    open_mirror(url).push(states[1])
    place.mkdir()  # empty is as good as not there
    fetched = fetch_if_missing(open_mirror(url), place)
    assert fetched is not None and contents(place) == contents(states[1].path)
    # It is here, as far as there: nothing is fetched.
    assert fetch_if_missing(open_mirror(url), place) is None
    with pytest.raises(BadUsage, match="another run than"):
        (place / "run.json").write_bytes((place / "run.json").read_bytes() + b" ")
        fetch_if_missing(open_mirror(url), place)
    with pytest.raises(BadUsage, match="with another --out"):
        fetch_if_missing(open_mirror(url), states[0].path)  # behind its copy
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(BadUsage, match="not an empty folder"):
        fetch_if_missing(open_mirror(url), tmp_path / "full")
    open_mirror(url).push(states[1], finished=True)
    with pytest.raises(BadUsage, match="finished run, in its folder run/"):
        fetch_if_missing(open_mirror(url), tmp_path / "new")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.org/jobs", "takes a path or a URL of gs://"),
        ("zip::file://x", "takes a path or a URL of gs://"),
        ("gs://", "takes a path or a URL of gs://"),
        ("s3://me:secret@bucket/x", "holds a password"),
        ("gs://bucket/x", "SACCADE_OFFLINE=1"),
    ],
)
def test_a_url_that_is_not_taken(url, says):
    with pytest.raises(BadUsage, match=says) as caught:
        open_mirror(url)
    assert "secret" not in str(caught.value)


def test_something_else_there_is_left_alone(url):
    mirror = open_mirror(url)
    mirror.filesystem.makedirs(f"{mirror.root}/run", exist_ok=True)
    mirror.filesystem.pipe_file(f"{mirror.root}/run/mine", b"mine")
    with pytest.raises(BadUsage, match="no copy of a run"):
        open_mirror(url)
