"""What watching costs: training speed bare, recorded, with a client, with a browser.

    python benchmarks/view.py [--rounds 5] [--chromium /usr/bin/chromium]

Every round trains the same network once in each way, in a process of its own, one way after the
other; the table has medians over the rounds and the share of the bare speed of the same round.
`bare` records everything but snapshots, `recorded` everything, `client` has a program connected
that fetches all that a page fetches and draws nothing, `chromium` a real page, drawing.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WAYS = ("bare", "recorded", "client", "chromium")
NETS = (("mlp-relu", "G2.1", 10_001), ("conv", "G3.0", 2_000))


def train(way: str, model: str, recipe: str, steps: int, folder: Path) -> float:
    """Images/s of one training, in this process."""
    import saccade
    from saccade.train import pace

    if way == "bare":
        pace.SnapshotTimer.due = lambda self: False  # type: ignore[method-assign]
    run = saccade.create_run(folder)
    wanted = saccade.recipe(model, recipe, steps=steps, evaluate_every=steps // 10)
    finished = saccade.finish(
        saccade.record(saccade.fit(model, saccade.load("mnist"), wanted), run)
    )
    return float(finished.images_per_second)


@contextmanager
def watching(way: str, folder: Path, chromium: str) -> Iterator[None]:
    """Somebody looks at a run while it trains."""
    if way in ("bare", "recorded"):
        yield
        return
    server = subprocess.Popen(
        [sys.executable, "-m", "saccade", "view", str(folder.parent), "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
    )
    address = server.stdout.readline().strip() if server.stdout else ""
    looking = subprocess.Popen(
        [sys.executable, __file__, "--look" if way == "chromium" else "--watch", address],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CHROMIUM": chromium},
    )
    try:
        yield
    finally:
        for process in (looking, server):
            process.terminate()
            process.wait()


def look(address: str) -> None:
    """A real browser on the newest run, drawing until it is ended."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address + "#/")
        page.locator("a[href*='#/run/']").first.click(timeout=120_000)
        page.wait_for_timeout(3_600_000)


async def watch(address: str) -> None:
    """A client that fetches what a page fetches, of the newest run, and draws nothing."""
    import httpx
    from websockets.asyncio.client import connect

    base, token = address.split("/?token=")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=base, headers=headers) as client:
        runs: list[dict[str, str]] = []
        while not runs:
            await asyncio.sleep(0.1)
            runs = (await client.get("/api/runs")).json()["runs"]
        run = runs[0]["id"]
        live = base.replace("http", "ws") + f"/api/live?run={run}&after=0"
        async with connect(live, additional_headers={**headers, "Origin": base}) as socket:
            await client.get(f"/api/runs/{run}/images")
            async for message in socket:
                for step in json.loads(message).get("snapshots", []):
                    await client.get(f"/api/runs/{run}/snapshots/{step}")


def measure(way: str, net: tuple[str, str, int], chromium: str) -> float:
    """Images/s of one training in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "runs" / "r"
        folder.parent.mkdir()
        words = [sys.executable, __file__, "--train", way, *map(str, net), str(folder)]
        with watching(way, folder, chromium):
            done = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "")
    parser.add_argument("--train", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    parser.add_argument("--look", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        way, model, recipe, steps, folder = options.train
        print(train(way, model, recipe, int(steps), Path(folder)))
        return
    if options.look:
        look(options.look)
        return
    if options.watch:
        asyncio.run(watch(options.watch))
        return
    ways = [way for way in WAYS if way != "chromium" or options.chromium]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for net in NETS:
        speeds = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way in ways:
                speeds[way].append(measure(way, net, options.chromium))
        for way in ways:
            shares = [a / b for a, b in zip(speeds[way], speeds["bare"], strict=True)]
            print(
                f"{net[0]:<9} {way:<9} {statistics.median(speeds[way]):>9,.0f} images/s  "
                f"{100 * statistics.median(shares):5.1f} % of bare "
                f"({100 * min(shares):.1f} to {100 * max(shares):.1f}, n = {len(shares)})"
            )


if __name__ == "__main__":
    main()
