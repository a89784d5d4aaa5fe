import json
import subprocess
import sys

import pytest

from shared.log import incoming_trace_id, new_trace_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SCRIPT = f"""
import logging, structlog
from shared.log import configure, trace_id
configure(service="api", level="INFO")
trace_id.set("{TRACE}")
structlog.get_logger().info("xin chào", figure=6.5)
structlog.get_logger().debug("hidden")
logging.getLogger("alembic").warning("from %s", "elsewhere")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("failed")
"""


def test_a_trace_id_is_32_hex_digits_and_new_each_time() -> None:
    assert len(new_trace_id()) == 32
    assert int(new_trace_id(), 16) != int(new_trace_id(), 16)


def test_the_callers_trace_id_is_taken_over() -> None:
    assert incoming_trace_id(f"00-{TRACE}-00f067aa0ba902b7-01") == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        TRACE,
        f"00-{TRACE}",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
    ],
)
def test_a_header_that_is_wrong_gets_a_new_trace_id(header: str) -> None:
    made = incoming_trace_id(header)
    assert made != TRACE
    assert len(made) == 32


def test_every_line_is_json_with_service_level_time_and_trace_id() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, check=True, timeout=30
    )
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [line["event"] for line in lines] == ["xin chào", "from elsewhere", "failed"]
    for line in lines:
        assert (line["service"], line["trace_id"]) == ("api", TRACE)
        assert line["timestamp"].endswith("Z")
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert lines[0]["figure"] == 6.5
    assert "ZeroDivisionError" in lines[2]["exception"]
