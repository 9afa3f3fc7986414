"""In which number format the matrix products run."""

from typing import Literal, get_args

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def check_precision(precision: str) -> None:
    """Refuse a precision that does not exist.

    precision (str): A value from a config.
    RAISES (ValueError): If it is none of "auto", "float32", "bfloat16".
    """
    if precision not in get_args(Precision):
        raise ValueError(f'precision must be "auto", "float32" or "bfloat16", but is {precision!r}')


def resolve_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """Choose the number format of a device.

    "auto" is bfloat16 where the hardware multiplies in it (AMX or AVX512-BF16 on a CPU, any CUDA
    device that supports it) and float32 elsewhere: emulated bfloat16 is slower than float32.

    precision (Precision): What the config asks for.
    device (torch.device): Where the module lives.
    RETURNS (torch.dtype): torch.float32 or torch.bfloat16.
    """
    check_precision(precision)
    if precision == "float32":
        return torch.float32
    if precision == "bfloat16" or _has_bfloat16(device):
        return torch.bfloat16
    return torch.float32


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    if hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
    # Older versions of torch: all processors with AMX have AVX512-BF16, too.
    return bool(torch.cpu._is_avx512_bf16_supported())
