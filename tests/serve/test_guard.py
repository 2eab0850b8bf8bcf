"""Who may ask: every route there is, by every method, under false names, from other pages."""

import hashlib
import socket

import pytest

from saccade.serve.app import App
from saccade.serve.guard import HEALTH, PAGE, Guard
from saccade.serve.settings import Routes
from saccade.serve.worker import make_service

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
KEY = "open sesame"

# What another page's request, or one that was turned to this machine, looks like.
ATTACKS = {
    "another name": ("Host: evil.example",),
    "another name with our port": ("Host: evil.example:80",),
    "a name that begins like ours": ("Host: localhost.evil.example",),
    "a name that ends like ours": ("Host: notlocalhost",),
    "another address": ("Host: 10.0.0.1",),
    "everybody's address": ("Host: 0.0.0.0",),
    "somebody in front of ours": ("Host: evil@localhost.example",),
    "no name": (),
    "an empty name": ("Host:",),
    "two names": ("Host: localhost", "Host: evil.example"),
    "two names, ours last": ("Host: evil.example", "Host: localhost"),
    "another page": ("Host: localhost", "Origin: https://evil.example"),
    "a page without a name": ("Host: localhost", "Origin: null"),
    "a page at another port": ("Host: localhost", "Origin: http://localhost:1"),
    "two pages": ("Host: localhost", "Origin: http://localhost", "Origin: http://evil.example"),
    "two pages, ours last": (
        "Host: localhost",
        "Origin: http://evil.example",
        "Origin: http://localhost",
    ),
    "a file": ("Host: localhost", "Origin: file://"),
}


@pytest.fixture(scope="module")
def routes(settings):
    """All paths that the app answers: whoever adds one can not forget it here."""
    service = make_service(settings)
    app = App(service, Guard(), Routes("/ask", "/ping"))
    try:
        pages = {route.path for route in app.pages.routes}
        return sorted({*pages, *app.hot, "/nowhere", "/metrics"})
    finally:
        service.close()


def ask(address, method, path, *headers):
    """The status of an answer."""
    lines = "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "Connection: close", "", ""])
    answer = address.raw(lines.encode())
    assert answer.startswith(b"HTTP/1.1 "), answer
    assert b"Traceback" not in answer and b"/saccade/" not in answer
    return int(answer.split()[1])


@pytest.fixture(scope="module")
def platform(serve, bundle):
    """With all routes that there can be."""
    own = {"AIP_PREDICT_ROUTE": "/ask", "AIP_HEALTH_ROUTE": "/ping"}
    return serve(bundle, "--name", "digits", **own)


def test_the_list_of_routes_is_the_apps(routes, platform):
    assert {"/predict", "/info", "/healthz", "/openapi.json", "/ask", "/ping"} < set(routes)
    named = set(platform.client.get("/openapi.json").json()["paths"])
    assert named < set(routes)
    assert ask(platform, "GET", "/ping", "Host: localhost") == 200
    assert ask(platform, "POST", "/ask", "Host: localhost", "Content-Length: 0") == 400


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_route_by_every_method_refuses(platform, routes, attack):
    told = {
        (method, path): ask(platform, method, path, *ATTACKS[attack])
        for method in METHODS
        for path in routes
    }
    expected = 400 if attack.startswith("two") else 403
    wrong = {what: status for what, status in told.items() if status != expected}
    assert {method for method, _ in wrong} <= {"CONNECT"}  # of a path that is no HTTP
    assert set(wrong.values()) <= {400}


def test_without_an_attack_no_method_does_what_it_should_not(platform, routes):
    answered = {
        (method, path)
        for method in METHODS
        for path in routes
        if ask(platform, method, path, "Host: localhost", "Content-Length: 0") == 200
    }
    assert {method for method, _ in answered} == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.2:8000", "[::1]:8000", "[::ffff:127.0.0.1]"],
)
def test_our_own_names_are_let_in_and_so_is_our_own_page(served, host):
    assert ask(served, "GET", "/info", f"Host: {host}") == 200
    assert ask(served, "GET", "/info", f"Host: {host}", f"Origin: http://{host}") == 200


def test_a_name_that_was_allowed_is_let_in(serve_once, bundle):
    own = serve_once(bundle, "--allow-host", "Box.Example")
    assert ask(own, "GET", "/info", "Host: box.example:80") == 200
    assert ask(own, "GET", "/info", "Host: other.example") == 403
    assert ask(own, "GET", "/info", "Host: box.example", "Origin: http://other.example") == 403


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    sums = [hashlib.sha256(key.encode()).hexdigest() for key in ("another", KEY)]
    path.write_text(f"{sums[0]}  -\n\n{sums[1].upper()} *somebody\n")
    return path


@pytest.fixture(scope="module")
def locked(serve, bundle, key_file):
    own = {"AIP_PREDICT_ROUTE": "/ask", "AIP_HEALTH_ROUTE": "/ping"}
    options = ("--name", "digits", "--host", "0.0.0.0", "--api-keys", str(key_file))
    return serve(bundle, *options, **own)


