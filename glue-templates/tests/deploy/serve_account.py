"""Runs an emulated AWS account for one test, like start.py, but without the additional features of state machines.

PYTHONPATH must contain local_glue and the folder of this file. With --roles DIR, requests with the access key KEY are
limited to the policies in DIR/KEY.json.
"""

import asyncio
import os
import sys

from emulator import configure, listen, serve_until_stopped
from parent import end_with_parent
from played_glue import play

end_with_parent()
listener = listen(0)
configure(listener.getsockname()[1], data=None, services="")
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
play()
roles = sys.argv[sys.argv.index("--roles") + 1] if "--roles" in sys.argv else None
asyncio.run(serve_until_stopped(listener, roles))
