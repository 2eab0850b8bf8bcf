"""What a person installs from agrees with itself and names nothing of the machine that made it."""

import os
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import saccade

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.txt").read_text()
DEPLOY = ROOT / "src/saccade/serve/deploy"
SERVE, TRAIN = ((DEPLOY / f"requirements-{what}.txt").read_text() for what in ("serve", "train"))
OPTION = re.compile(
    r"^\s*(-i|-f|-e|--index-url|--extra-index-url|--no-index|--find-links|--trusted-host)\b"
)


def pins(lock: str) -> list[tuple[Requirement, list[str]]]:
    """Each pin of a lock with its hashes."""
    lines = [line for line in lock.splitlines() if not line.lstrip().startswith("#")]
    entries = "\n".join(lines).replace("\\\n", " ").splitlines()
    parts = [entry.split(" --hash=") for entry in entries if entry.strip()]
    return [(Requirement(pin), [each.strip() for each in hashes]) for pin, *hashes in parts]


def unhashed(lock: str) -> list[str]:
    good = re.compile(r"sha256:[0-9a-f]{64}")
    return [
        str(pin) for pin, hashes in pins(lock) if not hashes or not all(map(good.fullmatch, hashes))
    ]


def leaks(lock: str) -> list[str]:
    """Lines that name an address, an index or a place on somebody's disk."""
    return [
        line for line in lock.splitlines() if "://" in line or " /" in line or OPTION.match(line)
    ]


def environment_of(python: str, platform: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
    }


def locked_for(lock: str, python: str, platform: str) -> dict[str, Requirement]:
    environment = environment_of(python, platform)
    chosen = [
        pin for pin, _ in pins(lock) if pin.marker is None or pin.marker.evaluate(environment)
    ]
    names = [canonicalize_name(pin.name) for pin in chosen]
    assert len(names) == len(set(names)), f"two pins of one package for {environment}"
    return dict(zip(names, chosen, strict=True))


@pytest.mark.parametrize("lock", [LOCK, SERVE, TRAIN], ids=["all", "serve", "train"])
def test_every_pin_is_exact_and_has_hashes(lock):
    assert len(pins(lock)) > 20
    assert unhashed(lock) == []
    assert [
        str(pin) for pin, _ in pins(lock) if [s.operator for s in pin.specifier] != ["=="]
    ] == []


@pytest.mark.parametrize("lock", [LOCK, SERVE, TRAIN], ids=["all", "serve", "train"])
def test_the_lock_names_no_index_and_no_path(lock):
    assert leaks(lock) == []


def differing(lock: str, other: str, python: str, platform: str) -> list[str]:
    """Packages of which two locks have different versions or hashes."""
    hashes = [{str(pin): sorted(found) for pin, found in pins(each)} for each in (lock, other)]
    one, two = (locked_for(each, python, platform) for each in (lock, other))
    return [
        name
        for name in set(one) & set(two)
        if one[name].specifier != two[name].specifier
        or hashes[0][str(one[name])] != hashes[1][str(two[name])]
    ]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_images_get_the_versions_that_are_tested(python):
    for lock in (SERVE, TRAIN):
        assert differing(LOCK, lock, python, "linux") == []
    assert set(locked_for(SERVE, python, "linux")) <= set(locked_for(LOCK, python, "linux"))


def test_another_version_in_an_image_would_be_seen():
    name, version = next((pin.name, str(pin.specifier)) for pin, _ in pins(SERVE))
    spoilt = SERVE.replace(f"{name}{version}", f"{name}==0.0.1")
    assert differing(LOCK, spoilt, "3.13", "linux") == [canonicalize_name(name)]


@pytest.mark.parametrize(("group", "lock"), [("serve", SERVE), ("train", TRAIN)])
def test_an_image_gets_all_that_its_group_asks_for(group, lock):
    wanted = list(PROJECT["dependency-groups"][group])
    wanted += PROJECT["project"]["dependencies"] if group == "train" else []
    locked = locked_for(lock, "3.13", "linux")
    for requirement in map(Requirement, wanted):
        pin = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(next(iter(pin.specifier)).version), pin


