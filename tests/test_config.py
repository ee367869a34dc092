"""Settings: a missing, malformed or weak one is reported at the start with what to do, without a traceback."""

import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from tests.proxy import Proxy
from tests.service import (
    PROJECT,
    SECRET,
    Service,
    copy_project,
    free_port,
    mint,
    on_linux,
    procfile,
    run,
    tool,
)
from videosession.app import create_app
from videosession.config import Config, ConfigError
from videosession.gunicorn_worker.worker import READ_AGAINST

pytestmark = pytest.mark.processes

GOOD_URI = "mongodb://localhost:27017"
HIDDEN = "hunter2"  # what must not be told

# The settings, what the message must say, and what it must not.
REFUSED = {
    "no secret for a database": ({"MONGODB_URI": GOOD_URI}, ["JWT_SECRET is not set", "32 bytes", "python3 -c"]),
    "an empty secret": ({"MONGODB_URI": GOOD_URI, "JWT_SECRET": ""}, ["JWT_SECRET is not set"]),
    "a secret of blanks": ({"MONGODB_URI": GOOD_URI, "JWT_SECRET": " " * 40}, ["JWT_SECRET is not set"]),
    "a short secret": ({"JWT_SECRET": HIDDEN}, ["JWT_SECRET is 7 bytes", "must be 32 or more", "python3 -c"]),
    "a byte too few": ({"JWT_SECRET": HIDDEN + "x" * 24}, ["JWT_SECRET is 31 bytes"]),
    "a short previous secret": ({"JWT_PREVIOUS_SECRET": HIDDEN}, ["JWT_PREVIOUS_SECRET is 7 bytes"]),
    "another scheme": ({"MONGODB_URI": f"postgres://u:{HIDDEN}@host"}, ["MONGODB_URI must begin with mongodb://"]),
    "no scheme": ({"MONGODB_URI": f"u:{HIDDEN}@host"}, ["MONGODB_URI must begin with mongodb://"]),
    "a scheme in capitals": ({"MONGODB_URI": "MONGODB://localhost"}, ["MONGODB_URI must begin with mongodb://"]),
    "no host": ({"MONGODB_URI": f"mongodb://u:{HIDDEN}@"}, ["MONGODB_URI is not a MongoDB URI", "host"]),
    "a password with a slash": ({"MONGODB_URI": f"mongodb://u:x/{HIDDEN}@host"}, ["MONGODB_URI", "escaped"]),
    "a password with an at sign": ({"MONGODB_URI": f"mongodb://u:x@{HIDDEN}@host"}, ["MONGODB_URI", "escaped"]),
    "a password that looks like a database": ({"MONGODB_URI": f"mongodb://u:1/${HIDDEN}@host"}, ["MONGODB_URI"]),
    "a port of letters": ({"MONGODB_URI": "mongodb://host:port"}, ["MONGODB_URI", "Port"]),
    "a port beyond all": ({"MONGODB_URI": "mongodb://host:65536"}, ["MONGODB_URI", "Port"]),
    "an unknown option": ({"MONGODB_URI": "mongodb://host/?speed=1"}, ["MONGODB_URI", "Unknown option: speed"]),
    "a malformed option": ({"MONGODB_URI": "mongodb://host/?w=-1"}, ["MONGODB_URI", "w must be"]),
    "a certificate that is not there": (
        {"MONGODB_URI": "mongodb://h/?tlsCAFile=/none"},
        ["MONGODB_URI", "No such file"],
    ),
    "a certificate that is none": (
        {"MONGODB_URI": f"mongodb://h/?tlsCertificateKeyFile={__file__}&tlsCertificateKeyFilePassword={HIDDEN}"},
        ["MONGODB_URI", "SSL"],
    ),
    "a hosted one with a port": ({"MONGODB_URI": "mongodb+srv://h.example:27017"}, ["MONGODB_URI", "port number"]),
    "two hosted ones": ({"MONGODB_URI": "mongodb+srv://h.example,i.example"}, ["MONGODB_URI", "only one, hostname"]),
    "a port of 0": ({"PORT": "0"}, ["PORT is '0'", "from 1 to 65535"]),
    "a port of 65536": ({"PORT": "65536"}, ["PORT is '65536'", "from 1 to 65535"]),
    "a port below nothing": ({"PORT": "-1"}, ["PORT is '-1'"]),
    "a port with a fraction": ({"PORT": "3000.0"}, ["PORT is '3000.0'"]),
    "a port with an underscore": ({"PORT": "3_000"}, ["PORT is '3_000'"]),
    "a port in other digits": ({"PORT": "３０００"}, ["PORT is '３０００'"]),
    "a port with long zeros": ({"PORT": "0000003000999"}, ["PORT is '0000003000999'"]),
    "no workers": ({"WEB_CONCURRENCY": "0"}, ["WEB_CONCURRENCY is '0'", "from 1 to 256"]),
    "workers in words": ({"WEB_CONCURRENCY": "two"}, ["WEB_CONCURRENCY is 'two'"]),
    "a file as the place to keep things": ({"INSTANCE_PATH": __file__}, ["INSTANCE_PATH", __file__, "File exists"]),
    "a place where there cannot be any": ({"INSTANCE_PATH": "/proc/none"}, ["INSTANCE_PATH", "/proc/none", "No such"]),
}
# Without WEB_CONCURRENCY, which gunicorn reads itself, in its own words, before it reads any settings of ours.
EVERY_FAULT = {"MONGODB_URI": f"u:{HIDDEN}", "JWT_SECRET": HIDDEN, "CORS_ORIGINS": "x", "PORT": "x"}
PROGRAMS = {
    "gunicorn": procfile("web"),
    "flask init-db": procfile("release"),
    "flask run": [tool("flask"), "run"],
    "flask token": [tool("flask"), "token", "alice"],
}


