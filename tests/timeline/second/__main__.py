"""Compare the answers of two implementations of the timeline: `python -m tests.timeline.second 200000`.

A second number is another seed. Prints each log that they differ about, and at last how many they agree about.
"""

import sys

from tests.timeline.chance import logs
from tests.timeline.second.agreement import differences


def main(count: int, seed: int = 7) -> int:
    differing = 0
    for place, events in enumerate(logs(count, seed)):
        if found := differences(events):
            differing += 1
            sys.stdout.write(f"log {place}: {', '.join(found)}\n")
    sys.stdout.write(f"{count - differing} of {count} agree\n")
    return min(differing, 1)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
