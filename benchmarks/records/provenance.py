"""Where a run was made and by whose code, as a record holds it."""

from pydantic import BaseModel, ConfigDict


class Environment(BaseModel):
    """Where a run was made; nothing that names the machine or its folders.

    ``processor`` is its model and widest vector instructions, by which numeric libraries choose
    their kernels; empty in records from before it was noted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: str
    packages: dict[str, str]
    device: str
    threads: int
    machine: str = ""
    processor: str = ""


class Code(BaseModel):
    """Whose code a part of a run is.

    Attributes
    ----------
    package
        The installed distribution, ``coldbench`` for our own.
    version
        As the class declares it; raised when the same settings give another value.
    release
        Version of a third party's package; None for our own, whose commit is in the record.
    source_sha256
        Hash over the source files of a third party's package.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    version: int | str = 1
    release: str | None = None
    source_sha256: str | None = None
