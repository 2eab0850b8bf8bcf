"""Text that comes from files, made safe to show."""

import re
import unicodedata


def readable(text: object) -> str:
    """Text from a file as it can be shown: control characters and stray bytes spelled out.

    >>> readable("caf\\udce9\\n")
    'caf\\\\udce9\\\\n'
    """
    return "".join(
        repr(letter)[1:-1] if unicodedata.category(letter) in ("Cc", "Cs") else letter
        for letter in str(text)
    )


def markdown(value: object) -> str:
    r"""Text that Markdown takes for nothing but text.

    >>> print(markdown("a_b <script>"))
    a\_b \<script\>
    """
    return re.sub(r"([\\`*_\[\]<>&#|~!$@])", r"\\\1", readable(value))
