"""What OpenAPI says is asked for, and much that it does not: nothing makes the server fail."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis")


def test_no_request_makes_it_fail_and_answers_are_as_described(served):
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi import checks

    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{served.port}/openapi.json")
    operations = [one.ok() for one in schema.get_all_operations()]
    assert {"/predict", "/info"} < {one.path for one in operations}
    asked = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    for operation in operations:
        for mode in GenerationMode:

            @settings(
                max_examples=60,
                derandomize=True,
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case):
                case.call_and_validate(checks=asked)

            if operation.body or mode is GenerationMode.POSITIVE:
                ask()
