"""Serves the files of a folder on 127.0.0.1, with Content-Length, until standard input is closed.

    python -m bench.serve FOLDER

The server is a separate process, so that its CPU time is not attributed to a contender. The first line on standard
output is its URL.
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
