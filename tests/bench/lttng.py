"""LTTng-UST's wrapper of malloc as a peer: a session of our own, with its daemons, for a while.

The channel is lossless (blocking_timeout=inf, and the program is told that it may block), as flrec
is; with LTTng's default, which discards events when its buffers are full, it would do less. Buffers:
8 of 1 MiB for each processor. What was traced is cleared before each run, outside of what is timed.
"""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager

WRAPPER = "liblttng-ust-libc-wrapper.so.1"
SESSION = "flrec-bench-%d" % os.getpid()  # the daemon is one for all of a user
CHANNEL = ["--userspace", "--blocking-timeout=inf", "--subbuf-size=1M", "--num-subbuf=8", "mallocs"]


class Missing(Exception):
    """LTTng is not here or does not work here."""


class Session:
    def __init__(self, folder):
        self.environment = {**os.environ, "LTTNG_HOME": folder}
        self.daemon = None

    def lttng(self, *words):
        done = subprocess.run(["lttng", "--no-sessiond", *words], env=self.environment, check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            lines = (done.stderr + done.stdout).strip().splitlines()
            raise Missing("lttng %s: %s" % (words[0], lines[-1] if lines else "failed"))

    def start(self, folder):
        self.daemon = subprocess.Popen(["lttng-sessiond", "--no-kernel"], env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(50):
            time.sleep(0.1)
            try:
                self.lttng("list")
                break
            except Missing:
                continue
        self.lttng("create", SESSION, "--output=" + os.path.join(folder, "lttng-out"))
        self.lttng("enable-channel", "--session=" + SESSION, *CHANNEL)
        self.lttng("enable-event", "--session=" + SESSION, "--userspace", "lttng_ust_libc:*", "--channel=mallocs")
        self.lttng("start", SESSION)

    def end(self):
        if self.daemon is None:
            return
        try:
            self.lttng("destroy", SESSION)
        except Missing:
            pass
        self.daemon.terminate()
        self.daemon.wait()

    def clear(self):
        """Forget what was traced."""
        self.lttng("clear", SESSION)

    def command(self, argv):
        return ["env", "LTTNG_HOME=" + self.environment["LTTNG_HOME"], "LTTNG_UST_ALLOW_BLOCKING=1",
                "LD_PRELOAD=" + WRAPPER, *argv]


@contextmanager
def session(folder):
    """A session that traces, in `folder`; Missing when there can be none."""
    if shutil.which("lttng-sessiond") is None or shutil.which("lttng") is None:
        raise Missing("not installed (packages lttng-tools and liblttng-ust1)")
    made = Session(folder)
    try:
        made.start(folder)
        yield made
    finally:
        made.end()
