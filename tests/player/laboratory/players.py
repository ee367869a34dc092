"""The players of the laboratory: installed by npm in exact versions into a folder that git ignores, and bundled."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE / "players"
MODULES = HERE / "node_modules"
BUILT = HERE / "built"
PLAIN = "plain"
PLAYERS = tuple(sorted((file.stem for file in SOURCES.glob("*.js")), key=lambda name: (name != PLAIN, name)))
MISSING = (
    "NOT TESTED: player.js beneath video.js, hls.js and others. They come from npm:"
    " python -m tests.player.laboratory --install"
)


def install() -> None:
    """Install what package-lock.json names, and bundle each player with what makes it play."""
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, timeout=600)
    shutil.rmtree(BUILT, ignore_errors=True)


def are_there() -> bool:
    """Return whether the players are installed, and Node to bundle them."""
    return (MODULES / "esbuild").is_dir() and shutil.which("node") is not None


def script(name: str) -> Path:
    """Return the script of a player, which is bundled where that was not done yet."""
    source = SOURCES / f"{name}.js"
    if name == PLAIN:
        return source
    target = BUILT / f"{name}.js"
    if not target.exists():
        bundle(source, target)
    return target


def bundle(source: Path, target: Path, *further: str) -> None:
    program: list[str | Path] = ["node", MODULES / "esbuild" / "bin" / "esbuild", source, "--bundle", "--format=esm"]
    options = ["--log-level=error", '--define:process.env.NODE_ENV="production"', f"--outfile={target}", *further]
    subprocess.run([*program, *options], cwd=HERE, check=True, timeout=120)
