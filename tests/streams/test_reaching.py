"""What stands between the tap and the API: networks, proxies, certificates, gateways."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from tap_claude_analytics.api.session import ApiSession
from tests.conftest import TODAY
from tests.simulator import FAULTS, Options, Simulator
from tests.simulator.faults import GATEWAYS
from tests.singer import Output, error_of, run

ELSEWHERE = "https://api.example.invalid"
#: Nobody listens at this port.
NOWHERE = "http://127.0.0.1:9"
pytestmark = pytest.mark.usefixtures("_bare_environment")
STREAMS = ("skills", "artifacts", "org_summaries", "readings")


def read(simulator: Simulator, **settings: Any) -> Output:
    """Read two days of three streams."""
    return run(simulator, *STREAMS, end_date="2026-01-02", **settings)


def the_failure(output: Output) -> str:
    """Return the one sentence that the run ended with, before it read anything."""
    assert output.records("readings") == []
    return output.failure


# Nothing answers


@pytest.mark.parametrize(
    ("url", "variables", "told"),
    [
        (ELSEWHERE, {}, "api.example.invalid cannot be reached: the host name was not"),
        (NOWHERE, {}, "127.0.0.1 cannot be reached: the connection was refused."),
        (ELSEWHERE, {"HTTPS_PROXY": NOWHERE}, "proxy does not answer: the connection was"),
        (ELSEWHERE, {"HTTPS_PROXY": "http://:port"}, "the request cannot be sent"),
        (ELSEWHERE, {"HTTPS_PROXY": "gopher://127.0.0.1:1"}, "the request cannot be sent"),
        (ELSEWHERE, {"SSL_CERT_FILE": "no/ca.pem"}, "SSL_CERT_FILE names does not exist"),
    ],
)
def test_nobody_there(
    simulator: Simulator, waits: list[float], url: str, variables: dict[str, str], told: str
) -> None:
    """The run ends after the retries of one request."""
    parallel = 4 if url == NOWHERE else 1
    settings = {"max_retries": 2, "max_parallel_requests": parallel}
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in variables.items():
            patch.setenv(variable, value)
        output = read(simulator, api_url=url, **settings)
    assert told in the_failure(output)
    assert f"api_url ({url})" in output.failure
    assert all(variable in output.failure for variable in variables)
    # A mistake in the environment does not pass.
    can_pass = "answer" in told or "reached" in told
    assert 2 * can_pass <= len(waits) <= 2 * can_pass * parallel
    assert output.bookmark("skills") is None


# Proxies


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses(
    simulator: Simulator, waits: list[float], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """That is final at once; it sees no key, and no text shows its password."""
    with Simulator() as proxy:
        proxy.reply(status=status)
        address = proxy.url.replace("http://", "http://me:s3cret@")
        monkeypatch.setenv("HTTPS_PROXY", address)
        sentence = the_failure(read(simulator, api_url=ELSEWHERE))
    (request,) = proxy.requests
    assert (request.method, request.path) == ("CONNECT", "api.example.invalid:443")
    assert simulator.options.api_key not in str(request.headers)
    assert waits == []
    assert f"the proxy refuses the connection with status {status}" in sentence
    assert ("user and a password)" in sentence) is (status == 407)
    assert "Check HTTPS_PROXY" in sentence
    assert "REQUESTS_CA_BUNDLE" in sentence
    assert "s3cret" not in sentence


def test_no_proxy_for_loopback_hosts(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says, plain http stays on this machine."""
    with Simulator() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        assert not read(simulator).failures
    assert proxy.requests == []


def test_netrc_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password kept for the API's host is not sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login jane password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    session = ApiSession(
        base_url=ELSEWHERE, api_key="sk-ant-api01-x", request_timeout=1, connections=1
    )
    request = session.prepare_request(requests.Request("GET", f"{ELSEWHERE}/v1/x"))
    assert request.headers["x-api-key"] == "sk-ant-api01-x"
    assert "Authorization" not in request.headers


