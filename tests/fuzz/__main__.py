"""`make fuzz`: for minutes rather than seconds, and with other requests each time."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fuzz.fuzzing import fuzz
from tests.integration.site import KEY, Site


def main() -> int:
    """The exit status: 0 if no answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="requests by call and phase (500)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="of a run to be repeated")
    asked = parser.parse_args()
    failed = False
    for keyed in (False, True):
        with tempfile.TemporaryDirectory(prefix="densely-fuzz-") as folder:
            site = Site(Path(folder), **({"api_keys": (KEY,)} if keyed else {}))
            try:
                options = [f"--max-examples={asked.examples}", f"--seed={asked.seed}", "--continue-on-failure"]
                outcome = fuzz(site, Path(folder), keyed=keyed, known=True, options=options)
            finally:
                site.close()
            sys.stdout.write(f"{'With a key' if keyed else 'Without keys'}, --seed {asked.seed}\n\n{outcome}\n")
            failed = failed or outcome.failed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