@pytest.mark.parametrize(("settings", "told"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_setting_is_reported_with_what_to_do_and_without_secrets(settings, told):
    with pytest.raises(ConfigError) as caught:
        create_app(settings)
    message = str(caught.value)
    assert message.startswith("The service cannot start:\n")
    assert all(words in message for words in told), message
    assert HIDDEN not in message


def test_all_invalid_settings_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        create_app(EVERY_FAULT)
    assert all(f"  {variable} " in str(caught.value) for variable in EVERY_FAULT)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"port": 3000, "web_concurrency": 2, "mongodb_uri": None, "jwt_secret": None}),
        ({"PORT": "", "WEB_CONCURRENCY": " "}, {"port": 3000, "web_concurrency": 2}),
        ({"PORT": " 80 ", "WEB_CONCURRENCY": "256"}, {"port": 80, "web_concurrency": 256}),
        ({"MONGODB_URI": "", "JWT_SECRET": "x" * 32}, {"mongodb_uri": None, "jwt_secret": "x" * 32}),
        ({"MONGODB_URI": "mongodb+srv://u:p@cluster.example.com/?retryWrites=true", "JWT_SECRET": "ü" * 16}, {}),
        ({"SOMETHING_ELSE": "x"}, {}),
    ],
)
def test_empty_settings_are_unset_and_the_others_are_read(settings, expected):
    config = Config.read(settings)
    assert {name: getattr(config, name) for name in expected} == expected


@pytest.mark.parametrize("command", PROGRAMS.values(), ids=PROGRAMS)
def test_every_program_exits_with_1_and_the_same_message(command, tmp_path):
    ended = run(command, FLASK_SKIP_DOTENV=1, INSTANCE_PATH=tmp_path, **EVERY_FAULT)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The service cannot start:\n")
    assert [line.split()[0] for line in ended.stderr.splitlines()[1:]] == list(EVERY_FAULT)
    assert HIDDEN not in ended.stderr + ended.stdout


def test_gunicorn_reports_an_unwritable_instance_path():
    ended = run(PROGRAMS["gunicorn"], FLASK_SKIP_DOTENV=1, INSTANCE_PATH=__file__, PORT=free_port())
    assert ended.returncode == 1
    assert f"INSTANCE_PATH is {__file__!r}, where the service cannot write: File exists.\n" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("settings", [{"MONGODB_URI": "mongodb://127.0.0.1:1"}, EVERY_FAULT], ids=["no secret", "all"])
def test_gunicorn_without_its_config_stops_with_the_message_and_starts_no_further_workers(settings):
    command = [tool("gunicorn"), "wsgi:app", "--bind", f"127.0.0.1:{free_port()}", "--no-control-socket"]
    ended = run(command, FLASK_SKIP_DOTENV=1, **settings)
    assert ended.returncode != 0
    assert ended.stderr.count("The service cannot start:\n") == 1
    assert "JWT_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr


WITHOUT_FCNTL = """
import os, random, sys
sys.modules["fcntl"] = None
del os.fork, os.register_at_fork
import wsgi
print(wsgi.app.name)
"""


