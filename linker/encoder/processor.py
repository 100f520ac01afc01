"""What the processor can do, as Linux says."""

from __future__ import annotations

import re
from pathlib import Path

CPU_FEATURES = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "asimd")
_EXACT = frozenset(["avx512_vnni", "avx_vnni", "asimd"])
_CPUINFO = Path("/proc/cpuinfo")


def cpu_features(cpuinfo: Path = _CPUINFO) -> tuple[str, ...] | None:
    """Those of `CPU_FEATURES` that Linux says the processor has; None where it says nothing."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # "flags" on x86, "Features" on ARM.
    match = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    if match is None:
        return None
    flags = set(match[1].split())
    return tuple(feature for feature in CPU_FEATURES if feature in flags)


def multiplies_signed_exactly() -> bool:
    """Whether ONNX Runtime multiplies unsigned by signed 8-bit integers here without an error.

    x86 without VNNI adds pairs of products in 16 bits, which saturate (onnxruntime.ai, "Quantize
    ONNX models"); unsigned by unsigned is exact everywhere, and with VNNI slower.
    """
    return not _EXACT.isdisjoint(cpu_features() or ())
