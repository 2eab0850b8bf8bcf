"""saccade view"""

import ipaddress
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Parameter

from saccade.cli.words import Whole
from saccade.run.directory import runs_folder


def view(
    *runs: Path,
    host: str = "127.0.0.1",
    port: Whole = 0,
    allow_host: list[str] | None = None,
    read_only: bool = False,
    no_browser: bool = False,
    until_done: Annotated[bool, Parameter(show=False)] = False,
) -> int:
    """Watch runs in the browser, while they train and after.

    Prints the page's address; who has it may watch, and steer what trains. Ctrl-C ends it; no run
    takes notice.

    Examples:

        saccade view
        saccade view runs/2026-11-21-digits-conv-bn
        saccade view --read-only --host 0.0.0.0 --allow-host classroom.example

    Parameters
    ----------
    runs: Path
        Run directories, run names, or folders of runs. Default: all of $SACCADE_RUNS, else ./runs.
    host: str
        The address to listen at; 0.0.0.0 for every one of this machine.
    port: int
        The port; 0 takes a free one.
    allow_host: list
        A name by which browsers may call this machine, besides localhost and addresses.
    read_only: bool
        Show only: nobody can steer a run from the page.
    no_browser: bool
        Open no browser.
    """
    from saccade.core.listen import listen
    from saccade.view.live.answering import Answerer
    from saccade.view.live.guard import Door
    from saccade.view.live.server import Live, make_app
    from saccade.view.live.serving import serve, serve_until_done
    from saccade.view.live.shelf import Shelf, shelved

    paths = shelved(runs, runs_folder())
    door = Door(frozenset(name.lower() for name in (*(allow_host or ()), *names_in(host))))
    answerer = Answerer()
    live = Live(Shelf(paths, door.token.encode()), read_only, answerer=answerer)
    listener = listen(host, port)
    address = f"http://{shown_host(host)}:{listener.getsockname()[1]}/?token="
    signal.signal(signal.SIGTERM, _terminated)
    if not is_loopback(host):
        print(
            f"warning: everybody who reaches this machine at {host} and knows the address below "
            "can watch" + ("" if read_only else " and steer (--read-only: only watch)"),
            file=sys.stderr,
        )
    print(f"{address}{door.token}", flush=True)
    if not no_browser and has_desktop():
        _open_browser(address + door.new_pass())
    app = make_app(live, door)
    if until_done:
        serve_until_done(app, listener, live)
    else:
        serve(app, listener)
    return 0


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def names_in(host: str) -> list[str]:
    """The host where it is a name; an address is known by the connections that come in by it.

    >>> names_in("teacher.example"), names_in("0.0.0.0")
    (['teacher.example'], [])
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return [host]
    return []


def shown_host(host: str) -> str:
    """What to type for it in a browser on this machine.

    >>> shown_host("0.0.0.0"), shown_host("::1"), shown_host("192.168.1.5")
    ('127.0.0.1', '[::1]', '192.168.1.5')
    """
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1" if host != "::" else "[::1]"
    return f"[{host}]" if ":" in host else host


def has_desktop() -> bool:
    """Whether a browser that is opened here is seen by who typed the command."""
    if os.environ.get("SACCADE_NO_BROWSER") == "1" or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_browser(address: str) -> None:
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
