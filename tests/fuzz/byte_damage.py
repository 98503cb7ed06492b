"""Damage to the bytes of a sound file."""

import io
import re
import zipfile

from hypothesis import strategies as st

#: What a word of a text may turn into.
WORDS = (
    b"", b"nan", b"-inf", b"1e999", b"-1", b"0", b"1e3", b"9" * 400, b"1_0", b"null", b"true",
    b"x", b'"', b"<a>", b"&a;", b"[]", b"{}", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\r",
    b"None", b"(", b"1 2",
)  # fmt: skip


@st.composite
def damaged_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw random bytes, or a file that is cut, changed, lengthened or doubled once or twice."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    for _ in range(draw(st.integers(1, 2))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 16)))
        kind = draw(st.sampled_from(("cut", "flip", "insert", "delete", "repeat", "word", "word")))
        if kind == "cut":
            content = content[:start]
        elif kind == "flip":
            mask = draw(st.integers(1, 255))
            content = (
                content[:start] + bytes(b ^ mask for b in content[start:stop]) + content[stop:]
            )
        elif kind == "insert":
            content = content[:start] + draw(st.binary(max_size=8)) + content[start:]
        elif kind == "delete":
            content = content[:start] + content[stop:]
        elif kind == "repeat":
            content = content[:stop] + content[start:]
        else:
            words = re.split(rb"([^\s<>\",:=()\[\]{}]+)", content)  # the odd ones are words
            if len(words) > 1:
                place = draw(st.integers(0, len(words) // 2 - 1))
                words[2 * place + 1] = draw(st.sampled_from(WORDS))
            content = b"".join(words)
    return content


@st.composite
def damaged_archive(draw: st.DrawFn, content: bytes, part: str) -> bytes:
    """Draw a sound zip archive, one file of which is damaged; torch's checkpoints are archives.

    Damage to the archive itself is found by its checksums, and what it holds is never read.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            inside = old.read(name)
            new.writestr(name, draw(damaged_bytes(inside)) if name.endswith(part) else inside)
    return file.getvalue()
