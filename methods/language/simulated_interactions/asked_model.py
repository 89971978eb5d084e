"""Settings of the language model that says yes or no to simulated users."""

from dataclasses import dataclass

from ....datasets.parameters import parameter
from ..text_encoder.model_files import QWEN
from ..yes_no.template import DEFAULT

_WHEN = "for language_model: "


@dataclass
class AskedModel:
    """What is asked under ``refine=language_model``, and how it is tuned; to be mixed in."""

    asked_model: str = parameter(
        QWEN.name, f"{_WHEN}causal or encoder-decoder model, by its name on the hub"
    )
    asked_path: str = parameter("", f"{_WHEN}folder with its files, if it lies somewhere else")
    asked_revision: str = parameter(
        "", f"{_WHEN}commit on the hub; empty: the one on record, or the newest"
    )
    asked_length: int = parameter(1024, f"{_WHEN}tokens of a prompt", minimum=16)
    template: str = parameter(
        DEFAULT, f"{_WHEN}instruction: preference, short, or the path of a file"
    )
    history_length: int = parameter(
        10, f"{_WHEN}latest items of the history in a prompt", minimum=1
    )
    text_words: int = parameter(
        20, f"{_WHEN}words after which the text of an item is cut", minimum=1
    )
    pairs: int = parameter(
        256, f"{_WHEN}labelled pairs that it is tuned on, 0: it answers as published", minimum=0
    )
    lora_rank: int = parameter(8, f"{_WHEN}rank of the updates", minimum=1)
    tuning_rate: float = parameter(1e-4, f"{_WHEN}step of the optimiser", minimum=0)
    tuning_steps: int = parameter(200, f"{_WHEN}most optimiser steps", minimum=1)
    tuning_batch: int = parameter(32, f"{_WHEN}pairs in a step", minimum=1)
