"""MiniStack, an emulator of AWS, for our tests: on loopback alone, and only as long as its standard input is open.

It prints `listening on PORT` once it answers. `account` has what is there from the start, `resource_types` the types
that MiniStack does not know, and `corrections` what it does otherwise than CloudFormation.
"""

import argparse
import asyncio
import ipaddress
import os
import signal
import socket
import sys
import threading


def main():
    """Serves until standard input is closed, which it is when whoever started this has ended, in whatever way."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="what each resource takes")
    delay = arguments.parse_args().delay
    # Functions are killed with this.
    os.setpgrp()
    sys.addaudithook(refuse_other_hosts)
    listener = socket.create_server(("127.0.0.1", 0))
    configure(listener.getsockname()[1])
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    asyncio.run(serve(listener, delay))


def configure(port):
    """Sets what MiniStack reads from the environment when it is imported."""
    os.environ.update(
        # Where it says that its services are, and listeners beside the one for all of them.
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        # Functions run as processes; nothing starts containers.
        LAMBDA_EXECUTOR="local",
        DOCKER_HOST="unix:///nonexistent",
        # Functions tell it how they went.
        NO_PROXY="127.0.0.1,localhost",
        # Nothing stays behind.
        PERSIST_STATE="0",
        S3_PERSIST="0",
    )
    # Below this it tells of every fault, and ours are wanted.
    os.environ.setdefault("LOG_LEVEL", "CRITICAL")


def refuse_other_hosts(event, arguments):
    """Raises when this process is about to reach, or to be reached by, another host."""
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else "localhost"
    elif event == "socket.getaddrinfo":
        host = arguments[0] or "localhost"
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host != "localhost" and not is_loopback(host):
        raise PermissionError(f"{event} of {host}, which is not on loopback")


def is_loopback(host):
    """Tells whether this is an address that only this host has; a name is not."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def end_with_standard_input():
    """Ends the process at once when standard input does, and those of its functions; there is nothing to save."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


async def serve(listener, delay):
    """Serves on this socket, and says so."""
    from hypercorn.asyncio import serve as serve_application
    from hypercorn.config import Config
    from ministack.app import app

    import account
    import corrections
    import resource_types

    account.furnish()
    resource_types.register()
    resource_types.slow_down(delay)
    corrections.apply()

    async def application(scope, receive, send):
        """MiniStack, which says on standard output when it has started."""

        async def announce(message):
            """Passes a message on."""
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                print(f"listening on {listener.getsockname()[1]}", flush=True)

        await app(scope, receive, announce if scope["type"] == "lifespan" else send)

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = os.environ["LOG_LEVEL"]
    await serve_application(application, config)


main()
