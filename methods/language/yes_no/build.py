"""The network of the ranker from the files of a language model, checked before it is used."""

from collections.abc import Sequence
from typing import Any

import torch

from ....datasets.errors import ColdbenchError
from ..low_rank import LoraSettings, inject_lora
from ..text_encoder.model_files import ModelFiles
from ..text_encoder.transformer import keep_quiet
from .network import DecoderNetwork, EncoderDecoderNetwork, YesNoNetwork, pad_prompts
from .prompt_tokens import PromptTokens
from .template import Template

CLOSE = 1e-3
"""By how much two ways to the same log-odds may differ."""
SAME = 1e-5
"""By how much they may where keys and values of a beginning are computed once."""


def build_network(
    files: ModelFiles,
    template: Template,
    max_length: int,
    lora: LoraSettings | None,
    device: str = "cpu",
) -> tuple[YesNoNetwork, PromptTokens]:
    """Return the network in evaluation mode, and what turns prompts into its tokens.

    Parameters
    ----------
    max_length
        Tokens of a prompt, at the most.
    lora
        Updates that are to be trained, drawn from torch's global generator; None for none.

    Raises
    ------
    ColdbenchError
        When the model is neither a causal one nor an encoder-decoder, cannot read so many tokens,
        or is a causal one that answers by more than its last hidden state and output layer.
    """
    model, tokenizer = _load(files)
    most = getattr(model.config, "max_position_embeddings", None)
    if most is not None and max_length > most:
        raise ColdbenchError(
            f"max_length = {max_length} is more than the {most} tokens that {files.name} can read"
        )
    apart = bool(model.config.is_encoder_decoder)
    tokens = PromptTokens.of(tokenizer, template, max_length, apart=apart)
    output = model.get_output_embeddings()
    if output is None or max(tokens.yes, tokens.no) >= len(output.weight):
        raise ColdbenchError(f"{files.name} has no output layer for its words; use another model")
    network = (_open_both if apart else _open_decoder)(files.name, model, tokens)
    if lora is not None:
        inject_lora(files.name, network.body, lora)
    return network.eval().to(device), tokens  # what was put in has a mode of its own


def _open_decoder(name: str, model: Any, tokens: PromptTokens) -> YesNoNetwork:
    output, chosen = model.get_output_embeddings(), [tokens.yes, tokens.no]
    bias = getattr(output, "bias", None)
    rows, bias = output.weight[chosen], torch.zeros(2) if bias is None else bias[chosen]
    stateful = bool(getattr(model, "_is_stateful", False))
    network = DecoderNetwork(model.base_model, rows, bias, shares=not stateful)
    network.eval()
    _check(name, model, network, tokens, chosen)
    return network


def _open_both(name: str, model: Any, tokens: PromptTokens) -> YesNoNetwork:
    first = model.config.decoder_start_token_id
    if first is None:
        raise ColdbenchError(
            f"the configuration of {name} does not say what its decoder starts with; add "
            "decoder_start_token_id to its config.json"
        )
    network = EncoderDecoderNetwork(model, (first, *tokens.lead), tokens.yes, tokens.no)
    network.eval()
    return network


def _load(files: ModelFiles) -> tuple[Any, Any]:
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        AutoModelForSeq2SeqLM,
        AutoTokenizer,
    )

    only = {"local_files_only": True, "trust_remote_code": False}
    folder = str(files.folder)
    try:
        with keep_quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, **only)
            both = AutoConfig.from_pretrained(folder, **only).is_encoder_decoder
            kind: Any = AutoModelForSeq2SeqLM if both else AutoModelForCausalLM
            model = kind.from_pretrained(folder, use_safetensors=True, dtype=torch.float32, **only)
    except (ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ColdbenchError(
            f"{files.name} cannot be loaded as a causal language model or an encoder-decoder "
            f"({reason}); give the name or the folder of one, such as Qwen/Qwen2.5-0.5B-Instruct"
        ) from error
    frozen: Any = model.eval()  # type: ignore[no-untyped-call]
    return frozen.requires_grad_(False), tokenizer


@torch.no_grad()
def _check(
    name: str, model: Any, network: DecoderNetwork, tokens: PromptTokens, chosen: Sequence[int]
) -> None:
    """Refuse a model whose answer is no function of the last hidden state and what is before."""
    probe = [*tokens.start, *range(2, 18)]  # any tokens
    probe = [min(token, len(model.get_input_embeddings().weight) - 1) for token in probe]
    yes, no = model(input_ids=torch.tensor([probe])).logits[0, -1, list(chosen)].tolist()
    longer = [*probe, *probe[::-1]]
    ids, lengths = pad_prompts([longer, probe])
    ahead, own = network.log_odds(ids, torch.stack((lengths[1], lengths[1]))).tolist()
    if abs(ahead - own) > CLOSE:
        raise ColdbenchError(
            f"{name} is no causal language model: its answer depends on what stands behind it; "
            "use one that reads from left to right"
        )
    if abs(own - (yes - no)) > CLOSE:
        raise ColdbenchError(
            f"{name} changes its answers behind its output layer, which is not supported; use "
            "another model"
        )
    if network.shares:
        pair = [tuple(probe), tuple(longer)]
        shared = network.score(pair)
        network.shares = False
        alone = network.score(pair)
        network.shares = bool(abs(shared - alone).max() <= SAME * max(1.0, abs(alone).max()))
