"""Three hundred damaged files; ``python -m tests.fuzz --cases 10000`` runs more."""

import pytest
from hypothesis import strategies as st

from .campaign import run
from .readers import readers

READERS = {reader.name: reader for reader in readers()}


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_gives_a_result_or_one_message(name, tmp_path):
    cases = -(-300 // len(READERS))
    sound = READERS[name]._replace(contents=st.just(READERS[name].sound))
    assert run(sound, tmp_path / "sound", 1).read == 1
    tally = run(READERS[name], tmp_path / "files", cases)
    assert not tally.wrong, tally
    assert tally.cases >= 0.9 * cases and tally.refused
