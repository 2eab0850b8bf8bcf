"""The page's files come as what they are; a page that was not built says so."""

import pytest

from saccade.view.live import static


@pytest.fixture
def page(tmp_path):
    page = tmp_path / "page"
    (page / "assets" / "folder").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><p>the page")
    for name in ("index-abc123.js", "index-abc123.css", "icon.svg", "odd.exe"):
        (page / "assets" / name).write_text(name)
    (page / "secret.js").write_text("secret")
    return page


def test_the_page_comes_with_its_types(open_site, page):
    site = open_site(page=page)
    answer = site.get("/")
    assert answer.text == "<!doctype html><p>the page"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    for name, kind in (("js", "text/javascript"), ("css", "text/css")):
        answer = site.get(f"/assets/index-abc123.{name}")
        assert answer.text == f"index-abc123.{name}"
        assert answer.headers["content-type"].startswith(kind)
        assert "immutable" in answer.headers["cache-control"]
        assert "public" not in answer.headers["cache-control"]
    assert site.raw("HEAD", "/assets/icon.svg", site.key).headers["content-length"] == "8"


@pytest.mark.parametrize(
    "name", ["odd.exe", "folder", "secret.js", "..%2fsecret.js", "INDEX.js", ""]
)
def test_nothing_else_comes(open_site, page, name):
    assert open_site(page=page).get(f"/assets/{name}").status_code == 404


def test_a_page_that_was_not_built_says_what_to_do(site):
    answer = site.get("/")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "npm run build" in answer.text
    assert "<script" not in answer.text and "style" not in answer.text
    assert site.get("/assets/index.js").status_code == 404


def test_the_built_page_runs_nothing_inline():
    index = static.PAGE / "index.html"
    if not index.exists():
        pytest.skip("the page was not built")
    text = index.read_text("utf-8")
    assert "<style" not in text and "http://" not in text and "https://" not in text
    assert all("src=" in part.partition(">")[0] for part in text.split("<script")[1:])
