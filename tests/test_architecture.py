"""Which modules may import which, where files are, and that everything is documented."""

import ast
import re
import sys
import tomllib
from collections import Counter
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS
from tests.service import PROJECT
from videosession.app import create_app
from videosession.config import Config

PACKAGE = PROJECT / "videosession"
MODULES = {
    ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
ROUTES = [name for name in MODULES if name.endswith("routes")]
SCHEMAS = [name for name in MODULES if name.endswith("schemas")]
STORAGE = [
    *(
        f"videosession.sessions.{name}"
        for name in ("repository", "appends", "events", "lists", "reading", "removal", "recently_seen", "idempotency")
    ),
    *(f"videosession.videos.{name}" for name in ("repository", "results", "sums", "plans", "summarising")),
]
QUERIES = {"aggregate", "bulk_write", "count_documents", "find", "find_one", "insert_one", "update_one", "delete_many"}
AUTH = [name for name in MODULES if name.startswith("videosession.auth")]
CONTRACT = [name for name in MODULES if name.startswith("videosession.contract")]
DATABASE = [name for name in MODULES if f"{name}.".startswith("videosession.database.")]
WORKER = [name for name in MODULES if name.startswith("videosession.gunicorn_worker")]
EXCHANGE = [name for name in MODULES if name.startswith("videosession.exchange")]
TIMELINE = [name for name in MODULES if name.startswith("videosession.timeline")]
VIDEO = [name for name in MODULES if f"{name}.".startswith("videosession.video.")]

# Whoever knows the clock or the machine gives other answers tomorrow or elsewhere.
WORLD = {"time", "os", "random", "secrets", "uuid", "pathlib", "io", "socket", "threading", "logging", "subprocess"}
CLOCK = {"now", "utcnow", "today", "time", "monotonic", "perf_counter"}

KNOWN_AT_THE_TOP = {
    ".ci",
    ".dockerignore",
    ".env.example",
    ".flaskenv",
    ".gitignore",
    "Dockerfile",
    "Procfile",
    "app.json",
    "compose.yaml",
    "CHANGELOG.md",
    "README.md",
    "SECURITY.md",
    "docs",
    "pyproject.toml",
    "requirements-battery.lock",
    "requirements-battery.txt",
    "requirements-dev.lock",
    "requirements-optional.lock",
    "requirements.lock",
    "requirements-dev.txt",
    "requirements-optional.txt",
    "requirements.txt",
    "tests",
    "tools",
    "videosession",
    "wsgi.py",
}
README = DOCUMENTS["README.md"]


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, anywhere in it but for its types alone."""
    names = set()
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if not is_for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inner & set(MODULES) or {node.module or ""}
    return names


def rooms(module: str) -> set[str]:
    """Return what a module imports: the names of other packages, and the modules of this one."""
    return {name if name in MODULES else name.partition(".")[0] for name in imports(MODULES[module])} - {"videosession"}


def ours(module: str) -> set[str]:
    return rooms(module) & set(MODULES)


def calls(module: str) -> set[str]:
    tree = ast.parse(MODULES[module].read_text())
    return {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}


@pytest.mark.parametrize("module", TIMELINE + VIDEO)
def test_timeline_and_video_import_only_the_standard_library_and_read_no_clock(module):
    others = rooms(module) - set(TIMELINE) - {"videosession.instants"} - (set(VIDEO) if module in VIDEO else set())
    assert others <= sys.stdlib_module_names
    assert not others & WORLD - ({"io"} if module == "videosession.video.tables" else set())  # text in memory
    assert not calls(module) & CLOCK


# The module, and what it must not know.
PROHIBITIONS = {
    **{module: {"flask", "marshmallow", "werkzeug", "videosession.auth"} for module in STORAGE},
    **{module: {"pymongo", "bson", "videosession.database", "videosession.config"} for module in ROUTES},
    **{module: {"pymongo", "bson", "flask", "videosession.auth", "videosession.database"} for module in SCHEMAS},
    **{module: {"flask", "pymongo", "videosession.auth", "videosession.database"} for module in EXCHANGE},
    "videosession.config": {"flask", "marshmallow"},
    "videosession.contract.exact_json": {"flask", "marshmallow", "pymongo"},
    "videosession.instants": {"flask", "marshmallow", "pymongo"},
    **{module: {"marshmallow", "videosession.sessions", "videosession.auth"} for module in DATABASE},
    **{module: {"flask", "marshmallow", "pymongo", "videosession.sessions", "videosession.auth"} for module in WORKER},
    **{module: {"pymongo", "marshmallow", "videosession.database", "videosession.sessions"} for module in AUTH},
    "videosession.auth.tokens": {"flask", "flask_jwt_extended", "pymongo", "videosession.sessions"},
    **{module: {"pymongo", "bson", "flask_jwt_extended", "jwt"} for module in CONTRACT},
}


@pytest.mark.parametrize(("module", "prohibited"), PROHIBITIONS.items(), ids=PROHIBITIONS)
def test_a_module_does_not_import_what_is_prohibited_for_it(module, prohibited):
    known = {".".join(name.split(".")[:depth]) for name in rooms(module) for depth in (1, 2, 3)}
    assert not known & prohibited


def test_the_tests_are_laid_out_like_the_package():
    folders = {path.parent.relative_to(PROJECT / "tests") for path in (PROJECT / "tests").rglob("test_*.py")}
    assert {str(folder) for folder in folders if not (PACKAGE / folder).is_dir()} == {"player"}


@pytest.mark.parametrize("module", CONTRACT)
def test_contract_does_not_import_tokens_sessions_or_the_database(module):
    small = {f"videosession.{name}" for name in ("errors", "gunicorn_worker.arrival", "ids", "problems", "services")}
    assert ours(module) - set(CONTRACT) <= small


@pytest.mark.parametrize("module", ["videosession.sessions.transfer", "videosession.health", *ROUTES, *SCHEMAS])
def test_only_storage_modules_query_collections(module):
    assert not calls(module) & (QUERIES - {"find"})  # texts have find, too


def test_no_module_of_the_package_imports_the_app():
    assert [module for module in MODULES if "videosession.app" in rooms(module)] == []


def test_the_package_itself_imports_nothing():
    assert imports(MODULES["videosession"]) == set()


def test_the_embedded_database_imports_nothing_of_the_service():
    known = rooms("videosession.embedded") | rooms("videosession.embedded.keeper")
    assert known <= sys.stdlib_module_names | {"secantus", "videosession.embedded.keeper"}


def test_there_are_no_import_cycles():
    remaining = {module: ours(module) - {module} for module in MODULES}
    while free := [module for module, known in remaining.items() if not known & set(remaining)]:
        for module in free:
            del remaining[module]
    assert remaining == {}


def views() -> list:
    app = create_app({"JWT_SECRET": "x" * 32}, db=object())
    return [view for name, view in app.view_functions.items() if name != "static"]


def source(view) -> ast.FunctionDef:
    """Return the function inside a view's decorators."""
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    tree = ast.parse(Path(view.__code__.co_filename).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return next(node for node in functions if node.name == view.__name__)


@pytest.mark.parametrize("view", views(), ids=lambda view: view.__name__)
def test_a_view_has_at_most_eight_lines(view):
    function = source(view)
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    assert statements[-1].end_lineno - statements[0].lineno < 8


@pytest.mark.parametrize("module", ROUTES)
def test_routes_catch_only_specific_exceptions(module):
    handlers = [
        node for node in ast.walk(ast.parse(MODULES[module].read_text())) if isinstance(node, ast.ExceptHandler)
    ]
    caught = [ast.unparse(handler.type) if handler.type else "everything" for handler in handlers]
    assert not {"everything", "Exception", "BaseException", "ServiceError"} & set(caught)


def test_every_setting_is_in_one_table_of_the_documents_and_in_env_example():
    settings = {name.upper() for name in Config.__dataclass_fields__}
    example = re.findall(r"^([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    assert (settings - set(example), set(example) - settings) == (set(), set()), "complete .env.example"
    assert len(example) == len(settings), "name each setting once in .env.example"
    rows = Counter(re.findall(r"^\| `([A-Z_]+)` \|", "\n".join(DOCUMENTS.values()), re.MULTILINE))
    wrong = {name for name in settings if rows[name] != 1}
    assert wrong == set(), "give each of these a row in one table of settings: in the README, or in docs/"


def test_every_command_has_a_help_text_and_is_documented():
    commands = create_app({"JWT_SECRET": "x" * 32}, db=object()).cli.commands
    assert [name for name, command in commands.items() if not command.help] == [], "give these commands a docstring"
    manual = DOCUMENTS["operations.md"] + DOCUMENTS["videos.md"] + DOCUMENTS["README.md"]
    missing = [name for name in commands if not re.search(rf"\bflask {name}\b", manual)]
    assert missing == [], "describe these commands in docs/operations.md"


def test_every_operation_of_the_api_is_documented():
    app = create_app({"JWT_SECRET": "x" * 32}, db=object())
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    words = {rule: re.sub(r"/<\w+>", "", rule).rpartition("/")[2].partition(".")[0] for rule in rules}
    manual = DOCUMENTS["api.md"] + DOCUMENTS["videos.md"]
    missing = [rule for rule, word in words.items() if not re.search(rf"[`/]{word}\b", manual)]
    assert missing == [], "describe these operations in docs/api.md or docs/videos.md"


def requirements(name: str) -> list[str]:
    lines = (PROJECT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.findall(r"^[\w.-]+", name)[0]).lower()


@pytest.mark.parametrize("name", [path.name for path in PROJECT.glob("requirements*.txt")])
def test_every_requirement_is_pinned_exactly(name):
    assert [line for line in requirements(name) if not re.fullmatch(r"[\w.-]+==[\w.]+(; .+)?", line)] == []


def test_the_documents_give_a_reason_for_every_runtime_requirement():
    rows = re.findall(r"^\| ([\w, -]+) \| (?:[^|]+ \| )?[^|]{5,} \|$", DOCUMENTS["development.md"], re.MULTILINE)
    explained = {name for row in rows for name in row.split(", ")}
    needed = requirements("requirements.txt") + requirements("requirements-optional.txt")
    assert {line.partition("==")[0] for line in needed} <= explained


def test_every_imported_package_is_a_requirement_or_a_dependency_of_one():
    required = {normal(line) for line in requirements("requirements.txt") + requirements("requirements-optional.txt")}
    required |= {normal(line) for name in required for line in requires(name) or []}
    imported = set().union(*map(rooms, MODULES)) - set(MODULES) - sys.stdlib_module_names - {"secantus"}
    homes = packages_distributions()
    assert [name for name in imported if not required & set(map(normal, homes[name]))] == []


def test_the_top_folder_has_only_known_files():
    ignored = {line.rstrip("/") for line in (PROJECT / ".gitignore").read_text().splitlines()}
    there = {path.name for path in PROJECT.iterdir()} - ignored - {".git"}
    assert there <= KNOWN_AT_THE_TOP, "tell in README.md what it is for, and here that it is known"
    assert {name for name in there if name.endswith((".txt", ".toml")) and name not in README} == set()


def test_the_oldest_supported_python_is_the_same_everywhere():
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    oldest = settings["project"]["requires-python"].removeprefix(">=")
    assert settings["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert f"Python {oldest} to" in README
