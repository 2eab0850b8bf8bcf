"""The server listens where it is told, and ends when it should."""

import socket
import threading

import pytest

from saccade.core.errors import BadUsage
from saccade.core.listen import listen
from saccade.view.live.guard import Door
from saccade.view.live.server import Live, make_app
from saccade.view.live.serving import make_server, serve_until_done
from saccade.view.live.shelf import Shelf


def test_a_port_that_is_taken_is_said():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert first.getsockname()[0] == "127.0.0.1"
        with pytest.raises(BadUsage, match=f"port {port} of 127.0.0.1 is taken"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("127.0.0.1", 70_000), ("", -1)])
def test_a_place_that_is_none_is_refused(host, port):
    with pytest.raises(BadUsage):
        listen(host, port)


def test_answers_are_not_held_back():
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_the_limits_are_those_that_were_promised():
    config = make_server(make_app(Live(Shelf([])), Door())).config
    assert (config.ws_max_size, config.ws_ping_interval) == (64 << 10, 20)
    assert not config.access_log and not config.proxy_headers and not config.server_header


def test_it_ends_once_the_run_and_the_last_visit_have_ended(trainer, holding, until):
    live = Live(Shelf([trainer.path]))
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(
        target=serve_until_done, args=(make_app(live, Door()), listener, live, 0.4)
    )
    with live.socket():
        with holding(trainer.path):
            thread.start()
        thread.join(1)
        assert thread.is_alive(), "somebody watches"
        trainer_lives = holding(trainer.path)
        trainer_lives.__enter__()
    thread.join(1)
    assert thread.is_alive(), "the run goes on"
    trainer_lives.__exit__(None, None, None)
    thread.join(20)
    assert not thread.is_alive()
