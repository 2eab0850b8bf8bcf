"""KServe: an InferenceService with a container of its own.

The user is the image's, and so is the port: Knative, on which KServe may run, refuses to be told.
https://kserve.github.io/website/
"""

from typing import Any

from saccade.serve.deploy.block import to_yaml
from saccade.serve.deploy.deployment import (
    KEYS_FOLDER,
    LIVE,
    PORT,
    READY,
    Deployment,
    Written,
)

LEAST, MOST = 1, 4


def kserve(deployment: Deployment) -> Written:
    """inference-service.yaml; without keys only the cluster may ask."""
    metadata: dict[str, Any] = {"name": deployment.resource}
    if not deployment.keys:
        metadata["labels"] = {"networking.knative.dev/visibility": "cluster-local"}
    predictor = {
        "minReplicas": LEAST,
        "maxReplicas": MOST,
        "automountServiceAccountToken": False,
        "containers": [_container(deployment)],
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}],
    }
    if deployment.keys:
        secret = {"name": "keys", "secret": {"secretName": f"{deployment.resource}-keys"}}
        predictor["volumes"] = [*predictor["volumes"], secret]  # type: ignore[misc]
    file = to_yaml(
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": metadata,
            "spec": {"predictor": predictor},
        }
    )
    return Written({"inference-service.yaml": file}, _readme(deployment))


def _container(deployment: Deployment) -> dict[str, Any]:
    memory = f"{deployment.megabytes}Mi"
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]
    if deployment.keys:
        mounts.append({"name": "keys", "mountPath": KEYS_FOLDER})
    return {
        "name": "kserve-container",
        "image": deployment.image,
        "args": list(deployment.who),
        "env": [{"name": "PROTOCOL", "value": "v2"}],
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": READY, "port": PORT}, "periodSeconds": 5},
        "livenessProbe": {
            "httpGet": {"path": LIVE, "port": PORT},
            "initialDelaySeconds": 30,
            "periodSeconds": 10,
        },
        "resources": {
            "requests": {"cpu": "1", "memory": memory},
            "limits": {"cpu": "2", "memory": memory},
        },
        "securityContext": {
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": mounts,
    }


def _readme(deployment: Deployment) -> str:
    own = deployment.resource
    secret = (
        f"kubectl create secret generic {own}-keys --from-file=keys.txt\n"
        if deployment.keys
        else ""
    )
    key = '-H "Authorization: Bearer $KEY" ' if deployment.keys else ""
    who = (
        "Whoever has a key may ask"
        if deployment.keys
        else "Only the cluster may ask: do so from a pod of it"
    )
    return f"""\
```sh
docker build --tag {deployment.image} .
docker push {deployment.image}
{secret}kubectl apply --filename inference-service.yaml
kubectl wait --for=condition=Ready --timeout=5m inferenceservice/{own}
URL=$(kubectl get inferenceservice {own} --output jsonpath='{{.status.url}}')
curl {key}$URL/v2/models/{deployment.name}
curl {key}--data-binary @photo.jpg -H "Content-Type: image/jpeg" $URL/predict
```

{who}. The Open Inference Protocol is at
`/v2/models/{deployment.name}/infer`. It asks nobody itself: where your cluster has network
policies, all of its egress can be denied.
"""
