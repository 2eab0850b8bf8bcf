"""Reads what `saccade deploy` writes with the vendors' own packages; not a test itself.

    python as_vendors_read.py FOLDER...      in an environment with them

Each FOLDER holds one platform's files. Prints what was read, and fails where something is unknown
to the vendor or lacks what the vendor requires.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import kserve.models
import kubernetes.client.models
import yaml
from google.cloud import aiplatform_v1, run_v2
from google.protobuf import json_format

PARENT = "projects/p/locations/l"


def as_message(kind: Any, body: Any) -> Any:
    """A protocol buffer of Google's; an unknown field or a value of another kind is an error."""
    return json_format.ParseDict(body, kind.pb(kind()))


def as_model(kind: str, body: Any) -> Any:
    """An object of Kubernetes or KServe; an unknown or a missing field is an error."""
    if body is None or kind in ("str", "int", "bool", "object", "float", "ResourceQuantity"):
        wanted = {"str": str, "int": int, "bool": bool}.get(kind, object)
        assert isinstance(body, wanted), f"{body!r} is no {kind}"
        return body
    if found := re.fullmatch(r"(?i)list\[(.+)\]", kind):
        return [as_model(found[1], each) for each in body]
    if found := re.fullmatch(r"(?i)dict\((\w+), (.+)\)|dict\[(\w+), (.+)\]", kind):
        inner = found[2] or found[4]
        return {key: as_model(inner, value) for key, value in body.items()}
    model = getattr(kserve.models, kind, None) or getattr(kubernetes.client.models, kind)
    names = {written: name for name, written in model.attribute_map.items()}
    assert set(body) <= set(names), f"{kind} has no {set(body) - set(names)}"
    values = {names[key]: as_model(model.openapi_types[names[key]], body[key]) for key in body}
    return model(**values)


def read_vertex(folder: Path) -> None:
    model, endpoint, deployed = (
        json.loads((folder / name).read_text())
        for name in ("model.json", "endpoint.json", "deployed-model.json")
    )
    uploaded = as_message(aiplatform_v1.UploadModelRequest, {"parent": PARENT, **model})
    spec = uploaded.model.container_spec
    assert spec.image_uri and spec.ports[0].container_port and spec.predict_route[0] == "/"
    as_message(aiplatform_v1.CreateEndpointRequest, {"parent": PARENT, "endpoint": endpoint})
    asked = as_message(aiplatform_v1.DeployModelRequest, {"endpoint": f"{PARENT}/e", **deployed})
    path = aiplatform_v1.ModelServiceClient.parse_model_path(asked.deployed_model.model)
    assert path["model"] == uploaded.model_id
    assert asked.traffic_split["0"] == 100


def read_vertex_training(folder: Path) -> None:
    job = json.loads((folder / "custom-job.json").read_text())
    asked = as_message(aiplatform_v1.CreateCustomJobRequest, {"parent": PARENT, "custom_job": job})
    (pool,) = asked.custom_job.job_spec.worker_pool_specs
    assert pool.container_spec.args[0] == "train" and pool.replica_count == 1
    assert asked.custom_job.job_spec.scheduling.timeout.seconds > 0


def read_cloud_run(folder: Path) -> None:
    body = json.loads((folder / "service.json").read_text())
    asked = as_message(run_v2.CreateServiceRequest, {"parent": PARENT, "service": body})
    service = yaml.safe_load((folder / "service.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == ("serving.knative.dev/v1", "Service")
    as_model("V1ObjectMeta", service["metadata"])
    template = service["spec"].pop("template")
    assert not service["spec"]
    as_model("V1ObjectMeta", template["metadata"])
    together = template["spec"].pop("containerConcurrency")  # Knative's own
    for container in template["spec"]["containers"]:
        container.setdefault("name", "user-container")  # as Knative does
    pod = as_model("V1PodSpec", template["spec"])
    # Both say the same.
    (one,), (other,) = pod.containers, asked.service.template.containers
    assert (one.image, one.args) == (other.image, list(other.args))
    assert one.resources.limits == dict(other.resources.limits)
    assert one.startup_probe.http_get.path == other.startup_probe.http_get.path
    assert one.liveness_probe.http_get.path == other.liveness_probe.http_get.path
    assert together == asked.service.template.max_instance_request_concurrency
    secret = (pod.volumes or [None])[0]
    if secret is not None:
        assert secret.secret.secret_name == asked.service.template.volumes[0].secret.secret


def read_kserve(folder: Path) -> None:
    body = yaml.safe_load((folder / "inference-service.yaml").read_text())
    assert body["apiVersion"] == kserve.constants.KSERVE_V1BETA1
    assert body["kind"] == kserve.constants.KSERVE_KIND_INFERENCESERVICE
    service = as_model("V1beta1InferenceService", body)
    as_model("V1ObjectMeta", body["metadata"])
    (container,) = service.spec.predictor.containers
    assert container.name == "kserve-container"
    safe = container.security_context
    assert safe.run_as_non_root and safe.read_only_root_filesystem
    assert safe.capabilities.drop == ["ALL"] and safe.allow_privilege_escalation is False
    assert {mount.name for mount in container.volume_mounts} == {
        volume.name for volume in service.spec.predictor.volumes
    }


def read_docker(folder: Path) -> None:
    (service,) = yaml.safe_load((folder / "compose.yaml").read_text())["services"].values()
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]


def read_block(folder: Path) -> None:
    """YAML of ours means to others what was meant."""
    meant = json.loads((folder / "meant.json").read_text())
    assert yaml.safe_load((folder / "written.yaml").read_text()) == meant


READERS = {
    "vertex": read_vertex,
    "vertex-training": read_vertex_training,
    "cloud-run": read_cloud_run,
    "kserve": read_kserve,
    "docker": read_docker,
    "block": read_block,
}

if __name__ == "__main__":
    for word in sys.argv[1:]:
        name = re.sub(r"-with-keys$", "", Path(word).name)
        READERS[name](Path(word))
        print("read", Path(word).name)