def test_with_a_mongodb_the_app_can_be_imported_on_systems_without_fcntl():
    uri = f"mongodb://127.0.0.1:{free_port()}"
    command = [sys.executable, "-c", WITHOUT_FCNTL]
    ended = run(command, FLASK_SKIP_DOTENV=1, MONGODB_URI=uri, JWT_SECRET=SECRET)
    assert (ended.returncode, ended.stdout) == (0, "videosession\n"), ended.stderr


OTHER_GUNICORN = """
import gunicorn
gunicorn.__version__ = "99.0"
import videosession.gunicorn_worker.worker
"""


def test_the_worker_warns_about_another_version_of_gunicorn():
    ended = run([sys.executable, "-c", OTHER_GUNICORN])
    assert "written for gunicorn 27.0.1, and 99.0 is installed" in ended.stderr
    assert run([sys.executable, "-c", "import videosession.gunicorn_worker.worker"]).stderr == ""


def test_the_required_gunicorn_is_the_version_that_the_worker_was_written_for():
    assert f"gunicorn=={READ_AGAINST}\n" in (PROJECT / "requirements.txt").read_text()


@pytest.fixture(scope="module")
def without_embedded(tmp_path_factory) -> str:
    """Everything that is installed here but the embedded database, as a directory to import from."""
    directory = tmp_path_factory.mktemp("packages")
    for place in map(Path, filter(lambda path: path.endswith("site-packages"), sys.path)):
        for package in place.iterdir():
            if not package.name.lower().startswith("secantus") and not (directory / package.name).exists():
                (directory / package.name).symlink_to(package)
    return str(directory)


@pytest.mark.parametrize("name", ["gunicorn", "flask init-db", "flask run"])
def test_without_the_embedded_database_the_error_names_both_solutions(without_embedded, name, tmp_path):
    program, *arguments = PROGRAMS[name]
    command = [
        sys.executable,
        "-S",
        program,
        *arguments,
        *(["--port", str(free_port())] if name == "flask run" else []),
    ]
    settings = {"PYTHONPATH": without_embedded, "INSTANCE_PATH": tmp_path, "FLASK_SKIP_DOTENV": 1, "PORT": free_port()}
    ended = run(command, **settings, PATH=os.defpath)  # where no secantusd-rs is, which would do
    assert ended.returncode == 1, ended.stderr
    assert "SecantusDB" in ended.stderr
    assert "pip install -r requirements-dev.txt" in ended.stderr
    assert "set MONGODB_URI" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_command_says_that_its_database_is_unavailable(tmp_path):
    uri = f"mongodb://127.0.0.1:{free_port()}"
    ended = run(procfile("release"), FLASK_SKIP_DOTENV=1, MONGODB_URI=uri, JWT_SECRET=SECRET)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The database is unavailable: ")
    assert "Traceback" not in ended.stderr


def test_a_token_is_printed_without_a_database_and_is_valid_for_its_owner(shared_app):
    uri = f"mongodb://127.0.0.1:{free_port()}"
    ended = run(PROGRAMS["flask token"], FLASK_SKIP_DOTENV=1, MONGODB_URI=uri, JWT_SECRET=SECRET)
    assert (ended.returncode, ended.stderr) == (0, "")
    answer = shared_app.test_client().post(
        "/api/sessions", json={"title": "x"}, headers={"Authorization": f"Bearer {ended.stdout.strip()}"}
    )
    assert answer.status_code == 201


def test_a_printed_token_has_only_a_subject_an_audience_and_times(shared_app):
    printed = shared_app.test_cli_runner().invoke(args=["token", "alice"]).output.strip()
    claims = jwt.decode(printed, options={"verify_signature": False})
    assert claims.keys() == {"sub", "aud", "exp", "iat", "nbf", "jti", "type", "fresh"}


INVALID_SUBJECTS = {
    "empty": ("", "must have 1 to 255 characters"),
    "too long": ("s" * 256, "must have 1 to 255 characters"),
    "not UTF-8": ("\udcff", "must be UTF-8"),
}


@pytest.mark.parametrize(("subject", "message"), INVALID_SUBJECTS.values(), ids=INVALID_SUBJECTS)
def test_no_token_is_made_for_an_invalid_subject(shared_app, subject, message):
    ended = shared_app.test_cli_runner().invoke(args=["token", subject])
    assert ended.exit_code == 2
    assert message in ended.output


