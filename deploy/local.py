"""The whole system on one machine with nothing to install: ``python -m deploy.local``, or ``make up``."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from deploy.console import Console
from deploy.ports import Ports
from deploy.processes import StartError
from deploy.startup import CHECKOUT, LocalSystem, System, system_of
from deploy.state import AlreadyRunningError, locked, make_folder, read_state

PATIENCE = 1.0  # `timeout` and `make` repeat a signal at once; a person who insists takes longer


def main(system: System, console: Console) -> int:
    """Run until a signal; return the exit code."""
    try:
        make_folder(system.state)
        with locked(system.state), Ports() as ports:
            return asyncio.run(run(LocalSystem(system, console, ports), console))
    except AlreadyRunningError:
        console.line(console.paint("This checkout is already running.", "bold"))
        say_addresses(console, read_state(system.state))
    except (StartError, OSError) as error:
        console.line(console.paint(str(error), "red"))
    return 1


async def run(local: LocalSystem, console: Console) -> int:
    began = time.monotonic()
    code = 0
    stop = asyncio.Event()
    with signals(stop, local.supervisor.hurry):
        starting = asyncio.create_task(local.start())
        stopping = asyncio.create_task(stop.wait())
        watching = asyncio.create_task(watch_terminal(stop))
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                say_ready(console, local.state, time.monotonic() - began)
                await stopping
        except* (StartError, OSError) as group:
            code = 1
            for error in group.exceptions:
                console.line(console.paint(str(error), "red"))
        finally:
            watching.cancel()
            starting.cancel()
            await asyncio.wait({starting})
            await say_and_stop(local, console)
    return code


async def say_and_stop(local: LocalSystem, console: Console) -> None:
    began = time.monotonic()
    console.line("Stopping. Ctrl-C again kills.")
    await local.stop()
    console.line(f"Stopped in {time.monotonic() - began:.1f} s. The data stays.")


async def watch_terminal(stop: asyncio.Event) -> None:
    """Stop when the terminal we are in the foreground of is closed.

    Its SIGHUP goes to the shell, which tells us; but when `make` stands in the shell's place, as
    under ssh, nobody does.
    """
    foreground = False
    with suppress(OSError, ValueError):
        while True:
            foreground = os.tcgetpgrp(0) == os.getpgrp()
            await asyncio.sleep(1)
    if foreground:
        stop.set()


@contextmanager
def signals(stop: asyncio.Event, hurry: asyncio.Event) -> Iterator[None]:
    """Set ``stop`` at the first signal, ``hurry`` when a later one shows impatience."""
    loop = asyncio.get_running_loop()
    first: list[float] = []

    def received() -> None:
        first.append(loop.time())
        stop.set()
        if loop.time() - first[0] > PATIENCE:
            hurry.set()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, received)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def say_ready(console: Console, state: dict[str, Any], seconds: float) -> None:
    console.line()
    console.line(console.paint(f"Ready in {seconds:.1f} s.", "bold"))
    say_addresses(console, state)
    console.line("  Try it     make demo, in another terminal")
    console.line("  Stop       Ctrl-C")


def say_addresses(console: Console, state: dict[str, Any]) -> None:
    urls = state.get("urls", {})
    console.line(f"  API        {urls.get('api', 'not ready yet')}")
    console.line(f"  Its docs   {urls.get('docs', 'not ready yet')}")
    if "mail" in urls:
        console.line(f"  Mail box   {urls['mail']}   no mail leaves this machine")
    for text in sign_in(Path(state.get("accounts", "")), secret=console.is_terminal):
        console.line(text)
    console.line(f"  Logs       {state.get('logs')}")


def sign_in(accounts: Path, *, secret: bool) -> list[str]:
    """Tell how to sign in; a password is shown on a terminal only, not in a log of one."""
    found: dict[str, dict[str, str]] = {}
    with suppress(OSError, ValueError):
        found = json.loads(accounts.read_text())
    lines = []
    if "coordinator" in found:
        who = found["coordinator"]
        password = f", password {who['password']}" if secret else ""
        lines.append(f"  Sign in    as {who['login']}{password}")
    others = ", ".join(role for role in found if role != "coordinator")
    more = f" (also {others})" if others else ""
    return [*lines, f"  Passwords  {accounts}{more}"]


if __name__ == "__main__":
    sys.exit(main(system_of(CHECKOUT, os.environ), Console()))
