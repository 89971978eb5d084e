"""The schema of a table's file: what it must hold, and a sentence for each thing that is wrong."""

import math
import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ....datasets.errors import ColdbenchError
from .paper_table import PaperColumn, PaperTable, PublishedRow

Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ColumnEntry(_Strict):
    """One of ``columns``; see ``PaperColumn``."""

    head: Text
    task: Annotated[str, Field(pattern=r"^\w+/\w+/k=\d+$")]
    own: Annotated[str, Field(pattern=r"^\w+/\w+/k=\d+$")] | None = None
    metric: Annotated[str, Field(pattern=r"^[\w-]+(@[1-9]\d*)?$")]


class RowEntry(_Strict):
    """One of ``rows``; see ``PublishedRow``."""

    label: Text
    values: Annotated[list[float], Field(min_length=1)]
    group: str = ""
    ours: str = ""
    track: Annotated[str, Field(pattern="^(strict|open)$")] = "strict"
    because: str = ""


class TableFile(_Strict):
    """The whole file; see ``PaperTable``."""

    title: Text
    source: Text
    dataset: Text
    scenario: Text
    settings: dict[str, str | int | float | bool] = Field(default_factory=dict)
    strict: list[str] = Field(default_factory=list)
    open: list[str] = Field(default_factory=list)
    seeds: Annotated[list[int], Field(min_length=1)] = [0]
    files: str = ""
    differs: list[Text] = Field(default_factory=list)
    columns: Annotated[list[ColumnEntry], Field(min_length=1)]
    rows: Annotated[list[RowEntry], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_value_a_column(self) -> "TableFile":
        for row in self.rows:
            if len(row.values) != len(self.columns):
                raise ValueError(
                    f"row {row.label!r} has {len(row.values)} values for {len(self.columns)} "
                    "columns; write nan where the paper gives none"
                )
            if any(math.isinf(value) for value in row.values):
                raise ValueError(f"row {row.label!r} has an infinite value")
            if row.because and not row.ours:
                raise ValueError(f"row {row.label!r} says why ours differs, but names no ours")
        heads = [column.head for column in self.columns]
        if len(set(heads)) < len(heads):
            raise ValueError(f"two columns have the same head: {', '.join(heads)}")
        return self


def read_table(name: str, file: Traversable | Path) -> PaperTable:
    """Return the table that a file holds.

    Raises
    ------
    ColdbenchError
        With the file, the key and what is wrong with it.
    """
    try:
        content = TableFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{where}: {first['msg']}" if where else first["msg"]
        raise _unusable(file, message.removeprefix("Value error, ")) from error
    except (OSError, ValueError) as error:
        raise _unusable(file, " ".join(str(error).split())) from error
    return _make(name, content)


def _make(name: str, content: TableFile) -> PaperTable:
    columns = [
        PaperColumn(one.head, one.task, one.own or one.task, one.metric) for one in content.columns
    ]
    rows = [
        PublishedRow(**row.model_dump() | {"values": tuple(row.values)}) for row in content.rows
    ]
    made: dict[str, Any] = content.model_dump(exclude={"columns", "rows", "strict", "open"})
    runs = {"strict": tuple(content.strict), "open": tuple(content.open)}
    made |= {"differs": tuple(content.differs), "seeds": tuple(content.seeds)}
    return PaperTable(name, runs=runs, columns=tuple(columns), rows=tuple(rows), **made)


def _unusable(file: Traversable | Path, why: str) -> ColdbenchError:
    return ColdbenchError(f"{file} is not a table of a paper: {why} (see docs/paper-tables.md)")
