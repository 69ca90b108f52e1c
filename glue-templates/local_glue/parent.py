"""Ends a process when the `medallion` command that started it ends, even if the command is killed with kill -9.

python parent.py COMMAND …     runs a command that ends when its parent ends; returns the exit code of the command
"""

import os
import signal
import stat
import subprocess
import sys
import threading


def end_with_parent() -> None:
    """End this process when its parent ends. If this process is a process group leader, end the group.

    The parent keeps the other end of standard input open and never writes to it, so end-of-file means that the parent
    has ended. If standard input is a terminal, a file or /dev/null, it is not watched. The parent-death signal of Linux
    is not used, because it does not end child processes.
    """
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        threading.Thread(target=_wait, name="parent", daemon=True).start()


def _wait() -> None:
    while os.read(0, 4096):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    end_with_parent()
    sys.exit(subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL))
