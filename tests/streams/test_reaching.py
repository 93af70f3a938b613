"""What stands between the tap and the API: networks, proxies, certificates, gateways."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import TODAY
from tests.simulator import REFUSALS, Kind, Options, RefusingProxy, Simulator
from tests.simulator.certificates import certificate_for
from tests.singer import Output, run

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = "https://api.example.invalid"
pytestmark = pytest.mark.usefixtures("_bare_environment")
STREAMS = ("skills", "artifacts", "org_summaries", "readings")


def read(simulator: Simulator, **settings: Any) -> Output:
    """Read two days of three streams."""
    return run(simulator, *STREAMS, end_date="2026-01-02", **settings)


def the_failure(output: Output) -> str:
    """Return the one sentence that the run ended with, before it read anything."""
    (sentence,) = output.failures
    assert output.records("readings") == []
    return sentence


# Nothing answers


def test_a_name_that_nobody_has(simulator: Simulator, waits: list[float]) -> None:
    """The run ends after the retries of one request; the next one reads everything."""
    output = read(simulator, api_url=ELSEWHERE, max_retries=3)
    sentence = the_failure(output)
    assert len(waits) == 3
    assert sentence.startswith(
        "The API at api.example.invalid cannot be reached: the host name was not found."
    )
    assert f"api_url ({ELSEWHERE})" in sentence
    assert "HTTPS_PROXY" in sentence
    assert output.bookmark("skills") is None
    again = read(simulator, state=output.state)
    assert not again.failures
    for stream in STREAMS[:-1]:
        assert again.read_days(stream) == ["2026-01-01", "2026-01-02"]


def test_a_port_where_nobody_listens(simulator: Simulator, waits: list[float]) -> None:
    """As above, with several requests at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    url = f"http://127.0.0.1:{free}"
    output = read(simulator, api_url=url, max_retries=2, max_parallel_requests=4)
    sentence = the_failure(output)
    assert len(waits) <= 8
    assert "127.0.0.1 cannot be reached: the connection was refused." in sentence
    assert f"api_url ({url})" in sentence


