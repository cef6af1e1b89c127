"""The API does what its OpenAPI document says, asked by Schemathesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from dateline.web.app import create_app
from storage.archive import create_archive
from tests.dateline.web.rooms import furnish
from tests.profiles import examples

if TYPE_CHECKING:
    from schemathesis import Case

CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_headers_conformance, response_schema_conformance, negative_data_rejection,
    unsupported_method,
)  # fmt: skip


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Any:
    archive = create_archive(str(tmp_path_factory.mktemp("api") / "archive"))
    furnish(archive)
    app = create_app(archive, names=())
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


def test_the_document_is_kept(api: Any) -> None:
    """Every operation, with made-up parameters and bodies, right and wrong ones."""
    for result in api.get_all_operations():
        _keep(result.ok())


def _keep(operation: Any) -> None:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @seed(1)
        @settings(
            max_examples=examples(20), suppress_health_check=list(HealthCheck), database=None,
            phases=[Phase.explicit, Phase.generate],
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def asked(case: Case) -> None:
            case.call_and_validate(checks=list(CHECKS))

        try:
            asked()
        except Unsatisfiable:
            # Without parameters nothing can be asked wrongly.
            assert mode == GenerationMode.NEGATIVE


def test_the_document_is_openapi_3_1(api: Any) -> None:
    raw = api.raw_schema
    assert raw["openapi"].startswith("3.1")
    assert "/api/search" in raw["paths"]
    assert not any(path.startswith(("/search", "/item")) for path in raw["paths"])
