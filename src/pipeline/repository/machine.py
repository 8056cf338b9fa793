"""What kind of machine this is."""

import platform
import re
from pathlib import Path


def find_processor() -> str:
    """Return the model of the processor; its instruction set can change the last bits."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()
