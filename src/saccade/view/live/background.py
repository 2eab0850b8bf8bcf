"""A loop in a thread of its own: a notebook's kernel can't answer while it runs a cell."""

import asyncio
import threading
from functools import cache


@cache
def background() -> asyncio.AbstractEventLoop:
    """The loop, one for all widgets. Its thread waits as long as there is nothing to do."""
    # Jupyter's choice of loop on Windows can't start processes; this one can.
    make = getattr(asyncio, "ProactorEventLoop", asyncio.new_event_loop)
    loop: asyncio.AbstractEventLoop = make()
    threading.Thread(target=loop.run_forever, name="saccade-notebook", daemon=True).start()
    return loop
