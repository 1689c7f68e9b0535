"""`python -m benchmarks [NAME...] [--quick]`: measure, write docs/performance.md, and name what falls short."""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable

from benchmarks import chat, files, growth, interference, memory, page, report, saves, soak, uploads
from benchmarks.ground import Ground, ground
from benchmarks.measure import Result

PARTS: dict[str, Callable[[Ground], Result]] = {
    "saves": saves.measure,
    "uploads": uploads.measure,
    "files": files.measure,
    "chat": chat.measure,
    "interference": interference.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "page": page.measure,
    "soak": soak.measure,
}


def main() -> int:
    """Run the parts named, all of them without a name; gives 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}; all without one")
    parser.add_argument(
        "--quick", action="store_true", help="smallest counts, printed only: does all of it run?"
    )
    parser.add_argument(
        "--rounds", type=int, help="rounds of each contender, instead of the part's own count"
    )
    parser.add_argument("--seconds", type=int, help="seconds of a round, instead of the part's own")
    parser.add_argument("--minutes", type=float, help="minutes of the part `soak`, instead of 30")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is named {', '.join(sorted(unknown))}")
    # Whoever ends it by a signal leaves no server behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    missed: list[str] = []
    counts = {name: getattr(asked, name) for name in ("quick", "rounds", "seconds", "minutes")}
    with ground(**counts) as made:
        for name in asked.parts or PARTS:
            print(f"{name}", flush=True)
            began = time.monotonic()
            try:
                result = PARTS[name](made)
            except (RuntimeError, OSError, AssertionError):
                # The other parts are worth having, after hours perhaps.
                traceback.print_exc()
                missed.append(f"{name}: could not be measured")
                continue
            command = " ".join(
                ["python -m benchmarks", name, *(one for one in sys.argv[1:] if one not in PARTS)]
            )
            print(report.section(result, command), flush=True)
            print(f"{name} took {time.monotonic() - began:.0f} s", flush=True)
            if not asked.quick:
                report.record(result, command)
                missed += [f"{result.title}: {one.name}" for one in result.targets if not one.met]
    for one in missed:
        print(f"Falls short: {one}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
