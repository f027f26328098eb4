"""What may be asked next of what a call has just made: the links of the OpenAPI description."""

from typing import Any

# The call that makes something, the status of its answer, where its name stands there, and the parameter that takes it.
MAKERS = (
    ("/tasks", "201", "$response.body#/name", "task"),
    ("/datasets", "201", "$response.body#/name", "name"),
    ("/train", "202", "$response.body#/id", "run_id"),
    ("/sweeps", "202", "$response.body#/id", "sweep_id"),
)


def add(paths: dict[str, dict[str, Any]]) -> None:
    """Link each of `MAKERS` with all calls whose path needs nothing else."""
    for maker, status, place, parameter in MAKERS:
        paths[maker]["post"]["responses"][status]["links"] = {
            operation["operationId"]: {"operationId": operation["operationId"], "parameters": {parameter: place}}
            for operations in paths.values()
            for operation in operations.values()
            if [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"] == [parameter]
        }
