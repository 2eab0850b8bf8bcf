"""`saccade serve` says what is wrong with what was typed; what it answers is tests/serve's."""

import socket

import pytest

from saccade.export.bundle import export_bundle

KEY = "open sesame"


@pytest.fixture(scope="module")
def bundle(finished_run, tmp_path_factory):
    return export_bundle(finished_run, tmp_path_factory.mktemp("serve") / "digits").path


@pytest.mark.parametrize(
    "options, why",
    [
        (("--host", "0.0.0.0"), "--api-keys"),
        (("--host", "::"), "--public"),
        (("--host", "0"), "--public"),
        (("--api-keys", "none.txt"), "can't be read"),
        (("--api-keys", "."), "can't be read"),
        (("--api-keys", "empty.txt"), "has no key"),
        (("--api-keys", "plain.txt"), "key 1 is no sha256"),
        (("--api-keys", "short.txt"), "key 2 is no sha256"),
        (("--api-keys", "bytes.txt"), "can't be read"),
        (("--name", "a/b"), "--name takes"),
        (("--name", ".."), "--name takes"),
        (("--port", "65536"), "--port takes"),
        (("--port", "-1"), "--port takes"),
        (("--host", "no.such.host.invalid", "--public"), "can't listen"),
    ],
)
def test_a_server_that_would_be_open_or_has_no_keys_does_not_start(
    typed, bundle, tmp_path, monkeypatch, options, why
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "plain.txt").write_text(KEY)
    (tmp_path / "short.txt").write_text("a" * 64 + "\n" + "a" * 63)
    (tmp_path / "bytes.txt").write_bytes(b"\xff" * 64)
    port = () if "--port" in options else ("--port", "0")
    said = typed("serve", bundle, *port, *options)
    assert (said.code, why in said.err) == (2, True), said.err
    assert (said.out, KEY in said.err) == ("", False)


def test_a_port_that_is_taken_is_said(typed, bundle):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for option in ("--port", "--metrics-port"):
            rest = () if option == "--port" else ("--port", "0")
            said = typed("serve", bundle, option, str(port), *rest)
            assert (said.code, f"port {port} of 127.0.0.1 is taken" in said.err) == (2, True)


@pytest.mark.parametrize(
    "name, value, why",
    [
        ("AIP_HTTP_PORT", "http", "is a number"),
        ("PORT", "80 80", "is a number"),
        ("AIP_PREDICT_ROUTE", "predict", "begin with /"),
        ("AIP_HEALTH_ROUTE", "health", "begin with /"),
    ],
)
def test_what_a_platform_says_wrongly_is_said(typed, bundle, monkeypatch, name, value, why):
    monkeypatch.setenv(name, value)
    port = () if name.endswith("PORT") else ("--port", "0")
    said = typed("serve", bundle, *port)
    assert (said.code, why in said.err) == (2, True), said.err


def test_what_is_no_bundle_is_not_served(typed, tmp_path):
    said = typed("serve", tmp_path / "none.zip", "--port", "0")
    assert (said.code, said.out) == (2, ""), said.err