@pytest.mark.usefixtures("impatient")
def test_somebody_who_never_answers(simulator: Simulator) -> None:
    """The sentence says how long the tap has waited."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        output = read(simulator, api_url=url, max_retries=0)
    assert ": it timed out after 0.2 seconds." in the_failure(output)


# Proxies


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses(
    simulator: Simulator,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    """That is final at once, and no text shows the password for the proxy."""
    with RefusingProxy(status) as proxy:
        address = proxy.url.replace("http://", "http://me:s3cret@")
        monkeypatch.setenv("HTTPS_PROXY", address)
        sentence = the_failure(read(simulator, api_url=ELSEWHERE))
        assert len(proxy.requests) == 1
    assert waits == []
    assert f"the proxy refuses the connection with status {status}" in sentence
    assert ("user and a password)" in sentence) is (status == 407)
    assert "Check HTTPS_PROXY" in sentence
    assert "REQUESTS_CA_BUNDLE" in sentence
    assert "s3cret" not in sentence


def test_a_proxy_that_is_not_there(
    simulator: Simulator, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come back; the sentence tells it from an API that is not there."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    sentence = the_failure(read(simulator, api_url=ELSEWHERE, max_retries=2))
    assert len(waits) == 2
    assert "the proxy does not answer: the connection was refused." in sentence
    assert "Check HTTPS_PROXY" in sentence


# Certificates


def secure_simulator(host: str, folder: Path) -> tuple[Simulator, str]:
    """Return an API over TLS and the file of the authority of its certificate."""
    certificate = certificate_for(host)
    authority = folder / "authority.pem"
    authority.write_bytes(certificate.authority)
    options = Options(today=TODAY, users=3, projects=2)
    return Simulator(options, tls=certificate.context), str(authority)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("127.0.0.1", "unable to get local issuer"), ("api.example.com", "mismatch")],
)
@pytest.mark.usefixtures("simulator")
def test_a_certificate_that_is_not_trusted(
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    host: str,
    reason: str,
) -> None:
    """An unknown authority or another host: final at once."""
    secure, authority = secure_simulator(host, tmp_path)
    if reason == "mismatch":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority)
    with secure:
        sentence = the_failure(read(secure))
        assert secure.requests == []
    assert waits == []
    assert "the certificate that it shows is not trusted" in sentence
    assert reason in sentence
    assert "REQUESTS_CA_BUNDLE" in sentence
    assert "HTTPS_PROXY" in sentence


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """Both names are heeded."""
    secure, authority = secure_simulator("127.0.0.1", tmp_path)
    monkeypatch.setenv(variable, authority)
    with secure:
        output = read(secure)
    assert output.failures == ()
    assert output.records("org_summaries")


# Gateways


#: Refusals that are not in the API's form.
GATEWAYS = [name for name, fault in REFUSALS.items() if fault.kind is Kind.GATEWAY]


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateway_that_refuses_one_endpoint(
    simulator: Simulator, waits: list[float], name: str
) -> None:
    """It is told as what it is, not as a key that is refused."""
    simulator.fail(REFUSALS[name], path="skills")
    output = read(simulator)
    (sentence,) = output.failures
    assert sentence.startswith("Stream skills failed: ")
    assert f"status {name[-3:]}" in sentence
    form = "a page in HTML" if name.startswith("gateway_page") else "JSON of another form"
    if name.startswith("gateway_text"):
        form = "a body that is not JSON"
    assert f" and {form}" in sentence
    assert "something between this machine and the API" in sentence
    assert "api_url" in sentence
    assert "read:analytics" not in sentence
    assert "Blocked" not in sentence
    assert waits == []


def test_a_gateway_that_refuses_everything(simulator: Simulator) -> None:
    """One sentence is enough, and it does not blame the key."""
    simulator.fail(REFUSALS["gateway_page_with_403"])
    sentence = the_failure(read(simulator))
    assert sentence.startswith("Something other than the API answers for every endpoint")
    assert "refuses this key" not in sentence
    assert len(simulator.requests) == 3


# Plans without usage and cost

PLAN_ADVICE = (
    "Usage and cost also need a plan that has them",
    '("!usage.*" in select',
    "select user_usage_report, usage_report, user_cost_report or cost_report",
)


@pytest.mark.parametrize("name", ["organization_not_eligible", 403])
def test_a_plan_without_usage(simulator: Simulator, name: str | int) -> None:
    """However the API says so, the advice is the same."""
    if isinstance(name, str):
        simulator.fail(REFUSALS[name], path="usage")
    else:
        body = {"error": {"type": "some_error", "message": "no usage here"}}
        simulator.reply("usage", status=name, body=body)
    output = run(simulator, "usage", "skills", "readings", end_date="2026-01-02")
    (sentence,) = output.failures
    assert all(part in sentence for part in PLAN_ADVICE)
    assert ("read:analytics" in sentence) is isinstance(name, int)
    assert output.read_days("skills")


@pytest.mark.parametrize("place", ["details", "error", "type"])
def test_an_error_code_wherever_it_is(simulator: Simulator, place: str) -> None:
    """Nobody here has seen the body."""
    code = "organization_type_not_supported"
    error = {
        "details": {"message": "no", "details": {"error_code": code}},
        "error": {"message": "no", "error_code": code},
        "type": {"message": "no", "type": code},
    }[place]
    simulator.reply("cost", status=400, body={"type": "error", "error": error})
    output = run(simulator, "cost", "readings", end_date="2026-01-02")
    assert "need a plan that has them" in output.failures[0]


def test_a_legacy_report_that_is_refused(simulator: Simulator) -> None:
    """It is no alternative to itself."""
    simulator.fail(REFUSALS["organization_not_eligible"], path="usage_report")
    output = run(simulator, "usage_report", "skills", "readings", end_date="2026-01-02")
    (sentence,) = output.failures
    assert PLAN_ADVICE[0] in sentence
    assert "legacy reports" not in sentence


def test_an_organisation_without_another_endpoint(simulator: Simulator) -> None:
    """That is no plan of usage and cost."""
    simulator.fail(REFUSALS["organization_not_eligible"], path="skills")
    (sentence,) = read(simulator).failures
    assert "Organisations of this kind do not have this endpoint." in sentence
    assert '"!skills.*"' in sentence
    assert "Usage and cost" not in sentence
