"""Vertex AI: a model, an endpoint, and the model on the endpoint.

https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
"""

import json
from typing import Any

from saccade.core.errors import BadUsage
from saccade.serve.deploy.deployment import PORT, READY, Deployment, Written, place_of

MACHINE, LEAST, MOST = "n1-standard-2", 1, 2


def vertex(deployment: Deployment) -> Written:
    """The bodies of models.upload, endpoints.create and endpoints.deployModel.

    Raises:
        BadUsage: the image is not where Vertex AI takes it from, or keys are asked for.
    """
    if deployment.keys:
        raise BadUsage("Vertex AI itself asks who may: leave --api-keys out, and grant roles there")
    region, project = place_of(deployment.image)
    own = deployment.resource
    container = {
        "imageUri": deployment.image,
        "ports": [{"containerPort": PORT}],
        "predictRoute": f"/v1/models/{deployment.name}:predict",
        "healthRoute": READY,
    }
    deployed = {
        "model": f"projects/{project}/locations/{region}/models/{own}",
        "displayName": own,
        "dedicatedResources": {
            "machineSpec": {"machineType": MACHINE},
            "minReplicaCount": LEAST,
            "maxReplicaCount": MOST,
        },
    }
    bodies: dict[str, Any] = {
        "model.json": {"modelId": own, "model": {"displayName": own, "containerSpec": container}},
        "endpoint.json": {"displayName": own},
        "deployed-model.json": {"deployedModel": deployed, "trafficSplit": {"0": 100}},
    }
    files = {name: json.dumps(body, indent=2) + "\n" for name, body in bodies.items()}
    return Written(files, _readme(deployment, container))


def pushed(image: str) -> str:
    """The commands that bring an image to Artifact Registry."""
    return f"""\
gcloud auth configure-docker {image.partition("/")[0]}
docker build --platform linux/amd64 --tag {image} .
docker push {image}"""


def _readme(deployment: Deployment, container: dict[str, Any]) -> str:
    region, project = place_of(deployment.image)
    own, here = deployment.resource, f"--project={project} --region={region}"
    address = (
        f"https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}"
        f"/endpoints/{own}:predict"
    )
    return f"""\
```sh
{pushed(deployment.image)}
gcloud ai models upload {here} --model-id={own} --display-name={own} \\
    --container-image-uri={deployment.image} --container-ports={PORT} \\
    --container-predict-route={container["predictRoute"]} \\
    --container-health-route={container["healthRoute"]}
gcloud ai endpoints create {here} --endpoint-id={own} --display-name={own}
gcloud ai endpoints deploy-model {own} {here} --model={own} --display-name={own} \\
    --machine-type={MACHINE} --min-replica-count={LEAST} --max-replica-count={MOST} \\
    --traffic-split=0=100
printf '{{"instances": [{{"image_bytes": {{"b64": "%s"}}}}]}}' \\
    "$(base64 < photo.jpg | tr -d '\\n')" |
    curl --data @- -H "Content-Type: application/json" \\
    -H "Authorization: Bearer $(gcloud auth print-access-token)" {address}
```

Vertex AI asks who may; the container, which nobody else reaches, takes everybody (`AIP_HTTP_PORT`
says that it is there). The three .json files say the same as bodies of `models:upload`,
`endpoints?endpointId={own}` and `endpoints/{own}:deployModel`, for whoever calls the API.
"""
