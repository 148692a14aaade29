"""Example papers: ids, addresses, DOIs, and .bib files."""

from pathlib import Path

import pytest

from newsletter.errors import SubscriberError
from newsletter.subscribers import parse
from newsletter.subscribers.examples import bibliography, example

BIBLIOGRAPHY = r"""
% Invented entries in the shapes that programs export.
@comment{arXiv:1111.11111 is no entry}
@article{zotero, title = {{Walking} uphill}, eprint = {2401.10020}, archivePrefix={arXiv}, doi = {10.5555/one}}
@article{scholar,
  title={Walking downhill},
  journal={arXiv preprint arXiv:1706.03762},
  year={2017}
}
@inproceedings{publisher, doi = "10.5555/33.4\_5", url = "https://publisher.example/x"}
@misc{site, url={https://arxiv.org/abs/cs/0601001v1}}
@misc{howpublished, howpublished={\url{https://arxiv.org/abs/2006.11239}}}
@article{bare, eprint = 2305.00001, eprinttype = {arxiv}}
@article{datacite, doi = {10.48550/arXiv.2201.11903}}
@book{book, title = {A book without an id}, note = {doi given nowhere}}
@article{again, eprint = {2401.10020v3}}
"""
IDS = [
    "2401.10020",
    "1706.03762",
    "10.5555/33.4_5",
    "cs/0601001",
    "2006.11239",
    "2305.00001",
    "2201.11903",
    "2401.10020",
]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2006.11239", "2006.11239"),
        ("2006.11239v2", "2006.11239"),
        ("https://arxiv.org/pdf/2006.11239v1.pdf", "2006.11239"),
        ("https://huggingface.co/papers/2006.11239", "2006.11239"),
        ("cs/0601001", "cs/0601001"),
        ("https://doi.org/10.5555/ABC.1", "10.5555/abc.1"),
    ],
)
def test_an_example_becomes_its_canonical_id(typed: str, expected: str):
    assert expected == example(typed)


@pytest.mark.parametrize("typed", ["Attention", "https://example.org/paper.pdf", "24.1", "2401"])
def test_what_names_no_paper_is_refused_with_the_forms(typed: str):
    with pytest.raises(ValueError, match=r"is no paper that can be recognised; write it as 2006\.11239"):
        example(typed)


def test_ids_are_collected_from_the_shapes_that_programs_export():
    assert IDS == list(bibliography(BIBLIOGRAPHY))


def subscribers_file(like: str) -> str:
    return f"subscribers: [{{email: ada@example.org, interests: [{{name: Robots, like: {like}}}]}}]"


def test_a_bib_file_is_found_beside_the_subscribers_file(tmp_path: Path):
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "lab.bib").write_text(BIBLIOGRAPHY, "utf-8")
    (subscriber,) = parse(subscribers_file("[2204.03458, refs/lab.bib]"), "s.yaml", tmp_path)
    assert ("2204.03458", *dict.fromkeys(IDS)) == subscriber.interests[0].like


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "lab.bib cannot be read (No such file or directory); its path begins at the folder of the subscribers"),
        ("", "lab.bib holds no arXiv id and no DOI; name papers by id, as 2006.11239"),
        ("@book{a, title={X}}", "lab.bib holds no arXiv id and no DOI"),
    ],
)
def test_a_bib_file_without_papers_is_a_fault(tmp_path: Path, content: str | None, complaint: str):
    if content is not None:
        (tmp_path / "lab.bib").write_text(content, "utf-8")
    with pytest.raises(SubscriberError) as caught:
        parse(subscribers_file("lab.bib"), "s.yaml", tmp_path)
    assert str(caught.value).startswith("s.yaml:1:73: subscribers[0].interests[0].like: ")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "hostile", ["@" * 200_000, "@a{" + "," * 200_000, "@a{\n" + " " * 200_000, "@a{,url=" * 40_000]
)
def test_a_hostile_bibliography_holds_nothing(hostile: str):
    assert [] == list(bibliography(hostile))
