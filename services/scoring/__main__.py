"""Run the scoring worker."""

from functools import partial

import uvloop

from services.scoring.worker import build
from shared.log import configure
from shared.settings import Settings
from shared.tasks import serve


def main() -> None:
    settings = Settings()
    configure(service="scoring", level=settings.log_level)
    uvloop.run(serve(settings, partial(build, settings)))


if __name__ == "__main__":
    main()
