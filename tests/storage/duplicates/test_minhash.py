"""Signatures: the same in every archive, and alike where the texts are."""

import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.duplicates import minhash
from tests.profiles import examples

KNOWN_SIGNATURE = [12465774, 14488238, 6497210]
KNOWN_BANDS = [-6076067154380589740, 7175974805953455580]


def test_a_signature_means_the_same_for_ever() -> None:
    """These values are in every archive; changing them needs a migration."""
    signature = minhash.signature_of(minhash.shingles([f"w{n}" for n in range(40)]))
    assert [int(v) for v in signature[:3]] == KNOWN_SIGNATURE
    assert minhash.bands_of(signature)[:2] == KNOWN_BANDS


@given(st.lists(st.sampled_from("abcdefgh"), max_size=80))
@settings(max_examples=examples(60))
def test_any_text_is_like_itself_and_meets_itself(text: list[str]) -> None:
    hashes = minhash.shingles(text)
    assert (len(hashes) == 0) == (len(text) < minhash.FEWEST_WORDS)
    if len(hashes):
        assert minhash.similarity(hashes, hashes) == 1.0
        bands = minhash.bands_of(minhash.signature_of(hashes))
        assert len(bands) == minhash.BANDS
        assert all(-(1 << 63) <= band < 1 << 63 for band in bands)


def test_what_a_text_is_signed_with_goes_between_processes() -> None:
    made = minhash.sign([f"w{n}" for n in range(40)])
    assert made is not None
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert (again.signature, again.bands) == (made.signature, made.bands)
    assert list(again.hashes) == list(made.hashes)
    assert minhash.sign(["too", "few"]) is None