@pytest.fixture
def silence() -> Iterator[str]:
    """The address of a database that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"mongodb://127.0.0.1:{listener.getsockname()[1]}"


def write_env(directory: Path, **settings) -> None:
    (directory / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


OTHER_SECRET = "another secret, also longer than thirty-two bytes"


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@on_linux
def test_gunicorn_reads_dot_env_listens_on_all_addresses_and_starts_without_a_database(tmp_path, silence):
    copy, port = copy_project(tmp_path), free_port()
    write_env(copy, MONGODB_URI=silence, JWT_SECRET=SECRET, PORT=port, WEB_CONCURRENCY=3)
    settings = {"FLASK_SKIP_DOTENV": 0, "JWT_SECRET": "", "WEB_CONCURRENCY": 1}
    with Service(procfile("web"), port, tmp_path / "log", copy, **settings) as service:
        [worker] = service.worker_pids()  # the environment wins
        assert service.request("GET", "/api/sessions/x", token=mint(OTHER_SECRET)).status_code == 401
        assert service.request("GET", "/api/sessions/x", token=mint(SECRET)).status_code == 404, "empty means unset"
        socket.create_connection(("127.0.0.2", port)).close()
        assert max(map(cpu_seconds, [service.process.pid, worker])) < 1, "starts in under a second"
        assert service.stop() == 0
    assert not (copy / "instance").exists(), "with a database elsewhere nothing is kept here"


@on_linux
def test_flask_run_reads_dot_env_and_listens_on_its_port_of_loopback(tmp_path, silence):
    copy, port = copy_project(tmp_path), free_port()
    flaskenv = (copy / ".flaskenv").read_text()
    assert "FLASK_RUN_PORT=3000\n" in flaskenv
    (copy / ".flaskenv").write_text(flaskenv.replace("3000", str(port)))
    write_env(copy, MONGODB_URI=silence, JWT_SECRET=OTHER_SECRET, PORT=port + 1)
    settings = {"FLASK_SKIP_DOTENV": 0, "JWT_SECRET": SECRET}
    with Service(PROGRAMS["flask run"], port, tmp_path / "log", copy, **settings) as service:
        assert service.request("GET", "/api/sessions/x", token=mint(OTHER_SECRET)).status_code == 401
        assert service.request("GET", "/api/sessions/x", token=mint(SECRET)).status_code == 404, "the environment wins"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port))


def test_gunicorn_listens_on_port_3000_by_default():
    told = run(
        [sys.executable, "-c", "import videosession.gunicorn as g; print(g.bind, g.workers)"], FLASK_SKIP_DOTENV=1
    )
    assert told.stdout.split() == ["0.0.0.0:3000", "2"]


def test_an_app_is_created_and_alive_without_contacting_the_database():
    silent = Proxy(("127.0.0.1", 9))
    silent.swallow()
    app = create_app({"MONGODB_URI": f"mongodb://127.0.0.1:{silent.port}", "JWT_SECRET": SECRET})
    assert app.test_client().get("/livez").status_code == 200
    assert silent.taken == 0
    silent.close()


RACE = """
import os, sys
from videosession.app import create_app
for directory in sys.argv[1:]:
    read, write = os.pipe()
    for _ in range(4):
        if not os.fork():
            os.close(write)
            os.read(read, 1)  # until all are there
            secret = create_app({"INSTANCE_PATH": directory}).config["JWT_SECRET_KEY"]
            os.write(1, secret.encode() + b"\\n")
            os._exit(0)
    os.close(write)
    for _ in range(4):
        os.wait()
"""


def test_processes_that_start_at_once_make_one_secret_that_only_their_user_can_read(tmp_path):
    directories = [tmp_path / f"{number}" / "instance" for number in range(15)]
    told = run([sys.executable, "-c", RACE, *map(str, directories)], FLASK_SKIP_DOTENV=1).stdout.split()
    assert len(told) == 4 * len(directories)
    assert len(set(told)) == len(directories), "each is told by all four"
    assert min(map(len, told)) >= 32
    for directory in directories:
        [kept] = [path for path in directory.iterdir() if path.is_file()]
        assert kept.read_text() in told
        assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(directory.stat().st_mode)) == (0o600, 0o700)
    assert create_app({"INSTANCE_PATH": str(directories[0])}).config["JWT_SECRET_KEY"] == told[0], "and stays the same"


def test_tests_do_not_read_dot_env():
    assert os.environ["FLASK_SKIP_DOTENV"] == "1"
