"""Vertex AI: a training job.

https://cloud.google.com/vertex-ai/docs/training/code-requirements
"""

import json
from collections.abc import Sequence

from saccade.serve.deploy.deployment import Written, place_of, resource_name
from saccade.serve.deploy.vertex import pushed

MACHINE, DISK_GB = "n1-standard-8", 100
MOST_SECONDS = 24 * 3600


def vertex_training(image: str, name: str, words: Sequence[str], job_dir: str) -> Written:
    """The body of customJobs.create: `saccade train WORDS --job-dir JOB_DIR`.

    The machine may be taken away at any moment: the job begins again and goes on from its last
    checkpoint in `job_dir`.

    Raises:
        BadUsage: the image is not where Vertex AI takes it from.
    """
    region, project = place_of(image)
    own = resource_name(name)
    job = {
        "displayName": own,
        "jobSpec": {
            "workerPoolSpecs": [
                {
                    "machineSpec": {"machineType": MACHINE},
                    "replicaCount": "1",
                    "diskSpec": {"bootDiskType": "pd-ssd", "bootDiskSizeGb": DISK_GB},
                    "containerSpec": {
                        "imageUri": image,
                        "args": ["train", *words, "--job-dir", job_dir],
                    },
                }
            ],
            "scheduling": {"timeout": f"{MOST_SECONDS}s", "restartJobOnWorkerRestart": True},
            "baseOutputDirectory": {"outputUriPrefix": job_dir},
        },
    }
    address = f"https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}"
    readme = f"""\
```sh
{pushed(image)}
curl --data @custom-job.json -H "Content-Type: application/json" \\
    -H "Authorization: Bearer $(gcloud auth print-access-token)" \\
    {address}/customJobs
gcloud ai custom-jobs list --project={project} --region={region} --filter=displayName={own}
```

The run is copied to {job_dir} after its checkpoints and at its end. A job whose
machine is taken away begins again and goes on from there. When it is finished:

```sh
gcloud storage cp --recursive {job_dir.rstrip("/")}/run runs/{own}
saccade export runs/{own}
```

A larger machine, more time or a service account are said in custom-job.json. The image computes on
processors; for a GPU its Dockerfile must also install `jax[cuda12]` of the same version. Your own
pictures in a bucket are a path there: `/gcs/BUCKET/photos`.
"""
    return Written({"custom-job.json": json.dumps(job, indent=2) + "\n"}, readme)
