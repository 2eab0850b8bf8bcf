"""Cloud Run: a service, for gcloud (Knative's form) and for the API (v2).

https://cloud.google.com/run/docs/reference/yaml/v1
"""

import json
from typing import Any

from saccade.serve.deploy.block import to_yaml
from saccade.serve.deploy.deployment import (
    KEYS_FILE,
    KEYS_FOLDER,
    LIVE,
    PORT,
    READY,
    Deployment,
    Written,
)

PROCESSORS, MOST, TOGETHER = "2", 4, 80


def cloud_run(deployment: Deployment) -> Written:
    """service.yaml and service.json; without keys only those may ask who have the role there.

    Cloud Run runs an image as its own user, without privileges, and its disk is memory; a
    securityContext it takes from nobody.
    """
    files = {
        "service.yaml": to_yaml(_knative(deployment)),
        "service.json": json.dumps(_second_version(deployment), indent=2) + "\n",
    }
    return Written(files, _readme(deployment))


def _container(deployment: Deployment) -> dict[str, Any]:
    """The same in both forms."""
    container: dict[str, Any] = {
        "image": deployment.image,
        "args": list(deployment.who),
        "ports": [{"containerPort": PORT}],
        "resources": {"limits": {"cpu": PROCESSORS, "memory": f"{deployment.megabytes}Mi"}},
        "startupProbe": {
            "httpGet": {"path": READY, "port": PORT},
            "periodSeconds": 2,
            "failureThreshold": 60,
        },
        "livenessProbe": {"httpGet": {"path": LIVE, "port": PORT}},
    }
    if deployment.keys:
        container["volumeMounts"] = [{"name": "keys", "mountPath": KEYS_FOLDER}]
    return container


def _knative(deployment: Deployment) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "containerConcurrency": TOGETHER,
        "containers": [_container(deployment)],
    }
    if deployment.keys:
        items = [{"key": "latest", "path": KEYS_FILE}]
        secret = {"secretName": f"{deployment.resource}-keys", "items": items}
        spec["volumes"] = [{"name": "keys", "secret": secret}]
    scaling = {"autoscaling.knative.dev/maxScale": str(MOST)}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": deployment.resource},
        "spec": {"template": {"metadata": {"annotations": scaling}, "spec": spec}},
    }


def _second_version(deployment: Deployment) -> dict[str, Any]:
    template: dict[str, Any] = {
        "scaling": {"maxInstanceCount": MOST},
        "maxInstanceRequestConcurrency": TOGETHER,
        "containers": [_container(deployment)],
    }
    if deployment.keys:
        items = [{"version": "latest", "path": KEYS_FILE}]
        secret = {"secret": f"{deployment.resource}-keys", "items": items}
        template["volumes"] = [{"name": "keys", "secret": secret}]
    return {"template": template}


def _readme(deployment: Deployment) -> str:
    own = deployment.resource
    key, before, after = "$(gcloud auth print-identity-token)", "", ""
    who = "Those may ask who have the role `roles/run.invoker`"
    if deployment.keys:
        key = "$KEY"
        who = "Cloud Run lets everybody through, and the server those who have a key"
        before = f"""\
gcloud secrets create {own}-keys --data-file={KEYS_FILE}   # let the service's account read it:
gcloud secrets add-iam-policy-binding {own}-keys --role=roles/secretmanager.secretAccessor \\
    --member=serviceAccount:$(gcloud projects describe $(gcloud config get project) \\
    --format='value(projectNumber)')-compute@developer.gserviceaccount.com
"""
        after = f"""\
gcloud run services add-iam-policy-binding {own} --region=$REGION \\
    --member=allUsers --role=roles/run.invoker
"""
    return f"""\
```sh
REGION=europe-west4
docker build --platform linux/amd64 --tag {deployment.image} .
docker push {deployment.image}
{before}gcloud run services replace service.yaml --region=$REGION
{after}URL=$(gcloud run services describe {own} --region=$REGION --format='value(status.url)')
curl -H "Authorization: Bearer {key}" -H "Content-Type: image/jpeg" \\
    --data-binary @photo.jpg $URL/predict
```

{who}. `service.json` says the same as the
body of `services?serviceId={own}` of the API, version 2. From outside ask `{READY}`,
not `/readyz`: Google keeps paths that end in z.
"""
