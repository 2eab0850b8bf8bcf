"""`saccade.watch`: which run it takes, what it says where it can't, the widget it gives."""

import builtins
import sys

import pytest

import saccade
from saccade.core.errors import BadRun, BadUsage
from saccade.view import notebook

pytest.importorskip("anywidget")


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A page that was built, whether Node is here or not."""
    if not notebook.NOTEBOOK.is_file():
        pytest.skip("the page was not built")


@pytest.fixture
def closing():
    widgets = []
    yield lambda widget: widgets.append(widget) or widget
    for widget in widgets:
        widget.close()


def test_a_run_a_path_and_a_name_are_one_run(built, closing, digits_run, monkeypatch):
    monkeypatch.setenv("SACCADE_RUNS", str(digits_run.path.parent))
    ways = (digits_run, digits_run.path, str(digits_run.path), digits_run.path.name)
    assert len({closing(saccade.watch(way)).run_id for way in ways}) == 1


def test_a_run_that_has_not_begun_can_be_watched(built, closing, tmp_path):
    assert closing(saccade.watch(saccade.create_run(tmp_path / "new"))).run_id


def test_no_run_is_said(tmp_path):
    with pytest.raises(BadRun, match="no run `nothing`"):
        saccade.watch("nothing")
    with pytest.raises(BadRun, match=r"no run\.json"):
        saccade.watch(tmp_path)


def test_without_anywidget_it_says_what_to_install(built, digits_run, monkeypatch):
    real = builtins.__import__

    def lacking(name, *rest):
        if name == "anywidget":
            raise ModuleNotFoundError("No module named 'anywidget'", name="anywidget")
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "saccade.view.live.widget", raising=False)
    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(BadUsage, match=r"pip install 'saccade\[notebook\]'"):
        saccade.watch(digits_run)


def test_without_the_page_it_says_how_it_is_built(digits_run, monkeypatch, tmp_path):
    monkeypatch.setattr(notebook, "NOTEBOOK", tmp_path / "notebook.js")
    with pytest.raises(BadUsage, match="npm run build"):
        saccade.watch(digits_run)


def test_what_is_loaded_in_the_browser_is_one_module(built):
    text = notebook.NOTEBOOK.read_text("utf-8")
    assert "export{" in text or "export default" in text
    assert "import(" not in text and 'from"' not in text
