"""What the processor is called and can do, as Linux tells."""

import platform
from pathlib import Path

#: Flags of a processor that multiplies bfloat16 itself, on x86 and on ARM.
BF16_FLAGS = ("amx_bf16", "avx512_bf16", "bf16", "svebf16")


def read_processor(cpu_info: Path = Path("/proc/cpuinfo")) -> tuple[str, list[str]]:
    """Return the processor's name and its flags; there are none where the system has no such file.

    Args:
        cpu_info: Linux's description of the processors, of which the first counts.
    """
    fields: dict[str, str] = {}
    for line in cpu_info.read_text().splitlines() if cpu_info.exists() else []:
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name") or platform.processor() or platform.machine()
    return name, (fields.get("flags") or fields.get("Features") or "").split()


def bf16_units(cpu_info: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Return the flags that say that the processor computes in bfloat16 itself."""
    flags = read_processor(cpu_info)[1]
    return [flag for flag in BF16_FLAGS if flag in flags]
