"""Runs an emulated AWS account: ministack on 127.0.0.1, in memory, with all its services. Glue job runs are simulated.

Writes its endpoint, http://127.0.0.1:PORT, to standard output when it accepts requests. Ends when its parent closes
the pipe to its standard input.
"""

import asyncio
import os

from emulator import configure, listen, serve_until_stopped
from parent import end_with_parent
from played_glue import play
from step_functions import extend

end_with_parent()
listener = listen(0)
port = listener.getsockname()[1]
configure(port, data=None, services="")
# The Lambda functions in the emulator call the emulator, too.
os.environ.update(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", MINISTACK_HOST="127.0.0.1")
play()
extend()
asyncio.run(serve_until_stopped(listener))
