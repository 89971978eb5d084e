"""A loopback server that answers as much of W&B's protocol as its client asks, or misbehaves."""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .loopback_artifacts import ENTITY, ArtifactAnswers, Json  # type: ignore[import-not-found]


@dataclass
class SentRun:
    """What the server was given of one run; ``times`` is how often it was begun."""

    name: str
    project: str
    fields: Json = field(default_factory=dict)
    config: Json = field(default_factory=dict)
    summary: Json = field(default_factory=dict)
    history: list[Json] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    state: str = "running"
    times: int = 0

    @property
    def settings(self) -> Json:
        """The configuration without W&B's own part."""
        return {name: one["value"] for name, one in self.config.items() if name != "_wandb"}


class LoopbackWandb(ArtifactAnswers, ThreadingHTTPServer):  # type: ignore[misc]
    """Runs, files and artifacts in memory; every byte that comes in is kept.

    ``mode`` is ``ok``, ``500``, ``hang`` or ``cut``; ``fails`` refuses single operations.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lock, self.over = threading.RLock(), threading.Event()
        self.forget()

    def forget(self) -> None:
        """Be as new."""
        self.mode = "ok"
        self.fails: Callable[[str, Json], bool] = lambda operation, variables: False
        self.requests: list[bytes] = []
        self.operations: list[str] = []
        self.runs: dict[str, SentRun] = {}
        self.artifacts: dict[str, Json] = {}
        self.used: list[str] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""

    def answer(self, query: str, asked: Json) -> Json:
        """Return the data of one GraphQL operation; {} for one that nobody needs."""
        words = query.replace("#graphql", "").split("(")[0].split("{")[0].split()
        name = words[1] if len(words) > 1 else ""
        self.operations.append(name)
        if self.fails(name, asked):
            raise PermissionError(f"no {name} here")
        way: Callable[[Json], Json] = getattr(self, f"on_{name}", lambda _: {})
        return way(asked)

    def on_Viewer(self, asked: Json) -> Json:
        teams = {"edges": [{"node": {"name": "me"}}]}
        viewer = {
            "id": "u", "entity": "me", "username": "me", "name": "me", "email": "", "flags": "{}",
            "admin": False, "deletedAt": None, "apiKeys": {"edges": []}, "teams": teams,
        }  # fmt: skip
        return {"viewer": viewer}

    on_GetViewer = on_GetDefaultEntity = on_Viewer

    def on_RunResumeStatus(self, asked: Json) -> Json:
        run = self.runs.get(asked["name"])
        model: Json = {"id": "m", "name": asked["project"], "entity": ENTITY, "bucket": None}
        if run is not None:
            model["bucket"] = self._bucket(run) | {
                "logLineCount": 0, "eventsLineCount": 0, "eventsTail": "[]",
                "historyTail": json.dumps([json.dumps(one) for one in run.history[-1:]]),
                "summaryMetrics": json.dumps(run.summary), "notes": run.fields.get("notes"),
                "tags": run.fields.get("tags") or [], "wandbConfig": json.dumps({"t": 1}),
            }  # fmt: skip
        return {"model": model}

    def on_UpsertBucket(self, asked: Json) -> Json:
        new = asked["name"] not in self.runs
        run = self.runs.setdefault(asked["name"], SentRun(asked["name"], asked["project"]))
        run.times += new or run.state != "running"
        run.state = "running"
        run.fields |= {key: value for key, value in asked.items() if value is not None}
        run.config |= json.loads(asked.get("config") or "{}")
        return {"upsertBucket": {"bucket": self._bucket(run), "inserted": new}}

    def _bucket(self, run: SentRun) -> Json:
        return {
            "id": f"id-{run.name}", "name": run.name, "displayName": run.fields.get("displayName"),
            "description": None, "config": json.dumps(run.config), "sweepName": None,
            "project": {"id": "p", "name": run.project, "entity": ENTITY},
            "historyLineCount": len(run.history),
        }  # fmt: skip

    def on_Runs(self, asked: Json) -> Json:
        held = [one for one in self.runs.values() if one.project == asked["project"]]
        if not held:
            return {"project": None}
        size, start = asked["perPage"], int(asked.get("cursor") or 0)
        page = held[start : start + size]
        edges = [
            {"cursor": str(start + at + 1), "node": self._bucket(run) | {
                "projectId": 1, "tags": [], "state": run.state, "group": None, "jobType": None,
                "commit": None, "readOnly": False, "createdAt": "2026-01-01T00:00:00",
                "heartbeatAt": None, "notes": None, "systemMetrics": "{}", "historyKeys": None,
                "summaryMetrics": json.dumps(run.summary), "user": {"name": "", "username": ""},
            }}
            for at, run in enumerate(page)
        ]  # fmt: skip
        more = {"endCursor": str(start + len(page)), "hasNextPage": start + size < len(held)}
        runs = {"edges": edges, "pageInfo": more}
        project = {"internalId": "1", "runCount": len(held), "readOnly": False, "runs": runs}
        return {"project": project}

    def on_CreateRunFiles(self, asked: Json) -> Json:
        run = asked["run"]
        files = [{"name": n, "uploadUrl": f"{self.url}/put/{run}/{n}"} for n in asked["files"]]
        return {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": files}}


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LoopbackWandb

    def log_message(self, *_: Any) -> None:
        """Write nothing."""

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        server = self.server
        head = f"{self.command} {self.path}\n{self.headers}\n".encode()
        with server.lock:
            server.requests.append(head + body)
        if server.mode == "hang":
            server.over.wait(600)
        if server.mode in ("hang", "cut"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif server.mode == "500":
            self._reply(500, {"error": "broken"})
        else:
            with server.lock:
                self._reply(200, self._route(body))

    do_GET = do_POST = do_PUT = do_HEAD = _take

    def _route(self, body: bytes) -> Json:
        server, path = self.server, self.path
        if path == "/graphql":
            asked = json.loads(body)
            try:
                return {"data": server.answer(asked["query"], asked.get("variables") or {})}
            except PermissionError as error:
                return {"data": None, "errors": [{"message": str(error)}]}
        if path.endswith("/file_stream"):
            self._stream(server.runs[path.split("/")[4]], json.loads(body))
        elif path.startswith("/put/"):
            _, _, run, name = path.split("/", 3)
            server.runs[run].files[name] = body
        elif path.startswith("/artifact/"):
            _, _, key, name = path.split("/", 3)
            server.artifacts[key]["files"][name] = body
        return {}

    def _stream(self, run: SentRun, sent: Json) -> None:
        for file, part in sent.get("files", {}).items():
            lines = [json.loads(one) for one in part["content"]]
            if file == "wandb-history.jsonl":
                run.history[part["offset"] :] = lines
            if file == "wandb-summary.json":
                run.summary = lines[-1]
        if sent.get("complete"):
            run.state = "failed" if sent.get("exitcode") else "finished"

    def _reply(self, status: int, content: Json) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[LoopbackWandb]:
    """Serve on a free port until the block ends."""
    server = LoopbackWandb()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
