"""Whether a device multiplies bf16 numbers by itself."""

from pathlib import Path

BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""What Linux calls bf16 arithmetic, on x86 and on ARM; without it torch is slower than in fp32."""
PROCESSORS = Path("/proc/cpuinfo")


def has_bf16(device: str = "cpu") -> bool:
    """Say whether a device, by torch's name for it, is known to multiply bf16 numbers by itself."""
    if device.startswith("cuda"):
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    told = find_in_processor_list("flags") or find_in_processor_list("Features")
    return device == "cpu" and bool(BF16_FLAGS & set(told.split()))


def find_in_processor_list(key: str) -> str:
    """Return what Linux says of the first core under a key, empty where it says nothing."""
    if PROCESSORS.exists():
        for line in PROCESSORS.read_text().splitlines():
            if line.partition(":")[0].strip() == key:
                return line.partition(":")[2].strip()
    return ""
