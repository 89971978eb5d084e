"""One encoder in three runtimes, in fp32 and on one thread: torch, OpenVINO, ONNX Runtime."""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ...datasets.arrays import FloatArray, LongArray

Engine = Callable[[LongArray, LongArray], FloatArray]
"""From token numbers and their mask, both (texts, length), to float32 (texts, width)."""
TOKENS_AT_ONCE = 2048
EXAMPLE = ["Alien (1979). Horror", "The Birth of a Nation (1915). Genres: Drama, History, War"]
INPUTS = ("input_ids", "attention_mask")


class PlainEncoder:
    """A transformer from its files, whose vectors are means of the last states, of length 1."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModel.from_pretrained(folder).eval().requires_grad_(False)

    def count_tokens(self, texts: Sequence[str], max_length: int = 256) -> int:
        """Return how many tokens the texts have, special ones included."""
        return sum(len(row) for row in self._tokens(texts, max_length))

    def encode(self, engine: Engine, texts: Sequence[str], max_length: int = 256) -> FloatArray:
        """Return float32 (texts, width): the same tokens and batches for every engine."""
        vectors = np.empty((len(texts), self.model.config.hidden_size), dtype=np.float32)
        for rows, ids, mask in batch_tokens(self._tokens(texts, max_length)):
            vectors[rows] = engine(ids, mask)
        return vectors

    def find_engines(self) -> dict[str, Engine]:
        """Return an engine for torch and for each other runtime that is installed."""
        makers = {"torch": make_torch, "openvino": make_openvino, "onnxruntime": make_onnxruntime}
        wanted = {"openvino": ("openvino",), "onnxruntime": ("onnxruntime", "onnxscript")}
        return {
            name: make(self._network(), *self._example())
            for name, make in makers.items()
            if all(find_spec(part) is not None for part in wanted.get(name, ()))
        }

    def multiply(self, tokens: int) -> None:
        """Compute in torch the products with the layers' weights for so many tokens, no more.

        No attention, no normalisation, no padding.
        """
        import torch

        weights = [
            module.weight
            for name, module in self.model.named_modules()
            if isinstance(module, torch.nn.Linear) and "pooler" not in name
        ]
        with torch.inference_mode():
            inputs = {
                size: torch.ones(TOKENS_AT_ONCE, size)
                for _, size in (weight.shape for weight in weights)
            }
            for at in range(0, tokens, TOKENS_AT_ONCE):
                for weight in weights:
                    torch.mm(inputs[weight.shape[1]][: tokens - at], weight.T)

    def _tokens(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        rows: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=max_length)[
            "input_ids"
        ]
        return rows

    def _example(self) -> tuple[Any, Any]:
        import torch

        coded = self.tokenizer(EXAMPLE, padding=True)
        ids, mask = (torch.tensor(coded[name]) for name in INPUTS)
        return ids, mask

    def _network(self) -> Any:
        from torch import Tensor, nn

        class Pooled(nn.Module):
            """From tokens to vectors, so that a runtime computes the means too."""

            def __init__(self, model: nn.Module) -> None:
                super().__init__()
                self.model = model

            def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
                hidden = self.model(input_ids=input_ids, attention_mask=attention_mask)[0]
                real = attention_mask.unsqueeze(-1).to(hidden.dtype)
                return nn.functional.normalize((hidden * real).sum(1) / real.sum(1), dim=-1)

        return Pooled(self.model).eval()


def batch_tokens(
    tokens: Sequence[Sequence[int]],
) -> Iterator[tuple[LongArray, LongArray, LongArray]]:
    """Yield (rows, token numbers, mask) of texts of like length, padded to the longest of them.

    A padded batch holds about ``TOKENS_AT_ONCE`` tokens, and no text is padded by more than a
    sixteenth of its length, or by one token.
    """
    lengths = np.array([len(row) for row in tokens])
    order = np.argsort(lengths, kind="stable")
    at = 0
    while at < len(order):
        limit = lengths[order[at]] + max(1, lengths[order[at]] // 16)
        end = at + 1
        while end < len(order) and lengths[order[end]] <= min(
            limit, TOKENS_AT_ONCE // (end - at + 1)
        ):
            end += 1
        rows = order[at:end]
        ids = np.zeros((len(rows), lengths[rows].max()), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : lengths[row]], mask[place, : lengths[row]] = tokens[row], 1
        yield rows, ids, mask
        at = end


def make_torch(network: Any, ids: Any, mask: Any) -> Engine:
    """Return an engine of the module as it is."""
    import torch

    def run(ids: LongArray, mask: LongArray) -> FloatArray:
        with torch.inference_mode():
            made: FloatArray = network(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        return made

    return run


def make_openvino(network: Any, ids: Any, mask: Any) -> Engine:
    """Return an engine of the module converted for OpenVINO."""
    import openvino

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a traced module warns of every Python condition
        converted = openvino.convert_model(
            network, example_input=dict(zip(INPUTS, (ids, mask), strict=True))
        )
    # Unasked, it multiplies in bf16 where the processor can.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    request = openvino.Core().compile_model(converted, "CPU", settings).create_infer_request()

    def run(ids: LongArray, mask: LongArray) -> FloatArray:
        made: FloatArray = request.infer(dict(zip(INPUTS, (ids, mask), strict=True)))[0]
        return made

    return run


def make_onnxruntime(network: Any, ids: Any, mask: Any) -> Engine:
    """Return an engine of the module exported to ONNX, with every optimisation of the runtime."""
    import onnxruntime
    import torch

    axes = {0: torch.export.Dim("texts", max=4096), 1: torch.export.Dim("length", max=512)}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "encoder.onnx"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (ids, mask),
                path,
                input_names=INPUTS,
                dynamic_shapes=(axes, axes),
                dynamo=True,
                verbose=False,
            )
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])

    def run(ids: LongArray, mask: LongArray) -> FloatArray:
        made: FloatArray = session.run(None, dict(zip(INPUTS, (ids, mask), strict=True)))[0]
        return made

    return run
