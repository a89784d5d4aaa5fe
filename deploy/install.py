"""Fills ``.venv`` once and asks the network for nothing after that: ``python3 deploy/install.py``.

It runs before anything is installed, and on an old Python just far enough to say so: it uses the
standard library and no new syntax.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = CHECKOUT / "requirements.lock"
STAMP = VENV / "installed"
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
TO_LOCK = ("--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK))
TO_HERE = ("--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT))
EVERY = 10  # packages, between two lines when nobody watches


def main() -> None:
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two terminals, one installation
        if is_installed():
            return
        check_version()
        began = time.monotonic()
        make_venv()
        say("Installing the packages of requirements.lock")
        pip(*TO_LOCK)
        say("Installing the project itself")
        pip(*TO_HERE)
        STAMP.write_text(key())
        say(f"Installed in {time.monotonic() - began:.0f} s; from now on no network is needed")


def key() -> str:
    """Hash what an installation depends on: also the path, which its programs name."""
    parts = [LOCK.read_bytes(), (CHECKOUT / "pyproject.toml").read_bytes(), str(VENV).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_installed() -> bool:
    try:
        return STAMP.read_text() == key() and PYTHON.exists()
    except OSError:
        return False


def check_version() -> None:
    if sys.version_info >= OLDEST:
        return
    have = ".".join(map(str, sys.version_info[:2]))
    newer = [name for name in NEWER if shutil.which(name)]
    advice = (
        f"Use PYTHON={newer[0]} after make." if newer else "Install one; `make PYTHON=...` uses it."
    )
    sys.exit(f"Python 3.11 or newer is needed and {sys.executable} is {have}. {advice}")


def make_venv() -> None:
    """Keep one that works; one whose Python has gone or that was moved here is made anew."""
    if venv_works():
        return
    say("Making .venv")
    words = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        print(done.stdout.decode("utf-8", "replace"))
        sys.exit(
            "Python could not make .venv. On Debian and Ubuntu it needs the package python3-venv."
        )


def venv_works() -> bool:
    try:
        names_itself = str(VENV).encode() in (VENV / "bin" / "pip").read_bytes()
        words = [str(PYTHON), "-c", "import sys, pip; assert sys.version_info >= (3, 11)"]
        found = subprocess.run(words, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    return names_itself and found.returncode == 0


def pip(*words: str) -> None:
    """Run pip; show how far it is, and its last lines when it fails."""
    quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")
    command = [str(PYTHON), "-m", "pip", "install", *quiet, *words]
    last: deque[str] = deque(maxlen=20)
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            last.append(line)
            if line.startswith("Collecting "):
                count += 1
                show(f"  {count} {line.split()[1]}", often=count % EVERY == 0)
            elif count and line.startswith("Installing collected packages"):
                show("  unpacking, about half a minute", often=True)
    finish()
    if process.returncode:
        print("\n".join(last))
        sys.exit("pip could not install. Is the network there? The same command goes on from here.")


def say(text: str) -> None:
    print(text, flush=True)


def show(text: str, *, often: bool) -> None:
    """Overwrite one line on a terminal; elsewhere print a line now and then."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    elif often:
        say(text)


def finish() -> None:
    if sys.stdout.isatty():
        print("\r\x1b[K", end="", flush=True)


if __name__ == "__main__":
    main()
