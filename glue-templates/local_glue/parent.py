"""Ends a process when the `medallion` command that started it ends, even by kill -9.

python parent.py COMMAND …     runs a command so; the exit code is the command's
"""

import os
import signal
import stat
import subprocess
import sys
import threading


def end_with_parent() -> None:
    """End this process, with its group if it leads one, when its parent ends.

    The parent holds the other end of standard input and never writes to it: its end is the parent's end.
    A standard input that is no pipe (a terminal, a file, /dev/null) tells nothing and is not watched.
    The kernel's own death signal would end this process alone, and leave what it started.
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
