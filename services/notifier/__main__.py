"""Run the notifier."""

from functools import partial

import uvloop

from services.notifier.worker import build
from shared.log import configure
from shared.memory import give_back_large_blocks, leave_what_is_loaded
from shared.settings import Settings
from shared.tasks import serve


def main() -> None:
    give_back_large_blocks()
    settings = Settings()
    configure(service="notifier", level=settings.log_level)
    leave_what_is_loaded()
    uvloop.run(serve(settings, partial(build, settings)))


if __name__ == "__main__":
    main()
