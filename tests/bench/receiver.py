"""Two receivers of webhooks in one process: ``/fast`` answers at once, ``/slow`` after two seconds."""

import asyncio

import uvloop

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
SLOW = 2.0  # seconds


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, rest = head.partition(b"content-length: ")
            await reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))
            if head.startswith(b"post /slow"):
                await asyncio.sleep(SLOW)
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 the starter reads it
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
