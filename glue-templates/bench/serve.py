"""Serves the files of a folder on 127.0.0.1, with their Content-Length, until standard input ends.

    python -m bench.serve FOLDER

A process of its own, so that what it costs is no contender's. The first line on standard output is the address.
"""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from parent import end_with_parent


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def main() -> None:
    end_with_parent()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=sys.argv[1]))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