def test_what_serving_takes_is_said_in_the_projects_own_words():
    assert set(PROJECT["dependency-groups"]["serve"]) <= set(PROJECT["project"]["dependencies"])
    assert not {"jax", "jaxlib", "keras", "scipy"} & set(locked_for(SERVE, "3.13", "linux"))


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_lock_satisfies_pyproject_everywhere(python, platform):
    locked = locked_for(LOCK, python, platform)
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    for requirement in map(Requirement, wanted):
        if requirement.marker and not requirement.marker.evaluate(environment_of(python, platform)):
            continue
        pin = locked[canonicalize_name(requirement.name)]
        version = next(iter(pin.specifier)).version
        assert requirement.specifier.contains(version), (
            f"{pin} is not {requirement}: run `make lock`"
        )


def test_the_tests_have_every_extra():
    extras = PROJECT["project"]["optional-dependencies"]
    # Thirty packages more: tests/export/test_traced.py is skipped without them.
    needed = {one for name, extra in extras.items() if name != "export-any" for one in extra}
    assert needed <= set(PROJECT["dependency-groups"]["dev"])


def test_python_3_11_gets_the_last_jax_that_runs_on_it():
    assert "0.10.2" in str(locked_for(LOCK, "3.11", "linux")["jax"].specifier)
    assert "0.12." in str(locked_for(LOCK, "3.13", "linux")["jax"].specifier)


def test_the_checks_above_see_a_bad_lock():
    digest = "sha256:" + "0" * 64
    assert unhashed(f"good==1 \\\n    --hash={digest}\nbad==1 ; python_version < '3.12'\n") == [
        'bad==1; python_version < "3.12"'
    ]
    assert unhashed("short==1 --hash=sha256:00\n") == ["short==1"]
    bad = ["--index-url x", "-f wheels", "# via -r /home/me/in.txt", "a @ file://b"]
    assert leaks("\n".join([*bad, "c==1 \\", "    # via a"])) == bad


def test_one_version():
    stated = re.search(
        r'^__version__ = "(.+)"$', (ROOT / "src/saccade/__init__.py").read_text(), re.M
    )
    assert stated is not None
    assert stated[1] == PROJECT["project"]["version"] == saccade.__version__


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_the_makefile_parses():
    # Under `make test` the flags of the outer make would reach this one.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    dry = subprocess.run(
        ["make", "--dry-run", "demo"], cwd=ROOT, capture_output=True, text=True, env=environment
    )
    assert dry.returncode == 0, dry.stderr
    assert "saccade train digits" in dry.stdout


ENTRIES = [
    *(f"view/live/page/{name}" for name in ("index.html", "notebook.js")),
    *(f"serve/page/{name}" for name in ("index.html", "page.js", "page.css", "icon.svg")),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Built pages and what they are made of, an hour older."""
    for entry in ENTRIES:
        file = tmp_path / "src/saccade" / entry
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "web" / "src").mkdir(parents=True)
    source = tmp_path / "web" / "src" / "main.ts"
    source.touch()
    os.utime(source, (source.stat().st_atime, source.stat().st_mtime - 3600))
    return tmp_path


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_page_is_built_when_each_of_its_entries_is_there_and_new(checkout, entry):
    pytest.importorskip("hatchling")
    is_built = runpy.run_path(str(ROOT / "hatch_build.py"))["is_built"]
    assert is_built(checkout)
    file = checkout / "src/saccade" / entry
    source = (checkout / "web/src/main.ts").stat()
    os.utime(file, (source.st_atime, source.st_mtime - 1))
    assert not is_built(checkout)
    file.unlink()
    assert not is_built(checkout)
