"""Every text is embedded once per model; what was made before comes from the archive, the same to the last bit."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from newsletter.archive import Archive
from newsletter.embeddings import Floats, Model
from newsletter.errors import SettingsError
from newsletter.vectors import BATCH, Vectors
from tests.factories import numbered, paper
from tests.homes import make_home


@dataclass
class Counting:
    """A model that counts letters, and remembers what it was asked; it is tired after so many calls."""

    asked: list[str] = field(default_factory=list)
    opened: int = 0
    calls: int = 1000

    def open(self):
        self.opened += 1
        return self

    def __call__(self, texts) -> Floats:
        if not self.calls:
            raise SettingsError("embeddings: tired")
        self.calls -= 1
        self.asked += texts
        counts = [[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        rows = np.array(counts, dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def archive(stores):
    archive = Archive(stores.url("archive"))
    yield archive
    archive.close()


@pytest.fixture
def model():
    return Counting()


def vectors(archive, model, name="lab/letters"):
    return Vectors(archive, Model(name), model.open)


def test_a_text_is_embedded_once_and_again_when_it_changes(archive, model):
    vectors(archive, model).of(["rivers", "stones"])
    vectors(archive, model).of(["stones", "rivers", "old stones"])
    assert ["rivers", "stones", "old stones"] == model.asked


def test_rows_come_in_the_order_of_the_texts(archive, model):
    one, two, three = vectors(archive, model).of(["rivers", "stones", "rivers"])
    assert one.tolist() == three.tolist() != two.tolist()
    assert ["rivers", "stones"] == model.asked


def test_rows_are_single_precision_of_length_one(archive, model):
    rows = vectors(archive, model).of(["rivers", "stones"])
    assert (np.float32, (2, 26)) == (rows.dtype, rows.shape)
    assert [1, 1] == pytest.approx(np.linalg.norm(rows, axis=1), abs=1e-6)


def test_a_row_is_the_same_whether_it_was_made_or_kept(archive, model):
    made = vectors(archive, model).of(["slow rivers remember"])
    kept = vectors(archive, model).of(["slow rivers remember"])
    assert made.tobytes() == kept.tobytes()


def test_no_texts_have_no_rows_and_open_nothing(archive, model):
    assert (0, 0) == vectors(archive, model).of([]).shape
    assert 0 == model.opened


def test_a_model_is_opened_once_and_only_when_something_is_new(archive, model):
    first = vectors(archive, model)
    first.of(["rivers"])
    first.of(["stones"])
    vectors(archive, model).of(["rivers", "stones"])
    assert 1 == model.opened


def test_another_model_has_its_own_rows(archive, model):
    vectors(archive, model).of(["rivers"])
    vectors(archive, model, "lab/others").of(["rivers"])
    assert ["rivers", "rivers"] == model.asked


def test_what_visitors_type_is_embedded_and_not_kept(archive, model):
    kept = vectors(archive, model)
    kept.of(["rivers"])
    assert kept.of(["stones", "rivers"]).tobytes() == kept.unkept().of(["stones", "rivers"]).tobytes()
    kept.unkept().of(["a visitor's own words"])
    assert {} == archive.vectors(Model("lab/letters").key, ["a visitor's own words"])
    assert 1 == model.opened


def test_a_damaged_row_is_made_again(archive, model, stores):
    made = vectors(archive, model).of(["rivers", "stones"])
    first = "(SELECT min(text) FROM vectors)"
    stores.execute("archive", f"UPDATE vectors SET checksum = 'of other bytes' WHERE text = {first}")
    assert made.tobytes() == vectors(archive, model).of(["rivers", "stones"]).tobytes()
    assert 3 == len(model.asked)
    vectors(archive, model).of(["rivers", "stones"])
    assert 3 == len(model.asked)


def test_what_was_made_before_a_fault_is_kept(archive):
    texts, tired = [f"text {'x' * n}" for n in range(BATCH + 1)], Counting(calls=1)
    with pytest.raises(SettingsError, match="tired"):
        vectors(archive, tired).of(texts)
    rested = Counting()
    assert (BATCH + 1, 26) == vectors(archive, rested).of(texts).shape
    assert texts[BATCH:] == rested.asked


def test_an_archive_from_before_there_were_vectors_learns_them(stores, model):
    Archive(stores.url("archive")).close()
    stores.execute("archive", "DROP TABLE vectors")
    archive = Archive(stores.url("archive"))
    assert (1, 26) == vectors(archive, model).of(["rivers"]).shape
    archive.close()


def test_check_embeds_and_says_how_it_went(archive, model):
    assert "26 numbers a text, from the Hugging Face hub" == vectors(archive, model).check()
    local = Vectors(archive, Model("letters", Path("/models/letters")), model.open)
    assert "26 numbers a text, from /models/letters" == local.check()


def test_papers_are_embedded_by_title_and_abstract(tmp_path, model):
    with make_home(tmp_path).app() as app:
        app = replace(app, vectors=vectors(app.archive, model))
        rows = app.embed([paper(title="Rivers", abstract="Of stones."), numbered(2, title="Sand", abstract="")])
        words = app.embed_texts(["Sand."])
    assert ["Rivers. Of stones.", "Sand."] == model.asked
    assert rows is not None
    assert words is not None
    assert rows[1].tobytes() == words[0].tobytes()


def test_without_a_model_nothing_is_embedded(tmp_path):
    with make_home(tmp_path).app() as app:
        assert (None, None) == (app.embed([paper()]), app.embed_texts(["rivers"]))
