"""Low-rank updates of a loaded transformer, by peft."""

from dataclasses import dataclass, field

from torch import nn

from ...datasets.errors import ColdbenchError


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank updates: see the fields of the method."""

    rank: int
    alpha: float
    dropout: float
    targets: list[str] = field(default_factory=list)


def inject_lora(name: str, body: nn.Module, lora: LoraSettings) -> None:
    """Put low-rank updates into the body; by default where peft has them for its kind.

    Nothing else of the body is trained then.

    Raises
    ------
    ColdbenchError
        When there is no layer of the given names.
    """
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or None,
        fan_in_fan_out=getattr(body.config, "model_type", "") == "gpt2",
    )
    try:
        inject_adapter_in_model(config, body)
    except ValueError as error:
        linear = sorted(
            {at.rsplit(".", 1)[-1] for at, one in body.named_modules() if hasattr(one, "weight")}
        )
        raise ColdbenchError(
            f"lora_targets = {list(lora.targets)} does not fit {name} "
            f"({str(error).strip().splitlines()[0]}); its layers are called {', '.join(linear)}"
        ) from error
    for at, weight in body.named_parameters():
        weight.requires_grad_("lora_" in at)
