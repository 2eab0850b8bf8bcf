"""Nobody comes in without the token, from another page or by another name, by any method."""

import http.client
import re

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from saccade.view.live import guard, server
from saccade.view.live.guard import Door

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
# Every route there is: a test fails when one is added and not listed here.
ROUTES = {
    "/": {"GET"},
    "/assets/{name}": {"GET"},
    "/api/runs": {"GET"},
    "/api/runs/{run}": {"GET"},
    "/api/runs/{run}/curves": {"GET"},
    "/api/runs/{run}/images": {"GET"},
    "/api/runs/{run}/snapshots/{step}": {"GET"},
    "/api/runs/{run}/bands": {"GET"},
    "/api/runs/{run}/control": {"POST"},
    "/api/runs/{run}/answer": {"POST"},
    "/api/runs/{run}/printed": {"GET"},
    "/api/live": None,
}
PLACES = [*ROUTES, "/nowhere", "/api", "/docs", "/openapi.json", "//", "/assets/", "/favicon.ico"]


@pytest.fixture
def app(monkeypatch):
    """The Starlette app behind the door."""
    made = []
    monkeypatch.setattr(server, "guarded", lambda app, door: made.append(app) or app)
    server.make_app(None, Door())
    return made[0]


def test_every_route_is_in_the_table(app):
    assert {
        r.path: set(r.methods) - {"HEAD"} if hasattr(r, "methods") else None
        for r in app.router.routes
    } == ROUTES


def targets(run: str) -> list[str]:
    filled = {"run": run, "step": "100", "name": "index.js"}
    return [re.sub(r"\{(\w+)\}", lambda m: filled[m[1]], place) for place in PLACES]


def everywhere(site) -> list[tuple[str, str]]:
    return [(method, target) for target in targets(site.id("first")) for method in METHODS]


def test_nothing_is_had_without_the_token(site, trainer):
    for method, target in everywhere(site):
        for headers in ({"Origin": site.url}, {"Sec-Fetch-Site": "same-origin"}):
            assert site.raw(method, target, headers).status == 401, (method, target)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic TOKEN"},
        {"Authorization": "TOKEN"},
        {"Cookie": "saccade=TOKEN"},
        {"Cookie": "saccade-00000000=TOKEN"},
        {"Cookie": "NAME=wrong"},
        {"Cookie": "NAME=\xff\xfe"},
        {"Cookie": "NAME=TOKEN0"},
        {"Cookie": "x=NAME=TOKEN"},
        {"X-Token": "TOKEN"},
    ],
)
def test_something_like_the_token_is_not_it(site, headers):
    filled = {
        name: value.replace("TOKEN", site.door.token).replace("NAME", site.door.cookie)
        for name, value in headers.items()
    }
    assert site.raw("GET", "/api/runs", filled).status == 401


@pytest.mark.parametrize(
    "target",
    ["/?token=wrong", "/?token=", "/?Token=TOKEN", "/api/runs?token=TOKEN", "/nowhere?token=TOKEN",
     "/?token=wrong&token=", "/?" + "a=1&" * 100 + "token=TOKEN"],
)  # fmt: skip
def test_an_address_opens_the_page_only_and_only_with_the_token(site, target):
    assert site.raw("GET", target.replace("TOKEN", site.door.token), {}).status == 401
    for method in METHODS[1:]:
        headers = {"Origin": site.url}
        assert site.raw(method, f"/?token={site.door.token}", headers).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:PORT"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "evil.example@127.0.0.1"},
        {"Host": "192.0.2.1"},
        {"Host": "[2001:db8::1]:PORT"},
        {"Host": "0.0.0.0:PORT"},
        {"Host": ""},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:PORT"},
        {"Origin": "file://"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": "URL", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_the_token_does_not_help_another_page_or_name(site, trainer, headers):
    url, port = site.url, str(site.port)
    own = {k: v.replace("PORT", port).replace("URL", url) for k, v in headers.items()}
    for method, target in everywhere(site):
        answer = site.raw(method, target, {**site.key, **own})
        assert answer.status in (400, 403), (method, target)
        assert "access-control-allow-origin" not in answer.headers


def test_two_hosts_are_refused(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    connection.putrequest("GET", "/api/runs", skip_host=True)
    for host in ("127.0.0.1", "evil.example"):
        connection.putheader("Host", host)
    connection.putheader("Authorization", site.key["Authorization"])
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:80", "127.0.0.2",
                                  "lab.example", "Lab.Example:1234"])  # fmt: skip
