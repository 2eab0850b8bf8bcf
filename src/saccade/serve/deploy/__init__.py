"""A directory that is all an image takes, and what a platform is told of it: `saccade deploy`.

    deployment   what is deployed, under which names
    directory    writes the directory, whole or not at all
    image        Dockerfile, .dockerignore
    wheel        this saccade as a wheel
    compose, vertex, vertex_training, kserve, cloud_run    the platforms' own files and commands
    block        YAML, README

Nothing is asked of any cloud; credentials are neither read nor written.
"""
