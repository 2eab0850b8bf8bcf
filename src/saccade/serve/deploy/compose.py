"""A container on a machine of one's own: Docker, by Compose or by one line."""

import shlex

from saccade.serve.deploy.block import to_yaml
from saccade.serve.deploy.deployment import (
    KEYS_FILE,
    KEYS_FOLDER,
    PORT,
    Deployment,
    Written,
)

TMP = "/tmp:size=64m,mode=1777,noexec,nosuid,nodev"
PROCESSES, PROCESSORS = 256, 2
SECONDS_TO_END = 20  # three of notice, eight to answer what is there, and some


def compose(deployment: Deployment) -> Written:
    """compose.yaml; without keys only this machine may ask."""
    service = {
        "image": deployment.image,
        "build": ".",
        "command": list(deployment.who),
        "ports": [_published(deployment)],
        "read_only": True,
        "tmpfs": [TMP],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": PROCESSES,
        "mem_limit": f"{deployment.megabytes}m",
        "cpus": PROCESSORS,
        "stop_grace_period": f"{SECONDS_TO_END}s",
        "restart": "unless-stopped",
    }
    if deployment.keys:
        service["volumes"] = [f"./{KEYS_FILE}:{KEYS_FOLDER}/{KEYS_FILE}:ro"]
    file = to_yaml({"services": {deployment.resource: service}})
    return Written({"compose.yaml": file}, _readme(deployment))


def run_line(deployment: Deployment) -> list[str]:
    """`docker run` with the same flags."""
    keys = f"type=bind,src=$PWD/{KEYS_FILE},dst={KEYS_FOLDER}/{KEYS_FILE},readonly"
    return [
        *("docker", "run", "--rm", "--read-only", "--tmpfs", TMP),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),
        *("--pids-limit", str(PROCESSES), "--memory", f"{deployment.megabytes}m"),
        *("--cpus", str(PROCESSORS), "--stop-timeout", str(SECONDS_TO_END)),
        *("--publish", _published(deployment)),
        *(("--mount", keys) if deployment.keys else ()),
        deployment.image,
        *deployment.who,
    ]


def _published(deployment: Deployment) -> str:
    return f"{PORT}:{PORT}" if deployment.keys else f"127.0.0.1:{PORT}:{PORT}"


def _readme(deployment: Deployment) -> str:
    who = "Whoever has a key may ask" if deployment.keys else "This machine alone may ask"
    key = '    -H "Authorization: Bearer $KEY" \\\n' if deployment.keys else ""
    line = " ".join(
        f'"{word}"' if "$PWD" in word else shlex.quote(word) for word in run_line(deployment)
    )
    return f"""\
```sh
docker compose up --build --detach
curl --data-binary @photo.jpg -H "Content-Type: image/jpeg" \\
{key}    127.0.0.1:{PORT}/predict
docker compose down
```

{who}. Without Compose:

```sh
docker build --tag {deployment.image} .
{line}
```
"""