def test_our_own_names_are_let_in(site, host):
    assert site.raw("GET", "/api/runs", {**site.key, "Host": host}).status == 200


def test_what_changes_something_must_say_where_it_comes_from(site, trainer):
    for method, target in everywhere(site):
        status = site.raw(method, target, site.key).status
        assert (status == 403) == (method not in ("GET", "HEAD")), (method, target)


def test_our_own_page_is_let_through(site, trainer):
    target = f"/api/runs/{site.id('first')}/answer"
    for own in ({"Origin": site.url}, {"Sec-Fetch-Site": "same-origin"}):
        assert site.raw("POST", target, {**site.key, **own}).status == 503


def test_the_token_is_exchanged_for_a_cookie(site):
    with httpx.Client(base_url=site.url) as browser:
        answer = browser.get(f"/?token={site.door.token}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{site.door.cookie}=")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert browser.get("/api/runs").status_code == 200


def test_who_follows_a_link_goes_on_by_a_page_of_ours(site):
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = httpx.get(f"{site.url}/?token={site.door.token}", headers=visit)
    assert answer.status_code == 200
    assert site.door.cookie in answer.headers["set-cookie"]
    assert 'http-equiv="refresh"' in answer.text
    assert site.door.token not in answer.text


def test_a_pass_is_good_once_and_for_a_minute(site, monkeypatch):
    ticket = site.door.new_pass()
    assert site.raw("GET", f"/api/runs?token={ticket}", {}).status == 401
    assert site.raw("GET", "/api/runs", {"Authorization": f"Bearer {ticket}"}).status == 401
    assert site.raw("GET", f"/?token={ticket}", {}).status == 303
    assert site.raw("GET", f"/?token={ticket}", {}).status == 401
    monkeypatch.setattr(guard, "PASS_SECONDS", -1.0)
    assert site.raw("GET", f"/?token={site.door.new_pass()}", {}).status == 401


def test_tokens_are_long_and_each_servers_own():
    doors = [Door() for _ in range(10)]
    assert len({door.token for door in doors}) == len({door.cookie for door in doors}) == 10
    assert all(len(bytes.fromhex(door.token)) == 24 for door in doors)
    assert all(door.token not in repr(door) for door in doors)


def test_every_answer_carries_the_headers(site, trainer):
    run = site.id("first")
    answers = [site.get(target) for target in targets(run)]
    answers += [
        httpx.get(site.url),
        httpx.get(f"{site.url}/?token={site.door.token}"),
        site.get("/", Host="evil.example"),
        site.post(f"/api/runs/{run}/control", b"{"),
    ]
    assert {200, 303, 400, 401, 403, 404, 405, 503} <= {answer.status_code for answer in answers}
    for answer in answers:
        policy = dict(
            part.strip().split(" ", 1)
            for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in str(policy) and "*" not in str(policy)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_socket_is_checked_before_it_opens(site, trainer, headers, status):
    run = site.id("first")
    with pytest.raises(InvalidStatus) as refused, site.socket(run, **headers):
        pass
    assert refused.value.response.status_code == status
    assert refused.value.response.headers["x-content-type-options"] == "nosniff"
    assert site.live.sockets == 0


@pytest.mark.parametrize(("host", "status"), [("evil.example", 403), ("127.0.0.1", 101)])
def test_a_socket_by_another_name_is_refused(site, trainer, host, status):
    upgrade = {
        **site.key,
        "Host": host,
        "Origin": f"http://{host}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    assert site.raw("GET", f"/api/live?run={site.id('first')}", upgrade).status == status
