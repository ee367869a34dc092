"""A process that uses the embedded database as a service would, until it is killed or its standard input ends.

python tests/embedded_process.py DIRECTORY [fork]      says "ready", or the process id of its forked child
"""

import os
import signal
import sys

from videosession.embedded import Embedded

directory, *fork = sys.argv[1:]
Embedded(directory).ensure()
child = os.fork() if fork else "ready"
if child == 0:
    signal.signal(signal.SIGUSR1, lambda *_: Embedded(directory).ensure())
    while True:
        signal.pause()
sys.stdout.write(f"{child}\n")
sys.stdout.flush()
sys.stdin.read()
