"""An account of AWS on this machine alone: ministack with all of its services, in memory, bound to 127.0.0.1.

The first line on standard output is the endpoint, http://127.0.0.1:PORT, written once requests are answered.
It ends when the end of standard input, a pipe, says that its parent has.
"""

import asyncio
import os

from emulator import configure, listen, serve_until_stopped
from parent import end_with_parent

end_with_parent()
listener = listen(0)
port = listener.getsockname()[1]
configure(port, data=None, services="")
# For the functions that it runs: they call it, and no account.
os.environ.update(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", MINISTACK_HOST="127.0.0.1")
asyncio.run(serve_until_stopped(listener))
