"""The bill of materials has what CycloneDX 1.6 asks for (ecma-international.org, ECMA-424)."""

import hashlib
import importlib.metadata
import json
import re

import pytest

from saccade.bundle import files
from saccade.export.bundle import export_bundle
from saccade.export.materials import bill_of_materials

TYPES = {"machine-learning-model", "file", "data", "library"}
FACTS = {
    "data": {"name": "digits", "statement": "digits: 3 images", "fingerprint": "ab" * 32},
    "model": {"name": "softmax"},
}


def components(told):
    return [told["metadata"]["component"], *told["components"]]


@pytest.mark.parametrize("name", ["digits", 'a "b"\n', "caf\udce9", "\U0001f600"])
def test_it_has_what_the_form_asks_for(name):
    facts = {**FACTS, "data": {**FACTS["data"], "name": name}}
    told = json.loads(bill_of_materials(facts, {"model.onnx": "0" * 64}))
    assert (told["bomFormat"], told["specVersion"], told["version"]) == ("CycloneDX", "1.6", 1)
    assert set(told) <= {"bomFormat", "specVersion", "version", "metadata", "components"}
    seen = []
    for component in components(told):
        assert component["type"] in TYPES
        assert isinstance(component["name"], str) and component["name"]
        for each in component.get("hashes", ()):
            assert each["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", each["content"])
        for each in component.get("licenses", ()):
            assert set(each) == {"expression"} and isinstance(each["expression"], str)
        for each in component.get("properties", ()):
            assert all(isinstance(value, str) for value in each.values())
        if component["type"] == "library":
            assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
            assert component["version"] == importlib.metadata.version(component["name"])
        assert component not in seen
        seen.append(component)
    assert name in [component["name"] for component in seen]


def test_equal_bundles_have_equal_bills():
    hashes = {"b": "1" * 64, "a": "0" * 64}
    assert bill_of_materials(FACTS, hashes) == bill_of_materials(
        FACTS, dict(reversed(hashes.items()))
    )


def test_its_hashes_are_those_of_the_files(finished_run, tmp_path):
    place = export_bundle(finished_run, tmp_path / "bundle").path
    told = json.loads((place / files.MATERIALS).read_bytes())
    listed = {c["name"]: c["hashes"][0]["content"] for c in components(told) if "hashes" in c}
    assert set(listed) == set(files.LIMITS) - {files.MATERIALS}
    for name, digest in listed.items():
        assert digest == hashlib.sha256((place / name).read_bytes()).hexdigest()
