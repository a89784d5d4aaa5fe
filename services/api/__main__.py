"""Serve the API."""

import uvicorn

from services.api.app import create_asgi
from shared.log import configure
from shared.memory import give_back_large_blocks, leave_what_is_loaded
from shared.settings import Settings


def main() -> None:
    give_back_large_blocks()
    settings = Settings()
    configure(service="api", level=settings.log_level)
    app = create_asgi(settings)
    leave_what_is_loaded()
    uvicorn.run(
        app,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=65_536,
        backlog=512,
    )


if __name__ == "__main__":
    main()
