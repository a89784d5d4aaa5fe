"""A result is there whole or not at all."""

import os
import resource
import stat
import threading
from pathlib import Path

from shared.exchange.output import write_whole
from tests.shared.exchange.build import said


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_may_be_read_by_whom_the_mask_lets(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    mask = os.umask(0o027)
    try:
        write_whole(path, b"")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "result.json"
    link = tmp_path / "result.json"
    link.symlink_to(target)
    write_whole(link, b"one")
    assert link.is_symlink()
    assert target.read_bytes() == b"one"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"one")
    reader.join(timeout=10)
    assert found == [b"one"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    assert said(lambda: write_whole(tmp_path / "nix" / "r.json", b"")) == [
        "r.json: The file cannot be written: No such file or directory."
    ]
    assert said(lambda: write_whole(tmp_path, b"")) == [
        f"{tmp_path.name}: The file cannot be written: Is a directory."
    ]


def test_a_file_that_is_there_survives_a_write_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"one")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))  # as if the disk were full
    try:
        lines = said(lambda: write_whole(path, bytes(2**21)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert lines == ["result.json: The file cannot be written: File too large."]
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