WRONG_KEYS = {
    "no key": (),
    "another": ("Authorization: Bearer open sesam",),
    "an empty one": ("Authorization: Bearer ",),
    "its sum": (f"Authorization: Bearer {'0' * 64}",),
    "as a password": ("Authorization: Basic b3BlbiBzZXNhbWU=",),
    "in another header": (f"Cookie: key={KEY}",),
    "in letters of all kinds": ("Authorization: Bearer \xff\xfe\x80",),
}
TWO_KEYS = [
    (f"Authorization: Bearer {KEY}", "Authorization: Bearer no"),
    ("Authorization: Bearer no", f"Authorization: Bearer {KEY}"),
    ("X-API-Key: no", f"X-API-Key: {KEY}"),
]


@pytest.mark.parametrize("how", WRONG_KEYS)
def test_every_route_but_health_needs_a_key(locked, routes, how):
    page = PAGE & set(routes)  # all of it where it was built
    health = {*HEALTH, *page, "/ping", "/v2/models/digits/ready"}
    for method in METHODS[:8]:
        told = {path: ask(locked, method, path, "Host: a", *WRONG_KEYS[how]) for path in routes}
        assert {path for path, status in told.items() if status != 401} == health
        if method == "GET":
            assert {told[path] for path in health} == {200}


@pytest.mark.parametrize("how", TWO_KEYS)
def test_of_two_keys_none_is_chosen(locked, routes, how):
    assert {ask(locked, "GET", path, "Host: a", *how) for path in routes} == {400}


@pytest.mark.parametrize(
    "header",
    [f"Authorization: Bearer {KEY}", f"authorization: bEARER  {KEY} ", f"X-API-Key: {KEY}"],
)
def test_a_key_opens(locked, header):
    assert ask(locked, "GET", "/info", "Host: any.example", header) == 200
    # With a proxy in front of it, that asks for a password of its own.
    if header.startswith("X-"):
        assert ask(locked, "GET", "/info", "Host: a", "Authorization: Basic eDp5", header) == 200


def test_a_key_does_not_open_to_other_pages(locked):
    key = f"Authorization: Bearer {KEY}"
    assert ask(locked, "GET", "/info", "Host: a", key, "Origin: http://b") == 403
    assert ask(locked, "GET", "/info", key, "Origin: http://b") == 403  # and to no name at all
    assert ask(locked, "GET", "/info", "Host:", key, "Origin: null") == 403
    assert ask(locked, "GET", "/info", "Host: a", key, "Origin: http://a") == 200


def test_whoever_is_refused_is_told_how_and_keys_are_never_told(locked, parsed):
    status, headers, told = parsed(locked.raw(b"GET /info HTTP/1.1\r\nConnection: close\r\n\r\n"))
    assert (status, told["code"], headers["www-authenticate"]) == (401, "no_key", "bearer")
    assert KEY not in "".join(locked.said)


def test_public_lets_anybody_in_and_so_does_a_platform(serve_once, bundle):
    for options, environment in (
        (("--host", "0.0.0.0", "--public"), {}),
        ((), {"AIP_HTTP_PORT": "8080"}),
    ):
        own = serve_once(bundle, *options, **environment)
        assert ask(own, "GET", "/info", "Host: any.example") == 200
        assert ask(own, "POST", "/predict", "Host: a", "Origin: https://b") == 403
        assert "0.0.0.0" in "".join(own.said)


def told_ports(served):
    """Of metrics, one a worker."""
    parts = "".join(served.said).split("metrics: http://127.0.0.1:")[1:]
    return [int(part.split("/")[0]) for part in parts]


def test_metrics_are_this_machines_and_have_ports_of_their_own(
    serve_once, at, bundle, key_file, until
):
    keys = ("--api-keys", str(key_file))
    own = serve_once(bundle, "--host", "0.0.0.0", *keys, "--metrics-port", "0")
    until(lambda: len(told_ports(own)) == len(own.workers()))
    each = [at(port) for port in told_ports(own)]
    metrics = each[0]
    assert ask(metrics, "GET", "/metrics", "Host: localhost") == 200
    for method, path, *headers in (
        ("POST", "/metrics", "Host: localhost"),
        ("GET", "/predict", "Host: localhost"),
        ("GET", "/info", "Host: localhost"),
        ("GET", "/metrics", "Host: evil.example"),
        ("GET", "/metrics", "Host: localhost", "Origin: http://evil.example"),
    ):
        assert ask(metrics, method, path, *headers) in (403, 404)
    own.client.get("/healthz")
    own.client.get("/nowhere?" + "x" * 99, headers={"Authorization": f"Bearer {KEY}"})

    def page():
        return "".join(one.client.get("/metrics").text for one in each)

    for status in (200, 404):  # counted once they have been told
        line = f'saccade_requests_total{{route="other",status="{status}"}} 1.0'
        until(lambda line=line: page().count(line) == 1)
    assert "xxx" not in page() and "process_resident_memory_bytes" in page()
    assert ask(own, "GET", "/metrics", "Host: a", f"X-API-Key: {KEY}") == 404
    for one in each:
        one.client.close()
    with pytest.raises(OSError):  # bound to one address, not to all of the machine's
        socket.create_connection(("127.0.0.2", metrics.port), 2).close()


def test_nothing_is_sent_elsewhere_with_the_name_that_was_asked_for(locked):
    key = f"X-API-Key: {KEY}"
    for path in ("/healthz/", "/info/", "//evil.example/", "/info//"):
        assert ask(locked, "GET", path, "Host: evil.example", key) in (401, 404)
