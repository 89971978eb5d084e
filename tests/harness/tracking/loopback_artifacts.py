"""How the loopback server answers what W&B's client asks about artifacts."""

from typing import Any

Json = dict[str, Any]
ENTITY = {"id": "e", "name": "me"}


class ArtifactAnswers:
    """Keeps artifacts with their files, and which of them a run was made from."""

    url: str
    artifacts: dict[str, Json]
    used: list[str]

    def on_ArtifactType(self, asked: Json) -> Json:
        return {"project": None}

    def on_CreateArtifact(self, asked: Json) -> Json:
        key = f"artifact{len(self.artifacts)}"
        self.artifacts[key] = {**asked["input"], "id": key, "files": {}, "state": "PENDING"}
        artifact = {"id": key, "state": "PENDING"}
        artifact["artifactSequence"] = {"id": "s", "latestArtifact": None}  # type: ignore[assignment]
        return {"createArtifact": {"artifact": artifact}}

    def on_CreateArtifactManifest(self, asked: Json) -> Json:
        return {"createArtifactManifest": self._manifest(asked["artifactID"])}

    def on_UpdateArtifactManifest(self, asked: Json) -> Json:
        return {"updateArtifactManifest": self._manifest(asked["artifactManifestID"])}

    def _manifest(self, key: str) -> Json:
        url = f"{self.url}/artifact/{key}/manifest"
        file = {"id": "f", "name": "m", "displayName": "m", "uploadHeaders": [], "uploadUrl": url}
        return {"artifactManifest": {"id": key, "file": file}}

    def on_CreateArtifactFiles(self, asked: Json) -> Json:
        edges = [
            {"node": {
                "id": "f", "name": one["name"], "displayName": one["name"], "uploadHeaders": [],
                "storagePath": "x", "uploadMultipartUrls": None,
                "uploadUrl": f"{self.url}/artifact/{one['artifactID']}/{one['name']}",
                "artifact": {"id": one["artifactID"]},
            }}
            for one in asked["input"]["artifactFiles"]
        ]  # fmt: skip
        return {"createArtifactFiles": {"files": {"edges": edges}}}

    def on_CommitArtifact(self, asked: Json) -> Json:
        self.artifacts[asked["artifactID"]]["state"] = "COMMITTED"
        return {"commitArtifact": {"artifact": {"id": asked["artifactID"], "digest": "d"}}}

    def on_UseArtifact(self, asked: Json) -> Json:
        key = asked["input"]["artifactID"]
        self.used.append(self.artifacts[key]["artifactCollectionName"])
        return {"useArtifact": {"artifact": {"id": key}}}

    def on_ArtifactByID(self, asked: Json) -> Json:
        sent = self.artifacts[asked["id"]]
        project = {"id": "p", "internalId": "p", "name": sent["projectName"], "entity": ENTITY}
        name = sent["artifactCollectionName"]
        sequence = {"__typename": "ArtifactSequence", "id": "s", "name": name, "project": project}
        return {"artifact": {
            "__typename": "Artifact", "id": sent["id"], "artifactSequence": sequence,
            "versionIndex": 0, "artifactType": {"name": sent["artifactTypeName"]},
            "description": None, "metadata": sent.get("metadata"), "ttlDurationSeconds": -1,
            "ttlIsInherited": True, "tags": [], "historyStep": None, "state": sent["state"],
            "size": 1, "digest": "d", "commitHash": "c", "fileCount": 1, "aliases": [],
            "createdAt": "2026-01-01T00:00:00", "updatedAt": None,
        }}  # fmt: skip
