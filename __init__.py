"""coldbench: a benchmark suite that compares cold-start recommenders under one split protocol.

What a plugin, a notebook or a script needs is imported from here; nothing is loaded before it is
used. docs/plugin.md says what each name is for.
"""

__version__ = "0.2.0"

TYPE_CHECKING = False  # as in typing, which would take longer to import than all of this
if TYPE_CHECKING:
    from .benchmarks.conformance.audits.audit import audit
    from .benchmarks.conformance.audits.resplit import audit_scenario
    from .benchmarks.evaluation.direction import Direction
    from .benchmarks.evaluation.metrics import Metric, Ranked
    from .benchmarks.evaluation.task_result import EvaluationSettings, TaskResult
    from .benchmarks.python_api import (
        check_method,
        evaluate,
        leaderboard,
        load,
        make_method,
        run,
        split,
    )
    from .benchmarks.records.record import RunRecord
    from .datasets.acquire.data_file import DataFile, Download
    from .datasets.acquire.file_set import FileSet
    from .datasets.arrays import (
        CSR,
        BoolArray,
        DoubleArray,
        FloatArray,
        IntArray,
        LongArray,
        TextArray,
    )
    from .datasets.card import Card, Fact
    from .datasets.dataset import Dataset
    from .datasets.errors import (
        ColdbenchError,
        DataError,
        IncompleteMethodError,
        NotApplicableError,
        NotFittedError,
        SplitError,
    )
    from .datasets.graph import Graph
    from .datasets.interactions import Interactions
    from .datasets.parameters import Choices, Range, parameter
    from .datasets.protocol.export.split_files import export
    from .datasets.protocol.periods import Periods
    from .datasets.protocol.scenario import Scenario
    from .datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem, Warm
    from .datasets.side_information import (
        FeatureColumn,
        NumericEncoding,
        Provenance,
        Side,
        SideInformation,
        TextColumn,
        Track,
        VectorColumn,
    )
    from .datasets.sources.building.feature_columns import make_categorical, make_numeric
    from .datasets.sources.own_files.source import Files
    from .datasets.update import Update
    from .datasets.world import Entities, Holdout, Query, Resources, Split, TrainView
    from .methods.base import Attribution, FactorMethod, Family, Method, Need
    from .methods.sparse_rows import binarise
    from .methods.training.lightning_method import LightningMethod
    from .methods.training.weights import device_of

__all__ = [
    "CSR",
    "Attribution",
    "BoolArray",
    "Card",
    "Choices",
    "ColdbenchError",
    "DataError",
    "DataFile",
    "Dataset",
    "Direction",
    "DoubleArray",
    "Download",
    "Entities",
    "EvaluationSettings",
    "Fact",
    "FactorMethod",
    "Family",
    "FeatureColumn",
    "FileSet",
    "Files",
    "FloatArray",
    "Graph",
    "Grid",
    "Holdout",
    "IncompleteMethodError",
    "IntArray",
    "Interactions",
    "LightningMethod",
    "LongArray",
    "Method",
    "Metric",
    "Need",
    "NewItem",
    "NewUser",
    "NewUserNewItem",
    "NotApplicableError",
    "NotFittedError",
    "NumericEncoding",
    "Periods",
    "Provenance",
    "Query",
    "Range",
    "Ranked",
    "Resources",
    "RunRecord",
    "Scenario",
    "Side",
    "SideInformation",
    "Split",
    "SplitError",
    "TaskResult",
    "TextArray",
    "TextColumn",
    "Track",
    "TrainView",
    "Update",
    "VectorColumn",
    "Warm",
    "audit",
    "audit_scenario",
    "binarise",
    "check_method",
    "device_of",
    "evaluate",
    "export",
    "leaderboard",
    "load",
    "make_categorical",
    "make_method",
    "make_numeric",
    "parameter",
    "run",
    "split",
]

_MODULES = {
    "benchmarks.conformance.audits.audit": "audit",
    "benchmarks.conformance.audits.resplit": "audit_scenario",
    "benchmarks.evaluation.direction": "Direction",
    "benchmarks.evaluation.metrics": "Metric Ranked",
    "benchmarks.evaluation.task_result": "EvaluationSettings TaskResult",
    "benchmarks.python_api": "check_method evaluate leaderboard load make_method run split",
    "benchmarks.records.record": "RunRecord",
    "datasets.acquire.data_file": "DataFile Download",
    "datasets.acquire.file_set": "FileSet",
    "datasets.arrays": "BoolArray CSR DoubleArray FloatArray IntArray LongArray TextArray",
    "datasets.card": "Card Fact",
    "datasets.dataset": "Dataset",
    "datasets.errors": (
        "ColdbenchError DataError IncompleteMethodError "
        "NotApplicableError NotFittedError SplitError"
    ),
    "datasets.graph": "Graph",
    "datasets.interactions": "Interactions",
    "datasets.parameters": "Choices Range parameter",
    "datasets.protocol.export.split_files": "export",
    "datasets.protocol.periods": "Periods",
    "datasets.protocol.scenario": "Scenario",
    "datasets.protocol.scenarios": "Grid NewItem NewUser NewUserNewItem Warm",
    "datasets.side_information": (
        "FeatureColumn NumericEncoding Provenance Side SideInformation TextColumn Track "
        "VectorColumn"
    ),
    "datasets.sources.building.feature_columns": "make_categorical make_numeric",
    "datasets.sources.own_files.source": "Files",
    "datasets.update": "Update",
    "datasets.world": "Entities Holdout Query Resources Split TrainView",
    "methods.base": "Attribution FactorMethod Family Method Need",
    "methods.sparse_rows": "binarise",
    "methods.training.lightning_method": "LightningMethod",
    "methods.training.weights": "device_of",
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker would take every name for one that is offered

    def __getattr__(name: str) -> object:
        """Import what is offered under a name when it is used first."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f".{_PLACES[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Return what is offered, whether it was used or not."""
    return sorted({*globals(), *__all__})