# Certificates


@pytest.mark.parametrize(
    ("host", "variable", "reason"),
    [
        ("127.0.0.1", None, "unable to get local issuer"),
        ("api.example.com", "REQUESTS_CA_BUNDLE", "mismatch"),
        ("127.0.0.1", "REQUESTS_CA_BUNDLE", None),
        ("127.0.0.1", "SSL_CERT_FILE", None),
    ],
)
@pytest.mark.usefixtures("simulator")
def test_certificates(
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    host: str,
    variable: str | None,
    reason: str | None,
) -> None:
    """An unknown authority or another host is final at once; either variable helps."""
    issuer, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(host).configure_cert(tls)
    authority = tmp_path / "authority.pem"
    issuer.cert_pem.write_to_path(str(authority))
    if variable:
        monkeypatch.setenv(variable, str(authority))
    options = Options(today=TODAY, users=3, projects=2)
    with Simulator(options, tls=tls) as secure:
        output = read(secure)
        assert bool(secure.requests) is (reason is None)
    assert waits == []
    advice = ("is not trusted", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY")
    assert len(output.failures) == bool(reason)
    for words in (reason, *advice) if reason else ():
        assert words in the_failure(output)


# Gateways


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateway_that_refuses(
    simulator: Simulator, waits: list[float], name: str
) -> None:
    """One endpoint or all: it is told as what it is, not as a key that is refused."""
    forms = {"page": "a page in HTML", "text": "a body that is not JSON"}
    form = forms.get(name.split("_")[1], "JSON of another form")
    simulator.fail(FAULTS[name], path="skills", times=1)
    of_one = read(simulator).failure
    assert of_one.startswith("Stream skills failed: ")
    assert len(simulator.requests) == 1 + 2 + 1
    simulator.fail(FAULTS[name])
    of_all = the_failure(read(simulator))
    assert of_all.startswith("Something other than the API answers for every endpoint")
    assert len(simulator.requests) == 4 + 3
    assert waits == []
    for sentence in (of_one, of_all):
        assert f"status {name[-3:]}" in sentence
        assert f" and {form}" in sentence
        assert "something between this machine and the API" in sentence
        assert "api_url" in sentence
        for words in ("read:analytics", "refuses this key", "Blocked"):
            assert words not in sentence


# Plans without an endpoint

CODE = "organization_type_not_supported"
#: What helps without usage, a legacy report, and anything else.
ADVICE = {
    "usage": (
        *("Usage and cost also need a plan that has them", '("!usage.*" in select'),
        "select user_usage_report, usage_report, user_cost_report or cost_report",
    ),
    "usage_report": ("Usage and cost also need a plan", '("!usage_report.*" in'),
    "artifacts": ("Organisations of this kind do not have this endpoint", '"!artifacts.*"'),
}


@pytest.mark.parametrize(
    ("stream", "status", "body"),
    [
        ("usage", 400, error_of("no", type=CODE)),
        ("usage", 400, error_of("no", error_code=CODE)),
        ("usage", 400, {"error": {"details": {"error_code": CODE}}}),
        ("usage", 403, error_of("no usage here")),
        ("usage_report", 400, error_of("no", type=CODE)),
        ("artifacts", 400, error_of("no", type=CODE)),
    ],
    ids=["type", "error", "details", "403", "legacy", "other"],
)
def test_a_plan_without_an_endpoint(
    simulator: Simulator, stream: str, status: int, body: object
) -> None:
    """However the API says so, the advice is the same; the others are read."""
    simulator.reply(stream, status=status, body=body)
    output = run(simulator, stream, "skills", "readings", end_date="2026-01-02")
    assert output.failed == [stream]
    assert all(part in output.failure for part in ADVICE[stream])
    assert ("read:analytics" in output.failure) is (status == 403)
    assert ("Usage and cost" in output.failure) is (stream != "artifacts")
    assert ("legacy reports" in output.failure) is (stream == "usage")
    assert output.read_days("skills")
